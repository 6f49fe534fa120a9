"""What may happen in a case: every step with its refusing twins."""

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.cases.machine import (
    MOST_AGREEMENTS,
    MOST_PARTIES,
    Joining,
    Machine,
    Moment,
    Start,
    Step,
)
from gateway.cases.model import Actor, CaseRecord, Party, Signal
from gateway.cases.refusals import SENTENCES, CaseCode
from gateway.catalogue.model import Beginning, Catalogue, Phase
from gateway.errors import CaseRefused
from gateway.golden.world import bills_in_force
from gateway.subject import parse_bsn
from tests.fakes_cases import CARE, COORDINATOR, LANDLORD, STRANGER, TEAM
from tests.fakes_decision import catalogue

PERSON = parse_bsn("999925799")
DAY = dt.date(2026, 3, 2)
MOMENT = Moment(dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC), DAY)
YESTERDAY = DAY - dt.timedelta(days=1)
TRIED = Signal(YESTERDAY, "wijkteam-noord", 2, "zorgmijding")
ASKED = Start("werkplan", Beginning.OWN_REQUEST, PERSON)
SIGNALLED = Start("werkplan", Beginning.SIGNAL, PERSON, TRIED)
CARE_JOINS = Joining("ggz-rivierzicht", "spv-ggz", trajectory="wmo-begeleiding")


def machine(actor: Actor = COORDINATOR, policy: Catalogue | None = None) -> Machine:
    """Return the rules for this actor on the day of the tests."""
    return Machine(policy or catalogue(), actor, MOMENT)


def keys() -> Callable[[], str]:
    """Return what gives a new key at each call."""
    count = itertools.count(1)
    return lambda: f"{next(count):032x}"


def begun(actor: Actor = TEAM) -> CaseRecord:
    """Return a case in its exploration."""
    return machine(actor).begin(ASKED, keys())


def planned() -> CaseRecord:
    """Return a case with a work plan, and a care provider in it."""
    record = machine().join(begun(), CARE_JOINS)
    return machine().advance(record, Phase.WORK_PLAN)


def closed() -> CaseRecord:
    """Return a case that was closed."""
    return machine().close(begun())


def organisations(record: CaseRecord) -> list[str]:
    """Return who takes part today, in the order of joining."""
    return [each.organisation for each in record.case.parties if each.takes_part_on(DAY)]


def test_who_asks_for_help_begins_with_who_heard_it_and_the_coordinator() -> None:
    """An own request is taken by a party; the coordinator takes part from the first day."""
    record = begun()

    assert organisations(record) == ["gem-regie", "wijkteam-noord"]
    assert (record.version, record.began_on) == (1, DAY)
    assert record.case.phase is Phase.EXPLORATION
    assert record.case.id != record.ledger_key


def test_a_coordinator_begins_a_case_alone() -> None:
    """Who coordinates needs no second place at the table."""
    assert organisations(begun(COORDINATOR)) == ["gem-regie"]


def test_who_signals_takes_no_part_by_doing_so() -> None:
    """A signal gives its sender nothing to see; it keeps what was tried before."""
    record = machine(LANDLORD, bills_in_force(catalogue())).begin(SIGNALLED, keys())

    assert organisations(record) == ["gem-regie"]
    assert record.signal == TRIED


@pytest.mark.parametrize(
    ("actor", "start", "in_force", "code"),
    [
        (TEAM, replace(ASKED, kind="onbekend"), True, CaseCode.KIND_UNKNOWN),
        (TEAM, replace(ASKED, kind="meldpunt"), True, CaseCode.BEGINNING_NOT_ALLOWED),
        (CARE, ASKED, True, CaseCode.BEGINNER_NOT_ALLOWED),
        (CARE, SIGNALLED, False, CaseCode.LAW_NOT_IN_FORCE),
        (CARE, replace(SIGNALLED, signal=None), True, CaseCode.CONVERSATION_FIRST),
        (
            CARE,
            replace(SIGNALLED, signal=replace(TRIED, attempts=0)),
            True,
            CaseCode.CONVERSATION_FIRST,
        ),
        (
            CARE,
            replace(SIGNALLED, signal=replace(TRIED, tried_on=DAY + dt.timedelta(days=1))),
            True,
            CaseCode.CONVERSATION_FIRST,
        ),
        (
            CARE,
            replace(SIGNALLED, signal=replace(TRIED, severity="lastig")),
            True,
            CaseCode.SEVERITY_MISSING,
        ),
    ],
)
def test_a_case_does_not_begin_otherwise(
    actor: Actor, start: Start, code: CaseCode, *, in_force: bool
) -> None:
    """Kind, way, role, law and the conversation that was tried first: each can refuse."""
    policy = bills_in_force(catalogue()) if in_force else catalogue()

    with pytest.raises(CaseRefused) as refused:
        machine(actor, policy).begin(start, keys())

    assert refused.value.code == code


def test_a_party_joins_for_the_term_of_its_kind() -> None:
    """Who joins without a last day gets the term of the policy, the first day included."""
    party = machine().join(begun(), CARE_JOINS).case.parties[-1]

    assert (party.since, party.until) == (DAY, DAY + dt.timedelta(days=181))
    assert party.trajectory == "wmo-begeleiding"


def test_a_party_joins_until_the_day_that_is_named() -> None:
    """A last day of its own stands, and the kind without a term knows no last day by itself."""
    joined = machine().join(begun(), replace(CARE_JOINS, until=DAY))
    wmo = machine(STRANGER).begin(Start("wmo-onderzoek", Beginning.OWN_REQUEST, PERSON), keys())
    endless = machine(STRANGER).join(wmo, CARE_JOINS)

    assert joined.case.parties[-1].until == DAY
    assert endless.case.parties[-1].until is None


def crowded(record: CaseRecord) -> CaseRecord:
    """Return a case with as many parties as fit."""
    filler = (Party("duo", DAY, None, "medewerker-inburgering"),) * MOST_PARTIES
    return replace(record, case=replace(record.case, parties=(*record.case.parties, *filler)))


@pytest.mark.parametrize(
    ("record", "actor", "joining", "code"),
    [
        (begun(), TEAM, CARE_JOINS, CaseCode.COORDINATOR_ONLY),
        (begun(), STRANGER, CARE_JOINS, CaseCode.COORDINATOR_ONLY),
        (closed(), COORDINATOR, CARE_JOINS, CaseCode.CASE_CLOSED),
        (begun(), COORDINATOR, Joining("niemand", "spv-ggz"), CaseCode.PARTY_UNKNOWN),
        (begun(), COORDINATOR, Joining("gem-regie", "spv-ggz"), CaseCode.PARTY_UNKNOWN),
        (begun(), COORDINATOR, replace(CARE_JOINS, tasks=("x",)), CaseCode.TASK_UNKNOWN),
        (begun(), COORDINATOR, replace(CARE_JOINS, until=YESTERDAY), CaseCode.TERM_WRONG),
        (planned(), COORDINATOR, CARE_JOINS, CaseCode.ALREADY_PARTY),
        (crowded(begun()), COORDINATOR, CARE_JOINS, CaseCode.TOO_MANY),
    ],
)
def test_a_party_does_not_join_otherwise(
    record: CaseRecord, actor: Actor, joining: Joining, code: CaseCode
) -> None:
    """Only the coordinator lets in, only whom the policy knows, and each party once."""
    with pytest.raises(CaseRefused) as refused:
        machine(actor).join(record, joining)

    assert refused.value.code == code


@pytest.mark.parametrize("actor", [COORDINATOR, CARE])
def test_a_party_leaves_at_once(actor: Actor) -> None:
    """The party itself or the coordinator ends it, with the instant on record."""
    record = machine(actor).leave(planned(), "ggz-rivierzicht", "spv-ggz")

    assert organisations(record) == ["gem-regie", "wijkteam-noord"]
    assert record.case.parties[-1].left_at == MOMENT.at


def test_who_left_may_join_again() -> None:
    """A second part is a membership of its own; the first stays on record as ended."""
    left = machine().leave(planned(), "ggz-rivierzicht", "spv-ggz")

    again = machine().join(left, CARE_JOINS)

    assert organisations(again) == ["gem-regie", "wijkteam-noord", "ggz-rivierzicht"]
    assert len(again.case.parties) == 4


@pytest.mark.parametrize(
    ("record", "actor", "organisation", "role", "code"),
    [
        (planned(), TEAM, "ggz-rivierzicht", "spv-ggz", CaseCode.COORDINATOR_ONLY),
        (planned(), COORDINATOR, "duo", "spv-ggz", CaseCode.NO_SUCH_PARTY),
        (planned(), COORDINATOR, "ggz-rivierzicht", "andere", CaseCode.NO_SUCH_PARTY),
        (planned(), COORDINATOR, "gem-regie", "casuscoordinator", CaseCode.COORDINATOR_STAYS),
        (closed(), TEAM, "wijkteam-noord", "regisseur-wijkteam", CaseCode.CASE_CLOSED),
    ],
)
def test_a_party_does_not_leave_otherwise(
    record: CaseRecord, actor: Actor, organisation: str, role: str, code: CaseCode
) -> None:
    """Nobody puts another party out but the coordinator, and a case is never without one."""
    with pytest.raises(CaseRefused) as refused:
        machine(actor).leave(record, organisation, role)

    assert refused.value.code == code


def test_a_trajectory_that_ended_ends_the_part_that_was_for_it() -> None:
    """Help that has done its work takes its party along; what ended is not ended again."""
    ended = machine(CARE).end_trajectory(planned(), "ggz-rivierzicht", "wmo-begeleiding")

    assert organisations(ended) == ["gem-regie", "wijkteam-noord"]
    with pytest.raises(CaseRefused):
        machine(CARE).end_trajectory(ended, "ggz-rivierzicht", "wmo-begeleiding")


def test_another_trajectory_ends_nothing() -> None:
    """The twin: a party that takes part for other help stays."""
    with pytest.raises(CaseRefused) as refused:
        machine().end_trajectory(planned(), "ggz-rivierzicht", "jeugdhulp")

    assert refused.value.code == CaseCode.NO_SUCH_PARTY


PHASES = (Phase.EXPLORATION, Phase.WORK_PLAN, Phase.COORDINATION)
FOLLOWS = {(PHASES[0], PHASES[1]), (PHASES[1], PHASES[2])}


@pytest.mark.parametrize("here", PHASES)
@pytest.mark.parametrize("to", list(Phase))
def test_a_phase_follows_the_one_before_it_and_no_other(here: Phase, to: Phase) -> None:
    """Exploration, work plan, coordination: one by one, never back, and closing is a step apart."""
    record = begun()
    record = replace(record, case=replace(record.case, phase=here))

    if (here, to) in FOLLOWS:
        assert machine().advance(record, to).case.phase is to
    else:
        with pytest.raises(CaseRefused, match="PHASE_NOT_NEXT"):
            machine().advance(record, to)


def test_a_phase_that_the_policy_no_longer_knows_leads_nowhere() -> None:
    """A case in a phase that was taken out of the policy can only be closed."""
    record = begun()
    strange = replace(record, case=replace(record.case, phase=Phase.RUNNING))

    with pytest.raises(CaseRefused, match="PHASE_NOT_NEXT"):
        machine().advance(strange, Phase.EXPLORATION)
    assert not machine().close(strange).case.is_open


def test_agreements_say_who_does_what() -> None:
    """An agreement has a number, a party, an act and a term; keeping it says no more."""
    agreed = machine().agree(planned(), "ggz-rivierzicht", "Belt maandag.", DAY)

    kept = machine(CARE).fulfil(agreed, 1)

    assert [each.is_done for each in agreed.agreements] == [False]
    assert [each.is_done for each in kept.agreements] == [True]
    assert kept.version == agreed.version + 1


def full(record: CaseRecord) -> CaseRecord:
    """Return a case with as many agreements as fit."""
    one = machine().agree(record, "gem-regie", "Plant een afspraak.", None).agreements[0]
    return replace(record, agreements=(one,) * MOST_AGREEMENTS)


@pytest.mark.parametrize(
    ("record", "actor", "organisation", "until", "code"),
    [
        (begun(), COORDINATOR, "gem-regie", None, CaseCode.NO_WORK_PLAN_YET),
        (planned(), CARE, "ggz-rivierzicht", None, CaseCode.COORDINATOR_ONLY),
        (planned(), COORDINATOR, "duo", None, CaseCode.NO_SUCH_PARTY),
        (planned(), COORDINATOR, "gem-regie", YESTERDAY, CaseCode.TERM_WRONG),
        (full(planned()), COORDINATOR, "gem-regie", None, CaseCode.TOO_MANY),
        (closed(), COORDINATOR, "gem-regie", None, CaseCode.CASE_CLOSED),
    ],
)
def test_nothing_is_agreed_otherwise(
    record: CaseRecord, actor: Actor, organisation: str, until: dt.date | None, code: CaseCode
) -> None:
    """Agreements belong to a work plan, are made by the coordinator, with who takes part."""
    with pytest.raises(CaseRefused) as refused:
        machine(actor).agree(record, organisation, "Doet iets.", until)

    assert refused.value.code == code


@pytest.mark.parametrize(("actor", "number"), [(TEAM, 1), (CARE, 2)])
def test_who_did_not_agree_keeps_nothing(actor: Actor, number: int) -> None:
    """Only the party of an agreement or the coordinator notes that it was kept."""
    agreed = machine().agree(planned(), "ggz-rivierzicht", "Belt maandag.", None)

    with pytest.raises(CaseRefused, match="NO_SUCH_AGREEMENT"):
        machine(actor).fulfil(agreed, number)


def test_only_the_coordinator_closes() -> None:
    """A closed case has no parties that take part, and no steps."""
    with pytest.raises(CaseRefused, match="COORDINATOR_ONLY"):
        machine(TEAM).close(begun())
    with pytest.raises(CaseRefused, match="CASE_CLOSED"):
        machine().close(closed())


def test_a_kind_that_the_policy_dropped_has_no_coordinator() -> None:
    """A case of a kind that is no longer known is nobody's to change."""
    record = begun()
    orphan = replace(record, case=replace(record.case, kind="verdwenen"))

    with pytest.raises(CaseRefused, match="COORDINATOR_ONLY"):
        machine().close(orphan)


def test_every_code_has_its_sentences() -> None:
    """No step is refused without words, in Dutch and in English."""
    assert SENTENCES.keys() == set(CaseCode)
    assert all(nl and en for nl, en in SENTENCES.values())


def test_what_narrows_is_what_takes_something_away() -> None:
    """Leaving, an ended trajectory and closing take effect first; all else is recorded first."""
    assert {step for step in Step if step.narrows} == {
        Step.LEFT,
        Step.TRAJECTORY_ENDED,
        Step.CLOSED,
    }


def decidable() -> tuple[Machine, CaseRecord]:
    """Return the rules for the taskforce, and a case in which it decides."""
    actor = Actor("gem-taskforce1627", "taskforce-lid", "medewerker-9")
    start = Start("taskforce-16-27", Beginning.OWN_REQUEST, PERSON)
    return machine(actor), machine(actor).begin(start, keys())


def test_the_coordinator_notes_that_working_together_is_stuck() -> None:
    """It is noted with its day, and taken back when it goes on again; each is a version."""
    stalled = machine().stall(planned())
    resumed = machine().resume(stalled)

    assert (stalled.case.stalled_on, resumed.case.stalled_on) == (DAY, None)
    assert resumed.version == stalled.version + 1 == planned().version + 2


def test_a_decision_is_noted_once() -> None:
    """That it was decided stands in the case with its day, and never changes."""
    rules, record = decidable()
    decided = rules.decide(record)

    assert (decided.case.decided_on, decided.version) == (DAY, 2)
    with pytest.raises(CaseRefused) as refused:
        rules.decide(decided)
    assert refused.value.code is CaseCode.NOTHING_TO_DECIDE


NOTES: dict[str, tuple[Callable[[], CaseRecord], CaseCode]] = {
    "stuck by another party": (lambda: machine(CARE).stall(planned()), CaseCode.COORDINATOR_ONLY),
    "on by another party": (
        lambda: machine(CARE).resume(machine().stall(planned())),
        CaseCode.COORDINATOR_ONLY,
    ),
    "decided by another party": (
        lambda: machine(CARE).decide(planned()),
        CaseCode.COORDINATOR_ONLY,
    ),
    "stuck twice": (lambda: machine().stall(machine().stall(planned())), CaseCode.NOTED_ALREADY),
    "on while it went on": (lambda: machine().resume(planned()), CaseCode.NOTED_ALREADY),
    "decided without a term": (
        lambda: machine().decide(planned()),
        CaseCode.NOTHING_TO_DECIDE,
    ),
    "stuck and closed": (lambda: machine().stall(closed()), CaseCode.CASE_CLOSED),
    "decided and closed": (lambda: machine().decide(closed()), CaseCode.CASE_CLOSED),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_the_coordinators_and_made_once(name: str) -> None:
    """Nobody else notes it, nothing is noted twice, and nothing follows on a closed case."""
    take, code = NOTES[name]

    with pytest.raises(CaseRefused) as refused:
        take()

    assert refused.value.code is code
