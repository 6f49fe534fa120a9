"""The wire shape of an answer: what a release and a refusal say, without their receipt."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.catalogue.model import LegalBasis
from gateway.decision.model import Obligation, Permit, Reason, Refuse
from gateway.passage import Emergency

Json = dict[str, object]

REFUSED = 403
RELEASED = 200
WAITING = 202
PENDING = "pending"
"""The outcome of a request that waits for the professional who holds the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and the members of its body, the receipt still to come."""

    status: int
    members: Json


def data_in(answer: Answer) -> Mapping[str, object]:
    """Return the data that an answer holds, by field: none when it is a refusal, or waits."""
    data = answer.members.get("data")
    return data if answer.status == RELEASED and isinstance(data, dict) else {}


def release(
    disclosure_id: str, permit: Permit, data: Mapping[str, object], basis: Iterable[LegalBasis]
) -> Answer:
    """Return the answer that carries data."""
    return Answer(
        RELEASED,
        {
            "disclosure_id": disclosure_id,
            "outcome": permit.outcome,
            "data": data,
            "withheld": [reason_out(reason) for reason in permit.withheld],
            "legal_basis": [basis_out(ground) for ground in basis],
            "obligations": [obligation_out(duty) for duty in permit.obligations],
            "policy_revision": permit.revision,
        },
    )


def emergency_out(emergency: Emergency) -> Json:
    """Return what an emergency adds to an answer: until when it may be used, and what follows."""
    return {
        "reason": emergency.reason,
        "valid_until": utc_text(emergency.valid_until),
        "review_by": utc_text(emergency.review_by),
        "message": "Dit antwoord is alleen voor u, voor deze persoon en voor dit gevaar. "
        "Een ander beoordeelt achteraf of het nodig was.",
        "message_en": "This answer is for you alone, for this person and for this danger. "
        "Somebody else judges afterwards whether it was necessary.",
    }


def utc_text(at: dt.datetime) -> str:
    """Return a moment as it stands in answers: RFC 3339 in UTC, in whole seconds."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pending(disclosure_id: str, until: dt.date, *, again: bool = False) -> Answer:
    """Return the answer to a request that waits for the professional who holds the answer.

    `again` is for who asked the same before: the question that is open stays the only one.
    """
    nl, en = _ASKED_ALREADY if again else _ASKING
    return Answer(
        WAITING,
        {
            "disclosure_id": disclosure_id,
            "outcome": PENDING,
            "status": WAITING,
            "message": nl,
            "message_en": en,
            "until": until.isoformat(),
        },
    )


_ASKING = (
    "Wij vragen het aan de professional die het antwoord heeft.",
    "We are asking the professional who holds the answer.",
)
_ASKED_ALREADY = (
    "U vroeg dit al. De vraag staat nog open; wij stellen haar niet nog een keer.",
    "You asked this before. The question is still open; we do not ask it again.",
)


def refusal(disclosure_id: str, refuse: Refuse) -> Answer:
    """Return the problem document that says at which step the request stopped, and what to ask."""
    first = min(refuse.reasons, key=lambda reason: reason.step)
    return Answer(
        REFUSED,
        {
            "type": f"urn:doelpoort:problem:refused:{kebab(first.outward)}",
            "title": _TITLES[refuse.step][0],
            "title_en": _TITLES[refuse.step][1],
            "status": REFUSED,
            "detail": first.message_nl,
            "detail_en": first.message_en,
            "disclosure_id": disclosure_id,
            "step": refuse.step,
            "reasons": [reason_out(reason) for reason in refuse.reasons],
            "policy_revision": refuse.revision,
        },
    )


_TITLES = (
    ("Geweigerd: de vraag kon niet worden beoordeeld", "Refused: the question could not be judged"),
    ("Geweigerd bij stap 1: de taak", "Refused at step 1: the task"),
    ("Geweigerd bij stap 2: de activiteit of de casus", "Refused at step 2: the activity or case"),
    ("Geweigerd bij stap 3: het doel en de gegevens", "Refused at step 3: the purpose and fields"),
    ("Geweigerd bij stap 4: grondslag en voorwaarden", "Refused at step 4: basis and conditions"),
)


def kebab(code: str) -> str:
    """Return a code the way it stands in a problem type."""
    return code.lower().replace("_", "-")


def shown(value: object) -> str:
    """Return a released value for a person, Dutch first; null is unknown, which is not "no"."""
    words = {None: "onbekend (unknown)", True: "ja (yes)", False: "nee (no)"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def reason_out(reason: Reason) -> Json:
    """Return a reason as the requester sees it: the outward code, never the log code."""
    members: Json = {
        "code": reason.outward,
        "step": reason.step,
        "message": reason.message_nl,
        "message_en": reason.message_en,
    }
    if reason.field is not None:
        members["field"] = reason.field
    if reason.instead:
        members["instead"] = list(reason.instead)
    if reason.again is not None:
        members["again_from"] = reason.again.isoformat()
    return members


def basis_out(ground: LegalBasis) -> Json:
    """Return a legal basis: the law, the article, the ground of the GDPR."""
    return {"law": ground.law, "article": ground.article, "gdpr": ground.gdpr}


def obligation_out(duty: Obligation) -> Json:
    """Return a duty that rides along with the data."""
    return {"code": duty.kind.value, "message": duty.nl, "message_en": duty.en}
