"""The baseline: a bare route that validates the same body and answers as many bytes."""

import os

from fastapi import FastAPI, Response

from gateway.api.schemas import DisclosureIn

app = FastAPI()
_ANSWER = b'{"a":"' + b"x" * (int(os.environ.get("BARE_SIZE", "4096")) - 8) + b'"}'


@app.post("/v1/disclosures")
async def answer(body: DisclosureIn) -> Response:  # noqa: ARG001 (validating it is the point)
    """Answer a valid body."""
    return Response(_ANSWER, media_type="application/json")
