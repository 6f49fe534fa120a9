"""What holds for every request: a limit on the body, the headers of every answer, and a shield.

Plain ASGI, because these three run for every request and see bytes only.
"""

import logging
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.problems import INTERNAL, TOO_LARGE, Problem

API_VERSION = "1.0.0"
BODY_LIMIT = 256 * 1024
_LENGTH_DIGITS = 18  # of a length; whoever announces more is over any limit with these already
OPENAPI_PATH = "/v1/openapi.json"

_LOG = logging.getLogger("doelpoort.api")

_EVERY_ANSWER = (
    (b"api-version", API_VERSION.encode()),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


class HouseHeaders:
    """Adds the version and the security headers to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and complete the head of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message, scope["path"])
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add_headers(message: MutableMapping[str, Any], path: str) -> None:
    headers = list(message.get("headers", ()))
    present = {name for name, _ in headers}
    headers += [pair for pair in _EVERY_ANSWER if pair[0] not in present]
    if path == OPENAPI_PATH:
        headers.append((b"access-control-allow-origin", b"*"))
    message["headers"] = headers


class Shield:
    """Turns a bug into a 500 that says nothing, and logs its kind only.

    The text of an unexpected exception may hold a row of a source, so nobody gets it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer in its place when it fails."""
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as exc:  # noqa: BLE001 (the one top-level handler)
            _LOG.error("unexpected failure: %s at %s", type(exc).__name__, _place_of(exc))
            if scope["type"] == "http" and not started:
                await _send_problem(INTERNAL, send)


def _place_of(exc: BaseException) -> str:
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    code = trace.tb_frame.f_code
    return f"{code.co_name} line {trace.tb_lineno}"


class BodyLimit:
    """Answers 413 to a body that announces more than the limit; `read_body` counts the others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless it announces too much."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced_length(scope) > BODY_LIMIT:
            await _send_problem(TOO_LARGE, send)
            return
        await self._app(scope, receive, send)


def _announced_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value[:_LENGTH_DIGITS]) if value.isdigit() else 0
    return 0


async def _send_problem(problem: Problem, send: Send) -> None:
    body = problem.body()
    await send(
        {
            "type": "http.response.start",
            "status": problem.status,
            "headers": [
                (b"content-type", b"application/problem+json"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
