"""Asking a professional: one question at a time, as often as the policy lets, and each recorded."""

import datetime as dt
from dataclasses import replace
from typing import Any

import httpx
import pytest

from audit.errors import AppendFailed
from gateway.catalogue.guard import Repeat
from tests.builders import CARE_WORKER, CONSULTANT, MOTIVATION, YUSUF, Body, House, flag
from tests.fakes_cases import MemoryLedger
from tests.fakes_inbox import answers, waiting
from tests.fakes_mosaic import BECAUSE, ONCE, TWICE
from tests.unit.api.test_mosaic import codes, limited

pytestmark = pytest.mark.anyio

WEEKLY = Repeat(1, 7, BECAUSE)
COLLEAGUE = "medewerker-8"
BAND = "verwachte_duur_band"


async def ask_as(house: House, professional: str) -> httpx.Response:
    """Ask what has to wait as this professional."""
    headers = {"authorization": f"Bearer {house.token(CONSULTANT, professional)}"}
    return await house.http.post("/v1/disclosures", json=flag(), headers=headers)


async def open_ids(house: House) -> list[str]:
    """Return the ids of the questions that the care worker can answer."""
    return [each["id"] for each in (await house.get("/v1/inbox", CARE_WORKER)).json()]


async def test_a_request_that_waits_tells_until_when(waiting_house: House) -> None:
    """The first answer names the last day, and looking again names the same."""
    first = (await waiting_house.ask(flag())).json()

    later = (await waiting_house.get(f"/v1/disclosures/{first['disclosure_id']}")).json()

    assert first["until"] == later["until"] == "2026-03-09"


async def test_the_same_question_is_asked_once(waiting_house: House) -> None:
    """Who asks again while it is open hears of the question that is there, and until when."""
    first = (await waiting_house.ask(flag())).json()
    waiting_house.clock.at += dt.timedelta(days=1)

    second = await waiting_house.ask(flag())

    told = second.json()
    assert second.status_code == 202
    assert second.headers["location"] == f"/v1/disclosures/{first['disclosure_id']}"
    assert (told["disclosure_id"], told["until"]) == (first["disclosure_id"], first["until"])
    assert told["message"].startswith("U vroeg dit al.")
    assert await open_ids(waiting_house) == [first["disclosure_id"]]


async def test_asking_again_is_recorded_as_asking(waiting_house: House) -> None:
    """It has an entry and a receipt of its own, which name the question that is open."""
    first = (await waiting_house.ask(flag())).json()
    size = waiting_house.size

    second = (await waiting_house.ask(flag())).json()

    [leaf] = waiting_house.leaves(size)
    assert (leaf["type"], leaf["outcome"]) == ("refusal", "pending")
    assert leaf["question"] == first["disclosure_id"] != leaf["id"]
    assert second["receipt"]["index"] == size


async def test_asking_again_under_a_key_is_answered_as_before(waiting_house: House) -> None:
    """A repeated request that found an open question is the same request still, and one entry."""
    await waiting(waiting_house)
    first = await waiting_house.ask(flag(), idempotency_key="een")
    size = waiting_house.size

    second = await waiting_house.ask(flag(), idempotency_key="een")

    assert first.json() == second.json()
    assert waiting_house.size == size


@pytest.mark.parametrize(
    "more",
    [
        {"fields": ["specialisatie_ingezet", BAND], "justifications": {BAND: MOTIVATION}},
        {"over_asking": "withhold"},
    ],
)
async def test_who_asks_for_something_else_has_another_question(
    waiting_house: House, more: Body
) -> None:
    """What is collected is what was asked under that id, so other terms are another question."""
    first = await waiting(waiting_house)

    second = await waiting(waiting_house, **more)
    again = await waiting(waiting_house, **more)

    assert first != second == again
    assert sorted(await open_ids(waiting_house)) == sorted([first, second])


async def test_other_words_for_why_are_the_same_question(waiting_house: House) -> None:
    """Who says again why a field is needed, in other words, bothers nobody a second time."""
    fields = ["specialisatie_ingezet", BAND]
    said = [{BAND: MOTIVATION}, {BAND: f"Nogmaals: {MOTIVATION}"}]

    asked = [await waiting(waiting_house, fields=fields, justifications=each) for each in said]

    assert asked == [asked[0]] * 2


async def test_a_colleague_has_a_question_of_their_own(waiting_house: House) -> None:
    """Only who asked collects the answer, so that a colleague would never get that of another."""
    first = await waiting(waiting_house)

    second = (await ask_as(waiting_house, COLLEAGUE)).json()["disclosure_id"]

    assert second != first
    assert sorted(await open_ids(waiting_house)) == sorted([first, second])


async def test_a_question_that_ended_can_be_asked_again(waiting_house: House) -> None:
    """After its term there is nothing to wait for, so the same is a new question."""
    first = await waiting(waiting_house)
    waiting_house.clock.at += dt.timedelta(days=8)

    second = await waiting(waiting_house)

    assert second != first
    assert await open_ids(waiting_house) == [second]


async def test_a_question_counts_when_it_is_asked(waiting_house: House) -> None:
    """Beyond the limit nobody is asked, and the refusal is recorded; nothing was answered yet."""
    limited(waiting_house, lichte_of_zware_hulp=ONCE)
    first = await waiting(waiting_house)
    size = waiting_house.size

    refused = await ask_as(waiting_house, COLLEAGUE)

    [leaf] = waiting_house.leaves(size)
    assert refused.status_code == 403
    assert codes(refused) == ["ASKED_TOO_OFTEN"]
    assert refused.json()["reasons"][0]["again_from"] == "2026-04-02"
    assert leaf["refused"] == [{"code": "ASKED_TOO_OFTEN", "step": 3}]
    assert [each["outcome"] for each in leaf["conditions"]] == ["met", "not_met"]
    assert await open_ids(waiting_house) == [first]


async def test_asking_again_takes_no_second_place(waiting_house: House) -> None:
    """Where one answer may be had, the question that is open is told of, time after time."""
    limited(waiting_house, lichte_of_zware_hulp=ONCE)
    first = await waiting(waiting_house)

    assert [await waiting(waiting_house) for _ in range(3)] == [first] * 3


async def test_collecting_takes_no_second_place(waiting_house: House) -> None:
    """What was asked in time is given, also when a colleague asked in between."""
    limited(waiting_house, lichte_of_zware_hulp=TWICE)
    first = await waiting(waiting_house)
    waiting_house.clock.at += dt.timedelta(days=1)
    await ask_as(waiting_house, COLLEAGUE)
    await answers(waiting_house, first, {"answer": "yes"})

    collected = await waiting_house.get(f"/v1/disclosures/{first}")
    third = await ask_as(waiting_house, "medewerker-9")

    assert collected.status_code == 200
    assert codes(third) == ["ASKED_TOO_OFTEN"]


async def test_a_question_without_an_answer_counts_too(waiting_house: House) -> None:
    """The professional was asked, whatever came of it; after the period there is a place again."""
    limited(waiting_house, lichte_of_zware_hulp=WEEKLY)
    first = await waiting(waiting_house)
    reason = {"answer": "decline", "reason": "Dat mag ik niet zeggen."}
    await answers(waiting_house, first, reason)

    refused = await waiting_house.ask(flag())
    waiting_house.clock.at += dt.timedelta(days=8)
    again = await waiting_house.ask(flag())

    assert (refused.status_code, again.status_code) == (403, 202)


async def test_a_list_that_names_somebody_is_recorded_once(waiting_house: House) -> None:
    """However many questions there are it is one look, by whom and in which role; and no person."""
    await waiting(waiting_house)
    await ask_as(waiting_house, COLLEAGUE)
    size = waiting_house.size

    listed = await waiting_house.get("/v1/inbox", CARE_WORKER)

    [leaf] = waiting_house.leaves(size)
    assert len(listed.json()) == 2
    assert (leaf["type"], leaf["ground"]) == ("access", "question_list")
    assert leaf["role"] == CARE_WORKER.role
    assert set(leaf["commitments"]) == {"professional"}
    assert YUSUF not in str(leaf)


async def test_a_list_of_nothing_is_no_look(waiting_house: House) -> None:
    """Where no question is open, nothing is told about anybody, and nothing recorded."""
    size = waiting_house.size

    listed = await waiting_house.get("/v1/inbox", CARE_WORKER)

    assert listed.json() == []
    assert waiting_house.size == size


async def test_a_list_that_cannot_be_recorded_is_not_shown(waiting_house: House) -> None:
    """Without its entry nobody's questions are told."""
    await waiting(waiting_house)
    ledger: Any = MemoryLedger(failures=[AppendFailed("scripted")])
    services = waiting_house.services
    waiting_house.rewire(replace(services, gate=replace(services.gate, ledger=ledger)))

    listed = await waiting_house.get("/v1/inbox", CARE_WORKER)

    assert listed.status_code == 503
    assert YUSUF[-3:] not in listed.text
