"""Whole gateways with cases and log in PostgreSQL: what waits, is told, and is erased."""

import asyncio
import datetime as dt
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from shutil import copytree

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner, Result

from audit.storage.migrate import migrate as migrate_log
from gateway.api.state import desk_of
from gateway.cases.tables import METADATA
from gateway.citizen.store import SqlMessages
from gateway.cli.main import app
from gateway.identity.clients import Hat
from gateway.identity.keys import ensure_keys
from gateway.inbox.flow import expire
from gateway.openings import registry_of
from gateway.wiring import utc_now
from tests.builders import (
    CARE_WORKER,
    SANNE,
    YUSUF,
    Body,
    House,
    about,
    flag,
    make_client,
    open_house,
    settings_of,
)
from tests.fakes_inbox import answers, waiting
from tests.fakes_informing import follower
from tests.postgresql_server import Server, running
from tests.stores import migrated_on

pytestmark = pytest.mark.anyio

HOST = "poort.waterveen.example"
GATEWAY = "poort"
ORDER = ("--ground", "client_request", "--professional", "fg-1")
COORDINATOR = Hat("gem-regie", "casuscoordinator")
TEAM = Hat("wijkteam-noord", "regisseur-wijkteam")
CARE = Hat("ggz-rivierzicht", "spv-ggz")
SEATS = frozenset({COORDINATOR, TEAM, CARE})
TOGETHER = "999925799"
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a server with a user that may write to tables and not make any."""
    with running() as started:
        with psycopg.connect(started.url(), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {GATEWAY} LOGIN".encode())
        yield started


@pytest.fixture
def cases_url(server: Server, cases_file: Path) -> str:
    """Return the address, for a gateway, of a store with the cases of the invented clients."""
    url = migrated_on(server)
    with (
        psycopg.connect(url) as target,
        closing(sqlite3.connect(cases_file)) as source,
    ):
        for table in METADATA.sorted_tables:
            copy(source, target, table.name)
        target.execute("DELETE FROM confirmation")
        rights = "SELECT, INSERT, UPDATE, DELETE"
        target.execute(f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO {GATEWAY}".encode())
    return server.url(GATEWAY, url.rpartition("/")[2])


def copy(source: sqlite3.Connection, target: psycopg.Connection, table: str) -> None:
    """Copy the rows of one table."""
    found = source.execute(f"SELECT * FROM {table}")  # noqa: S608 (the tables of the store)
    names = [sql.Identifier(column[0]) for column in found.description]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(names),
        sql.SQL(", ").join([sql.Placeholder()] * len(names)),
    )
    target.cursor().executemany(statement, found.fetchall())


@pytest.fixture
def ledger_url(server: Server) -> str:
    """Return the address of a database with the tables of this year's log."""
    name = f"log_{os.urandom(4).hex()}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = server.url(database=name)
    migrate_log(url, f"{HOST}/disclosures/{utc_now().year}")
    return url


@pytest.fixture
async def pair(
    cases_url: str, ledger_url: str, register: Path, cases_file: Path, tmp_path: Path
) -> AsyncIterator[tuple[House, House]]:
    """Give two gateways with one set of keys on one log and one case store."""
    client = make_client("tafel", SEATS)
    async with AsyncExitStack() as opened:
        houses: list[House] = []
        for name in ("gw-1", "gw-2"):
            home = tmp_path / name
            home.mkdir(mode=0o700)
            if houses:
                copytree(houses[0].settings.home / "keys", home / "keys")
            registry_of(settings_of(home, source=register, cases=cases_file)).add(client)
            house = await opened.enter_async_context(
                open_house(
                    home,
                    source=register,
                    cases=cases_file,
                    cases_url=cases_url,
                    ledger_url=ledger_url,
                    gateway_id=name,
                )
            )
            house.clients = {**house.clients, "tafel": client}
            houses.append(house)
        yield houses[0], houses[1]


async def command(house: House, *arguments: str, stdin: str | None = None) -> Result:
    """Run an audit command with the settings of this gateway."""
    chosen = house.settings
    secret = chosen.ledger_url
    env = {
        "DOELPOORT_HOME": str(chosen.home),
        "DOELPOORT_PUBLIC_URL": chosen.public_url,
        "DOELPOORT_SOURCE_URL": chosen.source_url,
        "DOELPOORT_CASES_URL": chosen.cases_url,
        "DOELPOORT_LEDGER_URL": "" if secret is None else secret.get_secret_value(),
    }
    call = partial(CliRunner().invoke, app, ["audit", *arguments], env=env, input=stdin)
    return await asyncio.to_thread(call)


async def test_a_question_goes_through_two_gateways(pair: tuple[House, House]) -> None:
    """Asked at one, answered at the other, released once, whoever is asked for it."""
    one, other = pair
    identity = await waiting(one)
    [listed] = (await other.get("/v1/inbox", CARE_WORKER)).json()

    given = await answers(other, identity, {"answer": "yes"})
    released = await asyncio.gather(
        one.get(f"/v1/disclosures/{identity}"), other.get(f"/v1/disclosures/{identity}")
    )

    assert listed["id"] == identity
    assert given.status_code == 201
    assert [each.status_code for each in released] == [200, 200]
    assert released[0].json() == released[1].json()
    assert released[0].json()["data"]["specialisatie_ingezet"]["value"] is True
    types = [leaf["type"] for leaf in one.leaves()]
    assert types.count("disclosure") == 1


async def test_of_two_answers_at_once_one_counts(pair: tuple[House, House]) -> None:
    """Two gateways that take an answer at once: one stands, the other is told that it ended."""
    one, other = pair
    identity = await waiting(one)

    given = await asyncio.gather(
        answers(one, identity, {"answer": "yes"}), answers(other, identity, {"answer": "no"})
    )

    ends = [leaf for leaf in one.leaves() if leaf.get("step") == "source_answer"]
    assert sorted(each.status_code for each in given) == [201, 409]
    assert len(ends) == 1


async def test_a_term_ends_once(pair: tuple[House, House]) -> None:
    """Both gateways find the late question; it ends with one entry and looks the same at both."""
    identity = await waiting(pair[0])
    for house in pair:
        house.clock.at += 30 * DAY

    await asyncio.gather(*(expire(desk_of(house.services)) for house in pair))

    told = [await house.get(f"/v1/disclosures/{identity}") for house in pair]
    ends = [leaf for leaf in pair[0].leaves() if leaf.get("step") == "source_answer"]
    assert [leaf["outcome"] for leaf in ends] == ["expired"]
    assert [each.json()["outcome"] for each in told] == ["unanswered"] * 2


def seat(hat: Hat) -> Body:
    """Return somebody at the table, who asks for the progress of the agreements."""
    return {
        "organisation": hat.organisation,
        "role": hat.role,
        "professional": "medewerker-7",
        "task": "integrale-afstemming",
        "activity": "werkplan-afstemmen",
        "purpose": "voortgang-afspraken",
    }


async def test_a_table_is_shared_at_one_and_collected_at_the_other(
    pair: tuple[House, House], cases_url: str
) -> None:
    """Every recipient fetches its own view, wherever it asks, and nobody that of another."""
    with psycopg.connect(cases_url) as connection:
        [case_id] = connection.execute(
            "SELECT id FROM case_record WHERE kind = 'werkplan'"
        ).fetchone() or ("",)
    body = {"case": case_id, "subject": about(TOGETHER), "recipients": [seat(TEAM), seat(CARE)]}

    shared = await pair[0].http.post("/v1/tables", json=body, headers=pair[0].headers(COORDINATOR))
    ids = [each["disclosure_id"] for each in shared.json()["recipients"]]
    own = await pair[1].get(f"/v1/disclosures/{ids[0]}", TEAM)
    other = await pair[1].get(f"/v1/disclosures/{ids[0]}", CARE)

    assert shared.status_code == 201, shared.text
    assert own.status_code == 200
    assert other.status_code == 404


async def test_two_gateways_make_one_message(pair: tuple[House, House]) -> None:
    """Both follow the log at once, and the person hears it once."""
    identity = await waiting(pair[0])
    await answers(pair[0], identity, {"answer": "yes"})
    await pair[0].get(f"/v1/disclosures/{identity}")

    await asyncio.gather(*(follower(house).follow() for house in pair))

    due = await SqlMessages(pair[1].services.book).due(utc_now() + 400 * DAY, 100)
    assert [json.loads(each.payload)["to"]["value"] for each in due] == [YUSUF]


async def test_a_person_is_looked_at_and_erased_everywhere(
    pair: tuple[House, House], cases_url: str
) -> None:
    """Look, erase and rotate as an officer does; questions go, cases are named as kept."""
    house = pair[0]
    await house.ask(flag(subject=about(SANNE)))
    identity = await waiting(house)
    year = str(utc_now().year)

    looked = await command(house, "look", identity, *ORDER, "--role", "functionaris")
    erased = await command(house, "erase", *ORDER, stdin=f"{YUSUF}\n")
    again = await command(house, "erase", *ORDER, stdin=f"{YUSUF}\n")
    gone = await command(house, "look", identity, *ORDER, "--role", "functionaris")
    rotated = await command(house, "rotate", "--year", year)

    with psycopg.connect(cases_url) as connection:
        left = connection.execute(
            "SELECT count(*) FROM source_question WHERE subject LIKE %s", (f"%{YUSUF}",)
        ).fetchone()
    assert looked.exit_code == 0, looked.output
    assert YUSUF in looked.output
    assert erased.exit_code == 0, erased.output
    assert "1 vragen aan professionals" in erased.output
    assert "Bewaard (kept): 1" in erased.output
    assert "VACUUM" in erased.output
    assert f"Register {year}" in erased.output
    assert (again.exit_code, gone.exit_code) == (2, 2)
    assert rotated.exit_code == 0, rotated.output
    assert left == (0,)
    assert sorted(ensure_keys(house.settings.home / "keys", random=os.urandom).seal_epochs) == [2]
    assert YUSUF not in erased.output + again.output + rotated.output


async def test_a_case_store_that_is_gone_is_named(pair: tuple[House, House]) -> None:
    """What could be erased is; the rest is named, the exit status says so, and again does it."""
    house = pair[0]
    await waiting(house)
    chosen = house.settings
    house.settings = chosen.model_copy(
        update={"cases_url": chosen.cases_url.rpartition("/")[0] + "/nowhere"}
    )

    first = await command(house, "erase", *ORDER, stdin=f"{YUSUF}\n")
    house.settings = chosen
    second = await command(house, "erase", *ORDER, stdin=f"{YUSUF}\n")

    assert first.exit_code == 1, first.output
    assert "NOG TE DOEN (left to do): cases" in first.output
    assert second.exit_code == 0, second.output
    assert "1 vragen aan professionals" in second.output
