"""Messages and reviews in the database of the case store: what is asked of it and written to it."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum

from gateway.cases.rows import readable
from gateway.cases.store import CaseBook, CasePen
from gateway.cases.tables import Kind
from gateway.citizen.tables import Statements
from gateway.emergency.model import Review
from gateway.subject import Subject

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_MOST_REVIEWS = 200


class State(StrEnum):
    """How a message stands; what was given up waits for a person to look at it."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A message that must go out: what it says, and from when.

    Shapes:  id: 32 hex digits, the same at every attempt; payload: JSON, with personal data.
    """

    id: str
    kind: str
    payload: str
    due_at: dt.datetime
    attempts: int = 0


class Following:
    """One turn of following a log, within one transaction: all of it counts, or nothing."""

    def __init__(self, pen: CasePen, say: Statements, log: str, position: int) -> None:
        self._pen = pen
        self._say = say
        self._log = log
        self.position = position

    async def add_message(self, message: Message) -> None:
        """Add a message that waits."""
        row = {**asdict(message), "due_at": text_of(message.due_at), "state": State.WAITING.value}
        await self._pen.run(self._say.add_message, row)

    async def add_review(self, review: Review) -> None:
        """Add a disclosure in an emergency that somebody must judge."""
        row = asdict(review)
        row |= {name: text_of(row[name]) for name in ("used_at", "review_by")}
        await self._pen.run(self._say.add_review, row)

    async def move(self, position: int) -> None:
        """Write down how far the log was followed."""
        await self._pen.run(self._say.move, {"of": self._log, "to": position})


class Judging:
    """One review, held until it is judged or let go."""

    def __init__(self, pen: CasePen, say: Statements, review: Review | None) -> None:
        self._pen = pen
        self._say = say
        self.review = review

    async def judge(self, review: Review, verdict: str) -> None:
        """Write the verdict down, and forget who it was about."""
        await self._pen.run(self._say.judge, {"of": review.entry, "to": verdict, "nobody": ""})


class SqlMessages:
    """Reads and writes messages and reviews in SQL.

    Reading raises SourceFailed and writing CasesUnavailable when the database does not do it.
    """

    def __init__(self, book: CaseBook) -> None:
        self._book = book
        self._say = Statements.written_for(book.kind)

    @asynccontextmanager
    async def following(self, log: str) -> AsyncIterator[Following]:
        """Return a turn of following this log; others who follow it wait until it ends."""
        async with self._book.writing() as pen:
            await pen.run(self._say.begin, {"log": log, "position": 0})
            [[position]] = await pen.run(self._say.position, {"of": log})
            yield Following(pen, self._say, log, int(str(position)))

    async def due(self, now: dt.datetime, most: int) -> Sequence[Message]:
        """Return messages that are to go out now, the longest waiting first."""
        named = {"state": State.WAITING.value, "now": text_of(now), "most": most, "start": 0}
        rows = await self._book.fetch(self._say.due, named)
        with readable():
            return [
                Message(str(id_), str(kind), str(payload), instant_of(due), int(str(attempts)))
                for id_, kind, payload, due, attempts in rows
            ]

    async def claim(self, message: Message, until: dt.datetime) -> bool:
        """Count an attempt and keep others off the message until then; False if one was faster."""
        async with self._book.writing() as pen:
            named = {"of": message.id, "state": State.WAITING.value}
            rows = await pen.run(self._say.claim, named)
            if not rows or rows[0][0] != text_of(message.due_at):
                return False
            await self._put(pen, message, State.WAITING, until)
            return True

    async def settle(self, message: Message, state: State) -> None:
        """Write down what became of a message; what arrived is not kept."""
        async with self._book.writing() as pen:
            await self._put(pen, message, state, message.due_at)

    async def dead(self) -> int:
        """Return how many messages were given up."""
        return await self._count("dead", {"state": State.DEAD.value})

    async def overdue(self, now: dt.datetime) -> int:
        """Return how many disclosures in an emergency nobody judged in time."""
        return await self._count("overdue", {"now": text_of(now)})

    async def reviews(self) -> Sequence[Review]:
        """Return the disclosures in an emergency that nobody has judged, the most urgent first."""
        rows = await self._book.fetch(self._say.reviews, {"most": _MOST_REVIEWS, "start": 0})
        with readable():
            return [_review_of(row) for row in rows]

    async def find_review(self, entry: str) -> Review | None:
        """Return one of them, judged or not."""
        async with self.judging(entry) as held:
            return held.review

    @asynccontextmanager
    async def judging(self, entry: str) -> AsyncIterator[Judging]:
        """Return one of them, held for whoever judges it; an error undoes what was written."""
        async with self._book.writing() as pen:
            rows = await pen.run(self._say.review, {"of": entry})
            with readable():
                review = _review_of(rows[0]) if rows else None
            yield Judging(pen, self._say, review)

    async def _put(self, pen: CasePen, message: Message, state: State, due_at: dt.datetime) -> None:
        named = {
            "of": message.id,
            "payload": "" if state is State.DELIVERED else message.payload,
            "state": state.value,
            "due_at": text_of(due_at),
            "attempts": message.attempts + (state is State.WAITING),
        }
        await pen.run(self._say.put_message, named)

    async def _count(self, statement: str, named: dict[str, object]) -> int:
        rows = await self._book.fetch(getattr(self._say, statement), named)
        with readable():
            return int(str(rows[0][0]))


async def erase_messages(pen: CasePen, kind: Kind, subject: Subject) -> int:
    """Erase what is to be told to this person and was not, and return how many messages it was.

    Effects: whoever follows a log waits until the transaction ends, so that no message comes of
             what was read before the person was erased there.
    """
    say = Statements.written_for(kind)
    await pen.run(say.followers, {})
    return len(await pen.run(say.erase, {"person": subject.as_json()}))


def text_of(at: dt.datetime) -> str:
    """Return an instant as it is written down."""
    return at.astimezone(dt.UTC).strftime(_FORM)


def instant_of(text: object) -> dt.datetime:
    """Return an instant that was written down.

    Raises: ValueError.
    """
    return dt.datetime.strptime(str(text), _FORM).replace(tzinfo=dt.UTC)


def _review_of(row: Sequence[object]) -> Review:
    entry, used_at, *words, review_by, verdict = row
    organisation, role, purpose, reason, used_by = map(str, words)
    return Review(
        str(entry),
        instant_of(used_at),
        organisation,
        role,
        purpose,
        reason,
        used_by,
        instant_of(review_by),
        None if verdict is None else str(verdict),
    )
