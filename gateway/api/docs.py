"""The API documentation, served from this host: no page of ours loads anything from elsewhere."""

from importlib.resources import files

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html

from gateway.errors import NotFound

router = APIRouter(include_in_schema=False)

_ASSETS = {
    "swagger-ui-bundle.js": "application/javascript",
    "swagger-ui.css": "text/css",
}
# The page that FastAPI writes holds one inline script, so it needs a policy of its own.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


@router.get("/docs")
async def read_docs(request: Request) -> Response:
    """Return the page with the API documentation."""
    page = get_swagger_ui_html(
        openapi_url=str(request.app.openapi_url),
        title="Doelpoort API",
        swagger_js_url="/docs/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger-ui.css",
        swagger_favicon_url="data:,",
    )
    page.headers["content-security-policy"] = _POLICY
    return page


@router.get("/docs/{asset}")
async def read_asset(asset: str) -> Response:
    """Return the script or the style sheet of the documentation page."""
    if asset not in _ASSETS:
        raise NotFound("no such part of the documentation")
    content = files("fastapi_swagger").joinpath("resources", asset).read_bytes()
    return Response(content, media_type=_ASSETS[asset])
