"""Honest fakes for the facts: a case store and a register that hold what a test puts in."""

import datetime as dt
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from typing_extensions import override

from audit.entry import Draft, Receipt
from audit.errors import DuplicateRequest
from gateway.cases.desk import Desk
from gateway.cases.finder import FactFinder
from gateway.cases.migrate import migrate
from gateway.cases.model import (
    Actor,
    Agreement,
    Case,
    Confirmation,
    Consent,
    Representation,
)
from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases, SqlPen
from gateway.catalogue.model import Catalogue
from gateway.errors import CasesUnavailable, SourceFailed
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
    agreed: Mapping[str, Sequence[Agreement]] = field(default_factory=dict)

    async def cases(self, _subject: Subject) -> Sequence[Case]:
        """Return the cases."""
        self._note("cases")
        return self.found

    async def plans(self, _subject: Subject) -> Mapping[str, Sequence[Agreement]]:
        """Return the agreements in the cases."""
        self._note("plans")
        return self.agreed

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


@dataclass
class MemoryLedger:
    """A ledger in memory that takes each id once; `failures` are raised first, one an append."""

    drafts: list[Draft] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    async def append(self, draft: Draft) -> Receipt:
        """Keep the entry."""
        if self.failures:
            raise self.failures.pop(0)
        if draft.request_id in {each.request_id for each in self.drafts}:
            raise DuplicateRequest("scripted")
        self.drafts.append(draft)
        return Receipt("memory", len(self.drafts) - 1, draft.request_id, b"{}", b"proof")

    @property
    def steps(self) -> list[object]:
        """The words of the steps so far."""
        return [draft.members.get("step", draft.members.get("reason")) for draft in self.drafts]


class UncertainCases(SqlCases):
    """A case store whose next transactions cannot be made durable."""

    fails = 0

    @override
    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SqlPen]:
        """Undo the transaction at its end, as a disk does that is full."""
        async with super().writing() as pen:
            yield pen
            if self.fails:
                self.fails -= 1
                raise CasesUnavailable("scripted")


@dataclass
class Clock:
    """A clock that a test sets."""

    at: dt.datetime

    def __call__(self) -> dt.datetime:
        """Return the time that was set."""
        return self.at


def counted() -> Callable[[int], bytes]:
    """Return random bytes that count, so that no two are the same."""
    count = itertools.count(1)
    return lambda size: next(count).to_bytes(size, "big")


def desk_over(
    book: SqlCases, catalogue: Catalogue, clock: Clock, registers: MemorySource | None = None
) -> tuple[Desk, MemoryLedger]:
    """Return a desk over a real store, with a ledger in memory."""
    ledger = MemoryLedger()
    source = registers or MemorySource({"brp": [{"geboortedatum": "1983-03-27"}]})
    facts = FactFinder(book, source)
    return Desk(catalogue, book, facts, ledger, clock, counted()), ledger


def new_store(folder: Path) -> SqlCases:
    """Return an empty case store in a file of this folder."""
    url = f"sqlite:///{folder / 'zaken.db'}"
    migrate(url)
    return open_cases(url)


COORDINATOR = Actor("gem-regie", "casuscoordinator", "medewerker-1")
TEAM = Actor("wijkteam-noord", "regisseur-wijkteam", "medewerker-2")
CARE = Actor("ggz-rivierzicht", "spv-ggz", "medewerker-3")
LANDLORD = Actor("corporatie-woonvast", "corporatie-consulent", "medewerker-4")
STRANGER = Actor("gem-toegang-wmo", "consulent-wmo", "medewerker-5")
