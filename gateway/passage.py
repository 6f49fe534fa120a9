"""One request on its way through the gateway: what was asked, by whom, and what is known of it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.catalogue.model import Purpose
from gateway.decision.model import OverAsking, Standing, SubjectCheck
from gateway.identity.tokens import VerifiedCaller
from gateway.subject import Subject


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller declares and asks; everything in it is the caller's own word.

    Shapes:  subject is None when the number failed its check or was left out (`subject_check`).
             claims: what the caller says is so, by the name of a condition of the purpose.
    """

    task: str
    activity: str
    purposes: tuple[str, ...]
    subject: Subject | None
    subject_check: SubjectCheck
    fields: tuple[str, ...] | None
    justifications: Mapping[str, str]
    case: str | None
    over_asking: OverAsking
    claims: Mapping[str, str | bool] = field(default_factory=dict)


# Below this length a motivation says nothing; whether it is a good one is for a sample review.
_MOTIVATION_LENGTH = 20


def justified(justifications: Mapping[str, str]) -> tuple[str, ...]:
    """Return the fields with a motivation that is one."""
    return tuple(
        sorted(
            name for name, text in justifications.items() if len(text.strip()) >= _MOTIVATION_LENGTH
        )
    )


@dataclass(frozen=True, slots=True)
class Envelope:
    """What surrounds a request: its random id, its trace, the bytes it came as.

    Shapes:  request_id and trace_id 32 hex digits, span_id 16; replay_digest 32 bytes when the
             answer must be kept for a repeated call.
    """

    request_id: str
    trace_id: str
    span_id: str
    body: bytes
    replay_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """The declared task, activity and purpose, as far as the catalogue knows them.

    `purpose` is set only when one purpose was declared, it is known, and it belongs to the step.
    """

    task: str
    activity: str
    purposes: tuple[str, ...]
    purpose: Purpose | None
    case_kinds: tuple[str, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Passage:
    """One request on its way: who asks what, in which envelope, on which day."""

    caller: VerifiedCaller
    request: Request
    envelope: Envelope
    declaration: Declaration
    at: dt.datetime
