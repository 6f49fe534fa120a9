"""GET /v1/health: can the gateway answer, under which policy, how fresh is its checkpoint."""

from collections.abc import Awaitable
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.api.schemas import HealthOut
from gateway.api.state import desk_of, services_of
from gateway.cases.deadlines import count_overdue
from gateway.cases.store import CaseBook
from gateway.citizen.store import SqlMessages
from gateway.errors import SourceFailed
from gateway.inbox.given_up import count_given_up
from gateway.log.place import year_is_over

router = APIRouter(tags=["health"])

YEAR_IS_OVER: Final = "year passed, restart"
"""What health says of a log of last year; entries go on into it until the gateway is restarted."""


@router.get("/health", responses={503: {"model": HealthOut}})
async def read_health(request: Request, response: Response) -> HealthOut:
    """Tell how the gateway is; 503 once the ledger has stopped."""
    service = services_of(request)
    desk = desk_of(service)
    ledger, messages = service.status(), SqlMessages(service.book)
    age_ms = service.now().timestamp() * 1000 - ledger.checkpoint_at_ms
    stopped = ledger.stopped is not None
    if stopped:
        response.status_code = 503
    return HealthOut(
        status="stopped" if stopped else "ok",
        policy_revision=service.gate.catalogue.revision,
        ledger_size=ledger.size,
        checkpoint_age_s=round(max(age_ms, 0) / 1000, 3),
        engine=service.engine,
        policy_problem=service.policy_problem,
        log_problem=YEAR_IS_OVER if year_is_over(service.log.origin, service.now()) else None,
        cases_overdue=await _told(count_overdue(desk.catalogue, desk.book, desk.moment().day)),
        reviews_overdue=await _told(messages.overdue(service.now())),
        messages_given_up=await _told(_given_up(service.book)),
    )


async def _given_up(book: CaseBook) -> int:
    """Count what nobody took: messages to persons and reviewers, and to the systems of partners."""
    return await SqlMessages(book).dead() + await count_given_up(book)


async def _told(count: Awaitable[int]) -> int | None:
    """Return a count, or None while the case store does not tell it."""
    try:
        return await count
    except SourceFailed:
        return None
