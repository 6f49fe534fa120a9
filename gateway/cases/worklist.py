"""The cases that wait for a decision of one party, by term; whom they are about is not in it.

  1. the role decides in some kind of case with a term      (`list_waiting`)
  2. that somebody looks is in the ledger before the list   (`_record_look`)
  3. the open cases in which it takes part today, by term   (`_waiting`)

The list tells of no person, so one entry stands for the whole of it. Who opens a case from it
leaves an entry about that person, as with any other case.
"""

import datetime as dt
from dataclasses import dataclass
from itertools import islice
from typing import Final

from audit.entry import Draft, EntryType, Json, Receipt
from gateway.cases.deadlines import Due
from gateway.cases.desk import Desk
from gateway.cases.model import Actor
from gateway.cases.rows import Row, readable
from gateway.cases.worklist_tables import waiting_for
from gateway.catalogue.model import CaseKind, Phase
from gateway.errors import CasesUnavailable, RoleNotMandated, SourceFailed

MOST_SKIPPED: Final = 10_000
"""A worklist that is longer than this is not read page by page."""

_GROUND: Final = "worklist"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that waits for a decision, as it is now, and nothing about the person."""

    case_id: str
    kind: str
    phase: Phase
    began_on: dt.date
    version: int
    due: Due


@dataclass(frozen=True, slots=True)
class Worklist:
    """A page of it, where the next one begins, and the entry of the look."""

    cases: tuple[Waiting, ...]
    next_start: int | None
    receipt: Receipt


async def list_waiting(desk: Desk, actor: Actor, start: int, most: int) -> Worklist:
    """Return the cases that wait for a decision of this actor, the earliest last day first.

    Raises: RoleNotMandated for a role that decides in no case with a term; CasesUnavailable, an
            AuditError.
    """
    kinds = [
        kind
        for kind in desk.catalogue.case_kinds.values()
        if kind.decide_within is not None and kind.coordinated_by(actor.organisation, actor.role)
    ]
    if not kinds:
        raise RoleNotMandated("this role decides in no case with a term")
    receipt = await _record_look(desk, actor)
    found = [
        waiting for kind in kinds for waiting in await _waiting(desk, actor, kind, start + most + 1)
    ]
    found.sort(key=lambda each: (each.due.decide_by, each.began_on, each.case_id))
    shown = tuple(islice(found, start, start + most))
    more = len(found) > start + most and start + most <= MOST_SKIPPED
    return Worklist(shown, start + most if more else None, receipt)


async def _record_look(desk: Desk, actor: Actor) -> Receipt:
    members: dict[str, Json] = {
        "ground": _GROUND,
        "organisation": desk.catalogue.organisations[actor.organisation].oin,
        "role": actor.role,
    }
    committed = {"professional": actor.professional.encode()}
    return await desk.ledger.append(
        Draft(EntryType.ACCESS, desk.new_entry_id(), members, committed)
    )


async def _waiting(desk: Desk, actor: Actor, kind: CaseKind, most: int) -> list[Waiting]:
    """Return the first cases of one kind: who began earlier has no later day to decide."""
    day = desk.moment().day
    named = {
        "kind": kind.id,
        "closed": Phase.CLOSED.value,
        "organisation": actor.organisation,
        "role": actor.role,
        "day": day.isoformat(),
        "most": most,
    }
    try:
        rows = await desk.book.fetch(waiting_for(desk.book.kind), named)
        with readable():
            return [_waiting_of(row, kind, day) for row in rows]
    except SourceFailed as exc:
        raise CasesUnavailable("the case store gave no answer") from exc


def _waiting_of(row: Row, kind: CaseKind, day: dt.date) -> Waiting:
    case_id, phase, began_on, version = row
    began = dt.date.fromisoformat(str(began_on))
    decide_by = kind.decide_by(began)
    if decide_by is None or not isinstance(version, int):
        raise TypeError("a case that waits has a last day and a version")
    due = Due(decide_by, None, decide_by < day)
    return Waiting(str(case_id), kind.id, Phase(str(phase)), began, version, due)
