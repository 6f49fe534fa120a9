"""How long a party may take part: until the last day of the longest term of its kind of case."""

import datetime as dt
from dataclasses import replace

import pytest

from gateway.cases.machine import Joining, Machine, Moment, Start
from gateway.cases.model import Actor, CaseRecord
from gateway.catalogue.model import Beginning
from gateway.errors import CaseRefused
from tests.case_steps import ASKED, NOW, PERSON
from tests.fakes_cases import COORDINATOR, STRANGER
from tests.fakes_decision import catalogue

DAY = NOW.date()
LAST_OF_TERM, TOO_LATE = (DAY + dt.timedelta(days=days) for days in (181, 182))
JOINS = Joining("ggz-rivierzicht", "spv-ggz")


def begun(actor: Actor, start: Start) -> tuple[Machine, CaseRecord]:
    """Return the rules for this actor, and the case that it began."""
    machine = Machine(catalogue(), actor, Moment(NOW, DAY))
    return machine, machine.begin(start, lambda: "a" * 32)


def test_a_party_joins_until_the_last_day_of_the_term() -> None:
    """That day is within the term."""
    machine, record = begun(COORDINATOR, ASKED)

    joined = machine.join(record, replace(JOINS, until=LAST_OF_TERM))

    assert joined.case.parties[-1].until == LAST_OF_TERM


def test_a_party_does_not_join_for_longer() -> None:
    """The refusing twin: a day later is too late."""
    machine, record = begun(COORDINATOR, ASKED)

    with pytest.raises(CaseRefused, match="TERM_TOO_LONG"):
        machine.join(record, replace(JOINS, until=TOO_LATE))


def test_a_kind_of_case_without_a_term_bounds_no_day() -> None:
    """Where the policy names no term, a long mandate may be as long as it says."""
    start = Start("wmo-onderzoek", Beginning.OWN_REQUEST, PERSON)
    machine, record = begun(STRANGER, start)

    joined = machine.join(record, replace(JOINS, until=TOO_LATE))

    assert joined.case.parties[-1].until == TOO_LATE
