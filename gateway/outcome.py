"""What comes of a request, twice: the answer, and the entry that stands before it leaves."""

import datetime as dt
from dataclasses import dataclass

import orjson

from audit.entry import Draft, EntryType, Json, Receipt
from gateway.answer import PENDING, Answer, emergency_out, refusal, release, utc_text
from gateway.catalogue.model import Catalogue, Purpose
from gateway.decision.model import Code, Permit, Reason, Refuse
from gateway.entries import Entry, log_codes, refusal_members, release_members
from gateway.mosaic.rules import Place
from gateway.passage import Passage
from gateway.veil import note_of, unknown_in, veiled


@dataclass(frozen=True, slots=True)
class Ready:
    """What of a permit can leave: its data, and the place it takes where answers are counted."""

    data: dict[str, object]
    place: Place | None = None


def released(
    catalogue: Catalogue, passage: Passage, permit: Permit, ready: Ready
) -> tuple[Answer, Draft]:
    """Return the answer that carries data, and the entry to be made before it leaves."""
    purpose, data = purpose_of(passage), ready.data
    if purpose.veil is not None:
        data = veiled(data, utc_text(passage.at))
    answer = release(passage.envelope.request_id, permit, data, purpose.legal_basis)
    emergency = passage.request.emergency
    kind = EntryType.DISCLOSURE if emergency is None else EntryType.BREAK_GLASS
    if emergency is not None:
        answer.members["emergency"] = emergency_out(emergency)
    if purpose.veil is not None:
        answer.members.update(note_of(data))
    members = release_members(catalogue, passage, permit, purpose) | _budget(ready.place)
    codes = _codes_of_release(passage, permit, unknown_in(ready.data))
    return answer, _draft(passage, Entry(kind, members, codes), answer)


def _codes_of_release(passage: Passage, permit: Permit, unknown: list[str]) -> bytes | None:
    """Return what of a release is sealed; behind a veil always something, as only that tells."""
    if purpose_of(passage).veil is not None:
        reasons = (*_outside(passage), *permit.withheld)
        return log_codes(reasons, permit.conditions, unknown)
    return log_codes(permit.withheld, permit.conditions) if permit.withheld else None


def _budget(place: Place | None) -> dict[str, Json]:
    """Return how much of its budget an answer about a group takes, for an auditor to recount."""
    budget = None if place is None else place.budget
    if budget is None:
        return {}
    return {"budget": {"used": budget.used, "of": budget.of, "days": budget.days}}


def refused(catalogue: Catalogue, passage: Passage, refuse: Refuse) -> tuple[Answer, Draft]:
    """Return the answer of a refusal, and the entry to be made before it leaves."""
    answer = refusal(passage.envelope.request_id, refuse)
    members = refusal_members(catalogue, passage, refuse)
    reasons = (*_outside(passage), *refuse.reasons)
    entry = Entry(EntryType.REFUSAL, members, log_codes(reasons, refuse.conditions))
    return answer, _draft(passage, entry, answer)


def _outside(passage: Passage) -> tuple[Reason, ...]:
    """Return what only the sealed codes tell: that the requester has no part in the person."""
    return () if passage.outside is None else (Reason(passage.outside),)


def waiting(catalogue: Catalogue, passage: Passage, refuse: Refuse, told: Answer) -> Draft:
    """Return the entry of a request that waits, which says that nothing was released."""
    members = refusal_members(catalogue, passage, refuse) | {"outcome": PENDING}
    entry = Entry(EntryType.REFUSAL, members, log_codes(refuse.reasons, refuse.conditions))
    return _draft(passage, entry, told)


def undelivered(receipt: Receipt, correction_id: str, subject: bytes | None) -> Draft:
    """Return the entry that says that an answer did not reach its requester; the person hears it.

    That an answer left is known here only by the connection it left on: reconciliation with the
    requester's receipts tells more.
    """
    members: dict[str, Json] = {"entry": receipt.request_id, "reason": "undelivered"}
    return Draft(EntryType.CORRECTION, correction_id, members, subject=subject)


def _draft(passage: Passage, entry: Entry, answer: Answer) -> Draft:
    """Return the entry: public members in the leaf, the rest committed to and sealed."""
    request, envelope = passage.request, passage.envelope
    content = orjson.dumps(answer.members)
    committed = {
        "request": envelope.body,
        "content": content,
        "professional": passage.caller.professional.encode(),
    }
    if request.subject is not None:
        committed["subject"] = request.subject.as_bytes()
    if entry.log_codes is not None:
        committed["log_codes"] = entry.log_codes
    if request.motivation is not None:
        committed["justification"] = request.motivation
    return Draft(
        type=entry.type,
        request_id=envelope.request_id,
        members=entry.members,
        committed=committed,
        subject=None if request.subject is None else request.subject.as_bytes(),
        replay=None if envelope.replay_digest is None else content,
        replay_digest=envelope.replay_digest,
    )


def withdrawn(permit: Permit, code: Code, again: dt.date | None = None) -> Refuse:
    """Return the refusal of what policy permits and cannot be released now, but from a day on."""
    return Refuse((Reason(code, again=again),), permit.conditions, permit.revision)


def purpose_of(passage: Passage) -> Purpose:
    """Return the one purpose that a permit stands on, and that fits what the request is about."""
    purpose, about = passage.declaration.purpose, passage.request.subject
    if purpose is None or purpose.aggregated is not (about is None):
        raise AssertionError("a permit stands on one known purpose, and on one person or a group")
    return purpose
