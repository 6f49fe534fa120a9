"""The JSON of cases and consents, in and out. Request bodies are strict, as all others are."""

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from gateway.api.schemas import FIELDS_LIMIT, Name, ReceiptOut, SubjectIn
from gateway.api.words import PERSON_NUMBER, without_bsn

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER_OF_A_PERSON = re.compile(r"[0-9]{9}")
_FEW = 20


def _parse_day(value: object) -> dt.date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("a day is written as 2026-03-02")
    return dt.date.fromisoformat(value)


def _without_number(text: str) -> str:
    # Days and amounts come in groups of digits too, so in groups it must pass for a BSN.
    if _NUMBER_OF_A_PERSON.search(text):
        raise PydanticCustomError(PERSON_NUMBER, "a number of a person does not belong here")
    return without_bsn(text)


Day = Annotated[dt.date, BeforeValidator(_parse_day)]
ShortText = Annotated[
    str,
    # One line: not every store keeps control characters, and no screen shows them.
    StringConstraints(min_length=1, max_length=200, pattern=r"^\P{Cc}*[^\s\p{Cc}]\P{Cc}*$"),
    AfterValidator(_without_number),
]
Words = Annotated[list[Name], Field(max_length=_FEW)]
Giver = Literal[
    "betrokkene",
    "jeugdige",
    "ouder",
    "voogd",
    "vertegenwoordiger",
    "curator",
    "bewindvoerder",
    "mentor",
]
OpenPhase = Literal["verkenning", "werkplan", "coordinatie", "lopend"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class SignalIn(_In):
    """The attempt to convince the person first (gesprek geprobeerd), and how serious it is."""

    tried_on: Day = Field(description="The day of the last attempt.")
    attempts: Annotated[int, Field(ge=1, le=99)]
    severity: Literal["ernstige-overlast", "zorgmijding", "ernstig-nadeel"]


class CaseIn(_In):
    """A case that begins: about whom, of which kind, and in which of the three ways."""

    kind: Name = Field(description="The kind of case.", examples=["werkplan"])
    beginning: Literal["own_request", "signal", "report"]
    subject: SubjectIn
    signal: SignalIn | None = Field(
        default=None, description="Required when a professional signals."
    )


class CaseSearchIn(_In):
    """A question which open cases of this person the caller takes part in."""

    subject: SubjectIn


class JoinIn(_In):
    """Let a party take part."""

    step: Literal["join"]
    organisation: Name
    role: Name
    mandate: ShortText | None = Field(default=None, description="What for, in words.")
    tasks: Words = Field(default_factory=list, description="What it may declare; empty: all.")
    trajectory: Name | None = Field(default=None, description="The help it takes part for.")
    until: Day | None = Field(default=None, description="Last day, within the term; else that.")


class LeaveIn(_In):
    """End the part of one party, at once."""

    step: Literal["leave"]
    organisation: Name
    role: Name


class EndTrajectoryIn(_In):
    """This help has done its work: whoever took part for it is out, at once."""

    step: Literal["end_trajectory"]
    organisation: Name
    trajectory: Name


class AdvanceIn(_In):
    """Go on to the next phase."""

    step: Literal["advance"]
    phase: OpenPhase


class AgreeIn(_In):
    """Add an agreement to the werkplan: who does what, until when."""

    step: Literal["agree"]
    organisation: Name
    action: ShortText
    until: Day | None = None
    next_on: Day | None = Field(default=None, description="The next day that is set for it.")


class ProgressIn(_In):
    """Note how far an agreement of yours is; the coordinator may do so for every party."""

    step: Literal["progress"]
    agreement: Annotated[int, Field(ge=1, le=999)]
    status: Literal["gepland", "loopt"] = Field(description="Planned, or going on.")
    next_on: Day | None = Field(
        default=None, description="The next day that is set for it; left out: none is."
    )


class FulfilIn(_In):
    """Note that an agreement was kept, which is the end of it."""

    step: Literal["fulfil"]
    agreement: Annotated[int, Field(ge=1, le=999)]


class StallIn(_In):
    """Note that working together is stuck (samenwerking stagneert)."""

    step: Literal["stall"]


class ResumeIn(_In):
    """Note that working together goes on again."""

    step: Literal["resume"]


class DecideIn(_In):
    """Note that it was decided today what the person gets; what it is stays outside."""

    step: Literal["decide"]


class CloseIn(_In):
    """Close the case; every part in it ends."""

    step: Literal["close"]


class StepIn(
    RootModel[
        Annotated[
            JoinIn
            | LeaveIn
            | EndTrajectoryIn
            | AdvanceIn
            | AgreeIn
            | ProgressIn
            | FulfilIn
            | StallIn
            | ResumeIn
            | DecideIn
            | CloseIn,
            Field(discriminator="step"),
        ]
    ]
):
    """A step in a case."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)


class ConsentIn(_In):
    """A consent that the person gave: for one purpose, all of it or some fields."""

    subject: SubjectIn
    purpose: Name
    fields: Annotated[list[Name], Field(max_length=FIELDS_LIMIT)] = Field(
        default_factory=list, description="Left out: everything in the purpose that needs consent."
    )
    given_by: Annotated[list[Giver], Field(min_length=1, max_length=8)]
    form: ShortText | None = Field(default=None, examples=["schriftelijk"])
    valid_until: Day | None = Field(default=None, description="The last day on which it holds.")


class WithdrawalIn(_In):
    """A withdrawal; the path says of which consent, and nothing more is asked."""


class WithdrawalsIn(_In):
    """A withdrawal of everything that a person consented to for one purpose."""

    subject: SubjectIn
    purpose: Name


class PartyOut(BaseModel):
    """A party of a case."""

    organisation: str
    role: str | None
    since: dt.date
    until: dt.date | None
    has_left: bool


class AgreementOut(BaseModel):
    """An agreement of the werkplan."""

    number: int
    organisation: str
    action: str
    until: dt.date | None
    status: Literal["gepland", "loopt", "gereed"] = Field(
        description="Planned, going on, or kept: what other parties learn of it."
    )
    next_on: dt.date | None = Field(description="The next day that is set for it.")
    is_done: bool


class DueOut(BaseModel):
    """By which day it must be decided what the person gets."""

    decide_by: dt.date = Field(description="The last day.")
    decided_on: dt.date | None
    is_overdue: bool = Field(description="Nobody decided, and the last day is over.")


class CaseOut(BaseModel):
    """What the caller's part in a case needs."""

    id: str
    label: str | None
    kind: str
    beginning: str
    phase: str
    version: int
    is_shared: bool = Field(
        description="False: no consent to share holds; you see yourself and no agreements."
    )
    is_stalled: bool = Field(description="The coordinator noted that working together is stuck.")
    due: DueOut | None = Field(description="Null: cases of this kind have no term to decide in.")
    parties: list[PartyOut]
    agreements: list[AgreementOut]


class FoundCaseOut(BaseModel):
    """An open case in which the caller takes part."""

    id: str
    label: str | None
    kind: str
    phase: str
    due: DueOut | None = Field(description="Null: cases of this kind have no term to decide in.")


class DueCaseOut(BaseModel):
    """A case that waits for a decision of the caller; who it is about stands in the case itself."""

    id: str
    kind: str
    phase: str
    opened: dt.date = Field(description="The day on which the case began.")
    decide_by: dt.date = Field(description="The last day to decide.")
    is_overdue: bool = Field(description="The last day is over.")
    version: int


class DueCasesOut(BaseModel):
    """The cases that wait for a decision, the most urgent first; the receipt is of the look."""

    cases: list[DueCaseOut]
    next_start: int | None = Field(description="The `start` of the next page; null: no more.")
    receipt: ReceiptOut


class StepOut(BaseModel):
    """What a step came to."""

    id: str
    version: int
    receipt: ReceiptOut | None = Field(
        description="Null: in effect at once, and recorded in the ledger shortly."
    )
    case: CaseOut | None = Field(description="Null: you take no part in the case now.")


class ConsentOut(BaseModel):
    """A consent that was recorded or withdrawn."""

    id: str
    receipt: ReceiptOut | None


class WithdrawalsOut(BaseModel):
    """The consents that were withdrawn."""

    withdrawn: list[ConsentOut]
