"""Messages get out: at least once, signed, whole, and never forgotten silently."""

import datetime as dt
from pathlib import Path

import httpx
import pytest

from gateway.citizen.delivery import Folder, Hook, Post
from gateway.citizen.store import Message, SqlMessages
from gateway.webhooks import MOST_ATTEMPTS, Webhook, pause_after
from tests.fakes import FixedClock
from tests.fakes_informing import Courier

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
MESSAGE = Message("a" * 32, "inform", '{"to":"bsn"}', NOW)


async def put(messages: SqlMessages, *added: Message) -> None:
    """Add messages, as following a log does."""
    async with messages.following("log") as turn:
        for message in added:
            await turn.add_message(message)


def files_in(folder: Path) -> list[Path]:
    """Return what stands in a folder."""
    return list(folder.iterdir())


async def test_what_is_due_goes_out_once(messages: SqlMessages) -> None:
    """A message that was taken is not sent again, and its content is gone."""
    await put(messages, MESSAGE)
    clock, courier = FixedClock(NOW), Courier()
    post = Post(messages, courier, clock)

    await post.deliver()
    clock.at += dt.timedelta(days=30)
    await post.deliver()

    assert [each.id for each in courier.sent] == [MESSAGE.id]
    assert await messages.dead() == 0


async def test_what_is_not_due_yet_stays(messages: SqlMessages) -> None:
    """An embargo is a message that waits for its day."""
    await put(messages, Message("b" * 32, "inform", "{}", NOW + dt.timedelta(days=28)))
    courier = Courier()

    await Post(messages, courier, FixedClock(NOW)).deliver()

    assert courier.sent == []


async def test_what_was_not_taken_is_sent_again_after_a_pause(messages: SqlMessages) -> None:
    """At once would be too soon; after the pause it is the same message under the same id."""
    await put(messages, MESSAGE)
    clock, courier = FixedClock(NOW), Courier(takes=False)
    post = Post(messages, courier, clock)

    await post.deliver()
    await post.deliver()
    clock.at += pause_after(0)
    courier.takes = True
    await post.deliver()

    assert [(each.id, each.payload) for each in courier.sent] == [(MESSAGE.id, MESSAGE.payload)] * 2


async def test_a_message_that_never_arrives_is_given_up_visibly(messages: SqlMessages) -> None:
    """After the last attempt it waits for a person, and the count says so."""
    await put(messages, MESSAGE)
    clock, courier = FixedClock(NOW), Courier(takes=False)
    post = Post(messages, courier, clock)

    for _ in range(MOST_ATTEMPTS + 3):
        await post.deliver()
        clock.at += dt.timedelta(days=1)

    assert len(courier.sent) == MOST_ATTEMPTS
    assert await messages.dead() == 1


async def test_two_gateways_do_not_send_the_same_at_once(messages: SqlMessages) -> None:
    """Who claims a message that another has just claimed gets none."""
    await put(messages, MESSAGE)
    (seen,) = await messages.due(NOW, 10)

    first = await messages.claim(seen, NOW + dt.timedelta(minutes=1))
    second = await messages.claim(seen, NOW + dt.timedelta(minutes=1))

    assert (first, second) == (True, False)


async def test_a_crash_between_claim_and_arrival_leads_to_another_attempt(
    messages: SqlMessages,
) -> None:
    """At least once: what was claimed and never settled is due again after the pause."""
    await put(messages, MESSAGE)
    (seen,) = await messages.due(NOW, 10)
    await messages.claim(seen, NOW + pause_after(0))

    (again,) = await messages.due(NOW + pause_after(0), 10)

    assert (again.id, again.payload, again.attempts) == (MESSAGE.id, MESSAGE.payload, 1)


async def test_a_folder_holds_whole_files_only(tmp_path: Path) -> None:
    """The file is there under the id, for its owner alone, and nothing unfinished beside it."""
    taken = await Folder(tmp_path).send(MESSAGE)

    (file,) = files_in(tmp_path)
    assert taken
    assert (file.name, file.read_text()) == (f"{MESSAGE.id}.json", MESSAGE.payload)
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_message_put_down_twice_is_one_file(tmp_path: Path) -> None:
    """Doing it again changes nothing: the id names the file."""
    folder = Folder(tmp_path)

    await folder.send(MESSAGE)
    await folder.send(MESSAGE)

    assert len(files_in(tmp_path)) == 1


async def test_a_folder_that_is_not_there_takes_nothing(tmp_path: Path) -> None:
    """The message stays where it is."""
    taken = await Folder(tmp_path / "weg").send(MESSAGE)

    assert not taken


async def test_a_webhook_gets_the_message_under_its_own_id() -> None:
    """What was kept goes out as it stands, and the id at every attempt is that of the message."""
    got: list[httpx.Request] = []

    def receive(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(204)

    async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as http:
        to = Webhook("https://portaal.example/in", b"0123456789abcdef01234567")
        taken = await Hook(http, to, FixedClock(NOW)).send(MESSAGE)

    (request,) = got
    assert taken
    assert request.headers["webhook-id"] == MESSAGE.id
    assert request.content.decode() == MESSAGE.payload
