"""Bringing source rows down to the precision that a purpose grants. Pure; total over bad data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.catalogue.model import Band, Derive, FieldGrant, Precision

__all__ = ["Precision", "Value", "minimise", "strictest"]


@dataclass(frozen=True, slots=True)
class Value:
    """A value that may leave, with the precision it has."""

    value: object
    precision: Precision


def strictest(left: Precision, right: Precision) -> Precision:
    """Return the one that says less."""
    return min(left, right)


def minimise(grant: FieldGrant, rows: Sequence[Mapping[str, object]]) -> object:
    """Return what the grant lets through of these rows; None means unknown, never "no".

    Shapes:  a flag or exists is a bool, a band one of its labels, a list of labels sorted and each
             once. Where one value is meant and the rows disagree, it is unknown.
    Trust:   rows come from a source and may hold anything; a value of the wrong type is unknown.
    """
    if grant.precision is Precision.EXISTS:
        return bool(rows)
    values = [row.get(grant.column or "") for row in rows]
    if grant.derive is Derive.LIST:
        return _labels(values) if grant.precision is Precision.EXACT else None
    return _down(grant, _single(values))


def _down(grant: FieldGrant, value: object) -> object:
    match grant.precision:
        case Precision.FLAG:
            return value if isinstance(value, bool) else None
        case Precision.BAND:
            return _band(grant.band, value)
        case Precision.EXACT:
            return value
        case _:
            return None


def _single(values: Sequence[object]) -> object:
    """Return the plain value that all rows agree on, types included; else unknown.

    Only plain values are compared: others may raise. Not-a-number does not even agree with itself.
    """
    first = values[0] if values else None
    if not isinstance(first, str | int | float):
        return None
    agreed = all(type(value) is type(first) and value == first for value in values)
    return first if agreed else None


def _band(band: Band | None, value: object) -> str | None:
    """Return the label of the range that the number lies in."""
    if band is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if len(band.labels) <= len(band.limits):
        return None
    return band.labels[sum(limit <= value for limit in band.limits)]


def _labels(values: Sequence[object]) -> list[str] | None:
    """Return the labels; without rows, or with anything but text among them, it is unknown."""
    labels = [value for value in values if isinstance(value, str)]
    return sorted(set(labels)) if labels and len(labels) == len(values) else None
