"""Bringing source rows down to the precision that a purpose grants. Pure; total over bad data.

First something is made of the rows (`derive`), then it is brought down to its level (`precision`).
Wherever a row holds what does not fit, the answer is unknown: None, and never "no" or a guess.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from gateway.catalogue.model import Band, Derive, FieldGrant, Precision
from gateway.catalogue.occasion import NO_OCCASION, Occasion
from gateway.catalogue.values.days import Span, ages_of, day_of, span_of, year_before
from gateway.catalogue.values.names import same_name
from gateway.catalogue.values.rows import (
    Rows,
    agreed,
    column_of,
    figure,
    group_count,
    is_number,
    is_of_kind,
    items,
    labels,
    naming,
    only,
    pairs,
    postcode4,
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
    grant: FieldGrant, rows: Sequence[Mapping[str, object]], occasion: Occasion = NO_OCCASION
) -> object:
    """Return what the grant lets through of these rows; None means unknown, never "no".

    Shapes:  a flag or exists is a bool, a count an integer, a band one of its labels, a year an
             integer, a quarter as 2026-K3, a postcode its four digits as text, a pseudonym a text,
             a list of texts. Where one value is meant and the rows disagree, it is unknown.
    Trust:   rows come from a source and may hold anything; a value of the wrong type is unknown,
             and so is a text that the grant does not list.
    """
    if grant.cells is not None or grant.precision not in LEVELS[grant.derive]:
        return None
    made = _MAKE[grant.derive](grant, rows, occasion)
    return made if _is_listed(grant.labels, made) and _is_of_kind(grant, made) else None


def _is_listed(allowed: Sequence[str], made: object) -> bool:
    """Tell whether every text that would leave is on the list, where there is one."""
    texts = list(made) if isinstance(made, list | dict) else [made]
    return not allowed or all(text in allowed for text in texts)


def _is_of_kind(grant: FieldGrant, made: object) -> bool:
    """Tell whether what would leave exactly is what the data dictionary says the field holds."""
    if grant.precision is not Precision.EXACT:
        return True
    parts = made if isinstance(made, list) else [made]
    return all(is_of_kind(grant.kind, each) for each in parts)


_Maker: TypeAlias = Callable[[FieldGrant, Rows, Occasion], object]


def _one(grant: FieldGrant, rows: Rows, occasion: Occasion) -> object:
    if grant.column is None or grant.precision is Precision.EXISTS:
        return _presence(grant.precision, rows)
    value = only(column_of(grant, rows))
    if grant.precision is Precision.PSEUDONYM:
        return _pseudonym(naming(value), occasion)
    return _down(grant, value)


def _presence(precision: Precision, rows: Rows) -> object:
    """Return what the rows say by being there: in the holder's own register, none means no."""
    if precision is Precision.EXISTS:
        return bool(rows)
    return len(rows) if precision is Precision.COUNT else None


def _pseudonym(name: str | None, occasion: Occasion) -> str | None:
    if name is None or occasion.pseudonym is None:
        return None
    return occasion.pseudonym(name)


def _down(grant: FieldGrant, value: object) -> object:
    """Bring one plain value down to the level of the grant."""
    match grant.precision:
        case Precision.FLAG:
            return value if isinstance(value, bool) else None
        case Precision.BAND:
            return band_of(grant.band, value)
        case Precision.POSTCODE4:
            return postcode4(value)
        case Precision.YEAR | Precision.QUARTER:
            return _part_of_date(grant.precision, span_of(value))
        case Precision.EXACT:
            return _whole(value)
        case _:
            return None


def _whole(value: object) -> object:
    """Return the value itself; a date of which only part is known is not known exactly."""
    span = span_of(value)
    return value if span is None else _part_of_date(Precision.EXACT, span)


def _part_of_date(precision: Precision, span: Span | None) -> object:
    """Return as much of a date as the level lets through, if that much of it is known."""
    days = () if span is None else (span.first, span.last)
    return agreed(_cut(precision, day) for day in days)


def _cut(precision: Precision, day: dt.date) -> int | str:
    if precision is Precision.YEAR:
        return day.year
    quarter = f"{day.year}-K{(day.month + 2) // 3}"
    return quarter if precision is Precision.QUARTER else day.isoformat()


def band_of(band: Band | None, value: object) -> str | None:
    """Return the label of the range that the number lies in."""
    if band is None or not is_number(value):
        return None
    if len(band.labels) <= len(band.limits):
        return None
    return band.labels[sum(limit <= value for limit in band.limits)]


def _any(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> bool | None:
    """Return yes when one row says yes, no when all say no, and else unknown."""
    values = column_of(grant, rows)
    if any(value is True for value in values):
        return True
    return False if values and all(value is False for value in values) else None


def _sum(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> object:
    return _down(grant, total(column_of(grant, rows)))


def _earliest(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> object:
    """Return the first of the dates; an empty place is no date, nonsense is unknown."""
    found = [span_of(value) for value in column_of(grant, rows) if value is not None]
    spans = [span for span in found if span is not None]
    if not spans or len(spans) != len(found):
        return None
    first = Span(min(span.first for span in spans), min(span.last for span in spans))
    return _part_of_date(grant.precision, first)


def _ages(grant: FieldGrant, rows: Rows, occasion: Occasion) -> tuple[int, ...]:
    """Return every age that the birth date allows on the day of the decision."""
    born = only(column_of(grant, rows))
    return () if occasion.day is None else ages_of(born, occasion.day)


def _age(grant: FieldGrant, rows: Rows, occasion: Occasion) -> object:
    """Return the age in whole years, or the range it lies in, where every possible age agrees."""
    ages = _ages(grant, rows, occasion)
    if grant.precision is Precision.YEAR:
        return agreed(ages)
    return agreed(band_of(grant.band, age) for age in ages)


def _age_from(grant: FieldGrant, rows: Rows, occasion: Occasion) -> bool | None:
    """Return whether the age has been reached, where every possible age agrees."""
    limit = grant.against
    if not is_number(limit):
        return None
    return agreed(age >= limit for age in _ages(grant, rows, occasion))


def _last_12_months(grant: FieldGrant, rows: Rows, occasion: Occasion) -> int | None:
    """Return how many rows carry a day in the year up to the decision."""
    day = occasion.day
    days = [day_of(value) for value in column_of(grant, rows)]
    known = [each for each in days if each is not None]
    if day is None or len(known) != len(days):
        return None
    return sum(year_before(day) <= each <= day for each in known)


def _clash(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> bool | None:
    """Return whether something stands in two rows at once."""
    texts = [value for value in column_of(grant, rows) if isinstance(value, str)]
    if not texts or len(texts) != len(rows):
        return None
    return len(set(texts)) < len(texts)


def _equals(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> bool | None:
    value = only(column_of(grant, rows))
    comparable = value is not None and type(value) is type(grant.against)
    return value == grant.against if comparable else None


def _one_of(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> bool | None:
    value = only(column_of(grant, rows))
    return value in grant.one_of if isinstance(value, str) and grant.one_of else None


def _at_most(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> bool | None:
    value, limit = only(column_of(grant, rows)), grant.against
    return value <= limit if is_number(value) and is_number(limit) else None


def _at_least(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> bool | None:
    value, limit = only(column_of(grant, rows)), grant.against
    return value >= limit if is_number(value) and is_number(limit) else None


def _match(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> bool | None:
    """Return whether two names are the same one, as `names` reads them."""
    other = only([row.get(grant.other_key) for row in rows])
    return same_name(only(column_of(grant, rows)), other)


def _active_parties(grant: FieldGrant, rows: Rows, occasion: Occasion) -> list[str] | None:
    """Return the organisations whose part in the case runs on the day, each once, sorted."""
    day = occasion.day
    memberships = [(row.get(grant.column or ""), row.get("van"), row.get("tot")) for row in rows]
    active: list[object] = []
    for organisation, since, until in memberships:
        first, last = day_of(since), dt.date.max if until is None else day_of(until)
        if day is None or first is None or last is None:
            return None
        if first <= day <= last:
            active.append(organisation)
    return labels(active)


def _figure(grant: FieldGrant, rows: Rows, _occasion: Occasion) -> object:
    values = column_of(grant, rows)
    if grant.precision is Precision.COUNT:
        return group_count(values, grant.labels)
    return figure(values)


_MAKE: Mapping[Derive, _Maker] = MappingProxyType(
    {
        Derive.ONE: _one,
        Derive.ANY: _any,
        Derive.LIST: lambda grant, rows, _occasion: labels(column_of(grant, rows)),
        Derive.ITEMS: lambda grant, rows, _occasion: items(column_of(grant, rows)),
        Derive.PAIRS: lambda grant, rows, _occasion: pairs(grant, rows),
        Derive.ACTIVE_PARTIES: _active_parties,
        Derive.SUM: _sum,
        Derive.EARLIEST: _earliest,
        Derive.AGE: _age,
        Derive.AGE_FROM: _age_from,
        Derive.LAST_12_MONTHS: _last_12_months,
        Derive.CLASH: _clash,
        Derive.EQUALS: _equals,
        Derive.ONE_OF: _one_of,
        Derive.AT_MOST: _at_most,
        Derive.AT_LEAST: _at_least,
        Derive.MATCH: _match,
        Derive.FIGURE: _figure,
    }
)
