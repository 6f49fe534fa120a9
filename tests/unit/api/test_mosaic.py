"""Attempts to learn by many small answers what no single one gives, and how each of them ends."""

import datetime as dt
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from audit.schema import check_schema
from gateway.catalogue.guard import Combination, Mosaic, Repeat
from gateway.identity.clients import Hat
from gateway.identity.counting import counting_key
from gateway.identity.keys import ensure_keys
from gateway.mosaic.store import SqlGuard, forget
from gateway.openings import registry_of
from gateway.subject import parse_bsn
from tests.builders import (
    CONSULTANT,
    HENK,
    SCHOOL,
    WMO,
    YUSUF,
    Body,
    House,
    feedback,
    flag,
    make_client,
    scooter,
)
from tests.fakes_inbox import answers, waiting
from tests.fakes_informing import break_glass
from tests.fakes_mosaic import BECAUSE, ONCE, PAIR

pytestmark = pytest.mark.anyio

FLAG, INTAKE = "lichte-of-zware-hulp", "hulpvraag-jeugd-afbakenen"
FIGURES = "doorlooptijd-participatieladder"
POLICY_MAKER, CLERK = Hat("gem-beleid", "beleidsadviseur"), Hat("gem-griffie", "raadsgriffier")
MANAGER = Hat("gem-werk-inkomen", "klantmanager-wi")
KARIMA = "999915563"
KARIMA_QUESTIONS: dict[str, tuple[Body, str, Body]] = {
    "before a measure": (
        {
            "task": "pw-afstemming",
            "activity": "maatregel-voorbereiden",
            "purpose": "verwijtbaarheid-beoordelen",
        },
        "belemmering_nakoming",
        {"claims": {"maatregel_voorgenomen": True}},
    ),
    "income": (
        {
            "task": "pw-bijstand",
            "activity": "recht-vaststellen",
            "purpose": "hoogte-bijstand-vaststellen",
        },
        "vermogen_boven_vrijlating",
        {},
    ),
}
DAY = dt.timedelta(days=1)
TEN = Repeat(10, 30, BECAUSE)


def intake(**changes: object) -> Body:
    """Return another question of the same organisation about the same child."""
    names = {"task": "jeugd-toeleiding", "activity": "verkennen-hulpvraag", "purpose": INTAKE}
    return flag(**{**names, **changes})


def let_in(house: House, hat: Hat) -> None:
    """Let somebody ask under this hat."""
    client = make_client(hat.organisation, frozenset({hat}))
    registry_of(house.settings).add(client)
    house.clients = {**house.clients, hat.organisation: client}


def about_karima(question: str, *, all_of_it: bool = False) -> Body:
    """Return one of two questions of work and income; all of it asks what has to be explained."""
    names, field, more = KARIMA_QUESTIONS[question]
    extra: Body = {
        "fields": [field],
        "justifications": {field: "De maatregel is voorgenomen en er loopt een heronderzoek."},
    }
    person = {"type": "bsn", "value": KARIMA}
    return {**names, "subject": person, **more, **(extra if all_of_it else {})}


def limited(house: House, *, mosaic: Mosaic | None = None, **repeats: Repeat) -> None:
    """Let this house go by these limits and no others."""
    gate = house.services.gate
    purposes = {
        name: replace(each, repeat=repeats.get(name.replace("-", "_")))
        for name, each in gate.catalogue.purposes.items()
    }
    policy = replace(gate.catalogue, purposes=MappingProxyType(purposes), mosaic=mosaic or Mosaic())
    house.rewire(replace(house.services, gate=replace(gate, catalogue=policy)))


def codes(response: httpx.Response) -> list[str]:
    """Return the outward codes of a refusal; none of an answer."""
    return [each["code"] for each in response.json().get("reasons", ())]


@pytest.fixture
async def ask_figures(house: House, register: Path) -> Callable[[Hat], Any]:
    """Give what asks the figures under a hat, of a group that is large enough."""
    with closing(sqlite3.connect(register)) as connection, connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(aggregaat)")]
        marks = ", ".join("?" * len(names))
        row = [None if name == "bsn" else 50 for name in names]
        connection.execute(f"INSERT INTO aggregaat VALUES ({marks})", row)  # noqa: S608
    client = make_client("beleid", frozenset({POLICY_MAKER, CLERK}))
    registry_of(house.settings).add(client)
    house.clients = {**house.clients, "beleid": client}
    body: Body = {"task": "gemw-beleid", "activity": "beleid-evalueren", "purpose": FIGURES}

    async def ask(hat: Hat) -> httpx.Response:
        return await house.ask(body, hat)

    return ask


async def test_polling_a_flag_does_not_show_when_it_flips(house: House) -> None:
    """Asked every hour for ten days, the flag is told at most twice, a week apart."""
    limited(house, lichte_of_zware_hulp=Repeat(2, 30, BECAUSE, 168))

    told: list[dt.datetime] = []
    for _ in range(240):
        if (await house.ask(flag())).status_code == 200:
            told.append(house.clock.at)
        house.clock.at += dt.timedelta(hours=1)

    assert len(told) == 2
    assert told[1] - told[0] == 7 * DAY


async def test_a_limit_counts_over_the_roles_and_clients_of_an_organisation(house: House) -> None:
    """A colleague, or the same person once more, gets what the organisation has left: nothing."""
    limited(house, lichte_of_zware_hulp=ONCE)
    colleague = {"authorization": f"Bearer {house.token(CONSULTANT, 'medewerker-8')}"}

    first = await house.ask(flag())
    second = await house.http.post("/v1/disclosures", json=flag(), headers=colleague)

    assert first.status_code == 200
    assert codes(second) == ["ASKED_TOO_OFTEN"]
    assert second.json()["reasons"][0]["again_from"] == "2026-04-02"


async def test_two_schools_do_not_stand_in_each_others_way(house: House) -> None:
    """Another organisation has a count of its own, and so has another person."""
    limited(house, weten_dat_leerling_geholpen_wordt=ONCE, hulpvraag_afbakenen=ONCE)

    answered = [await house.ask(feedback(), SCHOOL), await house.ask(scooter(), WMO)]
    refused = [await house.ask(feedback(), SCHOOL), await house.ask(scooter(), WMO)]

    assert [each.status_code for each in answered] == [200, 200]
    assert [codes(each) for each in refused] == [["ASKED_TOO_OFTEN"]] * 2


async def test_a_repeat_under_the_same_key_does_not_count(house: House) -> None:
    """The answer of the first call comes again, as often as it is asked, and takes one place."""
    limited(house, lichte_of_zware_hulp=Repeat(2, 30, BECAUSE))

    same = [await house.ask(flag(), idempotency_key="een") for _ in range(4)]
    other = await house.ask(flag())

    assert {each.json()["disclosure_id"] for each in same} == {same[0].json()["disclosure_id"]}
    assert other.status_code == 200
    assert codes(await house.ask(flag())) == ["ASKED_TOO_OFTEN"]


async def test_purposes_that_do_not_go_together_are_not_combined(house: House) -> None:
    """The other half is refused in the words of a repeat, to the requester and in the ledger."""
    together = replace(PAIR, purposes=frozenset({FLAG, INTAKE}))
    limited(
        house,
        lichte_of_zware_hulp=TEN,
        hulpvraag_jeugd_afbakenen=TEN,
        mosaic=Mosaic(never_together=(together,)),
    )

    first = await house.ask(intake())
    size = house.size
    second = await house.ask(flag())
    house.clock.at += 30 * DAY
    third = await house.ask(flag())

    assert [first.status_code, third.status_code] == [200, 200]
    assert codes(second) == ["ASKED_TOO_OFTEN"]
    assert house.leaves(size)[0]["refused"] == [{"code": "ASKED_TOO_OFTEN", "step": 3}]


async def test_fields_are_not_put_together_over_purposes(house: House) -> None:
    """Fields that are never given at once are not given one after the other either."""
    fields = frozenset({"specialisatie_ingezet", "lopende_jeugdhulp"})
    limited(
        house,
        lichte_of_zware_hulp=TEN,
        hulpvraag_jeugd_afbakenen=TEN,
        mosaic=Mosaic(never_together=(Combination(frozenset(), fields, 30, BECAUSE),)),
    )

    answered = [await house.ask(flag()), await house.ask(intake(fields=["leeftijd_jaren"]))]
    refused = await house.ask(intake(fields=["leeftijd_jaren", "lopende_jeugdhulp"]))

    assert [each.status_code for each in answered] == [200, 200]
    assert codes(refused) == ["ASKED_TOO_OFTEN"]


@pytest.mark.parametrize(
    ("first", "second"), [("before a measure", "income"), ("income", "before a measure")]
)
async def test_help_and_control_do_not_meet_in_one_organisation(
    house: House, first: str, second: str
) -> None:
    """Whichever came first, the policy of the project holds the other for ninety days."""
    let_in(house, MANAGER)

    answered = await house.ask(about_karima(first, all_of_it=True), MANAGER)
    refused = await house.ask(about_karima(second, all_of_it=True), MANAGER)
    usual = await house.ask(about_karima(second), MANAGER)

    assert [answered.status_code, usual.status_code] == [200, 200]
    assert codes(refused) == ["ASKED_TOO_OFTEN"]
    assert refused.json()["reasons"][0]["again_from"] == "2026-06-01"


async def test_figures_are_not_asked_twice_to_be_subtracted(
    house: House, ask_figures: Callable[[Hat], Any]
) -> None:
    """A day later there is no second answer to hold against the first, for this organisation."""
    limited(house, doorlooptijd_participatieladder=Repeat(12, 365, BECAUSE, 168))

    first = await ask_figures(POLICY_MAKER)
    house.clock.at += DAY
    second = await ask_figures(POLICY_MAKER)
    house.clock.at += 6 * DAY
    third = await ask_figures(POLICY_MAKER)

    assert [first.status_code, codes(second), third.status_code] == [200, ["COOLING_DOWN"], 200]


async def test_the_ledger_alone_tells_how_much_of_a_budget_is_spent(
    house: House, ask_figures: Callable[[Hat], Any]
) -> None:
    """Recounted from the entries, every answer says what the entries before it come to."""
    limited(house, doorlooptijd_participatieladder=Repeat(3, 365, BECAUSE))
    size = house.size

    asked = [
        await ask_figures(hat)
        for hat in (POLICY_MAKER, CLERK, POLICY_MAKER, POLICY_MAKER, CLERK, POLICY_MAKER)
    ]

    recounted: Counter[str] = Counter()
    for leaf in house.leaves(size):
        check_schema(leaf)
        if leaf["type"] == "disclosure":
            recounted[leaf["organisation"]] += 1
            used = recounted[leaf["organisation"]]
            assert leaf["budget"] == {"used": used, "of": 3, "days": 365}
    assert sorted(recounted.values()) == [2, 3]
    assert codes(asked[-1]) == ["BUDGET_SPENT"]


async def test_an_answer_from_the_inbox_counts_once(waiting_house: House) -> None:
    """Asked, and collected twice, it is the one answer; the next question is too many."""
    limited(waiting_house, lichte_of_zware_hulp=ONCE)
    first = await waiting(waiting_house)
    await answers(waiting_house, first, {"answer": "yes"})

    collected = [await waiting_house.get(f"/v1/disclosures/{first}") for _ in range(2)]
    refused = await waiting_house.ask(flag())

    assert [each.status_code for each in collected] == [200, 200]
    assert collected[0].json()["receipt"] == collected[1].json()["receipt"]
    assert codes(refused) == ["ASKED_TOO_OFTEN"]


async def test_an_emergency_is_counted_and_not_stopped(house: House) -> None:
    """Two in a row go past the limit of one, and both stand in the count."""
    limited(house, veiligheid_laten_beoordelen=ONCE)

    urgent = [await break_glass(house) for _ in range(2)]

    key = counting_key(ensure_keys(house.settings.home / "keys", random=os.urandom).idempotency)
    assert [each.status_code for each in urgent] == [200, 200]
    assert await forget(house.services.book, key, parse_bsn(HENK)) == 2


async def test_a_gateway_counts_from_its_first_start(house: House, cases_file: Path) -> None:
    """The wiring itself holds a guard over the case store, under a key of its own."""
    limited(house, lichte_of_zware_hulp=ONCE)
    await house.ask(flag())

    with closing(sqlite3.connect(cases_file)) as connection:
        [(organisation, subject)] = connection.execute(
            "SELECT organisation, subject FROM counted_answer"
        )

    assert isinstance(house.services.gate.guard, SqlGuard)
    assert organisation == CONSULTANT.organisation
    assert YUSUF not in subject
