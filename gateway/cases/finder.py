"""Fetches the facts that one purpose names, and no others, and turns them into outcomes."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.cases.facts import (
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
from gateway.cases.standing import StandingSource
from gateway.cases.store import CaseStore
from gateway.catalogue.model import Condition, ConditionKind, Purpose
from gateway.catalogue.outcomes import CASE, MET, UNKNOWN
from gateway.catalogue.values.days import ages_of
from gateway.catalogue.values.rows import agreed
from gateway.errors import SourceFailed
from gateway.sources.foreseen import foreseen
from gateway.sources.source import BIRTH_DATE, Query, Source
from gateway.subject import Subject

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
            outcomes[CASE] = await self._case(inquiry, purpose)
        if purpose is None or _ends_here(outcomes, urgent=inquiry.emergency and purpose.emergency):
            return outcomes
        registers = self.beside(self._registers, inquiry, purpose)
        person = _Person(self._cases, registers, inquiry, purpose, fields)
        for condition in conditions:
            if condition.kind not in _OF_CALLER:
                outcomes[condition.name] = await person.outcome(condition)
        return outcomes

    def beside(self, registers: Source, inquiry: Inquiry, purpose: Purpose) -> Source:
        """Return the registers with the cases beside them that the inquirer stands in."""
        place = _place_of(inquiry, purpose)
        return StandingSource(self._cases, registers, place, inquiry.day)

    async def _case(self, inquiry: Inquiry, purpose: Purpose | None) -> str:
        if inquiry.subject is None:
            return UNKNOWN
        try:
            with foreseen("the case store"):
                cases = await self._cases.cases(inquiry.subject)
        except SourceFailed:
            return UNKNOWN
        return case_outcome(cases, _place_of(inquiry, purpose), inquiry.day)


def _place_of(inquiry: Inquiry, purpose: Purpose | None) -> Place:
    return Place(
        inquiry.organisation,
        inquiry.role,
        inquiry.case_kinds,
        inquiry.case_id,
        phases=() if purpose is None else purpose.phases,
        task=None if purpose is None else purpose.task,
    )


class _Person:
    """The conditions of one purpose, for the person of one inquiry; the birth date is read once."""

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
        self._ages: tuple[int, ...] | None = None

    async def outcome(self, condition: Condition) -> str:
        """Return how the condition comes out, or unknown where a source does not answer."""
        if condition.kind is ConditionKind.CLAIM:
            return claim_outcome(self._inquiry.claims, condition)
        try:
            with foreseen("the source of a condition"):
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
        ages = await self._ages_of(subject)
        if condition.kind is ConditionKind.AGE:
            return agreed(age_outcome(age, condition) for age in ages) or UNKNOWN
        reach = needing_consent(self._purpose, self._fields)
        consents = [
            consent
            for consent in await self._cases.consents(subject, self._purpose.processing)
            if consent.covers(self._purpose.id, reach)
        ]
        voices = await self._voices(subject, ages) if consents and ages else (None,)
        outcomes = (consent_outcome(consents, voice, day, condition.form) for voice in voices)
        return agreed(outcomes) or UNKNOWN

    async def _voices(self, subject: Subject, ages: Iterable[int]) -> tuple[Voice, ...]:
        appointed = await self._cases.representations(subject)
        represented = is_represented(appointed, self._purpose.representation, self._inquiry.day)
        return tuple(Voice(age, represented) for age in ages)

    async def _ages_of(self, subject: Subject) -> tuple[int, ...]:
        """Return every age that the register leaves open on the day; none when it knows nothing."""
        if self._ages is None:
            self._ages = await self._read_ages(subject)
        return self._ages

    async def _read_ages(self, subject: Subject) -> tuple[int, ...]:
        try:
            with foreseen("the source of a birth date"):
                (rows,) = await self._registers.rows(subject, (BIRTH_DATE,))
        except SourceFailed:
            return ()
        born = rows[0][BIRTH_DATE.columns[0]] if len(rows) == 1 else None
        return ages_of(born, self._inquiry.day)


def _ends_here(outcomes: Outcomes, *, urgent: bool) -> bool:
    """Tell whether nothing else need be known; in an emergency a case is no reason to stop."""
    return any(
        outcome != MET for name, outcome in outcomes.items() if not (urgent and name == CASE)
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
