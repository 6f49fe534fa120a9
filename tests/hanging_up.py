"""A requester that hangs up before its answer is there."""

import orjson

from tests.builders import House


async def hung_up(house: House, body: object) -> int:
    """Send a request whose connection is gone once it was read, and return the status sent."""
    sent: list[dict[str, object]] = []
    messages = iter([{"type": "http.request", "body": orjson.dumps(body), "more_body": False}])
    headers = house.headers() | {"content-type": "application/json"}

    async def receive() -> dict[str, object]:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/disclosures",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await house.app(scope, receive, send)  # type: ignore[arg-type]
    return int(str(sent[0]["status"]))
