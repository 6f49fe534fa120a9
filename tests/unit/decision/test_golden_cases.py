"""The published decision cases of the three purposes, under both ways of over-asking."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import (
    Decision,
    OverAsking,
    Permit,
    Question,
    Reason,
    Refuse,
    SubjectCheck,
)
from gateway.decision.parties import Parties
from tests.fakes_decision import POLICIES, ROOT, catalogue

SHARED = Path(os.environ.get("DOELPOORT_SHARED", ROOT.parent / "shared"))
_FILE = SHARED / "domain" / "golden_cases.yaml"
_OURS = {"jeugd-licht-of-zwaar", "jeugd-school-terugkoppeling", "wmo-melding-vraagverheldering"}

# What the case store says of the client of the case; everyone else is in order.
_FACTS = {
    "GC-024": {"consent": "CONSENT_WRONG_PERSON"},
    "GC-028": {"case": "NOT_PARTY"},
    "GC-134": {"case": "SUBJECT_UNKNOWN"},
}


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture(scope="module")
def decider() -> Decider:
    """Return the real decision over the project's own policy."""
    policy = catalogue()
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", policy)
    return Decider(policy, parties, EmbeddedEngine.build(policy, POLICIES))


def _cases() -> list[Any]:
    """Return the cases of our purposes, or one that skips where the file is not at hand."""
    if not _FILE.is_file():
        return [pytest.param(None, None, marks=pytest.mark.skip(reason="no shared golden cases"))]
    document = YAML(typ="safe", pure=True).load(_FILE.read_text(encoding="utf-8"))
    return [
        pytest.param(case, document["callers"][case["request"]["caller"]], id=case["id"])
        for case in document["cases"]
        if case["processing"] in _OURS
    ]


def _question(case: dict[str, Any], caller: dict[str, Any], parties: Parties) -> Question:
    """Return the question that the case asks, with over-asking withheld."""
    request, context = case["request"], case["request"]["context"]
    acting = (caller["organisation"], caller["hats"][0])
    task, activity = request["task"] or "", request["activity"] or ""
    confirmed = "met" if context.get("bron_bevestigd") else "CONDITION_NOT_MET"
    facts = {"case": "met", "age": "met", "consent": "met", "bron_bevestigd": confirmed}
    return Question(
        organisation=acting[0],
        role=acting[1],
        standing=parties.standing(frozenset({acting}), acting, task, activity),
        task=task,
        activity=activity,
        purposes=(request["purpose"],),
        subject=SubjectCheck.VALID,
        fields=tuple(request["fields"]),
        justified=tuple(context.get("motivering", {})),
        over_asking=OverAsking.WITHHOLD,
        facts=tuple(sorted((facts | _FACTS.get(case["id"], {})).items())),
        date=context["datum"],
    )


@dataclass(frozen=True)
class _Outcome:
    decision: str
    fields: list[str]
    withheld: list[tuple[str | None, int, str, str]]
    log_code: str | None
    counter_offer: list[str]


def _outcome(decision: Decision) -> _Outcome:
    match decision:
        case Permit(fields=fields, withheld=withheld):
            word = "partial" if withheld else "allow"
            return _Outcome(word, list(fields), _withheld(withheld), None, _offers(withheld))
        case Refuse(reasons=reasons):
            code = _log_code(reasons[0])
            return _Outcome("deny", [], _withheld(reasons), code, _offers(reasons))


def _withheld(reasons: tuple[Reason, ...]) -> list[tuple[str | None, int, str, str]]:
    return [(r.field, r.step, r.outward, _log_code(r)) for r in reasons if r.field]


def _log_code(reason: Reason) -> str:
    return f"{reason.code}:{reason.condition}" if reason.condition else reason.code.value


def _offers(reasons: tuple[Reason, ...]) -> list[str]:
    return list(dict.fromkeys(name for reason in reasons for name in reason.instead))


def _expected(case: dict[str, Any]) -> _Outcome:
    expected = case["expected"]
    withheld = [(w["field"], w["step"], w["code"], w["log_code"]) for w in expected["withheld"]]
    return _Outcome(
        expected["decision"],
        list(expected["released"]),
        withheld,
        expected["log_code"],
        expected["counter_offer"],
    )


@pytest.mark.anyio
@pytest.mark.parametrize(("case", "caller"), _cases())
async def test_a_published_case_comes_out_as_published(
    case: dict[str, Any], caller: dict[str, Any], decider: Decider
) -> None:
    """Decision, released fields, withheld fields with their codes, and counter-offer are equal."""
    question = _question(case, caller, decider.parties)

    decision = await decider.decide(question)

    assert _outcome(decision) == _expected(case)


@pytest.mark.anyio
@pytest.mark.parametrize(("case", "caller"), _cases())
async def test_refusing_over_asking_turns_partial_into_refusal(
    case: dict[str, Any], caller: dict[str, Any], decider: Decider
) -> None:
    """Under `refuse` a partial answer is a refusal with the same reasons; all else is the same."""
    question = replace(_question(case, caller, decider.parties), over_asking=OverAsking.REFUSE)

    decision = await decider.decide(question)

    outcome, expected = _outcome(decision), _expected(case)
    was_partial = expected.decision == "partial"
    assert outcome.decision == ("deny" if was_partial else expected.decision)
    assert outcome.fields == ([] if was_partial else expected.fields)
    assert outcome.withheld == expected.withheld
    assert outcome.counter_offer == expected.counter_offer


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("purpose", "number"),
    [
        pytest.param(purpose.id, number, id=f"{purpose.id}-{number}")
        for purpose in catalogue().purposes.values()
        for number in range(len(purpose.examples))
    ],
)
async def test_the_examples_of_a_purpose_hold(purpose: str, number: int, decider: Decider) -> None:
    """Each example in a purpose file gets the answer that the file promises."""
    policy = decider.catalogue.purposes[purpose]
    example, requester = policy.examples[number], policy.requesters[0]
    acting = (requester.organisation, requester.role)
    facts = {"case": "met", "age": "met", "consent": "met", "bron_bevestigd": "met"}
    question = Question(
        organisation=requester.organisation,
        role=requester.role,
        standing=decider.parties.standing(
            frozenset({acting}), acting, policy.task, policy.activity
        ),
        task=policy.task,
        activity=policy.activity,
        purposes=(policy.id,),
        subject=SubjectCheck.VALID,
        fields=example.ask,
        justified=example.justified,
        over_asking=OverAsking.REFUSE,
        facts=tuple(sorted((facts | dict(example.facts)).items())),
        date=policy.valid_from.isoformat(),
    )

    decision = await decider.decide(question)

    outcome = _outcome(decision)
    assert (outcome.decision == "allow") is example.permitted
    assert ((outcome.log_code or "").split(":")[0] or None) == example.code
    assert tuple(outcome.counter_offer) == example.instead
    assert (decision.step if isinstance(decision, Refuse) else None) == example.step
