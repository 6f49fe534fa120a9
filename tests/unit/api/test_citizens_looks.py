"""Who looked at my case: in the report of a citizen, with a proof that is checked offline."""

import json
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from audit.__main__ import main
from gateway.openings import registry_of
from tests.builders import HENK, NOBODY, House, about, make_client
from tests.case_house import COORDINATOR, TEAM
from tests.fakes_informing import PORTAL, enrol, send

pytestmark = pytest.mark.anyio

CASE = {"kind": "werkplan", "beginning": "own_request", "subject": about(HENK)}


@pytest.fixture
async def looked(house: House) -> House:
    """Give a gateway where the coordinator read the case of Henk, after the team began it."""
    enrol(house)
    client = make_client("tafel", frozenset({COORDINATOR, TEAM}))
    registry_of(house.settings).add(client)
    house.clients = {**house.clients, "tafel": client}
    begun = await house.http.post("/v1/cases", json=CASE, headers=house.headers(TEAM))
    await house.get(f"/v1/cases/{begun.json()['id']}", COORDINATOR)
    return house


async def report(house: House, bsn: str = HENK) -> dict[str, Any]:
    """Return the report about a person."""
    response = await send(house, "/v1/citizen-reports", {"subject": about(bsn)}, PORTAL)
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


async def test_who_read_the_case_is_told(looked: House) -> None:
    """Organisation, role, when and why it is allowed; not that the case was begun, nor by whom."""
    (line,) = (await report(looked))["lines"]

    assert line["organisation"] == "Gemeente Waterveen, regie"
    assert (line["outcome"], line["got"], line["with_others"]) == ("looked", [], False)
    assert "uw casus bekeken" in line["text"]["nl"]
    assert "meedoen in deze casus" in line["text"]["nl"]
    assert "AVG artikel 6 lid 1 letter e" in line["legal_basis"][0]["nl"]
    assert "medewerker-7" not in json.dumps(line)


async def test_a_search_that_found_the_case_is_told(looked: House) -> None:
    """It is recorded as a look at the case; a search that found nothing is in nobody's report."""
    for bsn in (HENK, NOBODY):
        await send(looked, "/v1/case-searches", {"subject": about(bsn)}, TEAM)

    mine, nobodys = await report(looked), await report(looked, NOBODY)

    assert [each["organisation"] for each in mine["lines"]] == [
        "Wijkteam Noord",
        "Gemeente Waterveen, regie",
    ]
    assert nobodys["lines"] == []


async def test_the_report_says_what_is_not_in_it(looked: House) -> None:
    """Searches without a find and lists without names are told of in general, for everybody."""
    mine, nobodys = await report(looked), await report(looked, NOBODY)

    assert "niets over u vond, staat er niet bij" in mine["scope"]["nl"]
    assert mine["scope"] == nobodys["scope"]


@pytest.mark.parametrize(("bsn", "status"), [(HENK, 0), (NOBODY, 1)], ids=["mine", "another's"])
async def test_a_look_is_checked_offline(
    looked: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bsn: str, status: int
) -> None:
    """The command of an auditor shows with the line alone that it is about this person."""
    (line,) = (await report(looked))["lines"]
    receipt, opening = tmp_path / "receipt", tmp_path / "opening"
    receipt.write_text(line["proof"]["receipt"])
    opening.write_text(line["proof"]["opening"])
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(f"bsn:{bsn}\n".encode())))

    found = main(["explain", str(receipt), "--key", looked.gateway.vkey, "--person", str(opening)])

    assert found == status
