"""The strict YAML subset of the policy files: a tree of text with places, and nothing implicit.

Every scalar stays what a lawyer typed. Anchors, aliases, merge keys, tags, duplicate keys, a second
document and anything but UTF-8 are refused, because each of them lets a file mean something else
than a reader sees.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, Protocol, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from gateway.catalogue.errors import CatalogueInvalid, Finding, Place, Severity

MAX_BYTES = 4 * 1024 * 1024
"""No policy file that a person maintains is larger; a larger one is a mistake or an attack."""

MAX_DEPTH = 12
"""The deepest policy file needs five levels; the limit keeps recursion small."""


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as typed; `quoted` tells "true" in quotes from the word true."""

    place: Place
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    values: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Members:
    """A mapping from text to nodes, each key once, in the order of the file."""

    place: Place
    values: dict[str, "Node"]


Node: TypeAlias = Text | Items | Members


class _Mark(Protocol):
    line: int
    column: int


class _Event(Protocol):
    start_mark: _Mark


def parse_yaml(raw: bytes, name: str) -> Node:
    """Return the one document in these bytes; `name` is what findings call the file.

    Trust:   the bytes may be anything.
    Raises:  CatalogueInvalid with the place of the first thing that is not in the subset.
    """
    if len(raw) > MAX_BYTES:
        raise _invalid(Place(name), "FILE_TOO_LARGE", "Dit bestand is te groot.", "File too large.")
    try:
        text = raw.decode("utf-8")
        return _Parser(name, iter(YAML(typ="safe", pure=True).parse(text))).document()
    except UnicodeDecodeError as exc:
        raise _invalid(
            Place(name), "NOT_UTF8", "Dit bestand is geen UTF-8.", "This file is not UTF-8."
        ) from exc
    except MarkedYAMLError as exc:
        raise _invalid(
            _place(name, exc.problem_mark), "NOT_YAML", "Dit is geen YAML.", "This is not YAML."
        ) from exc
    except YAMLError as exc:
        raise _invalid(
            Place(name), "NOT_YAML", "Hier staat een verboden teken.", "A forbidden character."
        ) from exc


class _Parser:
    """Builds nodes from the event stream of ruamel.yaml, one document deep."""

    def __init__(self, name: str, events: Iterator[_Event]) -> None:
        self._name = name
        self._events = events

    def document(self) -> Node:
        """Return the only document of the stream."""
        next(self._events)
        start = next(self._events)
        if not isinstance(start, DocumentStartEvent):
            self._refuse(start, "FILE_EMPTY", "Dit bestand is leeg.", "This file is empty.")
        node = self._node(next(self._events), 0)
        next(self._events)
        after = next(self._events)
        if isinstance(after, DocumentStartEvent):
            self._refuse(
                after, "SECOND_DOCUMENT", "Zet in elk bestand één geheel.", "One document."
            )
        return node

    def _node(self, event: _Event, depth: int) -> Node:
        self._check(event, depth)
        place = _place(self._name, event.start_mark)
        if isinstance(event, ScalarEvent):
            return Text(place, event.value, quoted=event.style in {'"', "'", "|", ">"})
        if isinstance(event, SequenceStartEvent):
            return Items(place, tuple(self._items(depth)))
        return Members(place, self._members(depth))

    def _check(self, event: _Event, depth: int) -> None:
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            self._refuse(
                event, "ANCHOR", "Verwijzen met & of * mag niet.", "No anchors or aliases."
            )
        if getattr(event, "tag", None) is not None:
            self._refuse(event, "TAG", "Een !label mag niet.", "No tags.")
        if depth > MAX_DEPTH:
            self._refuse(event, "TOO_DEEP", "Dit is te diep genest.", "Nested too deeply.")

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _members(self, depth: int) -> dict[str, Node]:
        members: dict[str, Node] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event, members)
            members[key] = self._node(next(self._events), depth + 1)
        return members

    def _key(self, event: _Event, members: dict[str, Node]) -> str:
        self._check(event, 0)
        if not isinstance(event, ScalarEvent):
            self._refuse(event, "KEY", "Een naam moet gewone tekst zijn.", "A key must be text.")
        key = str(event.value)
        if key == "<<":
            self._refuse(event, "MERGE_KEY", "Samenvoegen met << mag niet.", "No merge keys.")
        if key in members:
            self._refuse(
                event, "KEY_TWICE", "Deze naam staat er twee keer.", "This key is there twice."
            )
        return key

    def _refuse(self, event: _Event, code: str, nl: str, en: str) -> NoReturn:
        raise _invalid(_place(self._name, event.start_mark), code, nl, en)


def _place(name: str, mark: _Mark | None) -> Place:
    return Place(name) if mark is None else Place(name, mark.line + 1, mark.column + 1)


def _invalid(place: Place, code: str, nl: str, en: str) -> CatalogueInvalid:
    finding = Finding(place.file, place.line, place.column, code, Severity.ERROR, nl, en)
    return CatalogueInvalid((finding,))
