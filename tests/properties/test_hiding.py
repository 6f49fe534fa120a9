"""What somebody who can compute learns from a table in which the small cells are hidden."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.aggregates.hiding import Key, hidden_cells, with_totals
from tests.attacker import known_range

SMALLEST = 10


def table(rows: int, columns: int, counts: list[int]) -> dict[Key, int]:
    """Return a table of two columns."""
    keys = product((f"r{n}" for n in range(rows)), (f"c{n}" for n in range(columns)))
    return dict(zip(keys, counts, strict=True))


@st.composite
def tables(draw: st.DrawFn) -> dict[Key, int]:
    """Give small tables of two columns, with many small counts and many zeros in them."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    count = st.one_of(st.integers(0, 14), st.integers(0, 60), st.just(0))
    size = rows * columns
    return table(rows, columns, draw(st.lists(count, min_size=size, max_size=size)))


@st.composite
def lists(draw: st.DrawFn) -> dict[Key, int]:
    """Give tables of one column."""
    counts = draw(st.lists(st.integers(0, 40), min_size=1, max_size=7))
    return {(f"r{n}",): count for n, count in enumerate(counts)}


def exposed(counts: dict[Key, int], smallest: int = SMALLEST) -> list[Key]:
    """Return the hidden cells of which somebody can tell the number, or that it is small."""
    hidden = hidden_cells(counts, smallest)
    told = {key: n for key, n in with_totals(counts).items() if key not in hidden}
    ranges = {key: known_range(told, list(counts), key) for key in hidden}
    return [
        key
        for key, (low, high) in ranges.items()
        if high is not None and (low == high or high < smallest)
    ]


@settings(max_examples=60, deadline=None)
@given(tables())
def test_nobody_computes_a_hidden_cell_back(counts: dict[Key, int]) -> None:
    """With every other cell and total, no hidden one is known exactly or known to be small."""
    assert exposed(counts) == []


@settings(max_examples=60, deadline=None)
@given(lists())
def test_nobody_computes_a_hidden_cell_of_a_list_back(counts: dict[Key, int]) -> None:
    """The same holds for a table of one column with its total."""
    assert exposed(counts) == []


@settings(max_examples=100, deadline=None)
@given(tables(), st.integers(1, 30))
def test_what_is_told_is_never_small(counts: dict[Key, int], smallest: int) -> None:
    """Every cell and total under the minimum is hidden, zero included."""
    hidden = hidden_cells(counts, smallest)

    assert all(n >= smallest or key in hidden for key, n in with_totals(counts).items())


@settings(max_examples=60, deadline=None)
@given(tables())
def test_nothing_is_hidden_where_nothing_is_small(counts: dict[Key, int]) -> None:
    """A table without a small cell is told whole: cells are not hidden for nothing."""
    lifted = {key: n + SMALLEST for key, n in counts.items()}

    assert hidden_cells(lifted, SMALLEST) == frozenset()


def test_the_attacker_succeeds_where_only_the_small_cell_is_hidden() -> None:
    """Hiding the small cell alone does not do: whoever subtracts has it."""
    counts = table(2, 2, [3, 20, 30, 40])
    told = {key: n for key, n in with_totals(counts).items() if key != ("r0", "c0")}

    low, high = known_range(told, list(counts), ("r0", "c0"))

    assert low == high == 3


def test_the_attacker_sees_that_two_hidden_cells_are_small() -> None:
    """Two small cells beside each other are not safe by being two: together they are small."""
    counts: dict[Key, int] = {("a",): 3, ("b",): 4, ("c",): 90}
    told: dict[Key, int] = {("c",): 90, (None,): 97}
    _, high = known_range(told, list(counts), ("a",))

    assert high == 7
    assert hidden_cells(counts, SMALLEST) == {("a",), ("b",), ("c",)}


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([3, 20, 30, 40], {("r0", "c0"), ("r0", "c1"), ("r1", "c0"), ("r1", "c1")}),
        ([12, 20, 30, 40], set()),
    ],
)
def test_as_few_as_needed_are_hidden(counts: list[int], hidden: set[Key]) -> None:
    """In two by two a small cell takes the other three along, and no total."""
    assert hidden_cells(table(2, 2, counts), SMALLEST) == hidden
