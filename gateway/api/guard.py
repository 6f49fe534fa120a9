"""Who is calling: the one dependency that every route but the public ones stands behind."""

from typing import Annotated

from fastapi import Depends, Request

from gateway.api.state import services_of
from gateway.cases.model import Actor
from gateway.catalogue.model import OrganisationType
from gateway.errors import SupervisorsOnly
from gateway.identity.errors import HatWithdrawn
from gateway.identity.tokens import VerifiedCaller, parse_bearer


async def authenticated(request: Request) -> VerifiedCaller:
    """Return the caller that the bearer token proves.

    Trust:  the header is a stranger's word until it verifies; a token anywhere else is ignored.
    Raises: a leaf of Unauthenticated, or IdentityUnavailable.
    """
    service = services_of(request)
    token = parse_bearer(request.headers.get("authorization"))
    caller = service.tokens.verify(token, now=service.now())
    if caller.organisation not in service.gate.catalogue.organisations:
        raise HatWithdrawn("the policy no longer knows the organisation of this token")
    return caller


Caller = Annotated[VerifiedCaller, Depends(authenticated)]


async def supervising(request: Request, caller: Caller) -> VerifiedCaller:
    """Return the caller, who reads for a supervisor.

    Trust:  the type of an organisation is the policy's word, not the token's.
    Raises: SupervisorsOnly for everybody else.
    """
    organisation = services_of(request).gate.catalogue.organisations[caller.organisation]
    if organisation.type is not OrganisationType.SUPERVISOR:
        raise SupervisorsOnly("the organisation of this token is no supervisor")
    return caller


Auditor = Annotated[VerifiedCaller, Depends(supervising)]


def actor_of(caller: VerifiedCaller) -> Actor:
    """Return the caller as the one who takes a step."""
    return Actor(caller.organisation, caller.role, caller.professional)
