"""What the commands of the inbox do, and how the operator registers a webhook."""

import base64
from collections.abc import Callable
from pathlib import Path

from gateway.background.questioning import hooks_path
from gateway.cli.door import Door, Outcome
from gateway.inbox.hooks import Hooks


def open_questions(door: Door) -> Outcome:
    """List the open questions for the hat.

    Raises: PartnerFailed.
    """
    return door.send("GET", "/v1/inbox")


def show(door: Door, question: str) -> Outcome:
    """Look at one question, with the person it is about.

    Raises: PartnerFailed.
    """
    return door.send("GET", f"/v1/inbox/{question}")


def answer(door: Door, question: str, said: str, reason: str | None) -> Outcome:
    """Answer a question.

    Raises: PartnerFailed.
    """
    body = {"answer": said} | ({} if reason is None else {"reason": reason})
    path = f"/v1/inbox/{question}/answers"
    return door.send("POST", path, body)


def remind(door: Door, question: str) -> Outcome:
    """Remind the professional of a question of one's own.

    Raises: PartnerFailed.
    """
    path = f"/v1/inbox/{question}/reminders"
    return door.send("POST", path, {})


def collect(door: Door, disclosure: str) -> Outcome:
    """Collect what waited for an answer, or for the hat at a table.

    Raises: PartnerFailed.
    """
    path = f"/v1/disclosures/{disclosure}"
    return door.send("GET", path)


def put_webhook(home: Path, client: str, url: str, random: Callable[[int], bytes]) -> str:
    """Register where a client hears of ends and return the secret, which is shown once.

    Raises: SettingsInvalid.
    """
    return base64.b64encode(Hooks(hooks_path(home)).put(client, url, random).secret).decode()


def remove_webhook(home: Path, client: str) -> None:
    """Tell a client nothing any more.

    Raises: SettingsInvalid.
    """
    Hooks(hooks_path(home)).remove(client)
