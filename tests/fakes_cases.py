"""Honest fakes for the facts: a case store and a register that hold what a test puts in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.cases.model import Case, Confirmation, Consent, Representation
from gateway.catalogue.model import Catalogue
from gateway.errors import SourceFailed
from gateway.sources.source import Query, Row
from gateway.subject import Subject


@dataclass
class MemoryCases:
    """A case store in memory; `fails` names what it gives no answer to."""

    found: Sequence[Case] = ()
    given: Sequence[Consent] = ()
    confirmed: Sequence[Confirmation] = ()
    appointed: Sequence[Representation] = ()
    fails: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    async def cases(self, _subject: Subject) -> Sequence[Case]:
        """Return the cases."""
        self._note("cases")
        return self.found

    async def consents(self, _subject: Subject, processing: str) -> Sequence[Consent]:
        """Return the consents for this processing."""
        self._note("consents")
        return [consent for consent in self.given if consent.processing == processing]

    async def confirmations(self, _subject: Subject, purpose: str) -> Sequence[Confirmation]:
        """Return the confirmations for this purpose."""
        self._note("confirmations")
        return [answer for answer in self.confirmed if answer.purpose == purpose]

    async def representations(self, _subject: Subject) -> Sequence[Representation]:
        """Return who decides for this person."""
        self._note("representations")
        return self.appointed

    def close(self) -> None:
        """Hold nothing open."""

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if what in self.fails:
            raise SourceFailed("scripted")


@dataclass
class MemorySource:
    """Registers in memory, by table; a table that is not there gives no answer."""

    tables: Mapping[str, Sequence[Row]]
    asked: list[tuple[Subject | None, str]] = field(default_factory=list)

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return the asked columns of the rows that fit."""
        self.asked += [(subject, query.table) for query in queries]
        if any(query.table not in self.tables for query in queries):
            raise SourceFailed("scripted")
        return [
            [
                {name: row.get(name) for name in query.columns}
                for row in self.tables[query.table]
                if all(row.get(name) == value for name, value in query.where)
            ]
            for query in queries
        ]

    def check(self, catalogue: Catalogue) -> None:
        """Hold whatever is asked for."""

    def close(self) -> None:
        """Hold nothing open."""
