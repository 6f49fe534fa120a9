"""The way of one question; each function is a list.

1. asked: kept together with the entry that says that nothing was released;
   who asked the same and still waits, has the question that is open            (`ask`)
2. listed for and read by the professional of the source holder, recorded
   before it is shown                                                           (`inbox`, `read`)
3. answered, once, by somebody else than who asked; or its term ends            (`answer`, `expire`)
4. collected: decided again on the facts of now, and released once              (`collect`)
5. erased                                                                       (`forget`)
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from audit.entry import Draft, Receipt
from audit.errors import DuplicateRequest
from gateway.answer import RELEASED, Answer, pending
from gateway.cases.desk import Desk
from gateway.cases.model import Actor
from gateway.cases.refusals import CaseCode
from gateway.cases.store import CasePen
from gateway.catalogue.model import Requester
from gateway.catalogue.values.working_days import add_working_days, is_working_day
from gateway.counting import hold_place, record
from gateway.decision.model import Permit, Reason, Refuse
from gateway.disclosure import Gate, decide, fulfil
from gateway.errors import CaseRefused, NotFound
from gateway.inbox.entries import (
    ANSWERED,
    READ,
    REMINDED,
    answer_draft,
    expiry_draft,
    listing_draft,
    step_draft,
)
from gateway.inbox.model import VALUES, Asker, Question, Reply, State
from gateway.inbox.store import QuestionPen, find_question, late_questions, open_questions
from gateway.mosaic.rules import Held
from gateway.outcome import Ready, refused, released
from gateway.outcome import waiting as entry_of_waiting
from gateway.passage import Passage, Word
from gateway.repeats.once import Earlier, digest_of, under

UNANSWERED = "unanswered"
"""The outcome of a question that its professional did not answer; why not is not told."""

_KEPT = dt.timedelta(days=14)
"""How long an ended question is kept, for the requester to collect what came of it."""


async def ask(
    gate: Gate, desk: Desk, client: str, passage: Passage, lacks: Refuse, hoped: Permit
) -> tuple[Answer, Receipt]:
    """Keep a question, recorded before it is there, and return the answer that it waits.

    Who asked the same before and still waits is told of that question; who may not be answered as
    often is refused before anybody is asked. Each of these requests has an entry of its own.

    Raises: CasesUnavailable, an AuditError.
    """
    question = _question(desk, client, passage)
    outcomes: list[Answer] = []
    drafts: list[Draft] = []

    async def write(pen: CasePen) -> None:
        kept = await _keep(gate, desk, pen, question, (passage, hoped))
        answer, draft = _told(gate, passage, lacks, kept)
        outcomes.append(answer)
        drafts.append(draft)

    [receipt] = await desk.record_all_then_write(drafts, write)
    return outcomes[0], receipt


async def _keep(
    gate: Gate, desk: Desk, pen: CasePen, question: Question, asked: tuple[Passage, Permit]
) -> Question | Held:
    """Return the question that is open from now on, an earlier one if there is; or why none is."""
    questions = QuestionPen(pen, desk.book.kind)
    earlier = await questions.find_same(question, desk.moment().day)
    if earlier is None:
        # An idempotency key may come twice at once; the ledger tells the second from here.
        earlier = await questions.hold(question.id)
    if earlier is not None:
        return earlier
    passage, hoped = asked
    held = await hold_place(gate, pen, under(passage, question.release_id, b""), hoped)
    if held is None:
        await questions.add(question)
    return held or question


def _told(
    gate: Gate, passage: Passage, lacks: Refuse, kept: Question | Held
) -> tuple[Answer, Draft]:
    """Return what the requester hears, and the entry of it."""
    if isinstance(kept, Held):
        too_often = (Reason(kept.code, again=kept.again),)
        return refused(gate.catalogue, passage, replace(lacks, reasons=too_often))
    again = kept.id != passage.envelope.request_id
    answer = pending(kept.id, kept.until, again=again)
    draft = entry_of_waiting(gate.catalogue, passage, lacks, answer)
    return answer, _linked(draft, kept) if again else draft


def _question(desk: Desk, client: str, passage: Passage) -> Question:
    purpose, subject = passage.declaration.purpose, passage.request.subject
    if purpose is None or purpose.answer is None or subject is None:
        raise AssertionError("only a question about a person, with somebody to answer it, waits")
    caller, moment = passage.caller, desk.moment()
    return Question(
        id=passage.envelope.request_id,
        release_id=desk.new_entry_id(),
        subject=subject,
        purpose=purpose.id,
        asker=Asker(client, caller.organisation, caller.role, caller.professional),
        holder=purpose.answer.by,
        request=passage.envelope.body.decode(),
        asked_at=moment.at,
        until=add_working_days(moment.day, purpose.answer.within_days),
    )


async def inbox(desk: Desk, actor: Actor) -> Sequence[Question]:
    """Return the questions that this role at this organisation can answer now.

    Effects: one entry, whatever the number of questions; none where there is no question to tell.
    Raises:  CasesUnavailable, an AuditError; then none is told.
    """
    found = await open_questions(desk.book, _hat(actor), desk.moment().day)
    if found:
        draft = listing_draft(desk.catalogue, actor, desk.new_entry_id())
        await desk.ledger.append(draft)
    return found


async def read(desk: Desk, actor: Actor, identity: str) -> Question:
    """Return an open question with the person it is about, once that is recorded.

    Raises: NotFound, CasesUnavailable, an AuditError.
    """
    question = await _held_by(desk, actor, identity)
    if question.state_on(desk.moment().day) is not State.OPEN:
        raise NotFound("no open question of this source holder")
    draft = step_draft(desk.catalogue, actor, question, READ, desk.new_entry_id())
    await desk.ledger.append(draft)
    return question


async def answer(
    desk: Desk, who: Asker, identity: str, reply: Reply, reason: str | None = None
) -> Receipt:
    """Answer a question, recorded before the answer counts; `who` is the one who answers.

    Raises: NotFound, CaseRefused for a second answer, one that is too late or to one's own
            question, CasesUnavailable, an AuditError.
    """
    actor = Actor(who.organisation, who.role, who.professional)
    question = await _held_by(desk, actor, identity)
    asker = question.asker
    if (who.client, who.professional) == (asker.client, asker.professional):
        raise CaseRefused(CaseCode.OWN_QUESTION)
    step = step_draft(desk.catalogue, actor, question, ANSWERED, desk.new_entry_id())
    moment = desk.moment()

    async def write(pen: CasePen) -> None:
        questions = QuestionPen(pen, desk.book.kind)
        await _hold_open(questions, identity, moment.day)
        await questions.end(question, reply, moment.at)

    return await desk.record_then_write(answer_draft(step, reply, reason), write)


async def remind(desk: Desk, actor: Actor, identity: str) -> Receipt:
    """Remind the professional, on working days and once a day.

    Raises: NotFound, CaseRefused, CasesUnavailable, an AuditError.
    """
    question = await find_asked(desk, actor, identity)
    day = desk.moment().day
    if not is_working_day(day):
        raise CaseRefused(CaseCode.NOT_A_WORKING_DAY)
    draft = step_draft(desk.catalogue, actor, question, REMINDED, desk.new_entry_id())

    async def write(pen: CasePen) -> None:
        questions = QuestionPen(pen, desk.book.kind)
        current = await _hold_open(questions, identity, day)
        if current.reminded_on == day:
            raise CaseRefused(CaseCode.REMINDED_TODAY)
        await questions.remind(question, day)

    return await desk.record_then_write(draft, write)


async def expire(desk: Desk) -> None:
    """Write down which questions nobody answered in time; they ended when their term did.

    Raises: CasesUnavailable.
    """
    moment = desk.moment()
    for question in await late_questions(desk.book, moment.day):
        await _expire(desk, question, moment.at)


async def _expire(desk: Desk, question: Question, at: dt.datetime) -> None:
    draft = expiry_draft(desk.catalogue, question, desk.new_entry_id())

    async def write(pen: CasePen) -> None:
        questions = QuestionPen(pen, desk.book.kind)
        current = await questions.hold(question.id)
        if current is None or current.state is not State.OPEN:
            raise CaseRefused(CaseCode.QUESTION_ENDED)
        await questions.end(question, None, at)

    try:
        await desk.write_then_record(draft, write)
    except CaseRefused:
        return  # Another gateway over the same store wrote it down, and recorded it.


async def forget(desk: Desk) -> None:
    """Erase the questions that ended long enough ago.

    Raises: CasesUnavailable.
    """
    async with desk.book.writing() as pen:
        await QuestionPen(pen, desk.book.kind).forget(desk.moment().at - _KEPT)


async def find_asked(desk: Desk, actor: Actor, identity: str) -> Question:
    """Return a question that this very professional asked, in this role.

    Raises: NotFound, CasesUnavailable.
    """
    question = await find_question(desk.book, identity)
    if question is None or (
        question.asker.organisation,
        question.asker.role,
        question.asker.professional,
    ) != (actor.organisation, actor.role, actor.professional):
        raise NotFound("no such question of this professional")
    return question


def waiting(question: Question, day: dt.date) -> Answer | None:
    """Return what there is to tell of a question without an answer; None when there is one."""
    state = question.state_on(day)
    if state is State.ANSWERED:
        return None
    if state is State.OPEN:
        return pending(question.id, question.until)
    return Answer(
        RELEASED,
        {
            "disclosure_id": question.id,
            "outcome": UNANSWERED,
            "message": "De professional die het antwoord heeft, geeft het niet.",
            "message_en": "The professional who holds the answer does not give it.",
        },
    )


async def collect(
    gate: Gate, who: Passage, question: Question, earlier: Earlier
) -> tuple[Answer, Receipt]:
    """Release an answer, once, if the facts and the policy of now still permit it.

    `who` is the requester on the way, with an envelope of its own for a refusal.

    Raises: KeySpent or NotFound from `earlier`, an AuditError.
    """
    passage = replace(who, word=_word(who, question))
    decision = await decide(gate, passage)
    if isinstance(decision, Permit):
        digest = digest_of(question.release_id, passage)
        before = earlier(question.release_id, digest)
        if before is not None:
            return before
        once = under(passage, question.release_id, digest)
        ready = await fulfil(gate, once, decision)
        if isinstance(ready, Ready):
            told, draft = released(gate.catalogue, once, decision, ready)
            entry = _linked(draft, question)
            try:
                return told, await record(gate, entry, ready.place)
            except DuplicateRequest:
                before = earlier(question.release_id, digest)
                if before is None:
                    raise
                return before  # Another call was faster; its answer is the answer.
        decision = ready
    told, draft = refused(gate.catalogue, passage, decision)
    return told, await gate.ledger.append(_linked(draft, question))


def _word(passage: Passage, question: Question) -> Word | None:
    purpose, reply, at = passage.declaration.purpose, question.reply, question.ended_at
    if purpose is None or purpose.answer is None or reply not in VALUES or at is None:
        return None
    return Word(question.id, purpose.answer.field, VALUES[reply], at)


def _linked(draft: Draft, question: Question) -> Draft:
    return replace(draft, members={**draft.members, "question": question.id})


def _hat(actor: Actor) -> Requester:
    return Requester(role=actor.role, organisation=actor.organisation)


async def _held_by(desk: Desk, actor: Actor, identity: str) -> Question:
    question = await find_question(desk.book, identity)
    if question is None or question.holder != _hat(actor):
        raise NotFound("no such question of this source holder")
    return question


async def _hold_open(questions: QuestionPen, identity: str, day: dt.date) -> Question:
    """Return the question, held until the transaction ends, if it can still be answered."""
    current = await questions.hold(identity)
    if current is None or current.state_on(day) is not State.OPEN:
        raise CaseRefused(CaseCode.QUESTION_ENDED)
    return current
