"""Steps as they are taken: recorded before they widen, in effect before they are recorded."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from audit.entry import Draft, EntryType, Receipt
from audit.errors import AppendFailed, LedgerBusy
from gateway.cases.consents import give, withdraw
from gateway.cases.desk import Desk
from gateway.cases.flow import Asked, begin, read, search, take
from gateway.cases.machine import Joining, Start, Step
from gateway.cases.model import Actor
from gateway.cases.sqlite import SqliteDatabase
from gateway.catalogue.model import Beginning, Phase
from gateway.errors import (
    CaseRefused,
    CasesUnavailable,
    NotFound,
    SourceFailed,
    VersionConflict,
)
from tests.case_steps import ASKED, CLOSE, CONSENT, JOIN, LEAVE, OTHER, PERSON, PLAN, with_care
from tests.fakes_cases import (
    CARE,
    COORDINATOR,
    STRANGER,
    TEAM,
    MemoryLedger,
    UncertainCases,
)
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio


async def test_every_step_is_an_entry_without_a_person(desk: Desk, ledger: MemoryLedger) -> None:
    """The members are words of the catalogue, OINs and random keys; the person is committed to."""
    record = await with_care(desk)
    draft = ledger.drafts[-1]

    assert ledger.steps == ["begun", "advanced", "joined"]
    assert draft.members == {
        "case": record.ledger_key,
        "kind": "werkplan",
        "beginning": "own_request",
        "phase": "werkplan",
        "step": "joined",
        "version": 3,
        "organisation": catalogue().organisations["gem-regie"].oin,
        "role": "casuscoordinator",
        "policy": catalogue().revision,
        "party": catalogue().organisations["ggz-rivierzicht"].oin,
    }
    assert draft.type is EntryType.CASE
    assert draft.committed == {"professional": b"medewerker-1", "subject": b"bsn:999925799"}
    assert record.case.id not in str(draft.members)


async def test_a_step_that_is_not_recorded_is_not_taken(
    desk: Desk, ledger: MemoryLedger, store: UncertainCases
) -> None:
    """What widens and cannot be recorded has no effect, and the next try finds nothing of it."""
    record, _ = await begin(desk, TEAM, ASKED)
    ledger.failures = [LedgerBusy("scripted"), AppendFailed("scripted")]

    with pytest.raises(LedgerBusy):
        await take(desk, COORDINATOR, record.case.id, 1, JOIN)
    with pytest.raises(AppendFailed):
        await begin(desk, TEAM, replace(ASKED, subject=OTHER))

    kept = await store.find_case(record.case.id)
    assert kept == record
    assert await store.cases(OTHER) == []


async def test_a_step_that_was_recorded_for_nothing_is_corrected(
    desk: Desk, ledger: MemoryLedger, store: UncertainCases
) -> None:
    """A store that fails after the ledger leaves an entry, and a second one that takes it back."""
    record, _ = await begin(desk, TEAM, ASKED)
    store.fails = 1

    with pytest.raises(CasesUnavailable):
        await take(desk, COORDINATOR, record.case.id, 1, JOIN)

    joined, correction = ledger.drafts[-2:]
    assert correction.type is EntryType.CORRECTION
    assert correction.members == {"entry": joined.request_id, "reason": "not_carried_out"}
    assert await store.find_case(record.case.id) == record
    assert await store.unrecorded() == []


async def test_a_correction_is_tried_even_when_it_cannot_be_kept(
    desk: Desk, ledger: MemoryLedger, store: UncertainCases
) -> None:
    """A store that keeps failing does not keep the ledger from being put right."""
    record, _ = await begin(desk, TEAM, ASKED)
    store.fails = 3

    with pytest.raises(CasesUnavailable):
        await take(desk, COORDINATOR, record.case.id, 1, JOIN)

    assert ledger.steps == ["begun", "joined", "not_carried_out"]


async def test_leaving_takes_effect_though_the_ledger_is_down(
    desk: Desk, ledger: MemoryLedger
) -> None:
    """What narrows is done at once; its entry is kept, and recorded once under its own id."""
    record = await with_care(desk)
    ledger.failures = [LedgerBusy("scripted"), LedgerBusy("scripted")]

    _, receipt = await take(desk, CARE, record.case.id, 3, LEAVE)

    assert receipt is None
    with pytest.raises(NotFound):
        await read(desk, CARE, record.case.id)
    assert await desk.settle() == 1
    assert await desk.settle() == 0
    assert ledger.steps[-1] == "left"
    assert await desk.settle() == 0
    assert ledger.steps.count("left") == 1


async def test_an_entry_that_stood_there_already_is_not_made_twice(
    desk: Desk, ledger: MemoryLedger, store: UncertainCases
) -> None:
    """A gateway that stopped between ledger and store offers the entry again, and forgets it."""
    record = await with_care(desk)
    _, receipt = await take(desk, CARE, record.case.id, 3, LEAVE)
    async with store.writing() as pen:
        await pen.put_off(ledger.drafts[-1])

    assert receipt is not None
    assert await desk.settle() == 0
    assert ledger.steps.count("left") == 1


async def test_an_entry_that_cannot_be_forgotten_is_offered_again(
    desk: Desk, ledger: MemoryLedger, store: UncertainCases
) -> None:
    """The store that fails after the entry was recorded keeps it; the ledger takes it once."""
    record = await with_care(desk)
    ledger.failures = [LedgerBusy("scripted")]
    await take(desk, CARE, record.case.id, 3, LEAVE)
    store.fails = 1

    assert await desk.settle() == 1
    assert await desk.settle() == 0
    assert ledger.steps.count("left") == 1


async def test_two_coordinators_lose_nothing(desk: Desk) -> None:
    """The second of two steps from one version is told which version is there now."""
    record, _ = await begin(desk, TEAM, ASKED)
    await take(desk, COORDINATOR, record.case.id, 1, JOIN)

    with pytest.raises(VersionConflict) as conflict:
        await take(desk, COORDINATOR, record.case.id, 1, PLAN)

    assert conflict.value.current == 2


async def test_steps_at_the_same_moment_are_one_step(desk: Desk, ledger: MemoryLedger) -> None:
    """Of steps that start together from one version exactly one is taken and recorded."""
    record, _ = await begin(desk, TEAM, ASKED)

    outcomes = await asyncio.gather(
        *(take(desk, COORDINATOR, record.case.id, 1, asked) for asked in (JOIN, PLAN, JOIN)),
        return_exceptions=True,
    )

    assert sum(isinstance(each, VersionConflict) for each in outcomes) == 2
    assert len(ledger.drafts) == 2


async def test_a_step_goes_on_when_its_asker_is_cut_off(
    desk: Desk, ledger: MemoryLedger, store: UncertainCases
) -> None:
    """Between ledger and commit nobody can stop a step halfway: it is taken, as recorded."""
    record, _ = await begin(desk, TEAM, ASKED)
    task = asyncio.current_task()
    assert task is not None
    cut = replace(desk, ledger=_Cutting(ledger, task))

    with pytest.raises(asyncio.CancelledError):
        await take(cut, COORDINATOR, record.case.id, 1, JOIN)
    task.uncancel()

    kept = await store.find_case(record.case.id)
    assert ledger.steps == ["begun", "joined"]
    assert kept is not None
    assert kept.version == 2


class _Cutting:
    """A ledger during whose first append the task of the caller is cut off."""

    def __init__(self, ledger: MemoryLedger, task: "asyncio.Task[object]") -> None:
        self._ledger, self._task = ledger, task
        self._cut = False

    async def append(self, draft: Draft) -> Receipt:
        """Record, and cut the caller off once."""
        receipt = await self._ledger.append(draft)
        if not self._cut:
            self._cut = True
            self._task.cancel()
        return receipt


async def test_a_stranger_is_told_that_there_is_no_case(desk: Desk, ledger: MemoryLedger) -> None:
    """Not being a party, having left and there being no case look the same, and leave no entry."""
    record = await with_care(desk)
    await take(desk, CARE, record.case.id, 3, LEAVE)
    before = len(ledger.drafts)

    for actor, case_id in ((STRANGER, record.case.id), (CARE, record.case.id), (TEAM, "0" * 32)):
        with pytest.raises(NotFound):
            await read(desk, actor, case_id)

    assert len(ledger.drafts) == before


async def test_reading_is_recorded_before_anything_is_shown(
    desk: Desk, ledger: MemoryLedger
) -> None:
    """No entry, no view; and a search leaves an entry for each case that it shows."""
    record = await with_care(desk)
    ledger.failures = [LedgerBusy("scripted")]

    with pytest.raises(LedgerBusy):
        await read(desk, COORDINATOR, record.case.id)
    view = await read(desk, COORDINATOR, record.case.id)
    found = await search(desk, CARE, PERSON)

    assert (view.version, view.is_shared) == (3, True)
    assert [each.case.id for each in found] == [record.case.id]
    assert ledger.steps[-2:] == ["read", "read"]


async def test_who_takes_no_part_finds_nothing(desk: Desk, ledger: MemoryLedger) -> None:
    """The twin: a stranger's search is empty, and there is nothing to record."""
    await with_care(desk)
    before = len(ledger.drafts)

    assert await search(desk, STRANGER, PERSON) == []
    assert await search(desk, CARE, OTHER) == []
    assert len(ledger.drafts) == before


async def test_parties_see_each_other_as_long_as_the_person_consents(desk: Desk) -> None:
    """Without consent a party sees itself alone; with it all; after a withdrawal itself again."""
    record = await with_care(desk)
    before = await read(desk, CARE, record.case.id)
    given, _ = await give(desk, TEAM, CONSENT)
    during = await read(desk, CARE, record.case.id)

    await withdraw(desk, CARE, given.id)
    after = await read(desk, CARE, record.case.id)

    assert [len(view.parties) for view in (before, during, after)] == [1, 3, 1]
    assert [view.is_shared for view in (before, during, after)] == [False, True, False]


async def test_ordinary_work_asks_no_consent_to_see_its_parties(desk: Desk) -> None:
    """A kind of case that names no consent shares without it; other rules hold all the same."""
    start = Start("wmo-begeleiding", Beginning.OWN_REQUEST, PERSON)
    record, _ = await begin(desk, TEAM, start)
    joined = Asked(Step.JOINED, lambda m, r: m.join(r, Joining("duo", "duo-medewerker")))
    await take(desk, TEAM, record.case.id, 1, joined)
    duo = Actor("duo", "duo-medewerker", "medewerker-9")

    assert (await read(desk, duo, record.case.id)).is_shared


async def test_a_closed_case_shows_its_coordinator_that_it_is_closed(desk: Desk) -> None:
    """For the parties it is gone; the coordinator sees its end and takes no step any more."""
    record = await with_care(desk)
    _, receipt = await take(desk, COORDINATOR, record.case.id, 3, CLOSE)

    view = await read(desk, COORDINATOR, record.case.id)

    assert receipt is not None
    assert (view.case.phase, view.agreements) == (Phase.CLOSED, ())
    with pytest.raises(NotFound):
        await read(desk, CARE, record.case.id)
    with pytest.raises(CaseRefused, match="CASE_CLOSED"):
        await take(desk, COORDINATOR, record.case.id, 4, CLOSE)


async def test_a_store_that_does_not_answer_takes_no_step(desk: Desk, tmp_path: Path) -> None:
    """A file that went away is a failure, and not a case that does not exist."""
    record = await with_care(desk)
    gone = replace(desk, book=UncertainCases(SqliteDatabase(tmp_path / "weg.db")))

    with pytest.raises(CasesUnavailable):
        await read(gone, COORDINATOR, record.case.id)
    with pytest.raises(CasesUnavailable):
        await begin(gone, TEAM, ASKED)
    with pytest.raises(SourceFailed):
        await gone.book.cases(PERSON)
    gone.book.close()
