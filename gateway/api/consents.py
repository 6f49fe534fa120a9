"""Consents: record what a person consented to, and withdraw it at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from gateway.api.answers import receipt_out
from gateway.api.case_schemas import (
    ConsentIn,
    ConsentOut,
    WithdrawalIn,
    WithdrawalsIn,
    WithdrawalsOut,
)
from gateway.api.guard import Caller, actor_of
from gateway.api.ids import ID, known_form
from gateway.api.repeats import KEY_HEADER, Making, Told, made_once, told_response
from gateway.api.schemas import ProblemOut
from gateway.api.state import desk_of, services_of
from gateway.api.strict import StrictRoute
from gateway.cases.consents import Giving, give, withdraw, withdraw_all
from gateway.cases.model import ConsentRecord
from gateway.subject import parse_bsn

router = APIRouter(route_class=StrictRoute, tags=["consents"])

_CREATED = 201
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": ProblemOut, "description": "The request is not one."},
    401: {"model": ProblemOut, "description": "No valid token."},
    404: {"model": ProblemOut, "description": "No case of yours in which this consent is of use."},
    409: {"model": ProblemOut, "description": "Consent cannot be the basis of this, or has ended."},
    503: {"model": ProblemOut, "description": "Not recorded, so it does not hold."},
}


@router.post(
    "/consents",
    status_code=_CREATED,
    response_model=ConsentOut,
    responses=_PROBLEMS,
    openapi_extra={"parameters": [KEY_HEADER]},
)
async def create_consent(request: Request, body: ConsentIn, caller: Caller) -> Response:
    """Record a consent that the person gave."""
    giving = Giving(
        subject=parse_bsn(body.subject.value),
        purpose=body.purpose,
        given_by=frozenset(body.given_by),
        fields=frozenset(body.fields),
        form=body.form,
        valid_until=body.valid_until,
    )
    desk, actor = desk_of(services_of(request)), actor_of(caller)
    making = Making(lambda keep: give(desk, actor, giving, keep), _told)
    return await made_once(request, body, caller, making)


@router.post(
    "/consents/{id}/withdrawals",
    status_code=_CREATED,
    response_model=ConsentOut,
    responses=_PROBLEMS,
)
async def create_withdrawal(
    request: Request,
    body: WithdrawalIn,  # noqa: ARG001 (an empty object, read as strictly as any other)
    caller: Caller,
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
) -> Response:
    """Withdraw a consent; it no longer counts from this moment on."""
    desk, actor = desk_of(services_of(request)), actor_of(caller)
    record, receipt = await withdraw(desk, actor, known_form(id))
    return told_response(await _told(record), receipt)


@router.post(
    "/consent-withdrawals",
    status_code=_CREATED,
    response_model=WithdrawalsOut,
    responses=_PROBLEMS,
)
async def create_withdrawals(request: Request, body: WithdrawalsIn, caller: Caller) -> Response:
    """Withdraw everything that a person consented to for one purpose, whoever recorded it."""
    desk, actor = desk_of(services_of(request)), actor_of(caller)
    ended = await withdraw_all(desk, actor, parse_bsn(body.subject.value), body.purpose)
    withdrawn = [
        {"id": record.id, "receipt": None if receipt is None else receipt_out(receipt)}
        for record, receipt in ended
    ]
    return told_response(Told(_CREATED, {"withdrawn": withdrawn}), None)


async def _told(record: ConsentRecord) -> Told:
    return Told(_CREATED, {"id": record.id, "receipt": None})
