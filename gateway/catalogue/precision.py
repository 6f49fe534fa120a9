"""Bringing source rows down to the precision that a purpose grants. Pure; total over bad data.

First something is made of the rows (`derive`), then it is brought down to its level (`precision`).
Wherever a row holds what does not fit, the answer is unknown: None, and never "no" or a guess.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from gateway.catalogue.days import age_on, day_of, year_before
from gateway.catalogue.model import Band, Derive, FieldGrant, Precision
from gateway.catalogue.rows import (
    Rows,
    column_of,
    figure,
    is_number,
    items,
    labels,
    only,
    pairs,
    total,
)
from gateway.catalogue.words import LEVELS

__all__ = ["Precision", "Value", "minimise", "strictest"]


@dataclass(frozen=True, slots=True)
class Value:
    """A value that may leave, with the precision it has."""

    value: object
    precision: Precision


def strictest(left: Precision, right: Precision) -> Precision:
    """Return the one that says less."""
    return min(left, right)


def minimise(
    grant: FieldGrant, rows: Sequence[Mapping[str, object]], day: dt.date | None = None
) -> object:
    """Return what the grant lets through of these rows; None means unknown, never "no".

    Shapes:  a flag or exists is a bool, a count an integer, a band one of its labels, a year an
             integer, a quarter as 2026-K3, a list of texts. Where one value is meant and the rows
             disagree, it is unknown.
    Units:   day: the day of the decision; what depends on it is unknown without it.
    Trust:   rows come from a source and may hold anything; a value of the wrong type is unknown.
    """
    if grant.precision not in LEVELS[grant.derive]:
        return None
    return _MAKE[grant.derive](grant, rows, day)


_Maker: TypeAlias = Callable[[FieldGrant, Rows, dt.date | None], object]


def _one(grant: FieldGrant, rows: Rows, _day: dt.date | None) -> object:
    if grant.column is None or grant.precision is Precision.EXISTS:
        return _presence(grant.precision, rows)
    return _down(grant, only(column_of(grant, rows)))


def _presence(precision: Precision, rows: Rows) -> object:
    """Return what the rows say by being there: in the holder's own register, none means no."""
    if precision is Precision.EXISTS:
        return bool(rows)
    return len(rows) if precision is Precision.COUNT else None


def _down(grant: FieldGrant, value: object) -> object:
    """Bring one plain value down to the level of the grant."""
    match grant.precision:
        case Precision.FLAG:
            return value if isinstance(value, bool) else None
        case Precision.BAND:
            return _band(grant.band, value)
        case Precision.YEAR | Precision.QUARTER:
            return _part_of_day(grant.precision, day_of(value))
        case Precision.EXACT:
            return value
        case _:
            return None


def _part_of_day(precision: Precision, day: dt.date | None) -> object:
    if day is None:
        return None
    return day.year if precision is Precision.YEAR else f"{day.year}-K{(day.month + 2) // 3}"


def _band(band: Band | None, value: object) -> str | None:
    """Return the label of the range that the number lies in."""
    if band is None or not is_number(value):
        return None
    if len(band.labels) <= len(band.limits):
        return None
    return band.labels[sum(limit <= value for limit in band.limits)]


def _any(grant: FieldGrant, rows: Rows, _day: dt.date | None) -> bool | None:
    """Return yes when one row says yes, no when all say no, and else unknown."""
    values = column_of(grant, rows)
    if any(value is True for value in values):
        return True
    return False if values and all(value is False for value in values) else None


def _sum(grant: FieldGrant, rows: Rows, _day: dt.date | None) -> object:
    return _down(grant, total(column_of(grant, rows)))


def _earliest(grant: FieldGrant, rows: Rows, _day: dt.date | None) -> object:
    """Return the first of the days; an empty place is no day, nonsense is unknown."""
    found = [day_of(value) for value in column_of(grant, rows) if value is not None]
    days = [day for day in found if day is not None]
    if not days or len(days) != len(found):
        return None
    return _down(grant, min(days).isoformat())


def _age(grant: FieldGrant, rows: Rows, day: dt.date | None) -> object:
    """Return the age in whole years on the day of the decision, or the range it lies in."""
    born = day_of(only(column_of(grant, rows)))
    if born is None or day is None or born > day:
        return None
    age = age_on(born, day)
    return age if grant.precision is Precision.YEAR else _band(grant.band, age)


def _last_12_months(grant: FieldGrant, rows: Rows, day: dt.date | None) -> int | None:
    """Return how many rows carry a day in the year up to the decision."""
    days = [day_of(value) for value in column_of(grant, rows)]
    known = [each for each in days if each is not None]
    if day is None or len(known) != len(days):
        return None
    return sum(year_before(day) <= each <= day for each in known)


def _clash(grant: FieldGrant, rows: Rows, _day: dt.date | None) -> bool | None:
    """Return whether something stands in two rows at once."""
    texts = [value for value in column_of(grant, rows) if isinstance(value, str)]
    if not texts or len(texts) != len(rows):
        return None
    return len(set(texts)) < len(texts)


def _equals(grant: FieldGrant, rows: Rows, _day: dt.date | None) -> bool | None:
    value = only(column_of(grant, rows))
    comparable = value is not None and type(value) is type(grant.against)
    return value == grant.against if comparable else None


def _at_most(grant: FieldGrant, rows: Rows, _day: dt.date | None) -> bool | None:
    value, limit = only(column_of(grant, rows)), grant.against
    return value <= limit if is_number(value) and is_number(limit) else None


def _active_parties(grant: FieldGrant, rows: Rows, day: dt.date | None) -> list[str] | None:
    """Return the organisations whose part in the case runs on the day, each once, sorted."""
    memberships = [(row.get(grant.column or ""), row.get("van"), row.get("tot")) for row in rows]
    active: list[object] = []
    for organisation, since, until in memberships:
        first, last = day_of(since), dt.date.max if until is None else day_of(until)
        if day is None or first is None or last is None:
            return None
        if first <= day <= last:
            active.append(organisation)
    return labels(active)


def _figure(grant: FieldGrant, rows: Rows, _day: dt.date | None) -> object:
    return figure(column_of(grant, rows), whole=grant.precision is Precision.COUNT)


_MAKE: Mapping[Derive, _Maker] = MappingProxyType(
    {
        Derive.ONE: _one,
        Derive.ANY: _any,
        Derive.LIST: lambda grant, rows, _day: labels(column_of(grant, rows)),
        Derive.ITEMS: lambda grant, rows, _day: items(column_of(grant, rows)),
        Derive.PAIRS: lambda grant, rows, _day: pairs(grant, rows),
        Derive.ACTIVE_PARTIES: _active_parties,
        Derive.SUM: _sum,
        Derive.EARLIEST: _earliest,
        Derive.AGE: _age,
        Derive.LAST_12_MONTHS: _last_12_months,
        Derive.CLASH: _clash,
        Derive.EQUALS: _equals,
        Derive.AT_MOST: _at_most,
        Derive.FIGURE: _figure,
    }
)
