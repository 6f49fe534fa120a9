"""The application: routes, middleware and error handlers put together; opens nothing itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from typing_extensions import override

from audit.errors import AuditError
from gateway.api import (
    cases,
    citizens,
    consents,
    disclosures,
    docs,
    emergencies,
    health,
    inbox,
    ldv,
    log,
    oauth,
    purposes,
    record_checks,
    tables,
    vng,
    waiting,
)
from gateway.api.answers import on_http_error, on_known_error, on_validation_error
from gateway.api.middleware import API_VERSION, OPENAPI_PATH, BodyLimit, HouseHeaders, Shield
from gateway.api.names import names_of
from gateway.api.state import Services
from gateway.errors import GatewayError
from gateway.identity.errors import IdentityError

_DESCRIPTION = (
    "Ask for client data with your task, activity and purpose, and get the least that it needs. "
    "Every answer carries a receipt from a tamper-evident ledger."
)

Handler = Callable[[Request, Exception], Coroutine[Any, Any, Response]]

_HANDLERS: dict[int | type[Exception], Handler] = {
    AuditError: on_known_error,
    GatewayError: on_known_error,
    IdentityError: on_known_error,
    RequestValidationError: on_validation_error,
    HTTPException: on_http_error,
}
_ROUTERS = (
    (disclosures.router, "/v1"),
    (waiting.router, "/v1"),
    (purposes.router, "/v1"),
    (emergencies.router, "/v1"),
    (citizens.router, "/v1"),
    (cases.router, "/v1"),
    (consents.router, "/v1"),
    (inbox.router, "/v1"),
    (tables.router, "/v1"),
    (record_checks.router, "/v1"),
    (ldv.router, "/v1"),
    (vng.router, "/v1"),
    (health.router, "/v1"),
    (log.router, "/log"),
    (oauth.router, ""),
    (docs.router, ""),
)
_NAMES = names_of([route for router, _ in _ROUTERS for route in router.routes])


# What FastAPI documents by itself and this API never answers: invalid input is a 400 here.
_NEVER_ANSWERED = ("HTTPValidationError", "ValidationError")
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token from /oauth/token, for one hat; good for ten minutes.",
}


class _Application(FastAPI):
    """FastAPI with a document that says what this API does: 400 for 422, a token where needed."""

    @override
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _corrected(super().openapi())
        return self.openapi_schema


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            if "401" in operation["responses"]:
                operation["security"] = [{"bearer": []}]
    for name in _NEVER_ANSWERED:
        document["components"]["schemas"].pop(name, None)
    document["components"]["securitySchemes"] = {"bearer": _BEARER}
    return document


Background = Callable[[FastAPI], Coroutine[Any, Any, None]]
OnClose = Callable[[], Awaitable[None]]


def create_app(
    services: Services,
    *,
    public_url: str,
    background: Background | None = None,
    on_close: OnClose | None = None,
) -> FastAPI:
    """Return the application around these services.

    `background` runs while the server does, `on_close` when it stops.
    """
    app = _Application(
        title="Doelpoort",
        version=API_VERSION,
        description=_DESCRIPTION,
        contact={"name": "Doelpoort", "email": "api@doelpoort.example", "url": public_url},
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        servers=[{"url": public_url}],
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=dict(_HANDLERS),
        lifespan=_lifespan(background, on_close),
    )
    app.state.services = services
    for router, prefix in _ROUTERS:
        app.include_router(router, prefix=prefix)
    app.state.names = _NAMES
    # The last one added is the outermost: headers around the shield around the limit.
    app.add_middleware(BodyLimit)
    app.add_middleware(Shield)
    app.add_middleware(HouseHeaders)
    return app


def _lifespan(
    background: Background | None, on_close: OnClose | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        task = None if background is None else asyncio.create_task(background(app))
        yield
        if task is not None:
            task.cancel()
            # Unlike awaiting it, this lets what failed in the background not keep us from closing.
            await asyncio.wait([task])
        if on_close is not None:
            await on_close()

    return lifespan
