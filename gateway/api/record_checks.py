"""POST /v1/record-checks: what of a note or form is necessary, before it is written down."""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gateway.answer import refusal
from gateway.api.guard import Caller
from gateway.api.problems import MEDIA_TYPE
from gateway.api.schemas import FIELDS_LIMIT, Name, ProblemOut, PurposeText
from gateway.api.state import services_of
from gateway.api.strict import StrictRoute
from gateway.decision.model import Refuse
from gateway.moments import home_day
from gateway.recording.answer import note_out
from gateway.recording.check import check_note
from gateway.recording.model import Asker, Note, Section

router = APIRouter(route_class=StrictRoute, tags=["record-checks"])

# The policy is in force by days, and days begin where the people live.
_SECTIONS_LIMIT = 50
# Together with the limit on the body this bounds the time that looking at a note takes.
_TEXT_LIMIT = 40_000
_DOMAINS_LIMIT = 50

Names = Annotated[list[Name], Field(max_length=FIELDS_LIMIT)]
Ticked = Annotated[dict[Name, Literal[True]], Field(max_length=FIELDS_LIMIT)]


class SectionIn(BaseModel):
    """A piece of free text under a label of the policy, or under the name of a field."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    label: Name = Field(description="A label of the policy.", examples=["gezondheid"])
    text: str = Field(
        description="Looked at for kinds of particulars; not kept, not returned.", repr=False
    )


def _not_too_long(sections: list[SectionIn]) -> list[SectionIn]:
    """Return the sections if their texts are short enough to be looked at, all together."""
    if sum(len(section.text) for section in sections) > _TEXT_LIMIT:
        raise PydanticCustomError("string_too_long", "the texts are too long together")
    return sections


Sections = Annotated[
    list[SectionIn], Field(max_length=_SECTIONS_LIMIT), AfterValidator(_not_too_long)
]


class RecordCheckIn(BaseModel):
    """A note or form that is to be recorded, with its step and purpose; it names no person."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    task: Name = Field(description="Step 1: the statutory task.", examples=["wmo-onderzoek"])
    activity: Name = Field(
        description="Step 2: the activity of that task.", examples=["vraagverheldering"]
    )
    purpose: PurposeText = Field(
        description="Step 3: the purpose of what is recorded.", examples=["hulpvraag-afbakenen"]
    )
    fields: Names | Ticked = Field(
        default_factory=list, description="The fields of the form, as a list or each with true."
    )
    sections: Sections = Field(
        default_factory=list,
        description="Free text, in pieces with a label each; 40 000 characters in all.",
    )
    domains: Annotated[list[Name], Field(max_length=_DOMAINS_LIMIT)] | None = Field(
        default=None,
        description="Life domains of the Zelfredzaamheid-Matrix; left out: all that are open.",
    )
    help_question: Name | None = Field(
        default=None, description="What the citizen asks.", examples=["vervoer"]
    )


class RecordFieldOut(BaseModel):
    """Whether a field may be recorded: how precisely and why, or what to record instead."""

    name: str
    verdict: Literal["necessary", "motivation", "not_necessary"]
    message: str
    message_en: str
    because: str | None = None
    precision: str | None = None
    needs_consent: bool | None = None
    code: str | None = None
    instead: list[str] | None = None


class FoundOut(BaseModel):
    """What a section seems to hold and should not: the kind and how often, never the text."""

    kind: str
    count: int
    message: str
    message_en: str


class RecordSectionOut(BaseModel):
    """What may stand in a section, and what it seems to hold beside that."""

    label: str
    verdict: Literal["necessary", "motivation", "not_necessary"]
    message: str
    message_en: str
    fields: list[RecordFieldOut]
    found: list[FoundOut]
    instead: list[str] | None = None


class RecordDomainOut(BaseModel):
    """Whether a life domain may be asked and scored for this help question."""

    domain: str
    title: str | None
    title_en: str | None
    may_ask: bool
    may_score: bool
    message: str
    message_en: str
    because: str | None = None


class RecordCheckOut(BaseModel):
    """What of the note may be recorded; nothing of its content is kept or returned."""

    outcome: Literal["may_stay", "take_out"]
    fields: list[RecordFieldOut]
    sections: list[RecordSectionOut]
    domains: list[RecordDomainOut]
    policy_revision: str


@router.post(
    "/record-checks",
    response_model=RecordCheckOut,
    responses={
        400: {"model": ProblemOut, "description": "The request is not one."},
        401: {"model": ProblemOut, "description": "No valid token."},
        403: {"model": ProblemOut, "description": "This step is not yours to declare."},
        413: {"model": ProblemOut, "description": "The body is over 256 KiB."},
    },
)
async def check_record(request: Request, body: RecordCheckIn, caller: Caller) -> Response:
    """Say what of a note or form is necessary for its purpose, and what must not be recorded."""
    service = services_of(request)
    asker = Asker(
        caller.organisation,
        caller.role,
        frozenset((hat.organisation, hat.role) for hat in caller.hats),
    )
    day = home_day(service.now())
    checked = await check_note(service.gate.decider, asker, note_of(body), day)
    if isinstance(checked, Refuse):
        return _refused(checked)
    return Response(orjson.dumps(note_out(checked)), media_type="application/json")


def note_of(body: RecordCheckIn) -> Note:
    """Return the note that a body describes."""
    return Note(
        task=body.task,
        activity=body.activity,
        purposes=(body.purpose,),
        fields=tuple(body.fields),
        sections=tuple(Section(each.label, each.text) for each in body.sections),
        domains=None if body.domains is None else tuple(body.domains),
        help_question=body.help_question,
    )


def _refused(refuse: Refuse) -> Response:
    """Return the problem document of a refused disclosure, but for what stands in the ledger."""
    answer = refusal("", refuse)
    members = {name: value for name, value in answer.members.items() if name != "disclosure_id"}
    return Response(orjson.dumps(members), status_code=answer.status, media_type=MEDIA_TYPE)
