"""The commands that enter and end who decides for an adult, beside a gateway that runs."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.api.state import desk_of
from gateway.cli.main import app
from tests.builders import HENK, House, open_house

pytestmark = pytest.mark.anyio

HAT, CARE = "gem-regie:casuscoordinator", "ggz-rivierzicht:spv-ggz"


@pytest.fixture
async def house(register: Path, cases_file: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Give a gateway over a case store in which nobody decides for anybody."""
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("DELETE FROM representation")
    async with open_house(tmp_path / "home", source=register, cases=cases_file) as opened:
        yield opened


async def enter(house: House, *words: str, hat: str = HAT, professional: str = "m-1") -> Result:
    """Give one of the commands about a person, in the environment of the gateway's operator."""
    chosen = house.settings
    env = {
        "DOELPOORT_HOME": str(chosen.home),
        "DOELPOORT_PUBLIC_URL": chosen.public_url,
        "DOELPOORT_SOURCE_URL": chosen.source_url,
        "DOELPOORT_CASES_URL": chosen.cases_url,
    }
    arguments = ["case", *words, "--hat", hat, "--professional", professional]
    call = partial(CliRunner().invoke, app, arguments, env=env, input=f"{HENK}\n")
    return await asyncio.to_thread(call)


def kept(house: House) -> list[tuple[object, ...]]:
    """Return the appointments in the store."""
    path = house.settings.cases_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        found = "SELECT kind, domain, since, until FROM representation"
        return connection.execute(found).fetchall()


async def test_both_steps_come_into_the_ledger_of_a_gateway_that_runs(house: House) -> None:
    """They take effect at once, are told in Dutch first, and stand there without a person."""
    size = house.size
    days = ("--from", "2026-01-01", "--until", "2999-12-31")

    entered = await enter(house, "appoint", "beschermingsbewind", *days)
    between = kept(house)
    ended = await enter(house, "discharge", "beschermingsbewind")
    left = await desk_of(house.services).settle()

    assert (entered.exit_code, ended.exit_code, left) == (0, 0, 0), entered.output + ended.output
    assert entered.output.startswith("Ingevoerd.")
    assert ended.output.startswith("Beëindigd.")
    assert between == [("beschermingsbewind", "financien", "2026-01-01", "2999-12-31")]
    leaves = house.leaves(size)
    assert [each["step"] for each in leaves] == ["represented", "representation_ended"]
    assert {"subject", "content", "professional"} == set(leaves[0]["commitments"])
    assert HENK not in str(leaves) + entered.output + ended.output
    assert "bewind" not in str(leaves)


async def test_without_days_it_counts_from_today_without_an_end(house: House) -> None:
    """A curator decides on everything."""
    entered = await enter(house, "appoint", "curatele")

    [(kind, domain, _, until)] = kept(house)
    assert (entered.exit_code, kind, domain, until) == (0, "curatele", "alles", None)


@pytest.mark.parametrize(
    ("words", "hat", "professional", "said", "status"),
    [
        (("appoint", "curatele"), CARE, "m-1", "Alleen een rol van een gemeente", 1),
        (("appoint", "curatele", "--until", "2020-01-01"), HAT, "m-1", "De laatste dag", 1),
        (("discharge", "curatele"), HAT, "m-1", "loopt zo'n maatregel niet", 1),
        (("appoint", "curatele"), HAT, "999912410", "nooit een BSN", 2),
        (("appoint", "voogdij"), HAT, "m-1", "voogdij", 2),
    ],
)
async def test_a_refusal_is_told_and_changes_nothing(
    house: House, words: tuple[str, ...], hat: str, professional: str, said: str, status: int
) -> None:
    """Who may not, a term that is over, what is not there, and a number where none belongs."""
    refused = await enter(house, *words, hat=hat, professional=professional)

    assert (refused.exit_code, kept(house)) == (status, [])
    assert said in refused.output
    assert professional == "m-1" or professional not in refused.output
    assert HENK not in refused.output
