"""Cases: begin one, find those of a person, look at one, take a step in it."""

import re
from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from gateway.api.answers import receipt_out
from gateway.api.case_schemas import (
    AdvanceIn,
    AgreeIn,
    CaseIn,
    CaseOut,
    CaseSearchIn,
    CloseIn,
    DecideIn,
    DueCasesOut,
    EndTrajectoryIn,
    FoundCaseOut,
    FulfilIn,
    JoinIn,
    LeaveIn,
    ProgressIn,
    ResumeIn,
    StallIn,
    StepIn,
    StepOut,
)
from gateway.api.guard import Caller, actor_of
from gateway.api.ids import ID, known_form
from gateway.api.repeats import KEY_HEADER, Making, Told, made_once, told_response
from gateway.api.schemas import TOO_MANY_LOOKS, ProblemOut
from gateway.api.state import desk_of, services_of
from gateway.api.strict import StrictRoute
from gateway.cases.deadlines import Due
from gateway.cases.desk import Desk
from gateway.cases.flow import Asked, View, begin, read, search, take, view_of
from gateway.cases.machine import Joining, Start, Step
from gateway.cases.model import Actor, CaseRecord, Progress, Signal
from gateway.cases.worklist import MOST_SKIPPED, Waiting, list_waiting
from gateway.catalogue.model import Beginning, Phase
from gateway.errors import BodyInvalid
from gateway.rates import Look
from gateway.subject import parse_bsn

router = APIRouter(route_class=StrictRoute, tags=["cases"])

_VERSION = re.compile(r'"?([1-9][0-9]{0,8})"?')
_CREATED, _CONFLICT = 201, 409
_MOST_DUE, _USUALLY_DUE = 200, 50

_IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "The version of the case that the step is taken from: the ETag of what you saw.",
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": ProblemOut, "description": "The request is not one."},
    401: {"model": ProblemOut, "description": "No valid token."},
    409: {"model": ProblemOut, "description": "The rules refuse it, or somebody else was first."},
    503: {"model": ProblemOut, "description": "Not recorded, so not done."},
}
_OF_WORKLIST: dict[int | str, dict[str, Any]] = {
    **{status: each for status, each in _PROBLEMS.items() if status != _CONFLICT},
    403: {"model": ProblemOut, "description": "This role decides in no case with a term."},
}
_OF_ONE: dict[int | str, dict[str, Any]] = {
    **_PROBLEMS,
    404: {"model": ProblemOut, "description": "No such case, or not one of yours."},
}


@router.post(
    "/cases",
    status_code=_CREATED,
    response_model=StepOut,
    responses=_PROBLEMS,
    openapi_extra={"parameters": [KEY_HEADER]},
)
async def create_case(request: Request, body: CaseIn, caller: Caller) -> Response:
    """Begin a case about a person."""
    if body.signal is not None and body.beginning != "signal":
        raise BodyInvalid("signal", "hoort alleen bij een signaal / belongs to a signal alone")
    desk, actor = desk_of(services_of(request)), actor_of(caller)
    start = Start(
        kind=body.kind,
        beginning=Beginning(body.beginning),
        subject=parse_bsn(body.subject.value),
        signal=None
        if body.signal is None
        else Signal(
            body.signal.tried_on, caller.organisation, body.signal.attempts, body.signal.severity
        ),
    )
    making = Making(
        lambda keep: begin(desk, actor, start, keep),
        lambda record: _told(desk, actor, record, _CREATED),
    )
    return await made_once(request, body, caller, making)


@router.post(
    "/case-searches",
    response_model=list[FoundCaseOut],
    responses={**_PROBLEMS, **TOO_MANY_LOOKS},
)
async def search_cases(request: Request, body: CaseSearchIn, caller: Caller) -> Response:
    """Find the open cases of a person in which the caller takes part."""
    service = services_of(request)
    service.rates.take(caller.client_id, Look.SEARCH)
    desk = desk_of(service)
    found = await search(desk, actor_of(caller), parse_bsn(body.subject.value))
    return _answer(
        [
            {
                "id": each.case.id,
                "label": each.case.label,
                "kind": each.case.kind,
                "phase": each.case.phase,
                "due": _due_out(each.due),
            }
            for each in found
        ]
    )


@router.get("/due-cases", response_model=DueCasesOut, responses={**_OF_WORKLIST, **TOO_MANY_LOOKS})
async def read_due_cases(
    request: Request,
    caller: Caller,
    start: Annotated[int, Query(ge=0, le=MOST_SKIPPED)] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST_DUE)] = _USUALLY_DUE,
) -> Response:
    """Return the cases that wait for the caller's decision, the most urgent first; no persons."""
    service = services_of(request)
    service.rates.take(caller.client_id, Look.SEARCH)
    found = await list_waiting(desk_of(service), actor_of(caller), start, limit)
    return _answer(
        {
            "cases": [_due_case_out(each) for each in found.cases],
            "next_start": found.next_start,
            "receipt": receipt_out(found.receipt),
        }
    )


@router.get("/cases/{id}", responses={**_OF_ONE, **TOO_MANY_LOOKS})
async def read_case(
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
    request: Request,
    response: Response,
    caller: Caller,
) -> CaseOut:
    """Return what the caller's part in a case needs; the ETag is its version."""
    service = services_of(request)
    service.rates.take(caller.client_id, Look.CASE)
    view = await read(desk_of(service), actor_of(caller), id)
    response.headers["etag"] = f'"{view.version}"'
    return CaseOut.model_validate(_case_out(view))


@router.post(
    "/cases/{id}/steps",
    response_model=StepOut,
    responses=_OF_ONE,
    openapi_extra={"parameters": [_IF_MATCH]},
)
async def create_step(
    request: Request,
    body: StepIn,
    caller: Caller,
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
) -> Response:
    """Take a step in a case, from the version that the caller saw."""
    desk, actor = desk_of(services_of(request)), actor_of(caller)
    version = _version(request.headers.get("if-match"))
    record, receipt = await take(desk, actor, known_form(id), version, asked_of(body))
    return told_response(await _told(desk, actor, record, 200), receipt)


def asked_of(body: StepIn) -> Asked:
    """Return the step that a body asks for."""
    match body.root:
        case JoinIn() as join:
            joining = Joining(
                join.organisation,
                join.role,
                join.mandate,
                tuple(join.tasks),
                join.trajectory,
                join.until,
            )
            return Asked(Step.JOINED, lambda m, r: m.join(r, joining), join.organisation)
        case LeaveIn(organisation=name, role=role):
            return Asked(Step.LEFT, lambda m, r: m.leave(r, name, role), name)
        case EndTrajectoryIn(organisation=name, trajectory=kind):
            return Asked(Step.TRAJECTORY_ENDED, lambda m, r: m.end_trajectory(r, name, kind), name)
        case other:
            return _asked_without_party(other)


def _asked_without_party(
    body: AdvanceIn | AgreeIn | ProgressIn | FulfilIn | StallIn | ResumeIn | DecideIn | CloseIn,
) -> Asked:
    match body:
        case AdvanceIn(phase=phase):
            return Asked(Step.ADVANCED, lambda m, r: m.advance(r, Phase(phase)))
        case AgreeIn() | ProgressIn() | FulfilIn():
            return _asked_of_plan(body)
        case CloseIn():
            return Asked(Step.CLOSED, lambda m, r: m.close(r))
        case other:
            return _asked_to_note(other)


def _asked_of_plan(body: AgreeIn | ProgressIn | FulfilIn) -> Asked:
    match body:
        case AgreeIn(organisation=name, action=action, until=until, next_on=day):
            return Asked(Step.AGREED, lambda m, r: m.agree(r, name, action, until, day))
        case ProgressIn(agreement=number, status=status, next_on=day):
            return Asked(Step.PROGRESSED, lambda m, r: m.progress(r, number, Progress(status), day))
        case FulfilIn(agreement=number):
            return Asked(Step.FULFILLED, lambda m, r: m.fulfil(r, number))


def _asked_to_note(body: StallIn | ResumeIn | DecideIn) -> Asked:
    match body:
        case StallIn():
            return Asked(Step.STALLED, lambda m, r: m.stall(r))
        case ResumeIn():
            return Asked(Step.RESUMED, lambda m, r: m.resume(r))
        case DecideIn():
            return Asked(Step.DECIDED, lambda m, r: m.decide(r))


def _version(header: str | None) -> int:
    found = _VERSION.fullmatch(header or "")
    if found is None:
        raise BodyInvalid("If-Match", "is the version of the case, as its ETag gave it")
    return int(found[1])


async def _told(desk: Desk, actor: Actor, record: CaseRecord, status: int) -> Told:
    """Tell of a step; who takes no part in the case after it sees nothing of the case."""
    case, day = record.case, desk.moment().day
    takes_part = case.has_party(actor.organisation, actor.role, day)
    view = _case_out(await view_of(desk, actor, record)) if takes_part else None
    members = {"id": case.id, "version": record.version, "receipt": None, "case": view}
    return Told(status, members, record.version)


def _case_out(view: View) -> dict[str, object]:
    case = view.case
    return {
        "id": case.id,
        "label": case.label,
        "kind": case.kind,
        "beginning": case.beginning.value,
        "phase": case.phase.value,
        "version": view.version,
        "is_shared": view.is_shared,
        "is_stalled": case.stalled_on is not None,
        "due": _due_out(view.due),
        "parties": [
            {
                "organisation": party.organisation,
                "role": party.role,
                "since": party.since,
                "until": party.until,
                "has_left": party.left_at is not None,
            }
            for party in view.parties
        ],
        "agreements": [
            {
                "number": each.number,
                "organisation": each.organisation,
                "action": each.action,
                "until": each.until,
                "status": each.status.value,
                "next_on": each.next_on,
                "is_done": each.is_done,
            }
            for each in view.agreements
        ],
    }


def _due_case_out(waiting: Waiting) -> dict[str, object]:
    return {
        "id": waiting.case_id,
        "kind": waiting.kind,
        "phase": waiting.phase,
        "opened": waiting.began_on,
        "decide_by": waiting.due.decide_by,
        "is_overdue": waiting.due.is_overdue,
        "version": waiting.version,
    }


def _due_out(due: Due | None) -> dict[str, object] | None:
    return None if due is None else asdict(due)


def _answer(members: object) -> Response:
    return Response(orjson.dumps(members), media_type="application/json")
