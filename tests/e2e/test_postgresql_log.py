"""Two gateways on one log in PostgreSQL, a privacy officer beside them, an auditor after them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner, Result

from audit.storage.migrate import migrate
from gateway.cli.main import app
from gateway.wiring import utc_now
from tests.builders import House, flag, open_house
from tests.postgresql_server import Server, running

pytestmark = pytest.mark.anyio

HOST = "poort.waterveen.example"
EACH = 10


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a server with the tables of this year's log."""
    with running() as started:
        migrate(started.url(), f"{HOST}/disclosures/{utc_now().year}")
        yield started


@pytest.fixture
async def houses(
    server: Server, register: Path, cases_file: Path, tmp_path: Path
) -> AsyncIterator[tuple[House, House]]:
    """Give two gateways with one set of keys on one log."""
    async with AsyncExitStack() as opened:
        pair: list[House] = []
        for name in ("gw-1", "gw-2"):
            if pair:
                copytree(pair[0].settings.home / "keys", tmp_path / name / "keys")
                (tmp_path / name).chmod(0o700)
            house = open_house(
                tmp_path / name,
                source=register,
                cases=cases_file,
                ledger_url=server.url(),
                gateway_id=name,
            )
            pair.append(await opened.enter_async_context(house))
        yield pair[0], pair[1]


async def command(house: House, *arguments: str) -> Result:
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
    call = partial(CliRunner().invoke, app, ["audit", *arguments], env=env)
    return await asyncio.to_thread(call)


async def test_two_gateways_and_an_auditor(houses: tuple[House, House], tmp_path: Path) -> None:
    """Both release with receipts at once, and the bundle of the log verifies as one history."""
    asked = [house.ask(flag()) for _ in range(EACH) for house in houses]
    answers = await asyncio.gather(*asked)
    year, bundle = utc_now().year, tmp_path / "bundle"

    days = ("--from", f"{year}-01-01", "--to", f"{year}-12-31")
    exported = await command(houses[0], "export", str(bundle), *days)
    key = houses[0].gateway.vkey
    verified = await command(houses[0], "verify", str(bundle), "--key", key, "--output", "json")
    replayed = await command(houses[1], "replay", *days)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["receipt"]["index"] for answer in answers}) == 2 * EACH
    assert exported.exit_code == 0, exported.output
    told = json.loads(verified.stdout)
    assert (verified.exit_code, told["disclosures"]) == (0, 2 * EACH), verified.output
    assert replayed.exit_code == 0, replayed.output
