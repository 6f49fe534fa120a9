"""The case store in a database: what is asked of it and written to it, as statements."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from audit.entry import Draft
from gateway.cases.database import Database, Named, Rows, Transaction
from gateway.cases.drafts import draft_of, draft_text
from gateway.cases.model import (
    Agreement,
    Case,
    CaseRecord,
    Confirmation,
    Consent,
    ConsentRecord,
    Representation,
)
from gateway.cases.rows import (
    agreements_of,
    case_row,
    cases_of,
    confirmation_of,
    consent_of,
    consent_record_of,
    consent_row,
    key_of,
    party_row,
    readable,
    record_of,
    representation_of,
    waiting_of,
)
from gateway.cases.tables import Kind, Prepared, Statements
from gateway.catalogue.model import Phase
from gateway.errors import CasesUnavailable, SourceFailed, VersionConflict
from gateway.subject import Subject


class SqlCases:
    """Reads what a decision rests on, and writes cases and consents, in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._say = Statements.written_for(database.kind)

    @property
    def kind(self) -> Kind:
        """The kind of database; see `CaseBook.kind`."""
        return self._database.kind

    async def fetch(self, statement: Prepared, named: Named) -> Rows:
        """Return the rows of a room beside this one; see `CaseBook.fetch`."""
        return await self._database.fetch(statement, named)

    async def cases(self, subject: Subject) -> Sequence[Case]:
        """Return every case of this person; see `CaseStore.cases`."""
        rows = await self._database.fetch(self._say.cases, {"subject": key_of(subject)})
        with readable():
            return cases_of(rows)

    async def plans(self, subject: Subject) -> Mapping[str, Sequence[Agreement]]:
        """Return the agreements of this person's cases; see `CaseStore.plans`."""
        rows = await self._database.fetch(self._say.plans, {"subject": key_of(subject)})
        with readable():
            return {str(identity): agreements_of(found) for identity, found in rows}

    async def consents(self, subject: Subject, processing: str) -> Sequence[Consent]:
        """Return the consents ever given for this processing; see `CaseStore.consents`."""
        named = {"subject": key_of(subject), "processing": processing}
        rows = await self._database.fetch(self._say.consents, named)
        with readable():
            return [consent_of(row) for row in rows]

    async def confirmations(self, subject: Subject, purpose: str) -> Sequence[Confirmation]:
        """Return the source holder's confirmations; see `CaseStore.confirmations`."""
        named = {"subject": key_of(subject), "purpose": purpose}
        rows = await self._database.fetch(self._say.confirmations, named)
        with readable():
            return [confirmation_of(purpose, row) for row in rows]

    async def representations(self, subject: Subject) -> Sequence[Representation]:
        """Return the curators, administrators and mentors; see `CaseStore.representations`."""
        rows = await self._database.fetch(self._say.representations, {"subject": key_of(subject)})
        with readable():
            return [representation_of(row) for row in rows]

    async def find_case(self, case_id: str) -> CaseRecord | None:
        """Return the case with everything that is kept of it; see `CaseBook.find_case`."""
        rows = await self._database.fetch(self._say.case, {"id": case_id})
        with readable():
            return record_of(rows) if rows else None

    async def undecided(self, kind: str) -> Mapping[dt.date, int]:
        """Return how many open cases wait for a decision; see `CaseBook.undecided`."""
        named = {"kind": kind, "closed": Phase.CLOSED.value}
        rows = await self._database.fetch(self._say.undecided, named)
        with readable():
            return waiting_of(rows)

    async def find_consent(self, consent_id: str) -> ConsentRecord | None:
        """Return the consent with everything that is kept of it; see `CaseBook.find_consent`."""
        rows = await self._database.fetch(self._say.consent, {"id": consent_id})
        with readable():
            return consent_record_of(rows[0]) if rows else None

    async def standing(self, subject: Subject, processing: str) -> Sequence[ConsentRecord]:
        """Return the consents that were not withdrawn; see `CaseBook.standing`."""
        named = {"subject": key_of(subject), "processing": processing}
        rows = await self._database.fetch(self._say.standing, named)
        with readable():
            return [consent_record_of(row) for row in rows]

    async def unrecorded(self) -> Sequence[Draft]:
        """Return the entries that are still to be recorded; see `CaseBook.unrecorded`."""
        rows = await self._database.fetch(self._say.unrecorded, {})
        with readable():
            return [draft_of(str(draft)) for (draft,) in rows]

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["SqlPen"]:
        """Return a transaction; see `CaseBook.writing`."""
        async with self._database.transaction() as transaction:
            yield SqlPen(transaction, self._say)

    async def forget(self) -> bool:
        """Drop the database's own copies of what was deleted; see `Database.forget`."""
        return await self._database.forget()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


class SqlPen:
    """Writes within one transaction; see `CasePen`."""

    def __init__(self, transaction: Transaction, say: Statements) -> None:
        self._transaction = transaction
        self._say = say

    async def hold(self, subject: Subject) -> Sequence[Case]:
        """Return the cases of this person, with whom nobody else begins; see `CasePen.hold`."""
        named = {"subject": key_of(subject)}
        await self._transaction.run(self._say.hold, named)
        rows = await self._transaction.run(self._say.cases, named)
        try:
            with readable():
                return cases_of(rows)
        except SourceFailed as exc:
            raise CasesUnavailable("the case store holds a row that is none") from exc

    async def insert(self, record: CaseRecord) -> None:
        """Add a case; see `CasePen.insert`."""
        await self._transaction.run(self._say.add_case, case_row(record))
        await self._add_parties(record.case)

    async def update(self, record: CaseRecord) -> None:
        """Put this version in the place of the one before; see `CasePen.update`."""
        of = record.case.id
        rows = await self._transaction.run(self._say.version, {"id": of})
        (current,) = rows[0] if rows else (0,)
        if current != record.version - 1:
            raise VersionConflict(int(str(current)))
        await self._transaction.run(self._say.put_case, {**case_row(record), "of": of})
        await self._transaction.run(self._say.drop_parties, {"of": of})
        await self._add_parties(record.case)

    async def give(self, record: ConsentRecord) -> None:
        """Add a consent; see `CasePen.give`."""
        await self._transaction.run(self._say.add_consent, consent_row(record))

    async def withdraw(self, record: ConsentRecord) -> None:
        """Write down that a consent was withdrawn; see `CasePen.withdraw`."""
        await self._transaction.run(self._say.withdraw, {**consent_row(record), "of": record.id})

    async def put_off(self, draft: Draft) -> None:
        """Keep an entry that is still to be recorded; see `CasePen.put_off`."""
        named = {"request_id": draft.request_id, "draft": draft_text(draft)}
        await self._transaction.run(self._say.add_unrecorded, named)

    async def recorded(self, request_id: str) -> None:
        """Forget an entry that stands in the ledger; see `CasePen.recorded`."""
        await self._transaction.run(self._say.drop_unrecorded, {"of": request_id})

    async def run(self, statement: Prepared, named: Named) -> Rows:
        """Run a statement of a room beside this one; see `CasePen.run`."""
        return await self._transaction.run(statement, named)

    async def _add_parties(self, case: Case) -> None:
        for place in range(len(case.parties)):
            await self._transaction.run(self._say.add_party, party_row(case, place))
