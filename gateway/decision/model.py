"""The question, the decision and its reasons, as values whose truth cannot be asked.

A decision is `Permit` or `Refuse` and must be matched. Nothing here evaluates a rule: the Rego in
policies/disclosure.rego does, and `reasons.REASONS` only says what its codes mean.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Never, TypeAlias

import orjson

from gateway.catalogue.model import RestsOn
from gateway.decision.condition_words import condition_words
from gateway.decision.reasons import REASONS, Code

__all__ = [
    "REASONS",
    "Code",
    "ConditionOutcome",
    "Decision",
    "Met",
    "Obligation",
    "ObligationKind",
    "OverAsking",
    "Permit",
    "Question",
    "Reason",
    "Refuse",
    "Standing",
    "SubjectCheck",
]


class _NotABool:
    """A value whose truth cannot be asked, so that `if decision:` is a bug and not a permit."""

    __slots__ = ()

    def __bool__(self) -> Never:
        raise TypeError("a decision has no truth value: match it")


class Standing(StrEnum):
    """What the party policy says of a caller, the acting role and the declared step."""

    HOLDS = "holds"
    HAT_NOT_OWNED = "hat_not_owned"
    WRONG_HAT = "wrong_hat"
    TASK_NOT_HELD = "task_not_held"
    ACTIVITY_NOT_FOR_ROLE = "activity_not_for_role"
    UNKNOWN = "unknown"


class SubjectCheck(StrEnum):
    """Whether the identifier of the person passed its check; the identifier itself stays out."""

    VALID = "valid"
    INVALID = "invalid"
    MISSING = "missing"


class OverAsking(StrEnum):
    """What to do when more is asked than is necessary."""

    REFUSE = "refuse"
    WITHHOLD = "withhold"


class Met(StrEnum):
    """How a condition came out."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class ObligationKind(StrEnum):
    """What a receiver takes on together with the data."""

    INFORM_SUBJECT = "inform_subject"
    KEEP_UNTIL = "keep_until"
    NO_ONWARD_SHARING = "no_onward_sharing"


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that a decision may depend on, and nothing about the person but outcomes.

    Shapes:  facts: (name, outcome) where outcome is "met", "unknown" or a log code; names "case",
             "consent" and those of the conditions; a claim is "met" when the requester made it.
             fields: None when the list was left out.
    Units:   date: ISO date of the decision.
    Trust:   the declared task, activity, purposes, fields and emergency are the caller's own words;
             standing, subject and facts were established by the gateway.
    """

    organisation: str
    role: str
    standing: Standing
    task: str
    activity: str
    purposes: tuple[str, ...]
    subject: SubjectCheck
    fields: tuple[str, ...] | None
    justified: tuple[str, ...]
    over_asking: OverAsking
    facts: tuple[tuple[str, str], ...]
    date: str
    emergency: bool = False

    def canonical(self) -> bytes:
        """Return the one JSON text of this question, keys sorted: engine input and memo key."""
        document: dict[str, object] = {
            "organisation": self.organisation,
            "role": self.role,
            "standing": self.standing,
            "declared": {
                "task": self.task,
                "activity": self.activity,
                "purposes": self.purposes,
            },
            "subject": self.subject,
            "justified": self.justified,
            "over_asking": self.over_asking,
            "facts": dict(self.facts),
            "date": self.date,
        }
        if self.fields is not None:
            document["fields"] = self.fields
        if self.emergency:
            document["emergency"] = True
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not given: a code, and the field or condition it is about.

    Units:   again: from which day on it may be asked again, where waiting is all there is to do.
    """

    code: Code
    field: str | None = None
    instead: tuple[str, ...] = ()
    condition: str | None = None
    again: dt.date | None = None

    @property
    def outward(self) -> str:
        """The code that the requester sees: coarser than the log code where it protects people."""
        outward = REASONS[self.code].outward
        return outward if self.condition is None else f"{outward}:{self.condition}"

    @property
    def step(self) -> int:
        """The step of the plan that failed: 0 technical, 1 task, 2 activity or case, 3, 4."""
        return REASONS[self.code].step

    @property
    def message_nl(self) -> str:
        """The plain Dutch sentence for the requester."""
        return REASONS[self.code].nl.format(condition=condition_words(self.condition).nl)

    @property
    def message_en(self) -> str:
        """The same sentence in English."""
        return REASONS[self.code].en.format(condition=condition_words(self.condition).en)


@dataclass(frozen=True, slots=True)
class ConditionOutcome:
    """How one condition of the purpose came out; the code says why when it is not met.

    `rests_on` tells a fact from the requester's own claim; it is None for what the catalogue does
    not know as a condition of the purpose.
    """

    name: str
    outcome: Met
    code: Code | None = None
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True)
class Obligation:
    """A duty that rides along with the data."""

    kind: ObligationKind
    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class Permit(_NotABool):
    """These fields may leave, under these obligations; what was withheld says why."""

    fields: tuple[str, ...]
    withheld: tuple[Reason, ...]
    conditions: tuple[ConditionOutcome, ...]
    obligations: tuple[Obligation, ...]
    revision: str

    @property
    def outcome(self) -> str:
        """The word for the ledger and the answer: permit or partial."""
        return "partial" if self.withheld else "permit"


@dataclass(frozen=True, slots=True)
class Refuse(_NotABool):
    """Nothing leaves, for these reasons; there is always at least one."""

    reasons: tuple[Reason, ...]
    conditions: tuple[ConditionOutcome, ...]
    revision: str

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a refusal has a reason")

    @property
    def outcome(self) -> str:
        """The word for the ledger and the answer."""
        return "refuse"

    @property
    def step(self) -> int:
        """The first step that failed."""
        return min(reason.step for reason in self.reasons)


Decision: TypeAlias = Permit | Refuse
