"""What a release leaves in the tally, and what leaves nothing there."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.builders import NOW, Body, House, flag

pytestmark = pytest.mark.anyio

Noted = list[tuple[dt.date, str, Mapping[str, object]]]


@pytest.fixture
def noted(house: House) -> Noted:
    """Give what the gate of the house counts from now on."""
    kept: Noted = []
    gate = replace(house.services.gate, note=lambda *each: kept.append(each))
    house.rewire(replace(house.services, gate=gate))
    return kept


async def test_a_release_is_counted_without_its_person(house: House, noted: Noted) -> None:
    """The tally learns day, purpose and minimised values; nothing that leads to anybody."""
    response = await house.ask(flag())

    assert response.status_code == 200
    assert noted == [(NOW.date(), "lichte-of-zware-hulp", {"specialisatie_ingezet": True})]


@pytest.mark.parametrize("body", [flag(fields=["behandelplan_tekst"]), flag(task="onbekend")])
async def test_a_refusal_is_not_counted(house: House, noted: Noted, body: Body) -> None:
    """The twin: what was not fetched says nothing about a source."""
    response = await house.ask(body)

    assert (response.status_code, noted) == (403, [])
