"""The routes: each is guarded, or on the short list of what everybody may see."""

from collections.abc import Iterator
from typing import cast

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from gateway.api.guard import authenticated
from gateway.api.state import Services
from gateway.app import create_app

PUBLIC = {
    "/docs",
    "/docs/{asset}",
    "/log/checkpoint",
    "/log/consistency",
    "/log/cosigned-checkpoint",
    "/log/tile/{level}/{place:path}",
    "/oauth/token",
    "/v1/health",
    "/v1/openapi.json",
}
GUARDED = {
    "/v1/case-searches",
    "/v1/cases",
    "/v1/cases/{id}",
    "/v1/cases/{id}/steps",
    "/v1/citizen-reports",
    "/v1/emergency-disclosures",
    "/v1/reviews",
    "/v1/reviews/{id}",
    "/v1/consent-withdrawals",
    "/v1/due-cases",
    "/v1/consents",
    "/v1/consents/{id}/withdrawals",
    "/log/tile/entries/{place:path}",
    "/v1/processing-activities",
    "/v1/record-checks",
    "/v1/verwerkte-objecten",
    "/v1/verwerkte-objecten/{id}",
    "/v1/disclosures",
    "/v1/disclosures/{id}",
    "/v1/inbox",
    "/v1/inbox/{id}",
    "/v1/inbox/{id}/answers",
    "/v1/inbox/{id}/reminders",
    "/v1/tables",
    "/v1/disclosures/{id}/receipt",
    "/v1/purposes",
    "/v1/purposes/{id}",
}


@pytest.fixture
def app() -> FastAPI:
    """Give the application with all its routes; no request is made, so nothing is behind it."""
    return create_app(cast("Services", None), public_url="https://poort.waterveen.example")


def calls(dependant: Dependant) -> Iterator[object]:
    """Give everything that runs before a route does."""
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from calls(dependency)


def is_guarded(context: RouteContext) -> bool:
    """Tell whether the token is verified before this route runs."""
    dependant = getattr(context, "dependant", None)
    return dependant is not None and authenticated in set(calls(dependant))


def paths(app: FastAPI, *, guarded: bool) -> set[str]:
    """Return the paths of the routes that are guarded, or of those that are not."""
    return {
        str(context.path)
        for context in iter_route_contexts(app.routes)
        if is_guarded(context) is guarded
    }


def test_unguarded_routes_are_exactly_the_public_ones(app: FastAPI) -> None:
    """Nothing is public but what is listed here."""
    assert paths(app, guarded=False) == PUBLIC


def test_all_other_routes_are_guarded(app: FastAPI) -> None:
    """The routes that need a token are exactly these, so the rule above saw them all."""
    assert paths(app, guarded=True) == GUARDED


def test_an_unguarded_route_is_found(app: FastAPI) -> None:
    """A route that forgets its guard, deep inside a router, is seen."""
    inner = APIRouter()
    inner.add_api_route("/forgotten", lambda: None)
    outer = APIRouter(prefix="/v1")
    outer.include_router(inner)
    app.include_router(outer)

    assert paths(app, guarded=False) == PUBLIC | {"/v1/forgotten"}


def test_no_path_ends_with_a_slash(app: FastAPI) -> None:
    """No path ends with a slash, and none redirects to one."""
    every = paths(app, guarded=True) | paths(app, guarded=False)

    assert {path for path in every if path.endswith("/")} == set()
    assert app.router.redirect_slashes is False
