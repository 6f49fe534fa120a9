"""One table of figures about groups: from what a source counted to what may be told. Pure.

A table is a list of cells, in the order of the labels: each has the label of each column and then
what is told, or `suppressed` when it may not be told. A table of numbers of persons also has the
totals over its cells, marked `total`: a column that is added up has no label there. Somebody who is
in several cells counts in each, so a total is not a number of different persons.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from gateway.aggregates.hiding import Key, hidden_cells, with_totals
from gateway.catalogue.cells import Groups, Tell, Unit
from gateway.catalogue.model import FieldGrant, Precision
from gateway.catalogue.precision import band_of
from gateway.sources.groups import Group

CellOut: TypeAlias = dict[str, object]

DAYS_IN_MONTH = 30.4375
"""A twelfth of 365.25 days: the same month in every source."""

_SHOWN = 1
"""Digits behind the point of a mean: finer is more than the figures are worth."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A cell that somebody is in: its persons, and what was measured over them.

    Units:   value as measured, durations in days; largest_share in percent of the total.
    """

    persons: int
    value: float | None = None
    largest_share: float = 0.0


def keys_of(grant: FieldGrant, groups: Groups, year: int) -> tuple[Key, ...]:
    """Return every cell that the table of a field has, whether anybody is in it or not."""
    per = () if grant.cells is None else grant.cells.per
    return tuple(product(*(groups.labels_of(name, year) for name in per)))


def counted(grant: FieldGrant, cells: Iterable[Group], keys: Iterable[Key]) -> dict[Key, Counted]:
    """Return what the source counted in the cells of the table; it may hold other cells too."""
    tell = Tell.PERSONS if grant.cells is None else grant.cells.tell
    by_key: dict[Key, Group] = {tuple(str(label) for label in cell.labels): cell for cell in cells}
    return {key: _counted(tell, by_key.get(key)) for key in keys}


def _counted(tell: Tell, cell: Group | None) -> Counted:
    if cell is None or cell.persons < 1:
        return Counted(0)
    if tell is Tell.PERSONS:
        return Counted(cell.persons)
    value = cell.median if tell is Tell.MEDIAN else cell.total / cell.persons
    share = 100 * cell.largest / cell.total if cell.total > 0 else 0.0
    return Counted(cell.persons, value, share)


def told(grant: FieldGrant, groups: Groups, cells: Mapping[Key, Counted]) -> list[CellOut]:
    """Return the table as it may leave: what is small is not told, nor what would give it away.

    A cell that one person dominates counts as one that is small.
    """
    counts = {
        key: 0 if _is_dominated(cell, groups) else cell.persons for key, cell in cells.items()
    }
    hidden = hidden_cells(counts, groups.smallest)
    per = () if grant.cells is None else grant.cells.per
    table = [
        _cell(per, key, None if key in hidden else _figure(grant, cells[key])) for key in cells
    ]
    if grant.precision is not Precision.COUNT:
        return table
    totals = {key: n for key, n in with_totals(counts).items() if None in key}
    shown: Mapping[Key, CellOut | None] = {
        key: None if key in hidden else {"persons": n} for key, n in totals.items()
    }
    return [*table, *(_cell(per, key, shown[key]) | {"total": True} for key in shown)]


def _is_dominated(cell: Counted, groups: Groups) -> bool:
    return groups.largest_share is not None and cell.largest_share > groups.largest_share


def _cell(per: Sequence[str], key: Key, figure: CellOut | None) -> CellOut:
    labels: CellOut = {
        name: label for name, label in zip(per, key, strict=True) if label is not None
    }
    return labels | ({"suppressed": True} if figure is None else figure)


def _figure(grant: FieldGrant, cell: Counted) -> CellOut | None:
    """Return what is told of one cell; of a measure nobody hears over how many it was taken."""
    if grant.cells is None or grant.cells.tell is Tell.PERSONS:
        return {"persons": cell.persons}
    if cell.value is None:
        return None
    days = grant.cells.unit is Unit.MONTHS
    value = cell.value / DAYS_IN_MONTH if days else cell.value
    shown = band_of(grant.band, value) if grant.band is not None else round(value, _SHOWN)
    return {grant.cells.tell.value: shown}
