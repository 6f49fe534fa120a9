"""Several recipients at one table: each its own view, and everybody or nobody."""

import datetime as dt
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import httpx
import pytest
from typing_extensions import override

from audit.entry import Draft, Receipt
from audit.errors import AppendFailed
from audit.ledger import Ledger
from gateway.api.state import desk_of
from gateway.decision.decide import Decider
from gateway.decision.model import Decision, Permit, Question
from gateway.identity.clients import Hat
from gateway.openings import registry_of
from gateway.table.flow import forget
from tests.builders import (
    Body,
    House,
    about,
    make_client,
    open_house,
    settings_of,
)

pytestmark = pytest.mark.anyio

PERSON, SOMEBODY_ELSE = "999925799", "999911235"
COORDINATOR = Hat("gem-regie", "casuscoordinator")
TEAM = Hat("wijkteam-noord", "regisseur-wijkteam")
CARE = Hat("ggz-rivierzicht", "spv-ggz")
LANDLORD = Hat("corporatie-woonvast", "corporatie-consulent")
SEATS = frozenset({COORDINATOR, TEAM, CARE, LANDLORD})


@pytest.fixture
async def table_house(register: Path, cases_file: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Give a gateway with a client for everybody at the table."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    client = make_client("tafel", SEATS)
    registry_of(settings_of(home, source=register, cases=cases_file)).add(client)
    async with open_house(home, source=register, cases=cases_file) as opened:
        opened.clients = {**opened.clients, "tafel": client}
        yield opened


@pytest.fixture
def case_id(cases_file: Path) -> str:
    """Give the id of the case with a werkplan."""
    with closing(sqlite3.connect(cases_file)) as connection:
        [(found,)] = connection.execute("SELECT id FROM case_record WHERE kind = 'werkplan'")
    return str(found)


def seat(hat: Hat, professional: str = "medewerker-7", **changes: object) -> Body:
    """Return somebody at the table, who asks for the progress of the agreements."""
    members: Body = {
        "organisation": hat.organisation,
        "role": hat.role,
        "professional": professional,
        "task": "integrale-afstemming",
        "activity": "werkplan-afstemmen",
        "purpose": "voortgang-afspraken",
    }
    return members | changes


async def share(
    house: House, case: str, *seats: Body, hat: Hat = COORDINATOR, bsn: str = PERSON
) -> httpx.Response:
    """Share with these people."""
    body = {"case": case, "subject": about(bsn), "recipients": list(seats)}
    return await house.http.post("/v1/tables", json=body, headers=house.headers(hat))


async def shared(house: House, case: str, *seats: Body) -> list[str]:
    """Share with these people and return the ids of their views."""
    response = await share(house, case, *seats)
    assert response.status_code == 201, response.text
    return [each["disclosure_id"] for each in response.json()["recipients"]]


async def test_everybody_gets_a_view_of_their_own(table_house: House, case_id: str) -> None:
    """Each recipient has its own entry and fetches its own fields, with its own token."""
    size = table_house.size
    mine = seat(TEAM, fields=["volgende_afstemming"])
    response = await share(table_house, case_id, mine, seat(CARE))
    team_id, care_id = (each["disclosure_id"] for each in response.json()["recipients"])

    team = await table_house.get(f"/v1/disclosures/{team_id}", TEAM)
    care = await table_house.get(f"/v1/disclosures/{care_id}", CARE)

    entries = table_house.leaves(size)
    assert response.status_code == 201
    assert [entry["type"] for entry in entries] == ["disclosure", "disclosure", "case", "case"]
    assert {entry.get("recipients") for entry in entries[:2]} == {2}
    assert {entry["table"] for entry in entries} == {response.json()["table_id"]}
    assert [entry.get("step") for entry in entries[2:]] == ["collected", "collected"]
    assert set(team.json()["data"]) == {"volgende_afstemming"}
    assert set(care.json()["data"]) > {"volgende_afstemming"}


async def test_the_coordinator_sees_nobodys_view(table_house: House, case_id: str) -> None:
    """Who shares is told who can collect, and not one value."""
    response = await share(table_house, case_id, seat(TEAM), seat(CARE))

    answer = response.json()
    assert set(answer) == {"table_id", "is_released", "recipients"}
    assert {name for each in answer["recipients"] for name in each} == {
        "organisation",
        "role",
        "disclosure_id",
        "outcome",
    }


@pytest.mark.parametrize("hat", [COORDINATOR, CARE, LANDLORD])
async def test_nobody_sees_the_view_of_another(table_house: House, case_id: str, hat: Hat) -> None:
    """A view is for its recipient; for the coordinator and the others it is not there."""
    [identity, _] = await shared(table_house, case_id, seat(TEAM), seat(CARE))

    response = await table_house.get(f"/v1/disclosures/{identity}", hat)

    assert response.status_code == 404


async def test_nobody_at_the_table_is_named_by_a_bsn(table_house: House, case_id: str) -> None:
    """What is refused is named and not echoed; the twin: nine digits that name nobody will do."""
    refused = await share(table_house, case_id, seat(TEAM, "999912410"))
    shared_with = await share(table_house, case_id, seat(TEAM, "999912411"))

    [fault] = refused.json()["errors"]
    assert (refused.status_code, shared_with.status_code) == (400, 201)
    assert fault["member"] == "recipients.0.professional"
    assert "999912410" not in refused.text


async def test_a_view_is_for_one_professional(table_house: House, case_id: str) -> None:
    """A colleague of the recipient in the same role does not get it."""
    [identity] = await shared(table_house, case_id, seat(TEAM, "medewerker-9"))

    response = await table_house.get(f"/v1/disclosures/{identity}", TEAM)

    assert response.status_code == 404


async def test_one_refusal_leaves_everybody_without(table_house: House, case_id: str) -> None:
    """When one may not have its part nobody gets any, and every entry is a refusal."""
    size = table_house.size

    response = await share(
        table_house, case_id, seat(TEAM), seat(CARE, fields=["behandelplan_tekst"])
    )

    seats = response.json()["recipients"]
    entries = table_house.leaves(size)
    fetched = [
        await table_house.get(f"/v1/disclosures/{each['disclosure_id']}", hat)
        for each, hat in zip(seats, (TEAM, CARE), strict=True)
    ]
    assert response.status_code == 403
    assert [each["outcome"] for each in seats] == ["withheld", "refuse"]
    assert [entry["type"] for entry in entries] == ["refusal", "refusal"]
    assert entries[0]["refused"] == [{"code": "TABLE_REFUSED", "step": 0}]
    assert not any("released" in entry for entry in entries)
    assert [each.status_code for each in fetched] == [404, 404]


async def test_a_party_that_left_is_not_at_the_table(table_house: House, case_id: str) -> None:
    """A membership that ended is no seat: nothing is decided and nothing recorded."""
    size = table_house.size

    response = await share(table_house, case_id, seat(TEAM), seat(LANDLORD))

    assert (response.status_code, response.json()["code"]) == (409, "NO_SUCH_PARTY")
    assert table_house.size == size


@pytest.mark.parametrize("hat", [TEAM, CARE])
async def test_only_the_coordinator_shares(table_house: House, case_id: str, hat: Hat) -> None:
    """For who does not coordinate the case there is no table to share at."""
    response = await share(table_house, case_id, seat(TEAM), hat=hat)

    assert response.status_code == 404


async def test_a_table_is_about_the_person_of_the_case(table_house: House, case_id: str) -> None:
    """Under the case of one person nothing is shared about another."""
    response = await share(table_house, case_id, seat(TEAM), bsn=SOMEBODY_ELSE)

    assert response.status_code == 404


async def test_a_case_that_is_not_there_has_no_table(table_house: House) -> None:
    """An id of no case is answered as a case of somebody else is."""
    response = await share(table_house, "0" * 32, seat(TEAM))

    assert response.status_code == 404


@pytest.mark.parametrize("seats", [[], [seat(TEAM), seat(TEAM)], [seat(TEAM, role="12345")]])
async def test_a_table_has_its_form(table_house: House, case_id: str, seats: list[Body]) -> None:
    """Nobody, somebody twice, and names that are none are no table."""
    response = await share(table_house, case_id, *seats)

    assert response.status_code == 400


async def test_who_left_since_does_not_collect(
    table_house: House, case_id: str, cases_file: Path
) -> None:
    """Leaving ends access at once, to a view that was shared before as well."""
    [identity] = await shared(table_house, case_id, seat(TEAM))
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute(
            "UPDATE case_party SET left_at = '2026-03-02T09:31:00+00:00'"
            " WHERE organisation = 'wijkteam-noord'"
        )

    response = await table_house.get(f"/v1/disclosures/{identity}", TEAM)

    [leaf] = table_house.leaves()[-1:]
    assert response.status_code == 403
    assert (leaf["type"], "table" in leaf) == ("refusal", True)


async def test_a_withdrawn_consent_reaches_what_was_shared(
    table_house: House, case_id: str, cases_file: Path
) -> None:
    """What somebody no longer wants shared is not collected any more."""
    [identity] = await shared(table_house, case_id, seat(TEAM))
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("UPDATE consent SET withdrawn_on = '2026-03-02'")

    response = await table_house.get(f"/v1/disclosures/{identity}", TEAM)

    assert response.status_code == 403


async def test_a_view_waits_for_a_day(table_house: House, case_id: str) -> None:
    """After its term a view is gone, and nothing of it stays in the store."""
    [identity] = await shared(table_house, case_id, seat(TEAM))
    table_house.clock.at += dt.timedelta(hours=24, seconds=1)

    response = await table_house.get(f"/v1/disclosures/{identity}", TEAM)
    await forget(desk_of(table_house.services))

    assert response.status_code == 404


async def test_a_view_is_read_again_with_an_entry(table_house: House, case_id: str) -> None:
    """Every time somebody reads a view it is recorded."""
    [identity] = await shared(table_house, case_id, seat(TEAM))
    size = table_house.size

    first = await table_house.get(f"/v1/disclosures/{identity}", TEAM)
    second = await table_house.get(f"/v1/disclosures/{identity}", TEAM)

    assert first.json() == second.json()
    assert table_house.size == size + 2


@dataclass
class FailingLedger:
    """A ledger that takes entries until it has failed once, at this one of them."""

    ledger: Ledger
    fails_at: int
    asked: list[Draft] = field(default_factory=list)

    async def append(self, draft: Draft) -> Receipt:
        """Record the entry, or fail."""
        self.asked.append(draft)
        if len(self.asked) == self.fails_at:
            raise AppendFailed("scripted")
        return await self.ledger.append(draft)


@pytest.mark.parametrize("fails_at", [1, 2, 3])
async def test_what_is_not_recorded_for_all_is_for_nobody(
    table_house: House, case_id: str, fails_at: int
) -> None:
    """When one entry cannot be made, nothing waits for anybody and the others are corrected."""
    services = table_house.services
    ledger = FailingLedger(services.gate.ledger, fails_at)
    gate = replace(services.gate, ledger=cast("Ledger", ledger))
    table_house.rewire(replace(services, gate=gate))
    size = table_house.size

    response = await share(table_house, case_id, seat(TEAM), seat(CARE), seat(COORDINATOR))

    entries = table_house.leaves(size)
    made = [entry["id"] for entry in entries if entry["type"] == "disclosure"]
    corrected = [entry["entry"] for entry in entries if entry["type"] == "correction"]
    fetched = [
        await table_house.get(f"/v1/disclosures/{draft.request_id}", hat)
        for draft, hat in zip(ledger.asked, (TEAM, CARE, COORDINATOR), strict=False)
    ]
    assert response.status_code == 503
    assert len(made) == fails_at - 1
    assert sorted(corrected) == sorted(made)
    assert {each.status_code for each in fetched} == {404}


class StricterDecider(Decider):
    """Decides as policy does, and then lets one field less through."""

    @override
    async def decide(self, question: Question) -> Decision:
        """Return the decision without the first of its fields."""
        decision = await super().decide(question)
        if isinstance(decision, Permit):
            return replace(decision, fields=decision.fields[1:])
        return decision


async def test_a_view_that_would_show_too_much_now_is_not_collected(
    table_house: House, case_id: str
) -> None:
    """When fewer fields are permitted than were shared, the kept view is not cut but withheld."""
    [identity] = await shared(table_house, case_id, seat(CARE))
    services = table_house.services
    decider = services.gate.decider
    stricter = StricterDecider(decider.catalogue, decider.parties, decider._engine)
    table_house.rewire(replace(services, gate=replace(services.gate, decider=stricter)))

    response = await table_house.get(f"/v1/disclosures/{identity}", CARE)

    [leaf] = table_house.leaves()[-1:]
    assert response.status_code == 403
    assert [each["code"] for each in response.json()["reasons"]] == ["TABLE_REFUSED"]
    assert (leaf["type"], "table" in leaf, "released" in leaf) == ("refusal", True, False)
    assert "data" not in response.json()


@pytest.mark.parametrize("bsn", [PERSON, SOMEBODY_ELSE])
async def test_what_is_behind_a_veil_is_asked_apart(
    table_house: House, case_id: str, bsn: str
) -> None:
    """The words of the request refuse it, whoever it is about; nothing is decided or recorded."""
    size = table_house.size
    veiled = seat(
        CARE,
        task="wgs-vroegsignalering",
        activity="eerste-gesprek-aanbieden",
        purpose="niet-dubbel-benaderen",
    )

    response = await share(table_house, case_id, seat(TEAM), veiled, bsn=bsn)

    assert response.status_code == 409
    assert response.json()["code"] == "VEILED_AT_TABLE"
    assert table_house.size == size


async def test_a_view_that_was_shared_under_looser_rules_is_not_collected(
    table_house: House, case_id: str, cases_file: Path
) -> None:
    """What was asked for a recipient and would be no request now shows nothing of anybody."""
    [identity] = await shared(table_house, case_id, seat(TEAM))
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute(
            "UPDATE table_view SET request = replace(request, 'voortgang-afspraken', ?)",
            (SOMEBODY_ELSE,),
        )
    size = table_house.size

    response = await table_house.get(f"/v1/disclosures/{identity}", TEAM)

    assert (response.status_code, table_house.size) == (409, size)
    assert response.json()["type"] == "urn:doelpoort:problem:request-outdated"
    assert SOMEBODY_ELSE not in response.text
