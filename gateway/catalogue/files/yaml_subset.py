"""The strict YAML subset of the policy files: a tree of text with places, and nothing implicit.

Every scalar stays what a lawyer typed. Anchors, aliases, merge keys, tags, duplicate keys, a second
document, characters that nobody sees and anything but UTF-8 are refused, because each of them lets
a file mean something else than a reader sees.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, NoReturn, Protocol, TypeAlias, cast

import yaml

from gateway.catalogue.errors import CatalogueInvalid, Finding, Place, Severity
from gateway.catalogue.files.hints import find_unseen, hint_for, is_told_where_it_began

MAX_BYTES = 4 * 1024 * 1024
"""No policy file that a person maintains is larger; a larger one is a mistake or an attack."""

MAX_DEPTH = 12
"""The deepest policy file needs five levels; the limit keeps recursion small."""


class Text(NamedTuple):
    """A scalar as typed; `quoted` tells "true" in quotes from the word true."""

    place: Place
    value: str
    quoted: bool


class Items(NamedTuple):
    """A list."""

    place: Place
    values: tuple["Node", ...]


class Members(NamedTuple):
    """A mapping from text to nodes, each key once, in the order of the file."""

    place: Place
    values: dict[str, "Node"]


Node: TypeAlias = Text | Items | Members


class _Mark(Protocol):
    line: int
    column: int


class _Event(Protocol):
    """What libyaml tells; the end of something has a place only."""

    start_mark: _Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str | None


def parse_yaml(raw: bytes, name: str) -> Node:
    """Return the one document in these bytes; `name` is what findings call the file.

    Trust:   the bytes may be anything.
    Raises:  CatalogueInvalid with the place of the first thing that is not in the subset.
    """
    return _document(raw, name, aliases=False)


def parse_plain(raw: bytes, name: str) -> object:
    """Return the document as plain values: texts, numbers, yes and no, lists and tables.

    For files of cases, which programs write too: here an alias may stand for what it repeats. A
    date stays a text, and so does a word like "no".
    Raises:  CatalogueInvalid like `parse_yaml`.
    """
    return _plain(_document(raw, name, aliases=True))


def _document(raw: bytes, name: str, *, aliases: bool) -> Node:
    if len(raw) > MAX_BYTES:
        raise _invalid(Place(name), "FILE_TOO_LARGE", "Dit bestand is te groot.", "File too large.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise _invalid(
            Place(name), "NOT_UTF8", "Dit bestand is geen UTF-8.", "This file is not UTF-8."
        ) from exc
    if not aliases:
        _refuse_unseen(text, name)
    try:
        return _Parser(text, name, aliases=aliases).document()
    except yaml.MarkedYAMLError as exc:
        raise _no_yaml(text, name, exc) from exc
    except yaml.YAMLError as exc:
        raise _invalid(
            Place(name), "NOT_YAML", "Hier staat een verboden teken.", "A forbidden character."
        ) from exc


def _refuse_unseen(text: str, name: str) -> None:
    unseen = find_unseen(text)
    if unseen is not None:
        nl = "Hier staat een teken dat u niet ziet. Haal het weg, of typ de regel opnieuw."
        en = "There is a character here that you do not see. Remove it, or type the line again."
        raise _invalid(Place(name, *unseen), "UNSEEN_CHARACTER", nl, en)


def _no_yaml(text: str, name: str, exc: yaml.MarkedYAMLError) -> CatalogueInvalid:
    problem, mark = str(exc.problem), exc.problem_mark
    if is_told_where_it_began(problem) and exc.context_mark is not None:
        mark = exc.context_mark
    place = _place(name, mark)
    line = "".join(text.split("\n")[place.line - 1 : place.line])
    return _invalid(place, "NOT_YAML", *hint_for(problem, line[place.column - 1 : place.column]))


class _Parser:
    """Builds nodes from the events of libyaml, one document deep."""

    def __init__(self, text: str, name: str, *, aliases: bool) -> None:
        self._name = name
        self._next = cast("Callable[[], _Event]", yaml.CSafeLoader(text).get_event)
        self._aliases = aliases
        self._anchored: dict[str, Node] = {}

    def document(self) -> Node:
        """Return the only document of the stream."""
        self._next()
        start = self._next()
        if not isinstance(start, yaml.DocumentStartEvent):
            self._refuse(start, "FILE_EMPTY", "Dit bestand is leeg.", "This file is empty.")
        node = self._node(self._next(), 0)
        self._next()
        after = self._next()
        if isinstance(after, yaml.DocumentStartEvent):
            self._refuse(
                after, "SECOND_DOCUMENT", "Zet in elk bestand één geheel.", "One document."
            )
        return node

    def _node(self, event: _Event, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor is None and event.tag is None:  # by far the most, so the shortest way
                mark = event.start_mark
                place = Place(self._name, mark.line + 1, mark.column + 1)
                return Text(place, event.value, bool(event.style))
        elif isinstance(event, yaml.AliasEvent):
            return self._repeated(event)
        self._check(event, depth)
        node = self._built(event, depth)
        if event.anchor is not None:
            self._anchored[event.anchor] = node
        return node

    def _built(self, event: _Event, depth: int) -> Node:
        place = _place(self._name, event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            return Text(place, event.value, bool(event.style))
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(place, self._items(depth))
        return Members(place, self._members(depth))

    def _repeated(self, event: _Event) -> Node:
        """Return what an alias stands for; what is still being read cannot repeat itself."""
        node = self._anchored.get(event.anchor or "")
        if not self._aliases or node is None:
            self._refuse_anchor(event)
        return node

    def _check(self, event: _Event, depth: int) -> None:
        if event.anchor is not None and not self._aliases:
            self._refuse_anchor(event)
        if event.tag is not None:
            self._refuse(event, "TAG", "Een !label mag niet.", "No tags.")
        if depth > MAX_DEPTH:
            self._refuse(event, "TOO_DEEP", "Dit is te diep genest.", "Nested too deeply.")

    def _items(self, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return tuple(items)

    def _members(self, depth: int) -> dict[str, Node]:
        members: dict[str, Node] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event)
            if key in members:
                nl, en = "Deze naam staat er twee keer.", "This key is there twice."
                self._refuse(event, "KEY_TWICE", nl, en)
            members[key] = self._node(self._next(), depth + 1)
        return members

    def _key(self, event: _Event) -> str:
        if isinstance(event, yaml.AliasEvent):
            self._refuse_anchor(event)
        if event.anchor is not None or event.tag is not None:
            self._check(event, 0)
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "KEY", "Een naam moet gewone tekst zijn.", "A key must be text.")
        key: str = event.value
        if key == "<<":
            self._refuse(event, "MERGE_KEY", "Samenvoegen met << mag niet.", "No merge keys.")
        return key

    def _refuse_anchor(self, event: _Event) -> NoReturn:
        self._refuse(event, "ANCHOR", "Verwijzen met & of * mag niet.", "No anchors or aliases.")

    def _refuse(self, event: _Event, code: str, nl: str, en: str) -> NoReturn:
        raise _invalid(_place(self._name, event.start_mark), code, nl, en)


_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,15})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,15})\.[0-9]{1,15}", re.ASCII)


def _plain(node: Node) -> object:
    if isinstance(node, Members):
        return {key: _plain(value) for key, value in node.values.items()}
    if isinstance(node, Items):
        return [_plain(value) for value in node.values]
    if node.quoted:
        return node.value
    if _INTEGER.fullmatch(node.value):
        return int(node.value)
    if _DECIMAL.fullmatch(node.value):
        return float(node.value)
    return _WORDS.get(node.value, node.value)


def _place(name: str, mark: _Mark | None) -> Place:
    return Place(name) if mark is None else Place(name, mark.line + 1, mark.column + 1)


def _invalid(place: Place, code: str, nl: str, en: str) -> CatalogueInvalid:
    finding = Finding(place.file, place.line, place.column, code, Severity.ERROR, nl, en)
    return CatalogueInvalid((finding,))
