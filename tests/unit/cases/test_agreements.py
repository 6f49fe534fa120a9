"""How far agreements are: who says so, in which order, and of which days."""

import datetime as dt
import itertools

import pytest

from gateway.cases.machine import Joining, Machine, Moment, Start
from gateway.cases.model import Actor, CaseRecord, Progress
from gateway.cases.refusals import CaseCode
from gateway.catalogue.model import Beginning, Phase
from gateway.errors import CaseRefused
from gateway.subject import parse_bsn
from tests.fakes_cases import CARE, COORDINATOR, TEAM
from tests.fakes_decision import catalogue

DAY = dt.date(2026, 3, 2)
YESTERDAY, TOMORROW = DAY - dt.timedelta(days=1), DAY + dt.timedelta(days=1)
ASKED = Start("werkplan", Beginning.OWN_REQUEST, parse_bsn("999925799"))


def machine(actor: Actor = COORDINATOR) -> Machine:
    """Return the rules for this actor on the day of the tests."""
    moment = Moment(dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC), DAY)
    return Machine(catalogue(), actor, moment)


def planned() -> CaseRecord:
    """Return a case with a work plan, and a care provider in it."""
    keys = itertools.count(1)
    begun = machine(TEAM).begin(ASKED, lambda: f"{next(keys):032x}")
    joined = machine().join(begun, Joining("ggz-rivierzicht", "spv-ggz"))
    return machine().advance(joined, Phase.WORK_PLAN)


@pytest.mark.parametrize("actor", [CARE, COORDINATOR], ids=["its party", "the coordinator"])
def test_an_agreement_says_how_far_it_is(actor: Actor) -> None:
    """It is planned, goes on, and gets another day, by its party or the coordinator alone."""
    agreed = machine().agree(planned(), "ggz-rivierzicht", "Belt maandag.", None, DAY)
    agreed = machine().agree(agreed, "gem-regie", "Plant een afspraak.", None)

    moved = machine(actor).progress(agreed, 1, Progress.RUNNING, TOMORROW)
    ended = machine(actor).fulfil(moved, 1)

    assert [so_far(each) for each in (agreed, moved, ended)] == [
        [(Progress.PLANNED, DAY), (Progress.PLANNED, None)],
        [(Progress.RUNNING, TOMORROW), (Progress.PLANNED, None)],
        [(Progress.DONE, None), (Progress.PLANNED, None)],
    ]
    assert moved.version == agreed.version + 1


def so_far(record: CaseRecord) -> list[tuple[Progress, dt.date | None]]:
    """Return how far each agreement is, and its next day."""
    return [(each.status, each.next_on) for each in record.agreements]


@pytest.mark.parametrize(
    ("actor", "number", "next_on", "code"),
    [
        (TEAM, 1, None, CaseCode.NO_SUCH_AGREEMENT),
        (CARE, 2, None, CaseCode.NO_SUCH_AGREEMENT),
        (CARE, 3, None, CaseCode.NO_SUCH_AGREEMENT),
        (CARE, 1, YESTERDAY, CaseCode.TERM_WRONG),
    ],
    ids=["of another party", "kept already", "not there", "a day gone by"],
)
def test_nothing_is_said_of_an_agreement_otherwise(
    actor: Actor, number: int, next_on: dt.date | None, code: CaseCode
) -> None:
    """Who did not agree says nothing of it, what was kept stays so, and days are to come."""
    record = machine().agree(planned(), "ggz-rivierzicht", "Belt maandag.", None)
    record = machine(CARE).fulfil(machine().agree(record, "ggz-rivierzicht", "Belt.", None), 2)

    with pytest.raises(CaseRefused) as refused:
        machine(actor).progress(record, number, Progress.RUNNING, next_on)

    assert refused.value.code == code


def test_a_closed_case_has_no_progress() -> None:
    """Nothing follows on a closed case."""
    agreed = machine().agree(planned(), "ggz-rivierzicht", "Belt maandag.", None)

    with pytest.raises(CaseRefused, match="CASE_CLOSED"):
        machine().progress(machine().close(agreed), 1, Progress.RUNNING, None)


def test_a_next_day_of_an_agreement_is_to_come() -> None:
    """An agreement is not made about a day gone by."""
    with pytest.raises(CaseRefused, match="TERM_WRONG"):
        machine().agree(planned(), "ggz-rivierzicht", "Belt.", None, YESTERDAY)
