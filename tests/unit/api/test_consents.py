"""Consents over HTTP: recorded for what rests on them, and gone at once when withdrawn."""

import pytest

from gateway.identity.clients import Hat
from tests.builders import CONSULTANT, HENK, House, about
from tests.case_house import CARE, TEAM, post, recording
from tests.fakes_cases import MemoryLedger

pytestmark = pytest.mark.anyio

MIRJAM = "999925799"
CONSENT: dict[str, object] = {
    "subject": about(MIRJAM),
    "purpose": "voortgang-afspraken",
    "given_by": ["betrokkene"],
}
PROGRESS = {
    "task": "integrale-afstemming",
    "activity": "werkplan-afstemmen",
    "purpose": "voortgang-afspraken",
    "subject": about(HENK),
    "fields": ["actie_statussen"],
}


@pytest.fixture
def ledger(house: House) -> MemoryLedger:
    """Give the ledger that this house records in."""
    return recording(house)


async def test_a_consent_is_recorded(house: House, ledger: MemoryLedger) -> None:
    """It gets an id and a receipt; the ledger holds what it is for and nobody's number."""
    response = await post(house, "/v1/consents", CONSENT | {"valid_until": "2026-12-31"}, CARE)

    assert response.status_code == 201
    assert response.json()["receipt"]["proof"] == "proof"
    assert ledger.drafts[-1].members["purpose"] == "voortgang-afspraken"
    assert MIRJAM not in str(ledger.drafts[-1].members)


@pytest.mark.parametrize(
    ("change", "hat", "status", "code"),
    [
        ({"purpose": "lichte-of-zware-hulp"}, CARE, 409, "CONSENT_NOT_THE_BASIS"),
        ({"fields": ["diagnose"]}, CARE, 409, "FIELD_WITHOUT_CONSENT"),
        ({}, CONSULTANT, 404, None),
        ({"given_by": ["buurman"]}, CARE, 400, None),
        ({"given_by": []}, CARE, 400, None),
        ({"valid_until": "31-12-2026"}, CARE, 400, None),
    ],
)
@pytest.mark.usefixtures("ledger")
async def test_a_consent_is_not_recorded_otherwise(
    house: House, change: dict[str, object], hat: Hat, status: int, code: str | None
) -> None:
    """What it cannot carry, who takes no part, and what is no consent are refused."""
    response = await post(house, "/v1/consents", CONSENT | change, hat)

    assert (response.status_code, response.json().get("code")) == (status, code)


async def case_of_henk(house: House) -> None:
    """Let a care provider take part in a case of Henk that has a work plan."""
    body = {"kind": "werkplan", "beginning": "own_request", "subject": about(HENK)}
    case = (await post(house, "/v1/cases", body, TEAM)).json()["id"]
    join = {"step": "join", "organisation": CARE.organisation, "role": CARE.role}
    plan = {"step": "advance", "phase": "werkplan"}
    for version, step in enumerate((join, plan), start=1):
        await post(house, f"/v1/cases/{case}/steps", step, version=version)


async def test_a_withdrawal_counts_for_the_next_request(house: House, ledger: MemoryLedger) -> None:
    """Before consent nothing, with it an answer, and after its withdrawal nothing again."""
    await case_of_henk(house)
    without = await post(house, "/v1/disclosures", PROGRESS, CARE)
    given = await post(house, "/v1/consents", CONSENT | {"subject": about(HENK)}, CARE)
    during = await post(house, "/v1/disclosures", PROGRESS, CARE)

    path = f"/v1/consents/{given.json()['id']}/withdrawals"
    first, again = await post(house, path, {}, TEAM), await post(house, path, {}, TEAM)
    after = await post(house, "/v1/disclosures", PROGRESS, CARE)

    assert [answer.status_code for answer in (without, during, after)] == [403, 200, 403]
    assert [answer.status_code for answer in (first, again)] == [201, 409]
    assert "withdrawn" in ledger.steps


@pytest.mark.usefixtures("ledger")
async def test_a_stranger_withdraws_nothing(house: House) -> None:
    """Whose consent it is, and whether there is one, a stranger does not learn."""
    given = (await post(house, "/v1/consents", CONSENT, CARE)).json()["id"]

    answers = [
        await post(house, f"/v1/consents/{name}/withdrawals", {}, CONSULTANT)
        for name in (given, "0" * 32, "nergens")
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({answer.content for answer in answers}) == 1


async def test_all_consents_for_a_purpose_end_at_once(house: House, ledger: MemoryLedger) -> None:
    """Without anybody's id, and those of others too: an older one keeps no door open."""
    await case_of_henk(house)
    for _ in range(2):
        await post(house, "/v1/consents", CONSENT | {"subject": about(HENK)}, CARE)
    during = await post(house, "/v1/disclosures", PROGRESS, CARE)
    body = {"subject": about(HENK), "purpose": CONSENT["purpose"]}

    ended = await post(house, "/v1/consent-withdrawals", body, TEAM)
    again = await post(house, "/v1/consent-withdrawals", body, TEAM)
    after = await post(house, "/v1/disclosures", PROGRESS, CARE)

    assert [answer.status_code for answer in (during, after)] == [200, 403]
    assert [answer.status_code for answer in (ended, again)] == [201, 404]
    assert len(ended.json()["withdrawn"]) == 2
    assert ledger.steps.count("withdrawn") == 2


@pytest.mark.usefixtures("ledger")
async def test_a_stranger_withdraws_nothing_of_a_person(house: House) -> None:
    """Whether there is any consent, or even such a purpose, a stranger does not learn."""
    await case_of_henk(house)
    await post(house, "/v1/consents", CONSENT | {"subject": about(HENK)}, CARE)

    answers = [
        await post(
            house,
            "/v1/consent-withdrawals",
            {"subject": about(HENK), "purpose": purpose},
            CONSULTANT,
        )
        for purpose in (CONSENT["purpose"], "zo-maar-iets")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    during = await post(house, "/v1/disclosures", PROGRESS, CARE)
    assert during.status_code == 200
