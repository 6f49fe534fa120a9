"""The application: routes, middleware and error handlers put together; opens nothing itself."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

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


def create_app(
    services: Services, *, public_url: str, on_close: Callable[[], None] = lambda: None
) -> FastAPI:
    """Return the application around these services; `on_close` runs when the server stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        on_close()

    handlers: dict[int | type[Exception], Handler] = {
        AuditError: on_known_error,
        GatewayError: on_known_error,
        IdentityError: on_known_error,
        RequestValidationError: on_validation_error,
        HTTPException: on_http_error,
    }
    app = FastAPI(
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
        exception_handlers=handlers,
        lifespan=lifespan,
    )
    app.state.services = services
    for router, prefix in (
        (disclosures.router, "/v1"),
        (purposes.router, "/v1"),
        (health.router, "/v1"),
        (log.router, "/log"),
        (oauth.router, ""),
        (docs.router, ""),
    ):
        app.include_router(router, prefix=prefix)
    # The last one added is the outermost: headers around the shield around the limit.
    app.add_middleware(BodyLimit)
    app.add_middleware(Shield)
    app.add_middleware(HouseHeaders)
    return app
