"""What of a decision stands in the ledger for everybody to see: never a person, a value or a text.

Only words of the catalogue enter a leaf. What a caller typed and the catalogue does not know is
counted; the request itself is committed to, so it can be opened later by who holds it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from audit.entry import EntryType, Json
from gateway.catalogue.model import Catalogue, Need, Purpose
from gateway.decision.model import REASONS, ConditionOutcome, Permit, Reason, Refuse
from gateway.passage import Passage, justified

# A leaf holds 4 KiB at most; beyond this number refused fields are counted and no longer named.
_NAMED_REFUSALS = 24
_MOST_PURPOSES = 99

Members = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a decision leaves behind: the public members, and the fine codes that are sealed."""

    type: EntryType
    members: Members
    log_codes: bytes | None


def release_members(
    catalogue: Catalogue, passage: Passage, permit: Permit, purpose: Purpose
) -> Members:
    """Return the public members of the entry of a disclosure, in an emergency or not."""
    members = _asked_members(catalogue, passage) | permit_members(catalogue, permit, purpose)
    emergency = passage.request.emergency
    return members if emergency is None else members | {"reason": emergency.reason}


def refusal_members(catalogue: Catalogue, passage: Passage, refuse: Refuse) -> Members:
    """Return the public members of the entry of a refusal."""
    return _asked_members(catalogue, passage) | refuse_members(catalogue, refuse)


def permit_members(catalogue: Catalogue, permit: Permit, purpose: Purpose) -> Members:
    """Return what of a permit stands in its entry: it follows from the decision alone."""
    members: Members = {
        "outcome": permit.outcome,
        "conditions": [_condition(condition) for condition in permit.conditions],
        "legal_basis": [
            f"{ground.law} {ground.article} ({ground.gdpr})" for ground in purpose.legal_basis
        ],
        "released": [
            {"field": name, "precision": purpose.fields[name].precision.label}
            for name in permit.fields
        ],
        "obligations": [duty.kind.value for duty in permit.obligations],
    }
    if permit.withheld:
        members["refused"] = refused(catalogue, permit.withheld)
    if purpose.veil is not None:
        members["veiled"] = True
    return members


def refuse_members(catalogue: Catalogue, refuse: Refuse) -> Members:
    """Return what of a refusal stands in its entry: it follows from the decision alone."""
    return {
        "outcome": refuse.outcome,
        "conditions": [_condition(condition) for condition in refuse.conditions],
        "refused": refused(catalogue, refuse.reasons),
    }


def _asked_members(catalogue: Catalogue, passage: Passage) -> Members:
    declaration, caller = passage.declaration, passage.caller
    members: Members = {
        "organisation": catalogue.organisations[caller.organisation].oin,
        "role": caller.role,
        "policy": catalogue.revision,
        "subjects": 0 if passage.request.subject is None else 1,
        "asked": _asked(passage),
        "trace": passage.envelope.trace_id,
        "span": passage.envelope.span_id,
    }
    if declaration.task in catalogue.tasks:
        members["task"] = declaration.task
        if declaration.activity in catalogue.tasks[declaration.task].activities:
            members["activity"] = declaration.activity
    known = [name for name in declaration.purposes if name in catalogue.purposes]
    if len(known) == 1:
        members["purpose"] = known[0]
    return members


def _asked(passage: Passage) -> Members:
    """Return how it was asked, so that the entry can be decided again: no word is the caller's own.

    Of the motivations only those count that a field of the declared purpose needs, so that nobody
    can fill an entry with them.
    """
    request, purpose = passage.request, passage.declaration.purpose
    members: Members = {
        "fields": "minimal" if request.fields is None else "named",
        "over_asking": request.over_asking.value,
        "purposes": min(len(passage.declaration.purposes), _MOST_PURPOSES),
        "standing": passage.declaration.standing.value,
    }
    if request.emergency is not None:
        members["emergency"] = True
    motivated = set(justified(request.justifications))
    motivated &= set(request.fields or ())
    grants = () if purpose is None else purpose.fields.values()
    judged = [each.name for each in grants if each.need is Need.JUDGEMENT]
    if motivated.intersection(judged):
        members["justified"] = [name for name in judged if name in motivated]
    return members


def _condition(condition: ConditionOutcome) -> Members:
    members: Members = {"name": condition.name, "outcome": condition.outcome.value}
    if condition.rests_on is not None:
        members["rests_on"] = condition.rests_on.value
    if condition.code is not None:
        members["code"] = REASONS[condition.code].outward
    return members


def refused(catalogue: Catalogue, reasons: Iterable[Reason]) -> list[Members]:
    """Return the reasons by their outward codes; known fields by name, others by their number.

    The requester holds the leaf in the receipt, so it tells no more than the answer does. The finer
    codes are committed to and sealed: see `log_codes`.
    """
    named: list[Members] = []
    counted: Counter[tuple[str, int]] = Counter()
    for reason in reasons:
        code, step = REASONS[reason.code].outward, reason.step
        if reason.field is None:
            named.append({"code": code, "step": step})
        elif reason.field in catalogue.fields and len(named) < _NAMED_REFUSALS:
            named.append({"code": code, "step": step, "field": reason.field})
        else:
            counted[code, step] += 1
    totals = sorted(counted.items())
    return named + [{"code": code, "step": step, "count": count} for (code, step), count in totals]


def log_codes(
    reasons: Iterable[Reason],
    conditions: Iterable[ConditionOutcome],
    unknown: Sequence[str] | None = None,
) -> bytes:
    """Return what only those who may open the particulars get to see: what exactly failed.

    `unknown` are the fields of which nothing was known, or asked, where the answer said "no".
    """
    told: dict[str, object] = {} if unknown is None else {"unknown": unknown}
    return orjson.dumps(
        told
        | {
            "reasons": [
                {"code": reason.code.value}
                | ({} if reason.field is None else {"field": reason.field})
                for reason in reasons
            ],
            "conditions": {each.name: each.code for each in conditions if each.code is not None},
        },
        option=orjson.OPT_SORT_KEYS,
    )
