"""GET /log/checkpoint: the signed head of the ledger, for everybody."""

from fastapi import APIRouter, Request, Response

from gateway.api.state import services_of

router = APIRouter(tags=["log"])


@router.get(
    "/checkpoint",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "A signed note (C2SP)."}},
)
async def read_checkpoint(request: Request) -> Response:
    """Return the newest checkpoint: origin, size, root and signature."""
    return Response(services_of(request).log.checkpoint(), media_type="text/plain; charset=utf-8")
