"""Consents that ran out: each end is recorded once, whichever gateway finds it first.

A consent no longer counts from the day after its last; nothing here makes it so. The entry says in
the ledger what was true already, as one does of a consent that was withdrawn.
"""

from gateway.cases.desk import Desk
from gateway.cases.entries import EXPIRED, consent_draft
from gateway.cases.expiry_tables import statements_for
from gateway.cases.model import Actor
from gateway.cases.refusals import CaseCode
from gateway.cases.rows import readable
from gateway.cases.store import CasePen
from gateway.errors import CaseRefused, CasesUnavailable, SourceFailed

_BY_TERM = "by_term"
"""The role by which it stands in the ledger that nobody did it."""


async def expire_consents(desk: Desk) -> None:
    """Record which consents ran out before today.

    Effects: an entry for each, whose marker is durable with it. A consent that was recorded by an
             organisation that left the policy waits until it is back.
    Raises:  CasesUnavailable.
    """
    after = ""
    while found := await _ran_out(desk, after):
        for identity in found:
            await _expire(desk, identity)
        after = found[-1]


async def _ran_out(desk: Desk, after: str) -> list[str]:
    named = {"day": desk.moment().day.isoformat(), "after": after}
    try:
        rows = await desk.book.fetch(statements_for(desk.book.kind).ran_out, named)
    except SourceFailed as exc:
        raise CasesUnavailable("the case store gave no answer") from exc
    with readable():
        return [str(identity) for (identity,) in rows]


async def _expire(desk: Desk, identity: str) -> None:
    record = await desk.find_consent(identity)
    if record is None or record.recorded_by not in desk.catalogue.organisations:
        return
    nobody = Actor(record.recorded_by, _BY_TERM, "")
    draft = consent_draft(desk.catalogue, nobody, record, EXPIRED, desk.new_entry_id())

    async def write(pen: CasePen) -> None:
        if not await pen.run(statements_for(desk.book.kind).note, {"consent": identity}):
            raise CaseRefused(CaseCode.CONSENT_ENDED)

    try:
        await desk.write_then_record(draft, write)
    except CaseRefused:
        return  # Another gateway over the same store wrote it down, and records it.
