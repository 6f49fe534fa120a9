"""One request on its way through the gateway: what was asked, by whom, and what is known of it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.catalogue.model import Purpose
from gateway.decision.model import OverAsking, Standing, SubjectCheck
from gateway.identity.tokens import VerifiedCaller
from gateway.subject import Subject


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller declares and asks; everything in it is the caller's own word.

    Shapes:  subject is None when the number failed its check or was left out (`subject_check`).
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
