"""Telling a partner's system that a question came to its end, and nothing else."""

import base64
import binascii
import datetime as dt
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from gateway.cases.store import CaseBook
from gateway.errors import SettingsInvalid
from gateway.identity.files import locked, read_private, replace_private
from gateway.inbox.model import Message
from gateway.inbox.store import QuestionPen, messages
from gateway.webhooks import MOST_ATTEMPTS, Webhook, pause_after, told

_LOG: Final = logging.getLogger("doelpoort.inbox")

_SECRET_BYTES: Final = 32
_URL_LIMIT: Final = 500
_FILE_LIMIT: Final = 4 * 1024 * 1024
"""Of the file of webhooks: room for thousands of clients."""


class Hooks:
    """The webhooks of the clients, in one file that is its owner's alone; read at every use."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, client: str) -> Webhook | None:
        """Return the webhook of a client.

        Raises: SettingsInvalid for a file that cannot be read, or that others can.
        """
        return self._read().get(client)

    def put(self, client: str, url: str, random: Callable[[int], bytes]) -> Webhook:
        """Register a webhook in the place of an earlier one, with a new secret.

        Raises: SettingsInvalid for an address that is not https, or holds a name or a question.
        """
        hook = Webhook(checked_url(url), random(_SECRET_BYTES))
        self._change(lambda hooks: {**hooks, client: hook})
        return hook

    def remove(self, client: str) -> None:
        """Tell a client nothing any more."""
        self._change(lambda hooks: {name: hook for name, hook in hooks.items() if name != client})

    def _change(self, change: Callable[[Mapping[str, Webhook]], Mapping[str, Webhook]]) -> None:
        try:
            with locked(self._path.parent):
                replace_private(self._path, _text_of(change(self._read())).encode())
        except OSError as exc:
            raise SettingsInvalid("the file of webhooks cannot be written") from exc

    def _read(self) -> Mapping[str, Webhook]:
        try:
            text = read_private(self._path, limit=_FILE_LIMIT, failure=SettingsInvalid)
            return _hooks_in(text)
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as exc:
            raise SettingsInvalid("the file of webhooks cannot be read") from SettingsInvalid(
                type(exc).__name__
            )


def _hooks_in(text: bytes) -> dict[str, Webhook]:
    return {
        name: Webhook(checked_url(each["url"]), base64.b64decode(each["secret"]))
        for name, each in json.loads(text).items()
    }


def _text_of(hooks: Mapping[str, Webhook]) -> str:
    kept = {
        name: {"url": hook.url, "secret": base64.b64encode(hook.secret).decode()}
        for name, hook in sorted(hooks.items())
    }
    return json.dumps(kept, indent=2)


def checked_url(url: str) -> str:
    """Return an address to tell ends to.

    Raises: SettingsInvalid unless it is https, names a host, and carries nothing else.
    """
    parts = urlsplit(url)
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme != "https" or not parts.hostname or not is_plain or len(url) > _URL_LIMIT:
        raise SettingsInvalid("a webhook is https://host/path, without a name or a question")
    return url


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells ends to the systems that asked: at least once each, with growing pauses."""

    book: CaseBook
    hooks: Hooks
    http: httpx.AsyncClient
    now: Callable[[], dt.datetime]

    async def tell(self) -> None:
        """Tell every end that is due.

        Effects: a message to each system with a webhook; who has none asks for itself.
        Raises:  CasesUnavailable, SettingsInvalid.
        """
        for message in await messages(self.book, self.now()):
            if await self._claim(message):
                await self._try(message)

    async def _claim(self, message: Message) -> bool:
        """Count the try before it is made: a crash in between leads to another one, later."""
        async with self.book.writing() as pen:
            again_at = self.now() + pause_after(message.tries)
            return await QuestionPen(pen, self.book.kind).claim(message, again_at)

    async def _try(self, message: Message) -> None:
        hook = self.hooks.find(message.client)
        if hook is None or await self._tell(hook, message):
            async with self.book.writing() as pen:
                await QuestionPen(pen, self.book.kind).told(message)
        elif message.tries + 1 >= MOST_ATTEMPTS:
            _LOG.error("an end is given up: the webhook did not take it; see doelpoort messages")

    async def _tell(self, hook: Webhook, message: Message) -> bool:
        body = json.dumps({"type": "disclosure.ended", "disclosure_id": message.question}).encode()
        return await told(self.http, hook, f"ended-{message.question}", self.now(), body)
