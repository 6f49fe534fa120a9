"""Questions, views and messages that wait, in a file and in a database server alike."""

import asyncio
import datetime as dt
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from audit.entry import Draft, EntryType
from gateway.cases.model import Case, CaseRecord, Confirmation, Consent, ConsentRecord
from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from gateway.catalogue.guard import Repeat
from gateway.catalogue.model import Phase
from gateway.citizen.store import Message, SqlMessages
from gateway.erasing import COUNTS, MESSAGES, QUESTIONS, VIEWS, erase_beside
from gateway.errors import CaseRefused
from gateway.inbox.flow import answer, expire, forget
from gateway.inbox.hooks import Hooks, Teller
from gateway.inbox.model import Asker, Question, Reply, State
from gateway.inbox.store import (
    QuestionPen,
    find_question,
    late_questions,
    messages,
    open_questions,
)
from gateway.mosaic.rules import Bid, Rules
from gateway.mosaic.store import SqlGuard
from gateway.subject import Subject, parse_bsn
from gateway.table.tables import statements_for
from tests.fakes_cases import Clock, MemoryLedger, desk_over
from tests.fakes_decision import catalogue
from tests.fakes_inbox import NOW, QUESTION
from tests.stores import confirm, migrated_in_file

pytestmark = pytest.mark.anyio

FIRST = Asker("brug", "jeugdhulp-de-brug", "jeugdhulpverlener", "behandelaar-1")
OTHER = parse_bsn("999912410")
KEY = b"k" * 32
RULE = Repeat(2, 30, "Vaker vragen verraadt wanneer er iets verandert.")
SAID = "kanarie-in-de-woorden"
LATE = NOW + dt.timedelta(days=14)


@pytest.fixture
def store(pair: tuple[SqlCases, SqlCases]) -> SqlCases:
    """Give the case store as one gateway has it open."""
    return pair[0]


async def ask(store: SqlCases, question: Question = QUESTION) -> None:
    """Put a question."""
    async with store.writing() as pen:
        await QuestionPen(pen, store.kind).add(question)


async def end(store: SqlCases, question: Question = QUESTION) -> None:
    """Answer a question."""
    async with store.writing() as pen:
        await QuestionPen(pen, store.kind).end(question, Reply.YES, NOW)


async def test_a_question_comes_back_as_it_was_put(store: SqlCases) -> None:
    """Everything of it, by its id and in the inbox of who holds the answer."""
    await ask(store)

    assert await find_question(store, QUESTION.id) == QUESTION
    assert await open_questions(store, QUESTION.holder, QUESTION.until) == [QUESTION]
    assert await find_question(store, "0" * 32) is None


async def test_a_question_is_late_after_its_last_day(store: SqlCases) -> None:
    """On its last day it can be answered; the day after it is late, and in nobody's inbox."""
    await ask(store)
    after = QUESTION.until + dt.timedelta(days=1)

    assert await late_questions(store, QUESTION.until) == []
    assert await late_questions(store, after) == [QUESTION]
    assert await open_questions(store, QUESTION.holder, after) == []


async def test_what_became_of_a_question_comes_back(store: SqlCases) -> None:
    """The answer, when it was given, and on which day somebody was reminded."""
    await ask(store)
    async with store.writing() as pen:
        await QuestionPen(pen, store.kind).remind(QUESTION, NOW.date())
    await end(store)

    found = await find_question(store, QUESTION.id)

    assert found == replace(
        QUESTION,
        state=State.ANSWERED,
        reply=Reply.YES,
        ended_at=NOW,
        reminded_on=NOW.date(),
    )


async def test_an_ended_question_is_kept_for_a_while(store: SqlCases) -> None:
    """Two weeks after its end it is erased; an open one never is."""
    await ask(store)
    await end(store)
    await ask(store, replace(QUESTION, id="c" * 32, release_id="d" * 32))
    clock = Clock(LATE)
    desk, _ = desk_over(store, catalogue(), clock)

    await forget(desk)
    kept = await find_question(store, QUESTION.id)
    clock.at += dt.timedelta(seconds=1)
    await forget(desk)

    assert kept is not None
    assert await find_question(store, QUESTION.id) is None
    assert await find_question(store, "c" * 32) is not None


async def test_of_two_answers_at_once_one_counts(pair: tuple[SqlCases, SqlCases]) -> None:
    """Two gateways that take an answer to the same question make one end and one entry."""
    await ask(pair[0])
    ledger = MemoryLedger()
    desks = [replace(desk_over(each, catalogue(), Clock(NOW))[0], ledger=ledger) for each in pair]
    replies = (Reply.YES, Reply.NO)

    outcomes = await asyncio.gather(
        *(answer(d, FIRST, QUESTION.id, r) for d, r in zip(desks, replies, strict=True)),
        return_exceptions=True,
    )

    found = await find_question(pair[0], QUESTION.id)
    assert found is not None
    assert found.state is State.ANSWERED
    assert [type(each) for each in outcomes].count(CaseRefused) == 1
    assert len(ledger.drafts) == 1


async def test_of_two_ends_of_a_term_at_once_one_is_written(
    pair: tuple[SqlCases, SqlCases],
) -> None:
    """Two gateways that find the same late questions write each end down once."""
    for number in range(5):
        await ask(pair[0], replace(QUESTION, id=f"{number:032x}", release_id=f"{number + 99:032x}"))
    ledger = MemoryLedger()
    # Gateways draw the ids of their entries each for itself, and never the same.
    desks = [
        replace(desk_over(each, catalogue(), Clock(LATE))[0], ledger=ledger, random=os.urandom)
        for each in pair
    ]

    await asyncio.gather(*(expire(desk) for desk in desks))

    questions = [str(draft.members["question"]) for draft in ledger.drafts]
    assert sorted(questions) == [f"{number:032x}" for number in range(5)]
    assert [await desk.settle() for desk in desks] == [0, 0]


@dataclass
class Partner:
    """A partner's system that takes its time and then takes the message, or does not."""

    status: int = 204
    got: list[str] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Take a message."""
        self.got.append(request.headers["webhook-id"])
        await asyncio.sleep(0.02)
        return httpx.Response(self.status)


async def tell(pair: tuple[SqlCases, SqlCases], partner: Partner, folder: Path) -> None:
    """Let two gateways tell what is due at once."""
    hooks = Hooks(folder / "webhooks.json")
    hooks.put("team", "https://partner.example/hook", bytes)
    async with httpx.AsyncClient(transport=httpx.MockTransport(partner)) as http:
        await asyncio.gather(*(Teller(each, hooks, http, Clock(NOW)).tell() for each in pair))


async def test_two_gateways_tell_an_end_once(
    pair: tuple[SqlCases, SqlCases], tmp_path: Path
) -> None:
    """Who claims an end that another has just claimed tells nothing."""
    await ask(pair[0])
    await end(pair[0])
    partner = Partner()

    await tell(pair, partner, tmp_path)

    assert partner.got == [f"ended-{QUESTION.id}"]
    assert await messages(pair[0], LATE) == []


async def test_an_end_that_was_not_taken_is_due_again(
    pair: tuple[SqlCases, SqlCases], tmp_path: Path
) -> None:
    """The twin: a failure counts as one try, and rests before the next."""
    await ask(pair[0])
    await end(pair[0])
    partner = Partner(500)

    await tell(pair, partner, tmp_path)

    [again] = await messages(pair[0], LATE)
    assert len(partner.got) == again.tries == 1
    assert await messages(pair[0], NOW) == []


def view(subject: Subject, identity: str) -> dict[str, object]:
    """Return the row of a view that waits."""
    asked = {"fields": ["adres"], "subject": {"type": "bsn", "value": subject.value}}
    return {
        "id": identity,
        "table_id": "t" * 32,
        "organisation": "gem-regie",
        "role": "casuscoordinator",
        "professional": "medewerker-7",
        "request": json.dumps(asked, separators=(",", ":")),
        "until": "2026-03-03T09:30:00.000000+00:00",
        "collected_at": None,
    }


def told_to(subject: Subject, identity: str) -> Message:
    """Return a message to this person."""
    said = {"to": {"type": "bsn", "value": subject.value}, "text": SAID}
    return Message(identity, "inform", json.dumps(said, separators=(",", ":")), NOW)


async def fill(store: SqlCases, subject: Subject, letter: str) -> None:
    """Keep one thing of each kind about this person."""
    record = CaseRecord(
        Case(letter * 32, "werkplan", Phase.WORK_PLAN, ()),
        subject,
        f"1{letter * 31}",
        1,
        NOW.date(),
    )
    given = Consent("v", frozenset({"betrokkene"}), NOW.date(), None, None, None, "doel")
    await ask(
        store,
        replace(
            QUESTION, id=letter * 32, release_id=f"2{letter * 31}", subject=subject, request=SAID
        ),
    )
    async with store.writing() as pen:
        await pen.insert(record)
        await pen.give(ConsentRecord(letter * 32, f"3{letter * 31}", subject, given, "gem-regie"))
        await pen.run(statements_for(store.kind).add, view(subject, letter * 32))
    await confirm(store, letter * 32, subject, Confirmation("doel", NOW.date(), None))
    async with SqlMessages(store).following("log") as turn:
        await turn.add_message(told_to(subject, letter * 32))
    asked = Bid(letter * 32, "gem-regie", "doel", ("adres",), subject, NOW)
    await SqlGuard(store, KEY).reserve(Rules(RULE, ()), asked)


async def test_what_waits_about_a_person_goes_and_the_rest_is_counted(store: SqlCases) -> None:
    """Questions, views and messages go; cases and consents stay, by number; others keep theirs."""
    await fill(store, QUESTION.subject, "a")
    await fill(store, OTHER, "b")

    done = await erase_beside(store, QUESTION.subject, KEY)
    again = await erase_beside(store, QUESTION.subject, KEY)

    assert dict(done.removed) == {QUESTIONS: 1, VIEWS: 1, MESSAGES: 1, COUNTS: 1}
    assert dict(again.removed) == dict.fromkeys((QUESTIONS, VIEWS, MESSAGES, COUNTS), 0)
    assert (done.kept.open_cases, done.kept.closed_cases, done.kept.consents) == (1, 0, 1)
    assert (done.kept.confirmations, done.kept.representations, done.kept.unrecorded) == (1, 0, 0)
    assert await find_question(store, "a" * 32) is None
    assert await find_question(store, "b" * 32) is not None
    assert [each.id for each in await SqlMessages(store).due(LATE, 9)] == ["b" * 32]
    assert done.emptied is (store.kind == "sqlite")


async def test_a_step_on_its_way_to_the_ledger_is_counted(store: SqlCases) -> None:
    """Its entry would bring the person back, so that erasing is not done before it is there."""
    draft = Draft(EntryType.CASE, "e" * 32, {}, {}, QUESTION.subject.as_bytes())
    async with store.writing() as pen:
        await pen.put_off(draft)

    done = await erase_beside(store, QUESTION.subject, KEY)
    other = await erase_beside(store, OTHER, KEY)

    assert (done.kept.unrecorded, other.kept.unrecorded) == (1, 0)


async def test_two_gateways_begin_to_follow_a_log_at_once(
    pair: tuple[SqlCases, SqlCases],
) -> None:
    """Whoever is second waits for the first turn, and goes on where that one ended."""

    async def turn(store: SqlCases) -> int:
        async with SqlMessages(store).following("log") as held:
            await asyncio.sleep(0.02)
            await held.move(held.position + 1)
            return held.position

    positions = await asyncio.gather(*(turn(each) for each in pair))

    assert sorted(positions) == [0, 1]


async def test_who_follows_a_log_is_waited_for(pair: tuple[SqlCases, SqlCases]) -> None:
    """A message that was being made when the person was erased goes as well."""
    one, other = pair
    async with SqlMessages(one).following("log") as turn:
        await turn.move(1)

    async with SqlMessages(one).following("log") as turn:
        erasing = asyncio.create_task(erase_beside(other, QUESTION.subject, KEY))
        await asyncio.sleep(0.05)
        await turn.add_message(told_to(QUESTION.subject, "a" * 32))

    done = await erasing
    assert done.removed[MESSAGES] == 1
    assert await SqlMessages(one).due(LATE, 9) == []


async def test_no_byte_of_what_was_erased_is_left_in_the_files(tmp_path: Path) -> None:
    """Neither the number nor the words stand in the database or its write-ahead log any more."""
    with closing(open_cases(migrated_in_file(tmp_path))) as store:
        async with SqlMessages(store).following("log") as turn:
            await turn.add_message(told_to(QUESTION.subject, "a" * 32))
        await ask(store, replace(QUESTION, request=SAID))
        async with store.writing() as pen:
            await pen.run(statements_for(store.kind).add, view(QUESTION.subject, "a" * 32))
        number = QUESTION.subject.value.encode()
        before = held_in(tmp_path)

        done = await erase_beside(store, QUESTION.subject, KEY)
        after = held_in(tmp_path)

    assert done.emptied
    assert number in before
    assert SAID.encode() in before
    assert number not in after
    assert SAID.encode() not in after


def held_in(folder: Path) -> bytes:
    """Return all that the files of a case store hold."""
    return b"".join(path.read_bytes() for path in folder.glob("zaken.db*"))


async def test_who_reads_keeps_the_file_from_forgetting(tmp_path: Path) -> None:
    """What was erased is erased; that a copy may be left is said, and not an error."""
    with (
        closing(open_cases(migrated_in_file(tmp_path))) as store,
        closing(sqlite3.connect(tmp_path / "zaken.db", isolation_level=None)) as reader,
    ):
        await ask(store)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM source_question").fetchall()

        done = await erase_beside(store, QUESTION.subject, KEY)

    assert (done.removed[QUESTIONS], done.emptied) == (1, False)
