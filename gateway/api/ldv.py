"""POST /v1/processing-activities: the Logboek Dataverwerkingen for supervisors (extensie lezen).

The person of a question is a pseudonym. The published schema accepts a question that names a time
only; its text demands a 400, and so does this.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool

from audit.entry import MAX_INT
from audit.ledger import LedgerReader
from audit.projections.ldv import ACTIVITY, PERSON, PERSON_TYPE, PROCESSOR, ldv_lines, read_line
from audit.projections.record import PSEUDONYM_TYPE, Context
from audit.projections.window import Wanted, matching
from gateway.api.guard import Auditor
from gateway.api.reading import context_of, period
from gateway.api.schemas import TOO_MANY_LOOKS, ProblemOut
from gateway.api.state import services_of
from gateway.api.strict import read_model
from gateway.errors import BodyInvalid
from gateway.rates import Look

router = APIRouter(tags=["ldv"])

LINES_LIMIT = 1_000

# The core standard writes a trace as 32 hex digits, the schema of this interface as a UUID.
_TRACE = r"^[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}$"
TraceId = Annotated[str, StringConstraints(pattern=_TRACE)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=2_042)]
Pseudonym = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Moment = Annotated[int, Field(ge=0, le=MAX_INT)]


class ProcessingActivityIn(BaseModel):
    """Which lines to give: of one trace, of one processing activity, or about one person."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    trace: TraceId | None = Field(default=None, alias="traceId")
    activity: Address | None = Field(default=None, alias=ACTIVITY)
    person: Pseudonym | None = Field(
        default=None, alias=PERSON, description="A pseudonym of this ledger; never a BSN."
    )
    person_type: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        default=None, alias=PERSON_TYPE, examples=[PSEUDONYM_TYPE]
    )
    processor: Address | None = Field(default=None, alias=PROCESSOR)
    start_ms: Moment | None = Field(default=None, alias="startTime")
    end_ms: Moment | None = Field(default=None, alias="endTime")


class ProcessingActivityOut(BaseModel):
    """One line of the log."""

    model_config = ConfigDict(alias_generator=to_camel)

    trace_id: str
    span_id: str
    parent_span_id: str
    status: Literal["Unset", "Ok", "Error"]
    name: str
    start_time: int
    end_time: int
    resource: dict[str, Any]
    attributes: dict[str, str]


class ProcessingActivitiesOut(BaseModel):
    """All lines that were asked for."""

    model_config = ConfigDict(alias_generator=to_camel)

    processing_activities: list[ProcessingActivityOut]


async def _question(request: Request, auditor: Auditor) -> ProcessingActivityIn:
    """Return the question in the body; it is read once the caller is known to be a supervisor."""
    services_of(request).rates.take(auditor.client_id, Look.LOG)
    question = await read_model(request, ProcessingActivityIn)
    if question.trace is question.activity is question.person is None:
        raise BodyInvalid(
            "body",
            f"noem traceId, {ACTIVITY} of {PERSON} / name traceId, {ACTIVITY} or {PERSON}",
        )
    return question


_ATTRIBUTES = {"activity", "person", "person_type", "processor"}
Question = Annotated[ProcessingActivityIn, Depends(_question)]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ProcessingActivityIn.model_json_schema()}},
    }
}


@router.post(
    "/processing-activities",
    openapi_extra=_BODY,
    responses={
        400: {"model": ProblemOut, "description": "The question is not one, or too wide."},
        401: {"model": ProblemOut},
        403: {"model": ProblemOut, "description": "Only a supervisor reads this."},
        **TOO_MANY_LOOKS,
    },
)
async def list_processing_activities(
    request: Request, question: Question
) -> ProcessingActivitiesOut:
    """List the processing of personal data that fits this question, without employees."""
    lines = await run_in_threadpool(
        _answer, services_of(request).log, question, context_of(request)
    )
    return ProcessingActivitiesOut.model_validate({"processingActivities": lines})


def _answer(
    log: LedgerReader, question: ProcessingActivityIn, context: Context
) -> list[dict[str, Any]]:
    part = period(log, "startTime", question.start_ms, question.end_ms)
    fixed = question.model_dump(by_alias=True, include=_ATTRIBUTES, exclude_none=True).items()
    lines: list[dict[str, Any]] = []
    for recorded in matching(log, part, _wanted(question, context)):
        found = ldv_lines(recorded, context)
        lines += [read_line(line) for line in found if fixed <= line["attributes"].items()]
        if len(lines) > LINES_LIMIT:
            raise BodyInvalid(
                "startTime",
                f"dit zijn meer dan {LINES_LIMIT} regels, vraag een kortere periode / "
                f"these are more than {LINES_LIMIT} lines, ask for a shorter period",
            )
    return lines


def _wanted(question: ProcessingActivityIn, context: Context) -> Wanted:
    trace = None if question.trace is None else question.trace.replace("-", "").lower()
    purpose = None if question.activity is None else context.find_purpose(question.activity)
    return Wanted(trace, purpose, question.person)
