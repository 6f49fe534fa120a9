"""`doelpoort messages`: what was given up is seen without what it says, and put back."""

import asyncio
import datetime as dt
import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cases.opening import open_cases
from gateway.citizen.store import Message, SqlMessages, State
from gateway.cli.main import app
from gateway.inbox.model import Message as Told
from gateway.inbox.model import Reply
from gateway.inbox.store import QuestionPen, messages
from gateway.webhooks import MOST_ATTEMPTS, pause_after
from gateway.wiring import utc_now
from tests.fakes_inbox import QUESTION

RUN = CliRunner()
AT = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
DEAD, OTHER, WAITING = (
    Message(letter * 32, "inform", '{"to":"999911235"}', AT) for letter in "abc"
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Give a store with two messages that were given up and one that waits."""
    url = f"sqlite:///{tmp_path / 'zaken.db'}"
    asyncio.run(fill(url))
    return url


async def fill(url: str) -> None:
    """Put the messages in the store."""
    with closing(open_cases(url)) as book:
        outbox = SqlMessages(book)
        async with outbox.following("log") as turn:
            for message in (DEAD, OTHER, WAITING):
                await turn.add_message(message)
        for message in (DEAD, OTHER):
            await outbox.settle(message, State.DEAD)


async def due(url: str) -> list[str]:
    """Return which messages are due now."""
    with closing(open_cases(url)) as book:
        return [each.id for each in await SqlMessages(book).due(utc_now(), 10)]


def test_the_list_says_nothing_about_anybody(url: str) -> None:
    """Which, what kind, when and how often; never the message itself."""
    result = RUN.invoke(app, ["messages", "list", "--url", url])

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{DEAD.id}  inform  2026-03-02T09:30:00Z  0x geprobeerd (tried)",
        f"{OTHER.id}  inform  2026-03-02T09:30:00Z  0x geprobeerd (tried)",
        "2 opgegeven (given up)",
    ]


def test_a_program_gets_the_same_as_json(url: str) -> None:
    """The members have names, and none of them is the message."""
    result = RUN.invoke(app, ["messages", "list", "--url", url, "--output", "json"])

    first, _ = json.loads(result.stdout)
    assert first == {
        "id": DEAD.id,
        "kind": "inform",
        "last_tried_at": "2026-03-02T09:30:00Z",
        "attempts": 0,
    }


@pytest.mark.parametrize(
    ("named", "status", "expected"),
    [
        ([], 0, {DEAD.id, OTHER.id, WAITING.id}),
        ([OTHER.id], 0, {OTHER.id, WAITING.id}),
        ([WAITING.id], 1, {WAITING.id}),
        (["f" * 32, DEAD.id], 1, {DEAD.id, WAITING.id}),
    ],
    ids=["all", "one", "not given up", "unknown"],
)
def test_what_was_given_up_is_tried_again(
    url: str, named: list[str], status: int, expected: set[str]
) -> None:
    """All of them or the named ones; one that was not given up is said, and left as it is."""
    result = RUN.invoke(app, ["messages", "retry", *named, "--url", url])

    assert result.exit_code == status
    assert set(asyncio.run(due(url))) == expected


async def lose(url: str) -> None:
    """Put an end in the store that the system of a partner never took."""
    with closing(open_cases(url)) as book:
        async with book.writing() as pen:
            questions = QuestionPen(pen, book.kind)
            await questions.add(QUESTION)
            await questions.end(QUESTION, Reply.YES, AT)
            for tries in range(MOST_ATTEMPTS):
                again_at = AT + pause_after(tries)
                await questions.claim(Told(QUESTION.id, "team", tries), again_at)


async def to_tell(url: str) -> list[str]:
    """Return of which ends a partner is to be told now."""
    with closing(open_cases(url)) as book:
        return [each.question for each in await messages(book, utc_now())]


def test_what_a_partner_never_took_is_listed_and_put_back(tmp_path: Path) -> None:
    """The same two commands are for the posts to the systems of partners."""
    url = f"sqlite:///{tmp_path / 'zaken.db'}"
    asyncio.run(fill(url))
    asyncio.run(lose(url))

    listed = RUN.invoke(app, ["messages", "list", "--url", url])
    before = asyncio.run(to_tell(url))
    retried = RUN.invoke(app, ["messages", "retry", QUESTION.id, "--url", url])

    line = f"{QUESTION.id}  disclosure.ended  2026-03-02T09:30:00Z  30x geprobeerd (tried)"
    assert line in listed.stdout.splitlines()
    assert listed.stdout.splitlines()[-1] == "3 opgegeven (given up)"
    assert (before, retried.exit_code) == ([], 0)
    assert asyncio.run(to_tell(url)) == [QUESTION.id]


def test_a_store_that_is_not_there_is_explained(tmp_path: Path) -> None:
    """Exit status 2, in plain words."""
    address = f"sqlite:///{tmp_path / 'weg' / 'zaken.db'}"

    assert RUN.invoke(app, ["messages", "list", "--url", address]).exit_code == 2
