"""POST /v1/disclosures: ask for data; GET its receipt later."""

import hmac
import logging
import re
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response

from audit.entry import Receipt, new_request_id
from audit.errors import AuditError, DuplicateRequest
from gateway.answer import RELEASED, Answer
from gateway.api.answers import answered, receipt_out
from gateway.api.cases import desk_of
from gateway.api.guard import Caller
from gateway.api.schemas import DisclosureIn, DisclosureOut, PendingOut, ProblemOut, ReceiptOut
from gateway.api.state import Services, services_of
from gateway.api.strict import StrictRoute
from gateway.api.tracing import parse_trace
from gateway.decision.model import OverAsking, SubjectCheck
from gateway.disclosure import Ask, correct_undelivered, disclose
from gateway.errors import BodyInvalid, KeyReused, KeySpent, NotFound, SubjectInvalid
from gateway.identity.tokens import VerifiedCaller
from gateway.inbox.flow import ask
from gateway.passage import Emergency, Envelope
from gateway.passage import Request as Asked
from gateway.subject import Subject, parse_bsn

router = APIRouter(route_class=StrictRoute, tags=["disclosures"])

_LOG = logging.getLogger("doelpoort.disclosures")

_ID_BYTES = 16
_ID = r"^[0-9a-f]{32}$"
_KEY = re.compile(r"[\x21-\x7e]{1,128}")

# Headers are read by hand, because FastAPI takes longer over three of them than over the rest of
# the request; the document describes them all the same.
_HEADERS: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "pattern": _KEY.pattern},
            "description": "The same key with the same body gives the same disclosure and receipt.",
        },
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
    openapi_extra=_HEADERS,
)
async def create_disclosure(request: Request, body: DisclosureIn, caller: Caller) -> Response:
    """Ask for the data that one task, activity and purpose need about one person."""
    service = services_of(request)
    trace = parse_trace(
        request.headers.get("traceparent"), request.headers.get("b3"), service.random
    )
    canonical = _canonical(body)
    key = _idempotency_key(request.headers.get("idempotency-key"))
    request_id, digest = _identify(service, caller, key, canonical)
    if digest is not None and (earlier := replayed(service, request_id, digest)):
        return answered(*earlier)
    envelope = Envelope(request_id, trace.trace_id, trace.span_id, canonical, digest)
    try:
        keep = _keeping(service, caller, body)
        answer, receipt = await disclose(service.gate, caller, asked_of(body), envelope, keep)
    except DuplicateRequest:
        # Another call with the same key was faster; its answer is the answer.
        if digest is None or (earlier := replayed(service, request_id, digest)) is None:
            raise
        return answered(*earlier)
    if await request.is_disconnected():
        await _note_undelivered(service, receipt)
    return answered(answer, receipt)


@router.get(
    "/disclosures/{id}/receipt",
    responses={401: {"model": ProblemOut}, 404: {"model": ProblemOut}},
)
async def read_receipt(
    id: Annotated[str, Path(pattern=_ID)],  # noqa: A002 (the name of the path member)
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
    return partial(ask, desk_of(service), caller.client_id)


async def _note_undelivered(service: Services, receipt: Receipt) -> None:
    """Record that the requester hung up before the answer; nobody is left to tell of a failure."""
    correction = new_request_id(int(service.now().timestamp() * 1000), service.random)
    try:
        await correct_undelivered(service.gate, receipt, correction)
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


def _canonical(body: DisclosureIn) -> bytes:
    members = body.model_dump(exclude_none=True)
    return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)


def _idempotency_key(header: str | None) -> str | None:
    if header is not None and not _KEY.fullmatch(header):
        raise BodyInvalid("Idempotency-Key", "is 1 to 128 visible ASCII characters")
    return header


def _identify(
    service: Services, caller: VerifiedCaller, key: str | None, body: bytes
) -> tuple[str, bytes | None]:
    """Return the request id, and the digest that tells a repeated request from another one.

    With a key, both are keyed hashes over the client and the key, so that the id in the ledger
    says nothing about either and one client cannot meet the answers of another.
    """
    if key is None:
        now_ms = int(service.now().timestamp() * 1000)
        return new_request_id(now_ms, service.random), None
    asker = orjson.dumps([caller.client_id, caller.organisation, caller.role, caller.professional])
    name = orjson.dumps([caller.client_id, key])
    request_id = hmac.digest(service.idempotency_key, b"id\0" + name, "sha256")[:_ID_BYTES].hex()
    digest = hmac.digest(service.idempotency_key, b"body\0" + asker + b"\0" + body, "sha256")
    return request_id, digest


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
