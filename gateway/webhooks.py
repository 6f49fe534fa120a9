"""Telling another system something over HTTPS: signed, at least once, with growing pauses.

Shapes:  the headers are those of Standard Webhooks: `webhook-id`, `webhook-timestamp` and
         `webhook-signature`. The same message keeps the same id, however often it is told.
"""

import datetime as dt
import hmac
import logging
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

import httpx

_LOG: Final = logging.getLogger("doelpoort.webhooks")

MOST_ATTEMPTS: Final = 30
"""With the pauses below more than five days: a receiver may be down over a long weekend."""

_FIRST_PAUSE: Final = dt.timedelta(minutes=1)
_LONGEST_PAUSE: Final = dt.timedelta(hours=6)
_MOST_DOUBLINGS: Final = 12
"""After fewer of them already the longest pause is reached."""


@dataclass(frozen=True, slots=True, repr=False)
class Webhook:
    """The address of a system that takes messages; it gets nothing about anybody in it.

    Trust: the secret is shared with the receiver alone.
    """

    url: str
    secret: bytes


async def told(
    http: httpx.AsyncClient, hook: Webhook, identity: str, at: dt.datetime, body: bytes
) -> bool:
    """Post a message, signed, and tell whether it was taken; what was not is told again later.

    Only an answer of success takes it. A redirect is not followed, and of no answer more is read
    than its head, so that a receiver can neither send a message elsewhere nor fill our memory.
    """
    second = str(int(at.timestamp()))
    headers = {
        "content-type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": second,
        "webhook-signature": f"v1,{signature(hook.secret, identity, second, body)}",
    }
    try:
        async with http.stream(
            "POST", hook.url, content=body, headers=headers, follow_redirects=False
        ) as answer:
            return answer.is_success
    except httpx.HTTPError as exc:
        _LOG.warning("a webhook was not reached: %s", type(exc).__name__)
        return False


def signature(secret: bytes, identity: str, at: str, body: bytes) -> str:
    """Return what shows that a message of this id and time was sent by who has the secret.

    Source: Standard Webhooks, symmetric signatures (HMAC-SHA-256, base64).
    """
    return b64encode(
        hmac.digest(secret, b"%s.%s.%s" % (identity.encode(), at.encode(), body), "sha256")
    ).decode()


def pause_after(attempts: int) -> dt.timedelta:
    """Return how long a message rests after one attempt more than these: longer every time."""
    return min(_FIRST_PAUSE * (1 << min(attempts, _MOST_DOUBLINGS)), _LONGEST_PAUSE)
