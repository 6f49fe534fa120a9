"""Telling a partner's system that a question came to its end, and nothing else.

Shapes:  the headers are those of Standard Webhooks: `webhook-id`, `webhook-timestamp` and
         `webhook-signature`. The same end keeps the same id, however often it is told.
"""

import base64
import binascii
import datetime as dt
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from gateway.cases.store import CaseBook
from gateway.citizen.delivery import signature
from gateway.errors import SettingsInvalid
from gateway.inbox.model import Message
from gateway.inbox.store import QuestionPen, messages

_LOG: Final = logging.getLogger("doelpoort.inbox")

_SECRET_BYTES: Final = 32
_OWNER_ONLY: Final = 0o600
_FIRST_PAUSE: Final = dt.timedelta(minutes=1)
_LONGEST_PAUSE: Final = dt.timedelta(hours=4)
_DOUBLINGS: Final = 8
_MOST_TRIES: Final = 40
"""With the pauses between them about six days; whoever was not told by then can still ask."""
_OK: Final = range(200, 300)
_URL_LIMIT: Final = 500


@dataclass(frozen=True, slots=True)
class Hook:
    """Where one client wants to hear of an end, and the secret that both sides hold."""

    url: str
    secret: bytes


class Hooks:
    """The webhooks of the clients, in one file that is its owner's alone; read at every use."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, client: str) -> Hook | None:
        """Return the webhook of a client.

        Raises: SettingsInvalid for a file that cannot be read.
        """
        return self._read().get(client)

    def put(self, client: str, url: str, random: Callable[[int], bytes]) -> Hook:
        """Register a webhook in the place of an earlier one, with a new secret.

        Raises: SettingsInvalid for an address that is not https, or holds a name or a question.
        """
        hook = Hook(checked_url(url), random(_SECRET_BYTES))
        self._write({**self._read(), client: hook})
        return hook

    def remove(self, client: str) -> None:
        """Tell a client nothing any more."""
        self._write({name: hook for name, hook in self._read().items() if name != client})

    def _read(self) -> Mapping[str, Hook]:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return {
                name: Hook(checked_url(each["url"]), base64.b64decode(each["secret"]))
                for name, each in kept.items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error) as exc:
            raise SettingsInvalid("the file of webhooks cannot be read") from SettingsInvalid(
                type(exc).__name__
            )

    def _write(self, hooks: Mapping[str, Hook]) -> None:
        kept = {
            name: {"url": hook.url, "secret": base64.b64encode(hook.secret).decode()}
            for name, hook in sorted(hooks.items())
        }
        beside = self._path.with_suffix(".new")
        place = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(place, "w") as file:
            json.dump(kept, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


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
            hook = self.hooks.find(message.client)
            is_told = hook is None or await self._post(hook, message)
            async with self.book.writing() as pen:
                again = None if is_told else self._again_at(message)
                await QuestionPen(pen, self.book.kind).told(message, again)

    async def _post(self, hook: Hook, message: Message) -> bool:
        body = json.dumps({"type": "disclosure.ended", "disclosure_id": message.question}).encode()
        name, at = f"ended-{message.question}", str(int(self.now().timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{signature(hook.secret, name, at, body)}",
        }
        try:
            answer = await self.http.post(
                hook.url, content=body, headers=headers, follow_redirects=False
            )
        except httpx.HTTPError as exc:
            _LOG.warning("a webhook was not reached: %s", type(exc).__name__)
            return False
        return answer.status_code in _OK

    def _again_at(self, message: Message) -> dt.datetime | None:
        """Return when to try again, or None when it was tried often enough."""
        if message.tries + 1 >= _MOST_TRIES:
            _LOG.error("an end was never told: the webhook did not take it")
            return None
        doubled = _FIRST_PAUSE * (1 << min(message.tries, _DOUBLINGS))
        return self.now() + min(doubled, _LONGEST_PAUSE)
