"""POST /oauth/token: a registered client proves itself and gets a token for one hat."""

from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request, Response

from gateway.api.state import services_of
from gateway.api.strict import read_body
from gateway.identity.errors import AssertionInvalid, RequestInvalid, RequestMalformed

router = APIRouter(tags=["identity"])

_FORM = "application/x-www-form-urlencoded"
_PARAMETERS_LIMIT = 20
_PARAMETERS = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "A JWT signed with the client's key (RFC 7523).",
    "organisation": "The organisation of the hat; may be left out when there is one hat.",
    "role": "The role of the hat; may be left out when there is one hat.",
    "professional": "The partner's own opaque id of the acting person.",
}
_FORM_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": [
                        "grant_type",
                        "client_assertion_type",
                        "client_assertion",
                        "professional",
                    ],
                    "properties": {
                        name: {"type": "string", "description": meaning}
                        for name, meaning in _PARAMETERS.items()
                    },
                }
            }
        },
    }
}


@router.post("/oauth/token", openapi_extra=_FORM_SCHEMA, response_class=Response)
async def create_token(request: Request) -> Response:
    """Exchange a signed client assertion for an access token (RFC 6749, RFC 7523)."""
    service = services_of(request)
    try:
        access = service.token_endpoint.exchange(await _form(request), now=service.now())
    except RequestInvalid as exc:
        status = 401 if isinstance(exc, AssertionInvalid) else 400
        body = {"error": exc.code, "error_description": str(exc)}
        return Response(orjson.dumps(body), status_code=status, media_type="application/json")
    granted = {
        "access_token": access.token,
        "token_type": "Bearer",
        "expires_in": access.expires_in,
    }
    return Response(orjson.dumps(granted), media_type="application/json")


async def _form(request: Request) -> list[tuple[str, str]]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        raise RequestMalformed(f"the content type is {_FORM}")
    try:
        text = (await read_body(request)).decode("ascii")
        return parse_qsl(
            text, strict_parsing=True, keep_blank_values=True, max_num_fields=_PARAMETERS_LIMIT
        )
    except ValueError as exc:
        raise RequestMalformed("the body is no form") from exc
