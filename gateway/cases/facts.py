"""From records to outcomes: what the conditions of a purpose come to, for one person, on one day.

A decision never sees a birth date or a consent, only an outcome: `met`, `unknown`, or the code of
what failed. That keeps the question to the policy engine free of personal data, and lets the same
question be asked again years later.
"""

import datetime as dt
from collections.abc import Sequence

from gateway.cases.model import Case, Confirmation, Consent
from gateway.catalogue.model import Condition

MET = "met"
UNKNOWN = "unknown"

# Jeugdwet 7.3.15 and UAVG 5: under 12 the representative decides, from 12 the youngster and the
# representative together, from 16 the youngster alone.
_OWN_VOICE_FROM = 12
_OWN_DECISION_FROM = 16
_SELF = frozenset({"jeugdige", "betrokkene"})
_REPRESENTATIVE = frozenset({"ouder", "voogd", "vertegenwoordiger"})


def case_outcome(
    cases: Sequence[Case],
    organisation: str,
    kinds: Sequence[str],
    case_id: str | None,
    day: dt.date,
) -> str:
    """Tell whether this organisation takes part, today, in an open case of one of these kinds."""
    if not cases:
        return "SUBJECT_UNKNOWN"
    fitting = [
        case for case in cases if case.kind in kinds and (case_id is None or case.id == case_id)
    ]
    if not fitting:
        return "CASE_MISSING"
    return min((_standing_in(case, organisation, day) for case in fitting), key=_BEST_FIRST.index)


_BEST_FIRST = (
    MET,
    "CASE_CLOSED",
    "CASE_MEMBERSHIP_EXPIRED",
    "CASE_MEMBERSHIP_NOT_STARTED",
    "NOT_PARTY",
)


def _standing_in(case: Case, organisation: str, day: dt.date) -> str:
    memberships = [party for party in case.parties if party.organisation == organisation]
    if not memberships:
        return "NOT_PARTY"
    if not case.is_open:
        return "CASE_CLOSED"
    if any(party.takes_part_on(day) for party in memberships):
        return MET
    if all(day < party.since for party in memberships):
        return "CASE_MEMBERSHIP_NOT_STARTED"
    return "CASE_MEMBERSHIP_EXPIRED"


def age_on(birth_date: dt.date, day: dt.date) -> int:
    """Return the age in whole years; who is born on 29 February turns a year older on 1 March."""
    had_birthday = (day.month, day.day) >= (birth_date.month, birth_date.day)
    return day.year - birth_date.year - (0 if had_birthday else 1)


def age_outcome(age: int | None, condition: Condition) -> str:
    """Tell whether the age lies within the limits of the condition, both included."""
    if age is None:
        return UNKNOWN
    over_minimum = condition.minimum is None or age >= condition.minimum
    under_maximum = condition.maximum is None or age <= condition.maximum
    return MET if over_minimum and under_maximum else "AGE_OUT_OF_RANGE"


def consent_outcome(consents: Sequence[Consent], age: int | None, day: dt.date) -> str:
    """Tell whether a consent by the right persons is in force on this day."""
    given = [consent for consent in consents if consent.given_on <= day]
    if not given:
        return "CONSENT_MISSING"
    if age is None:
        return UNKNOWN
    return min((_state_of(consent, age, day) for consent in given), key=_MOST_VALID_FIRST.index)


_MOST_VALID_FIRST = (MET, "CONSENT_WRONG_PERSON", "CONSENT_EXPIRED", "CONSENT_WITHDRAWN")


def _state_of(consent: Consent, age: int, day: dt.date) -> str:
    if consent.withdrawn_on is not None and consent.withdrawn_on <= day:
        return "CONSENT_WITHDRAWN"
    if consent.valid_until is not None and consent.valid_until < day:
        return "CONSENT_EXPIRED"
    return MET if _given_by_the_right_persons(consent.given_by, age) else "CONSENT_WRONG_PERSON"


def _given_by_the_right_persons(given_by: frozenset[str], age: int) -> bool:
    by_self, by_representative = bool(given_by & _SELF), bool(given_by & _REPRESENTATIVE)
    if age < _OWN_VOICE_FROM:
        return by_representative
    if age < _OWN_DECISION_FROM:
        return by_self and by_representative
    return by_self


def confirmation_outcome(confirmations: Sequence[Confirmation], day: dt.date) -> str:
    """Tell whether the source holder's own professional confirmed, for this day."""
    in_force = any(
        answer.confirmed_on <= day and (answer.valid_until is None or day <= answer.valid_until)
        for answer in confirmations
    )
    return MET if in_force else "CONDITION_NOT_MET"
