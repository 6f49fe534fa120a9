"""Reading typed members from the YAML tree, collecting every finding instead of the first.

After a finding a powerless placeholder is returned, so that reading goes on; a catalogue with a
finding is never built (see `load`).
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import partial
from typing import TypeVar

from gateway.catalogue.errors import CatalogueInvalid, Finding, Place, Severity
from gateway.catalogue.files.hints import meant
from gateway.catalogue.files.yaml_subset import Items, Members, Node, Text
from gateway.catalogue.model import Scalar

NO_DATE = dt.date.max
"""The placeholder for a date that could not be read: nothing is valid from then on."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,8})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_FLAGS = {"true": True, "false": False}

Choice = TypeVar("Choice", bound=Enum)
T = TypeVar("T")


class Findings:
    """What is wrong so far, in the order of reading."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def error(self, place: Place, code: str, nl: str, en: str) -> None:
        """Note something that makes the files no catalogue."""
        self._found.append(
            Finding(place.file, place.line, place.column, code, Severity.ERROR, nl, en)
        )

    def extend(self, invalid: CatalogueInvalid) -> None:
        """Take over what another reader found."""
        self._found.extend(invalid.findings)

    def all(self) -> tuple[Finding, ...]:
        """Return everything found, in the order of file, line and column."""
        return tuple(sorted(self._found, key=lambda f: (f.file, f.line, f.column, f.code)))


class Table:
    """One mapping of a policy file, read member by member; `close` reports what nobody read."""

    def __init__(self, node: Node, findings: Findings) -> None:
        self.place = node.place
        self._findings = findings
        self._read: set[str] = set()
        self._members: dict[str, Node] = {}
        self._unclear: set[str] = set()
        if isinstance(node, Members):
            self._members = node.values
        else:
            self.error("NOT_A_TABLE", "Hier horen namen met waarden.", "Expected keys with values.")
            # What is missing in it, or does not fit the rest, follows from this.
            self._findings = Findings()

    def error(self, code: str, nl: str, en: str, at: Place | None = None) -> None:
        """Note an error at a place in this table."""
        self._findings.error(at or self.place, code, nl, en)

    def place_of(self, key: str, name: str = "") -> Place:
        """Return where the value of the member stands, or a name in it; else the table itself."""
        node = self._members.get(key)
        if isinstance(node, Members):
            node = node.values.get(name, node)
        return self.place if node is None else node.place

    def is_clear(self, *keys: str) -> bool:
        """Tell whether nothing that was read of these members is a placeholder."""
        return self._unclear.isdisjoint(keys)

    def places(self) -> dict[tuple[str, str], Place]:
        """Return where each member stands, and each name inside a member that is a table."""
        found: dict[tuple[str, str], Place] = {}
        for key, node in self._members.items():
            found[key, ""] = node.place
            if isinstance(node, Members):
                found.update({(key, name): inner.place for name, inner in node.values.items()})
        return found

    def has(self, key: str) -> bool:
        """Tell whether the member is present."""
        if key in self._members:
            return True
        self._read.add(key)
        return False

    def text(self, key: str) -> str:
        """Return a text that must be there and not be blank."""
        node = self._take(key)
        return "" if node is None else self._text_of(node)

    def optional_text(self, key: str) -> str | None:
        """Return a text if the member is there."""
        return self.text(key) if self.has(key) else None

    def one_of(self, key: str, choices: type[Choice]) -> Choice:
        """Return the member of the enumeration that the text names, or the first after an error."""
        text = self.text(key)
        try:
            return choices(text)
        except ValueError:
            self._not_among(key, text, [str(choice.value) for choice in choices])
            return next(iter(choices))

    def several(self, key: str, choices: type[Choice]) -> tuple[Choice, ...]:
        """Return the members of the enumeration that a list names; it must be there."""
        words = {str(choice.value): choice for choice in choices}
        texts = self.texts(key)
        for text in texts:
            if text not in words:
                self._not_among(key, text, words)
        return tuple(words[text] for text in texts if text in words)

    def choice(self, key: str, choices: Mapping[str, T]) -> T:
        """Return what the word stands for, or the first of the choices after an error."""
        text = self.text(key)
        if text not in choices:
            self._not_among(key, text, choices)
        return choices.get(text, next(iter(choices.values())))

    def _not_among(self, key: str, text: str, choices: Iterable[str]) -> None:
        """Name the words that there are; a word that is missing was found before."""
        self._unclear.add(key)
        if text:
            words = ", ".join(choices)
            self._wrong(key, f"Kies uit: {words}.", f"Choose from: {words}.")

    def flag(self, key: str) -> bool:
        """Return true or false, typed exactly so and without quotes; false if it is not there."""
        node = self._members.get(key)
        self._read.add(key)
        if node is None:
            return False
        if isinstance(node, Text) and not node.quoted and node.value in _FLAGS:
            return _FLAGS[node.value]
        self._wrong(key, "Schrijf true of false.", "Write true or false.")
        return False

    def integer(self, key: str) -> int | None:
        """Return a whole number if the member is there."""
        return self._number_of(self._take(key)) if self.has(key) else None

    def date(self, key: str) -> dt.date:
        """Return a date that must be there, written as 2026-03-02."""
        text = self.text(key)
        try:
            return dt.date.fromisoformat(text if _DATE.fullmatch(text) else "")
        except ValueError:
            if text:
                self._wrong(key, "Schrijf een datum als 2026-03-02.", "Write a date as 2026-03-02.")
            return NO_DATE

    def optional_date(self, key: str) -> dt.date | None:
        """Return a date if the member is there."""
        return self.date(key) if self.has(key) else None

    def check_order(self, start: dt.date, end: dt.date | None) -> None:
        """Find a last day, in `until`, that comes before the first."""
        if end is not None and end < start != NO_DATE:
            nl, en = "De laatste dag ligt voor de eerste.", "The last day is before the first."
            self._wrong("until", nl, en)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts that must be there, each once; it may be empty."""
        values = tuple(self._text_of(node) for node in self._items(key))
        if len(set(values)) != len(values):
            self._wrong(key, "Hier staat iets dubbel.", "Something stands here twice.")
        return tuple(dict.fromkeys(values))

    def optional_texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts if the member is there."""
        return self.texts(key) if self.has(key) else ()

    def integers(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers that must be there."""
        numbers = [self._number_of(node) for node in self._items(key)]
        return tuple(number for number in numbers if number is not None)

    def tables(self, key: str, read: Callable[["Table"], T]) -> tuple[T, ...]:
        """Return what `read` makes of every table of a list that must be there."""
        nodes = self._items(key)
        made = [self._made(node, read) for node in nodes]
        # Of what is no table nothing can be said but that.
        pairs = zip(nodes, made, strict=True)
        return tuple(thing for node, thing in pairs if isinstance(node, Members))

    def table(self, key: str, read: Callable[["Table"], T]) -> T:
        """Return what `read` makes of a table that must be there."""
        node = self._take(key)
        if node is None:
            return read(Table(Members(self.place, {}), Findings()))
        return self._made(node, read)

    def optional_table(self, key: str, read: Callable[["Table"], T]) -> T | None:
        """Return what `read` makes of a table if it is there, and none of what is no table."""
        if not self.has(key):
            return None
        made = self.table(key, read)
        if isinstance(self._members[key], Members):
            return made
        self._unclear.add(key)
        return None

    def named(self, key: str, read: Callable[[str, "Table"], T]) -> dict[str, T]:
        """Return what `read` makes of each table in a table of names that must be there."""
        node = self._take(key)
        outer = Table(node or Members(self.place, {}), self._findings)
        return {
            name: self._made(inner, partial(read, name)) for name, inner in outer._members.items()
        }

    def lists(self, key: str) -> dict[str, tuple[str, ...]]:
        """Return a table of names with lists of texts, if it is there."""
        outer = Table(self._members.get(key, Members(self.place, {})), self._findings)
        self._read.add(key)
        return {name: outer.texts(name) for name in outer._members}

    def scalars(self, key: str) -> tuple[tuple[str, Scalar], ...]:
        """Return the pairs of a table of plain values, if it is there."""
        outer = Table(self._members.get(key, Members(self.place, {})), self._findings)
        self._read.add(key)
        return tuple((name, outer._scalar(name)) for name in outer._members)

    def optional_scalar(self, key: str) -> Scalar | None:
        """Return a plain value if the member is there."""
        return self._scalar(key) if self.has(key) else None

    def close(self) -> None:
        """Report every member that nobody read: an unknown key is never ignored."""
        for key in self._members.keys() - self._read:
            nl, en = meant(key, self._read - self._members.keys())
            self.error(
                "KEY_UNKNOWN",
                f"De naam '{key}' kennen wij hier niet.{nl}",
                f"The key '{key}' is unknown here.{en}",
                self.place_of(key),
            )

    def _made(self, node: Node, read: Callable[["Table"], T]) -> T:
        inner = Table(node, self._findings)
        made = read(inner)
        inner.close()
        return made

    def _take(self, key: str) -> Node | None:
        self._read.add(key)
        node = self._members.get(key)
        if node is None:
            self.error("KEY_MISSING", f"Hier ontbreekt '{key}'.", f"'{key}' is missing here.")
        return node

    def _items(self, key: str) -> tuple[Node, ...]:
        node = self._take(key)
        if isinstance(node, Items):
            return node.values
        if node is not None:
            self._wrong(key, "Hier hoort een lijst.", "Expected a list.")
        return ()

    def _text_of(self, node: Node) -> str:
        if isinstance(node, Text) and node.value.strip():
            return node.value.strip()
        self.error("NOT_A_TEXT", "Hier hoort tekst.", "Expected a text.", node.place)
        return ""

    def _number_of(self, node: Node | None) -> int | None:
        if isinstance(node, Text) and not node.quoted and _INTEGER.fullmatch(node.value):
            return int(node.value)
        at = None if node is None else node.place
        self.error("NOT_A_NUMBER", "Hier hoort een heel getal.", "Expected a whole number.", at)
        return None

    def _scalar(self, key: str) -> Scalar:
        node = self._take(key)
        if isinstance(node, Text) and not node.quoted and node.value in _FLAGS:
            return _FLAGS[node.value]
        if isinstance(node, Text) and not node.quoted and _INTEGER.fullmatch(node.value):
            return int(node.value)
        return self.text(key)

    def _wrong(self, key: str, nl: str, en: str) -> None:
        self.error("VALUE_WRONG", nl, en, self.place_of(key))
