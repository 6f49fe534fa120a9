"""The process is killed between the ledger and the case store: one thing is made, and it is told.

A gateway dies once the entry of a step stands and before the step is committed. The next one is
asked the same under the same key, and makes it; of the first entry it says, once, that it was not
carried out. Over a file and over a server.
"""

import datetime as dt
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import psycopg
import pytest

from gateway.api.state import desk_of
from gateway.background.unfinished import Unfinished
from gateway.cases.tables import METADATA
from gateway.identity.clients import Hat
from gateway.wiring import utc_now
from tests.builders import HENK, ROOT, Body, House, about, open_house
from tests.case_house import CARE, TEAM, bearer
from tests.dying_step import any_hat, hat_for
from tests.postgresql_server import Server, running
from tests.stores import migrated_on

pytestmark = pytest.mark.anyio

MIRJAM = "999925799"
KEY = "sleutel-1"
CASE: Body = {"kind": "werkplan", "beginning": "own_request", "subject": about(HENK)}
CONSENT: Body = {
    "subject": about(MIRJAM),
    "purpose": "voortgang-afspraken",
    "given_by": ["betrokkene"],
}
LATER = dt.timedelta(minutes=6)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a real PostgreSQL server."""
    with running() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, cases_file: Path) -> str:
    """Return the address of a store with the cases of the invented clients, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{cases_file}"
    made: str = migrated_on(request.getfixturevalue("server"))
    with psycopg.connect(made) as target, closing(sqlite3.connect(cases_file)) as source:
        for table in METADATA.sorted_tables:
            rows = source.execute(f"SELECT * FROM {table.name}").fetchall()  # noqa: S608
            marks = ", ".join(["%s"] * len(table.columns))
            names = ", ".join(f'"{each.name}"' for each in table.columns)
            text = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608
            target.cursor().executemany(text.encode(), rows)
    return made


@pytest.fixture
def case_id(cases_file: Path) -> str:
    """Give the id of the case with a werkplan."""
    with closing(sqlite3.connect(cases_file)) as connection:
        [(found,)] = connection.execute("SELECT id FROM case_record WHERE kind = 'werkplan'")
    return str(found)


def die(home: Path, register: Path, url: str, path: str, body: Body) -> None:
    """Ask for something in a process that is killed before it is made."""
    command = (sys.executable, "-m", "tests.dying_step")
    asked = (str(home), str(register), url, path, json.dumps(body), KEY)
    done = subprocess.run(
        (*command, *asked), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


@asynccontextmanager
async def after(home: Path, register: Path, url: str) -> AsyncIterator[House]:
    """Give the gateway that is started after it."""
    async with open_house(home, source=register, cases=register, cases_url=url) as house:
        any_hat(house, house.services.gate.ledger)
        house.clock.at = utc_now() + LATER
        yield house


async def follow(house: House) -> None:
    """Do the chore twice, as a gateway does again and again."""
    unfinished = Unfinished(house.services.log, house.services.personal)
    await unfinished.look(desk_of(house.services))
    await Unfinished(house.services.log, house.services.personal).look(desk_of(house.services))


def steps(house: House) -> list[tuple[object, ...]]:
    """Return what stands in the ledger, by type, step, and the entry that it is about."""
    ids = {leaf["id"]: number for number, leaf in enumerate(house.leaves())}
    return [
        (leaf["type"], leaf.get("step", leaf.get("reason")), ids.get(leaf.get("entry")))
        for leaf in house.leaves()[1:]
    ]


@pytest.mark.parametrize(
    ("path", "body", "entry"),
    [("/v1/cases", CASE, ("case", "begun")), ("/v1/consents", CONSENT, ("consent", "given"))],
)
async def test_a_repeat_after_a_kill_makes_it_once(
    tmp_path: Path, register: Path, url: str, path: str, body: Body, entry: tuple[str, str]
) -> None:
    """The repeat makes it and repeats it; the entry that the kill left behind is corrected once."""
    die(tmp_path / "home", register, url, path, body)

    async with after(tmp_path / "home", register, url) as house:
        headers = bearer(hat_for(path)) | {"idempotency-key": KEY}
        made = await house.http.post(path, json=body, headers=headers)
        again = await house.http.post(path, json=body, headers=headers)
        await follow(house)
        found = steps(house)

    assert made.status_code == 201, made.text
    assert again.content == made.content
    assert found == [(*entry, None), (*entry, None), ("correction", "not_carried_out", 1)]


async def test_who_does_not_come_back_leaves_no_entry_behind(
    tmp_path: Path, register: Path, url: str
) -> None:
    """Without a repeat nothing was made, and the ledger says so."""
    die(tmp_path / "home", register, url, "/v1/cases", CASE)

    async with after(tmp_path / "home", register, url) as house:
        await follow(house)
        found = steps(house)

    assert found == [("case", "begun", None), ("correction", "not_carried_out", 1)]


async def test_a_table_that_was_cut_off_is_shared_once(
    tmp_path: Path, register: Path, url: str, case_id: str
) -> None:
    """Of two seats one was recorded and neither could collect; the repeat seats both."""
    body = {"case": case_id, "subject": about(MIRJAM), "recipients": [seat(TEAM), seat(CARE)]}
    die(tmp_path / "home", register, url, "/v1/tables", body)

    async with after(tmp_path / "home", register, url) as house:
        headers = bearer(hat_for("/v1/tables")) | {"idempotency-key": KEY}
        made = await house.http.post("/v1/tables", json=body, headers=headers)
        await follow(house)
        found = steps(house)

    assert made.status_code == 201, made.text
    assert found == [
        *[("disclosure", None, None)] * 3,
        ("correction", "not_carried_out", 1),
    ]


def seat(hat: Hat) -> Body:
    """Return somebody at the table, who asks when the parties talk again."""
    return {
        "organisation": hat.organisation,
        "role": hat.role,
        "professional": "medewerker-7",
        "task": "integrale-afstemming",
        "activity": "werkplan-afstemmen",
        "purpose": "voortgang-afspraken",
        "fields": ["volgende_afstemming"],
    }
