"""Telling a partner's system that a question ended, and nothing else."""

import base64
import datetime as dt
import hmac
import json
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from gateway.cases.records import SqlCases
from gateway.errors import SettingsInvalid
from gateway.inbox.given_up import count_given_up, given_up, put_back
from gateway.inbox.hooks import Hooks, Teller, checked_url
from gateway.inbox.model import Reply
from gateway.inbox.store import QuestionPen, messages
from gateway.webhooks import MOST_ATTEMPTS
from tests.fakes_cases import Clock, new_store
from tests.fakes_inbox import NOW, QUESTION

pytestmark = pytest.mark.anyio

URL = "https://partner.example/hook"


@dataclass
class Partner:
    """A partner's system that answers with these statuses, one after the other."""

    statuses: list[int]
    got: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a message; without a status left it is not reached."""
        self.got.append(request)
        if not self.statuses:
            raise httpx.ConnectError("scripted")
        return httpx.Response(self.statuses.pop(0))


@pytest.fixture
async def ended(tmp_path: Path) -> AsyncIterator[SqlCases]:
    """Give a store with one question that was answered."""
    store = new_store(tmp_path)
    async with store.writing() as pen:
        await QuestionPen(pen, store.kind).add(QUESTION)
    async with store.writing() as pen:
        await QuestionPen(pen, store.kind).end(QUESTION, Reply.YES, NOW)
    yield store
    store.close()


@pytest.fixture
def hooks(tmp_path: Path) -> Hooks:
    """Give the webhooks, with one of the client that asked."""
    made = Hooks(tmp_path / "webhooks.json")
    made.put("team", URL, bytes)
    return made


def teller(
    store: SqlCases, hooks: Hooks, partner: Callable[[httpx.Request], httpx.Response], clock: Clock
) -> Teller:
    """Return what tells this partner."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(partner))
    return Teller(store, hooks, http, clock)


async def test_an_end_is_told_signed_and_without_a_person(ended: SqlCases, hooks: Hooks) -> None:
    """The message names the request alone; its signature is that of Standard Webhooks."""
    partner = Partner([204])
    made = teller(ended, hooks, partner, Clock(NOW))
    async with made.http:
        await made.tell()
        await made.tell()

    [request] = partner.got
    signed = b"ended-%s.%d.%s" % (b"a" * 32, NOW.timestamp(), request.content)
    expected = base64.b64encode(hmac.digest(bytes(32), signed, "sha256")).decode()
    assert request.url == URL
    assert json.loads(request.content) == {"type": "disclosure.ended", "disclosure_id": "a" * 32}
    assert request.headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("statuses", [[500, 200], [302, 200]])
async def test_what_was_not_taken_is_told_again(
    ended: SqlCases, hooks: Hooks, statuses: list[int]
) -> None:
    """After a pause the same message goes out under the same id, until it is taken."""
    partner, clock = Partner(statuses), Clock(NOW)
    made = teller(ended, hooks, partner, clock)
    async with made.http:
        await made.tell()
        await made.tell()
        clock.at += dt.timedelta(minutes=1)
        await made.tell()

    assert len(partner.got) == 2
    assert len({each.headers["webhook-id"] for each in partner.got}) == 1
    assert await messages(ended, NOW + dt.timedelta(days=9)) == []


async def test_trying_ends_in_the_end(ended: SqlCases, hooks: Hooks) -> None:
    """A partner that is never reached is not tried for ever."""
    partner, clock = Partner([]), Clock(NOW)
    made = teller(ended, hooks, partner, clock)
    async with made.http:
        for _ in range(60):
            await made.tell()
            clock.at += dt.timedelta(hours=6)

    assert len(partner.got) == MOST_ATTEMPTS


async def never_taken(store: SqlCases, hooks: Hooks, clock: Clock) -> None:
    """Try until the end is given up."""
    made = teller(store, hooks, Partner([]), clock)
    async with made.http:
        for _ in range(MOST_ATTEMPTS):
            await made.tell()
            clock.at += dt.timedelta(hours=6)


async def test_what_was_given_up_is_told_of_and_waits(ended: SqlCases, hooks: Hooks) -> None:
    """A person sees which request it is, when it was tried last and how often; nobody tries it."""
    clock = Clock(NOW)
    await never_taken(ended, hooks, clock)

    [found] = await given_up(ended)
    assert (found.id, found.kind) == (QUESTION.id, "disclosure.ended")
    assert found.attempts == MOST_ATTEMPTS
    assert found.last_tried_at == clock.at - dt.timedelta(hours=6)
    assert await count_given_up(ended) == 1
    assert await messages(ended, clock.at + dt.timedelta(days=9)) == []


async def test_what_was_given_up_can_be_put_back(ended: SqlCases, hooks: Hooks) -> None:
    """It is told from then on as if it were new, and once it is taken nothing is left of it."""
    clock = Clock(NOW)
    await never_taken(ended, hooks, clock)
    is_back = await put_back(ended, QUESTION.id, clock.at)
    partner = Partner([500, 204])
    made = teller(ended, hooks, partner, clock)
    async with made.http:
        await made.tell()
        clock.at += dt.timedelta(minutes=1)
        await made.tell()

    assert is_back
    assert {each.headers["webhook-id"] for each in partner.got} == {f"ended-{QUESTION.id}"}
    assert len(partner.got) == 2
    assert await given_up(ended) == []
    assert await count_given_up(ended) == 0


async def test_only_what_was_given_up_is_put_back(ended: SqlCases, hooks: Hooks) -> None:
    """An end that is still to be told, one that was taken, and one that is none, stay as they are.

    The last try may be the one that is taken: then there is nothing to put back.
    """
    clock = Clock(NOW)
    partner = Partner([500] * (MOST_ATTEMPTS - 1) + [204])
    waits = await put_back(ended, QUESTION.id, NOW)
    made = teller(ended, hooks, partner, clock)
    async with made.http:
        for _ in range(MOST_ATTEMPTS):
            await made.tell()
            clock.at += dt.timedelta(hours=6)

    assert len(partner.got) == MOST_ATTEMPTS
    assert [waits, await put_back(ended, QUESTION.id, clock.at)] == [False, False]
    assert not await put_back(ended, "f" * 32, clock.at)
    assert await given_up(ended) == []


async def test_who_has_no_webhook_asks_for_itself(ended: SqlCases, tmp_path: Path) -> None:
    """Without a webhook nothing is sent, and nothing is left to send."""
    partner = Partner([])
    made = teller(ended, Hooks(tmp_path / "none.json"), partner, Clock(NOW))
    async with made.http:
        await made.tell()

    assert partner.got == []
    assert await messages(ended, NOW) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/hook",
        "https:///hook",
        "https://name:word@partner.example/",
        "https://partner.example/?for=one",
        "https://partner.example/#part",
        "https://partner.example/" + "a" * 500,
    ],
)
def test_a_webhook_is_a_plain_https_address(url: str) -> None:
    """Nothing is told without TLS, nor to an address that carries more than a place."""
    with pytest.raises(SettingsInvalid):
        checked_url(url)


def test_a_webhook_is_kept_for_its_owner_alone(hooks: Hooks, tmp_path: Path) -> None:
    """The file with the secrets is readable by its owner, and a removed webhook is gone."""
    mode = stat.S_IMODE((tmp_path / "webhooks.json").stat().st_mode)
    found = hooks.find("team")
    hooks.remove("team")

    assert mode == 0o600
    assert found is not None
    assert hooks.find("team") is None


def test_clients_beside_each_other_keep_their_own(hooks: Hooks, tmp_path: Path) -> None:
    """Registering or removing one leaves the others as they were."""
    hooks.put("school", URL, lambda size: b"s" * size)
    hooks.remove("team")

    found = Hooks(tmp_path / "webhooks.json").find("school")

    assert found is not None
    assert (found.url, found.secret) == (URL, b"s" * 32)


def test_webhooks_that_others_can_read_are_not_used(hooks: Hooks, tmp_path: Path) -> None:
    """The secrets in such a file are secret no more; the error says what to do."""
    (tmp_path / "webhooks.json").chmod(0o644)

    with pytest.raises(SettingsInvalid, match="chmod 600"):
        hooks.find("team")


def test_a_folder_that_is_not_there_is_explained(tmp_path: Path) -> None:
    """A webhook is registered in the home of a gateway, which its first start makes."""
    with pytest.raises(SettingsInvalid):
        Hooks(tmp_path / "weg" / "webhooks.json").put("team", URL, bytes)


@pytest.mark.parametrize("text", ["", "[]", '{"team": {}}', '{"team": {"url": 1, "secret": "a"}}'])
def test_a_broken_file_is_not_no_webhooks(tmp_path: Path, text: str) -> None:
    """What cannot be read is an error, so that nobody is passed over in silence."""
    (tmp_path / "webhooks.json").write_text(text)
    (tmp_path / "webhooks.json").chmod(0o600)

    with pytest.raises(SettingsInvalid, match="cannot be read"):
        Hooks(tmp_path / "webhooks.json").find("team")
