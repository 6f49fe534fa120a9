"""Honest fakes of what surrounds a disclosure: a clock, a register, a case store."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.cases.model import Agreement, Case, Confirmation, Consent, Representation
from gateway.catalogue.model import Catalogue
from gateway.errors import SourceFailed
from gateway.sources.source import Query, Row
from gateway.subject import Subject

T = TypeVar("T")


@dataclass
class FixedClock:
    """A clock that stands still until a test moves it."""

    at: dt.datetime

    def __call__(self) -> dt.datetime:
        """Return the time that a test set."""
        return self.at


@dataclass
class MemorySource:
    """A register in memory: rows by table, each with the BSN of its person."""

    tables: Mapping[str, Sequence[Mapping[str, object]]]
    broken: bool = False
    asked: list[tuple[Subject | None, Query]] = field(default_factory=list)
    closed: bool = False

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return the asked columns of the rows that fit, and remember the question."""
        self.asked += [(subject, query) for query in queries]
        if self.broken:
            raise SourceFailed("made to fail")
        return [self._rows(subject, query) for query in queries]

    def _rows(self, subject: Subject | None, query: Query) -> Sequence[Row]:
        if query.table not in self.tables:
            raise SourceFailed("no such table")
        person = None if subject is None else subject.value
        return [
            {column: row[column] for column in query.columns}
            for row in self.tables[query.table]
            if row.get("bsn") == person and all(row[name] == value for name, value in query.where)
        ]

    def check(self, catalogue: Catalogue) -> None:
        """Promise nothing: a fake has whatever a test puts into it."""

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


@dataclass
class MemoryCases:
    """A case store in memory, about one person; counts what is asked of it."""

    known: Sequence[Case] = ()
    given: Sequence[Consent] = ()
    confirmed: Sequence[Confirmation] = ()
    appointed: Sequence[Representation] = ()
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    async def cases(self, subject: Subject) -> Sequence[Case]:  # noqa: ARG002 (there is one person)
        """Return the cases of the one person."""
        return self._answer("cases", self.known)

    async def plans(self, subject: Subject) -> Mapping[str, Sequence[Agreement]]:  # noqa: ARG002
        """Return the agreements in the cases of the one person: nobody agreed anything."""
        return {case.id: () for case in self._answer("plans", self.known)}

    async def consents(self, subject: Subject, processing: str) -> Sequence[Consent]:  # noqa: ARG002
        """Return the consents for this processing."""
        return self._answer("consents", [c for c in self.given if c.processing == processing])

    async def representations(self, subject: Subject) -> Sequence[Representation]:  # noqa: ARG002
        """Return who was appointed to decide for the one person."""
        return self._answer("representations", self.appointed)

    async def confirmations(self, subject: Subject, purpose: str) -> Sequence[Confirmation]:  # noqa: ARG002
        """Return the confirmations for this purpose."""
        return self._answer("confirmations", [c for c in self.confirmed if c.purpose == purpose])

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _answer(self, name: str, answer: Sequence[T]) -> Sequence[T]:
        self.asked.append(name)
        if self.broken:
            raise SourceFailed("made to fail")
        return answer
