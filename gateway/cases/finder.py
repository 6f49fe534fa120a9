"""Fetches the facts that one purpose names, and no others, and turns them into outcomes."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.cases.facts import (
    MET,
    UNKNOWN,
    Claims,
    Place,
    Voice,
    age_outcome,
    case_outcome,
    claim_outcome,
    column_outcome,
    confirmation_outcome,
    consent_outcome,
    group_outcome,
    is_represented,
    mandate_outcome,
    term_outcome,
)
from gateway.cases.store import CaseStore
from gateway.catalogue.days import age_on, day_of
from gateway.catalogue.model import Condition, ConditionKind, Purpose
from gateway.errors import SourceFailed
from gateway.sources.source import Query, Source
from gateway.subject import Subject

_BIRTH_DATE = Query("brp", ("geboortedatum",), ())
_OF_CALLER = frozenset({ConditionKind.MANDATE})

Outcomes = dict[str, str]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """About whom, by which organisation, in which kinds of case, on which day.

    Trust:   `claims` are the requester's own words; `mandates` come from the policy files. A party
             that takes part in one role does not in another, nor for a caller without a role.
    """

    subject: Subject | None
    organisation: str
    case_kinds: tuple[str, ...]
    case_id: str | None
    day: dt.date
    claims: Claims = field(default_factory=dict)
    mandates: frozenset[str] = frozenset()
    role: str | None = None
    emergency: bool = False


class FactFinder:
    """Asks the case store and the registers; of the caller it takes nothing but claims."""

    def __init__(self, cases: CaseStore, registers: Source) -> None:
        self._cases = cases
        self._registers = registers

    async def gather(
        self, inquiry: Inquiry, purpose: Purpose | None, fields: Iterable[str]
    ) -> Outcomes:
        """Return the outcome of each condition; a fact that cannot be had is unknown.

        A caller without the mandate, or who does not stand in the case, gets no further: nothing
        else is fetched.
        """
        conditions = () if purpose is None else _conditions_of(purpose, fields)
        outcomes: Outcomes = {
            condition.name: mandate_outcome(inquiry.mandates, condition)
            for condition in conditions
            if condition.kind in _OF_CALLER
        }
        if inquiry.case_kinds and all(outcome == MET for outcome in outcomes.values()):
            outcomes["case"] = await self._case(inquiry, purpose)
        if purpose is None or _ends_here(outcomes, urgent=inquiry.emergency and purpose.emergency):
            return outcomes
        person = _Person(self._cases, self._registers, inquiry, purpose, fields)
        for condition in conditions:
            if condition.kind not in _OF_CALLER:
                outcomes[condition.name] = await person.outcome(condition)
        return outcomes

    async def _case(self, inquiry: Inquiry, purpose: Purpose | None) -> str:
        if inquiry.subject is None:
            return UNKNOWN
        try:
            cases = await self._cases.cases(inquiry.subject)
        except SourceFailed:
            return UNKNOWN
        place = Place(
            inquiry.organisation,
            inquiry.role,
            inquiry.case_kinds,
            inquiry.case_id,
            phases=() if purpose is None else purpose.phases,
            task=None if purpose is None else purpose.task,
        )
        return case_outcome(cases, place, inquiry.day)


class _Person:
    """The conditions of one purpose, for the person of one inquiry; the age is read once."""

    def __init__(
        self,
        cases: CaseStore,
        registers: Source,
        inquiry: Inquiry,
        purpose: Purpose,
        fields: Iterable[str],
    ) -> None:
        self._cases = cases
        self._registers = registers
        self._inquiry = inquiry
        self._purpose = purpose
        self._fields = fields
        self._age: int | None = None
        self._age_read = False

    async def outcome(self, condition: Condition) -> str:
        """Return how the condition comes out, or unknown where a source does not answer."""
        try:
            if condition.kind is ConditionKind.CLAIM:
                return claim_outcome(self._inquiry.claims, condition)
            if condition.table is not None:
                return await self._in_register(condition)
            return await self._on_record(condition)
        except SourceFailed:
            return UNKNOWN

    async def _in_register(self, condition: Condition) -> str:
        """Return what a column of a register says; about a group, no person is named."""
        column = condition.column or ""
        query = Query(condition.table or "", (column,), ())
        subject = None if self._purpose.aggregated else self._inquiry.subject
        (rows,) = await self._registers.rows(subject, (query,))
        values = [row[column] for row in rows]
        if condition.kind is ConditionKind.GROUP_SIZE:
            return group_outcome(values, condition)
        if condition.kind is ConditionKind.DATE_NOT_PAST:
            return term_outcome(values, self._inquiry.day)
        return column_outcome(values)

    async def _on_record(self, condition: Condition) -> str:
        subject, day = self._inquiry.subject, self._inquiry.day
        if subject is None:
            return UNKNOWN
        if condition.kind is ConditionKind.SOURCE_CONFIRMATION:
            answers = await self._cases.confirmations(subject, self._purpose.id)
            return confirmation_outcome(answers, day)
        age = await self._age_of(subject)
        if condition.kind is ConditionKind.AGE:
            return age_outcome(age, condition)
        reach = needing_consent(self._purpose, self._fields)
        consents = [
            consent
            for consent in await self._cases.consents(subject, self._purpose.processing)
            if consent.covers(self._purpose.id, reach)
        ]
        voice = await self._voice(subject, age) if consents and age is not None else None
        return consent_outcome(consents, voice, day, condition.form)

    async def _voice(self, subject: Subject, age: int) -> Voice:
        appointed = await self._cases.representations(subject)
        domain = self._purpose.representation
        return Voice(age, is_represented(appointed, domain, self._inquiry.day))

    async def _age_of(self, subject: Subject) -> int | None:
        """Return the age on the day of the decision, or None when the register does not know."""
        if not self._age_read:
            self._age_read = True
            self._age = await self._read_age(subject)
        return self._age

    async def _read_age(self, subject: Subject) -> int | None:
        try:
            (rows,) = await self._registers.rows(subject, (_BIRTH_DATE,))
        except SourceFailed:
            return None
        born = day_of(rows[0]["geboortedatum"]) if len(rows) == 1 else None
        # Who is born tomorrow is a fault of the register, not somebody under every limit.
        known = born is not None and born <= self._inquiry.day
        return age_on(born, self._inquiry.day) if born is not None and known else None


def _ends_here(outcomes: Outcomes, *, urgent: bool) -> bool:
    """Tell whether nothing else need be known; in an emergency a case is no reason to stop."""
    return any(
        outcome != MET for name, outcome in outcomes.items() if not (urgent and name == "case")
    )


def needing_consent(purpose: Purpose, fields: Iterable[str]) -> frozenset[str]:
    """Return the fields that only leave with consent: all of them, or those that need their own."""
    whole = any(condition.kind is ConditionKind.CONSENT for condition in purpose.conditions)
    return frozenset(
        name
        for name in fields
        if name in purpose.fields and (whole or purpose.fields[name].consent)
    )


def _conditions_of(purpose: Purpose, fields: Iterable[str]) -> tuple[Condition, ...]:
    """Return the conditions of the purpose, and the consent that a single asked field may need."""
    consent = Condition(name="consent", kind=ConditionKind.CONSENT)
    by_purpose = any(condition.kind is ConditionKind.CONSENT for condition in purpose.conditions)
    by_field = any(name in purpose.fields and purpose.fields[name].consent for name in fields)
    return (*purpose.conditions, consent) if by_field and not by_purpose else purpose.conditions
