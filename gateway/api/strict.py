"""The route of a guarded request with a JSON body: read strictly, validated once, never echoed."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from typing_extensions import override

from gateway.api.guard import Caller, authenticated
from gateway.api.middleware import BODY_LIMIT
from gateway.errors import BodyInvalid, PayloadTooLarge

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
M = TypeVar("M", bound=BaseModel)


class StrictRoute(APIRoute):
    """A POST route whose endpoint takes `request`, `body`, `caller` and what its path names.

    FastAPI documents it from that signature; at run time this does what the signature says, in the
    order that gives a stranger nothing: first the caller, then the body. FastAPI's own solving of
    dependencies costs more than the rest of a request, and reads JSON more loosely than we do.
    """

    @override
    def get_route_handler(self) -> Handler:
        if self.methods != {"POST"}:
            return super().get_route_handler()
        endpoint = self.endpoint
        if get_type_hints(endpoint, include_extras=True)["caller"] != Caller:
            raise TypeError("a strict route lets every caller in, so it takes no other guard")
        model: type[BaseModel] = get_type_hints(endpoint)["body"]

        async def handler(request: Request) -> Response:
            caller = await authenticated(request)
            body = await read_model(request, model)
            response: Response = await endpoint(request, body, caller, **request.path_params)
            return response

        return handler


async def read_model(request: Request, model: type[M]) -> M:
    """Return the body as this model, read strictly; to be called once the caller is known.

    Trust:  anything at all.
    Raises: BodyInvalid, PayloadTooLarge, or RequestValidationError without what was sent.
    """
    return _validated(model, parse_json(await _body_of(request)))


def _validated(model: type[M], document: object) -> M:
    try:
        return model.model_validate(document)
    except ValidationError as exc:
        faults = exc.errors(include_url=False, include_context=False, include_input=False)
        # The cause would hold the input, so it ends here.
        raise RequestValidationError(
            [{**fault, "loc": ("body", *fault["loc"])} for fault in faults]
        ) from None


async def _body_of(request: Request) -> bytes:
    if _media_type(request) != "application/json":
        raise BodyInvalid("content-type", "must be application/json")
    return await read_body(request)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request) -> bytes:
    """Return the whole body.

    Raises: PayloadTooLarge once more than the limit has come in.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT:
            raise PayloadTooLarge("the request body is over the limit")
        chunks.append(chunk)
    return b"".join(chunks)


def parse_json(body: bytes) -> object:
    """Return the value that these bytes mean.

    Trust:  anything at all.
    Raises: BodyInvalid for what is not UTF-8 JSON, names a member twice, or holds NaN or Infinity.
    """
    try:
        value: object = _DECODER.decode(body.decode("utf-8"))
    except ValueError:  # of which the errors of UTF-8, of JSON and of oversized numbers are kinds
        raise BodyInvalid("body", "is not JSON in UTF-8") from None
    except RecursionError:
        raise BodyInvalid("body", "is nested too deeply") from None
    return value


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BodyInvalid("body", "names a member twice")
    return members


def _refuse_constant(_: str) -> object:
    raise BodyInvalid("body", "holds a number that JSON does not know")


_DECODER = json.JSONDecoder(object_pairs_hook=_members_once, parse_constant=_refuse_constant)
