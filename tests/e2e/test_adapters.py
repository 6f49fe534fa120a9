"""Whole gateways over every kind of source: the same answers, and none when a source fails."""

import logging
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.demo.data import load_clients
from gateway.identity.clients import Hat
from gateway.openings import registry_of
from gateway.sources import breaker
from gateway.wiring import utc_now
from tests.adapter_house import ADAPTERS, FAILURES, Behind, clients_behind, open_over, serve_over
from tests.builders import (
    CONSULTANT,
    NOBODY,
    ROOT,
    WMO,
    YUSUF,
    Body,
    House,
    about,
    flag,
    make_client,
    scooter,
)
from tests.counterparts.failing import Failure
from tests.postgresql_server import Server, running

pytestmark = pytest.mark.anyio

# What the register says of Yusuf, and no policy lets out.
SECRETS = ("ODD-vermoeden", "behandelplan van 11", "gezin belt oma", "Wilgenlaan", "999911259")
INCOME = Hat("gem-werk-inkomen", "medewerker-bijzondere-bijstand")
WITH_INCOME = "999923456"
HEARING = [name for name in ADAPTERS if name in {"postgresql", "brp", "fhir"}]


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """Give a PostgreSQL server of our own."""
    with running() as server:
        yield server


def server_of(request: pytest.FixtureRequest, adapter: str) -> Server | None:
    """Return the server that an adapter needs, if it needs one."""
    return request.getfixturevalue("database") if adapter == "postgresql" else None


@pytest.fixture(params=ADAPTERS)
def everything(
    request: pytest.FixtureRequest, register_template: Path, tmp_path: Path
) -> Iterator[Behind]:
    """Give all that each adapter in turn can hold."""
    server = server_of(request, request.param)
    with clients_behind(
        request.param, tmp_path / "bron", register=register_template, server=server
    ) as behind:
        yield behind


@pytest.fixture(params=ADAPTERS)
def one_table(
    request: pytest.FixtureRequest, register_template: Path, tmp_path: Path
) -> Iterator[Behind]:
    """Give each adapter with what a request about Yusuf needs of it; the rest is in a register."""
    only = {"brp"} if request.param == "brp" else {"jeugdhulp_traject"}
    server = server_of(request, request.param)
    with clients_behind(
        request.param, tmp_path / "bron", register=register_template, server=server, only=only
    ) as behind:
        yield behind


def exploration(**changes: object) -> Body:
    """Return the request about the age, custody and running help of Yusuf: two tables at once."""
    body: Body = {
        "task": "jeugd-toeleiding",
        "activity": "verkennen-hulpvraag",
        "purpose": "hulpvraag-jeugd-afbakenen",
        "subject": about(YUSUF),
        "fields": ["leeftijd_jaren", "gezag_bekend", "lopende_jeugdhulp"],
    }
    return body | changes


QUESTIONS = {"exploration": (exploration(), CONSULTANT), "flag": (flag(), CONSULTANT),
             "scooter": (scooter(), WMO)}  # fmt: skip


def values_in(answer: dict[str, Any]) -> dict[str, object]:
    """Return the values of an answer, by field."""
    return {name: each["value"] for name, each in answer["data"].items()}


async def assert_refused(house: House, body: Body) -> httpx.Response:
    """Check that a request is refused for a technical reason, and that this stands in the log."""
    before = house.size

    response = await house.ask(body)

    (leaf,) = house.leaves(before)
    (reason,) = response.json()["reasons"]
    assert (response.status_code, leaf["type"]) == (403, "refusal")
    assert reason["code"] in {"SOURCE_FAILED", "FACT_MISSING"}
    assert leaf["refused"] == [{"code": reason["code"], "step": 0}]
    assert "data" not in response.json()
    return response


@pytest.fixture
async def whole(everything: Behind, tmp_path: Path) -> AsyncIterator[House]:
    """Give a gateway over all that an adapter can hold."""
    async with open_over(everything, tmp_path / "over") as house:
        yield house


@pytest.fixture
async def over(one_table: Behind, tmp_path: Path) -> AsyncIterator[House]:
    """Give a gateway over an adapter beside a register."""
    async with open_over(one_table, tmp_path / "over") as house:
        yield house


async def test_every_adapter_gives_the_answers_of_the_demo(
    whole: House, shared_house: House
) -> None:
    """What leaves does not depend on where it came from; a refusal neither."""
    asked = [*QUESTIONS.values(), (exploration(subject=about(NOBODY)), CONSULTANT)]

    given = [(await whole.ask(*each)).json() for each in asked]
    expected = [(await shared_house.ask(*each)).json() for each in asked]

    assert [values_in(each) for each in given[:3]] == [values_in(each) for each in expected[:3]]
    assert values_in(given[0]) == {
        "leeftijd_jaren": 14, "gezag_bekend": True, "lopende_jeugdhulp": True
    }  # fmt: skip
    assert given[3]["reasons"] == expected[3]["reasons"]


async def test_a_source_is_not_asked_for_a_request_that_is_refused(
    over: House, one_table: Behind
) -> None:
    """Whoever may not ask makes no source hear of the person."""
    heard = len(one_table.heard())

    response = await over.ask(flag(fields=["diagnose_code"]))

    assert response.status_code == 403
    assert [each for each in one_table.heard()[heard:] if "diagnose" in each] == []


async def test_a_source_hears_of_the_permitted_columns_alone(
    over: House, one_table: Behind
) -> None:
    """Where a counterpart can be listened to, it never hears the name of another column."""
    heard = len(one_table.heard())

    await over.ask(flag())

    told = one_table.heard()[heard:]
    assert [each for each in told if "diagnose_code" in each or "naam" in each] == []
    assert bool(told) is (one_table.adapter in HEARING)


BROKEN = [
    (adapter, failure)
    for adapter in ADAPTERS
    for failure in sorted(FAILURES[adapter] - {Failure.WRONG_TYPES})
]
ON_THE_WEB = [adapter for adapter in ADAPTERS if Failure.REDIRECTS in FAILURES[adapter]]


@pytest.mark.parametrize(("one_table", "failure"), BROKEN, indirect=["one_table"])
async def test_a_failing_source_refuses_and_tells_nothing(
    over: House, one_table: Behind, failure: Failure, caplog: pytest.LogCaptureFixture
) -> None:
    """However it fails: refused, recorded, and nothing of the person in answer, log or leaf."""
    caplog.set_level(logging.DEBUG)
    before = over.size
    one_table.fail(failure)

    response = await assert_refused(over, flag())
    one_table.recover()
    again = await over.ask(flag())

    told = f"{response.text}{caplog.text}{over.leaves(before)}"
    assert [secret for secret in (*SECRETS, YUSUF) if secret in told] == []
    assert again.status_code == 200


@pytest.mark.parametrize("one_table", ON_THE_WEB, indirect=True)
async def test_a_redirect_is_not_followed(over: House, one_table: Behind) -> None:
    """The place that a source points to never hears anything."""
    one_table.fail(Failure.REDIRECTS)

    await assert_refused(over, flag())

    assert one_table.elsewhere() == []


async def test_values_of_another_type_are_unknown(
    over: House, one_table: Behind, caplog: pytest.LogCaptureFixture
) -> None:
    """They do not leave and are counted in the log; an age that is none refuses."""
    caplog.set_level(logging.DEBUG)
    one_table.fail(Failure.WRONG_TYPES)

    response = await over.ask(flag())

    if one_table.adapter == "brp":
        assert response.json()["reasons"][0]["code"] == "FACT_MISSING"
    else:
        assert values_in(response.json()) == {"specialisatie_ingezet": None}
    assert "have another type" in caplog.text
    assert [s for s in (*SECRETS, YUSUF) if s in response.text + caplog.text] == []


@pytest.fixture
def slow_plans(register_template: Path, tmp_path: Path) -> Iterator[Behind]:
    """Give a FHIR server with plans beside a register with the rest."""
    with clients_behind(
        "fhir", tmp_path / "bron", register=register_template, only={"jeugdhulp_traject"}
    ) as behind:
        yield behind


class Ticking:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time that a test set."""
        return self.now_s


async def test_the_circuit_opens_and_closes(slow_plans: Behind, tmp_path: Path) -> None:
    """After failures in a row nobody knocks for a while; then one question tries, and all pass."""
    clock = Ticking()
    async with open_over(slow_plans, tmp_path / "over", monotonic_s=clock) as house:
        slow_plans.fail(Failure.REDIRECTS)
        for _ in range(breaker.FAILURES):
            await assert_refused(house, flag())
        slow_plans.recover()
        heard = len(slow_plans.heard())

        await assert_refused(house, flag())
        left_alone = len(slow_plans.heard()) - heard
        clock.now_s += breaker.PAUSE_S
        tried = [(await house.ask(flag())).status_code for _ in range(2)]

    assert left_alone == 0
    assert tried == [200, 200]


async def test_one_deadline_holds_for_all_sources(slow_plans: Behind, tmp_path: Path) -> None:
    """A fast source does not wait for a slow one any longer than the request may take."""
    async with open_over(slow_plans, tmp_path / "over") as house:
        slow_plans.fail(Failure.SILENT)
        began = time.monotonic()
        await assert_refused(house, exploration())
        took = time.monotonic() - began
        slow_plans.recover()

        again = await house.ask(exploration())

    assert 1.0 < took < 2.5
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("failing", "values"),
    [
        ("schuldhulp_traject", {"inkomen_onder_110_procent": False, "sanering_of_beslag": None}),
        ("inkomen", {"inkomen_onder_110_procent": None, "sanering_of_beslag": True}),
    ],
)
async def test_where_the_purpose_says_so_a_silent_source_is_unknown(
    register_template: Path, tmp_path: Path, failing: str, values: dict[str, object]
) -> None:
    """The flags of the source that answers leave, the others are unknown."""
    with clients_behind(
        "fhir", tmp_path / "bron", register=register_template, only={failing}
    ) as behind:
        purposes = saying(tmp_path / "purposes", "when_silent: unknown")
        async with open_over(behind, tmp_path / "over", purposes=purposes) as house:
            behind.fail(Failure.DIES)

            response = await ask_income(house)

    assert response.status_code == 200
    assert values_in(response.json()) == values


async def test_else_one_silent_source_refuses_all(register_template: Path, tmp_path: Path) -> None:
    """Without that word of the policy, half an answer is no answer."""
    with clients_behind(
        "fhir", tmp_path / "bron", register=register_template, only={"inkomen"}
    ) as behind:
        async with open_over(behind, tmp_path / "over") as house:
            behind.fail(Failure.DIES)
            before = house.size

            response = await ask_income(house)
            leaves = house.leaves(before)

    assert response.status_code == 403
    assert [each["refused"] for each in leaves] == [[{"code": "SOURCE_FAILED", "step": 0}]]


async def test_a_database_computes_on_which_side_of_a_limit_somebody_is(
    database: Server, register_template: Path, tmp_path: Path
) -> None:
    """An expression in the mapping keeps the percentage itself at the source."""
    plain = "{at: percentage_sociaal_minimum, type: integer}"
    computed = (
        '{sql: "CASE WHEN percentage_sociaal_minimum <= 110 THEN 110'
        ' WHEN percentage_sociaal_minimum > 110 THEN 111 END", type: integer}'
    )
    with clients_behind(
        "postgresql", tmp_path / "bron", register=register_template, server=database,
        only={"inkomen"},
    ) as behind:  # fmt: skip
        text = behind.mapping.read_text("utf-8")
        behind.mapping.write_text(text.replace(plain, computed), "utf-8")
        async with open_over(behind, tmp_path / "over") as house:
            response = await ask_income(house)
            heard = behind.heard()

    assert plain in text
    assert values_in(response.json())["inkomen_onder_110_procent"] is False
    assert any("THEN 110 WHEN" in each for each in heard)
    assert not any('."percentage_sociaal_minimum"' in each for each in heard)


def saying(folder: Path, line: str) -> Path:
    """Return a copy of the purposes in which the test on income says one thing more."""
    shutil.copytree(ROOT / "purposes", folder)
    file = folder / "werk-en-inkomen" / "onder-110-procent.yaml"
    file.write_text(f"{file.read_text('utf-8')}{line}\n", "utf-8")
    return folder


async def ask_income(house: House) -> httpx.Response:
    """Ask both flags of the test on income, as the one who may."""
    client = make_client("inkomen", frozenset({INCOME}))
    registry_of(house.settings).add(client)
    token = house.issuer.issue(client, INCOME, "medewerker-7", now=house.clock()).token
    body = {
        "task": "pw-bijzondere-bijstand",
        "activity": "centrale-inkomenstoets",
        "purpose": "onder-110-procent",
        "subject": about(WITH_INCOME),
        "fields": ["inkomen_onder_110_procent", "sanering_of_beslag"],
    }
    headers = {"authorization": f"Bearer {token}"}
    return await house.http.post("/v1/disclosures", json=body, headers=headers)


@pytest.mark.parametrize(
    ("adapter", "heard"), [("brp", "geboorte.datum"), ("fhir", "_elements=extension")]
)
def test_a_served_gateway_shows_its_certificate_and_its_token(
    tmp_path: Path, adapter: str, heard: str
) -> None:
    """`doelpoort serve` over a guarded source answers, and trusts no other certificate."""
    register = tmp_path / "bron.db"
    load_clients(ROOT / "deploy" / "demo" / "clients.json", register, utc_now().date())
    with (
        clients_behind(adapter, tmp_path / "bron", register=register, secured=True) as behind,
        serve_over(behind, tmp_path) as gateway,
    ):
        answer = gateway.ask(exploration())
        behind.fail(Failure.FOREIGN_CERTIFICATE)
        refused = gateway.ask(exploration())
        behind.recover()
        again = gateway.ask(exploration())
        asked = behind.heard()

    assert values_in(answer.json())["leeftijd_jaren"] == 14
    assert refused.status_code == 403
    assert refused.json()["reasons"][0]["code"] == "FACT_MISSING"
    assert again.status_code == 200
    assert any(heard in each for each in asked)
