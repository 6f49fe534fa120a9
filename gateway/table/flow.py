"""The way of one table: one call, several recipients, and everybody their own view or nobody any.

1. the coordinator of the case, and recipients who take part in it           (`share`);
   what a policy keeps behind a veil is asked by each for itself, and not at a table
2. every recipient decided by itself, with its own standing
3. the data of each, at the precision of its own purpose
4. an entry for each: all of them made, or none takes effect
5. each view collected by its own recipient, decided again                   (`collect`)
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from audit.entry import Draft, EntryType, Receipt
from audit.errors import AppendFailed, LedgerBusy
from gateway.answer import Answer, data_in
from gateway.cases.desk import Desk, Keep, keep_nothing
from gateway.cases.model import Actor
from gateway.cases.refusals import CaseCode
from gateway.cases.rows import readable
from gateway.cases.store import CasePen
from gateway.counting import give_back
from gateway.decision.model import Code, Decision, Permit, Refuse
from gateway.disclosure import Gate, arrive, decide, fulfil
from gateway.errors import CaseRefused, CasesUnavailable, GatewayError, NotFound, SourceFailed
from gateway.identity.clients import Hat
from gateway.moments import instant_text
from gateway.outcome import Ready, refused, released, withdrawn
from gateway.passage import Envelope, Passage, Request
from gateway.repeats.once import Earlier, digest_of, under
from gateway.table.tables import statements_for

TERM = dt.timedelta(hours=24)
"""How long a view waits: as long as the ledger keeps an answer to be read again."""

_COLLECTED = "collected"
"""The word by which it stands in the ledger that a recipient fetched its view."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody at the table: decided as if it asked for itself, in this one role."""

    organisation: str
    role: str
    professional: str

    @property
    def hats(self) -> frozenset[Hat]:
        """The one role that it has at this table."""
        return frozenset({Hat(self.organisation, self.role)})


@dataclass(frozen=True, slots=True)
class Part:
    """What one recipient is to get: who it is, what it declares, and in which envelope."""

    recipient: Recipient
    request: Request
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class View:
    """A view that waits for its recipient.

    Shapes:  id: of the entry under which it is sealed; request: the JSON of what was declared.
    """

    id: str
    table_id: str
    recipient: Recipient
    request: str
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Shared:
    """What came of a table: whether everybody can fetch, and the answer of each without its data.

    Trust: of another's view the coordinator sees the id and the outcome, and nothing else.
    """

    table_id: str
    is_released: bool
    outcomes: tuple[tuple[Part, str], ...]


@dataclass(frozen=True, slots=True)
class _Seat:
    """What was decided about one recipient; `ready` is None for who gets nothing now."""

    part: Part
    passage: Passage
    decision: Decision
    ready: Ready | None = None


async def share(
    gate: Gate,
    desk: Desk,
    actor: Actor,
    case_id: str,
    parts: Sequence[Part],
    keep: Keep[Shared] = keep_nothing,
) -> Shared:
    """Share with everybody at the table, or with nobody.

    Raises: NotFound for who does not coordinate this case of this person, CaseRefused for a
            recipient who takes no part in it and for a purpose behind a veil, CasesUnavailable, an
            AuditError; what is raised by `keep`.
    """
    _check_unveiled(gate, parts)
    await _check_table(desk, actor, case_id, parts)
    table_id = desk.new_key()
    seats = [await _settle(gate, part, table_id) for part in parts]
    settle = _refuse_all if any(seat.ready is None for seat in seats) else _release_all
    try:
        shared = await settle(gate, desk, table_id, seats, keep)
    except (AppendFailed, LedgerBusy, GatewayError):
        await _leave(gate, seats)
        raise
    if not shared.is_released:
        await _leave(gate, seats)
    return shared


async def _leave(gate: Gate, seats: Sequence[_Seat]) -> None:
    """Give back the places of answers that nobody gets."""
    for seat in seats:
        await give_back(gate, None if seat.ready is None else seat.ready.place)


async def _release_all(
    gate: Gate, desk: Desk, table_id: str, seats: Sequence[_Seat], keep: Keep[Shared]
) -> Shared:
    """Record every answer, and let each wait for its recipient."""
    until = desk.moment().at + TERM
    parts = [seat.part for seat in seats]
    views = [
        View(part.envelope.request_id, table_id, part.recipient, part.envelope.body.decode(), until)
        for part in parts
    ]
    answered = [
        released(gate.catalogue, seat.passage, seat.decision, seat.ready)
        for seat in seats
        if isinstance(seat.decision, Permit) and seat.ready is not None
    ]
    drafts = [_at_table(draft, table_id, len(seats)) for _, draft in answered]
    told = (str(draft.members["outcome"]) for draft in drafts)
    shared = Shared(table_id, is_released=True, outcomes=tuple(zip(parts, told, strict=True)))
    also = await keep(shared, None)

    async def write(pen: CasePen) -> None:
        await also(pen)
        for view in views:
            await pen.run(statements_for(desk.book.kind).add, _row(view))

    await desk.record_all_then_write(drafts, write)
    return shared


def _check_unveiled(gate: Gate, parts: Sequence[Part]) -> None:
    """Let no table show what a veil hides: that one seat fails, and when, tells of the person.

    It rests on the words of the request alone, so that the refusal tells nothing either.
    """
    asked = {name for part in parts for name in part.request.purposes}
    known = (gate.catalogue.purposes.get(name) for name in asked)
    if any(purpose is not None and purpose.veil is not None for purpose in known):
        raise CaseRefused(CaseCode.VEILED_AT_TABLE)


async def _check_table(desk: Desk, actor: Actor, case_id: str, parts: Sequence[Part]) -> None:
    record = await desk.find_case(case_id)
    if record is None or not record.case.is_open:
        raise NotFound("no such case of this party")
    case, day, hat = record.case, desk.moment().day, (actor.organisation, actor.role)
    if not desk.catalogue.coordinates(*hat, case.kind) or not case.has_party(*hat, day):
        raise NotFound("no such case of this party")
    if any(part.request.subject != record.subject for part in parts):
        raise NotFound("no such case of this person")
    seats = [part.recipient for part in parts]
    if any(not case.has_party(seat.organisation, seat.role, day) for seat in seats):
        raise CaseRefused(CaseCode.NO_SUCH_PARTY)


async def _settle(gate: Gate, part: Part, table_id: str) -> _Seat:
    """Return the decision about one recipient, and its data when it may have them now."""
    passage = arrive(gate, part.recipient, part.request, part.envelope)
    passage = under(passage, part.envelope.request_id, digest_of(table_id, passage))
    decision = await decide(gate, passage)
    if isinstance(decision, Refuse):
        return _Seat(part, passage, decision)
    ready = await fulfil(gate, passage, decision)
    if isinstance(ready, Refuse):
        return _Seat(part, passage, ready)
    return _Seat(part, passage, decision, ready)


async def _refuse_all(
    gate: Gate, desk: Desk, table_id: str, seats: Sequence[_Seat], keep: Keep[Shared]
) -> Shared:
    """Record of everybody that nothing was released: for a reason of their own, or of another."""
    drafts: list[Draft] = []
    outcomes: list[tuple[Part, str]] = []
    for seat in seats:
        match seat.decision:
            case Refuse() as refuse:
                word = "refuse"
            case Permit() as permit:
                refuse, word = withdrawn(permit, Code.TABLE_REFUSED), "withheld"
            case other:
                assert_never(other)
        plain = replace(seat.passage, envelope=seat.part.envelope)
        drafts.append(_at_table(refused(gate.catalogue, plain, refuse)[1], table_id, len(seats)))
        outcomes.append((seat.part, word))
    shared = Shared(table_id, is_released=False, outcomes=tuple(outcomes))
    # Nothing else is written: what was refused waits for nobody.
    await desk.record_all_then_write(drafts, await keep(shared, None))
    return shared


def _at_table(draft: Draft, table_id: str, size: int) -> Draft:
    return replace(draft, members={**draft.members, "table": table_id, "recipients": size})


async def find_view(desk: Desk, actor: Actor, identity: str) -> View | None:
    """Return a view that waits for this very person, if there is one and its term is not over.

    Raises: CasesUnavailable.
    """
    try:
        rows = await desk.book.fetch(statements_for(desk.book.kind).one, {"of": identity})
        with readable():
            found = [_view([str(each) for each in row]) for row in rows]
    except SourceFailed as exc:
        raise CasesUnavailable("the case store gave no answer") from exc
    who = Recipient(actor.organisation, actor.role, actor.professional)
    at = desk.moment().at
    return next((view for view in found if view.recipient == who and at <= view.until), None)


async def collect(
    gate: Gate, desk: Desk, who: Passage, view: View, earlier: Earlier
) -> tuple[Answer, Receipt]:
    """Hand a view to its recipient, if what it shows may still be shown; recorded before it is.

    Raises: NotFound for a view that was never released, KeySpent, CasesUnavailable, an AuditError.
    """
    decision = await decide(gate, who)
    kept = earlier(view.id, digest_of(view.table_id, who))
    if kept is None:
        raise NotFound("no such view")
    answer, _ = kept
    if isinstance(decision, Permit) and not data_in(answer).keys() <= set(decision.fields):
        decision = withdrawn(decision, Code.TABLE_REFUSED)
    if isinstance(decision, Refuse):
        told, draft = refused(gate.catalogue, who, decision)
        linked = {**draft.members, "table": view.table_id}
        return told, await gate.ledger.append(replace(draft, members=linked))
    await _note(desk, who, view)
    return kept


async def _note(desk: Desk, who: Passage, view: View) -> None:
    actor, subject = who.caller, who.request.subject
    committed = {"professional": actor.professional.encode()}
    if subject is not None:
        committed["subject"] = subject.as_bytes()
    draft = Draft(
        EntryType.CASE,
        desk.new_entry_id(),
        {
            "step": _COLLECTED,
            "table": view.table_id,
            "organisation": desk.catalogue.organisations[actor.organisation].oin,
            "role": actor.role,
            "policy": desk.catalogue.revision,
        },
        committed,
        None if subject is None else subject.as_bytes(),
    )

    async def write(pen: CasePen) -> None:
        named = {"of": view.id, "collected_at": instant_text(desk.moment().at)}
        await pen.run(statements_for(desk.book.kind).collected, named)

    await desk.record_then_write(draft, write)


async def forget(desk: Desk) -> None:
    """Erase the views whose term is over.

    Raises: CasesUnavailable.
    """
    async with desk.book.writing() as pen:
        now = instant_text(desk.moment().at)
        await pen.run(statements_for(desk.book.kind).forget, {"now": now})


def _row(view: View) -> dict[str, object]:
    return {
        "id": view.id,
        "table_id": view.table_id,
        "organisation": view.recipient.organisation,
        "role": view.recipient.role,
        "professional": view.recipient.professional,
        "request": view.request,
        "until": instant_text(view.until),
        "collected_at": None,
    }


def _view(row: Sequence[str]) -> View:
    return View(row[0], row[1], Recipient(*row[2:5]), row[5], dt.datetime.fromisoformat(row[6]))
