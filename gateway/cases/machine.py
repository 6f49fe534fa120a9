"""What may happen in a case, and by whom: pure functions from a case to the case it becomes.

    step               by whom                              when
    begin              who the kind of case names           the law of its task is in force
    join               the coordinator                      the case is open
    leave              the party itself, or the coordinator the case is open
    end_trajectory     the same                             the case is open
    advance            the coordinator                      to the next phase, and no other
    agree              the coordinator                      there is a work plan, so not before it
    progress, fulfil   whose agreement it is, or the same   it was not kept yet
    stall, resume      the coordinator                      it is not noted so already
    decide             the coordinator                      its kind has a term for it; once
    close              the coordinator                      the case is open

Nothing follows on a closed case: what flares up again is another case.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.cases.model import (
    SEVERITIES,
    Actor,
    Agreement,
    Case,
    CaseRecord,
    Party,
    Progress,
    Signal,
)
from gateway.cases.refusals import NEEDS_CONVERSATION, CaseCode
from gateway.catalogue.model import Beginning, CaseKind, Catalogue, Phase
from gateway.errors import CaseRefused
from gateway.subject import Subject

MOST_PARTIES = 50
MOST_AGREEMENTS = 100
"""More than any table holds; they bound what one record can grow to."""

_PLANNED = frozenset({Phase.WORK_PLAN, Phase.COORDINATION})


class Step(StrEnum):
    """The words by which steps stand in the ledger; append-only."""

    BEGUN = "begun"
    JOINED = "joined"
    LEFT = "left"
    TRAJECTORY_ENDED = "trajectory_ended"
    ADVANCED = "advanced"
    AGREED = "agreed"
    FULFILLED = "fulfilled"
    PROGRESSED = "progressed"
    CLOSED = "closed"
    READ = "read"
    STALLED = "stalled"
    RESUMED = "resumed"
    DECIDED = "decided"

    @property
    def narrows(self) -> bool:
        """Whether it takes something away from somebody, and so takes effect before all else."""
        return self in {Step.LEFT, Step.TRAJECTORY_ENDED, Step.CLOSED}


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step is taken: the instant, and the day that the law makes of it."""

    at: dt.datetime
    day: dt.date


@dataclass(frozen=True, slots=True)
class Start:
    """What somebody asks who begins a case."""

    kind: str
    beginning: Beginning
    subject: Subject
    signal: Signal | None = None


@dataclass(frozen=True, slots=True)
class Joining:
    """Which party is to take part: in which role, on which mandate, until when."""

    organisation: str
    role: str
    mandate: str | None = None
    tasks: tuple[str, ...] = ()
    trajectory: str | None = None
    until: dt.date | None = None


class Machine:
    """The rules of one revision of the policy, for one actor at one moment."""

    def __init__(self, catalogue: Catalogue, actor: Actor, moment: Moment) -> None:
        self._catalogue = catalogue
        self._actor = actor
        self._moment = moment

    def begin(self, start: Start, new_id: Callable[[], str]) -> CaseRecord:
        """Return the case that begins; who signals or reports does not take part by doing so.

        Raises: CaseRefused.
        """
        kind = self._kind(start.kind)
        self._check_start(kind, start)
        coordinator = kind.coordinators[0]
        hats = [(coordinator.organisation, coordinator.role)]
        actor = (self._actor.organisation, self._actor.role)
        if kind.coordinated_by(*actor):
            hats = [actor]
        elif start.beginning is Beginning.OWN_REQUEST:
            hats.append(actor)
        day = self._moment.day
        parties = tuple(Party(organisation, day, None, role) for organisation, role in hats)
        case = Case(new_id(), kind.id, kind.phases[0], parties, start.beginning)
        return CaseRecord(case, start.subject, new_id(), 1, day, start.signal)

    def join(self, record: CaseRecord, joining: Joining) -> CaseRecord:
        """Return the case with one party more, until the day that is named or for the whole term.

        No day lies after the term of the kind of case; who needs more time joins again later.

        Raises: CaseRefused.
        """
        self._demand_coordinator(record)
        case, day = record.case, self._moment.day
        known = self._catalogue.organisations.get(joining.organisation)
        _demand(known is not None and joining.role in known.roles, CaseCode.PARTY_UNKNOWN)
        _demand(self._catalogue.tasks.keys() >= set(joining.tasks), CaseCode.TASK_UNKNOWN)
        taken = case.has_party(joining.organisation, joining.role, day)
        _demand(not taken, CaseCode.ALREADY_PARTY)
        _demand(len(case.parties) < MOST_PARTIES, CaseCode.TOO_MANY)
        longest = self._term_of(case)
        until = joining.until or longest
        _demand(until is None or until >= day, CaseCode.TERM_WRONG)
        _demand(longest is None or until is None or until <= longest, CaseCode.TERM_TOO_LONG)
        party = Party(
            joining.organisation,
            day,
            until,
            joining.role,
            joining.mandate,
            joining.tasks,
            joining.trajectory,
        )
        return _next(record, replace(case, parties=(*case.parties, party)))

    def leave(self, record: CaseRecord, organisation: str, role: str) -> CaseRecord:
        """Return the case that this party has left.

        Raises: CaseRefused.
        """
        return self._end(record, lambda party: party.is_for(organisation, role), organisation)

    def end_trajectory(self, record: CaseRecord, organisation: str, kind: str) -> CaseRecord:
        """Return the case after this help has done its work: whoever took part for it is out.

        Raises: CaseRefused.
        """

        def ends(party: Party) -> bool:
            return party.organisation == organisation and party.trajectory == kind

        return self._end(record, ends, organisation)

    def advance(self, record: CaseRecord, to: Phase) -> CaseRecord:
        """Return the case in its next phase.

        Raises: CaseRefused.
        """
        self._demand_coordinator(record)
        phases = self._kind(record.case.kind).phases
        here = phases.index(record.case.phase) if record.case.phase in phases else len(phases)
        _demand(phases[here + 1 : here + 2] == (to,), CaseCode.PHASE_NOT_NEXT)
        return _next(record, replace(record.case, phase=to))

    def agree(
        self,
        record: CaseRecord,
        organisation: str,
        action: str,
        until: dt.date | None,
        next_on: dt.date | None = None,
    ) -> CaseRecord:
        """Return the case with one agreement more, which is planned and no more.

        Raises: CaseRefused.
        """
        self._demand_coordinator(record)
        _demand(record.case.phase in _PLANNED, CaseCode.NO_WORK_PLAN_YET)
        day = self._moment.day
        taking_part = {p.organisation for p in record.case.parties if p.takes_part_on(day)}
        _demand(organisation in taking_part, CaseCode.NO_SUCH_PARTY)
        _demand(len(record.agreements) < MOST_AGREEMENTS, CaseCode.TOO_MANY)
        self._demand_to_come(until)
        self._demand_to_come(next_on)
        number = len(record.agreements) + 1
        made = Agreement(number, organisation, action, until, next_on=next_on)
        return replace(_next(record, record.case), agreements=(*record.agreements, made))

    def progress(
        self, record: CaseRecord, number: int, status: Progress, next_on: dt.date | None
    ) -> CaseRecord:
        """Return the case with this agreement so far, and the next day that is set for it.

        Raises: CaseRefused.
        """
        self._demand_to_come(next_on)
        return self._move(record, number, status, next_on)

    def fulfil(self, record: CaseRecord, number: int) -> CaseRecord:
        """Return the case with this agreement kept, which is the end of it.

        Raises: CaseRefused.
        """
        return self._move(record, number, Progress.DONE, None)

    def _move(
        self, record: CaseRecord, number: int, status: Progress, next_on: dt.date | None
    ) -> CaseRecord:
        self._demand_open(record)
        mine = self._actor.organisation
        found = any(
            each.number == number
            and not each.is_done
            and (each.organisation == mine or self._coordinates(record))
            for each in record.agreements
        )
        _demand(found, CaseCode.NO_SUCH_AGREEMENT)
        moved = tuple(
            replace(each, status=status, next_on=next_on) if each.number == number else each
            for each in record.agreements
        )
        return replace(_next(record, record.case), agreements=moved)

    def stall(self, record: CaseRecord) -> CaseRecord:
        """Return the case in which working together is noted to be stuck.

        Raises: CaseRefused.
        """
        self._demand_coordinator(record)
        _demand(record.case.stalled_on is None, CaseCode.NOTED_ALREADY)
        return _next(record, replace(record.case, stalled_on=self._moment.day))

    def resume(self, record: CaseRecord) -> CaseRecord:
        """Return the case in which working together is no longer stuck.

        Raises: CaseRefused.
        """
        self._demand_coordinator(record)
        _demand(record.case.stalled_on is not None, CaseCode.NOTED_ALREADY)
        return _next(record, replace(record.case, stalled_on=None))

    def decide(self, record: CaseRecord) -> CaseRecord:
        """Return the case in which it was decided what the person gets; what it is stays outside.

        Raises: CaseRefused.
        """
        self._demand_coordinator(record)
        has_term = self._kind(record.case.kind).decide_within is not None
        _demand(has_term and record.case.decided_on is None, CaseCode.NOTHING_TO_DECIDE)
        return _next(record, replace(record.case, decided_on=self._moment.day))

    def close(self, record: CaseRecord) -> CaseRecord:
        """Return the case, closed: nobody takes part in it any more.

        Raises: CaseRefused.
        """
        self._demand_coordinator(record)
        return _next(record, replace(record.case, phase=Phase.CLOSED))

    def _kind(self, name: str) -> CaseKind:
        kind = self._catalogue.case_kinds.get(name)
        if kind is None:
            raise CaseRefused(CaseCode.KIND_UNKNOWN)
        return kind

    def _check_start(self, kind: CaseKind, start: Start) -> None:
        way = kind.starts.get(start.beginning)
        if way is None:
            raise CaseRefused(CaseCode.BEGINNING_NOT_ALLOWED)
        actor = (self._actor.organisation, self._actor.role)
        allowed = any((each.organisation, each.role) == actor for each in way.by)
        _demand(allowed, CaseCode.BEGINNER_NOT_ALLOWED)
        in_force = self._catalogue.tasks[way.task].in_force_on(self._moment.day)
        _demand(in_force, CaseCode.LAW_NOT_IN_FORCE)
        if start.beginning in NEEDS_CONVERSATION:
            self._check_signal(start.signal)

    def _check_signal(self, signal: Signal | None) -> None:
        if signal is None or signal.attempts < 1 or signal.tried_on > self._moment.day:
            raise CaseRefused(CaseCode.CONVERSATION_FIRST)
        _demand(signal.severity in SEVERITIES, CaseCode.SEVERITY_MISSING)

    def _end(
        self, record: CaseRecord, ends: Callable[[Party], bool], organisation: str
    ) -> CaseRecord:
        """Return the case after these running memberships have ended."""
        self._demand_open(record)
        if organisation != self._actor.organisation:
            self._demand_coordinator(record)
        day = self._moment.day
        ending = [each for each in record.case.parties if ends(each) and _lasts(each, day)]
        _demand(bool(ending), CaseCode.NO_SUCH_PARTY)
        parties = tuple(
            replace(each, left_at=self._moment.at) if each in ending else each
            for each in record.case.parties
        )
        left = replace(record.case, parties=parties)
        _demand(self._has_coordinator(left), CaseCode.COORDINATOR_STAYS)
        return _next(record, left)

    def _has_coordinator(self, case: Case) -> bool:
        kind = self._kind(case.kind)
        return any(
            case.has_party(each.organisation, each.role, self._moment.day)
            for each in kind.coordinators
        )

    def _term_of(self, case: Case) -> dt.date | None:
        days = self._kind(case.kind).term_days
        return None if days is None else self._moment.day + dt.timedelta(days=days - 1)

    def _coordinates(self, record: CaseRecord) -> bool:
        """Tell whether the actor coordinates this kind of case, and takes part in this one."""
        hat = (self._actor.organisation, self._actor.role)
        coordinates = self._catalogue.coordinates(*hat, record.case.kind)
        return coordinates and record.case.has_party(*hat, self._moment.day)

    def _demand_coordinator(self, record: CaseRecord) -> None:
        self._demand_open(record)
        _demand(self._coordinates(record), CaseCode.COORDINATOR_ONLY)

    def _demand_open(self, record: CaseRecord) -> None:
        _demand(record.case.is_open, CaseCode.CASE_CLOSED)

    def _demand_to_come(self, day: dt.date | None) -> None:
        _demand(day is None or day >= self._moment.day, CaseCode.TERM_WRONG)


def _lasts(party: Party, day: dt.date) -> bool:
    """Tell whether a membership runs or is still to begin, so that there is something to end."""
    return party.left_at is None and (party.until is None or day <= party.until)


def _next(record: CaseRecord, case: Case) -> CaseRecord:
    return replace(record, case=case, version=record.version + 1)


def _demand(fact: bool, code: CaseCode) -> None:  # noqa: FBT001 - it reads as a sentence
    if not fact:
        raise CaseRefused(code)
