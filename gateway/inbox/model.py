"""A question to the professional who holds the answer, as frozen values."""

import datetime as dt
import json
from dataclasses import dataclass
from enum import StrEnum

from gateway.catalogue.model import Requester
from gateway.passage import justified
from gateway.subject import Subject


class State(StrEnum):
    """How far a question is; every state but the first is its last."""

    OPEN = "open"
    ANSWERED = "answered"
    DECLINED = "declined"
    EXPIRED = "expired"


class Reply(StrEnum):
    """What a professional may say to a question; declining is for reasons that stay there."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    DECLINE = "decline"


VALUES = {Reply.YES: True, Reply.NO: False, Reply.UNKNOWN: None}
"""The value that an answer becomes; null is unknown, which is not "no"."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who put a question: the system, the organisation and role, the partner's own id of a person.

    Trust: professionals are told apart within one system only; the partner vouches for them.
    """

    client: str
    organisation: str
    role: str
    professional: str


@dataclass(frozen=True, slots=True)
class Question:
    """A request that waits for the professional who holds the answer.

    Shapes:  id: of the entry that says that it waits; release_id: of the entry that will release
             the answer, fixed beforehand so that it is released once. request: the JSON as asked.
    Units:   until: the last day on which it can be answered.
    """

    id: str
    release_id: str
    subject: Subject
    purpose: str
    asker: Asker
    holder: Requester
    request: str
    asked_at: dt.datetime
    until: dt.date
    state: State = State.OPEN
    reply: Reply | None = None
    ended_at: dt.datetime | None = None
    reminded_on: dt.date | None = None

    @property
    def terms(self) -> tuple[object, ...]:
        """What a decision rests on beside the purpose; who changes any of it asks something else.

        Why a field is needed may be put in other words: that there are any is what counts.
        """
        asked = json.loads(self.request)
        named = tuple(asked.get(name) for name in ("case", "fields", "claims", "over_asking"))
        return (*named, justified(asked.get("justifications", {})))

    def state_on(self, day: dt.date) -> State:
        """Return how far it is: its term ends it, also before that was written down."""
        is_late = self.state is State.OPEN and day > self.until
        return State.EXPIRED if is_late else self.state


@dataclass(frozen=True, slots=True)
class Message:
    """That a question came to its end, still to be told to the system that asked.

    Units:   tries: how often it was tried before.
    """

    question: str
    client: str
    tries: int
