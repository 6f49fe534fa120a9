"""Who asks about strangers: refused alike everywhere, and behind a veil not even refused."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import orjson
import pytest

from audit.entry import parse_leaf
from audit.proof import parse_proof
from gateway.identity.clients import Hat
from gateway.veil import at_once
from tests.builders import (
    CONSULTANT,
    NOBODY,
    SCHOOL,
    WMO,
    YUSUF,
    Body,
    House,
    about,
    feedback,
    flag,
    open_house,
    scooter,
)
from tests.case_house import Tokens, bearer

pytestmark = pytest.mark.anyio

DEBTS = Hat("gem-schuldhulp", "medewerker-vroegsignalering")
RON = "999924680"
PURPOSE, FIELD = "niet-dubbel-benaderen", "lopende_schuldhulp"
PLAIN = "contact-leggen-bij-achterstand"
FRESH = frozenset({"id", "time", "counter", "trace", "span"})


@pytest.fixture
async def debts(register: Path, cases_file: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Give a gateway that knows every hat and answers without waiting; Ron needs help no more."""
    set_status(register, "afgerond")
    async with open_house(tmp_path / "home", source=register, cases=cases_file) as opened:
        gate = replace(opened.services.gate, pace=at_once)
        opened.rewire(replace(opened.services, gate=gate, tokens=cast("Any", Tokens())))
        yield opened


def set_status(register: Path, status: str) -> None:
    """Let the debt help of Ron be like this."""
    with closing(sqlite3.connect(register)) as connection, connection:
        connection.execute("UPDATE schuldhulp_traject SET status = ? WHERE bsn = ?", [status, RON])


async def ask(house: House, bsn: str, key: str | None = None, **changes: object) -> httpx.Response:
    """Ask whether debt help runs for this person, under a key if one is given."""
    body = {
        "task": "wgs-vroegsignalering",
        "activity": "eerste-gesprek-aanbieden",
        "purpose": PURPOSE,
        "subject": about(bsn),
        **changes,
    }
    headers = bearer(DEBTS) | ({} if key is None else {"idempotency-key": key})
    return await house.http.post("/v1/disclosures", json=body, headers=headers)


def shape(response: httpx.Response) -> tuple[int, list[str], int, Body]:
    """Return what is seen of a response without what is new in each: ids, receipt, moment."""
    body = response.json()
    receipt = body.pop("receipt")
    size = len(response.content) - len(orjson.dumps(receipt))
    return response.status_code, sorted(response.headers), size, body | {"disclosure_id": ""}


def public(response: httpx.Response) -> Body:
    """Return what the entry in the receipt tells everybody."""
    proof = parse_proof(response.json()["receipt"]["proof"].encode())
    leaf: Body = dict(parse_leaf(proof.extra))
    kept = {name: value for name, value in leaf.items() if name not in FRESH}
    return kept | {"commitments": sorted(leaf["commitments"])}


@pytest.mark.parametrize(("make", "hat"), [(flag, CONSULTANT), (scooter, WMO), (feedback, SCHOOL)])
async def test_everywhere_not_known_and_not_yours_are_one_refusal(
    shared_house: House, make: Callable[..., Body], hat: Hat
) -> None:
    """Without a veil too: status, headers, size, body and entry of the two refusals agree."""
    unknown = await shared_house.ask(make(subject=about(NOBODY)), hat)
    of_others = await shared_house.ask(make(subject=about(RON)), hat)

    assert unknown.status_code == 403
    assert shape(unknown) == shape(of_others)
    assert public(unknown) == public(of_others)


@pytest.mark.parametrize("bsn", [NOBODY, YUSUF])
async def test_behind_a_veil_they_are_the_no_of_who_is_known(debts: House, bsn: str) -> None:
    """Status, headers, size, body and entry are those of a "no" about somebody who is theirs."""
    no, other = await ask(debts, RON), await ask(debts, bsn)

    assert no.status_code == 200
    assert no.json()["data"][FIELD]["value"] is False
    assert shape(other) == shape(no)
    assert public(other) == public(no)


async def test_behind_a_veil_a_yes_is_still_given(debts: House, register: Path) -> None:
    """Who is theirs and is helped gets a "yes" of as many bytes, told what no means."""
    no = await ask(debts, RON)
    set_status(register, "lopend")

    yes = await ask(debts, RON)

    assert yes.json()["data"][FIELD]["value"] is True
    assert shape(yes)[2] == shape(no)[2]
    assert yes.json()["no_means"].startswith("Nee betekent hier")


async def test_the_same_key_gives_the_same_answer(debts: House) -> None:
    """An answer about somebody unknown is kept for a repeat, like any other."""
    body = {
        "task": "wgs-vroegsignalering",
        "activity": "eerste-gesprek-aanbieden",
        "purpose": PURPOSE,
        "subject": about(NOBODY),
    }
    headers = bearer(DEBTS) | {"idempotency-key": "nog-eens"}

    first = await debts.http.post("/v1/disclosures", json=body, headers=headers)
    again = await debts.http.post("/v1/disclosures", json=body, headers=headers)

    assert first.content == again.content


async def test_the_purpose_tells_its_requesters_what_no_means(debts: House) -> None:
    """Who may ask reads it beforehand; a purpose without a veil has no such sentence."""
    here = await debts.http.get(f"/v1/purposes/{PURPOSE}", headers=bearer(DEBTS))
    there = await debts.http.get(f"/v1/purposes/{PLAIN}", headers=bearer(DEBTS))

    assert here.json()["no_means"].startswith("Nee betekent hier")
    assert there.json()["no_means"] is None


async def test_who_left_does_not_get_an_old_yes_again(
    debts: House, register: Path, cases_file: Path
) -> None:
    """Under the same key whoever stands outside now hears the no of everybody outside."""
    set_status(register, "lopend")
    yes = await ask(debts, RON, key="sleutel-1")
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("UPDATE case_party SET until = '2020-01-01'")

    again = await ask(debts, RON, key="sleutel-1")

    assert yes.json()["data"][FIELD]["value"] is True
    assert again.json()["data"][FIELD]["value"] is False


async def test_a_no_is_repeated_alike_for_everybody(debts: House) -> None:
    """Inside and outside get the very same answer again: the same id tells nothing."""
    answers = [await ask(debts, bsn, key=f"sleutel-{bsn}") for bsn in (RON, NOBODY)]

    again = [await ask(debts, bsn, key=f"sleutel-{bsn}") for bsn in (RON, NOBODY)]

    assert [each.content for each in again] == [each.content for each in answers]
