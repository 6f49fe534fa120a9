"""Asking a professional, in a file and in a database server alike, and at two gateways at once."""

import asyncio
import datetime as dt
import os
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from audit.errors import AppendFailed
from gateway.answer import Answer
from gateway.cases.records import SqlCases
from gateway.cases.sqlite import SqliteDatabase
from gateway.catalogue.guard import Repeat
from gateway.disclosure import disclose
from gateway.errors import CasesUnavailable
from gateway.inbox.flow import ask
from gateway.inbox.given_up import count_given_up, given_up, put_back
from gateway.inbox.model import Message as Told
from gateway.inbox.model import Question, Reply
from gateway.inbox.store import QuestionPen, messages, open_questions
from gateway.mosaic.store import SqlGuard
from gateway.passage import Envelope
from gateway.webhooks import MOST_ATTEMPTS
from tests.builders import NOW
from tests.fakes_cases import Clock, MemoryLedger, UncertainCases, desk_over
from tests.fakes_decision import catalogue
from tests.fakes_inbox import QUESTION
from tests.fakes_mosaic import ONCE
from tests.stores import migrated_in_file
from tests.unit.disclosure.test_disclosure import caller, make_flow, request

pytestmark = pytest.mark.anyio

LATE = NOW + dt.timedelta(days=14)
FLAG = "lichte-of-zware-hulp"
KEY = b"k" * 32


class Gateway:
    """One gateway over this store, at which nobody has confirmed anything yet."""

    def __init__(self, store: SqlCases, ledger: MemoryLedger, repeat: Repeat | None = None) -> None:
        purposes = dict(catalogue().purposes)
        purposes[FLAG] = replace(purposes[FLAG], repeat=repeat)
        policy = replace(catalogue(), purposes=MappingProxyType(purposes))
        flow = make_flow(policy=policy)
        flow.cases.confirmed = []
        recorded: Any = ledger
        self._gate = replace(flow.gate, guard=SqlGuard(store, KEY), ledger=recorded)
        desk, _ = desk_over(store, policy, Clock(NOW))
        self._desk = replace(desk, ledger=ledger, random=os.urandom)

    async def ask(self, number: int, *, professional: str = "medewerker-7") -> Answer:
        """Ask for the flag in a new envelope, as it came."""
        asked = request(case=None)
        body = orjson.dumps({"case": asked.case})
        envelope = Envelope(f"{number:032x}", "2" * 32, "3" * 16, body)
        who = replace(caller(), professional=professional)
        keep = partial(ask, self._gate, self._desk, "team")
        answer, _ = await disclose(self._gate, who, asked, envelope, keep)
        return answer


async def open_ones(store: SqlCases) -> list[Question]:
    """Return the questions that can be answered."""
    return [*await open_questions(store, QUESTION.holder, NOW.date())]


async def test_the_same_question_at_two_gateways_at_once_is_one(
    pair: tuple[SqlCases, SqlCases],
) -> None:
    """Every request has an entry, one question is asked, and all of them are told of it."""
    ledger = MemoryLedger()
    gateways = [Gateway(each, ledger, ONCE) for each in pair]

    told = await asyncio.gather(*(gateways[each % 2].ask(each) for each in range(1, 9)))

    [kept] = await open_ones(pair[0])
    assert {answer.members["disclosure_id"] for answer in told} == {kept.id}
    assert {answer.status for answer in told} == {202}
    assert len(ledger.drafts) == 8
    assert [draft.members.get("question") for draft in ledger.drafts].count(kept.id) == 7


async def test_two_professionals_at_once_never_pass_a_limit_of_one(
    pair: tuple[SqlCases, SqlCases],
) -> None:
    """Of different people of one organisation one asks, and the others are refused."""
    ledger = MemoryLedger()
    gateways = [Gateway(each, ledger, ONCE) for each in pair]

    told = await asyncio.gather(
        *(gateways[each % 2].ask(each, professional=f"m-{each}") for each in range(1, 7))
    )

    assert sorted(answer.status for answer in told) == [202, *[403] * 5]
    assert len(await open_ones(pair[0])) == 1
    assert len(ledger.drafts) == 6


async def test_without_a_limit_everybody_asks(pair: tuple[SqlCases, SqlCases]) -> None:
    """The twin: where the policy counts nothing, each of them has a question of their own."""
    gateway = Gateway(pair[0], MemoryLedger())

    told = [await gateway.ask(each, professional=f"m-{each}") for each in range(1, 4)]

    assert {answer.status for answer in told} == {202}
    assert len(await open_ones(pair[0])) == 3


async def test_a_question_that_is_not_recorded_is_not_asked(
    pair: tuple[SqlCases, SqlCases],
) -> None:
    """Nobody finds it in an inbox, and its place is free for the next who asks."""
    ledger = MemoryLedger(failures=[AppendFailed("scripted")])
    gateway = Gateway(pair[0], ledger, ONCE)

    with pytest.raises(AppendFailed):
        await gateway.ask(1)
    empty = await open_ones(pair[0])
    answer = await gateway.ask(2, professional="medewerker-8")

    assert empty == []
    assert answer.status == 202


async def test_a_question_that_is_not_kept_is_taken_back_in_the_ledger(tmp_path: Path) -> None:
    """Where the store fails at the end, a correction says so, and no place is taken."""
    migrated_in_file(tmp_path)
    ledger = MemoryLedger()
    with closing(UncertainCases(SqliteDatabase(tmp_path / "zaken.db"))) as store:
        gateway = Gateway(store, ledger, ONCE)
        store.fails = 1
        with pytest.raises(CasesUnavailable):
            await gateway.ask(1)
        answer = await gateway.ask(2, professional="medewerker-8")

    assert [draft.type for draft in ledger.drafts] == ["refusal", "correction", "refusal"]
    assert answer.status == 202


async def test_an_end_that_was_given_up_is_put_back(pair: tuple[SqlCases, SqlCases]) -> None:
    """After the last try nobody tries; put back, it is to be told as if it were new, once."""
    async with pair[0].writing() as pen:
        await QuestionPen(pen, pair[0].kind).add(QUESTION)
        await QuestionPen(pen, pair[0].kind).end(QUESTION, Reply.YES, NOW)
    for tries in range(MOST_ATTEMPTS):
        async with pair[0].writing() as pen:
            await QuestionPen(pen, pair[0].kind).claim(Told(QUESTION.id, "team", tries), NOW)
    lost = await given_up(pair[1])
    before = await messages(pair[0], LATE)

    back = [await put_back(each, QUESTION.id, NOW) for each in pair]

    assert [each.id for each in lost] == [QUESTION.id]
    assert before == []
    assert back == [True, False]
    assert [each.tries for each in await messages(pair[0], NOW)] == [0]
    assert await count_given_up(pair[1]) == 0
