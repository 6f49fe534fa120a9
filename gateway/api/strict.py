"""Reading a JSON body strictly: within the limit, one meaning per member, nothing echoed."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from typing_extensions import override

from gateway.api.middleware import BODY_LIMIT
from gateway.errors import BodyInvalid, PayloadTooLarge

_DEPTH_LIMIT_TEXT = "is nested too deeply"


class StrictRoute(APIRoute):
    """A route whose JSON body is parsed here, before FastAPI validates it."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        validated = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if request.method == "POST":
                request._json = parse_json(await _body_of(request))  # noqa: SLF001 (Starlette's own cache of `json()`)
            return await validated(request)

        return handler


async def _body_of(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BodyInvalid("content-type", "must be application/json")
    return await read_body(request)


async def read_body(request: Request) -> bytes:
    """Return the whole body, and leave it where Starlette keeps it.

    Raises: PayloadTooLarge once more than the limit has come in.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT:
            raise PayloadTooLarge("the request body is over the limit")
        chunks.append(chunk)
    request._body = b"".join(chunks)  # noqa: SLF001 (Starlette's own cache of `body()`)
    return request._body  # noqa: SLF001


def parse_json(body: bytes) -> object:
    """Return the value that these bytes mean.

    Trust:  anything at all.
    Raises: BodyInvalid for what is not UTF-8 JSON, names a member twice, or holds NaN or Infinity.
    """
    try:
        value: object = json.loads(
            body.decode("utf-8"), object_pairs_hook=_members_once, parse_constant=_refuse_constant
        )
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise BodyInvalid("body", "is not JSON in UTF-8") from None
    except RecursionError:
        raise BodyInvalid("body", _DEPTH_LIMIT_TEXT) from None
    return value


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BodyInvalid("body", "names a member twice")
    return members


def _refuse_constant(_: str) -> object:
    raise BodyInvalid("body", "holds a number that JSON does not know")
