"""One request on its way through the gateway: what was asked, by whom, and what is known of it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from gateway.catalogue.model import Purpose
from gateway.decision.model import Code, OverAsking, Standing, SubjectCheck
from gateway.identity.clients import Hat
from gateway.subject import Subject


@dataclass(frozen=True, slots=True)
class Emergency:
    """Why somebody cannot wait, and what that gives: one answer, for a short time.

    Shapes:  reason: a word of the closed list that stands in the ledger; words: their own words,
             which are sealed.
    Units:   valid_until: until when the answer may be used; review_by: when another person must
             have judged it.
    """

    reason: str
    words: str
    valid_until: dt.datetime
    review_by: dt.datetime


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
    emergency: Emergency | None = None

    @property
    def motivation(self) -> bytes | None:
        """The caller's own words on why: per field, and why it cannot wait; to be sealed."""
        words: dict[str, object] = dict(self.justifications)
        if self.emergency is not None:
            words = {"emergency": self.emergency.words, "fields": words}
        return orjson.dumps(words, option=orjson.OPT_SORT_KEYS) if words else None


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


class Acting(Protocol):
    """Who a decision is about: a caller, or somebody for whom a caller asks beside others."""

    @property
    def organisation(self) -> str:
        """The organisation."""
        ...

    @property
    def role(self) -> str:
        """The role, of those that the hats have."""
        ...

    @property
    def professional(self) -> str:
        """The partner's own id of the person."""
        ...

    @property
    def hats(self) -> frozenset[Hat]:
        """Every organisation and role that may be acted in."""
        ...


@dataclass(frozen=True, slots=True)
class Word:
    """What the professional who holds the answer said to the question of an earlier request.

    Shapes:  question: the id of that request. value: None when the professional does not know.
    """

    question: str
    field: str
    value: bool | None
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Passage:
    """One request on its way: who asks what, in which envelope, on which day.

    `outside` is why the requester has no part in the person, where the policy lets nobody see it.
    """

    caller: Acting
    request: Request
    envelope: Envelope
    declaration: Declaration
    at: dt.datetime
    word: Word | None = None
    outside: Code | None = None
