"""The same key with the same body is the same disclosure; with another body it is a conflict."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.parties import Parties
from gateway.identity.clients import Hat
from tests.builders import (
    CARE_WORKER,
    CONSULTANT,
    SCHOOL,
    WMO,
    YUSUF,
    Body,
    House,
    about,
    feedback,
    flag,
    scooter,
)
from tests.fakes_decision import POLICIES

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "body",
    [flag(), flag(fields=["behandelplan_tekst"]), flag(subject=about("123"))],
    ids=["released", "refused", "nobody"],
)
async def test_the_same_key_and_body_give_the_same_answer(house: House, body: Body) -> None:
    """Byte for byte, the receipt included; one entry stands in the ledger."""
    first = await house.ask(body, idempotency_key="sleutel-1")
    size = house.size

    second = await house.ask(body, idempotency_key="sleutel-1")

    assert second.status_code == first.status_code
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert house.size == size


async def test_the_order_of_members_is_not_another_body(house: House) -> None:
    """The same request written in another order is the same request."""
    first = await house.ask(flag(), idempotency_key="sleutel-1")

    second = await house.ask(dict(reversed(flag().items())), idempotency_key="sleutel-1")

    assert second.content == first.content


async def test_another_body_under_the_same_key_is_a_conflict(house: House) -> None:
    """The second request is not decided, and the answer to the first is not shown."""
    await house.ask(flag(), idempotency_key="sleutel-1")
    size = house.size

    response = await house.ask(flag(fields=["bsn_ouder"]), idempotency_key="sleutel-1")

    assert response.status_code == 409
    assert response.json()["type"] == "urn:doelpoort:problem:idempotency-key-reused"
    assert "data" not in response.json()
    assert house.size == size


@pytest.mark.parametrize(
    ("hat", "professional"), [(CARE_WORKER, "medewerker-7"), (CONSULTANT, "medewerker-8")]
)
async def test_another_hat_or_person_is_another_request(
    house: House, hat: Hat, professional: str
) -> None:
    """Who acts is part of the request: a colleague does not get the answer of another."""
    await house.ask(flag(), idempotency_key="sleutel-1")
    token = house.token(hat, professional)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "sleutel-1"}

    response = await house.http.post("/v1/disclosures", json=flag(), headers=headers)

    assert response.status_code == 409


async def test_clients_do_not_share_keys(house: House) -> None:
    """The same key of another client is another key."""
    first = await house.ask(flag(), idempotency_key="sleutel-1")

    second = await house.ask(feedback(), SCHOOL, idempotency_key="sleutel-1")

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["disclosure_id"] != second.json()["disclosure_id"]


async def test_other_keys_are_other_disclosures(house: House) -> None:
    """Two keys, or none at all, give two disclosures."""
    answers = [await house.ask(flag(), idempotency_key=key) for key in ("a", "b")]
    answers += [await house.ask(flag()) for _ in range(2)]

    assert len({answer.json()["disclosure_id"] for answer in answers}) == 4


async def test_concurrent_duplicates_are_one_disclosure(house: House) -> None:
    """Sixteen calls at the same moment get one and the same answer, and one entry is written."""
    before = house.size

    answers = await asyncio.gather(*(house.ask(flag(), idempotency_key="k") for _ in range(16)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert house.size == before + 1


async def test_a_key_is_not_found_back_in_the_ledger(house: House) -> None:
    """The id in the ledger says nothing about the key, even one that should not have been used."""
    response = await house.ask(flag(), idempotency_key=f"klant-{YUSUF}")

    assert YUSUF not in str(house.leaves())
    assert YUSUF not in response.text


def _leave(cases_file: Path) -> None:
    """End the part of everybody in every case, long ago."""
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("UPDATE case_party SET until = '2020-01-01'")


async def test_who_left_the_case_does_not_get_the_answer_again(
    house: House, cases_file: Path
) -> None:
    """A key opens nothing that is closed since: a refusal, recorded as an entry of its own."""
    given = await house.ask(flag(), idempotency_key="sleutel-1")
    _leave(cases_file)
    size = house.size

    again = await house.ask(flag(), idempotency_key="sleutel-1")

    assert given.status_code == 200
    assert again.status_code == 403
    assert "data" not in again.json()
    assert again.json()["disclosure_id"] != given.json()["disclosure_id"]
    assert house.size == size + 1


async def test_a_refusal_is_told_again_as_it_was(house: House, cases_file: Path) -> None:
    """It holds no data, so nothing has to be judged anew."""
    refused = await house.ask(flag(fields=["behandelplan_tekst"]), idempotency_key="sleutel-1")
    _leave(cases_file)

    again = await house.ask(flag(fields=["behandelplan_tekst"]), idempotency_key="sleutel-1")

    assert again.content == refused.content


async def test_fewer_fields_than_then_is_a_refusal(house: House) -> None:
    """What the policy took back since does not leave by an old key; ask anew for the rest."""
    given = await house.ask(scooter(), WMO, idempotency_key="sleutel-1")
    policy = house.services.gate.catalogue
    purpose = policy.purposes["hulpvraag-afbakenen"]
    fewer = dict(list(purpose.fields.items())[1:])
    narrowed = replace(
        policy, purposes={**policy.purposes, purpose.id: replace(purpose, fields=fewer)}
    )
    decider = Decider(
        narrowed,
        Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", narrowed),
        EmbeddedEngine.build(narrowed, POLICIES),
    )
    gate = replace(house.services.gate, catalogue=narrowed, decider=decider)
    house.rewire(replace(house.services, gate=gate))

    again = await house.ask(scooter(), WMO, idempotency_key="sleutel-1")

    assert given.status_code == 200
    assert again.status_code == 403
    assert [each["code"] for each in again.json()["reasons"]] == ["ANSWER_NARROWED"]
