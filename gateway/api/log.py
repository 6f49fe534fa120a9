"""GET /log/checkpoint: the signed head of the ledger, for everybody."""

from fastapi import APIRouter, Response

from gateway.api.state import Wired

router = APIRouter(tags=["log"])


@router.get(
    "/checkpoint",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "A signed note (C2SP)."}},
)
async def read_checkpoint(service: Wired) -> Response:
    """Return the newest checkpoint: origin, size, root and signature."""
    return Response(service.log.checkpoint(), media_type="text/plain; charset=utf-8")
