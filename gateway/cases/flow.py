"""The way of one step in a case; each function is a list.

  1. the case, as it is now; who takes no part in it is told that there is none  (`_get`)
  2. the version that the caller saw is still the last                           (`_get`)
  3. the rules: may this actor take this step now                                (machine)
  4. the ledger and the store, in the order that the step asks for               (desk)

Reading is a step too: it is recorded before anything is shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit.entry import Receipt
from gateway.cases.deadlines import Due, find_due
from gateway.cases.desk import Desk, Keep, keep_nothing
from gateway.cases.entries import case_draft, with_party
from gateway.cases.finder import Inquiry
from gateway.cases.machine import Machine, Start, Step
from gateway.cases.model import Actor, Agreement, Case, CaseRecord, Party
from gateway.cases.store import CasePen
from gateway.catalogue.outcomes import MET
from gateway.errors import CaseRunning, NotFound, VersionConflict
from gateway.subject import Subject

Change = Callable[[Machine, CaseRecord], CaseRecord]


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that somebody asks: its word, what it changes, and the party that it is about."""

    step: Step
    change: Change
    party: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a party sees of a case: no more than its part in it needs.

    `is_shared` is false where the person's consent to share does not hold; a party then sees itself
    and nobody else, and no agreements.
    """

    case: Case
    version: int
    parties: tuple[Party, ...]
    agreements: tuple[Agreement, ...]
    is_shared: bool
    due: Due | None


@dataclass(frozen=True, slots=True)
class Found:
    """An open case in which the actor takes part, and by when it must be decided."""

    case: Case
    due: Due | None


async def begin(
    desk: Desk, actor: Actor, start: Start, keep: Keep[CaseRecord] = keep_nothing
) -> tuple[CaseRecord, Receipt]:
    """Begin a case, recorded before it is there; a second one only beside those of others.

    Raises: CaseRefused, CaseRunning, CasesUnavailable, an AuditError; what is raised by `keep`.
    """
    record = desk.machine(actor).begin(start, desk.new_key)
    draft = case_draft(desk.catalogue, actor, record, Step.BEGUN, desk.new_entry_id())

    also = await keep(record, draft.request_id)

    async def write(pen: CasePen) -> None:
        await also(pen)
        _demand_first(desk, actor, start, await pen.hold(start.subject))
        await pen.insert(record)

    try:
        return record, await desk.record_then_write(draft, write)
    except CaseRunning as running:
        await _record_finding(desk, actor, running.case_id)
        raise


async def take(
    desk: Desk, actor: Actor, case_id: str, version: int, asked: Asked
) -> tuple[CaseRecord, Receipt | None]:
    """Take a step in a case; without a receipt it is in effect and its entry follows.

    Raises: NotFound, VersionConflict, CaseRefused, CasesUnavailable, an AuditError.
    """
    record = await _get(desk, actor, case_id)
    if record.version != version:
        raise VersionConflict(record.version)
    changed = asked.change(desk.machine(actor), record)
    draft = case_draft(desk.catalogue, actor, changed, asked.step, desk.new_entry_id())
    if asked.party is not None:
        draft = with_party(desk.catalogue, draft, asked.party)

    async def write(pen: CasePen) -> None:
        await pen.update(changed)

    if asked.step.narrows:
        return changed, await desk.write_then_record(draft, write)
    return changed, await desk.record_then_write(draft, write)


async def read(desk: Desk, actor: Actor, case_id: str) -> View:
    """Return what the actor may see of the case, once that is recorded.

    Raises: NotFound, CasesUnavailable, an AuditError.
    """
    record = await _get(desk, actor, case_id)
    view = await view_of(desk, actor, record)
    await _record_reading(desk, actor, record)
    return view


async def search(desk: Desk, actor: Actor, subject: Subject) -> Sequence[Found]:
    """Return the open cases of this person in which the actor takes part, once that is recorded.

    Raises: CasesUnavailable, an AuditError.
    """
    found: list[Found] = []
    for case in await desk.cases_with(actor, subject):
        record = await desk.find_case(case.id)
        if record is not None:
            await _record_reading(desk, actor, record)
            found.append(Found(case, find_due(desk.catalogue, record, desk.moment().day)))
    return found


async def view_of(desk: Desk, actor: Actor, record: CaseRecord) -> View:
    """Return what the actor may see of a case that it takes part in, or coordinates."""
    case = record.case
    coordinates = _coordinates(desk, actor, case)
    shared = coordinates or await _sharing_holds(desk, actor, record)
    own = tuple(party for party in case.parties if party.is_for(actor.organisation, actor.role))
    return View(
        case=case,
        version=record.version,
        parties=case.parties if shared else own,
        agreements=record.agreements if shared and case.is_open else (),
        is_shared=shared,
        due=find_due(desk.catalogue, record, desk.moment().day),
    )


async def _get(desk: Desk, actor: Actor, case_id: str) -> CaseRecord:
    """Return the case, if the actor takes part in it today; its coordinator sees that it closed."""
    record = await desk.find_case(case_id)
    if record is not None:
        takes_part = record.case.has_party(actor.organisation, actor.role, desk.moment().day)
        if takes_part and (record.case.is_open or _coordinates(desk, actor, record.case)):
            return record
    raise NotFound("no such case of this party")


def _coordinates(desk: Desk, actor: Actor, case: Case) -> bool:
    return desk.catalogue.coordinates(actor.organisation, actor.role, case.kind)


async def _sharing_holds(desk: Desk, actor: Actor, record: CaseRecord) -> bool:
    """Tell whether the person's consent to share within this kind of case holds now."""
    kind = desk.catalogue.case_kinds.get(record.case.kind)
    purpose = None if kind is None else desk.catalogue.purposes.get(kind.consent or "")
    if purpose is None:
        return kind is not None and kind.consent is None
    day = desk.moment().day
    inquiry = Inquiry(record.subject, actor.organisation, (), None, day, role=actor.role)
    outcomes = await desk.facts.gather(inquiry, purpose, purpose.minimal)
    return outcomes.get("consent") == MET


def _demand_first(desk: Desk, actor: Actor, start: Start, cases: Sequence[Case]) -> None:
    """Refuse a second case to who takes part in one; what others have is not there for it.

    Raises: CaseRunning.
    """
    day = desk.moment().day
    for case in cases:
        mine = (each for each in case.parties if each.organisation == actor.organisation)
        takes_part = any(each.takes_part_on(day) for each in mine)
        if case.kind == start.kind and case.is_open and takes_part:
            raise CaseRunning(case.id)


async def _record_finding(desk: Desk, actor: Actor, case_id: str) -> None:
    """Record that somebody is told of a case: finding it this way is a look like any other."""
    record = await desk.find_case(case_id)
    if record is not None:
        await _record_reading(desk, actor, record)


async def _record_reading(desk: Desk, actor: Actor, record: CaseRecord) -> None:
    draft = case_draft(desk.catalogue, actor, record, Step.READ, desk.new_entry_id())
    await desk.ledger.append(draft)
