"""The header Idempotency-Key: what a request makes is made once, and told again as it was.

Disclosures and refusals are kept by the ledger, sealed (`envelope_of`). What is made in the case
store is kept there, in the transaction that makes it (`made_once`).
"""

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, TypeVar

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from audit.entry import Receipt
from gateway.api.answers import receipt_out
from gateway.api.state import Services, services_of
from gateway.api.tracing import parse_trace
from gateway.cases.desk import Keep, Write, keep_nothing
from gateway.cases.store import CasePen
from gateway.errors import BodyInvalid, KeySpent
from gateway.identity.tokens import VerifiedCaller
from gateway.passage import Envelope
from gateway.repeats.store import Key, find_answer, keep_answer

_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_ID_BYTES = 16

# Headers of a strict route are read by hand; the document describes them all the same.
KEY_HEADER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "pattern": _KEY.pattern},
    "description": "The same key with the same body gives the same answer, and makes nothing "
    "twice.",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of something that was made, before the receipt is added to it."""

    status: int
    members: Mapping[str, object]
    etag: int | None = None


@dataclass(frozen=True, slots=True)
class Making(Generic[T]):
    """How something is made in the case store, and what is told of it."""

    make: Callable[[Keep[T]], Awaitable[tuple[T, Receipt | None]]]
    tell: Callable[[T], Awaitable[Told]]


async def made_once(
    request: Request, body: BaseModel, caller: VerifiedCaller, making: Making[T]
) -> Response:
    """Make something, or tell again what was made under this key.

    Raises: BodyInvalid, KeyReused, KeySpent, CasesUnavailable, and whatever the making raises.
    """
    service = services_of(request)
    key = _key_of(request, body, caller)
    if key is None:
        made, receipt = await making.make(keep_nothing)
        return told_response(await making.tell(made), receipt)
    answer = await _find(service, key)
    if answer is None:
        # Of two at once the slower makes nothing, and tells what the faster one made.
        with suppress(KeySpent):
            await making.make(_keeping(service, key, making))
        answer = await _find(service, key)
    if answer is None:
        raise KeySpent("the answer under this key is no longer kept")
    return answer


def envelope_of(request: Request, body: BaseModel, caller: VerifiedCaller) -> Envelope:
    """Return what a request for data comes in: its id, its trace, its text.

    With an idempotency key the id and the digest that tells a repeated request from another one are
    keyed hashes over the client and the key, so that the id in the ledger says nothing about either
    and one client cannot meet the answers of another.

    Raises: BodyInvalid.
    """
    service = services_of(request)
    trace = parse_trace(
        request.headers.get("traceparent"), request.headers.get("b3"), service.random
    )
    canonical = canonical_of(body)
    key = _header_of(request)
    if key is None:
        return Envelope(service.new_entry_id(), trace.trace_id, trace.span_id, canonical)
    name = orjson.dumps([caller.client_id, key])
    identity = _hash(service, b"id\0", name)[:_ID_BYTES].hex()
    digest = _hash(service, b"body\0", _who(caller) + b"\0" + canonical)
    return Envelope(identity, trace.trace_id, trace.span_id, canonical, digest)


def unrepeated(service: Services, envelope: Envelope) -> Envelope:
    """Return the same request under an id of its own, of which no answer is kept."""
    return replace(envelope, request_id=service.new_entry_id(), replay_digest=None)


def canonical_of(body: BaseModel) -> bytes:
    """Return the text of a body, the same for every order of its members."""
    return orjson.dumps(body.model_dump(exclude_none=True), option=orjson.OPT_SORT_KEYS)


def _key_of(request: Request, body: BaseModel, caller: VerifiedCaller) -> Key | None:
    header = _header_of(request)
    if header is None:
        return None
    service = services_of(request)
    name = orjson.dumps([caller.client_id, header])
    asked = b"\0".join((request.url.path.encode(), _who(caller), canonical_of(body)))
    return Key(_hash(service, b"made\0", name).hex(), _hash(service, b"asked\0", asked).hex())


def _header_of(request: Request) -> str | None:
    header = request.headers.get("idempotency-key")
    if header is not None and not _KEY.fullmatch(header):
        raise BodyInvalid("Idempotency-Key", "is 1 to 128 visible ASCII characters")
    return header


def _who(caller: VerifiedCaller) -> bytes:
    return orjson.dumps([caller.client_id, caller.organisation, caller.role, caller.professional])


def _hash(service: Services, label: bytes, text: bytes) -> bytes:
    return hmac.digest(service.idempotency_key, label + text, "sha256")


def _keeping(service: Services, key: Key, making: Making[T]) -> Keep[T]:
    async def keep(made: T, entry: str | None) -> Write:
        kept = {**asdict(await making.tell(made)), "entry": entry}
        text, now = orjson.dumps(kept).decode(), service.now()

        async def write(pen: CasePen) -> None:
            await keep_answer(pen, service.book.kind, key, text, now)

        return write

    return keep


async def _find(service: Services, key: Key) -> Response | None:
    text = await find_answer(service.book, key, service.now())
    if text is None:
        return None
    kept = orjson.loads(text)
    entry = kept.pop("entry")
    return told_response(Told(**kept), None if entry is None else service.log.receipt(entry))


def told_response(told: Told, receipt: Receipt | None) -> Response:
    """Return the response that tells of something; where it has a receipt, that goes in it."""
    members = dict(told.members)
    if "receipt" in members:
        members["receipt"] = None if receipt is None else receipt_out(receipt)
    headers = {} if told.etag is None else {"etag": f'"{told.etag}"'}
    return Response(
        orjson.dumps(members),
        status_code=told.status,
        media_type="application/json",
        headers=headers,
    )
