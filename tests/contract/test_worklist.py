"""Worklists and second cases, in a file and in a database server alike, over two gateways."""

import asyncio
import datetime as dt
import os
from dataclasses import replace

import pytest

from gateway.cases.desk import Desk
from gateway.cases.flow import Asked, begin, take
from gateway.cases.machine import Joining, Start, Step
from gateway.cases.model import Actor
from gateway.cases.records import SqlCases
from gateway.cases.worklist import list_waiting
from gateway.catalogue.model import Beginning, Requester
from gateway.errors import CaseRunning, CasesUnavailable, RoleNotMandated
from gateway.subject import parse_bsn
from tests.case_steps import ASKED, CLOSE, NOW, OTHER, PERSON
from tests.fakes_cases import COORDINATOR, TEAM, Clock, MemoryLedger, desk_over
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio

DAY = dt.timedelta(days=1)
TASKFORCE = Actor("gem-taskforce1627", "taskforce-lid", "medewerker-9")
URGENT = Start("taskforce-16-27", Beginning.OWN_REQUEST, PERSON)
DECIDE = Asked(Step.DECIDED, lambda machine, record: machine.decide(record))
THIRD = parse_bsn("999914121")


@pytest.fixture
def made(pair: tuple[SqlCases, SqlCases]) -> tuple[Desk, Desk, MemoryLedger]:
    """Give the desks of both gateways, with one ledger."""
    one, ledger = desk_over(pair[0], catalogue(), Clock(NOW))
    other, _ = desk_over(pair[1], catalogue(), Clock(NOW))
    return replace(one, random=os.urandom), replace(other, ledger=ledger, random=os.urandom), ledger


def later(desk: Desk, days: int) -> Desk:
    """Return the same desk, some days on."""
    return replace(desk, now=Clock(NOW + days * DAY))


@pytest.mark.parametrize("actor", [TEAM, COORDINATOR], ids=["who began it", "its coordinator"])
async def test_who_takes_part_begins_no_second_case(
    made: tuple[Desk, Desk, MemoryLedger], actor: Actor
) -> None:
    """It is told which case runs, at another gateway as well; that it is told is recorded."""
    desk, other, ledger = made
    record, _ = await begin(desk, TEAM, ASKED)

    with pytest.raises(CaseRunning) as refused:
        await begin(other, actor, ASKED)

    assert refused.value.case_id == record.case.id
    assert ledger.steps == ["begun", "read"]
    assert len(await desk.book.cases(PERSON)) == 1


async def test_the_case_of_others_is_not_there(made: tuple[Desk, Desk, MemoryLedger]) -> None:
    """Who takes no part in it begins a case of its own, and learns of no other."""
    desk, other, ledger = made
    policy = desk.catalogue
    kind = policy.case_kinds["wmo-begeleiding"]
    start = Start(kind.id, Beginning.OWN_REQUEST, PERSON)
    buurt = Actor("buurtteam-oost", "buurtteammedewerker", "medewerker-8")
    first, _ = await begin(desk, TEAM, start)

    second, _ = await begin(other, buurt, start)

    assert first.case.id != second.case.id
    assert {each.organisation for each in second.case.parties} == {"buurtteam-oost"}
    assert ledger.steps == ["begun", "begun"]


@pytest.mark.parametrize(
    ("again", "close"),
    [
        (ASKED, True),
        (replace(ASKED, subject=OTHER), False),
        (Start("wijkteam-maatwerk", Beginning.OWN_REQUEST, PERSON), False),
    ],
    ids=["closed", "another person", "another kind"],
)
async def test_a_case_that_differs_begins(
    made: tuple[Desk, Desk, MemoryLedger], again: Start, *, close: bool
) -> None:
    """The permitting twin: what is closed, of another kind or person stands in nobody's way."""
    desk, other, _ = made
    record, _ = await begin(desk, TEAM, ASKED)
    if close:
        await take(desk, COORDINATOR, record.case.id, 1, CLOSE)

    second, _ = await begin(other, TEAM, again)

    assert second.case.id != record.case.id


async def test_of_many_at_once_one_begins(made: tuple[Desk, Desk, MemoryLedger]) -> None:
    """At two gateways together one case begins; all others are told of that one."""
    desk, other, ledger = made
    tries = [begin(each, TEAM, ASKED) for each in (desk, other) * 3]

    found = await asyncio.gather(*tries, return_exceptions=True)

    refused = [each.case_id for each in found if isinstance(each, CaseRunning)]
    [case] = await desk.book.cases(PERSON)
    assert refused == [case.id] * 5
    assert sorted(map(str, ledger.steps)) == ["begun", *["read"] * 5]


async def test_a_row_that_is_none_begins_nothing(
    made: tuple[Desk, Desk, MemoryLedger], pair: tuple[SqlCases, SqlCases]
) -> None:
    """A store that holds what is no case cannot tell whether there is one, so it says so."""
    desk, _, ledger = made
    record, _ = await begin(desk, TEAM, ASKED)
    del ledger.drafts[:]
    async with pair[0].writing() as pen:
        broken = replace(record, version=2, case=replace(record.case, kind=""))
        await pen.insert(replace(broken, case=replace(broken.case, id="f" * 32), ledger_key="e"))

    with pytest.raises(CasesUnavailable):
        await begin(desk, TEAM, ASKED)

    assert ledger.drafts == []


async def test_a_worklist_is_in_the_order_of_the_term(
    made: tuple[Desk, Desk, MemoryLedger],
) -> None:
    """Who waits longest comes first; what was decided or closed waits no longer."""
    desk, other, _ = made
    last, _ = await begin(desk, TASKFORCE, URGENT)
    first, _ = await begin(later(desk, -1), TASKFORCE, replace(URGENT, subject=OTHER))
    decided, _ = await begin(desk, TASKFORCE, replace(URGENT, subject=THIRD))
    await take(desk, TASKFORCE, decided.case.id, 1, DECIDE)

    found = await list_waiting(other, TASKFORCE, 0, 50)

    assert [each.case_id for each in found.cases] == [first.case.id, last.case.id]
    assert [each.due.is_overdue for each in found.cases] == [True, False]
    assert [each.began_on for each in found.cases] == [(NOW - DAY).date(), NOW.date()]


async def test_a_worklist_has_pages(made: tuple[Desk, Desk, MemoryLedger]) -> None:
    """Every case comes once, and the last page has no next one."""
    desk, _, _ = made
    subjects = (PERSON, OTHER, THIRD)
    for subject in subjects:
        await begin(desk, TASKFORCE, replace(URGENT, subject=subject))

    pages = [await list_waiting(desk, TASKFORCE, start, 2) for start in (0, 2)]

    assert [len(each.cases) for each in pages] == [2, 1]
    assert len({each.case_id for page in pages for each in page.cases}) == 3
    assert [each.next_start for each in pages] == [2, None]


async def test_a_worklist_holds_no_case_of_others(made: tuple[Desk, Desk, MemoryLedger]) -> None:
    """Who decides in such cases sees those in which it takes part today, and no more."""
    desk, _, _ = made
    policy, hat = desk.catalogue, Requester("klantmanager-wi", "gem-werk-inkomen")
    kind = policy.case_kinds["taskforce-16-27"]
    both = replace(kind, coordinators=(*kind.coordinators, hat))
    kinds = {**policy.case_kinds, kind.id: both}
    desk = replace(desk, catalogue=replace(policy, case_kinds=kinds))
    colleague = Actor(hat.organisation, hat.role, "medewerker-7")
    record, _ = await begin(desk, TASKFORCE, URGENT)
    before = await list_waiting(desk, colleague, 0, 50)
    until = Joining(hat.organisation, hat.role, until=NOW.date())
    joined = Asked(Step.JOINED, lambda machine, case: machine.join(case, until), hat.organisation)
    await take(desk, TASKFORCE, record.case.id, 1, joined)

    during = await list_waiting(desk, colleague, 0, 50)
    after = await list_waiting(later(desk, 1), colleague, 0, 50)

    assert [len(each.cases) for each in (before, during, after)] == [0, 1, 0]
    assert during.cases[0].version == 2


async def test_a_role_without_decisions_has_none(made: tuple[Desk, Desk, MemoryLedger]) -> None:
    """Nothing is looked at, so nothing is recorded."""
    desk, _, ledger = made

    with pytest.raises(RoleNotMandated):
        await list_waiting(desk, COORDINATOR, 0, 50)

    assert ledger.drafts == []
