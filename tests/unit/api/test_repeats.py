"""What makes something new makes it once under a key, and tells it again as it was."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from gateway.identity.clients import Hat
from gateway.openings import registry_of
from gateway.repeats.store import TERM, forget
from tests.builders import CARE_WORKER, HENK, Body, House, about, make_client
from tests.fakes_informing import danger, send

pytestmark = pytest.mark.anyio

MIRJAM = "999925799"
COORDINATOR = Hat("gem-regie", "casuscoordinator")
TEAM = Hat("wijkteam-noord", "regisseur-wijkteam")
CARE = Hat("ggz-rivierzicht", "spv-ggz")
REUSED = "urn:doelpoort:problem:idempotency-key-reused"
CASE: Body = {"kind": "werkplan", "beginning": "own_request", "subject": about(HENK)}
CONSENT: Body = {
    "subject": about(MIRJAM),
    "purpose": "voortgang-afspraken",
    "given_by": ["betrokkene"],
}


@pytest.fixture
def opened(house: House) -> House:
    """Give a gateway with a client that works in cases."""
    client = make_client("tafel", frozenset({COORDINATOR, TEAM, CARE}))
    registry_of(house.settings).add(client)
    house.clients = {**house.clients, "tafel": client}
    return house


@pytest.fixture
def case_id(cases_file: Path) -> str:
    """Give the id of the case with a werkplan."""
    with closing(sqlite3.connect(cases_file)) as connection:
        [(found,)] = connection.execute("SELECT id FROM case_record WHERE kind = 'werkplan'")
    return str(found)


async def post(
    house: House, path: str, body: Body, hat: Hat = TEAM, key: str = "sleutel-1"
) -> httpx.Response:
    """Post a body under this key."""
    headers = house.headers(hat, idempotency_key=key)
    return await house.http.post(path, json=body, headers=headers)


def table(case: str, *hats: Hat, field: str) -> Body:
    """Return a table of these people."""
    seats = [
        {
            "organisation": hat.organisation,
            "role": hat.role,
            "professional": "medewerker-7",
            "task": "integrale-afstemming",
            "activity": "werkplan-afstemmen",
            "purpose": "voortgang-afspraken",
            "fields": [field],
        }
        for hat in hats
    ]
    return {"case": case, "subject": about(MIRJAM), "recipients": seats}


async def test_a_case_begins_once(opened: House) -> None:
    """The repeated request gets the answer of the first, receipt and version included."""
    size = opened.size
    first = await post(opened, "/v1/cases", CASE)

    second = await post(opened, "/v1/cases", CASE)

    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    assert (second.status_code, second.headers["etag"]) == (201, '"1"')
    assert second.content == first.content
    assert first.json()["receipt"]["index"] == size
    assert opened.size == size + 1


async def test_a_case_without_a_key_is_not_told_again(opened: House) -> None:
    """Only who names a key asks the same again; else it is told which case runs already."""
    headers = opened.headers(TEAM)
    answers = [await opened.http.post("/v1/cases", json=CASE, headers=headers) for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 409]
    assert answers[1].json()["case"] == answers[0].json()["id"]


async def test_the_answer_is_that_of_then(opened: House) -> None:
    """What happened in the case since does not change what the first request was told."""
    first = await post(opened, "/v1/cases", CASE)
    identity = first.json()["id"]
    headers = opened.headers(COORDINATOR, if_match='"1"')
    step = {"step": "advance", "phase": "werkplan"}
    taken = await opened.http.post(f"/v1/cases/{identity}/steps", json=step, headers=headers)

    second = await post(opened, "/v1/cases", CASE)

    assert taken.status_code == 200
    assert second.content == first.content


async def test_many_at_once_begin_one_case(opened: House, cases_file: Path) -> None:
    """Eight calls at the same moment get one and the same answer; one case is there, one entry."""
    size, before = opened.size, number_of_cases(cases_file)

    answers = await asyncio.gather(*(post(opened, "/v1/cases", CASE) for _ in range(8)))

    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    assert number_of_cases(cases_file) == before + 1
    assert opened.size == size + 1


def number_of_cases(path: Path) -> int:
    """Count the cases in the store."""
    with closing(sqlite3.connect(path)) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM case_record")
    return int(count)


@pytest.mark.parametrize(
    ("path", "body", "hat"),
    [
        ("/v1/cases", CASE | {"subject": about("999911235")}, TEAM),
        ("/v1/consents", CONSENT, TEAM),
        ("/v1/cases", CASE, COORDINATOR),
    ],
    ids=["another body", "another route", "another hat"],
)
async def test_the_key_stands_for_one_request(
    opened: House, path: str, body: Body, hat: Hat
) -> None:
    """Another body, route or caller under it is a conflict, and nothing is made."""
    await post(opened, "/v1/cases", CASE)
    size = opened.size

    response = await post(opened, path, body, hat)

    assert (response.status_code, response.json()["type"]) == (409, REUSED)
    assert opened.size == size


async def test_a_refusal_leaves_the_key_free(opened: House) -> None:
    """Where nothing was made there is nothing to tell again."""
    refused = await post(opened, "/v1/cases", CASE | {"kind": "onbekend"})

    begun = await post(opened, "/v1/cases", CASE)

    assert (refused.status_code, begun.status_code) == (409, 201)


async def test_a_key_that_is_none_is_no_request(opened: House) -> None:
    """A key has a form, and what was sent is not told again."""
    response = await post(opened, "/v1/cases", CASE, key="a b")

    assert response.status_code == 400
    assert response.json()["errors"][0]["member"] == "Idempotency-Key"


async def test_the_store_says_nothing_of_key_or_person(opened: House, cases_file: Path) -> None:
    """Both are kept as keyed hashes, and the answer names nobody."""
    await post(opened, "/v1/cases", CASE, key=f"zaak-{HENK}")

    with closing(sqlite3.connect(cases_file)) as connection:
        rows = connection.execute("SELECT * FROM kept_answer").fetchall()
    assert len(rows) == 1
    assert HENK not in str(rows)


async def test_an_answer_is_erased_after_its_term(opened: House) -> None:
    """From then on the same key begins a new case, once the one before is closed."""
    first = await post(opened, "/v1/cases", CASE)
    steps, headers = f"/v1/cases/{first.json()['id']}/steps", opened.headers(COORDINATOR)
    await opened.http.post(steps, json={"step": "close"}, headers=headers | {"if-match": '"1"'})
    opened.clock.at += TERM
    late = await post(opened, "/v1/cases", CASE)
    opened.clock.at += TERM
    await forget(opened.services.book, opened.clock())

    second = await post(opened, "/v1/cases", CASE)

    assert (late.status_code, late.json()["type"]) == (
        409,
        "urn:doelpoort:problem:idempotency-key-spent",
    )
    assert second.json()["id"] != first.json()["id"]


@pytest.mark.usefixtures("case_id")
async def test_a_consent_is_given_once(opened: House) -> None:
    """The repeated request gets the same consent, and one entry stands in the ledger."""
    size = opened.size
    first = await post(opened, "/v1/consents", CONSENT, COORDINATOR)

    second = await post(opened, "/v1/consents", CONSENT, COORDINATOR)

    assert first.status_code == 201
    assert second.content == first.content
    assert opened.size == size + 1


@pytest.mark.parametrize(
    ("field", "status"), [("volgende_afstemming", 201), ("behandelplan_tekst", 403)]
)
async def test_a_table_is_laid_once(opened: House, case_id: str, field: str, status: int) -> None:
    """Released or refused, repeating it gives the same answer and makes no more entries."""
    body = table(case_id, TEAM, CARE, field=field)
    size = opened.size
    first = await post(opened, "/v1/tables", body, COORDINATOR)

    second = await post(opened, "/v1/tables", body, COORDINATOR)

    assert (first.status_code, second.status_code) == (status, status)
    assert second.content == first.content
    assert opened.size == size + 2


async def test_an_emergency_is_one_use(house: House) -> None:
    """A repeated call in panic is one disclosure, and one review for somebody to judge."""
    size = house.size
    first = await post(house, "/v1/emergency-disclosures", danger(), CARE_WORKER)

    second = await post(house, "/v1/emergency-disclosures", danger(), CARE_WORKER)

    assert first.status_code == 200
    assert second.content == first.content
    assert house.size == size + 1


async def test_another_emergency_under_the_key_is_a_conflict(house: House) -> None:
    """The second is not decided; without the key it is."""
    await post(house, "/v1/emergency-disclosures", danger(), CARE_WORKER)
    other = danger(words="Er brandt iets in de keuken en er zijn twee kinderen alleen binnen.")

    reused = await post(house, "/v1/emergency-disclosures", other, CARE_WORKER)
    plain = await send(house, "/v1/emergency-disclosures", other, CARE_WORKER)

    assert (reused.status_code, reused.json()["type"]) == (409, REUSED)
    assert plain.status_code == 200
