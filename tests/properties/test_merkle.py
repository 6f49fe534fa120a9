"""What holds for every tree: proofs, histories and growth."""

from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import ProofInvalid
from audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    frontier_at,
    grow,
    inclusion_path,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(b"%d" % number) for number in range(600)]
SIZES = range(1, 65)


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """Compute the root by the definition of RFC 6962 section 2.1."""
    return _root(tuple(leaves))


@cache
def _root(leaves: tuple[bytes, ...]) -> bytes:
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(_root(leaves[:k]), _root(leaves[k:]))


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Compute the path by the definition of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_history(old: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """Compute the consistency proof by the definition of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= k:
        return [*naive_history(old, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_history(old - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def hash_at(level: int, index: int) -> bytes:
    """Give a complete subtree of the test leaves."""
    return naive_root(LEAVES[index << level : (index + 1) << level])


def accepts(index: int, size: int, path: Sequence[bytes], leaf: bytes, root: bytes) -> bool:
    """Say whether the verifier accepts."""
    try:
        verify_inclusion(leaf=leaf, index=index, size=size, path=path, root=root)
    except ProofInvalid:
        return False
    return True


def flipped(value: bytes, bit: int) -> bytes:
    """Give the value with one bit flipped."""
    number = int.from_bytes(value, "big") ^ (1 << bit % (8 * len(value)))
    return number.to_bytes(len(value), "big")


@pytest.mark.parametrize("size", SIZES)
def test_a_proof_verifies_at_its_own_index_only(size: int) -> None:
    """In every tree of up to 64 leaves, each proof fits one index."""
    root = naive_root(LEAVES[:size])
    paths = [naive_path(index, LEAVES[:size]) for index in range(size)]

    accepted = [
        (index, at)
        for index in range(size)
        for at in range(size)
        if accepts(at, size, paths[index], LEAVES[index], root)
    ]

    assert accepted == [(index, index) for index in range(size)]


@pytest.mark.parametrize("size", SIZES)
def test_paths_are_those_of_the_definition(size: int) -> None:
    """Paths from complete subtrees equal paths from all leaves."""
    expected = [naive_path(index, LEAVES[:size]) for index in range(size)]

    assert [inclusion_path(index, size, hash_at) for index in range(size)] == expected


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_growth_gives_the_roots_and_paths_of_the_definition(batches: list[int]) -> None:
    """However a tree grew, its root and the path of each new leaf are the same."""
    frontier, size = Frontier(), 0
    found, expected = [], []
    for batch in batches:
        growth = grow(frontier, LEAVES[size : size + batch])
        frontier = growth.frontier
        new = range(size, size + batch)
        size += batch
        found.append((frontier.root, [growth.path(index) for index in new]))
        whole = LEAVES[:size]
        expected.append((naive_root(whole), [inclusion_path(i, size, hash_at) for i in new]))

    assert found == expected
    assert frontier == frontier_at(size, hash_at)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=3))
def test_growth_tells_each_stored_node_once(batches: list[int]) -> None:
    """Together the batches tell all complete subtrees of height 8."""
    frontier, size = Frontier(), 0
    told: list[tuple[int, int, bytes]] = []
    for batch in batches:
        growth = grow(frontier, LEAVES[size : size + batch])
        told.extend(growth.stored_nodes())
        frontier, size = growth.frontier, size + batch

    assert told == [(8, index, hash_at(8, index)) for index in range(size >> 8)]


@pytest.mark.parametrize("new_size", SIZES)
def test_every_tree_begins_with_every_smaller_one(new_size: int) -> None:
    """Each consistency proof of the definition verifies."""
    roots = [naive_root(LEAVES[:size]) for size in range(new_size + 1)]

    for old_size in range(1, new_size + 1):
        verify_consistency(
            old_size=old_size,
            new_size=new_size,
            path=naive_history(old_size, LEAVES[:new_size]),
            old_root=roots[old_size],
            new_root=roots[new_size],
        )

    assert len(set(roots)) == new_size + 1


@given(st.data())
def test_one_flipped_bit_proves_nothing(data: st.DataObject) -> None:
    """In leaf, path or root."""
    size = data.draw(st.integers(1, 64))
    index, bit = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, 255))
    parts = [LEAVES[index], naive_root(LEAVES[:size]), *naive_path(index, LEAVES[:size])]
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = flipped(parts[at], bit)
    leaf, root, *path = parts

    assert not accepts(index, size, path, leaf, root)


@given(st.data())
def test_one_flipped_bit_proves_no_history(data: st.DataObject) -> None:
    """In either root or the path of a consistency proof."""
    new_size = data.draw(st.integers(1, 64))
    old_size, bit = data.draw(st.integers(1, new_size)), data.draw(st.integers(0, 255))
    history = naive_history(old_size, LEAVES[:new_size])
    parts = [naive_root(LEAVES[:old_size]), naive_root(LEAVES[:new_size]), *history]
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = flipped(parts[at], bit)
    old_root, new_root, *path = parts

    with pytest.raises(ProofInvalid):
        verify_consistency(
            old_size=old_size, new_size=new_size, path=path, old_root=old_root, new_root=new_root
        )
