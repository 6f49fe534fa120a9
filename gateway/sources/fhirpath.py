"""The one module that evaluates FHIRPath; an expression sees one resource and nothing else."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

import fhirpathpy
from fhirpathpy.models import models

from gateway.errors import SourceInvalid
from gateway.sources.register import without_values
from gateway.sources.values import MISFIT

# An expression begins with the element that it reads, so that this element can be asked for.
_FIRST = re.compile(r"(?:[A-Z][A-Za-z]*\.)?([a-z][A-Za-z]*)", re.ASCII)
# What would print a value, follow a link, or read a clock of its own.
_FORBIDDEN = re.compile(
    r"\b(trace|resolve|memberOf|conformsTo|today|now|timeOfDay)\s*\(|%|\bdefineVariable\b"
)

_Compiled = Callable[[Mapping[str, object], Mapping[str, object]], list[Any]]


def element_of(expression: str) -> str:
    """Return the element that an expression reads.

    Raises: SourceInvalid when it does not begin with one, or does more than reading.
    """
    first = _FIRST.match(expression)
    if first is None or _FORBIDDEN.search(expression):
        raise SourceInvalid(
            f"dit FHIRPath moet met een element beginnen, en alleen lezen: {expression}"
            f" / a FHIRPath begins with an element, and only reads: {expression}"
        )
    return first.group(1)


def verify_expression(expression: str, resource_type: str) -> None:
    """Make sure that an expression can be evaluated.

    Raises: SourceInvalid.
    """
    element_of(expression)
    try:
        _compiled(expression)({"resourceType": resource_type}, {})
    except Exception as exc:  # noqa: BLE001 (the library raises no narrower one)
        raise SourceInvalid(
            f"dit FHIRPath is niet te lezen: {expression} / a FHIRPath cannot be read: {expression}"
        ) from without_values(exc)


def evaluate(expression: str, resource: Mapping[str, object]) -> list[Any]:
    """Return what an expression finds in a resource; MISFIT where it has no outcome for it.

    Trust:  the resource comes from a source and may be of any form.
    """
    try:
        return _compiled(expression)(resource, {})
    except Exception:  # noqa: BLE001 (the library raises no narrower one, and its text holds values)
        return [MISFIT]


@lru_cache(maxsize=1_024)
def _compiled(expression: str) -> _Compiled:
    return cast("_Compiled", fhirpathpy.compile(expression, models["r4"]))
