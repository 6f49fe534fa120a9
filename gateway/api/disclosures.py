"""POST /v1/disclosures: ask for data; GET its receipt later."""

import hmac
import logging
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from audit.entry import Receipt
from audit.errors import AuditError, DuplicateRequest
from gateway.answer import RELEASED, Answer, data_in
from gateway.api.answers import answered, receipt_out
from gateway.api.guard import Caller
from gateway.api.ids import ID
from gateway.api.repeats import KEY_HEADER, envelope_of, unrepeated
from gateway.api.schemas import DisclosureIn, DisclosureOut, PendingOut, ProblemOut, ReceiptOut
from gateway.api.state import Services, desk_of, services_of
from gateway.api.strict import StrictRoute
from gateway.decision.model import OverAsking, SubjectCheck
from gateway.disclosure import Ask, disclose, repeat
from gateway.errors import KeyReused, KeySpent, NotFound, SubjectInvalid
from gateway.identity.tokens import VerifiedCaller
from gateway.inbox.flow import ask
from gateway.outcome import undelivered
from gateway.passage import Emergency
from gateway.passage import Request as Asked
from gateway.subject import Subject, parse_bsn

router = APIRouter(route_class=StrictRoute, tags=["disclosures"])

_LOG = logging.getLogger("doelpoort.disclosures")


# Headers are read by hand, because FastAPI takes longer over three of them than over the rest of
# the request; the document describes them all the same.
HEADERS: dict[str, Any] = {
    "parameters": [
        KEY_HEADER,
        {
            "name": "traceparent",
            "in": "header",
            "schema": {"type": "string"},
            "description": "W3C trace context, kept in the ledger; a B3 header is read as well.",
        },
    ]
}


@router.post(
    "/disclosures",
    response_model=DisclosureOut,
    responses={
        202: {
            "model": PendingOut,
            "description": "Waits for the professional who holds the answer; see Location.",
        },
        400: {"model": ProblemOut, "description": "The request is not one."},
        401: {"model": ProblemOut, "description": "No valid token."},
        403: {"model": ProblemOut, "description": "Refused, with step, reasons and receipt."},
        409: {
            "model": ProblemOut,
            "description": "The Idempotency-Key stands for another request.",
        },
        413: {"model": ProblemOut, "description": "The body is over 256 KiB."},
        503: {"model": ProblemOut, "description": "No receipt can be given, so no data."},
    },
    openapi_extra=HEADERS,
)
async def create_disclosure(request: Request, body: DisclosureIn, caller: Caller) -> Response:
    """Ask for the data that one task, activity and purpose need about one person."""
    service = services_of(request)
    keep = _keeping(service, caller, body)
    return await disclosed_once(request, body, caller, asked_of(body), keep)


@router.get(
    "/disclosures/{id}/receipt",
    responses={401: {"model": ProblemOut}, 404: {"model": ProblemOut}},
)
async def read_receipt(
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
    request: Request,
    caller: Caller,
) -> ReceiptOut:
    """Return the receipt of a disclosure or refusal of the caller's own organisation."""
    service = services_of(request)
    receipt = service.log.receipt(id)
    if receipt is None or _organisation_of(receipt) != _oin(service, caller):
        raise NotFound("no such disclosure of this organisation")
    return ReceiptOut.model_validate(receipt_out(receipt))


def _keeping(service: Services, caller: VerifiedCaller, body: DisclosureIn) -> Ask | None:
    """Return what keeps a request that only lacks an answer, unless it would rather be refused."""
    if body.wait == "refuse":
        return None
    return partial(ask, service.gate, desk_of(service), caller.client_id)


async def _note_undelivered(service: Services, receipt: Receipt) -> None:
    """Record that the requester hung up before the answer; nobody is left to tell of a failure."""
    correction = service.new_entry_id()
    try:
        persons = [
            each.particulars.subject for each in service.personal.persons_of(receipt.request_id)
        ]
        subject = persons[0] if len(persons) == 1 else None
        await service.gate.ledger.append(undelivered(receipt, correction, subject))
    except AuditError as exc:
        _LOG.error("an undelivered answer is not recorded as such: %s", type(exc).__name__)


def asked_of(body: DisclosureIn, emergency: Emergency | None = None) -> Asked:
    """Return what a body asks; a number of a person that is none is left out."""
    subject, check = _subject(body)
    return Asked(
        task=body.task,
        activity=body.activity,
        purposes=(body.purpose,) if isinstance(body.purpose, str) else tuple(body.purpose),
        subject=subject,
        subject_check=check,
        fields=None if body.fields is None else tuple(body.fields),
        justifications=body.justifications,
        case=body.case,
        claims=body.claims,
        over_asking=OverAsking(body.over_asking),
        emergency=emergency,
    )


def _subject(body: DisclosureIn) -> tuple[Subject | None, SubjectCheck]:
    if body.subject is None:
        return None, SubjectCheck.MISSING
    try:
        return parse_bsn(body.subject.value), SubjectCheck.VALID
    except SubjectInvalid:
        return None, SubjectCheck.INVALID


async def disclosed_once(
    request: Request,
    body: BaseModel,
    caller: VerifiedCaller,
    asked: Asked,
    keep: Ask | None = None,
) -> Response:
    """Answer a request for data: as before, if it is a repeated one that may still be answered.

    Raises: KeyReused, KeySpent, and whatever the disclosing raises.
    """
    envelope, service = envelope_of(request, body, caller), services_of(request)
    digest = envelope.replay_digest
    if digest is not None and (earlier := replayed(service, envelope.request_id, digest)):
        if data_in(earlier[0]):
            anew = unrepeated(service, envelope)
            earlier = await repeat(service.gate, caller, asked, anew, earlier[0]) or earlier
        return answered(*earlier)
    try:
        answer, receipt = await disclose(service.gate, caller, asked, envelope, keep)
    except DuplicateRequest:
        # Another call with the same key was faster; its answer is the answer.
        if digest is None or (earlier := replayed(service, envelope.request_id, digest)) is None:
            raise
        return answered(*earlier)
    if await request.is_disconnected():
        await _note_undelivered(service, receipt)
    return answered(answer, receipt)


def replayed(service: Services, request_id: str, digest: bytes) -> tuple[Answer, Receipt] | None:
    """Return the earlier answer under this key, if there is one and it is for the same request."""
    receipt = service.log.receipt(request_id)
    if receipt is None:
        return None
    kept = service.log.replay(request_id)
    if kept is None:
        raise KeySpent("the answer under this key is no longer kept")
    if not hmac.compare_digest(kept.digest, digest):
        raise KeyReused("the key stands for another request")
    members = orjson.loads(kept.answer)
    return Answer(int(members.get("status", RELEASED)), members), receipt


def _organisation_of(receipt: Receipt) -> object:
    return orjson.loads(receipt.leaf).get("organisation")


def _oin(service: Services, caller: VerifiedCaller) -> str:
    return service.gate.catalogue.organisations[caller.organisation].oin
