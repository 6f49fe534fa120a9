"""Answers that count, in the one database that all gateways share.

A place is taken before anything is read for an answer, and given back when no answer came of it.
That of a question to a professional is taken with the question, and stays, whatever comes of it.
A gateway that dies in between leaves its place taken: that refuses too much and never too little.
"""

import datetime as dt
import hashlib
import hmac
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from gateway.cases.rows import readable
from gateway.cases.store import CaseBook, CasePen
from gateway.errors import CasesUnavailable, SourceFailed
from gateway.moments import instant_text
from gateway.mosaic.rules import Answered, Bid, Held, Place, Rules, judge
from gateway.mosaic.tables import statements_for
from gateway.subject import Subject

_LOG: Final = logging.getLogger("doelpoort.mosaic")

_LOCK_BYTES: Final = 8
_GROUP: Final = ""
_BETWEEN: Final = " "


class Guard(Protocol):
    """Takes places for answers, and gives them back."""

    async def reserve(self, rules: Rules, bid: Bid) -> Place | Held:
        """Take a place for this answer, or say why there is none now.

        Effects: a place is durable before this returns. The same id takes one place, however often.
        Raises:  CasesUnavailable; then nothing may be answered.
        """
        ...

    async def reserve_with(self, pen: CasePen, rules: Rules, bid: Bid) -> Place | Held:
        """Take a place in this transaction of the case store: it is taken once that is durable.

        Raises:  CasesUnavailable; then nothing may be asked.
        """
        ...

    async def give_back(self, place: Place) -> None:
        """Give a place back, because no answer came of it; when that fails it stays taken."""
        ...


class FreeGuard:
    """Counts nothing and gives everybody a place: for decisions of which no answer leaves."""

    async def reserve(self, rules: Rules, bid: Bid) -> Place | Held:  # noqa: ARG002 (see Guard)
        """Give a place."""
        return Place(bid.id)

    async def reserve_with(
        self,
        pen: CasePen,  # noqa: ARG002 (see Guard)
        rules: Rules,
        bid: Bid,
    ) -> Place | Held:
        """Give a place."""
        return await self.reserve(rules, bid)

    async def give_back(self, place: Place) -> None:
        """Do nothing: no place was taken."""


class SqlGuard:
    """Counts in the database of the case store."""

    def __init__(self, book: CaseBook, key: bytes) -> None:
        self._book = book
        self._key = key
        self._say = statements_for(book.kind)

    async def reserve(self, rules: Rules, bid: Bid) -> Place | Held:
        """Take a place, one request about the same person at a time; see `Guard.reserve`."""
        async with self._book.writing() as pen:
            return await self.reserve_with(pen, rules, bid)

    async def reserve_with(self, pen: CasePen, rules: Rules, bid: Bid) -> Place | Held:
        """Take a place, one request about the same person at a time; see `Guard.reserve_with`.

        A place that is held for these fields is not judged again: it was when it was taken.
        """
        subject = _GROUP if bid.subject is None else hash_of(bid.subject, self._key)
        await pen.run(self._say.alone, {"lock": _lock_of(bid, subject)})
        held = await self._held(pen, bid, subject)
        found: Place | Held = Place(bid.id)
        if bid.subject is None or not held.issuperset(bid.fields):
            found = judge(rules, bid, await self._before(pen, rules, bid, subject))
        if isinstance(found, Place):
            await self._take(pen, _row(bid, subject, held.union(bid.fields)))
        return found

    async def _held(self, pen: CasePen, bid: Bid, subject: str) -> frozenset[str]:
        """Return for which fields a place is held already under this id, by the same requester."""
        named = {
            "of": bid.id,
            "organisation": bid.organisation,
            "purpose": bid.purpose,
            "subject": subject,
        }
        rows = await pen.run(self._say.held, named)
        return frozenset(str(rows[0][0]).split()) if rows else frozenset()

    async def _before(
        self, pen: CasePen, rules: Rules, bid: Bid, subject: str
    ) -> Sequence[Answered]:
        named = {
            "organisation": bid.organisation,
            "subject": subject,
            "since": instant_text(bid.at - rules.reach),
        }
        rows = await pen.run(self._say.before, named)
        try:
            with readable():
                texts = [[str(each) for each in row] for row in rows]
                return [
                    Answered(purpose, frozenset(fields.split()), dt.datetime.fromisoformat(at))
                    for identity, purpose, fields, at in texts
                    if identity != bid.id
                ]
        except SourceFailed as exc:
            raise CasesUnavailable("the answers that count cannot be read") from exc

    async def _take(self, pen: CasePen, row: dict[str, object]) -> None:
        """Add the row, or hold it with another request that is the same in all that counts."""
        joined = {**row, "of": row["id"], "now": row["at"], "merged": row["fields"]}
        if not await pen.run(self._say.join, joined):
            await pen.run(self._say.add, row)

    async def give_back(self, place: Place) -> None:
        """Give a place back; see `Guard.give_back`."""
        try:
            async with self._book.writing() as pen:
                await pen.run(self._say.leave, {"of": place.id})
                await pen.run(self._say.drop, {"of": place.id})
        except CasesUnavailable:
            _LOG.warning("a place is still taken of which no answer came")


async def forget(book: CaseBook, key: bytes, subject: Subject) -> int:
    """Erase that anything was answered about this person, and return how often it was.

    What is erased is which organisation got an answer, for what and when, under a keyed hash of the
    person. From then on the limits about this person count from nothing.

    Raises:  CasesUnavailable.
    """
    async with book.writing() as pen:
        erased = await pen.run(statements_for(book.kind).forget, {"subject": hash_of(subject, key)})
    return len(erased)


async def sweep(book: CaseBook, until: dt.datetime) -> None:
    """Erase the answers from before this moment.

    Raises:  CasesUnavailable.
    """
    async with book.writing() as pen:
        await pen.run(statements_for(book.kind).sweep, {"until": instant_text(until)})


def hash_of(subject: Subject, key: bytes) -> str:
    """Return what stands for a person in the rows: the same for all gateways with this key.

    Shapes:  64 hex digits: HMAC-SHA-256 over the identifier with its type.
    """
    return hmac.digest(key, subject.as_bytes(), "sha256").hex()


def _lock_of(bid: Bid, subject: str) -> int:
    """Return the number under which nobody else counts the same in the meantime."""
    what = "\0".join((bid.organisation, subject or bid.purpose))
    digest = hashlib.sha256(what.encode()).digest()
    return int.from_bytes(digest[:_LOCK_BYTES], "big", signed=True)


def _row(bid: Bid, subject: str, fields: frozenset[str]) -> dict[str, object]:
    return {
        "id": bid.id,
        "organisation": bid.organisation,
        "purpose": bid.purpose,
        "fields": _BETWEEN.join(sorted(fields)),
        "subject": subject,
        "at": instant_text(bid.at),
        "holders": 1,
    }
