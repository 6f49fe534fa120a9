"""A question under any order of answers, terms and reminders: it ends once, and stays ended."""

import asyncio
import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import AppendFailed
from gateway.cases.desk import Desk
from gateway.cases.model import Actor
from gateway.cases.records import SqlCases
from gateway.errors import CaseRefused
from gateway.inbox.flow import answer, expire, remind
from gateway.inbox.model import Asker, Question, Reply, State
from gateway.inbox.store import QuestionPen, find_question
from tests.fakes_cases import Clock, MemoryLedger, desk_over, new_store
from tests.fakes_decision import catalogue
from tests.fakes_inbox import NOW, QUESTION

pytestmark = pytest.mark.anyio

FIRST = Asker("brug", "jeugdhulp-de-brug", "jeugdhulpverlener", "behandelaar-1")
ASKER = Actor("gem-toegang-jeugd", "consulent-jeugd", "medewerker-7")
STEPS = st.lists(
    st.one_of(st.sampled_from([*Reply, "expire", "remind"]), st.integers(1, 80)), max_size=8
)
NUMBERS = itertools.count(1)


async def asked(store: SqlCases) -> tuple[Desk, MemoryLedger, Clock, Question]:
    """Return a desk with a new question on it."""
    number = next(NUMBERS)
    question = replace(QUESTION, id=f"{number:032x}", release_id=f"{number + 2**100:032x}")
    async with store.writing() as pen:
        await QuestionPen(pen, store.kind).add(question)
    clock = Clock(NOW)
    desk, ledger = desk_over(store, catalogue(), clock)
    return desk, ledger, clock, question


async def taken(desk: Desk, clock: Clock, question: Question, step: object) -> None:
    """Take a step, which the rules may refuse."""
    try:
        match step:
            case Reply():
                reason = "omdat" if step is Reply.DECLINE else None
                await answer(desk, FIRST, question.id, step, reason)
            case "expire":
                await expire(desk)
            case "remind":
                await remind(desk, ASKER, question.id)
            case int(hours):
                clock.at += dt.timedelta(hours=hours)
    except CaseRefused:
        return


async def after(store: SqlCases, steps: Sequence[object]) -> None:
    """Take these steps and hold what came of them against a plain account of them."""
    desk, ledger, clock, question = await asked(store)
    expected = State.OPEN
    for step in steps:
        late = desk.moment().day > question.until
        if expected is State.OPEN and step == "expire" and late:
            expected = State.EXPIRED
        elif expected is State.OPEN and isinstance(step, Reply) and not late:
            expected = State.DECLINED if step is Reply.DECLINE else State.ANSWERED
        await taken(desk, clock, question, step)

    found = await find_question(store, question.id)
    ends = [draft for draft in ledger.drafts if draft.members["step"] == "source_answer"]
    assert found is not None
    assert found.state is expected
    assert len(ends) == (expected is not State.OPEN)


@given(steps=STEPS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_question_ends_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[object]
) -> None:
    """Whatever is tried in whatever order: the first end in time stands, with one entry."""
    store = new_store(tmp_path_factory.mktemp("vraag"))
    try:
        asyncio.run(after(store, steps))
    finally:
        store.close()


async def test_an_answer_and_the_end_of_the_term_do_not_both_count(tmp_path: Path) -> None:
    """At midnight of the last day, an answer and the end that come at once make one end."""
    store = new_store(tmp_path)
    desk, ledger, clock, question = await asked(store)
    clock.at = dt.datetime(2026, 3, 9, 23, 0, tzinfo=dt.UTC)

    await asyncio.gather(
        taken(desk, clock, question, Reply.YES), taken(desk, clock, question, "expire")
    )

    found = await find_question(store, question.id)
    store.close()
    assert found is not None
    assert found.state is State.EXPIRED
    assert [draft.members["outcome"] for draft in ledger.drafts] == ["expired"]


async def test_an_answer_that_is_not_recorded_does_not_count(tmp_path: Path) -> None:
    """Without its entry an answer releases nothing; the question can be answered again."""
    store = new_store(tmp_path)
    desk, ledger, _, question = await asked(store)
    ledger.failures.append(AppendFailed("scripted"))

    with pytest.raises(AppendFailed):
        await answer(desk, FIRST, question.id, Reply.YES)
    first = await find_question(store, question.id)
    await answer(desk, FIRST, question.id, Reply.NO)

    second = await find_question(store, question.id)
    store.close()
    assert first is not None
    assert first.state is State.OPEN
    assert second is not None
    assert second.reply is Reply.NO


async def test_a_term_ends_without_the_ledger(tmp_path: Path) -> None:
    """What narrows does not wait: the end stands at once, and its entry follows later."""
    store = new_store(tmp_path)
    desk, ledger, clock, question = await asked(store)
    clock.at += dt.timedelta(days=9)
    ledger.failures.append(AppendFailed("scripted"))

    await expire(desk)
    found = await find_question(store, question.id)
    left = await desk.settle()

    store.close()
    assert found is not None
    assert found.state is State.EXPIRED
    assert left == 0
    assert [draft.members["outcome"] for draft in ledger.drafts] == ["expired"]
