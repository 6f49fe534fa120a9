"""What a problem may repeat: the names of the API, taken from what its routes take."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, RootModel

from gateway.api.names import names_of
from tests.builders import House

pytestmark = pytest.mark.anyio


class Inner(BaseModel):
    """A member with a name of its own in JSON."""

    depth: int = Field(alias="diepte")


class One(BaseModel):
    """One kind of body."""

    inners: list[Inner] | None = None
    words: dict[str, str] = Field(default_factory=dict)


class Other(BaseModel):
    """Another kind of body."""

    colour: str


class Either(RootModel[One | Other]):
    """A body of one of two kinds."""


class Asked(BaseModel):
    """A question in an address."""

    page: int = Field(default=1, alias="pagina")


async def read_itself() -> Other:
    """Stand for a guard that reads a body."""
    return Other(colour="rood")


def take_body(body: Either) -> None:
    """Take a body."""


def take_address(place: str, asked: Annotated[Asked, Query()], size: int = 1) -> None:
    """Take a part of the path and a question."""


def take_read(read: Annotated[Other, Depends(read_itself)]) -> None:
    """Take what a guard has read."""


@pytest.mark.parametrize(
    ("path", "endpoint", "expected"),
    [
        ("/a", take_body, {"inners", "diepte", "words", "colour"}),
        ("/b/{place}", take_address, {"place", "pagina", "size"}),
        ("/c", take_read, {"colour"}),
    ],
)
def test_every_name_that_a_route_takes_is_found(
    path: str,
    endpoint: Callable[..., object],
    expected: set[str],
) -> None:
    """Members at every depth, by their names in JSON, and the parameters of the address."""
    router = APIRouter()
    router.add_api_route(path, endpoint, methods=["POST"])

    names = names_of(router.routes)

    assert expected <= names
    assert not names & {"depth", "page"}


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def described(document: Mapping[str, Any], value: object) -> Iterator[str]:
    """Yield the members that a part of a document describes."""
    if isinstance(value, dict):
        reference = value.get("$ref")
        if reference is not None:
            name = reference.rpartition("/")[2]
            yield from described(document, document["components"]["schemas"][name])
        yield from value.get("properties", {})
    for part in _parts(value):
        yield from described(document, part)


async def test_every_name_in_the_document_can_be_named(shared_house: House) -> None:
    """What the API says that it takes, it can say is wrong; a word of a caller it cannot."""
    document = shared_house.app.openapi()
    operations = [each for path in document["paths"].values() for each in path.values()]
    contents = [each.get("requestBody", {}).get("content", {}) for each in operations]
    bodies = {
        name for each in contents for name in described(document, each.get("application/json"))
    }

    names = shared_house.app.state.names

    assert {"task", "subject", "value", "traceId", "verwerkingsactiviteitId"} <= names
    assert bodies <= names
    assert "lichte-of-zware-hulp" not in names
