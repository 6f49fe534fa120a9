"""The place of an answer among those that count: taken before it is made, given back without one.

What goes through a gate counts: an answer to a request, a question to the professional who holds
the answer when it is asked, which collecting its answer does not count again, and each view of a
table, for its own recipient. A repeat under the same idempotency key gives the same answer and
takes the same place.
"""

from contextlib import suppress
from typing import Protocol

from audit.entry import Draft, Receipt
from audit.errors import AppendFailed, LedgerBusy
from gateway.cases.desk import Appender
from gateway.cases.store import CasePen
from gateway.catalogue.model import Catalogue
from gateway.decision.model import Code, Permit, Refuse
from gateway.errors import CasesUnavailable
from gateway.mosaic.rules import Bid, Held, Place, find_rules
from gateway.mosaic.store import Guard
from gateway.outcome import purpose_of, withdrawn
from gateway.passage import Passage
from gateway.sources.foreseen import foreseen


class Counting(Protocol):
    """What of a gate counts answers."""

    @property
    def catalogue(self) -> Catalogue:
        """The policy that says what is counted."""
        ...

    @property
    def guard(self) -> Guard:
        """Takes the places."""
        ...

    @property
    def ledger(self) -> Appender:
        """Keeps the entries of what is answered."""
        ...


async def take_place(gate: Counting, passage: Passage, permit: Permit) -> Place | Refuse | None:
    """Return the place of an answer, or why it may not be given now; None where nothing counts."""
    rules = find_rules(gate.catalogue, purpose_of(passage))
    if rules is None:
        return None
    try:
        with foreseen("the count of answers", CasesUnavailable):
            found = await gate.guard.reserve(rules, _bid(passage, permit))
    except CasesUnavailable:
        return withdrawn(permit, Code.COUNT_MISSING)
    return withdrawn(permit, found.code, found.again) if isinstance(found, Held) else found


async def hold_place(gate: Counting, pen: CasePen, passage: Passage, permit: Permit) -> Held | None:
    """Take the place of an answer that is only asked for, or say why it may not be asked now.

    The passage is under the id of the answer to come, so that giving it takes no second place.

    Effects: the place is taken once the transaction is durable; it stays, whatever comes of it.
    Raises:  CasesUnavailable.
    """
    rules = find_rules(gate.catalogue, purpose_of(passage))
    if rules is None:
        return None
    found = await gate.guard.reserve_with(pen, rules, _bid(passage, permit))
    return found if isinstance(found, Held) else None


def _bid(passage: Passage, permit: Permit) -> Bid:
    return Bid(
        id=passage.envelope.request_id,
        organisation=passage.caller.organisation,
        purpose=purpose_of(passage).id,
        fields=permit.fields,
        subject=passage.request.subject,
        at=passage.at,
        is_emergency=passage.request.emergency is not None,
    )


async def give_back(gate: Counting, place: Place | None) -> None:
    """Give back a place of which no answer came, if one was taken."""
    if place is None:
        return
    # A place that stays taken refuses too much, and an answer or an entry never waits for it.
    with suppress(CasesUnavailable), foreseen("the count of answers", CasesUnavailable):
        await gate.guard.give_back(place)


async def record(gate: Counting, draft: Draft, place: Place | None) -> Receipt:
    """Make the entry of an answer; a place is given back when the entry surely does not stand.

    Raises: an AuditError; then nothing may be released.
    """
    try:
        return await gate.ledger.append(draft)
    except (AppendFailed, LedgerBusy):
        await give_back(gate, place)
        raise
