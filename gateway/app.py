"""The application: routes, middleware and error handlers put together; opens nothing itself."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from typing_extensions import override

from audit.errors import AuditError
from gateway.api import disclosures, docs, health, log, oauth, purposes
from gateway.api.answers import on_http_error, on_known_error, on_validation_error
from gateway.api.middleware import API_VERSION, OPENAPI_PATH, BodyLimit, HouseHeaders, Shield
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
    (purposes.router, "/v1"),
    (health.router, "/v1"),
    (log.router, "/log"),
    (oauth.router, ""),
    (docs.router, ""),
)


class _Application(FastAPI):
    """FastAPI, but its document does not promise a 422: invalid input is a 400 here."""

    @override
    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        return document


def create_app(
    services: Services, *, public_url: str, on_close: Callable[[], Awaitable[None]] | None = None
) -> FastAPI:
    """Return the application around these services; `on_close` runs when the server stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if on_close is not None:
            await on_close()

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
        lifespan=lifespan,
    )
    app.state.services = services
    for router, prefix in _ROUTERS:
        app.include_router(router, prefix=prefix)
    # The last one added is the outermost: headers around the shield around the limit.
    app.add_middleware(BodyLimit)
    app.add_middleware(Shield)
    app.add_middleware(HouseHeaders)
    return app
