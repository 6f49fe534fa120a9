"""What of a decision stands in the ledger for everybody to see: never a person, a value or a text.

Only words of the catalogue enter a leaf. What a caller typed and the catalogue does not know is
counted; the request itself is committed to, so it can be opened later by who holds it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from audit.entry import Json
from gateway.catalogue.model import Catalogue
from gateway.decision.model import ConditionOutcome, Permit, Reason, Refuse
from gateway.passage import Passage

# A leaf holds 4 KiB at most; beyond this number refused fields are counted and no longer named.
_NAMED_REFUSALS = 24

Members = dict[str, Json]


def release_members(catalogue: Catalogue, passage: Passage, permit: Permit) -> Members:
    """Return the public members of the entry of a disclosure."""
    members = _common(catalogue, passage, permit.outcome, permit.conditions)
    purpose = passage.declaration.purpose
    if purpose is not None:
        members["legal_basis"] = [
            f"{ground.law} {ground.article} ({ground.gdpr})" for ground in purpose.legal_basis
        ]
        members["released"] = [
            {"field": name, "precision": purpose.fields[name].precision.label}
            for name in permit.fields
        ]
    members["obligations"] = [duty.kind.value for duty in permit.obligations]
    if permit.withheld:
        members["refused"] = refused(catalogue, permit.withheld)
    return members


def refusal_members(catalogue: Catalogue, passage: Passage, refuse: Refuse) -> Members:
    """Return the public members of the entry of a refusal."""
    members = _common(catalogue, passage, refuse.outcome, refuse.conditions)
    members["refused"] = refused(catalogue, refuse.reasons)
    return members


def _common(
    catalogue: Catalogue, passage: Passage, outcome: str, conditions: Sequence[ConditionOutcome]
) -> Members:
    declaration, caller = passage.declaration, passage.caller
    members: Members = {
        "organisation": catalogue.organisations[caller.organisation].oin,
        "role": caller.role,
        "policy": catalogue.revision,
        "outcome": outcome,
        "subjects": 0 if passage.request.subject is None else 1,
        "conditions": [_condition(condition) for condition in conditions],
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


def _condition(condition: ConditionOutcome) -> Members:
    members: Members = {"name": condition.name, "outcome": condition.outcome.value}
    if condition.code is not None:
        members["code"] = condition.code.value
    return members


def refused(catalogue: Catalogue, reasons: Iterable[Reason]) -> list[Members]:
    """Return the reasons with their log codes; known fields by name, all others by their number."""
    named: list[Members] = []
    counted: Counter[tuple[str, int]] = Counter()
    for reason in reasons:
        code, step = reason.code.value, reason.step
        if reason.field is None:
            named.append({"code": code, "step": step})
        elif reason.field in catalogue.fields and len(named) < _NAMED_REFUSALS:
            named.append({"code": code, "step": step, "field": reason.field})
        else:
            counted[code, step] += 1
    totals = sorted(counted.items())
    return named + [{"code": code, "step": step, "count": count} for (code, step), count in totals]
