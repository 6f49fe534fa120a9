"""POST /v1/citizen-reports: who asked what about me, for the portal of the municipality."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from audit.entry import MAX_INT
from gateway.api.answers import receipt_out
from gateway.api.guard import Caller
from gateway.api.schemas import TOO_MANY_LOOKS, ProblemOut, ReceiptOut, SubjectIn
from gateway.api.state import services_of
from gateway.api.strict import StrictRoute
from gateway.citizen.looks import SCOPE
from gateway.citizen.report import Desk, KeptLog, Page, Proven, give_report
from gateway.citizen.store import text_of
from gateway.citizen.story import Told
from gateway.rates import Look
from gateway.subject import parse_bsn

router = APIRouter(route_class=StrictRoute, tags=["citizens"])

_MOST = 50
_USUAL = 20
_FIRST_YEAR, _LAST_YEAR = 2_000, 9_999
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": ProblemOut, "description": "The request is not one, or asks for too much."},
    401: {"model": ProblemOut, "description": "No valid token."},
    403: {"model": ProblemOut, "description": "Not for this role."},
    503: {"model": ProblemOut, "description": "The look cannot be recorded, so nothing is shown."},
}


class ReportIn(BaseModel):
    """About whom, and which page."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    subject: SubjectIn
    below: Annotated[int, Field(ge=0, le=MAX_INT)] = Field(
        default=MAX_INT, description="The `next_below` of the page before this one."
    )
    year: Annotated[int, Field(ge=_FIRST_YEAR, le=_LAST_YEAR)] | None = Field(
        default=None, description="The `next_year` of the page before this one; now this year."
    )
    limit: Annotated[int, Field(ge=1, le=_MOST)] = Field(
        default=_USUAL, description="How many lines at most."
    )


class WordsOut(BaseModel):
    """The same in Dutch and in English."""

    nl: str
    en: str


class GotOut(BaseModel):
    """A field that was given: in words, and how precisely; never its value."""

    field: str
    words: WordsOut


class ProofOut(BaseModel):
    """What shows offline that the line is an entry of the log, and about this person.

    `opening` opens the commitment to the subject where the entry is about one person; `person` is
    the proof for one of several. `corrections` are receipts of the entries that say what came of
    it. `log` is the name of the log of that year, whose key verifies the receipt. All of it is
    checked by `python -m audit explain RECEIPT --key KEY --person FILE`, with the opening or the
    proof in the file.
    """

    log: str
    receipt: str
    opening: str | None
    person: str | None
    corrections: list[str]


class LineOut(BaseModel):
    """One time that somebody asked, or looked."""

    at: str
    organisation: str
    role: str = Field(description="What the role is called, in Dutch.")
    role_en: str
    task: str | None
    purpose: WordsOut
    legal_basis: list[WordsOut]
    outcome: str = Field(
        description="given, refused, waiting, undelivered or undone; looked for a look at a case "
        "or at a question, where nobody asked for data."
    )
    got: list[GotOut]
    is_emergency: bool
    with_others: bool = Field(description="Whether the question was about others as well.")
    review: str | None = Field(description="How an emergency was judged, once it was.")
    text: WordsOut
    proof: ProofOut


class ReportOut(BaseModel):
    """Who asked or looked at what, the newest first; the receipt is of the look itself."""

    lines: list[LineOut]
    next_below: int | None
    next_year: int | None
    scope: WordsOut = Field(description="What stands in a report and what does not, in words.")
    receipt: ReceiptOut


@router.post(
    "/citizen-reports", response_model=ReportOut, responses={**_PROBLEMS, **TOO_MANY_LOOKS}
)
async def create_report(request: Request, body: ReportIn, caller: Caller) -> Response:
    """Tell a person who asked or looked at what about them, why, on which basis, and what came."""
    service = services_of(request)
    service.rates.take(caller.client_id, Look.REPORT)
    gate = service.gate
    subject, page = parse_bsn(body.subject.value), Page(body.below, body.limit, body.year)
    current = KeptLog(service.log, service.personal, service.kept)
    with service.earlier() as earlier:
        logs = (current, *earlier)
        desk = Desk(gate.catalogue, gate.ledger, logs, service.now, service.random)
        report = await give_report(desk, caller, subject, page)
    members = {
        "lines": [_line_out(each) for each in report.lines],
        "next_below": report.next_below,
        "next_year": report.next_year,
        "scope": _words(SCOPE),
        "receipt": receipt_out(report.receipt),
    }
    return Response(orjson.dumps(members), media_type="application/json")


def _line_out(proven: Proven) -> dict[str, object]:
    line, proof = proven.line, proven.proof
    return {
        "at": text_of(line.at),
        "organisation": line.organisation,
        "role": line.role.nl,
        "role_en": line.role.en,
        "task": line.task,
        "purpose": _words(line.purpose),
        "legal_basis": [_words(each) for each in line.basis],
        "outcome": line.outcome,
        "got": [{"field": each.field, "words": _words(each.words)} for each in line.got],
        "is_emergency": line.emergency,
        "with_others": line.others,
        "text": _words(line.text),
        "review": line.review,
        "proof": {
            "log": proven.log,
            "receipt": proof.receipt,
            "opening": proof.opening,
            "person": proof.person,
            "corrections": list(proof.corrections),
        },
    }


def _words(told: Told) -> dict[str, str]:
    return {"nl": told.nl, "en": told.en}
