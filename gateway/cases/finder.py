"""Fetches the facts that one purpose names, and no others, and turns them into outcomes."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.cases.facts import (
    MET,
    UNKNOWN,
    age_on,
    age_outcome,
    case_outcome,
    confirmation_outcome,
    consent_outcome,
)
from gateway.cases.store import CaseStore
from gateway.catalogue.model import Condition, ConditionKind, Purpose
from gateway.errors import SourceFailed
from gateway.sources.source import Query, Source
from gateway.subject import Subject

_BIRTH_DATE = Query("brp", ("geboortedatum",), ())
_NEEDS_AGE = frozenset({ConditionKind.AGE, ConditionKind.CONSENT})

Outcomes = dict[str, str]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """About whom, by which organisation, in which kinds of case, on which day."""

    subject: Subject
    organisation: str
    case_kinds: tuple[str, ...]
    case_id: str | None
    day: dt.date


class FactFinder:
    """Asks the case store and the registers, never the caller."""

    def __init__(self, cases: CaseStore, registers: Source) -> None:
        self._cases = cases
        self._registers = registers

    async def gather(
        self, inquiry: Inquiry, purpose: Purpose | None, fields: Iterable[str]
    ) -> Outcomes:
        """Return the outcome of each condition; a fact that cannot be had is unknown.

        A caller who does not stand in the case gets no further: nothing else is fetched.
        """
        outcomes: Outcomes = {}
        if inquiry.case_kinds:
            outcomes["case"] = await self._case(inquiry)
            if outcomes["case"] != MET:
                return outcomes
        if purpose is not None:
            await self._conditions(inquiry, purpose, _conditions_of(purpose, fields), outcomes)
        return outcomes

    async def _case(self, inquiry: Inquiry) -> str:
        try:
            cases = await self._cases.cases(inquiry.subject)
        except SourceFailed:
            return UNKNOWN
        return case_outcome(
            cases, inquiry.organisation, inquiry.case_kinds, inquiry.case_id, inquiry.day
        )

    async def _conditions(
        self,
        inquiry: Inquiry,
        purpose: Purpose,
        conditions: tuple[Condition, ...],
        outcomes: Outcomes,
    ) -> None:
        asks_age = any(condition.kind in _NEEDS_AGE for condition in conditions)
        age = await self._age(inquiry) if asks_age else None
        for condition in conditions:
            outcomes[condition.name] = await self._outcome(inquiry, purpose, condition, age)

    async def _outcome(
        self, inquiry: Inquiry, purpose: Purpose, condition: Condition, age: int | None
    ) -> str:
        try:
            match condition.kind:
                case ConditionKind.AGE:
                    return age_outcome(age, condition)
                case ConditionKind.CONSENT:
                    consents = await self._cases.consents(inquiry.subject, purpose.processing)
                    return consent_outcome(consents, age, inquiry.day)
                case ConditionKind.SOURCE_CONFIRMATION:
                    answers = await self._cases.confirmations(inquiry.subject, purpose.id)
                    return confirmation_outcome(answers, inquiry.day)
        except SourceFailed:
            return UNKNOWN

    async def _age(self, inquiry: Inquiry) -> int | None:
        """Return the age on the day of the decision, or None when the register does not know."""
        try:
            ((row,),) = await self._registers.rows(inquiry.subject, (_BIRTH_DATE,))
            return age_on(dt.date.fromisoformat(str(row["geboortedatum"])), inquiry.day)
        except (SourceFailed, ValueError):
            return None


def _conditions_of(purpose: Purpose, fields: Iterable[str]) -> tuple[Condition, ...]:
    """Return the conditions of the purpose, and the consent that a single asked field may need."""
    consent = Condition(name="consent", kind=ConditionKind.CONSENT)
    by_purpose = any(condition.kind is ConditionKind.CONSENT for condition in purpose.conditions)
    by_field = any(name in purpose.fields and purpose.fields[name].consent for name in fields)
    return (*purpose.conditions, consent) if by_field and not by_purpose else purpose.conditions
