"""The engine's answer is believed only in exactly the agreed shape, and only if it fits."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.catalogue.model import RestsOn
from gateway.decision.answer import obligations_of, parse_answer
from gateway.decision.errors import EngineAnswerInvalid
from gateway.decision.model import (
    Code,
    ConditionOutcome,
    Met,
    ObligationKind,
    OverAsking,
    Permit,
    Reason,
    Refuse,
)
from tests.fakes_decision import catalogue, flag_question

FLAG = "specialisatie_ingezet"
PLAN = "behandelplan_tekst"


def _permit() -> dict[str, Any]:
    return {
        "revision": catalogue().revision,
        "outcome": "permit",
        "step": None,
        "reasons": [],
        "fields": [FLAG],
        "conditions": [
            {"name": "age", "outcome": "met"},
            {"name": "bron_bevestigd", "outcome": "met"},
        ],
    }


def _refusal() -> dict[str, Any]:
    condition = {"name": "bron_bevestigd", "outcome": "not_met", "code": "CONDITION_NOT_MET"}
    return {
        "revision": catalogue().revision,
        "outcome": "refuse",
        "step": 4,
        "reasons": [{"code": "CONDITION_NOT_MET", "step": 4, "condition": "bron_bevestigd"}],
        "fields": [],
        "conditions": [condition],
    }


def test_a_permit_is_read_with_its_conditions_and_obligations() -> None:
    """Fields, conditions and duties of the purpose come along with the permit."""
    decision = parse_answer(_permit(), flag_question(), catalogue())

    assert isinstance(decision, Permit)
    assert decision.fields == (FLAG,)
    assert decision.conditions[0] == ConditionOutcome("age", Met.MET, rests_on=RestsOn.FACT)
    assert [duty.kind for duty in decision.obligations] == [
        ObligationKind.INFORM_SUBJECT,
        ObligationKind.KEEP_UNTIL,
        ObligationKind.NO_ONWARD_SHARING,
    ]


def test_a_refusal_is_read_with_its_condition() -> None:
    """The twin: a refusal keeps code, condition and the outcome of what was checked."""
    decision = parse_answer(_refusal(), flag_question(), catalogue())

    assert isinstance(decision, Refuse)
    assert decision.reasons == (Reason(Code.CONDITION_NOT_MET, condition="bron_bevestigd"),)
    assert decision.conditions[0].code is Code.CONDITION_NOT_MET


def test_a_partial_answer_names_what_was_withheld() -> None:
    """Withheld fields and given fields are together exactly what was asked."""
    question = replace(flag_question(), fields=(PLAN, FLAG), over_asking=OverAsking.WITHHOLD)
    reason = {"code": "FIELD_NEVER", "step": 3, "field": PLAN, "instead": [FLAG]}
    answer = {**_permit(), "outcome": "partial", "reasons": [reason]}

    decision = parse_answer(answer, question, catalogue())

    assert isinstance(decision, Permit)
    assert decision.withheld == (Reason(Code.FIELD_NEVER, field=PLAN, instead=(FLAG,)),)


def test_a_purpose_that_informs_nobody_has_no_duty_to_inform() -> None:
    """The duty to inform comes from the purpose file alone."""
    purpose = catalogue().purposes["lichte-of-zware-hulp"]
    silent = replace(purpose, inform_subject=replace(purpose.inform_subject, required=False))

    kinds = {duty.kind for duty in obligations_of(silent)}

    assert kinds == {ObligationKind.KEEP_UNTIL, ObligationKind.NO_ONWARD_SHARING}


def _with(**changes: object) -> Any:  # noqa: ANN401 - the type of a parameter set is pytest's
    return pytest.param({**_permit(), **changes}, id=f"permit with {changes}")


def _refusing(**changes: object) -> Any:  # noqa: ANN401 - the type of a parameter set is pytest's
    return pytest.param({**_refusal(), **changes}, id=f"refusal with {changes}")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="nothing"),
        pytest.param(True, id="true"),
        pytest.param({}, id="empty"),
        pytest.param({"result": _permit()}, id="wrapped"),
        _with(extra=1),
        _with(revision="another"),
        _with(outcome="allow"),
        _with(outcome="partial"),
        _with(outcome=True),
        _with(step=0),
        _with(fields=[]),
        _with(fields=[PLAN]),
        _with(fields=[FLAG, "verwachte_duur_band"]),
        _with(fields=[FLAG, FLAG]),
        _with(fields=[""]),
        _with(fields=FLAG),
        _with(fields=[1]),
        _with(conditions=[]),
        _with(conditions=[{"name": "age", "outcome": "met"}]),
        _with(conditions=[{"name": "age", "outcome": "met", "code": "NOT_PARTY"}]),
        _with(conditions=[{"name": "age", "outcome": "not_met"}]),
        _with(conditions=[{"name": "age", "outcome": "perhaps"}]),
        _with(conditions=[{"name": "age"}]),
        _with(reasons=[{"code": "FIELD_NEVER", "step": 3, "field": PLAN}]),
        _refusing(reasons=[]),
        _refusing(reasons=["no"]),
        _refusing(reasons=[{"code": "BECAUSE", "step": 4}]),
        _refusing(reasons=[{"code": "CONDITION_NOT_MET", "step": 3}]),
        _refusing(reasons=[{"code": "FIELD_NEVER", "step": True}]),
        _refusing(reasons=[{"code": "FIELD_NEVER", "step": 3, "why": "x"}]),
        _refusing(step=3),
        _refusing(step=4.0),
        _refusing(fields=[FLAG]),
    ],
)
def test_anything_else_is_no_answer(answer: object) -> None:
    """Every mutation of a good answer is refused as invalid, never read generously."""
    with pytest.raises(EngineAnswerInvalid):
        parse_answer(answer, flag_question(), catalogue())


@pytest.mark.parametrize("purposes", [(), ("onbekend",), ("lichte-of-zware-hulp", "onbekend")])
def test_a_permit_without_one_known_purpose_is_no_answer(purposes: tuple[str, ...]) -> None:
    """Nothing can be permitted for no purpose, an unknown one, or two at once."""
    question = replace(flag_question(), purposes=purposes)

    with pytest.raises(EngineAnswerInvalid):
        parse_answer(_permit(), question, catalogue())


def test_a_partial_answer_nobody_asked_for_is_no_answer() -> None:
    """Under `refuse` a partial answer would be silent trimming."""
    question = replace(flag_question(), fields=(PLAN, FLAG))
    reason = {"code": "FIELD_NEVER", "step": 3, "field": PLAN}
    answer = {**_permit(), "outcome": "partial", "reasons": [reason]}

    with pytest.raises(EngineAnswerInvalid):
        parse_answer(answer, question, catalogue())


def test_the_minimal_set_is_what_was_asked_when_fields_are_left_out() -> None:
    """Without a field list exactly the minimal set may come back."""
    question = replace(flag_question(), fields=None)

    decision = parse_answer(_permit(), question, catalogue())

    assert isinstance(decision, Permit)
    assert decision.fields == catalogue().purposes["lichte-of-zware-hulp"].minimal


@pytest.mark.parametrize(
    ("conditions", "accepted"),
    [([{"name": "consent", "outcome": "met"}], True), ([], False)],
)
def test_a_field_that_needs_consent_comes_only_with_it(
    conditions: list[dict[str, str]], *, accepted: bool
) -> None:
    """The permit must list the consent as met for the field that rests on it."""
    question = replace(
        flag_question(), purposes=("hulpvraag-afbakenen",), fields=("lopende_schuldhulp",)
    )
    answer = {**_permit(), "fields": ["lopende_schuldhulp"], "conditions": conditions}

    try:
        outcome = parse_answer(answer, question, catalogue()).outcome
    except EngineAnswerInvalid:
        outcome = "invalid"

    assert outcome == ("permit" if accepted else "invalid")
