"""GET /v1/health: can the gateway answer, under which policy, how fresh is its checkpoint."""

from fastapi import APIRouter, Request, Response

from gateway.api.schemas import HealthOut
from gateway.api.state import services_of

router = APIRouter(tags=["health"])


@router.get("/health", responses={503: {"model": HealthOut}})
async def read_health(request: Request, response: Response) -> HealthOut:
    """Tell how the gateway is; 503 once the ledger has stopped."""
    service = services_of(request)
    ledger = service.status()
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
    )
