"""Reading `zrm.yaml` and `records.yaml`, and whether they agree with the other policy files."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from gateway.catalogue.errors import Place
from gateway.catalogue.files.members import Table
from gateway.catalogue.files.references import NAME, name_words
from gateway.catalogue.model import Catalogue
from gateway.catalogue.recording import (
    Domain,
    DomainUse,
    HelpQuestion,
    Kind,
    Label,
    Opening,
    Recording,
)

ZRM, RECORDS = "purposes/zrm.yaml", "purposes/records.yaml"

_USES = {use.label: use for use in DomainUse}
_WORD = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*\*?")

T = TypeVar("T")


def plain_text(text: str) -> str:
    """Return the text in lower case and without accents: the form in which words are compared."""
    folded = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


class RecordingReader:
    """Reads both files against a catalogue; findings go to the tables, `places` to lint."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.places: dict[tuple[str, str], Place] = {}

    def read(self, zrm: Table | None, records: Table | None) -> Recording:
        """Return what the files say; a file that is not there says nothing."""
        domains = self._named(zrm, "domains", self._domain)
        recording = Recording(
            domains=domains,
            help_questions=self._named(
                zrm, "help_questions", lambda name, table: self._help_question(name, table, domains)
            ),
            labels=self._named(records, "labels", self._label),
            kinds=self._named(records, "kinds", self._kind),
        )
        for table in (zrm, records):
            if table is not None:
                table.close()
        return recording

    def _named(
        self, table: Table | None, member: str, read: Callable[[str, Table], T]
    ) -> Mapping[str, T]:
        if table is None:
            return MappingProxyType({})

        def noted(name: str, inner: Table) -> T:
            self.places[member, name] = inner.place
            if not NAME.fullmatch(name):
                inner.error("NAME", *name_words(name))
            return read(name, inner)

        return MappingProxyType(table.named(member, noted))

    def _domain(self, name: str, table: Table) -> Domain:
        title, title_en = table.text("title"), table.text("title_en")
        return Domain(name, title, title_en, self._fields(table))

    def _label(self, name: str, table: Table) -> Label:
        return Label(name, table.text("title"), self._fields(table, at_least_one=True))

    def _kind(self, name: str, table: Table) -> Kind:
        kind = Kind(
            id=name,
            title=table.text("title"),
            title_en=table.text("title_en"),
            fields=self._fields(table, at_least_one=True),
            words=table.texts("words"),
        )
        if not kind.words or not all(_WORD.fullmatch(word) for word in kind.words):
            nl = "Schrijf woorden in kleine letters zonder accenten, hoogstens met een * erachter."
            en = "Write words in lower case without accents, with a * behind them at most."
            table.error("WORD", nl, en, table.place_of("words"))
        return kind

    def _help_question(
        self, name: str, table: Table, domains: Mapping[str, Domain]
    ) -> HelpQuestion:
        purposes = table.texts("purposes")
        _demand_known(table, "purposes", purposes, self._catalogue.purposes, "doel", "purpose")
        known = [self._catalogue.purposes[each] for each in purposes if self._knows(each)]
        never = {name for purpose in known for name in purpose.never}

        def opening(domain: str, inner: Table) -> Opening:
            found = domains.get(domain)
            _demand_known(inner, "use", (domain,), domains, "leefgebied", "life domain")
            if found is not None and never & set(found.fields):
                nl = f"Een doel van deze hulpvraag zegt 'never' over wat in '{domain}' staat."
                en = f"A purpose of this help question says 'never' of what is in '{domain}'."
                inner.error("DOMAIN_NEVER", nl, en)
            return Opening(inner.choice("use", _USES), inner.text("because"))

        return HelpQuestion(
            id=name,
            title=table.text("title"),
            title_en=table.text("title_en"),
            purposes=purposes,
            opens=MappingProxyType(table.named("opens", opening)),
        )

    def _knows(self, purpose: str) -> bool:
        return purpose in self._catalogue.purposes

    def _fields(self, table: Table, *, at_least_one: bool = False) -> tuple[str, ...]:
        names = table.texts("fields")
        _demand_known(table, "fields", names, self._catalogue.fields, "gegeven", "field")
        if at_least_one and not names:
            nl, en = "'fields' is leeg.", "'fields' is empty."
            table.error("EMPTY", nl, en, table.place_of("fields"))
        return names


def _demand_known(
    table: Table, key: str, names: Iterable[str], known: Mapping[str, object], nl: str, en: str
) -> None:
    for name in names:
        if name not in known:
            table.error(
                "UNKNOWN_REFERENCE",
                f"'{name}' is geen bekend {nl}.",
                f"'{name}' is no known {en}.",
                table.place_of(key),
            )
