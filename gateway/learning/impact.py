"""What a draft of the policy would have done with the requests that stand in the ledger.

A leaf holds enough to decide again: the declared step, the outcomes of the conditions, the fields.
What it does not hold is taken so that the draft gets no more than it would: a permit is taken to
have asked not to receive a part, a refused field to have had no motivation, and a request that fell
at a condition to have asked for the minimal set. What cannot be decided counts as failed.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from gateway.catalogue.model import Catalogue, Need, Precision
from gateway.decision.decide import Decider
from gateway.decision.model import (
    Code,
    OverAsking,
    Permit,
    Question,
    Reason,
    Refuse,
    Standing,
    SubjectCheck,
)
from gateway.learning.records import Record

_HOME = ZoneInfo("Europe/Amsterdam")
_LEVELS = {precision.label: precision for precision in Precision}
_MET = "met"
_CASE_STEP, _FIELD_STEP, _CONDITION_STEP = 2, 3, 4

# Refusals that no policy file can change: who the caller is, the number of the person, a failure.
_OUTSIDE = frozenset(
    {Code.SUBJECT_INVALID_BSN, Code.SUBJECT_MISSING, Code.HAT_NOT_OWNED, Code.WRONG_HAT}
)
_FAILED = frozenset({Code.SOURCE_FAILED, Code.ENGINE_FAILED, Code.FACT_MISSING})


class Failure(StrEnum):
    """Why a recorded request could not be decided again."""

    UNDECLARED = "undeclared"
    ORGANISATION_UNKNOWN = "organisation_unknown"
    FAILED_THEN = "failed_then"
    FACT_NOT_RECORDED = "fact_not_recorded"


@dataclass(frozen=True, slots=True)
class FieldImpact:
    """How many answers would have carried more or less of one field of one purpose."""

    purpose: str
    field: str
    more: int
    less: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What a draft would have changed; what it would not have, and what nobody knows, first."""

    requests: int
    unchanged: int
    failed: Mapping[Failure, int]
    fields: tuple[FieldImpact, ...]


async def impact(records: Iterable[Record], now: Catalogue, draft: Decider) -> Impact:
    """Decide recorded requests again under a draft, and count what would have been different.

    `now` is the catalogue under which they were decided.
    """
    requests, unchanged = 0, 0
    failed: Counter[Failure] = Counter()
    more: Counter[tuple[str, str]] = Counter()
    less: Counter[tuple[str, str]] = Counter()
    for record in records:
        requests += 1
        then = {
            name: _LEVELS.get(label, Precision.EXACT) for name, label in record.released.items()
        }
        would = await _again(record, now, draft)
        if isinstance(would, Failure):
            failed[would] += 1
            continue
        unchanged += would == then
        for name in would.keys() | then.keys():
            key = (record.purpose or "", name)
            step = would.get(name, Precision.ABSENT) - then.get(name, Precision.ABSENT)
            more[key] += step > 0
            less[key] += step < 0
    changed = sorted(key for key in more | less if more[key] or less[key])
    fields = tuple(FieldImpact(*key, more[key], less[key]) for key in changed)
    return Impact(requests, unchanged, dict(sorted(failed.items())), fields)


async def _again(
    record: Record, now: Catalogue, draft: Decider
) -> Mapping[str, Precision] | Failure:
    """Return what the draft would have released, or why that is not known."""
    codes = {part.code for part in record.refused}
    if codes & _OUTSIDE:
        return {}
    if codes & _FAILED:
        return Failure.FAILED_THEN
    question = _question(record, now, draft)
    if isinstance(question, Failure):
        return question
    decision = await draft.decide(question)
    match decision:
        case Permit(fields=fields):
            grants = draft.catalogue.purposes[question.purposes[0]].fields
            return {name: grants[name].precision for name in fields}
        case Refuse(reasons=reasons):
            return Failure.FACT_NOT_RECORDED if _unknown(reasons) else {}
        case other:
            assert_never(other)


def _unknown(reasons: Iterable[Reason]) -> bool:
    return any(reason.code in _FAILED for reason in reasons)


def _question(record: Record, now: Catalogue, draft: Decider) -> Question | Failure:
    if record.task is None or record.activity is None or record.purpose is None:
        return Failure.UNDECLARED
    by_oin = {each.oin: each.id for each in draft.catalogue.organisations.values()}
    organisation = by_oin.get(record.organisation)
    if organisation is None:
        return Failure.ORGANISATION_UNKNOWN
    hat = (organisation, record.role)
    standing = draft.parties.standing(frozenset({hat}), hat, record.task, record.activity)
    day = dt.datetime.fromtimestamp(record.time / 1000, _HOME).date()
    return Question(
        organisation=organisation,
        role=record.role,
        standing=Standing(standing),
        task=record.task,
        activity=record.activity,
        purposes=(record.purpose,),
        subject=SubjectCheck.VALID if record.about_a_person else SubjectCheck.MISSING,
        fields=_fields(record, now),
        justified=_justified(record, now),
        over_asking=OverAsking.WITHHOLD if record.outcome == "partial" else OverAsking.REFUSE,
        facts=tuple(sorted(_facts(record).items())),
        date=day.isoformat(),
    )


def _fields(record: Record, now: Catalogue) -> tuple[str, ...] | None:
    """Return the fields as asked; asking exactly the minimal set is taken for leaving them out."""
    asked = tuple(sorted(record.asked))
    purpose = now.purposes.get(record.purpose or "")
    if not asked or (purpose is not None and set(asked) == set(purpose.minimal)):
        return None
    return asked


def _justified(record: Record, now: Catalogue) -> tuple[str, ...]:
    """Return the fields that had a motivation: without one they would have failed before."""
    purpose = now.purposes.get(record.purpose or "")
    if purpose is None:
        return ()
    passed = {*record.released, *(p.field for p in record.refused if p.step == _CONDITION_STEP)}
    judged = (grant.name for grant in purpose.fields.values() if grant.need is Need.JUDGEMENT)
    return tuple(sorted(name for name in judged if name in passed))


def _facts(record: Record) -> dict[str, str]:
    """Return the outcomes as recorded; who came as far as the fields had the case it takes."""
    facts = dict(record.conditions)
    steps = [part.step for part in record.refused]
    if record.released or min(steps, default=_FIELD_STEP) >= _FIELD_STEP:
        facts["case"] = _MET
    for part in record.refused:
        if part.step == _CASE_STEP:
            facts["case"] = part.code
    return facts
