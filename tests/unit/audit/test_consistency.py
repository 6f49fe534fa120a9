"""Consistency proofs: what is made is what verifies, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import ProofInvalid
from audit.merkle import consistency_path, node_hash, verify_consistency
from tests.fakes_witness import FORK, TREE

SIZES = [(old, new) for new in range(1, 17) for old in range(1, new + 1)]


def _verify(old: int, new: int, path: list[bytes]) -> None:
    verify_consistency(
        old_size=old,
        new_size=new,
        path=path,
        old_root=TREE.frontier(old).root,
        new_root=TREE.frontier(new).root,
    )


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_every_proof_of_a_small_tree_verifies(old: int, new: int) -> None:
    """All pairs of sizes up to sixteen leaves."""
    _verify(old, new, TREE.path(old, new))


@given(st.integers(1, 40), st.integers(1, 40))
def test_the_proof_of_any_two_sizes_verifies(one: int, other: int) -> None:
    """And is as long as the specification allows."""
    old, new = sorted((one, other))

    path = TREE.path(old, new)

    _verify(old, new, path)
    assert len(path) <= new.bit_length() + 1


@given(st.integers(2, 40), st.data())
def test_a_changed_proof_does_not_verify(new: int, data: st.DataObject) -> None:
    """One step changed, left out or added is refused."""
    old = data.draw(st.integers(1, new - 1))
    path = TREE.path(old, new)
    place = data.draw(st.integers(0, len(path) - 1))
    broken = data.draw(
        st.sampled_from(
            [
                [*path[:place], node_hash(path[place], path[place]), *path[place + 1 :]],
                [*path[:place], *path[place + 1 :]],
                [*path[:place], path[place], *path[place:]],
            ]
        )
    )

    with pytest.raises(ProofInvalid):
        _verify(old, new, broken)


@given(st.integers(8, 40), st.integers(8, 40))
def test_a_fork_has_no_proof(one: int, other: int) -> None:
    """From the leaf where the histories part, neither proof leads across."""
    old, new = sorted((one, other))

    with pytest.raises(ProofInvalid):
        _verify_across(old, new)


def _verify_across(old: int, new: int) -> None:
    verify_consistency(
        old_size=old,
        new_size=new,
        path=FORK.path(old, new),
        old_root=TREE.frontier(old).root,
        new_root=FORK.frontier(new).root,
    )


def test_the_example_of_the_specification() -> None:
    """RFC 9162 section 2.1.5: seven leaves, and the trees of three, four and six within."""
    node = TREE.hash_at
    right = node_hash(node(1, 2), node(0, 6))

    assert consistency_path(3, 7, node) == [node(0, 2), node(0, 3), node(1, 0), right]
    assert consistency_path(4, 7, node) == [right]
    assert consistency_path(6, 7, node) == [node(1, 2), node(0, 6), node(2, 0)]
    assert consistency_path(7, 7, node) == []
