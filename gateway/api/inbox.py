"""The inbox of the professional who holds the answer: read questions, answer them, be reminded."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from audit.entry import Receipt
from gateway.answer import basis_out
from gateway.api.answers import receipt_out
from gateway.api.guard import Caller, actor_of
from gateway.api.ids import ID, known_form
from gateway.api.schemas import TOO_MANY_LOOKS, LegalBasisOut, ProblemOut, ReceiptOut
from gateway.api.state import desk_of, services_of
from gateway.api.strict import StrictRoute
from gateway.api.words import NAMES_NOBODY
from gateway.catalogue.model import Catalogue
from gateway.errors import BodyInvalid
from gateway.inbox.flow import answer, inbox, read, remind
from gateway.inbox.model import Asker, Question, Reply
from gateway.rates import Look

router = APIRouter(route_class=StrictRoute, tags=["inbox"])

_CREATED = 201
_REASON_LIMIT = 2_000
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"model": ProblemOut, "description": "No valid token."},
    503: {"model": ProblemOut, "description": "Not recorded, so not done."},
}
_OF_ONE: dict[int | str, dict[str, Any]] = {
    **_PROBLEMS,
    404: {"model": ProblemOut, "description": "No such question, or not one for you."},
    409: {"model": ProblemOut, "description": "Answered already, too late, or your own question."},
}


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class AnswerIn(_In):
    """The answer to the one question; who declines says why, to its own organisation alone."""

    answer: Literal["yes", "no", "unknown", "decline"]
    reason: (
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=_REASON_LIMIT, pattern=r"\S"),
            NAMES_NOBODY,
        ]
        | None
    ) = Field(default=None, description="Only with `decline`; sealed, never told to who asked.")


class ReminderIn(_In):
    """Nothing: that it is sent says it all."""


class PartyOut(BaseModel):
    """Who asks."""

    organisation: str
    organisation_name: str
    role: str


class QuestionOut(BaseModel):
    """One question: what is asked, by whom, for what and why, about whom, until when."""

    id: str
    question: str
    asked_by: PartyOut
    purpose: str
    purpose_title: str
    purpose_title_en: str
    because: str
    legal_basis: list[LegalBasisOut]
    subject: str = Field(description="The last digits of a BSN; all of it on the question itself.")
    asked_at: str
    until: str
    reminded_on: str | None


class StepTakenOut(BaseModel):
    """That a step was taken, with its receipt."""

    id: str
    receipt: ReceiptOut


@router.get("/inbox", response_model=list[QuestionOut], responses={**_PROBLEMS, **TOO_MANY_LOOKS})
async def read_inbox(request: Request, caller: Caller) -> Response:
    """Return the open questions for the caller's organisation and role, the most urgent first.

    A list that tells about anybody is recorded, once, before it is shown.
    """
    service = services_of(request)
    service.rates.take(caller.client_id, Look.INBOX)
    desk = desk_of(service)
    found = await inbox(desk, actor_of(caller))
    return _answer([_question_out(desk.catalogue, each, _masked(each)) for each in found])


@router.get("/inbox/{id}", response_model=QuestionOut, responses={**_OF_ONE, **TOO_MANY_LOOKS})
async def read_question(
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
    request: Request,
    caller: Caller,
) -> Response:
    """Return one open question with the person it is about; recorded before it is shown."""
    service = services_of(request)
    service.rates.take(caller.client_id, Look.QUESTION)
    desk = desk_of(service)
    question = await read(desk, actor_of(caller), id)
    return _answer(_question_out(desk.catalogue, question, question.subject.value))


@router.post(
    "/inbox/{id}/answers", status_code=_CREATED, response_model=StepTakenOut, responses=_OF_ONE
)
async def create_answer(
    request: Request,
    body: AnswerIn,
    caller: Caller,
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
) -> Response:
    """Answer a question, once; what it says becomes what is released, and nothing else does."""
    reply = Reply(body.answer)
    if (reply is Reply.DECLINE) != (body.reason is not None):
        raise BodyInvalid("reason", "hoort bij decline / belongs to decline")
    who = Asker(caller.client_id, caller.organisation, caller.role, caller.professional)
    receipt = await answer(desk_of(services_of(request)), who, known_form(id), reply, body.reason)
    return _taken(id, receipt)


@router.post(
    "/inbox/{id}/reminders", status_code=_CREATED, response_model=StepTakenOut, responses=_OF_ONE
)
async def create_reminder(
    request: Request,
    body: ReminderIn,  # noqa: ARG001 (an empty object, read as strictly as any other)
    caller: Caller,
    id: Annotated[str, Path(pattern=ID)],  # noqa: A002 (the name of the path member)
) -> Response:
    """Remind the professional of a question of one's own, once a working day."""
    desk = desk_of(services_of(request))
    return _taken(id, await remind(desk, actor_of(caller), known_form(id)))


def _question_out(catalogue: Catalogue, question: Question, subject: str) -> dict[str, object]:
    purpose, asker = catalogue.purposes.get(question.purpose), question.asker
    organisation = catalogue.organisations.get(asker.organisation)
    grant = purpose.fields.get(purpose.answer.field) if purpose and purpose.answer else None
    return {
        "id": question.id,
        "question": purpose.question if purpose else "",
        "asked_by": {
            "organisation": asker.organisation,
            "organisation_name": organisation.name if organisation else "",
            "role": asker.role,
        },
        "purpose": question.purpose,
        "purpose_title": purpose.title if purpose else "",
        "purpose_title_en": purpose.title_en if purpose else "",
        "because": grant.because if grant else "",
        "legal_basis": [basis_out(each) for each in purpose.legal_basis] if purpose else [],
        "subject": subject,
        "asked_at": question.asked_at,
        "until": question.until,
        "reminded_on": question.reminded_on,
    }


def _masked(question: Question) -> str:
    return "*" * 6 + question.subject.value[-3:]


def _taken(identity: str, receipt: Receipt) -> Response:
    return _answer({"id": identity, "receipt": receipt_out(receipt)}, status=_CREATED)


def _answer(members: object, *, status: int = 200) -> Response:
    return Response(orjson.dumps(members), status_code=status, media_type="application/json")
