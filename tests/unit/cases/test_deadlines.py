"""By when it must be decided in a case, and how many are too late."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from gateway.cases.deadlines import Due, count_overdue, find_due
from gateway.cases.desk import Desk
from gateway.cases.flow import Asked, begin, search, take, view_of
from gateway.cases.machine import Start, Step
from gateway.cases.model import Actor, CaseRecord
from gateway.catalogue.model import Beginning, Catalogue
from gateway.subject import parse_bsn
from tests.fakes_cases import Clock, desk_over, new_store
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio

MEMBER = Actor("gem-taskforce1627", "taskforce-lid", "medewerker-9")
PERSON = parse_bsn("999912410")
ASKED = Start("taskforce-16-27", Beginning.OWN_REQUEST, PERSON)
DECIDE = Asked(Step.DECIDED, lambda m, r: m.decide(r))
CLOSE = Asked(Step.CLOSED, lambda m, r: m.close(r))
FRIDAY = dt.datetime(2026, 4, 3, 9, tzinfo=dt.UTC)  # Good Friday.


@pytest.fixture
def clock() -> Clock:
    """Give a clock on the day that the case begins."""
    return Clock(FRIDAY)


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    """Give a desk over a real store."""
    return desk_over(new_store(tmp_path), catalogue(), clock)[0]


def within(days: int) -> Catalogue:
    """Return the catalogue with another term for the taskforce."""
    kinds = dict(catalogue().case_kinds)
    kinds["taskforce-16-27"] = replace(kinds["taskforce-16-27"], decide_within=days)
    return replace(catalogue(), case_kinds=MappingProxyType(kinds))


async def overdue(desk: Desk) -> int:
    """Return how many cases are too late now."""
    return await count_overdue(desk.catalogue, desk.book, desk.moment().day)


async def begun(desk: Desk) -> CaseRecord:
    """Begin a case of the taskforce."""
    return (await begin(desk, MEMBER, ASKED))[0]


async def test_the_taskforce_decides_the_same_day(desk: Desk, clock: Clock) -> None:
    """The day it begins is the last day to decide, holiday or not; at midnight it is too late."""
    record = await begun(desk)
    today = find_due(desk.catalogue, record, FRIDAY.date())
    before = await overdue(desk)
    clock.at = dt.datetime(2026, 4, 3, 22, 0, tzinfo=dt.UTC)  # Midnight where the people live.

    view = await view_of(desk, MEMBER, record)

    assert today == Due(FRIDAY.date(), None, is_overdue=False)
    assert view.due == Due(FRIDAY.date(), None, is_overdue=True)
    assert (before, await overdue(desk)) == (0, 1)


@pytest.mark.parametrize("step", [DECIDE, CLOSE])
async def test_what_was_decided_or_closed_is_not_too_late(
    desk: Desk, clock: Clock, step: Asked
) -> None:
    """A decision within the term is on record; a case that is closed waits for none."""
    record = await begun(desk)
    changed, _ = await take(desk, MEMBER, record.case.id, 1, step)
    clock.at += dt.timedelta(days=7)

    due = find_due(desk.catalogue, changed, desk.moment().day)

    assert due is not None
    assert not due.is_overdue
    assert await overdue(desk) == 0


async def test_a_decision_stays_on_record(desk: Desk) -> None:
    """A search shows by when it had to be decided, and when it was."""
    record = await begun(desk)
    await take(desk, MEMBER, record.case.id, 1, DECIDE)

    [found] = await search(desk, MEMBER, PERSON)

    assert found.due == Due(FRIDAY.date(), FRIDAY.date(), is_overdue=False)


async def test_a_longer_term_counts_working_days(desk: Desk) -> None:
    """Two working days from Good Friday end on the Wednesday after Easter."""
    longer = replace(desk, catalogue=within(2))
    record = await begun(longer)

    last = dt.date(2026, 4, 8)
    on_it = await count_overdue(longer.catalogue, longer.book, last)
    after_it = await count_overdue(longer.catalogue, longer.book, last + dt.timedelta(days=1))

    due = find_due(longer.catalogue, record, last)
    assert due is not None
    assert due.decide_by == last
    assert (on_it, after_it) == (0, 1)


async def test_other_kinds_of_case_have_no_term(desk: Desk) -> None:
    """Where the policy names no term nothing is due, nor where it no longer knows the kind."""
    record = await begun(desk)
    other = replace(record, case=replace(record.case, kind="schuldhulp"))
    forgotten = replace(record, case=replace(record.case, kind="vergeten"))

    assert find_due(desk.catalogue, other, FRIDAY.date()) is None
    assert find_due(desk.catalogue, forgotten, FRIDAY.date()) is None
