"""Where steps are taken: recorded before they widen anything, in effect before they narrow it.

A step that widens is written in a transaction that stays open until the entry stands in the ledger,
so that nobody sees it earlier, and nobody else changes the same case in the meantime. A step that
narrows is written together with its entry; the ledger gets the entry right after, and again until
it has it.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from audit.entry import Draft, Receipt, new_request_id
from audit.errors import AuditError, DuplicateRequest
from gateway.cases.entries import correction_draft
from gateway.cases.finder import FactFinder
from gateway.cases.machine import Machine, Moment
from gateway.cases.model import Actor, Case, CaseRecord, ConsentRecord
from gateway.cases.store import CaseBook, CasePen
from gateway.catalogue.model import Catalogue
from gateway.errors import CasesUnavailable, SourceFailed
from gateway.moments import home_day, unix_ms
from gateway.subject import Subject

_LOG = logging.getLogger("doelpoort.cases")

_ID_BYTES = 16

Write = Callable[[CasePen], Awaitable[None]]

T = TypeVar("T")

Keep = Callable[[T, str | None], Awaitable[Write]]
"""Returns, for what is made and the id of its entry, what is written together with it."""


async def keep_nothing(_made: object, _entry: str | None) -> Write:
    """Keep nothing beside what is made."""

    async def write(_: CasePen) -> None:
        """Write nothing."""

    return write


class Appender(Protocol):
    """The writing side of the ledger."""

    async def append(self, draft: Draft) -> Receipt:
        """Record an entry, durable when this returns.

        Raises: an AuditError when it is not; DuplicateRequest when it has stood there before.
        """
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What steps in cases are taken with, under one revision of the policy."""

    catalogue: Catalogue
    book: CaseBook
    facts: FactFinder
    ledger: Appender
    now: Callable[[], dt.datetime]
    random: Callable[[int], bytes]

    def moment(self) -> Moment:
        """Return the time, with the day that it is where the people live."""
        at = self.now()
        return Moment(at.astimezone(dt.UTC), home_day(at))

    def machine(self, actor: Actor) -> Machine:
        """Return the rules for this actor, now."""
        return Machine(self.catalogue, actor, self.moment())

    def new_key(self) -> str:
        """Return 32 hex digits that say nothing."""
        return self.random(_ID_BYTES).hex()

    def new_entry_id(self) -> str:
        """Return the id of a new entry."""
        return new_request_id(unix_ms(self.now()), self.random)

    async def find_case(self, case_id: str) -> CaseRecord | None:
        """Return the case.

        Raises: CasesUnavailable.
        """
        return await _available(self.book.find_case(case_id))

    async def find_consent(self, consent_id: str) -> ConsentRecord | None:
        """Return the consent.

        Raises: CasesUnavailable.
        """
        return await _available(self.book.find_consent(consent_id))

    async def standing_consents(self, subject: Subject, processing: str) -> Sequence[ConsentRecord]:
        """Return the consents of this person for a processing that were not withdrawn.

        Raises: CasesUnavailable.
        """
        return await _available(self.book.standing(subject, processing))

    async def cases_with(self, actor: Actor, subject: Subject) -> list[Case]:
        """Return the open cases of this person in which the actor takes part today.

        Raises: CasesUnavailable.
        """
        day = self.moment().day
        return [
            case
            for case in await _available(self.book.cases(subject))
            if case.is_open and case.has_party(actor.organisation, actor.role, day)
        ]

    async def record_then_write(self, draft: Draft, write: Write) -> Receipt:
        """Take a step that widens: in the ledger first, and in effect only then.

        Effects: nothing when anything fails; an entry that was made for nothing is corrected.
        Raises:  VersionConflict, CasesUnavailable, an AuditError.
        """
        [receipt] = await self.record_all_then_write([draft], write)
        return receipt

    async def record_all_then_write(self, drafts: Sequence[Draft], write: Write) -> list[Receipt]:
        """Take a step of several entries that widens: all of it in the ledger, or none in effect.

        What `write` finds may decide what is recorded: `drafts` is read once that is done.

        Effects: as `record_then_write`; of entries of which one could not be made, those that were
                 made are corrected.
        Raises:  VersionConflict, CasesUnavailable, an AuditError.
        """
        return await _to_the_end(self._record_then_write(drafts, write))

    async def write_then_record(self, draft: Draft, write: Write) -> Receipt | None:
        """Take a step that narrows: in effect at once; None when its entry follows later.

        Raises: VersionConflict, CasesUnavailable; then nothing took effect.
        """
        return await _to_the_end(self._write_then_record(draft, write))

    async def settle(self) -> int:
        """Record what took effect without an entry, and return how much of it is left.

        Effects: entries under the ids that they were given at first, so each stands there once.
        Raises:  CasesUnavailable.
        """
        for draft in await _available(self.book.unrecorded()):
            await self._record_put_off(draft)
        return len(await _available(self.book.unrecorded()))

    async def _record_then_write(self, drafts: Sequence[Draft], write: Write) -> list[Receipt]:
        receipts: list[Receipt] = []
        try:
            async with self.book.writing() as pen:
                await write(pen)
                for draft in drafts:
                    receipts.append(await self.ledger.append(draft))  # noqa: PERF401 (to correct)
        except (AuditError, CasesUnavailable):
            for draft in drafts[: len(receipts)]:
                await self._correct(draft)
            raise
        return receipts

    async def _write_then_record(self, draft: Draft, write: Write) -> Receipt | None:
        async with self.book.writing() as pen:
            await write(pen)
            await pen.put_off(draft)
        return await self._record_put_off(draft)

    async def _record_put_off(self, draft: Draft) -> Receipt | None:
        """Record an entry that is kept, and forget it once it stands in the ledger."""
        receipt: Receipt | None = None
        try:
            receipt = await self.ledger.append(draft)
        except DuplicateRequest:
            _LOG.info("an entry of a step stood in the ledger already")
        except AuditError as exc:
            _LOG.error("a step is in effect and not yet recorded: %s", type(exc).__name__)
            return None
        try:
            async with self.book.writing() as pen:
                await pen.recorded(draft.request_id)
        except CasesUnavailable:
            _LOG.error("an entry that was recorded is still kept; it will be offered again")
        return receipt

    async def _correct(self, draft: Draft) -> None:
        """Say in the ledger that an entry was not carried out; kept for later when that fails."""
        correction = correction_draft(draft, self.new_entry_id())
        try:
            async with self.book.writing() as pen:
                await pen.put_off(correction)
        except CasesUnavailable:
            _LOG.error("a correction is not kept; it is recorded now or never")
        await self._record_put_off(correction)


async def _to_the_end(step: Coroutine[Any, Any, T]) -> T:
    """Carry a step out to its end, also when whoever asked for it is cut off halfway."""
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _available(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except SourceFailed as exc:
        raise CasesUnavailable("the case store gave no answer") from exc
