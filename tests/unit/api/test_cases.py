"""Cases over HTTP: begin, find, look, take steps; and what a stranger learns, which is nothing."""

import datetime as dt

import pytest

from audit.errors import LedgerBusy
from gateway.identity.clients import Hat
from tests.builders import CONSULTANT, HENK, House, about
from tests.case_house import CARE, COORDINATOR, TEAM, look, post, recording
from tests.fakes_cases import MemoryLedger

pytestmark = pytest.mark.anyio

MIRJAM = "999925799"
IN_GROUPS = "9999.25.799"
CASE = {"kind": "werkplan", "beginning": "own_request", "subject": about(HENK)}
JOIN = {"step": "join", "organisation": "ggz-rivierzicht", "role": "spv-ggz"}
LEAVE = JOIN | {"step": "leave"}
PLAN: dict[str, object] = {"step": "advance", "phase": "werkplan"}
TRIED = {"tried_on": "2026-03-01", "attempts": 2, "severity": "zorgmijding"}
CLOSE: dict[str, object] = {"step": "close"}


@pytest.fixture
def ledger(house: House) -> MemoryLedger:
    """Give the ledger that steps of this house are recorded in."""
    return recording(house)


async def begun(house: House, bsn: str = HENK) -> str:
    """Begin a case and return its id."""
    response = await post(house, "/v1/cases", CASE | {"subject": about(bsn)}, TEAM)
    return str(response.json()["id"])


async def test_a_case_begins(house: House, ledger: MemoryLedger) -> None:
    """Its beginner gets an id, a version, a receipt and what its part needs."""
    response = await post(house, "/v1/cases", CASE, TEAM)
    body = response.json()

    assert (response.status_code, response.headers["etag"]) == (201, '"1"')
    assert (body["version"], body["case"]["phase"]) == (1, "verkenning")
    assert body["receipt"]["proof"] == "proof"
    assert HENK not in response.text
    assert ledger.steps == ["begun"]


@pytest.mark.parametrize(
    ("change", "hat", "status", "code"),
    [
        ({}, CARE, 409, "BEGINNER_NOT_ALLOWED"),
        ({"beginning": "signal"}, CARE, 409, "LAW_NOT_IN_FORCE"),
        ({"kind": "onbekend"}, TEAM, 409, "CASE_KIND_UNKNOWN"),
        ({"subject": about("999925798")}, TEAM, 400, None),
        ({"beginning": "zomaar"}, TEAM, 400, None),
        ({"extra": 1}, TEAM, 400, None),
        ({"signal": {"tried_on": "gisteren", "attempts": 1, "severity": "x"}}, TEAM, 400, None),
        ({"signal": TRIED}, TEAM, 400, None),
    ],
)
@pytest.mark.usefixtures("ledger")
async def test_a_case_does_not_begin_otherwise(
    house: House, change: dict[str, object], hat: Hat, status: int, code: str | None
) -> None:
    """Rules refuse with a code and plain words; a body that is none is a 400 without its values."""
    response = await post(house, "/v1/cases", CASE | change, hat)
    problem = response.json()

    assert (response.status_code, problem.get("code")) == (status, code)
    assert problem["detail"] != problem["detail_en"]
    assert "999925798" not in response.text


async def test_no_second_case_beside_ones_own(house: House, ledger: MemoryLedger) -> None:
    """Who takes part in one is told which; another party in it as well, and each look recorded."""
    case = await begun(house)

    answers = [await post(house, "/v1/cases", CASE, hat) for hat in (TEAM, COORDINATOR)]

    assert [each.status_code for each in answers] == [409, 409]
    assert {each.json()["case"] for each in answers} == {case}
    assert {each.json()["type"] for each in answers} == {"urn:doelpoort:problem:case-running"}
    assert "vraag de coördinator van de casus om u toe te laten" in answers[1].json()["detail"]
    assert ledger.steps == ["begun", "read", "read"]


async def test_a_signal_brings_what_was_tried(house: House, ledger: MemoryLedger) -> None:
    """The conversation that was tried first is read; the law then says whether it may."""
    response = await post(house, "/v1/cases", CASE | {"beginning": "signal", "signal": TRIED})

    assert response.json()["code"] == "LAW_NOT_IN_FORCE"
    assert ledger.steps == []


ALL_STEPS: list[dict[str, object]] = [
    JOIN | {"trajectory": "wmo-begeleiding", "tasks": ["wmo-begeleiding"], "mandate": "Overleg"},
    PLAN,
    {
        "step": "agree",
        "organisation": "ggz-rivierzicht",
        "action": "Belt.",
        "until": "2026-04-01",
        "next_on": "2026-03-05",
    },
    {"step": "progress", "agreement": 1, "status": "loopt", "next_on": "2026-03-09"},
    {"step": "fulfil", "agreement": 1},
    {"step": "stall"},
    {"step": "resume"},
    {
        "step": "end_trajectory",
        "organisation": "ggz-rivierzicht",
        "trajectory": "wmo-begeleiding",
    },
    {"step": "leave", "organisation": "wijkteam-noord", "role": "regisseur-wijkteam"},
    CLOSE,
]


BELLS = {
    "number": 1,
    "organisation": "ggz-rivierzicht",
    "action": "Belt.",
    "until": "2026-04-01",
}


async def test_steps_go_from_version_to_version(house: House, ledger: MemoryLedger) -> None:
    """Each step names the version it comes from; every kind of step is told to the machine."""
    case = await begun(house)
    answers = [
        await post(house, f"/v1/cases/{case}/steps", body, version=version)
        for version, body in enumerate(ALL_STEPS, start=1)
    ]

    assert [answer.status_code for answer in answers] == [200] * 10
    assert answers[-1].json()["version"] == 11
    assert [each.json()["case"]["is_stalled"] for each in answers[4:7]] == [False, True, False]
    assert [each.json()["case"]["agreements"] for each in answers[2:5]] == [
        [BELLS | {"status": "gepland", "next_on": "2026-03-05", "is_done": False}],
        [BELLS | {"status": "loopt", "next_on": "2026-03-09", "is_done": False}],
        [BELLS | {"status": "gereed", "next_on": None, "is_done": True}],
    ]
    assert ledger.steps == [
        "begun",
        "joined",
        "advanced",
        "agreed",
        "progressed",
        "fulfilled",
        "stalled",
        "resumed",
        "trajectory_ended",
        "left",
        "closed",
    ]


@pytest.mark.usefixtures("ledger")
async def test_the_second_of_two_steps_is_told_the_current_version(house: House) -> None:
    """Two coordinators at once lose nothing: 409 with the version that is there now."""
    case = await begun(house)
    await post(house, f"/v1/cases/{case}/steps", JOIN, version=1)

    response = await post(house, f"/v1/cases/{case}/steps", PLAN, version=1)

    assert (response.status_code, response.json()["version"]) == (409, 2)


@pytest.mark.parametrize("version", [None, 0])
@pytest.mark.usefixtures("ledger")
async def test_a_step_without_a_version_is_no_request(house: House, version: int | None) -> None:
    """Nobody changes a case without saying which version they saw."""
    case = await begun(house)

    response = await post(house, f"/v1/cases/{case}/steps", PLAN, version=version)

    assert response.status_code == 400
    assert response.json()["errors"][0]["member"] == "If-Match"


@pytest.mark.parametrize(
    "body",
    [
        {"step": "zomaar"},
        {"step": "close", "extra": 1},
        {"step": "agree", "organisation": "gem-regie", "action": f"Bel {MIRJAM}."},
        {"step": "agree", "organisation": "gem-regie", "action": f"Bel {IN_GROUPS}."},
        {"step": "advance", "phase": "gesloten"},
        {},
    ],
)
@pytest.mark.usefixtures("ledger")
async def test_a_step_that_is_none_is_refused(house: House, body: object) -> None:
    """An unknown step or member, a number of a person in a text: none is echoed."""
    case = await begun(house)

    response = await post(house, f"/v1/cases/{case}/steps", body, version=1)

    assert response.status_code == 400
    assert MIRJAM not in response.text
    assert IN_GROUPS not in response.text


@pytest.mark.parametrize("action", ["Bel voor 2026-12-31 2 keer.", "Betaal 1.000.000,25 euro."])
@pytest.mark.usefixtures("ledger")
async def test_days_and_amounts_are_no_numbers_of_a_person(house: House, action: str) -> None:
    """An agreement may hold digits in groups that are no BSN."""
    case = await begun(house)
    await post(house, f"/v1/cases/{case}/steps", PLAN, version=1)
    agreed = {"step": "agree", "organisation": "gem-regie", "action": action}

    response = await post(house, f"/v1/cases/{case}/steps", agreed, version=2)

    assert response.status_code == 200


@pytest.mark.usefixtures("ledger")
async def test_a_number_that_is_no_bsn_is_named(house: House) -> None:
    """Who mistypes the number of a person hears which member to look at, and not what it held."""
    response = await post(house, "/v1/case-searches", {"subject": about("999925798")})

    assert response.status_code == 400
    assert [each["member"] for each in response.json()["errors"]] == ["subject.value"]
    assert "999925798" not in response.text


@pytest.mark.usefixtures("ledger")
async def test_a_party_sees_what_its_part_needs(house: House) -> None:
    """Without consent to share it sees itself; the coordinator sees the table."""
    case = await begun(house, HENK)
    await post(house, f"/v1/cases/{case}/steps", JOIN, version=1)

    mine = await look(house, case, CARE)
    all_of_it = await look(house, case)

    assert mine.headers["etag"] == '"2"'
    assert [party["organisation"] for party in mine.json()["parties"]] == ["ggz-rivierzicht"]
    assert len(all_of_it.json()["parties"]) == 3


@pytest.mark.usefixtures("ledger")
async def test_who_left_gets_nothing_at_once(house: House) -> None:
    """The answer to leaving shows no case, and after it there is none for who left."""
    case = await begun(house)
    await post(house, f"/v1/cases/{case}/steps", JOIN, version=1)

    left = await post(house, f"/v1/cases/{case}/steps", LEAVE, CARE, version=2)

    assert (left.status_code, left.json()["case"]) == (200, None)
    assert (await look(house, case, CARE)).status_code == 404


@pytest.mark.usefixtures("ledger")
async def test_a_stranger_and_a_missing_case_look_the_same(house: House) -> None:
    """For who takes no part there is no case, whatever id it names."""
    case = await begun(house)

    answers = [await look(house, name, CONSULTANT) for name in (case, "0" * 32)]
    step = await post(house, f"/v1/cases/{case}/steps", CLOSE, CONSULTANT, version=1)
    odd = await post(house, "/v1/cases/nergens/steps", CLOSE, version=1)

    assert {answer.status_code for answer in (*answers, step, odd)} == {404}
    assert len({answer.content for answer in (*answers, step, odd)}) == 1


@pytest.mark.usefixtures("ledger")
async def test_a_search_finds_ones_own_cases_only(house: House) -> None:
    """The number of the person travels in the body, and what comes back holds none of it."""
    mine = await post(house, "/v1/case-searches", {"subject": about(MIRJAM)}, CARE)
    nothing = await post(house, "/v1/case-searches", {"subject": about(MIRJAM)}, CONSULTANT)

    assert [found["label"] for found in mine.json()] == ["C-111w"]
    assert nothing.json() == []
    assert MIRJAM not in mine.text


async def test_no_entry_no_step(house: House, ledger: MemoryLedger) -> None:
    """What cannot be recorded is a 503, and did not happen."""
    case = await begun(house)
    ledger.failures = [LedgerBusy("scripted"), LedgerBusy("scripted")]

    step = await post(house, f"/v1/cases/{case}/steps", JOIN, version=1)
    view = await look(house, case)

    assert (step.status_code, view.status_code) == (503, 503)
    assert (await look(house, case)).json()["version"] == 1


TASKFORCE = Hat("gem-taskforce1627", "taskforce-lid")
URGENT = {"kind": "taskforce-16-27", "beginning": "own_request", "subject": about(HENK)}


async def test_by_when_it_must_be_decided_is_shown(house: House, ledger: MemoryLedger) -> None:
    """In the case, in a search and in the health of the gateway; a decision ends it."""
    before = await house.http.get("/v1/health")  # One of the invented clients waits already.
    begun = await post(house, "/v1/cases", URGENT, TASKFORCE)
    due = begun.json()["case"]["due"]
    house.clock.at += dt.timedelta(days=1)
    late = await house.http.get("/v1/health")
    [found] = (await post(house, "/v1/case-searches", {"subject": about(HENK)}, TASKFORCE)).json()
    path = f"/v1/cases/{begun.json()['id']}"
    decided = await post(house, f"{path}/steps", {"step": "decide"}, TASKFORCE, version=1)
    after = await house.http.get("/v1/health")

    assert due == {"decide_by": "2026-03-02", "decided_on": None, "is_overdue": False}
    assert found["due"] == due | {"is_overdue": True}
    assert decided.json()["case"]["due"] == due | {"decided_on": "2026-03-03"}
    assert [each.json()["cases_overdue"] for each in (before, late, after)] == [1, 2, 1]
    assert ledger.steps == ["begun", "read", "decided"]


async def test_a_case_without_a_term_has_nothing_due(house: House, ledger: MemoryLedger) -> None:
    """The refusing twin: there is nothing to decide in it, and nothing is too late."""
    case = await begun(house)
    refused = await post(house, f"/v1/cases/{case}/steps", {"step": "decide"}, version=1)
    shown = await look(house, case)

    assert (refused.status_code, refused.json()["code"]) == (409, "NOTHING_TO_DECIDE")
    assert shown.json()["due"] is None
    assert ledger.steps == ["begun", "read"]
