"""The names that this API itself gives to what is sent to it: all that a problem may repeat."""

from collections.abc import Iterator, Sequence
from typing import get_args, get_type_hints

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import BaseRoute


def names_of(routes: Sequence[BaseRoute]) -> frozenset[str]:
    """Return the names of all parameters and members that these routes take, however deep."""
    taken = [route.dependant for route in routes if isinstance(route, APIRoute)]
    return frozenset(name for each in taken for name in _names_of(each))


def _names_of(taken: Dependant) -> Iterator[str]:
    for field in (*taken.path_params, *taken.query_params, *taken.body_params):
        yield field.alias
        yield from _names_in(field.field_info.annotation)
    for inner in taken.dependencies:
        yield from _names_of(inner)
        # A guard that reads the body itself returns the model that it was read as.
        yield from _names_in(get_type_hints(inner.call).get("return"))


def _names_in(annotation: object) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, member in annotation.model_fields.items():
            yield member.alias or name
            yield from _names_in(member.annotation)
    for part in get_args(annotation):
        yield from _names_in(part)
