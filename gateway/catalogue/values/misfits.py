"""Which values a grant can make nothing of, counted and never shown. Pure."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from gateway.catalogue.model import Derive, FieldGrant, Precision
from gateway.catalogue.values.days import ages_of, span_of
from gateway.catalogue.values.names import is_name
from gateway.catalogue.values.rows import (
    Rows,
    figure,
    group_count,
    is_number,
    is_of_kind,
    is_plain,
    items,
    naming,
    postcode4,
)

_Fits: TypeAlias = Callable[[FieldGrant, object], bool]


def misfits(grant: FieldGrant, rows: Rows) -> dict[str, int]:
    """Return how many values do not fit the grant, by table and column; an empty place is none.

    A date of which only part is known fits: it says what it says.
    """
    if grant.precision in {Precision.EXISTS, Precision.COUNT} and grant.derive is Derive.ONE:
        return {}
    found: dict[str, int] = {}
    for name, at, fits in _columns(grant):
        values = [row.get(at) for row in rows]
        found[name] = sum(value is not None and not fits(grant, value) for value in values)
    return {name: count for name, count in found.items() if count}


def _columns(grant: FieldGrant) -> Iterator[tuple[str, str, _Fits]]:
    """Give each column that is read: what to call it, its key in the row, and what fits."""
    table, column = grant.table, grant.column or ""
    by_level = _OF_LEVEL.get(grant.precision, _exact)
    yield f"{table}.{column}", column, _OF_DERIVE.get(grant.derive, by_level)
    if grant.key is not None:
        yield f"{table}.{grant.key}", grant.key, _is_text
    if grant.other is not None:
        yield ".".join(grant.other), grant.other_key, _is_name
    if grant.derive is Derive.ACTIVE_PARTIES:
        yield f"{table}.van", "van", _is_day
        yield f"{table}.tot", "tot", _is_day


def _exact(grant: FieldGrant, value: object) -> bool:
    return is_plain(value) and _may_leave(grant, value)


def _may_leave(grant: FieldGrant, value: object) -> bool:
    """Tell whether a plain value is of the kind of the field, and on its list if it has one."""
    return is_of_kind(grant.kind, value) and (not grant.labels or value in grant.labels)


def _is_yes_or_no(_grant: FieldGrant, value: object) -> bool:
    return isinstance(value, bool)


def _is_number(_grant: FieldGrant, value: object) -> bool:
    return is_number(value)


def _is_day(_grant: FieldGrant, value: object) -> bool:
    return span_of(value) is not None


def _is_birth(_grant: FieldGrant, value: object) -> bool:
    return bool(ages_of(value, dt.date.max))


def _is_text(_grant: FieldGrant, value: object) -> bool:
    return isinstance(value, str)


def _is_name(_grant: FieldGrant, value: object) -> bool:
    return is_name(value)


def _is_label(grant: FieldGrant, value: object) -> bool:
    return isinstance(value, str) and _may_leave(grant, value)


def _are_labels(grant: FieldGrant, value: object) -> bool:
    texts = items([value])
    return texts is not None and all(_is_label(grant, text) for text in texts)


def _is_comparable(grant: FieldGrant, value: object) -> bool:
    return type(value) is type(grant.against)


def _is_figure(grant: FieldGrant, value: object) -> bool:
    whole = grant.precision is Precision.COUNT
    return (group_count([value], grant.labels) if whole else figure([value])) is not None


_OF_DERIVE: Mapping[Derive, _Fits] = MappingProxyType(
    {
        Derive.ANY: _is_yes_or_no,
        Derive.LIST: _is_label,
        Derive.ITEMS: _are_labels,
        Derive.PAIRS: _is_text,
        Derive.ACTIVE_PARTIES: _is_text,
        Derive.SUM: _is_number,
        Derive.EARLIEST: _is_day,
        Derive.AGE: _is_birth,
        Derive.AGE_FROM: _is_birth,
        Derive.LAST_12_MONTHS: _is_day,
        Derive.CLASH: _is_text,
        Derive.EQUALS: _is_comparable,
        Derive.ONE_OF: _is_text,
        Derive.AT_MOST: _is_number,
        Derive.AT_LEAST: _is_number,
        Derive.MATCH: _is_name,
        Derive.FIGURE: _is_figure,
    }
)
_OF_LEVEL: Mapping[Precision, _Fits] = MappingProxyType(
    {
        Precision.FLAG: _is_yes_or_no,
        Precision.BAND: _is_number,
        Precision.YEAR: _is_day,
        Precision.QUARTER: _is_day,
        Precision.POSTCODE4: lambda _grant, value: postcode4(value) is not None,
        Precision.PSEUDONYM: lambda _grant, value: naming(value) is not None,
    }
)
