"""Counting in an adapter whose source cannot: over the rows of a file, as an SQL source does it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from gateway.catalogue.values.rows import is_number
from gateway.sources.groups import Counted, Group, clamped, count
from gateway.sources.mapping import ColumnPlace
from gateway.sources.register import GroupLook
from gateway.sources.source import Scalar
from gateway.sources.values import MISFIT, read_value

Kept = Mapping[str, object]


def count_kept(look: GroupLook, by_person: Mapping[str | None, Sequence[Kept]]) -> list[Group]:
    """Return every cell that holds anybody, of the rows of each person."""
    return count(_counted(look, by_person), look.query.most_cells)


def _counted(look: GroupLook, by_person: Mapping[str | None, Sequence[Kept]]) -> Iterator[Counted]:
    for person, rows in by_person.items():
        for row in rows:
            labels = _labels_of(look, row)
            number = _number_of(look, row)
            if person and labels is not None and number is not None:
                yield labels, person, number


def _labels_of(look: GroupLook, row: Kept) -> tuple[Scalar, ...] | None:
    """Return the cell of a row that is asked about; a row that does not fit is in none."""
    year = _read(look.period, row)
    first, last = look.query.years
    if not isinstance(year, int) or not first <= year <= last:
        return None
    wanted = zip(look.where, look.query.where, strict=True)
    if any(_read(column, row) != value for column, (_, value) in wanted):
        return None
    labels = tuple(_read(column, row) for column in look.per)
    plain = tuple(label for label in labels if isinstance(label, str | int))
    return plain if len(plain) == len(labels) else None


def _number_of(look: GroupLook, row: Kept) -> float | None:
    measured = look.query.measured
    if measured is None or look.value is None:
        return 1.0
    value = _read(look.value, row)
    number = value if look.until is None else _days(value, _read(look.until, row))
    return clamped(float(number), measured) if is_number(number) else None


def _days(begin: object, end: object) -> int | None:
    if not isinstance(begin, str) or not isinstance(end, str):
        return None
    try:
        days = (dt.date.fromisoformat(end) - dt.date.fromisoformat(begin)).days
    except ValueError:
        return None
    return days if days >= 0 else None


def _read(column: ColumnPlace, row: Kept) -> object:
    value = read_value(column, row.get(column.at))
    return None if value is MISFIT else value
