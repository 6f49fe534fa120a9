"""What comes of a request, twice: the answer, and the entry that stands before it leaves."""

import orjson

from audit.entry import Draft, EntryType
from gateway.answer import PENDING, Answer, emergency_out, pending, refusal, release
from gateway.catalogue.model import Catalogue, Purpose
from gateway.decision.model import Code, Permit, Reason, Refuse
from gateway.entries import Entry, log_codes, refusal_members, release_members
from gateway.passage import Passage


def released(
    catalogue: Catalogue, passage: Passage, permit: Permit, data: dict[str, object]
) -> tuple[Answer, Draft]:
    """Return the answer that carries data, and the entry to be made before it leaves."""
    purpose = purpose_of(passage)
    answer = release(passage.envelope.request_id, permit, data, purpose.legal_basis)
    emergency = passage.request.emergency
    kind = EntryType.DISCLOSURE if emergency is None else EntryType.BREAK_GLASS
    if emergency is not None:
        answer.members["emergency"] = emergency_out(emergency)
    members = release_members(catalogue, passage, permit, purpose)
    codes = log_codes(permit.withheld, permit.conditions) if permit.withheld else None
    return answer, _draft(passage, Entry(kind, members, codes), answer)


def refused(catalogue: Catalogue, passage: Passage, refuse: Refuse) -> tuple[Answer, Draft]:
    """Return the answer of a refusal, and the entry to be made before it leaves."""
    answer = refusal(passage.envelope.request_id, refuse)
    members = refusal_members(catalogue, passage, refuse)
    entry = Entry(EntryType.REFUSAL, members, log_codes(refuse.reasons, refuse.conditions))
    return answer, _draft(passage, entry, answer)


def waiting(catalogue: Catalogue, passage: Passage, refuse: Refuse) -> tuple[Answer, Draft]:
    """Return the answer to a request that waits; its entry says that nothing was released."""
    answer = pending(passage.envelope.request_id)
    members = refusal_members(catalogue, passage, refuse) | {"outcome": PENDING}
    entry = Entry(EntryType.REFUSAL, members, log_codes(refuse.reasons, refuse.conditions))
    return answer, _draft(passage, entry, answer)


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


def withdrawn(permit: Permit, code: Code) -> Refuse:
    """Return the refusal of what policy permits and cannot be released now."""
    return Refuse((Reason(code),), permit.conditions, permit.revision)


def purpose_of(passage: Passage) -> Purpose:
    """Return the one purpose that a permit stands on, and that fits what the request is about."""
    purpose, about = passage.declaration.purpose, passage.request.subject
    if purpose is None or purpose.aggregated is not (about is None):
        raise AssertionError("a permit stands on one known purpose, and on one person or a group")
    return purpose
