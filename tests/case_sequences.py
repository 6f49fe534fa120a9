"""Sequences of steps in a case beside what a simple mind makes of them: who may read, and when."""

import datetime as dt
import itertools
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.cases.finder import FactFinder, Inquiry
from gateway.cases.machine import Joining, Machine, Moment, Start
from gateway.cases.model import Actor, CaseRecord, Consent
from gateway.catalogue.model import Beginning, Condition, ConditionKind, Phase
from gateway.errors import CaseRefused
from gateway.subject import parse_bsn
from tests.fakes_cases import CARE, COORDINATOR, LANDLORD, TEAM, MemoryCases, MemorySource
from tests.fakes_decision import catalogue

T = TypeVar("T")

PERSON = parse_bsn("999925799")
HOME = ZoneInfo("Europe/Amsterdam")
PURPOSE = catalogue().purposes["voortgang-afspraken"]
# The same for who is not yet eighteen, by who holds a mandate for it.
FOR_THE_YOUNG = replace(
    PURPOSE,
    conditions=(
        *PURPOSE.conditions,
        Condition("jong", ConditionKind.AGE, maximum=17),
        Condition("mandaat", ConditionKind.MANDATE),
    ),
)
ACTORS = (COORDINATOR, TEAM, CARE, LANDLORD)
PHASES = ("verkenning", "werkplan", "coordinatie")
RIGHT_TASK, WRONG_TASK = (PURPOSE.task,), ("wmo-begeleiding",)
GIVERS = ({"betrokkene"}, {"ouder"}, {"jeugdige", "ouder"})
# Around the birthdays on which consent changes hands; leap days are births like any other.
BIRTHS = (dt.date(2008, 2, 29), dt.date(2008, 3, 1), dt.date(2010, 3, 2), dt.date(2014, 2, 28))
BEGINS = (
    dt.datetime(2026, 2, 27, 23, 30, tzinfo=HOME),
    dt.datetime(2024, 2, 28, 12, tzinfo=HOME),
)
# Midnight in Amsterdam is an hour or two before midnight in UTC.
LEAPS = (60, 1_800, 3_600, 86_400, 2 * 86_400, 30 * 86_400, 366 * 86_400)
TERMS, VALID, TASKS = (None, 0, 1, 30), (None, 0, 2, 400), ((), RIGHT_TASK, WRONG_TASK)
actors = st.sampled_from(ACTORS)


def result(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine over fakes returns: it never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise AssertionError("a fake never waits")


@dataclass
class Part:
    """A part in the case as a simple mind keeps it."""

    organisation: str
    last_day: dt.date | None
    help: str | None
    is_for_other_work: bool = False
    is_over: bool = False


@dataclass
class Permission:
    """A consent as a simple mind keeps it."""

    by: frozenset[str]
    last_day: dt.date | None
    is_over: bool = False


@dataclass
class Naive:
    """The whole case, told again without looking at the code: what anybody would write on paper."""

    parts: list[Part] = field(default_factory=list)
    permissions: list[Permission] = field(default_factory=list)
    mandated: set[str] = field(default_factory=set)
    phase: str = "verkenning"

    def may_read(self, organisation: str, born: dt.date, today: dt.date) -> bool:
        """Tell whether this organisation may follow the agreements today."""
        if self.phase not in {"werkplan", "coordinatie"}:
            return False
        in_it = any(
            part.organisation == organisation
            and not part.is_over
            and not part.is_for_other_work
            and not (part.last_day and part.last_day < today)
            for part in self.parts
        )
        return in_it and any(self._holds(each, born, today) for each in self.permissions)

    def may_read_of_the_young(self, organisation: str, born: dt.date, today: dt.date) -> bool:
        """Tell whether this organisation may do so for a purpose that ends at eighteen."""
        too_old = birthdays(born, today) >= 18
        mandated = organisation in self.mandated
        return mandated and not too_old and self.may_read(organisation, born, today)

    def _holds(self, permission: Permission, born: dt.date, today: dt.date) -> bool:
        if permission.is_over or (permission.last_day and permission.last_day < today):
            return False
        years = birthdays(born, today)
        self_speaks = bool(permission.by & {"betrokkene", "jeugdige"})
        parent_speaks = "ouder" in permission.by
        if years < 12:
            return parent_speaks
        return self_speaks if years >= 16 else self_speaks and parent_speaks


def birthdays(born: dt.date, today: dt.date) -> int:
    """Return how many birthdays there have been: one by one, a leap day's on the first of March."""
    count = 0
    for year in range(born.year + 1, today.year + 1):
        leap = (born.month, born.day) == (2, 29)
        is_leap_year = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        day = dt.date(year, 3, 1) if leap and not is_leap_year else born.replace(year=year)
        count += day <= today
    return count


class Sequences(RuleBasedStateMachine):
    """Steps in any order, by anybody, while the clock runs."""

    record: CaseRecord
    born: dt.date
    at: dt.datetime

    @initialize(born=st.sampled_from(BIRTHS), at=st.sampled_from(BEGINS))
    def begin(self, born: dt.date, at: dt.datetime) -> None:
        """Begin a case of a person who asked for help."""
        self.born, self.at = born, at
        self.consents: list[Consent] = []
        self.naive = Naive()
        count = itertools.count(1)
        start = Start("werkplan", Beginning.OWN_REQUEST, PERSON)
        self.record = self.law(TEAM).begin(start, lambda: f"{next(count):032x}")
        self.naive.parts = [Part("gem-regie", None, None), Part("wijkteam-noord", None, None)]

    @property
    def today(self) -> dt.date:
        """The day where the person lives."""
        return self.at.astimezone(HOME).date()

    def law(self, actor: Actor) -> Machine:
        """Return the rules for this actor now."""
        return Machine(catalogue(), actor, Moment(self.at, self.today))

    def finder(self) -> FactFinder:
        """Return what tells the facts of now."""
        born = {"brp": [{"geboortedatum": self.born.isoformat()}]}
        return FactFinder(MemoryCases((self.record.case,), self.consents), MemorySource(born))

    def inquiry(self, actor: Actor) -> Inquiry:
        """Return the question of this actor about the person, today."""
        return Inquiry(PERSON, actor.organisation, ("werkplan",), None, self.today, role=actor.role)

    def running(self, organisation: str) -> list[Part]:
        """Return the parts of this organisation that are not over, future and present."""
        return [
            part
            for part in self.naive.parts
            if part.organisation == organisation
            and not part.is_over
            and not (part.last_day and part.last_day < self.today)
        ]

    @rule(seconds=st.sampled_from(LEAPS))
    def wait(self, seconds: int) -> None:
        """Let the clock run."""
        self.at = (self.at.astimezone(dt.UTC) + dt.timedelta(seconds=seconds)).astimezone(HOME)

    @rule(
        actor=actors,
        who=actors,
        days=st.sampled_from(TERMS),
        for_help=st.booleans(),
        tasks=st.sampled_from(TASKS),
    )
    def join(
        self, actor: Actor, who: Actor, days: int | None, tasks: tuple[str, ...], *, for_help: bool
    ) -> None:
        """Let somebody try to let a party in, for a while and for some of the work."""
        until = None if days is None else self.today + dt.timedelta(days=days)
        help_for = "hulp" if for_help else None
        joining = Joining(who.organisation, who.role, None, tasks, help_for, until)
        allowed = (
            actor is COORDINATOR
            and self.naive.phase != "gesloten"
            and not self.running(who.organisation)
        )
        try:
            self.record = self.law(actor).join(self.record, joining)
        except CaseRefused:
            assert not allowed
            return
        assert allowed
        last_day = until or self.today + dt.timedelta(days=181)
        self.naive.parts.append(Part(who.organisation, last_day, help_for, tasks == WRONG_TASK))

    @rule(actor=actors, who=actors)
    def leave(self, actor: Actor, who: Actor) -> None:
        """Let somebody try to end a part."""
        allowed = (
            (actor is COORDINATOR or actor is who)
            and self.naive.phase != "gesloten"
            and bool(self.running(who.organisation))
            and who is not COORDINATOR
        )
        try:
            self.record = self.law(actor).leave(self.record, who.organisation, who.role)
        except CaseRefused:
            assert not allowed
            return
        assert allowed
        for part in self.running(who.organisation):
            part.is_over = True

    @rule(actor=actors, who=actors)
    def end_help(self, actor: Actor, who: Actor) -> None:
        """Let somebody try to end a trajectory."""
        ending = [part for part in self.running(who.organisation) if part.help == "hulp"]
        allowed = (
            (actor is COORDINATOR or actor is who)
            and self.naive.phase != "gesloten"
            and bool(ending)
        )
        try:
            self.record = self.law(actor).end_trajectory(self.record, who.organisation, "hulp")
        except CaseRefused:
            assert not allowed
            return
        assert allowed
        for part in ending:
            part.is_over = True

    @rule(actor=actors, to=st.sampled_from(list(Phase)))
    def advance(self, actor: Actor, to: Phase) -> None:
        """Let somebody try to enter a phase."""
        here = self.naive.phase
        allowed = actor is COORDINATOR and (here, to.value) in set(itertools.pairwise(PHASES))
        try:
            self.record = self.law(actor).advance(self.record, to)
        except CaseRefused:
            assert not allowed
            return
        assert allowed
        self.naive.phase = to.value

    @precondition(lambda self: len(self.naive.parts) > 4)
    @rule(actor=actors)
    def close(self, actor: Actor) -> None:
        """Let somebody try to close the case."""
        allowed = actor is COORDINATOR and self.naive.phase != "gesloten"
        try:
            self.record = self.law(actor).close(self.record)
        except CaseRefused:
            assert not allowed
            return
        assert allowed
        self.naive.phase = "gesloten"

    @rule(who=actors, holds=st.booleans())
    def mandate(self, who: Actor, *, holds: bool) -> None:
        """Let the policy give a mandate to an organisation, or take it away."""
        change = self.naive.mandated.add if holds else self.naive.mandated.discard
        change(who.organisation)

    @rule(by=st.sampled_from(GIVERS), days=st.sampled_from(VALID))
    def consent(self, by: set[str], days: int | None) -> None:
        """Let somebody consent."""
        until = None if days is None else self.today + dt.timedelta(days=days)
        self.naive.permissions.append(Permission(frozenset(by), until))
        self.consents.append(
            Consent(PURPOSE.processing, frozenset(by), self.today, None, until, None, PURPOSE.id)
        )

    @precondition(lambda self: self.consents)
    @rule(which=st.integers(0, 9))
    def withdraw(self, which: int) -> None:
        """Let the person take a consent back."""
        number = which % len(self.consents)
        self.consents[number] = replace(self.consents[number], withdrawn_on=self.today)
        self.naive.permissions[number].is_over = True

    @invariant()
    def reads_are_those_of_the_simple_mind(self) -> None:
        """Whoever may read by the code may read by what anybody would say, and the other way."""
        if not hasattr(self, "record"):
            return
        finder = self.finder()
        for actor in ACTORS:
            outcomes = result(finder.gather(self.inquiry(actor), PURPOSE, PURPOSE.minimal))
            reads = set(outcomes.values()) == {"met"} and "consent" in outcomes

            assert reads is self.naive.may_read(actor.organisation, self.born, self.today)

    @invariant()
    def so_are_reads_for_the_young(self) -> None:
        """End reading at a birthday, and where a mandate was taken away, as well."""
        if not hasattr(self, "record"):
            return
        finder = self.finder()
        for actor in ACTORS:
            mandates = {"mandaat"} if actor.organisation in self.naive.mandated else set()
            inquiry = replace(self.inquiry(actor), mandates=frozenset(mandates))
            outcomes = result(finder.gather(inquiry, FOR_THE_YOUNG, PURPOSE.minimal))
            reads = set(outcomes.values()) == {"met"} and "consent" in outcomes
            allowed = self.naive.may_read_of_the_young(actor.organisation, self.born, self.today)

            assert reads is allowed

    @invariant()
    def every_step_has_a_version_of_its_own(self) -> None:
        """Nothing that was on record of a membership is ever lost."""
        if hasattr(self, "record"):
            assert len(self.record.case.parties) == len(self.naive.parts)
