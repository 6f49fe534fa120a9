"""From the engine's JSON to a decision: accepted is exactly what the question allows."""

from collections.abc import Iterable, Mapping

from gateway.catalogue.model import Catalogue, ConditionKind, Purpose, RestsOn
from gateway.decision.errors import EngineAnswerInvalid
from gateway.decision.model import (
    REASONS,
    Code,
    ConditionOutcome,
    Decision,
    Met,
    Obligation,
    ObligationKind,
    OverAsking,
    Permit,
    Question,
    Reason,
    Refuse,
)

_MEMBERS = {"revision", "outcome", "step", "reasons", "fields", "conditions"}
_REASON_MEMBERS = {"code", "step", "field", "instead", "condition"}
_CONDITION_MEMBERS = {"name", "outcome", "code"}
_CONSENT = ConditionKind.CONSENT.value

TAKES_TIME = frozenset({ConditionKind.SOURCE_CONFIRMATION, ConditionKind.CLAIM})
"""The conditions that immediate danger may stand in for, where the purpose allows it."""


def parse_answer(answer: object, question: Question, catalogue: Catalogue) -> Decision:
    """Return the decision that the engine gave on this question.

    Trust:   the answer may come from anywhere; nothing is permitted that the catalogue does not
             grant for this purpose, that was not asked, or whose conditions are not listed as met.
    Raises:  EngineAnswerInvalid for anything but exactly the agreed shape and content.
    """
    try:
        return _parse(_members(answer, _MEMBERS, _MEMBERS), question, catalogue)
    except (TypeError, ValueError, KeyError) as exc:
        raise EngineAnswerInvalid("the engine's answer has not the agreed shape") from exc


def _parse(answer: dict[str, object], question: Question, catalogue: Catalogue) -> Decision:
    _demand(answer["revision"] == catalogue.revision)
    reasons = tuple(_reason(item) for item in _list(answer["reasons"]))
    known = _conditions_of(question, catalogue)
    conditions = tuple(_condition(item, known) for item in _list(answer["conditions"]))
    fields = tuple(_text(item) for item in _list(answer["fields"]))
    if answer["outcome"] == "refuse":
        refusal = Refuse(reasons, conditions, catalogue.revision)
        _demand(not fields and type(answer["step"]) is int and answer["step"] == refusal.step)
        return refusal
    _demand(answer["outcome"] == ("partial" if reasons else "permit") and answer["step"] is None)
    (declared,) = question.purposes
    purpose = catalogue.purposes[declared]
    permit = Permit(fields, reasons, conditions, obligations_of(purpose), catalogue.revision)
    _check_permit(permit, question, purpose)
    return permit


def _check_permit(permit: Permit, question: Question, purpose: Purpose) -> None:
    """Make sure that a permit gives what was asked and granted, on conditions that are met."""
    asked = purpose.minimal if question.fields is None else question.fields
    withheld = [reason.field for reason in permit.withheld]
    _demand(bool(permit.fields))
    _demand(set(permit.fields) <= purpose.fields.keys() - set(purpose.never))
    _demand(sorted([*permit.fields, *map(str, withheld)]) == sorted(set(asked)))
    _demand(not withheld or question.over_asking is OverAsking.WITHHOLD)
    met = {condition.name for condition in permit.conditions if condition.outcome is Met.MET}
    urgent = question.emergency
    _demand(purpose.emergency or not urgent)
    needed = {c.name for c in purpose.conditions if not (urgent and c.kind in TAKES_TIME)}
    if any(purpose.fields[name].consent for name in permit.fields):
        needed.add(_CONSENT)
    _demand(needed <= met)


def obligations_of(purpose: Purpose) -> tuple[Obligation, ...]:
    """Return the duties that ride along with every answer for this purpose."""
    keep = purpose.retention
    duties = [
        Obligation(
            ObligationKind.KEEP_UNTIL,
            f"Bewaren: {keep.term} ({keep.ground}).",
            f"Retention, in Dutch: {keep.term} ({keep.ground}).",
        ),
        Obligation(
            ObligationKind.NO_ONWARD_SHARING,
            "Gebruik dit antwoord alleen voor dit doel en geef het niet door.",
            "Use this answer for this purpose only and do not pass it on.",
        ),
    ]
    if purpose.inform_subject.required:
        how = purpose.inform_subject.how
        nl, en = f"Informeer de betrokkene: {how}", f"Inform the person concerned, in Dutch: {how}"
        duties.insert(0, Obligation(ObligationKind.INFORM_SUBJECT, nl, en))
    return tuple(duties)


def _reason(item: object) -> Reason:
    members = _members(item, {"code", "step"}, _REASON_MEMBERS)
    code = Code(_text(members["code"]))
    _demand(type(members["step"]) is int and members["step"] == REASONS[code].step)
    instead = tuple(_text(name) for name in _list(members.get("instead", [])))
    return Reason(
        code,
        field=_text(members["field"]) if "field" in members else None,
        instead=instead,
        condition=_text(members["condition"]) if "condition" in members else None,
    )


def _conditions_of(question: Question, catalogue: Catalogue) -> Mapping[str, RestsOn]:
    """Return what the conditions of the declared purpose rest on, consent of a field included."""
    purposes = [
        catalogue.purposes[name] for name in question.purposes if name in catalogue.purposes
    ]
    conditions = [condition for purpose in purposes for condition in purpose.conditions]
    return {_CONSENT: RestsOn.RECORDED_ACT} | {c.name: c.rests_on for c in conditions}


def _condition(item: object, known: Mapping[str, RestsOn]) -> ConditionOutcome:
    members = _members(item, {"name", "outcome"}, _CONDITION_MEMBERS)
    outcome = Met(_text(members["outcome"]))
    code = Code(_text(members["code"])) if "code" in members else None
    _demand((outcome is Met.MET) == (code is None))
    name = _text(members["name"])
    return ConditionOutcome(name, outcome, code, known.get(name))


def _members(item: object, needed: Iterable[str], known: set[str]) -> dict[str, object]:
    if not isinstance(item, dict):
        raise TypeError("not an object")
    _demand(set(needed) <= item.keys() <= known)
    return item


def _list(item: object) -> list[object]:
    if not isinstance(item, list):
        raise TypeError("not a list")
    return item


def _text(item: object) -> str:
    if not isinstance(item, str) or not item:
        raise TypeError("not a text")
    return item


def _demand(fact: bool) -> None:  # noqa: FBT001 - it reads as a sentence at every call
    if not fact:
        raise ValueError("the answer does not fit the question")
