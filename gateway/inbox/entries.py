"""What of a question stands in the ledger: words and random ids, never a person or an answer."""

from audit.entry import Draft, EntryType, Json
from gateway.cases.entries import QUESTION_READ
from gateway.cases.model import Actor
from gateway.catalogue.model import Catalogue, Requester
from gateway.inbox.model import Question, Reply

READ, REMINDED, ANSWERED = QUESTION_READ, "reminded", "source_answer"
"""The words by which steps with a question stand in the ledger."""

_LISTED = "question_list"


def listing_draft(catalogue: Catalogue, actor: Actor, request_id: str) -> Draft:
    """Return the entry of a look at the list of open questions, of which each names a person.

    Which they were stands in the ledger already: who asked, and how each of them ended.
    """
    members: dict[str, Json] = {
        "ground": _LISTED,
        "organisation": catalogue.organisations[actor.organisation].oin,
        "role": actor.role,
    }
    committed = {"professional": actor.professional.encode()}
    return Draft(EntryType.ACCESS, request_id, members, committed)


def step_draft(
    catalogue: Catalogue, actor: Actor, question: Question, step: str, request_id: str
) -> Draft:
    """Return the entry of a step by somebody who asks or answers."""
    return Draft(
        EntryType.CASE,
        request_id,
        _members(catalogue, Requester(actor.role, actor.organisation), question, step),
        {
            "professional": actor.professional.encode(),
            "subject": question.subject.as_bytes(),
        },
        question.subject.as_bytes(),
    )


def answer_draft(draft: Draft, reply: Reply, reason: str | None) -> Draft:
    """Return the entry of an answer: that it was given is public, what it says is sealed.

    Trust: the reason of who declines is sealed here and kept nowhere else.
    """
    outcome = "declined" if reply is Reply.DECLINE else "answered"
    committed = {**draft.committed, "content": reply.value.encode()}
    if reason is not None:
        committed["justification"] = reason.encode()
    members = {**draft.members, "outcome": outcome}
    return Draft(draft.type, draft.request_id, members, committed, draft.subject)


def expiry_draft(catalogue: Catalogue, question: Question, request_id: str) -> Draft:
    """Return the entry of a question that nobody answered in time."""
    members = _members(catalogue, question.holder, question, ANSWERED)
    return Draft(
        EntryType.CASE,
        request_id,
        {**members, "outcome": "expired"},
        {"subject": question.subject.as_bytes()},
        question.subject.as_bytes(),
    )


def _members(catalogue: Catalogue, by: Requester, question: Question, step: str) -> dict[str, Json]:
    return {
        "step": step,
        "question": question.id,
        "purpose": question.purpose,
        "organisation": catalogue.organisations[by.organisation].oin,
        "role": by.role,
        "policy": catalogue.revision,
    }
