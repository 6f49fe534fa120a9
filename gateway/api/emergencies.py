"""Disclosures in immediate danger, and the queue in which somebody else judges each of them."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from gateway.api.answers import receipt_out
from gateway.api.disclosures import HEADERS, asked_of, disclosed_once
from gateway.api.guard import Caller
from gateway.api.ids import ID, known_form
from gateway.api.schemas import TOO_MANY_LOOKS, DisclosureIn, DisclosureOut, ProblemOut, ReceiptOut
from gateway.api.state import Services, services_of
from gateway.api.strict import StrictRoute
from gateway.api.words import NAMES_NOBODY, SAYS_TOO_LITTLE
from gateway.citizen.store import SqlMessages, text_of
from gateway.emergency.model import (
    VALID_FOR,
    Danger,
    Review,
    Verdict,
    review_by,
    says_something,
)
from gateway.emergency.reviews import ReviewDesk, judge, list_reviews, read_review
from gateway.passage import Emergency
from gateway.rates import Look

router = APIRouter(route_class=StrictRoute, tags=["emergencies"])

_CREATED = 201
_MOST_CHARACTERS = 4_000


def _say_something(words: str) -> str:
    if not says_something(words):
        raise PydanticCustomError(SAYS_TOO_LITTLE, "the words are too few to be judged by")
    return words


OwnWords = Annotated[
    str,
    StringConstraints(max_length=_MOST_CHARACTERS),
    AfterValidator(_say_something),
    NAMES_NOBODY,
]

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": ProblemOut, "description": "The request is not one, or gives no reason."},
    401: {"model": ProblemOut, "description": "No valid token."},
    403: {"model": ProblemOut, "description": "Refused, or not for this role."},
    503: {"model": ProblemOut, "description": "Not recorded, so not done."},
}
_OF_ONE: dict[int | str, dict[str, Any]] = {
    **_PROBLEMS,
    404: {"model": ProblemOut, "description": "No such review."},
}


class EmergencyIn(DisclosureIn):
    """A request for data in immediate danger: as any other, with the reason why it cannot wait."""

    reason: Danger = Field(strict=False, description="What the danger is.")
    words: OwnWords = Field(
        description="What is happening, in your own words: at least a sentence. It is sealed."
    )


class EmergencyOut(BaseModel):
    """What an emergency adds to an answer: until when it may be used, and what follows."""

    reason: str
    valid_until: str
    review_by: str
    message: str
    message_en: str


class EmergencyDisclosureOut(DisclosureOut):
    """What was released in an emergency, with its receipt."""

    emergency: EmergencyOut


class ReviewOut(BaseModel):
    """A use that somebody must judge: by whom and for what, and nothing about the person."""

    id: str
    used_at: str
    organisation: str = Field(description="The OIN of who used it.")
    role: str
    purpose: str
    reason: str
    review_by: str
    is_overdue: bool
    verdict: str | None


class OpenedReviewOut(ReviewOut):
    """A use with the reason in the words of who used it; null once the person was erased."""

    words: str | None
    receipt: ReceiptOut


class ReviewIn(BaseModel):
    """A verdict, with why."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    verdict: Verdict = Field(strict=False)
    words: OwnWords = Field(
        description="Why, in your own words: at least a sentence. It is sealed."
    )


class VerdictOut(BaseModel):
    """A verdict that stands in the ledger."""

    id: str
    verdict: str
    receipt: ReceiptOut


@router.post(
    "/emergency-disclosures",
    response_model=EmergencyDisclosureOut,
    responses={
        **_PROBLEMS,
        409: {
            "model": ProblemOut,
            "description": "The Idempotency-Key stands for another request.",
        },
    },
    openapi_extra=HEADERS,
)
async def create_emergency_disclosure(
    request: Request, body: EmergencyIn, caller: Caller
) -> Response:
    """Ask for data that cannot wait; somebody else judges afterwards whether it was necessary."""
    service = services_of(request)
    at = service.now()
    asked = asked_of(body, Emergency(body.reason.value, body.words, at + VALID_FOR, review_by(at)))
    return await disclosed_once(request, body, caller, asked)


@router.get("/reviews", responses=_PROBLEMS)
async def read_reviews(request: Request, caller: Caller) -> list[ReviewOut]:
    """Return the uses that nobody has judged yet, the most urgent first."""
    desk = _desk(services_of(request))
    found = await list_reviews(desk, caller)
    return [ReviewOut.model_validate(_review_out(desk, each)) for each in found]


@router.get("/reviews/{id}", responses={**_OF_ONE, **TOO_MANY_LOOKS})
async def read_one_review(
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
    request: Request,
    caller: Caller,
) -> OpenedReviewOut:
    """Return one use with its reason; that somebody looks is recorded."""
    service = services_of(request)
    service.rates.take(caller.client_id, Look.REVIEW)
    desk = _desk(service)
    opened = await read_review(desk, caller, id)
    members = _review_out(desk, opened.review)
    return OpenedReviewOut.model_validate(
        {**members, "words": opened.words, "receipt": receipt_out(opened.receipt)}
    )


@router.post(
    "/reviews/{id}",
    status_code=_CREATED,
    response_model=VerdictOut,
    responses={**_OF_ONE, 409: {"model": ProblemOut, "description": "Judged already."}},
)
async def create_verdict(
    request: Request,
    body: ReviewIn,
    caller: Caller,
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
) -> Response:
    """Judge a use, once and for all."""
    desk = _desk(services_of(request))
    receipt = await judge(desk, caller, known_form(id), body.verdict, body.words)
    members = {"id": id, "verdict": body.verdict.value, "receipt": receipt_out(receipt)}
    return Response(orjson.dumps(members), status_code=_CREATED, media_type="application/json")


def _desk(service: Services) -> ReviewDesk:
    gate = service.gate
    return ReviewDesk(
        gate.catalogue,
        gate.ledger,
        service.personal,
        SqlMessages(service.book),
        service.now,
        service.random,
    )


def _review_out(desk: ReviewDesk, review: Review) -> dict[str, object]:
    return {
        "id": review.entry,
        "used_at": text_of(review.used_at),
        "organisation": review.organisation,
        "role": review.role,
        "purpose": review.purpose,
        "reason": review.reason,
        "review_by": text_of(review.review_by),
        "is_overdue": review.verdict is None and review.review_by < desk.now(),
        "verdict": review.verdict,
    }
