"""What a crash cut off: an entry of which nothing came is corrected, whoever repeats its step.

A step that widens is recorded before it takes effect, so a process that ends between the two leaves
an entry for nothing. A repeat makes the thing anew, once, under an entry of its own; this says of
the first that it was not carried out. It follows the log, and looks in the case store for whatever
an entry says was made, once no transaction can be under way any more. Every gateway over the same
store may do so: a correction has one id. The log of this year is followed and no other, so what is
cut off in the last minutes of a year stays as it is.
"""

import datetime as dt
import hashlib
import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from audit.entry import Draft, EntryType, Json, parse_leaf
from audit.errors import DuplicateRequest
from audit.personal import PersonalLog
from audit.reading import LedgerReader
from gateway.cases.desk import Desk
from gateway.cases.entries import GIVEN, correction_draft
from gateway.cases.machine import Step
from gateway.cases.store import CaseBook
from gateway.moments import unix_ms
from gateway.repeats.made_tables import statements_for
from gateway.table.flow import TERM
from gateway.table.tables import statements_for as table_statements_for

_LOG: Final = logging.getLogger("doelpoort.unfinished")

_PATIENCE_MS: Final = 300_000
"""No transaction of the case store stays open for five minutes."""

_BACK_MS: Final = 600_000
"""So far before the last entry a gateway begins to follow: a crash cuts off what comes last."""

_BATCH: Final = 1_000

_VIEW_MS: Final = TERM // dt.timedelta(milliseconds=1)
"""A view is erased after its term; then nothing tells any more whether there was one."""

# Steps that narrow are in effect before they are recorded, so they tell which version was made by
# another step, and are never corrected themselves; looks leave nothing behind.
_NARROWING: Final = frozenset(step.value for step in Step if step.narrows)
_WIDENING: Final = frozenset(
    step.value
    for step in (
        Step.BEGUN,
        Step.JOINED,
        Step.ADVANCED,
        Step.AGREED,
        Step.FULFILLED,
        Step.PROGRESSED,
        Step.STALLED,
        Step.RESUMED,
        Step.DECIDED,
    )
)


@dataclass(frozen=True, slots=True)
class _Made:
    """What an entry says was made: a version of a case, a consent, or a view of a table.

    Units:   at_ms: of the entry, in ms since 1970.
    """

    kind: EntryType
    key: str
    version: int
    at_ms: int
    narrows: bool = False


class Unfinished:
    """Follows one log, and corrects its entries of which nothing came."""

    def __init__(self, log: LedgerReader, personal: PersonalLog) -> None:
        self._log = log
        self._personal = personal
        self._at: int | None = None
        self._open: dict[str, _Made] = {}

    async def look(self, desk: Desk) -> None:
        """Read on, and correct what is old enough and took no effect.

        A view whose term is over is left alone: it was erased, or it never was.

        Effects: one `correction` entry for each, about the same person.
        Raises:  SourceFailed, an AuditError; what was not looked at is looked at the next time.
        """
        if not self._read():
            return
        if not self._due(desk):
            return
        waiting = await desk.book.unrecorded()
        if not self._read():  # What was recorded since waits no more, and stands in the log.
            return
        corrected = {draft.members.get("entry") for draft in waiting}
        elsewhere = {_version_in(draft.members) for draft in waiting}
        for identity in self._due(desk):
            if identity not in corrected and not await self._stands(desk, identity, elsewhere):
                await self._correct(desk, identity)
            del self._open[identity]

    def _due(self, desk: Desk) -> list[str]:
        until_ms = unix_ms(desk.now()) - _PATIENCE_MS
        return [identity for identity, made in self._open.items() if made.at_ms <= until_ms]

    def _read(self) -> bool:
        """Take note of the next entries, and tell whether these were the last."""
        size = self._log.head().size
        if self._at is None:
            self._at = self._beginning(size)
        stop = min(size, self._at + _BATCH)
        for entry in self._log.entries(self._at, stop):
            leaf = {} if entry.leaf is None else parse_leaf(entry.leaf)
            made = _made_by(entry.request_id, leaf)
            if made is not None:
                self._open[entry.request_id] = made
            elif leaf.get("type") == EntryType.CORRECTION:
                self._open.pop(str(leaf.get("entry")), None)
        self._at = stop
        return stop == size

    def _beginning(self, size: int) -> int:
        last = [parse_leaf(each.leaf) for each in self._log.entries(size - 1, size) if each.leaf]
        return self._log.index_at(_time_of(last[0]) - _BACK_MS) if last else size

    async def _stands(
        self, desk: Desk, identity: str, elsewhere: AbstractSet[tuple[object, object]]
    ) -> bool:
        """Tell whether what an entry says was made, or nothing tells any more.

        `elsewhere` are the versions that steps made whose entries are still to come.
        """
        made = self._open[identity]
        if made.narrows or (made.kind == EntryType.DISCLOSURE and _is_erased(made, desk)):
            return True
        taken = (made.key, made.version)
        if made.version and (taken in elsewhere or self._is_made_again(identity, taken)):
            return False
        return await _is_there(desk.book, made)

    def _is_made_again(self, identity: str, taken: tuple[str, int]) -> bool:
        """Tell whether a later entry made the same version, which is made once: by the last."""
        names = list(self._open)
        later = (self._open[name] for name in names[names.index(identity) + 1 :])
        return any((each.key, each.version) == taken for each in later)

    async def _correct(self, desk: Desk, identity: str) -> None:
        subjects = [each.particulars.subject for each in self._personal.persons_of(identity)]
        if not subjects:
            return  # The person was erased, and what was made went with the data.
        told = Draft(EntryType.CORRECTION, identity, {}, subject=subjects[0])
        with suppress(DuplicateRequest):
            await desk.ledger.append(correction_draft(told, _correction_id(identity)))
            _LOG.warning("a step that a crash cut off is corrected in the ledger")


async def _is_there(book: CaseBook, made: _Made) -> bool:
    say = statements_for(book.kind)
    match made.kind:
        case EntryType.CASE:
            named: dict[str, object] = {"key": made.key, "version": made.version}
            return bool(await book.fetch(say.case, named))
        case EntryType.CONSENT:
            return bool(await book.fetch(say.consent, {"key": made.key}))
        case _:
            view = table_statements_for(book.kind).one
            return bool(await book.fetch(view, {"of": made.key}))


def _is_erased(view: _Made, desk: Desk) -> bool:
    return view.at_ms <= unix_ms(desk.now()) - _VIEW_MS


def _version_in(members: Mapping[str, Json]) -> tuple[object, object]:
    return members.get("case"), members.get("version")


def _made_by(identity: str, leaf: Mapping[str, Json]) -> _Made | None:
    """Return what this entry says was made in the case store, if anything."""
    match leaf:
        case {"type": EntryType.CASE, "case": str(key), "step": str(step), "version": int(version)}:
            made = _Made(EntryType.CASE, key, version, _time_of(leaf), step in _NARROWING)
            return made if step in _WIDENING | _NARROWING else None
        case {"type": EntryType.CONSENT, "consent": str(key), "step": str(step)}:
            return _Made(EntryType.CONSENT, key, 0, _time_of(leaf)) if step == GIVEN else None
        case {"type": EntryType.DISCLOSURE, "table": str()}:
            return _Made(EntryType.DISCLOSURE, identity, 0, _time_of(leaf))
    return None


def _time_of(leaf: Mapping[str, Json]) -> int:
    return int(str(leaf["time"]))


def _correction_id(identity: str) -> str:
    """Return the one id of the correction of this entry, so that it stands there once."""
    return hashlib.sha256(b"not carried out\0" + identity.encode()).hexdigest()[:32]
