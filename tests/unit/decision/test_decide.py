"""Deciding: memo, engine failures, and two policies that must both say yes."""

from dataclasses import replace

import pytest

from gateway.decision.decide import Decider
from gateway.decision.errors import EngineAnswerInvalid, EngineUnavailable
from gateway.decision.model import Code, Permit, Reason, Refuse, Standing
from gateway.decision.parties import Parties
from tests.fakes_decision import (
    POLICIES,
    ScriptedEngine,
    catalogue,
    echoing,
    flag_question,
    permitting,
    unavailable,
)


def _decider(engine: ScriptedEngine, memo_size: int = 8) -> Decider:
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", catalogue())
    return Decider(catalogue(), parties, engine, memo_size)


@pytest.mark.anyio
async def test_a_permit_of_both_policies_is_a_permit() -> None:
    """Where Rego and party policy agree, the answer stands."""
    decision = await _decider(permitting(catalogue().revision)).decide(flag_question())

    assert isinstance(decision, Permit)


@pytest.mark.anyio
async def test_a_permit_against_the_standing_is_refused() -> None:
    """The twin: an engine that permits who does not hold the task is not believed."""
    question = replace(flag_question(), standing=Standing.WRONG_HAT)

    decision = await _decider(permitting(catalogue().revision)).decide(question)

    assert isinstance(decision, Refuse)
    assert decision.reasons == (Reason(Code.ENGINE_FAILED),)


@pytest.mark.anyio
async def test_a_permit_against_the_party_policy_is_refused() -> None:
    """A question that claims a standing which casbin does not give is not believed either."""
    question = replace(flag_question(), organisation="school-het-baken")

    decision = await _decider(permitting(catalogue().revision)).decide(question)

    assert isinstance(decision, Refuse)
    assert decision.step == 0


@pytest.mark.anyio
async def test_an_engine_that_is_away_refuses_and_is_asked_again() -> None:
    """A failure is a refusal of its own kind and is never remembered."""
    engine = ScriptedEngine(unavailable)
    decider = _decider(engine)

    first = await decider.decide(flag_question())
    await decider.decide(flag_question())

    assert isinstance(first, Refuse)
    assert first.reasons == (Reason(Code.ENGINE_FAILED),)
    assert len(engine.asked) == 2


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [KeyError, AttributeError, RuntimeError])
async def test_an_engine_that_fails_in_a_way_nobody_foresaw_refuses(
    caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    """Whatever an engine raises is a refusal too, and only its kind is told."""

    def fail(_question: bytes) -> object:
        raise kind("geheime vraag")

    decision = await _decider(ScriptedEngine(fail)).decide(flag_question())

    assert isinstance(decision, Refuse)
    assert decision.reasons == (Reason(Code.ENGINE_FAILED),)
    assert kind.__name__ in caplog.text
    assert "geheime vraag" not in caplog.text


@pytest.mark.anyio
@pytest.mark.parametrize("nonsense", [None, True, {}, {"result": True}, [], "permit"])
async def test_nonsense_from_the_engine_refuses(nonsense: object) -> None:
    """Whatever is not exactly an answer is ENGINE_FAILED."""
    decision = await _decider(ScriptedEngine(lambda _: nonsense)).decide(flag_question())

    assert isinstance(decision, Refuse)
    assert decision.reasons == (Reason(Code.ENGINE_FAILED),)


@pytest.mark.anyio
async def test_the_same_question_is_answered_from_memory() -> None:
    """The engine is asked once; another question is asked anew."""
    engine = echoing(catalogue().revision)
    decider = _decider(engine)

    first = await decider.decide(flag_question())
    again = await decider.decide(flag_question())
    other = await decider.decide(replace(flag_question(), date="2026-03-03"))

    assert first is again
    assert other != first
    assert len(engine.asked) == 2


@pytest.mark.anyio
async def test_the_memo_is_bounded_and_forgets_the_longest_unused() -> None:
    """With room for two, the question that was asked longest ago is forgotten."""
    engine = echoing(catalogue().revision)
    decider = _decider(engine, memo_size=2)
    one, two, three = (replace(flag_question(), date=f"2026-03-0{day}") for day in (1, 2, 3))

    await decider.decide(one)
    await decider.decide(two)
    await decider.decide(one)
    await decider.decide(three)
    await decider.decide(one)
    await decider.decide(two)

    assert [b"03-01" in q for q in engine.asked] == [True, False, False, False]


@pytest.mark.anyio
async def test_a_very_long_question_is_not_remembered() -> None:
    """Memory for the memo is not in the hands of the caller."""
    engine = echoing(catalogue().revision)
    decider = _decider(engine)
    question = replace(flag_question(), fields=tuple(catalogue().fields))

    await decider.decide(question)
    await decider.decide(question)

    assert len(engine.asked) == 2


@pytest.mark.anyio
async def test_closing_closes_the_engine() -> None:
    """What the decider holds open is released with it."""
    engine = ScriptedEngine(unavailable)

    await _decider(engine).aclose()

    assert engine.closed


@pytest.mark.anyio
async def test_an_engine_under_the_same_revision_is_ready() -> None:
    """An engine that answers under the revision of the catalogue decides by the same files."""
    engine = permitting(catalogue().revision)

    await _decider(engine).require_revision()

    assert engine.asked == [b"{}"]


@pytest.mark.anyio
@pytest.mark.parametrize("answer", [None, [], {}, {"revision": "0" * 64}, {"revision": None}])
async def test_an_engine_under_another_revision_is_not_ready(answer: object) -> None:
    """The twin: another revision, or none, is told before anybody relies on it."""
    with pytest.raises(EngineAnswerInvalid, match="another revision"):
        await _decider(ScriptedEngine(lambda _: answer)).require_revision()


@pytest.mark.anyio
async def test_an_engine_that_is_away_is_not_ready() -> None:
    """Unlike a decision, this asks whether the engine is there, and says so when it is not."""
    with pytest.raises(EngineUnavailable):
        await _decider(ScriptedEngine(unavailable)).require_revision()
