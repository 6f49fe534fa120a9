"""The professional who holds the answer, from the request that waits to the answer released."""

import asyncio
import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.identity.clients import Hat
from tests.builders import (
    CARE_WORKER,
    CONSULTANT,
    SCHOOL,
    WMO,
    YUSUF,
    Body,
    House,
    flag,
)
from tests.fakes_inbox import answers, waiting

pytestmark = pytest.mark.anyio


async def test_a_request_waits_for_the_professional(waiting_house: House) -> None:
    """What lacks nothing but the word of the source holder is pending, and releases nothing."""
    response = await waiting_house.ask(flag())

    answer, [leaf] = response.json(), waiting_house.leaves()[-1:]
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/disclosures/{answer['disclosure_id']}"
    assert "data" not in answer
    assert (leaf["type"], leaf["outcome"], leaf["id"]) == (
        "refusal",
        "pending",
        answer["disclosure_id"],
    )
    assert "released" not in leaf


async def test_who_will_not_wait_is_refused(waiting_house: House) -> None:
    """A requester may have its refusal at once, as it always was."""
    response = await waiting_house.ask(flag(wait="refuse"))

    inbox = await waiting_house.get("/v1/inbox", CARE_WORKER)
    assert response.status_code == 403
    assert [each["code"] for each in response.json()["reasons"]] == [
        "CONDITION_NOT_MET:bron_bevestigd"
    ]
    assert inbox.json() == []


async def test_what_is_refused_for_more_does_not_wait(waiting_house: House) -> None:
    """Who asks what no answer would permit is refused, and nobody is bothered."""
    response = await waiting_house.ask(flag(fields=["behandelplan_tekst"]))

    inbox = await waiting_house.get("/v1/inbox", CARE_WORKER)
    assert response.status_code == 403
    assert inbox.json() == []


async def test_a_repeated_request_is_one_question(waiting_house: House) -> None:
    """The same idempotency key gives the same pending request, also when both come at once."""
    first, second = await asyncio.gather(
        waiting_house.ask(flag(), idempotency_key="een"),
        waiting_house.ask(flag(), idempotency_key="een"),
    )

    inbox = await waiting_house.get("/v1/inbox", CARE_WORKER)
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert [each["id"] for each in inbox.json()] == [first.json()["disclosure_id"]]


async def test_the_inbox_says_what_is_asked_and_why(waiting_house: House) -> None:
    """The professional sees the question, who asks it, for what and why, about whom, until when."""
    identity = await waiting(waiting_house)

    [question] = (await waiting_house.get("/v1/inbox", CARE_WORKER)).json()
    assert question["id"] == identity
    assert question["question"] == "Wordt iemand met een bepaalde specialisatie ingezet of niet?"
    assert question["asked_by"] == {
        "organisation": "gem-toegang-jeugd",
        "organisation_name": "Gemeente Waterveen, toegang jeugd",
        "role": "consulent-jeugd",
    }
    assert question["purpose"] == "lichte-of-zware-hulp"
    assert [each["law"] for each in question["legal_basis"]] == ["Jeugdwet", "Jeugdwet"]
    assert question["subject"] == "******" + YUSUF[-3:]
    assert question["until"] == "2026-03-09"


async def test_the_whole_number_is_recorded_before_it_is_shown(waiting_house: House) -> None:
    """One question shows the person in full, and says in the ledger that it did."""
    identity = await waiting(waiting_house)
    size = waiting_house.size

    response = await waiting_house.get(f"/v1/inbox/{identity}", CARE_WORKER)

    [leaf] = waiting_house.leaves(size)
    assert response.json()["subject"] == YUSUF
    assert (leaf["type"], leaf["step"], leaf["question"]) == ("case", "question_read", identity)


@pytest.mark.parametrize("hat", [CONSULTANT, WMO, SCHOOL])
async def test_nobody_else_has_this_inbox(waiting_house: House, hat: Hat) -> None:
    """A question is there for the one role at the one source holder, and for nobody else."""
    identity = await waiting(waiting_house)

    listed = await waiting_house.get("/v1/inbox", hat)
    one = await waiting_house.get(f"/v1/inbox/{identity}", hat)
    assert listed.json() == []
    assert one.status_code == 404


@pytest.mark.parametrize(("said", "value"), [("yes", True), ("no", False), ("unknown", None)])
async def test_the_answer_is_what_is_released(
    waiting_house: House, said: str, value: object
) -> None:
    """The professional's word becomes the value, as of the moment that it was given."""
    identity = await waiting(waiting_house)
    waiting_house.clock.at += dt.timedelta(hours=2)
    given = await answers(waiting_house, identity, {"answer": said})

    waiting_house.clock.at += dt.timedelta(hours=1)
    response = await waiting_house.get(f"/v1/disclosures/{identity}")

    question, answer, release = waiting_house.leaves()[-3:]
    assert given.status_code == 201
    assert response.status_code == 200
    assert response.json()["data"] == {
        "specialisatie_ingezet": {
            "value": value,
            "precision": "flag",
            "as_of": "2026-03-02T11:30:00Z",
        }
    }
    assert question["id"] == answer["question"] == release["question"] == identity
    assert (answer["step"], answer["outcome"]) == ("source_answer", "answered")
    assert release["type"] == "disclosure"


async def test_what_waits_stays_pending_until_it_is_answered(waiting_house: House) -> None:
    """Polling before there is an answer gives nothing, and makes no entry."""
    identity = await waiting(waiting_house)
    size = waiting_house.size

    response = await waiting_house.get(f"/v1/disclosures/{identity}")

    assert response.status_code == 202
    assert response.json()["outcome"] == "pending"
    assert waiting_house.size == size


@pytest.mark.parametrize("hat", [CARE_WORKER, WMO, SCHOOL])
async def test_only_who_asked_collects(waiting_house: House, hat: Hat) -> None:
    """For every other organisation and role there is nothing under this id."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})

    response = await waiting_house.get(f"/v1/disclosures/{identity}", hat)

    assert response.status_code == 404


async def test_an_answer_is_released_once(waiting_house: House) -> None:
    """Collecting again, or twice at once, gives the same release and no second entry."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})
    size = waiting_house.size

    path = f"/v1/disclosures/{identity}"
    first, second = await asyncio.gather(waiting_house.get(path), waiting_house.get(path))
    third = await waiting_house.get(path)

    assert first.json() == second.json() == third.json()
    assert waiting_house.size == size + 1


async def test_a_colleague_does_not_read_what_another_collected(waiting_house: House) -> None:
    """The entry names one professional, so a second one does not get it under that entry."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})
    await waiting_house.get(f"/v1/disclosures/{identity}")

    token = waiting_house.token(CONSULTANT, "medewerker-8")
    response = await waiting_house.http.get(
        f"/v1/disclosures/{identity}", headers={"authorization": f"Bearer {token}"}
    )

    assert response.status_code == 404


async def test_a_colleague_does_not_collect_for_who_asked(waiting_house: House) -> None:
    """Nor before: else whoever asked would find that the answer is not for them any more."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})
    token = waiting_house.token(CONSULTANT, "medewerker-8")

    colleague = await waiting_house.http.get(
        f"/v1/disclosures/{identity}", headers={"authorization": f"Bearer {token}"}
    )
    own = await waiting_house.get(f"/v1/disclosures/{identity}")

    assert (colleague.status_code, own.status_code) == (404, 200)


async def test_what_changed_in_the_meantime_counts(waiting_house: House, cases_file: Path) -> None:
    """Who left the case before the answer came gets none: facts and policy are decided again."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("UPDATE case_party SET left_at = '2026-03-02T09:00:00+00:00'")

    response = await waiting_house.get(f"/v1/disclosures/{identity}")

    [leaf] = waiting_house.leaves()[-1:]
    assert response.status_code == 403
    assert "data" not in response.json()
    assert (leaf["type"], leaf["question"]) == ("refusal", identity)


async def test_a_refusal_on_the_way_is_no_end(waiting_house: House, cases_file: Path) -> None:
    """Once what stood in the way is gone, the answer that was given is still released."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("UPDATE case_record SET kind = 'anders-' || kind")
    refused = await waiting_house.get(f"/v1/disclosures/{identity}")
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("UPDATE case_record SET kind = substr(kind, 8)")

    response = await waiting_house.get(f"/v1/disclosures/{identity}")

    assert refused.status_code == 403
    assert response.status_code == 200


async def test_a_word_is_for_one_request(waiting_house: House) -> None:
    """An answer to one request opens no other one about the same person."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})

    response = await waiting_house.ask(flag())

    assert response.status_code == 202


async def test_a_question_is_answered_once(waiting_house: House) -> None:
    """A second answer is refused, and the first one stands."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})

    second = await answers(waiting_house, identity, {"answer": "no"})

    response = await waiting_house.get(f"/v1/disclosures/{identity}")
    assert (second.status_code, second.json()["code"]) == (409, "QUESTION_ENDED")
    assert response.json()["data"]["specialisatie_ingezet"]["value"] is True


async def test_of_two_answers_at_once_one_counts(waiting_house: House) -> None:
    """Two professionals who answer at the same moment make one answer and one entry of it."""
    identity = await waiting(waiting_house)
    size = waiting_house.size

    given = await asyncio.gather(
        answers(waiting_house, identity, {"answer": "yes"}, "behandelaar-1"),
        answers(waiting_house, identity, {"answer": "no"}, "behandelaar-2"),
    )

    steps = [leaf["type"] for leaf in waiting_house.leaves(size)]
    assert sorted(each.status_code for each in given) == [201, 409]
    assert steps == ["case"]


async def test_nobody_answers_a_question_of_their_own(waiting_house: House) -> None:
    """The same professional cannot ask in one role and answer in the other."""
    identity = await waiting(waiting_house)

    response = await answers(waiting_house, identity, {"answer": "yes"}, "medewerker-7")

    assert (response.status_code, response.json()["code"]) == (409, "OWN_QUESTION")


async def test_who_declines_keeps_the_reason(waiting_house: House) -> None:
    """The requester hears that there will be no answer, and never why."""
    identity = await waiting(waiting_house)
    reason = "De jeugdige heeft mij gevraagd om hierover te zwijgen."
    given = await answers(waiting_house, identity, {"answer": "decline", "reason": reason})

    response = await waiting_house.get(f"/v1/disclosures/{identity}")

    [leaf] = waiting_house.leaves()[-1:]
    assert given.status_code == 201
    assert response.status_code == 200
    assert response.json()["outcome"] == "unanswered"
    assert "zwijgen" not in response.text
    assert leaf["outcome"] == "declined"
    assert "justification" in leaf["commitments"]


@pytest.mark.parametrize(
    "body",
    [{"answer": "decline"}, {"answer": "yes", "reason": "zo is het"}, {"answer": "misschien"}, {}],
)
async def test_an_answer_has_its_form(waiting_house: House, body: Body) -> None:
    """A reason belongs to declining and to nothing else; no other word is an answer."""
    identity = await waiting(waiting_house)

    response = await answers(waiting_house, identity, body)

    assert response.status_code == 400
