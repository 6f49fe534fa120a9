"""Questions in the database of the case store: what is asked of it, and what is written to it."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.cases.database import Named, Rows
from gateway.cases.rows import key_of, readable
from gateway.cases.store import CaseBook, CasePen
from gateway.cases.tables import Kind
from gateway.catalogue.model import Requester
from gateway.errors import CasesUnavailable, SourceFailed
from gateway.inbox.model import Asker, Message, Question, Reply, State
from gateway.inbox.tables import SAME, statements_for
from gateway.moments import instant_text
from gateway.subject import Subject, parse_bsn
from gateway.webhooks import MOST_ATTEMPTS

_LOCK_BYTES: Final = 8


async def find_question(book: CaseBook, identity: str) -> Question | None:
    """Return the question.

    Raises: CasesUnavailable.
    """
    found = await _fetched(book, "one", {"of": identity})
    return found[0] if found else None


async def open_questions(book: CaseBook, holder: Requester, day: dt.date) -> Sequence[Question]:
    """Return what this role at this organisation can answer today, the most urgent first.

    Raises: CasesUnavailable.
    """
    named = {"holder": holder.organisation, "holder_role": holder.role, "day": day.isoformat()}
    return await _fetched(book, "open", named)


async def late_questions(book: CaseBook, day: dt.date) -> Sequence[Question]:
    """Return questions whose term ended before this day and that are still open on paper.

    Raises: CasesUnavailable.
    """
    return await _fetched(book, "late", {"day": day.isoformat()})


async def messages(book: CaseBook, now: dt.datetime) -> Sequence[Message]:
    """Return the ends that are to be told by now, the oldest first; not those given up.

    Raises: CasesUnavailable.
    """
    statement = statements_for(book.kind).to_tell
    try:
        rows = await book.fetch(statement, {"now": instant_text(now), "most": MOST_ATTEMPTS})
        with readable():
            return [Message(str(of), str(client), int(str(tries))) for of, client, tries in rows]
    except SourceFailed as exc:
        raise CasesUnavailable("the case store gave no answer") from exc


class QuestionPen:
    """Writes questions within a transaction of the case store; see `CasePen`."""

    def __init__(self, pen: CasePen, kind: Kind) -> None:
        self._pen = pen
        self._say = statements_for(kind)

    async def add(self, question: Question) -> None:
        """Add a question that is open."""
        await self._pen.run(
            self._say.add,
            {
                "id": question.id,
                "release_id": question.release_id,
                **_same(question),
                "request": question.request,
                "asked_at": instant_text(question.asked_at),
                "until": question.until.isoformat(),
                "state": State.OPEN.value,
                "answer": None,
                "ended_at": None,
                "reminded_on": None,
                "tell_at": None,
                "tell_tries": 0,
            },
        )

    async def find_same(self, question: Question, day: dt.date) -> Question | None:
        """Return the question that asks the same of the same, and can be answered on this day.

        Effects: nobody else adds one in the meantime, until the transaction ends.
        """
        same = _same(question)
        await self._pen.run(self._say.alone, {"lock": _lock_of(same)})
        rows = await self._pen.run(self._say.same, {**same, "day": day.isoformat()})
        return next((each for each in _questions(rows) if each.terms == question.terms), None)

    async def hold(self, identity: str) -> Question | None:
        """Return the question as it is now, and keep it so until the transaction ends."""
        rows = await self._pen.run(self._say.held, {"of": identity})
        found = _questions(rows)
        return found[0] if found else None

    async def end(self, question: Question, reply: Reply | None, at: dt.datetime) -> None:
        """Write down that a question was answered, declined or, without a reply, has expired."""
        states = {None: State.EXPIRED, Reply.DECLINE: State.DECLINED}
        instant = instant_text(at)
        named = {
            "of": question.id,
            "state": states.get(reply, State.ANSWERED).value,
            "answer": None if reply is None else reply.value,
            "ended_at": instant,
            "tell_at": instant,
        }
        await self._pen.run(self._say.end, named)

    async def remind(self, question: Question, day: dt.date) -> None:
        """Write down that the professional was reminded on this day."""
        named = {"of": question.id, "reminded_on": day.isoformat()}
        await self._pen.run(self._say.remind, named)

    async def forget(self, before: dt.datetime) -> None:
        """Erase the questions that came to their end before this moment."""
        await self._pen.run(self._say.forget, {"before": instant_text(before)})

    async def erase(self, subject: Subject) -> int:
        """Erase every question about this person, open ones too, and return how many there were."""
        return len(await self._pen.run(self._say.erase, {"subject": key_of(subject)}))

    async def claim(self, message: Message, again_at: dt.datetime) -> bool:
        """Count a try and keep others off this end until then; False when one was faster."""
        named = {
            "of": message.question,
            "tries": message.tries,
            "tell_at": instant_text(again_at),
        }
        return bool(await self._pen.run(self._say.claim, named))

    async def told(self, message: Message) -> None:
        """Write down that there is nothing left to tell of this end."""
        await self._pen.run(self._say.told, {"of": message.question})


def _same(question: Question) -> dict[str, str]:
    """Return what two questions have in common when they are one, beside their terms."""
    asker, holder = question.asker, question.holder
    return {
        "holder": holder.organisation,
        "holder_role": holder.role,
        "subject": key_of(question.subject),
        "purpose": question.purpose,
        "client": asker.client,
        "organisation": asker.organisation,
        "role": asker.role,
        "professional": asker.professional,
    }


def _lock_of(same: Mapping[str, str]) -> int:
    """Return the number under which nobody else asks the same in the meantime."""
    digest = hashlib.sha256("\0".join(same[name] for name in SAME).encode()).digest()
    return int.from_bytes(digest[:_LOCK_BYTES], "big", signed=True)


async def _fetched(book: CaseBook, name: str, named: Named) -> list[Question]:
    try:
        rows = await book.fetch(getattr(statements_for(book.kind), name), named)
        return _questions(rows)
    except SourceFailed as exc:
        raise CasesUnavailable("the case store gave no answer") from exc


def _questions(rows: Rows) -> list[Question]:
    with readable():
        return [_question([None if each is None else str(each) for each in row]) for row in rows]


def _question(row: Sequence[str | None]) -> Question:
    texts = [each or "" for each in row]
    reply, ended_at, reminded_on = row[14:]
    return Question(
        id=texts[0],
        release_id=texts[1],
        subject=parse_bsn(texts[2].removeprefix("bsn:")),
        purpose=texts[3],
        asker=Asker(*texts[4:8]),
        holder=Requester(role=texts[9], organisation=texts[8]),
        request=texts[10],
        asked_at=dt.datetime.fromisoformat(texts[11]),
        until=dt.date.fromisoformat(texts[12]),
        state=State(texts[13]),
        reply=None if reply is None else Reply(reply),
        ended_at=None if ended_at is None else dt.datetime.fromisoformat(ended_at),
        reminded_on=None if reminded_on is None else dt.date.fromisoformat(reminded_on),
    )
