"""The seams to the case store: what decisions may ask of it, and how steps are written to it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from audit.entry import Draft
from gateway.cases.database import Named, Rows
from gateway.cases.model import (
    Agreement,
    Case,
    CaseRecord,
    Confirmation,
    Consent,
    ConsentRecord,
    Representation,
)
from gateway.cases.tables import Kind, Prepared
from gateway.subject import Subject


class CaseStore(Protocol):
    """Reads what was recorded about a person by those entitled to record it.

    Every method raises SourceFailed when there is no answer in time.
    """

    async def cases(self, subject: Subject) -> Sequence[Case]:
        """Return every case of this person; none means that the person is not known here."""
        ...

    async def plans(self, subject: Subject) -> Mapping[str, Sequence[Agreement]]:
        """Return the agreements in each case of this person, by the id of the case."""
        ...

    async def consents(self, subject: Subject, processing: str) -> Sequence[Consent]:
        """Return the consents ever given for this processing, withdrawn ones included."""
        ...

    async def confirmations(self, subject: Subject, purpose: str) -> Sequence[Confirmation]:
        """Return the confirmations by the source holder's professional for this purpose."""
        ...

    async def representations(self, subject: Subject) -> Sequence[Representation]:
        """Return who was ever appointed to decide for this person, and in which domain."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class CasePen(Protocol):
    """Writes within one transaction: all of it takes effect when the transaction ends, or nothing.

    Every method raises CasesUnavailable when the database does not do it in time.
    """

    async def hold(self, subject: Subject) -> Sequence[Case]:
        """Return every case of this person; who holds the same person too waits until the end."""
        ...

    async def insert(self, record: CaseRecord) -> None:
        """Add a case."""
        ...

    async def update(self, record: CaseRecord) -> None:
        """Put this version in the place of the one before it, which is held from here on.

        Raises: VersionConflict with the current version when another one came in between.
        """
        ...

    async def give(self, record: ConsentRecord) -> None:
        """Add a consent."""
        ...

    async def withdraw(self, record: ConsentRecord) -> None:
        """Write down that, and on which day, this consent was withdrawn."""
        ...

    async def put_off(self, draft: Draft) -> None:
        """Keep an entry that is still to be recorded in the ledger."""
        ...

    async def recorded(self, request_id: str) -> None:
        """Forget an entry that stands in the ledger now."""
        ...

    async def run(self, statement: Prepared, named: Named) -> Rows:
        """Run a statement over the tables of a room beside this one, in the same transaction."""
        ...


class CaseBook(CaseStore, Protocol):
    """The case store for who works in it: everything of a case, and steps to be written."""

    @property
    def kind(self) -> Kind:
        """The kind of database, for the rooms that keep their tables beside these."""
        ...

    async def fetch(self, statement: Prepared, named: Named) -> Rows:
        """Return the rows of a reading statement over the tables of a room beside this one.

        Raises: SourceFailed when there is no answer in time.
        """
        ...

    async def find_case(self, case_id: str) -> CaseRecord | None:
        """Return the case with everything that the store keeps of it."""
        ...

    async def undecided(self, kind: str) -> Mapping[dt.date, int]:
        """Return how many open cases of this kind wait for a decision, by the day they began."""
        ...

    async def find_consent(self, consent_id: str) -> ConsentRecord | None:
        """Return the consent with everything that the store keeps of it."""
        ...

    async def standing(self, subject: Subject, processing: str) -> Sequence[ConsentRecord]:
        """Return the consents for this processing that nobody withdrew, expired ones included."""
        ...

    async def unrecorded(self) -> Sequence[Draft]:
        """Return the entries that are still to be recorded, the oldest first."""
        ...

    def writing(self) -> AbstractAsyncContextManager[CasePen]:
        """Return a transaction; an error inside it undoes everything.

        Raises: CasesUnavailable at its end when it could not be made durable.
        """
        ...
