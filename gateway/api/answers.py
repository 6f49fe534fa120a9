"""From outcomes and errors to HTTP responses."""

from collections.abc import Mapping

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from audit.entry import Receipt
from gateway.answer import REFUSED, WAITING, Answer
from gateway.api.problems import (
    INTERNAL,
    INVALID,
    MEDIA_TYPE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    PROBLEMS,
    Problem,
)
from gateway.api.words import PERSON_NUMBER, SAYS_TOO_LITTLE
from gateway.cases.refusals import SENTENCES, CaseCode
from gateway.emergency.model import FEWEST_CHARACTERS, FEWEST_WORDS
from gateway.errors import (
    BodyInvalid,
    CaseRefused,
    CaseRunning,
    SubjectInvalid,
    TooManyLooks,
    VersionConflict,
)

_CHALLENGE = {"www-authenticate": 'Bearer realm="doelpoort"'}
_UNAUTHORISED = 401


def answered(answer: Answer, receipt: Receipt) -> Response:
    """Return the response of a disclosure or a refusal, its receipt inside."""
    body = {**answer.members, "receipt": receipt_out(receipt)}
    media = MEDIA_TYPE if answer.status == REFUSED else "application/json"
    headers = None
    if answer.status == WAITING:
        headers = {"location": f"/v1/disclosures/{answer.members['disclosure_id']}"}
    return Response(
        orjson.dumps(body), status_code=answer.status, media_type=media, headers=headers
    )


def receipt_out(receipt: Receipt) -> dict[str, object]:
    """Return a receipt as JSON: the log, the index, the text of the proof."""
    return {"log": receipt.log, "index": receipt.index, "proof": receipt.proof.decode()}


def problem_response(
    problem: Problem,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> Response:
    """Return a problem document; `errors` name members, never values; `more` is added to it."""
    members = {**problem.members(), **(more or {})}
    if errors:
        members["errors"] = errors
    extra = dict(headers or {})
    if problem.status == _UNAUTHORISED:
        extra |= _CHALLENGE
    return Response(
        orjson.dumps(members), status_code=problem.status, media_type=MEDIA_TYPE, headers=extra
    )


async def on_known_error(_: Request, exc: Exception) -> Response:
    """Answer an error of one of our trees by the table."""
    errors, headers = None, None
    if isinstance(exc, BodyInvalid):
        errors = [{"member": exc.member, "message": exc.message}]
    if isinstance(exc, SubjectInvalid):
        errors = [{"member": "subject.value", "message": _NO_BSN}]
    if isinstance(exc, TooManyLooks):
        headers = {"retry-after": str(exc.after_s)}
    problem = PROBLEMS.get(type(exc), INTERNAL)
    return problem_response(problem, errors, headers, _particulars(exc))


def _particulars(exc: Exception) -> Mapping[str, object]:
    """Return what a problem with a case tells beside its kind: which rule, case or version."""
    match exc:
        case CaseRefused(code=code):
            nl, en = SENTENCES[CaseCode(code)]
            return {"code": code, "detail": nl, "detail_en": en}
        case CaseRunning(case_id=case):
            return {"case": case}
        case VersionConflict(current=version):
            return {"version": version}
        case _:
            return {}


async def on_validation_error(request: Request, exc: Exception) -> Response:
    """Answer a body of the wrong shape: the members that are wrong, in our words."""
    if not isinstance(exc, RequestValidationError):
        return problem_response(INTERNAL)
    names: frozenset[str] = request.app.state.names
    found = {(_member(each["loc"], names), _fault(str(each["type"]))) for each in exc.errors()}
    errors = [{"member": member, "message": fault} for member, fault in sorted(found)]
    return problem_response(INVALID, errors[:20])


async def on_http_error(_: Request, exc: Exception) -> Response:
    """Answer what the router refuses: an unknown path or a wrong method."""
    status = exc.status_code if isinstance(exc, HTTPException) else INTERNAL.status
    headers = exc.headers if isinstance(exc, HTTPException) else None
    known = {each.status: each for each in (NOT_FOUND, METHOD_NOT_ALLOWED, INVALID)}
    return problem_response(known.get(status, INTERNAL), headers=headers)


_NO_BSN = "is geen burgerservicenummer / is no citizen service number"
_FAULTS = {
    "missing": "ontbreekt / is missing",
    "extra_forbidden": "is niet bekend / is not known",
    "too_long": "heeft te veel onderdelen / has too many items",
    "too_short": "is leeg / is empty",
    "string_too_long": "is te lang / is too long",
    "string_too_short": "is leeg / is empty",
    PERSON_NUMBER: "bevat het nummer van een persoon; laat dat weg / holds the number of a person; "
    "leave it out",
    SAYS_TOO_LITTLE: f"zegt te weinig; schrijf ten minste {FEWEST_CHARACTERS} tekens en "
    f"{FEWEST_WORDS} verschillende woorden / says too little; write at least {FEWEST_CHARACTERS} "
    f"characters and {FEWEST_WORDS} different words",
    "enum": "is geen van de toegestane waarden / is none of the allowed values",
    "literal_error": "is geen van de toegestane waarden / is none of the allowed values",
}


def _fault(kind: str) -> str:
    return _FAULTS.get(kind, "heeft niet de goede vorm / is not of the right form")


def _member(location: tuple[object, ...], names: frozenset[str]) -> str:
    """Return the place of a fault in names of the API; a caller's own words are left out."""
    parts = [str(part) for part in location[1:] if isinstance(part, int) or part in names]
    return ".".join(parts) or "body"
