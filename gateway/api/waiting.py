"""GET /v1/disclosures/{id}: collect what waited for an answer, or for its recipient."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import ValidationError

from audit.entry import Receipt
from gateway.answer import Answer
from gateway.api.answers import answered
from gateway.api.disclosures import asked_of, replayed
from gateway.api.guard import Caller, actor_of
from gateway.api.ids import ID
from gateway.api.schemas import (
    TOO_MANY_LOOKS,
    DisclosureIn,
    DisclosureOut,
    PendingOut,
    ProblemOut,
    UnansweredOut,
)
from gateway.api.state import Services, desk_of, services_of
from gateway.api.strict import StrictRoute
from gateway.api.tracing import parse_trace
from gateway.disclosure import arrive
from gateway.errors import KeptOutdated, KeyReused, NotFound
from gateway.identity.tokens import VerifiedCaller
from gateway.inbox.flow import collect, find_asked, waiting
from gateway.passage import Envelope, Passage
from gateway.rates import Look
from gateway.repeats.once import Earlier
from gateway.table.flow import collect as collect_view
from gateway.table.flow import find_view

router = APIRouter(route_class=StrictRoute, tags=["disclosures"])


@router.get(
    "/disclosures/{id}",
    response_model=DisclosureOut | UnansweredOut,
    responses={
        202: {"model": PendingOut, "description": "Nobody answered yet."},
        401: {"model": ProblemOut},
        403: {"model": ProblemOut, "description": "Refused on the facts of now."},
        404: {"model": ProblemOut, "description": "Nothing waits for you under this id."},
        409: {
            "model": ProblemOut,
            "description": "Collected, and no longer kept; or to be asked again.",
        },
        **TOO_MANY_LOOKS,
        503: {"model": ProblemOut, "description": "No receipt can be given, so no data."},
    },
)
async def read_disclosure(
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
    request: Request,
    caller: Caller,
) -> Response:
    """Collect what waited for an answer, or for you: decided again, and released if it still may.

    Who collected it can read it again for a while; nobody else can.
    """
    service = services_of(request)
    service.rates.take(caller.client_id, Look.ANSWER)
    desk, actor = desk_of(service), actor_of(caller)
    view = await find_view(desk, actor, id)
    if view is not None:
        passage = _arriving(request, caller, view.request)
        return answered(*await collect_view(service.gate, desk, passage, view, _earlier(service)))
    question = await find_asked(desk, actor, id)
    told = waiting(question, desk.moment().day)
    if told is not None:
        body = orjson.dumps(told.members)
        return Response(body, status_code=told.status, media_type="application/json")
    passage = _arriving(request, caller, question.request)
    return answered(*await collect(service.gate, passage, question, _earlier(service)))


def _arriving(request: Request, caller: VerifiedCaller, kept: str) -> Passage:
    """Return a request that was kept, on its way again for this caller under a new id.

    Raises: KeptOutdated.
    """
    service = services_of(request)
    trace = parse_trace(
        request.headers.get("traceparent"), request.headers.get("b3"), service.random
    )
    envelope = Envelope(service.new_entry_id(), trace.trace_id, trace.span_id, kept.encode())
    return arrive(service.gate, caller, asked_of(_read(kept)), envelope)


def _read(kept: str) -> DisclosureIn:
    """Return a request as the rules of now read it; those of then may have let more through."""
    try:
        return DisclosureIn.model_validate_json(kept)
    except ValidationError:
        # The cause would tell what was asked, so it ends here.
        raise KeptOutdated("a kept request is none any more") from None


def _earlier(service: Services) -> Earlier:
    """Return what finds the answer that was released under an id, for the same person only."""

    def find(identity: str, digest: bytes) -> tuple[Answer, Receipt] | None:
        try:
            return replayed(service, identity, digest)
        except KeyReused as exc:
            raise NotFound("somebody else collected it") from exc

    return find
