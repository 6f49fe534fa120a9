"""From records to outcomes: what the conditions of a purpose come to, for one person, on one day.

A decision never sees a birth date or a consent, only an outcome: `met`, `unknown`, or the code of
what failed. That keeps the question to the policy engine free of personal data, and lets the same
question be asked again years later.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gateway.cases.model import Case, Confirmation, Consent, Party, Representation
from gateway.catalogue.model import Condition, Phase
from gateway.catalogue.outcomes import MET, NOT_MET, UNKNOWN
from gateway.catalogue.values.days import day_of
from gateway.catalogue.values.rows import is_number

Claims: TypeAlias = Mapping[str, str | bool]
"""What the requester says is so, by the name of the condition."""

# Jeugdwet 7.3.15 and UAVG 5: under 12 the representative decides, from 12 the youngster and the
# representative together, from 16 the youngster alone.
_OWN_VOICE_FROM = 12
_OWN_DECISION_FROM = 16
_SELF = frozenset({"jeugdige", "betrokkene"})
_REPRESENTATIVE = frozenset(
    {"ouder", "voogd", "vertegenwoordiger", "curator", "bewindvoerder", "mentor"}
)
GIVERS = _SELF | _REPRESENTATIVE
"""The words for who can give consent."""

# UAVG 5 lid 2: a curator decides on everything, an administrator or mentor in his own domain.
_OVER_EVERYTHING = "curatele"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a caller must stand: in which kinds of case, in which phases of it, for which task.

    No phases and no task demand none; a case id leaves that one case.
    """

    organisation: str
    role: str | None
    kinds: tuple[str, ...]
    case_id: str | None = None
    phases: tuple[Phase, ...] = ()
    task: str | None = None


def case_outcome(cases: Sequence[Case], place: Place, day: dt.date) -> str:
    """Tell whether this role takes part, today, in an open case of the right kind and phase."""
    if not cases:
        return "SUBJECT_UNKNOWN"
    fitting = [
        case
        for case in cases
        if case.kind in place.kinds and place.case_id in {None, case.id, case.label}
    ]
    if not fitting:
        return "CASE_MISSING"
    return min((_standing_in(case, place, day) for case in fitting), key=_BEST_FIRST.index)


def standing_in(cases: Sequence[Case], place: Place, day: dt.date) -> list[Case]:
    """Return the cases in which this caller stands as the place demands, today."""
    return [case for case in cases if case_outcome((case,), place, day) == MET]


_BEST_FIRST = (
    MET,
    "CASE_TASK",
    "CASE_PHASE",
    "CASE_CLOSED",
    "CASE_MEMBERSHIP_EXPIRED",
    "CASE_MEMBERSHIP_NOT_STARTED",
    "NOT_PARTY",
)


def _standing_in(case: Case, place: Place, day: dt.date) -> str:
    memberships = [each for each in case.parties if each.is_for(place.organisation, place.role)]
    if not memberships:
        return "NOT_PARTY"
    if not case.is_open:
        return "CASE_CLOSED"
    running = [party for party in memberships if party.takes_part_on(day)]
    if running:
        return _within(case, running, place)
    if all(day < party.since for party in memberships):
        return "CASE_MEMBERSHIP_NOT_STARTED"
    return "CASE_MEMBERSHIP_EXPIRED"


def _within(case: Case, running: Sequence[Party], place: Place) -> str:
    """Tell whether what is declared fits the phase of the case, and the mandate of the party."""
    if place.phases and case.phase not in place.phases:
        return "CASE_PHASE"
    narrowed = place.task is not None and all(
        party.tasks and place.task not in party.tasks for party in running
    )
    return "CASE_TASK" if narrowed else MET


@dataclass(frozen=True, slots=True)
class Voice:
    """Who may consent for somebody: it turns on the age, and on a curator or administrator."""

    age: int
    is_represented: bool


def age_outcome(age: int, condition: Condition) -> str:
    """Tell whether the age lies within the limits of the condition, both included."""
    over_minimum = condition.minimum is None or age >= condition.minimum
    under_maximum = condition.maximum is None or age <= condition.maximum
    return MET if over_minimum and under_maximum else "AGE_OUT_OF_RANGE"


def is_represented(
    representations: Sequence[Representation], domain: str | None, day: dt.date
) -> bool:
    """Tell whether somebody else consents for this person, in this domain, on this day."""
    return any(
        each.runs_on(day) and (each.kind == _OVER_EVERYTHING or each.domain == domain)
        for each in representations
    )


def consent_outcome(
    consents: Sequence[Consent],
    voice: Voice | None,
    day: dt.date,
    form: str | None = None,
) -> str:
    """Tell whether a consent by the right persons, in the form it needs, holds on this day."""
    given = [consent for consent in consents if consent.given_on <= day]
    if not given:
        return "CONSENT_MISSING"
    if voice is None:
        return UNKNOWN
    return min((_state_of(c, voice, day, form) for c in given), key=_MOST_VALID_FIRST.index)


_MOST_VALID_FIRST = (
    MET,
    "CONSENT_WRONG_PERSON",
    "CONSENT_EXPIRED",
    "CONSENT_WITHDRAWN",
    "CONSENT_MISSING",
)


def _state_of(consent: Consent, voice: Voice, day: dt.date, form: str | None) -> str:
    if consent.withdrawn_on is not None:
        return "CONSENT_WITHDRAWN"
    if consent.valid_until is not None and consent.valid_until < day:
        return "CONSENT_EXPIRED"
    if not _given_by_the_right_persons(consent.given_by, voice):
        return "CONSENT_WRONG_PERSON"
    return MET if form is None or consent.form == form else "CONSENT_MISSING"


def _given_by_the_right_persons(given_by: frozenset[str], voice: Voice) -> bool:
    by_self, by_representative = bool(given_by & _SELF), bool(given_by & _REPRESENTATIVE)
    if voice.is_represented or voice.age < _OWN_VOICE_FROM:
        return by_representative
    if voice.age < _OWN_DECISION_FROM:
        return by_self and by_representative
    return by_self


def confirmation_outcome(confirmations: Sequence[Confirmation], day: dt.date) -> str:
    """Tell whether the source holder's own professional confirmed, for this day."""
    in_force = any(
        answer.confirmed_on <= day and (answer.valid_until is None or day <= answer.valid_until)
        for answer in confirmations
    )
    return MET if in_force else NOT_MET


def claim_outcome(claims: Claims, condition: Condition) -> str:
    """Tell whether the requester claims it: by saying so, or with one of the words that count."""
    said = claims.get(condition.name)
    claimed = said in condition.one_of if condition.one_of else said is True
    return MET if claimed else NOT_MET


def mandate_outcome(mandates: frozenset[str], condition: Condition) -> str:
    """Tell whether the caller holds the mandate that the condition names."""
    return MET if condition.name in mandates else "MANDATE_MISSING"


def column_outcome(values: Sequence[object]) -> str:
    """Tell whether the source says yes in every row that it has; silence is not a yes."""
    if any(not isinstance(value, bool) and value is not None for value in values):
        return UNKNOWN
    return MET if values and all(values) else NOT_MET


def term_outcome(values: Sequence[object], day: dt.date) -> str:
    """Tell whether the day that the source names has not passed; on the day itself it has not."""
    named = [value for value in values if value is not None]
    days = [day_of(value) for value in named]
    known = [each for each in days if each is not None]
    if len(known) != len(days):
        return UNKNOWN
    return MET if known and day <= min(known) else NOT_MET


def group_outcome(values: Sequence[object], condition: Condition) -> str:
    """Tell whether the group is large enough to say something about it."""
    if len(values) != 1 or not is_number(values[0]):
        return UNKNOWN
    return MET if values[0] >= (condition.minimum or 0) else "GROUP_TOO_SMALL"
