"""One person with two hats: what the one hat holds, the other does not read, and the other way."""

import pytest

from gateway.identity.clients import Hat
from tests.builders import CARE_WORKER, CONSULTANT, HENK, YUSUF, Body, House, about, flag

pytestmark = pytest.mark.anyio

PLAN: Body = {
    "task": "jeugdhulp-verlenen",
    "activity": "hulp-bieden",
    "purpose": "volgende-stap-in-behandeling",
    "subject": about(YUSUF),
}
BOTH = [(CONSULTANT, CARE_WORKER), (CARE_WORKER, CONSULTANT)]
HOLDS = {CONSULTANT: flag(), CARE_WORKER: PLAN}
KINDS = {CONSULTANT: "jeugd-toeleiding", CARE_WORKER: "jeugdhulp"}


@pytest.mark.parametrize(("own", "other"), BOTH)
async def test_a_hat_reads_its_own_and_not_what_the_other_holds(
    shared_house: House, own: Hat, other: Hat
) -> None:
    """The same person of the same client wears one hat per request, and gets what it needs only."""
    permitted = await shared_house.ask(HOLDS[own], own)
    refused = await shared_house.ask(HOLDS[other], own)

    assert permitted.status_code == 200
    assert permitted.json()["data"]
    assert refused.status_code == 403
    assert [each["code"] for each in refused.json()["reasons"]] == ["WRONG_HAT"]
    assert "data" not in refused.json()


@pytest.mark.parametrize(("own", "other"), BOTH)
async def test_a_case_of_the_one_hat_is_not_there_for_the_other(
    house: House, own: Hat, other: Hat
) -> None:
    """It is found and shown under the hat that began it, and looks missing under the other one."""
    body = {"kind": KINDS[own], "beginning": "own_request", "subject": about(HENK)}
    begun = await house.http.post("/v1/cases", json=body, headers=house.headers(own))
    path, person = f"/v1/cases/{begun.json()['id']}", {"subject": about(HENK)}

    shown = [await house.get(path, hat) for hat in (own, other)]
    found = [
        (await house.http.post("/v1/case-searches", json=person, headers=house.headers(hat))).json()
        for hat in (own, other)
    ]

    assert [each.status_code for each in shown] == [200, 404]
    assert [len(each) for each in found] == [1, 0]


async def test_a_hat_cannot_step_into_the_case_of_the_other(house: House) -> None:
    """Nor can it put itself in: a case is changed by who takes part in it."""
    body = {"kind": "jeugdhulp", "beginning": "own_request", "subject": about(HENK)}
    begun = await house.http.post("/v1/cases", json=body, headers=house.headers(CARE_WORKER))
    join = {"step": "join", "organisation": CONSULTANT.organisation, "role": CONSULTANT.role}

    tried = await house.http.post(
        f"/v1/cases/{begun.json()['id']}/steps",
        json=join,
        headers=house.headers(CONSULTANT, if_match='"1"'),
    )

    assert tried.status_code == 404
