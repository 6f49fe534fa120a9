"""Who is told of a question or a release over the network hears that, and no value with it."""

import datetime as dt
import shutil
import sqlite3
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from random import Random
from typing import Final

import httpx
import orjson
import pytest

from gateway.background.chores import Chore
from gateway.background.informing import Informing
from gateway.background.questioning import Questioning, hooks_path
from gateway.inbox.hooks import Hooks
from tests.builders import open_house
from tests.canary.asking import rightful, stuffed
from tests.canary.post import Post, astray_in, posted
from tests.canary.watch import Watch
from tests.canary.world import World, guessed
from tests.fakes_inbox import answers
from tests.fakes_informing import last_at

pytestmark = pytest.mark.anyio

SEED: Final = 20_260_302
PARTNER: Final = "https://partner.example/hook"
PORTAL: Final = "https://portaal.example/berichten"
SECRET: Final = "whsec_" + b64encode(b"0123456789abcdef01234567").decode()
WAITING: Final = "lichte-of-zware-hulp"


@pytest.fixture
async def post(
    flowing: World, watch: Watch, register_template: Path, tmp_path: Path
) -> AsyncIterator[Post]:
    """Give a gateway in which no professional has confirmed anything yet."""
    cases = Path(shutil.copy(register_template, tmp_path / "zaken.db"))
    with closing(sqlite3.connect(cases)) as connection, connection:
        connection.execute("DELETE FROM confirmation")
    way_out = {"inform_url": PORTAL, "inform_secret": SECRET}
    async with (
        open_house(tmp_path / "home", source=flowing.register, cases=cases, **way_out) as house,
        posted(house, flowing, watch) as opened,
    ):
        yield opened


async def all_told(post: Post) -> list[httpx.Request]:
    """Do every chore that tells somebody something, twice a day for some days."""
    got: list[httpx.Request] = []

    def receive(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(204)

    house = post.house
    house.clock.at = max(house.clock(), last_at(house))
    async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as http:
        origin = house.services.log.head().origin
        informing = Informing(house.settings, origin, http, lambda: house.services)
        questioning = Questioning(house.settings.home, http, lambda: house.services)
        chores: Sequence[Chore] = [*informing.chores(), *questioning.chores()]
        for _ in range(8):
            for chore in chores:
                await chore.do()
            house.clock.at += dt.timedelta(hours=12)
    return got


def written(request: httpx.Request) -> bytes:
    """Return all of a request that goes over the network."""
    return f"{request.method} {request.url}\n{request.headers!r}\n".encode() + request.content


async def test_a_partner_hears_that_a_question_ended_and_no_more(post: Post) -> None:
    """One is declined with a canary in the reason, one answered: their webhooks tell neither."""
    hooks = Hooks(hooks_path(post.house.settings.home))
    for client in post.house.clients:
        hooks.put(client, PARTNER, bytes)
    asked = [each for each in rightful(post.world) if each.purpose and each.purpose.id == WAITING]
    ends = [{"answer": "decline", "reason": f"Omdat {guessed()}"}, {"answer": "yes"}]
    for asking, end in product(asked, ends):
        body = {**orjson.loads(asking.content), "wait": "answer"}
        response = await post.send(replace(asking, content=orjson.dumps(body)))
        if response.status_code == 202:
            await answers(post.house, response.json()["disclosure_id"], end)

    got = [each for each in await all_told(post) if str(each.url) == PARTNER]

    assert len(got) == 2
    assert astray_in(post.watch, [("webhook", b"\n".join(map(written, got)))]) == {}


async def test_a_message_for_a_person_names_that_person_alone(post: Post) -> None:
    """Releases are told with the person as the address, and without any value."""
    random = Random(SEED)  # noqa: S311 (always the same requests)
    asked = list(rightful(post.world))
    random.shuffle(asked)
    await post.astray([*islice(asked, 120), *stuffed(post.world, random, 60)])

    got = [each for each in await all_told(post) if str(each.url) == PORTAL]

    messages = [orjson.loads(each.content) for each in got]
    addressed = [message.pop("to") for message in messages]
    heads = b"\n".join(repr(each.headers).encode() for each in got)
    assert len({each["value"] for each in addressed}) > 3
    assert astray_in(post.watch, [("text", orjson.dumps(messages)), ("heads", heads)]) == {}
