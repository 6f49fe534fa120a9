"""What the gateway asks about groups: how many persons in each cell, and a measure over them.

Every person counts once in a cell, however many rows there are: with the mean of the own rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from gateway.catalogue.model import FieldGrant, Purpose
from gateway.errors import SourceFailed
from gateway.sources.source import Query, Scalar

CELL_LIMIT = 1_000
"""More cells than any table that somebody reads."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The number that is measured: a column, or the days from one date column to another.

    Who has no number is not counted, nor who ends before beginning. What lies outside low and high
    counts as low or high.
    """

    column: str
    until: str | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """One count over one table of persons, for the rows of these years that meet `where`.

    `most_cells` is in how many cells a person counts, the first in the order of their labels.
    Units:   first and last year, both inclusive.
    """

    table: str
    per: tuple[str, ...]
    where: tuple[tuple[str, Scalar], ...]
    period: str
    years: tuple[int, int]
    measured: Measured | None = None
    most_cells: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One cell: its labels as the source has them, its persons, and what was measured over them.

    Without a measure every person weighs one. Units: as measured; durations in days.
    """

    labels: tuple[object, ...]
    persons: int
    total: float
    largest: float
    median: float


class GroupSource(Protocol):
    """A register that counts for itself, so that no row about a person reaches the gateway."""

    async def groups(self, query: GroupQuery) -> Sequence[Group]:
        """Return every cell that holds anybody.

        Raises: SourceFailed when there is no answer in time, or the source cannot count.
        """
        ...


class NoGroups:
    """Counts nothing: the source of a gate that has none."""

    async def groups(self, query: GroupQuery) -> Sequence[Group]:  # noqa: ARG002 (a protocol)
        """Refuse; see `GroupSource.groups`."""
        raise SourceFailed("no source counts here")


def counted_columns(purpose: Purpose) -> tuple[Query, ...]:
    """Return the tables of persons that a purpose counts in, each with the columns for it."""
    groups = purpose.groups
    return tuple(
        Query(grant.table, tuple(sorted({*columns_of(grant), groups.period})), grant.where)
        for grant in purpose.fields.values()
        if grant.cells is not None and groups is not None
    )


def columns_of(grant: FieldGrant) -> tuple[str, ...]:
    """Return the columns that a field per cell is counted over."""
    if grant.cells is None:
        return ()
    named = (*grant.cells.per, grant.column, grant.cells.until)
    return tuple(dict.fromkeys(name for name in named if name is not None))


Counted: TypeAlias = tuple[tuple[Scalar, ...], str, float]
"""A row for counting: the labels of its cell, its person, its number."""


def count(rows: Iterable[Counted], most_cells: int | None) -> list[Group]:
    """Return the cells of these rows, counted the way an SQL source does it."""
    numbers: dict[str, dict[tuple[Scalar, ...], list[float]]] = {}
    for labels, person, number in rows:
        numbers.setdefault(person, {}).setdefault(labels, []).append(number)
    cells: dict[tuple[Scalar, ...], list[float]] = {}
    for own in numbers.values():
        for labels in sorted(own, key=_in_order)[:most_cells]:
            cells.setdefault(labels, []).append(sum(own[labels]) / len(own[labels]))
    return [_group(labels, sorted(values)) for labels, values in cells.items()]


def _in_order(labels: tuple[Scalar, ...]) -> tuple[tuple[bool, Scalar], ...]:
    return tuple((isinstance(label, str), label) for label in labels)


def _group(labels: tuple[Scalar, ...], values: Sequence[float]) -> Group:
    middle = values[(len(values) - 1) // 2], values[len(values) // 2]
    return Group(labels, len(values), sum(values), values[-1], sum(middle) / 2)


def group_of(labels: tuple[object, ...], figures: Sequence[object]) -> Group:
    """Return one cell of the answer of an SQL source.

    Raises: SourceFailed where a figure is no number.
    """
    try:
        persons, total, largest, median = (float(str(figure)) for figure in figures)
    except ValueError:
        raise SourceFailed("a source counted, and gave no numbers") from None
    return Group(labels, int(persons), total, largest, median)


def bounded_cells(cells: Sequence[Group]) -> Sequence[Group]:
    """Return the cells, unless there are more than any table has.

    Raises: SourceFailed.
    """
    if len(cells) > CELL_LIMIT:
        raise SourceFailed("a source gave more cells than any table has")
    return cells


def clamped(number: float, measured: Measured) -> float:
    """Return the number, or the limit that it lies beyond."""
    low = number if measured.low is None else max(number, measured.low)
    return low if measured.high is None else min(low, measured.high)
