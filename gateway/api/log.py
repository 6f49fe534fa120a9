"""The log for everybody who checks it: checkpoints, hash tiles and consistency proofs (C2SP).

Hashes say nothing about anybody, so they are public, and never change once a tile is full. The
entries themselves tell who asked for what, so only a supervisor reads them.
"""

from base64 import b64encode
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from audit.errors import TileInvalid
from audit.tiles import Tile, entry_bundle, parse_tile_path, tile
from gateway.api.guard import Auditor
from gateway.api.schemas import ConsistencyOut, ProblemOut
from gateway.api.state import services_of
from gateway.errors import BodyInvalid, NotFound

router = APIRouter(tags=["log"])

_NOTE = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
# What is full never changes. What is not full yet has its width in its name, so it neither.
_FOREVER = {"cache-control": "public, max-age=31536000, immutable"}
_Size = Annotated[int, Query(ge=1, le=2**63 - 1)]


def _plain(description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"text/plain": {}}, "description": description}}


def _tile(description: str) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"content": {_BYTES: {}}, "description": description},
        404: {"model": ProblemOut, "description": "The log has not grown to it."},
    }


@router.get(
    "/checkpoint", response_class=Response, responses=_plain("A signed note (C2SP tlog-checkpoint)")
)
async def read_checkpoint(request: Request) -> Response:
    """Return the newest checkpoint: origin, size, root and signature."""
    return Response(services_of(request).log.checkpoint(), media_type=_NOTE)


@router.get(
    "/cosigned-checkpoint",
    response_class=Response,
    responses={
        **_plain("The newest checkpoint with the cosignatures of witnesses."),
        404: {"model": ProblemOut, "description": "No witness has cosigned yet."},
    },
)
async def read_cosigned(request: Request) -> Response:
    """Return the newest checkpoint that witnesses cosigned; it may trail the newest one."""
    note = next((note for _, note in services_of(request).annex.cosigned()), None)
    if note is None:
        raise NotFound("no checkpoint was cosigned")
    return Response(note, media_type=_NOTE)


@router.get("/consistency", responses={400: {"model": ProblemOut}})
async def read_consistency(
    request: Request,
    old_size: Annotated[_Size, Query(alias="oldSize")],
    new_size: Annotated[_Size, Query(alias="newSize")],
) -> ConsistencyOut:
    """Return the proof that the log at the new size begins with the log at the old size."""
    log = services_of(request).log
    if not old_size <= new_size <= log.head().size:
        raise BodyInvalid("newSize", "lies between the old size and the size of the log")
    path = [b64encode(node).decode() for node in log.consistency(old_size, new_size)]
    return ConsistencyOut(old_size=old_size, new_size=new_size, path=path)


@router.get(
    "/tile/entries/{place:path}",
    response_class=Response,
    responses={401: {"model": ProblemOut}, 403: {"model": ProblemOut}, **_tile("An entry bundle.")},
)
async def read_entries(place: str, request: Request, _: Auditor) -> Response:
    """Return up to 256 entries, each behind its length; for supervisors."""
    wanted = _parsed(f"tile/entries/{place}")
    found = entry_bundle(services_of(request).log, wanted.index, wanted.width)
    return _answered(found, cached=False)


@router.get("/tile/{level}/{place:path}", response_class=Response, responses=_tile("A hash tile."))
async def read_tile(level: str, place: str, request: Request) -> Response:
    """Return up to 256 hashes of one level, 32 bytes each."""
    wanted = _parsed(f"tile/{level}/{place}")
    found = tile(services_of(request).log, wanted.level or 0, wanted.index, wanted.width)
    return _answered(found, cached=True)


def _parsed(path: str) -> Tile:
    try:
        return parse_tile_path(path)
    except TileInvalid as exc:
        raise NotFound("no tile has this path") from exc


def _answered(found: bytes | None, *, cached: bool) -> Response:
    if found is None:
        raise NotFound("the log has not grown to this tile")
    return Response(found, media_type=_BYTES, headers=_FOREVER if cached else None)
