"""What a gateway does with questions beside answering: it ends them, tells of it, and erases."""

import datetime as dt
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from gateway.background.questioning import Questioning, hooks_path
from gateway.inbox.hooks import Hooks
from tests.builders import HENK, House, about, open_house
from tests.case_house import TEAM, post, recording
from tests.fakes_inbox import answers, waiting

pytestmark = pytest.mark.anyio

PARTNER = "https://partner.example/hook"


@pytest.fixture
async def house(register: Path, cases_file: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Give a gateway in which nobody has confirmed anything yet."""
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("DELETE FROM confirmation")
    async with open_house(tmp_path / "home", source=register, cases=cases_file) as opened:
        yield opened


async def do(house: House, name: str, got: list[httpx.Request]) -> None:
    """Do the chore of this name once; what is told arrives here."""

    def receive(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(204)

    async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as http:
        made = Questioning(house.settings.home, http, lambda: house.services)
        [chore] = [each for each in made.chores() if each.name == name]
        await chore.do()


def rows(cases: Path, table: str) -> list[tuple[object, ...]]:
    """Return what stands in a table of the case store."""
    questions = {
        "source_question": "SELECT id, state FROM source_question",
        "kept_answer": "SELECT id FROM kept_answer",
    }
    with closing(sqlite3.connect(cases)) as connection:
        return connection.execute(questions[table]).fetchall()


async def test_the_term_of_a_question_ends_it(house: House, cases_file: Path) -> None:
    """After its last day it is written down that nobody answered, once."""
    identity = await waiting(house)
    await do(house, "terms of questions", [])
    before = rows(cases_file, "source_question")
    house.clock.at += dt.timedelta(days=30)

    await do(house, "terms of questions", [])
    size = house.size
    await do(house, "terms of questions", [])

    assert before == [(identity, "open")]
    assert rows(cases_file, "source_question") == [(identity, "expired")]
    assert house.size == size


async def test_an_end_is_told_to_the_system_that_asked(house: House) -> None:
    """The webhook that is registered now is told once, by the clock of the services in force."""
    Hooks(hooks_path(house.settings.home)).put("team", PARTNER, bytes)
    identity = await waiting(house)
    await answers(house, identity, {"answer": "yes"}, "behandelaar-1")
    got: list[httpx.Request] = []

    await do(house, "webhooks of clients", got)
    await do(house, "webhooks of clients", got)

    [request] = got
    assert (str(request.url), json.loads(request.content)["disclosure_id"]) == (PARTNER, identity)


async def test_what_ended_is_erased_after_its_term(house: House, cases_file: Path) -> None:
    """A question and an answer under a key are kept for a while, and not longer."""
    identity = await waiting(house)
    await answers(house, identity, {"answer": "no"}, "behandelaar-1")
    recording(house)
    body = {
        "kind": "werkplan",
        "beginning": "own_request",
        "subject": about(HENK),
    }
    house.http.headers["idempotency-key"] = "sleutel-1"
    begun = await post(house, "/v1/cases", body, TEAM)
    await do(house, "erasure of questions", [])
    kept = [len(rows(cases_file, table)) for table in ("source_question", "kept_answer")]
    house.clock.at += dt.timedelta(days=15)

    await do(house, "erasure of questions", [])

    assert begun.status_code == 201
    assert kept == [1, 1]
    assert rows(cases_file, "source_question") == []
    assert rows(cases_file, "kept_answer") == []


async def test_the_end_of_the_year_of_the_log_is_told(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """A gateway that runs on into a new year says so, hour after hour, and not before."""
    caplog.set_level("ERROR", "doelpoort.questioning")
    await do(house, "year of the log", [])
    before = len(caplog.records)
    house.clock.at = dt.datetime(9998, 1, 1, tzinfo=dt.UTC)

    await do(house, "year of the log", [])

    assert before == 0
    assert [each.message for each in caplog.records] == [
        "the year of the log is over: restart the gateway to begin a new one"
    ]
