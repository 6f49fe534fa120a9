"""Getting messages out: by a webhook or into a folder, at least once, and again until it succeeds.

The receiver of a webhook knows a repeated message by its `webhook-id`; a folder by the file name.
"""

import asyncio
import datetime as dt
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import httpx

from gateway.citizen.store import Message, SqlMessages, State
from gateway.webhooks import MOST_ATTEMPTS, Webhook, pause_after, told

_LOG: Final = logging.getLogger("doelpoort.messages")

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
class Hook:
    """A webhook of the municipality that takes messages."""

    http: httpx.AsyncClient
    to: Webhook
    now: Callable[[], dt.datetime]

    async def send(self, message: Message) -> bool:
        """Send the message, signed; see `Courier.send`."""
        return await told(self.http, self.to, message.id, self.now(), message.payload.encode())


@dataclass(frozen=True, slots=True)
class Post:
    """Delivers what is due; several gateways may do so beside each other."""

    messages: SqlMessages
    courier: Courier
    now: Callable[[], dt.datetime]

    async def deliver(self) -> None:
        """Try every message that is due once; after `MOST_ATTEMPTS` one waits for a person.

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


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
