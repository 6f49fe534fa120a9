"""Reading one value of a source as what the mapping says it is; what does not fit is a misfit."""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import orjson

from gateway.catalogue.values.days import span_of
from gateway.sources.mapping import ColumnPlace, Form, ValueKind

LARGEST = 2**53 - 1
"""Every JSON reader keeps whole numbers up to here exact (RFC 8259 section 6)."""

LONGEST = 100_000
"""The longest text that a register keeps about one person; a longer one is no answer."""

_MOST_ITEMS = 1_000

_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?", re.ASCII)
_EIGHT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_BACKWARDS = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})", re.ASCII)
_DIGITS = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_POINT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
_UNKNOWN_PART = "00"
# The oldest that the BRP API gives.
_OLDEST = 150


class Sign(Enum):
    """What is no value at all."""

    MISFIT = "misfit"


MISFIT: Final = Sign.MISFIT
"""Stands for a value of another type than the mapping says."""

_Reader: TypeAlias = Callable[[object], object]


def read_value(column: ColumnPlace, raw: object) -> object:
    """Return the value as its logical type, None when the source has none, or MISFIT.

    Shapes:  a date is a text as 2011-05-14; where the source knows only part of it, 2011-05-00 or
             2011-00-00. An age is a duration as P14Y. An object is its JSON text.
    Trust:   `raw` may be anything.
    """
    if raw is None:
        return column.absent
    if column.words:
        known = isinstance(raw, str | int | bool) and str(raw) in column.words
        return column.words[str(raw)] if known else MISFIT
    if column.form is not None:
        return _FORMS[column.form](raw)
    return _KINDS[column.kind](raw)


def _text(raw: object) -> str | Literal[Sign.MISFIT]:
    return raw if isinstance(raw, str) and len(raw) <= LONGEST else MISFIT


def _boolean(raw: object) -> object:
    return raw if isinstance(raw, bool) else MISFIT


def _integer(raw: object) -> object:
    whole = isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) <= LARGEST
    return raw if whole else MISFIT


def _decimal(raw: object) -> object:
    if isinstance(raw, int):
        return _integer(raw)
    if not isinstance(raw, float | Decimal):
        return MISFIT
    number = float(raw)
    return number if math.isfinite(number) and abs(number) <= LARGEST else MISFIT


def _date(raw: object) -> object:
    if isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
        return raw.isoformat()
    found = _ISO.fullmatch(raw) if isinstance(raw, str) else None
    return MISFIT if found is None else _day(*found.groups())


def _day(year: str, month: str | None, day: str | None) -> object:
    """Return a date of which the month and the day may be unknown; the year is not."""
    date = f"{year}-{month or _UNKNOWN_PART}-{day or _UNKNOWN_PART}"
    return MISFIT if span_of(date) is None else date


def _age(raw: object) -> object:
    """Read how many years the source counted until now.

    Source:  BRP API Personen 2.7, Leeftijd; ISO 8601-1 section 5.5.2 (durations).
    """
    years = int(raw) if isinstance(raw, str) and _DIGITS.fullmatch(raw) else _integer(raw)
    return f"P{years}Y" if isinstance(years, int) and 0 <= years <= _OLDEST else MISFIT


def _list(raw: object) -> object:
    value = _parsed(raw) if isinstance(raw, str) else raw
    if not isinstance(value, list) or len(value) > _MOST_ITEMS:
        return MISFIT
    return value if all(_text(each) is not MISFIT for each in value) else MISFIT


def _object(raw: object) -> object:
    value = _parsed(raw) if isinstance(raw, str) else raw
    if not isinstance(value, dict):
        return MISFIT
    try:
        return _text(orjson.dumps(value).decode())
    except TypeError:
        return MISFIT


def _parsed(text: str) -> object:
    try:
        value: object = orjson.loads(text[: LONGEST + 1])
    except orjson.JSONDecodeError:
        return MISFIT
    return value


_KINDS: Mapping[ValueKind, _Reader] = MappingProxyType(
    {
        ValueKind.TEXT: _text,
        ValueKind.BOOLEAN: _boolean,
        ValueKind.INTEGER: _integer,
        ValueKind.DECIMAL: _decimal,
        ValueKind.DATE: _date,
        ValueKind.AGE: _age,
        ValueKind.LIST: _list,
        ValueKind.OBJECT: _object,
    }
)


def _digits(raw: object) -> object:
    return int(raw) if isinstance(raw, str) and _DIGITS.fullmatch(raw) else MISFIT


def _point(raw: object) -> object:
    return float(raw) if isinstance(raw, str) and _POINT.fullmatch(raw) else MISFIT


def _comma(raw: object) -> object:
    return _point(raw.replace(",", ".", 1)) if isinstance(raw, str) and "." not in raw else MISFIT


def _zero_one(raw: object) -> object:
    return {"0": False, "1": True}.get(str(raw), MISFIT) if isinstance(raw, str | int) else MISFIT


def _eight_digits(raw: object) -> object:
    found = _EIGHT.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        return MISFIT
    return None if found.group(1) == "0000" else _day(*found.groups())


def _backwards(raw: object) -> object:
    found = _BACKWARDS.fullmatch(raw) if isinstance(raw, str) else None
    return MISFIT if found is None else _day(*reversed(found.groups()))


def _brp_date(raw: object) -> object:
    """Read a date of the BRP API, as much of it as is known.

    Source:  BRP API Personen 2.7, AbstractDatum.
    """
    if not isinstance(raw, dict):
        return MISFIT
    match raw:
        case {"type": "Datum", "datum": str() as day}:
            return _date(day)
        case {"type": "JaarMaandDatum", "jaar": int() as year, "maand": int() as month}:
            return _date(f"{year:04}-{month:02}")
        case {"type": "JaarDatum", "jaar": int() as year}:
            return _date(f"{year:04}")
        case {"type": "DatumOnbekend"}:
            return None
        case _:
            return MISFIT


_FORMS: Mapping[Form, _Reader] = MappingProxyType(
    {
        Form.DIGITS: _digits,
        Form.DECIMAL_POINT: _point,
        Form.DECIMAL_COMMA: _comma,
        Form.ZERO_ONE: _zero_one,
        Form.YYYYMMDD: _eight_digits,
        Form.DD_MM_YYYY: _backwards,
        Form.BRP_DATE: _brp_date,
    }
)
