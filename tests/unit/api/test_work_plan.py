"""The work plan over HTTP: what a party says of its agreement is what the next question hears."""

import pytest

from gateway.identity.clients import Hat
from tests.builders import HENK, Body, House, about
from tests.case_house import CARE, TEAM, post, recording

pytestmark = pytest.mark.anyio

QUESTION = {
    "task": "integrale-afstemming",
    "activity": "werkplan-afstemmen",
    "purpose": "voortgang-afspraken",
    "subject": about(HENK),
    "fields": ["actie_statussen", "volgende_afstemming"],
}
STEPS: list[Body] = [
    {"step": "join", "organisation": CARE.organisation, "role": CARE.role},
    {"step": "advance", "phase": "werkplan"},
    {"step": "agree", "organisation": CARE.organisation, "action": "Bespreekt zijn angst."},
]
RUNNING: Body = {"step": "progress", "agreement": 1, "status": "loopt", "next_on": "2026-03-09"}


@pytest.fixture
async def case(house: House) -> str:
    """Give the case of somebody who consents, in which a care provider agreed to do something."""
    recording(house)
    body = {"kind": "werkplan", "beginning": "own_request", "subject": about(HENK)}
    begun = (await post(house, "/v1/cases", body, TEAM)).json()["id"]
    for version, step in enumerate(STEPS, start=1):
        await post(house, f"/v1/cases/{begun}/steps", step, version=version)
    consent = {
        "subject": about(HENK),
        "purpose": "voortgang-afspraken",
        "given_by": ["betrokkene"],
    }
    await post(house, "/v1/consents", consent, CARE)
    return str(begun)


async def told(house: House) -> dict[str, object]:
    """Return what another party is told of the work plan."""
    answer = await post(house, "/v1/disclosures", QUESTION, TEAM)
    data = answer.json()["data"]
    return {name: entry["value"] for name, entry in data.items()}


async def test_what_is_said_of_an_agreement_is_told_to_who_may_ask(house: House, case: str) -> None:
    """Planned, going on, kept: without a register between, and without what it is about."""
    path = f"/v1/cases/{case}/steps"
    planned = await told(house)
    moved = await post(house, path, RUNNING, CARE, version=4)
    running = await told(house)
    await post(house, path, {"step": "fulfil", "agreement": 1}, CARE, version=5)
    done = await told(house)

    assert moved.status_code == 200
    assert planned["actie_statussen"] == ["ggz-rivierzicht: gepland"]
    assert running == {
        "actie_statussen": ["ggz-rivierzicht: loopt"],
        "volgende_afstemming": "2026-03-09",
    }
    assert done["actie_statussen"] == ["ggz-rivierzicht: gereed"]


@pytest.mark.parametrize(
    ("change", "hat", "version", "status"),
    [
        ({}, TEAM, 4, 409),
        ({}, CARE, 3, 409),
        ({"agreement": 2}, CARE, 4, 409),
        ({"next_on": "2026-03-01"}, CARE, 4, 409),
        ({"status": "gereed"}, CARE, 4, 400),
        ({"status": "mislukt"}, CARE, 4, 400),
        ({"agreement": "1"}, CARE, 4, 400),
    ],
)
async def test_nothing_changes_otherwise(
    house: House, case: str, change: Body, hat: Hat, version: int, status: int
) -> None:
    """Not by another party, from an old version, or in other words: it is told as it was."""
    path = f"/v1/cases/{case}/steps"

    refused = await post(house, path, RUNNING | change, hat, version=version)

    assert refused.status_code == status
    assert (await told(house))["actie_statussen"] == ["ggz-rivierzicht: gepland"]
