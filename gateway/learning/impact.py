"""What a draft of the policy would have done with the requests that stand in the ledger.

A leaf holds enough to ask again (see `again`): the declared step, the outcomes of the conditions,
the fields. What cannot be decided counts as failed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from gateway.catalogue.model import Catalogue, Precision
from gateway.decision.decide import Decider
from gateway.decision.model import (
    Code,
    Permit,
    Question,
    Reason,
    Refuse,
    Standing,
)
from gateway.learning.again import FAILED, find_organisation, question_of
from gateway.learning.records import Record

_LEVELS = {precision.label: precision for precision in Precision}

# Refusals that no policy file can change: who the caller is, the number of the person, a failure.
_OUTSIDE = frozenset(
    {Code.SUBJECT_INVALID_BSN, Code.SUBJECT_MISSING, Code.HAT_NOT_OWNED, Code.WRONG_HAT}
)
_FAILED = FAILED | {Code.FACT_MISSING}


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
    organisation = find_organisation(record, draft.catalogue)
    if organisation is None:
        return Failure.ORGANISATION_UNKNOWN
    hat = (organisation, record.role)
    standing = draft.parties.standing(frozenset({hat}), hat, record.task, record.activity)
    return replace(question_of(record, now, organisation), standing=Standing(standing))
