"""Limits at a table: every recipient counts for its own organisation, or nobody counts at all."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import httpx
import pytest

from audit.entry import Draft, Receipt
from audit.errors import LedgerBusy
from gateway.catalogue.guard import Mosaic
from gateway.identity.clients import Hat
from gateway.openings import registry_of
from tests.builders import Body, House, about, make_client, open_house, settings_of
from tests.fakes_mosaic import ONCE, MemoryGuard

pytestmark = pytest.mark.anyio

PERSON = "999925799"
COORDINATOR = Hat("gem-regie", "casuscoordinator")
TEAM = Hat("wijkteam-noord", "regisseur-wijkteam")
CARE = Hat("ggz-rivierzicht", "spv-ggz")
STEP = {
    "task": "integrale-afstemming",
    "activity": "werkplan-afstemmen",
    "purpose": "voortgang-afspraken",
}


@pytest.fixture
def guard() -> MemoryGuard:
    """Give a guard that tells what it counted."""
    return MemoryGuard()


@pytest.fixture
async def table_house(
    register: Path, cases_file: Path, tmp_path: Path, guard: MemoryGuard
) -> AsyncIterator[House]:
    """Give a gateway in which progress may be asked once, by everybody at the table."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    client = make_client("tafel", frozenset({COORDINATOR, TEAM, CARE}))
    registry_of(settings_of(home, source=register, cases=cases_file)).add(client)
    async with open_house(home, source=register, cases=cases_file) as opened:
        opened.clients = {**opened.clients, "tafel": client}
        gate = opened.services.gate
        purposes = dict(gate.catalogue.purposes)
        purposes[STEP["purpose"]] = replace(purposes[STEP["purpose"]], repeat=ONCE)
        policy = replace(gate.catalogue, purposes=MappingProxyType(purposes), mosaic=Mosaic())
        gate = replace(gate, catalogue=policy, guard=guard)
        opened.rewire(replace(opened.services, gate=gate))
        yield opened


@pytest.fixture
def case_id(cases_file: Path) -> str:
    """Give the id of the case with a werkplan."""
    with closing(sqlite3.connect(cases_file)) as connection:
        [(found,)] = connection.execute("SELECT id FROM case_record WHERE kind = 'werkplan'")
    return str(found)


async def share(house: House, case: str, *hats: Hat) -> httpx.Response:
    """Share the progress with these people."""
    seats: list[Body] = [
        {
            "organisation": each.organisation,
            "role": each.role,
            "professional": f"m-{number}",
            **STEP,
        }
        for number, each in enumerate(hats)
    ]
    body = {"case": case, "subject": about(PERSON), "recipients": seats}
    return await house.http.post("/v1/tables", json=body, headers=house.headers(COORDINATOR))


async def ask(house: House, hat: Hat) -> httpx.Response:
    """Ask the progress for oneself."""
    return await house.ask({**STEP, "subject": about(PERSON)}, hat)


def organisations(guard: MemoryGuard) -> list[str]:
    """Return whose places are taken."""
    return sorted(each.organisation for each in guard.taken.values())


async def test_a_view_counts_once_for_its_recipient(
    table_house: House, case_id: str, guard: MemoryGuard
) -> None:
    """What was shared at a table cannot be asked once more beside it."""
    released = await share(table_house, case_id, TEAM, CARE)
    counted = organisations(guard)
    again = await ask(table_house, TEAM)

    assert released.status_code == 201
    assert counted == [CARE.organisation, TEAM.organisation]
    assert [each["code"] for each in again.json()["reasons"]] == ["ASKED_TOO_OFTEN"]


async def test_a_table_that_is_refused_gives_every_place_back(
    table_house: House, case_id: str, guard: MemoryGuard
) -> None:
    """Where one had its answer before, the others keep their turn."""
    await ask(table_house, TEAM)

    refused = await share(table_house, case_id, CARE, TEAM)

    assert refused.status_code == 403
    assert organisations(guard) == [TEAM.organisation]
    assert (await ask(table_house, CARE)).status_code == 200


class BusyLedger:
    """A ledger that takes nothing."""

    async def append(self, draft: Draft) -> Receipt:
        """Refuse the entry."""
        raise LedgerBusy(draft.type)


async def test_a_table_that_is_not_recorded_gives_every_place_back(
    table_house: House, case_id: str, guard: MemoryGuard
) -> None:
    """Without entries nobody has a view, and so nobody had an answer."""
    gate = replace(table_house.services.gate, ledger=cast("Any", BusyLedger()))
    table_house.rewire(replace(table_house.services, gate=gate))

    failed = await share(table_house, case_id, TEAM, CARE)

    assert failed.status_code == 503
    assert organisations(guard) == []
