"""Getting messages out: by a webhook or into a folder, at least once, and again until it succeeds.

A webhook is signed as Standard Webhooks describes: the receiver checks `webhook-signature` over id,
time and body with the shared secret, and knows a repeated message by its `webhook-id`.
"""

import asyncio
import datetime as dt
import hmac
import logging
import os
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import httpx

from gateway.citizen.store import Message, SqlMessages, State

_LOG: Final = logging.getLogger("doelpoort.messages")

MOST_ATTEMPTS: Final = 12
"""After which a message waits for a person: some two days, with the pauses below."""

_FIRST_PAUSE: Final = dt.timedelta(minutes=1)
_LONGEST_PAUSE: Final = dt.timedelta(hours=6)
_AT_ONCE: Final = 50
_OWNER_ONLY: Final = 0o600


class Courier(Protocol):
    """One way out."""

    async def send(self, message: Message) -> bool:
        """Tell whether the message arrived; who is not sure says no, and it is sent again."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder from which another system takes messages; a file is there whole or not at all."""

    path: Path

    async def send(self, message: Message) -> bool:
        """Put the message there under its id; see `Courier.send`."""
        return await asyncio.to_thread(self._put, message)

    def _put(self, message: Message) -> bool:
        unfinished = self.path / f".{message.id}.{os.getpid()}"
        try:
            descriptor = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, _OWNER_ONLY)
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.payload.encode())
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self.path / f"{message.id}.json")
            _sync(self.path)
        except OSError as exc:
            _LOG.error("a message was not put down: %s", type(exc).__name__)
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class Webhook:
    """An address of the municipality that takes messages; it gets nothing about anybody in it.

    Trust: the secret is shared with the receiver alone.
    """

    http: httpx.AsyncClient
    url: str
    secret: bytes
    now: Callable[[], dt.datetime]

    async def send(self, message: Message) -> bool:
        """Send the message, signed; see `Courier.send`."""
        body, at = message.payload.encode(), str(int(self.now().timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{signature(self.secret, message.id, at, body)}",
        }
        try:
            answer = await self.http.post(self.url, content=body, headers=headers)
        except httpx.HTTPError as exc:
            _LOG.warning("a message was not taken: %s", type(exc).__name__)
            return False
        return answer.is_success


def signature(secret: bytes, identity: str, at: str, body: bytes) -> str:
    """Return what shows that a message of this id and time was sent by who has the secret.

    Source: Standard Webhooks, symmetric signatures (HMAC-SHA-256, base64).
    """
    return b64encode(
        hmac.digest(secret, b"%s.%s.%s" % (identity.encode(), at.encode(), body), "sha256")
    ).decode()


@dataclass(frozen=True, slots=True)
class Post:
    """Delivers what is due; several gateways may do so beside each other."""

    messages: SqlMessages
    courier: Courier
    now: Callable[[], dt.datetime]

    async def deliver(self) -> None:
        """Try every message that is due once.

        An attempt is counted before it is made, so that a crash in between leads to another one.
        Raises: SourceFailed, CasesUnavailable.
        """
        for message in await self.messages.due(self.now(), _AT_ONCE):
            if await self.messages.claim(message, self.now() + pause_after(message.attempts)):
                await self._try(message)

    async def _try(self, message: Message) -> None:
        if await self.courier.send(message):
            await self.messages.settle(message, State.DELIVERED)
        elif message.attempts + 1 >= MOST_ATTEMPTS:
            _LOG.error("a message was given up after %d attempts", MOST_ATTEMPTS)
            await self.messages.settle(message, State.DEAD)


def pause_after(attempts: int) -> dt.timedelta:
    """Return how long a message rests after one attempt more than these: longer every time."""
    return min(_FIRST_PAUSE * (1 << min(attempts, MOST_ATTEMPTS)), _LONGEST_PAUSE)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
