"""The Merkle tree by small examples; the properties stand in tests/properties."""

import pytest

from audit.errors import ProofInvalid
from audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    frontier_at,
    grow,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

A, B, C = (leaf_hash(text) for text in (b"a", b"b", b"c"))
AB = node_hash(A, B)
ABC = node_hash(AB, C)


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    """The root of no leaves is the hash of the empty string."""
    assert Frontier().root == EMPTY_ROOT
    assert frontier_at(0, lambda _level, _index: b"").root == EMPTY_ROOT


def test_three_leaves_have_the_root_of_the_specification() -> None:
    """The split is at the largest power of two."""
    assert grow(Frontier(), [A, B, C]).frontier.root == ABC


def test_a_proof_leads_to_the_root() -> None:
    """The path of the third leaf is the node over the first two."""
    verify_inclusion(leaf=C, index=2, size=3, path=[AB], root=ABC)


@pytest.mark.parametrize(
    ("index", "path"),
    [(2, []), (2, [AB, AB]), (2, [A]), (0, [AB]), (1, [AB]), (0, [B, C])],
)
def test_another_path_or_index_is_refused(index: int, path: list[bytes]) -> None:
    """A path that is too short, too long or of another leaf proves nothing."""
    with pytest.raises(ProofInvalid):
        verify_inclusion(leaf=C, index=index, size=3, path=path, root=ABC)


@pytest.mark.parametrize(
    ("leaf", "index", "size"), [(b"", 0, 1), (C, 3, 3), (C, -1, 3), (C, 0, 0), (C[:31], 2, 3)]
)
def test_broken_shapes_are_the_callers_bug(leaf: bytes, index: int, size: int) -> None:
    """Shapes and units are checked before anything is compared."""
    with pytest.raises(ValueError, match="must be"):
        verify_inclusion(leaf=leaf, index=index, size=size, path=[], root=ABC)


def test_a_longer_tree_begins_with_the_shorter() -> None:
    """Both kinds of old tree, complete and ragged, are proven to be the beginning."""
    four = grow(Frontier(), [A, B, C, A]).frontier.root

    verify_consistency(old_size=2, new_size=3, path=[C], old_root=AB, new_root=ABC)
    verify_consistency(old_size=3, new_size=4, path=[C, A, AB], old_root=ABC, new_root=four)
    verify_consistency(old_size=3, new_size=3, path=[], old_root=ABC, new_root=ABC)


@pytest.mark.parametrize(
    ("old_size", "new_size", "path", "old_root"),
    [
        (2, 3, [], AB),
        (2, 3, [A], AB),
        (2, 3, [C, C], AB),
        (2, 3, [C], ABC),
        (3, 3, [C], ABC),
        (3, 3, [], AB),
        (3, 4, [], ABC),
        (1, 3, [B], A),
    ],
)
def test_another_history_is_refused(
    old_size: int, new_size: int, path: list[bytes], old_root: bytes
) -> None:
    """A path that is empty, too short, too long or wrong proves nothing."""
    with pytest.raises(ProofInvalid):
        verify_consistency(
            old_size=old_size, new_size=new_size, path=path, old_root=old_root, new_root=ABC
        )


@pytest.mark.parametrize(("old_size", "new_size"), [(0, 3), (-1, 3), (4, 3), (0, 0)])
def test_consistency_from_nothing_is_refused(old_size: int, new_size: int) -> None:
    """Everything follows nothing, so a proof from size 0 would prove nothing."""
    with pytest.raises(ValueError, match="must be"):
        verify_consistency(
            old_size=old_size, new_size=new_size, path=[], old_root=EMPTY_ROOT, new_root=ABC
        )


def test_a_hash_of_another_length_is_the_callers_bug() -> None:
    """Roots have 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        verify_consistency(old_size=1, new_size=1, path=[], old_root=b"", new_root=b"")


def test_nodes_of_stored_levels_are_told_once() -> None:
    """A subtree of 256 leaves is told by the batch that completes it, and not again."""
    first = grow(Frontier(), [A] * 255)
    second = grow(first.frontier, [A] * 300)
    third = grow(second.frontier, [A])

    told = [[node[:2] for node in growth.stored_nodes()] for growth in (first, second, third)]

    assert told == [[], [(8, 0), (8, 1)], []]
