"""GET /v1/purposes: what may I ask, what will I get, why, on which basis."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from gateway.answer import basis_out, obligation_out
from gateway.api.guard import Caller
from gateway.api.schemas import ProblemOut, PurposeFieldOut, PurposeOut
from gateway.api.state import Services, services_of
from gateway.catalogue.model import Purpose
from gateway.catalogue.veil import NO_MEANS
from gateway.decision.answer import obligations_of
from gateway.decision.explain import condition_sentence
from gateway.errors import NotFound
from gateway.identity.tokens import VerifiedCaller

router = APIRouter(tags=["purposes"])


@router.get("/purposes", responses={401: {"model": ProblemOut}})
async def list_purposes(request: Request, caller: Caller) -> list[PurposeOut]:
    """List the purposes that the caller, in the role of the token, may declare."""
    service = services_of(request)
    purposes = service.gate.catalogue.purposes.values()
    return [
        _purpose_out(service, purpose)
        for purpose in purposes
        if _may_declare(service, caller, purpose)
    ]


@router.get("/purposes/{id}", responses={401: {"model": ProblemOut}, 404: {"model": ProblemOut}})
async def read_purpose(
    id: Annotated[str, Path(max_length=64)],  # noqa: A002 (the name of the path member)
    request: Request,
    caller: Caller,
) -> PurposeOut:
    """Return one purpose; one that the caller may not declare is not found."""
    service = services_of(request)
    purpose = service.gate.catalogue.purposes.get(id)
    if purpose is None or not _may_declare(service, caller, purpose):
        raise NotFound("no such purpose for this caller")
    return _purpose_out(service, purpose)


def _may_declare(service: Services, caller: VerifiedCaller, purpose: Purpose) -> bool:
    named = any(
        (each.organisation, each.role) == (caller.organisation, caller.role)
        for each in purpose.requesters
    )
    return named and service.gate.decider.parties.may_declare(
        (caller.organisation, caller.role), purpose.task, purpose.activity
    )


def _purpose_out(service: Services, purpose: Purpose) -> PurposeOut:
    dictionary = service.gate.catalogue.fields
    return PurposeOut.model_validate(
        {
            "id": purpose.id,
            "task": purpose.task,
            "activity": purpose.activity,
            "title": purpose.title,
            "title_en": purpose.title_en,
            "question": purpose.question,
            "fields": [
                PurposeFieldOut(
                    name=grant.name,
                    precision=grant.precision.label,
                    need=grant.need.value,
                    because=grant.because,
                    meaning=dictionary[grant.name].meaning,
                )
                for grant in purpose.fields.values()
            ],
            "never": list(purpose.never),
            "instead": {name: list(offer) for name, offer in purpose.instead.items()},
            "conditions": [condition_sentence(each).nl for each in purpose.conditions],
            "legal_basis": [basis_out(ground) for ground in purpose.legal_basis],
            "obligations": [obligation_out(duty) for duty in obligations_of(purpose)],
            "policy_revision": service.gate.catalogue.revision,
            "no_means": None if purpose.veil is None else NO_MEANS[0],
        }
    )
