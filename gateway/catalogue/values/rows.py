"""Reading plain values out of source rows that may hold anything; what does not fit is unknown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias, TypeGuard, TypeVar

import orjson

from gateway.catalogue.cells import USUAL_SMALLEST
from gateway.catalogue.model import FieldGrant, FieldType
from gateway.catalogue.values.days import span_of

Rows: TypeAlias = Sequence[Mapping[str, object]]

T = TypeVar("T")

_POSTCODE = re.compile(r"\s*([1-9][0-9]{3})\s?[A-Za-z]{2}\s*", re.ASCII)
_HALF = re.compile("[\ud800-\udfff]")
# Every JSON reader keeps whole numbers up to here exact (RFC 8259 section 6).
_LARGEST = 2**53 - 1


def column_of(grant: FieldGrant, rows: Rows) -> list[object]:
    """Return the value of the grant's column in every row; an absent column is None."""
    return [row.get(grant.column or "") for row in rows]


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether this is a number that can be compared and sent: yes and no are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether this is a text that can be sent: half a character is none."""
    return isinstance(value, str) and (value.isascii() or _HALF.search(value) is None)


def is_plain(value: object) -> TypeGuard[str | int | float]:
    """Tell whether this is a text that can be sent, a yes or no, or a number."""
    return is_text(value) or isinstance(value, bool) or is_number(value)


def is_of_kind(kind: FieldType | None, value: object) -> bool:
    """Tell whether a plain value is a date, a number or a yes or no, where it should be one.

    A date of which only part is known is a date.
    """
    match kind:
        case FieldType.DATE:
            return span_of(value) is not None
        case FieldType.INTEGER:
            return is_number(value) and isinstance(value, int)
        case FieldType.DECIMAL:
            return is_number(value)
        case FieldType.BOOLEAN:
            return isinstance(value, bool)
        case _:
            return True


def only(values: Sequence[object]) -> str | int | float | None:
    """Return the plain value that all rows agree on, types included; else unknown.

    Only plain values are compared: others may raise. Not-a-number does not even agree with itself.
    """
    first = values[0] if values else None
    if not is_plain(first):
        return None
    if len(values) == 1:
        return first
    return first if all(type(v) is type(first) and v == first for v in values) else None


def agreed(answers: Iterable[T]) -> T | None:
    """Return the answer that every possibility gives; without one answer it is unknown.

    Shapes:  the answers are of one type, so that a yes is not taken for a one.
    """
    different = set(answers)
    return different.pop() if len(different) == 1 else None


def postcode4(value: object) -> str | None:
    """Return the four digits of a postcode such as 1511 AB; anything else is unknown."""
    found = _POSTCODE.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else found[1]


def naming(value: object) -> str | None:
    """Return the text of what names somebody or something: a text, or a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None if isinstance(value, str) or is_number(value) else None


def labels(values: Sequence[object]) -> list[str] | None:
    """Return the labels sorted and each once; without any, or with no text among them, unknown."""
    texts = [value for value in values if is_text(value)]
    return sorted(set(texts)) if texts and len(texts) == len(values) else None


def items(values: Sequence[object]) -> list[str] | None:
    """Return the texts of lists, one after the other; a list may come as its JSON text."""
    found: list[str] = []
    for value in values:
        texts = _texts(_json(value) if isinstance(value, str) else value)
        if texts is None:
            return None
        found += texts
    return found or None


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list):
        return None
    texts = [each for each in value if is_text(each)]
    return texts if len(texts) == len(value) else None


def pairs(grant: FieldGrant, rows: Rows) -> list[str] | None:
    """Return each row as "key: value", in the order of the source."""
    found: list[str] = []
    for row in rows:
        key, value = row.get(grant.key or ""), row.get(grant.column or "")
        if not is_text(key) or not is_text(value):
            return None
        found.append(f"{key}: {value}")
    return found or None


def total(values: Sequence[object]) -> int | float | None:
    """Return the sum of amounts as people add them up, in tenths and hundredths; else unknown."""
    numbers = [value for value in values if is_number(value)]
    if not numbers or len(numbers) != len(values):
        return None
    if all(isinstance(number, int) for number in numbers):
        whole = sum(numbers)
        return whole if is_number(whole) else None
    exact = sum((Decimal(repr(number)) for number in numbers), Decimal(0))
    return float(exact)


def figure(values: Sequence[object]) -> int | float | None:
    """Return a number about a group."""
    value = only(values)
    return value if is_number(value) else None


def group_count(values: Sequence[object], themes: Sequence[str]) -> object:
    """Return how many a group counts, or how many by theme; what is small is unknown.

    A theme that is small, or not one of these, hides them all: nothing can be computed back.
    """
    value = only(values)
    if isinstance(value, str):
        return _by_theme(_json(value), themes)
    return value if _is_told(value) else None


def _by_theme(value: object, themes: Sequence[str]) -> dict[str, object] | None:
    if not isinstance(value, dict) or not value:
        return None
    told = all(theme in themes and _is_told(count) for theme, count in value.items())
    return value if told else None


def _is_told(value: object) -> bool:
    return is_number(value) and isinstance(value, int) and value >= USUAL_SMALLEST


def _json(text: str) -> object:
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value
