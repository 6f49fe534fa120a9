"""POST /v1/tables: share with several parties of a case at once, each its own view, or none."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gateway.api.disclosures import asked_of
from gateway.api.guard import Caller, actor_of
from gateway.api.repeats import KEY_HEADER, Making, Told, canonical_of, made_once
from gateway.api.schemas import (
    FIELDS_LIMIT,
    CaseId,
    DisclosureIn,
    Justification,
    Name,
    ProblemOut,
    PurposeAsked,
    SubjectIn,
)
from gateway.api.state import desk_of, services_of
from gateway.api.strict import StrictRoute
from gateway.api.tracing import Trace, parse_trace
from gateway.api.words import own_id
from gateway.cases.desk import Keep
from gateway.errors import BodyInvalid
from gateway.passage import Envelope
from gateway.subject import parse_bsn
from gateway.table.flow import Part, Recipient, Shared, share

router = APIRouter(route_class=StrictRoute, tags=["tables"])

_CREATED, _REFUSED = 201, 403
_SEATS = 12
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": ProblemOut, "description": "The request is not one."},
    401: {"model": ProblemOut, "description": "No valid token."},
    404: {"model": ProblemOut, "description": "No such case of this person that you coordinate."},
    409: {
        "model": ProblemOut,
        "description": "A recipient takes no part in the case, or a purpose is behind a veil.",
    },
    503: {"model": ProblemOut, "description": "Not recorded for everybody, so for nobody."},
}


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class RecipientIn(_In):
    """Somebody at the table: who, in which role, and what it needs its part for."""

    organisation: Name
    role: Name
    professional: Annotated[
        str,
        StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$"),
        AfterValidator(own_id),
    ] = Field(description="The recipient's own opaque id of the person who will collect.")
    task: Name
    activity: Name
    purpose: PurposeAsked
    fields: Annotated[list[Name], Field(max_length=FIELDS_LIMIT)] | None = None
    justifications: Annotated[dict[Name, Justification], Field(max_length=FIELDS_LIMIT)] = Field(
        default_factory=dict
    )


class TableIn(_In):
    """A case, the person it is about, and who gets what."""

    case: CaseId
    subject: SubjectIn
    recipients: Annotated[list[RecipientIn], Field(min_length=1, max_length=_SEATS)]


class SeatOut(BaseModel):
    """What came of one recipient; what it gets is for itself alone."""

    organisation: str
    role: str
    disclosure_id: str
    outcome: Literal["permit", "partial", "refuse", "withheld"] = Field(
        description="withheld: it might have, but another one might not."
    )


class TableOut(BaseModel):
    """Whether everybody can collect, and what came of each."""

    table_id: str
    is_released: bool
    recipients: list[SeatOut]


@router.post(
    "/tables",
    status_code=_CREATED,
    response_model=TableOut,
    responses={
        **_PROBLEMS,
        403: {"model": TableOut, "description": "One was refused, so nobody gets anything."},
    },
    openapi_extra={"parameters": [KEY_HEADER]},
)
async def create_table(request: Request, body: TableIn, caller: Caller) -> Response:
    """Share with everybody at the table, each its own view, or with nobody."""
    service = services_of(request)
    seats = {(each.organisation, each.role) for each in body.recipients}
    if len(seats) < len(body.recipients):
        raise BodyInvalid("recipients", "staat er dubbel / stands there twice")
    parse_bsn(body.subject.value)
    trace = parse_trace(
        request.headers.get("traceparent"), request.headers.get("b3"), service.random
    )
    parts = [_part(body, each, trace, service.new_entry_id()) for each in body.recipients]
    desk, actor = desk_of(service), actor_of(caller)

    async def make(keep: Keep[Shared]) -> tuple[Shared, None]:
        return await share(service.gate, desk, actor, body.case, parts, keep), None

    return await made_once(request, body, caller, Making(make, _told))


def _part(body: TableIn, seat: RecipientIn, trace: Trace, identity: str) -> Part:
    """Return what one recipient is to get, as the request that it could have made itself."""
    asked = DisclosureIn(
        task=seat.task,
        activity=seat.activity,
        purpose=seat.purpose,
        subject=body.subject,
        fields=seat.fields,
        justifications=seat.justifications,
        case=body.case,
        wait="refuse",
    )
    return Part(
        Recipient(seat.organisation, seat.role, seat.professional),
        asked_of(asked),
        Envelope(identity, trace.trace_id, trace.span_id, canonical_of(asked)),
    )


async def _told(shared: Shared) -> Told:
    members = {
        "table_id": shared.table_id,
        "is_released": shared.is_released,
        "recipients": [
            {
                "organisation": part.recipient.organisation,
                "role": part.recipient.role,
                "disclosure_id": part.envelope.request_id,
                "outcome": outcome,
            }
            for part, outcome in shared.outcomes
        ],
    }
    return Told(_CREATED if shared.is_released else _REFUSED, members)
