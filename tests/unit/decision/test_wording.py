"""What a caller made up is told back to the caller, and to nobody else."""

import json
from dataclasses import replace

import pytest

from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import OverAsking, Permit, Question, Refuse
from gateway.decision.parties import Parties
from gateway.decision.wording import without_own_words
from tests.fakes_decision import POLICIES, catalogue, flag_question

pytestmark = pytest.mark.anyio

KNOWN = "specialisatie_ingezet"


class Heard:
    """The embedded engine, which remembers what it was asked."""

    def __init__(self) -> None:
        self.engine = EmbeddedEngine.build(catalogue(), POLICIES)
        self.asked: list[bytes] = []

    async def evaluate(self, question: bytes) -> object:
        """Remember the question and answer it."""
        self.asked.append(question)
        return await self.engine.evaluate(question)

    async def aclose(self) -> None:
        """Close the engine."""
        await self.engine.aclose()


@pytest.fixture
def heard() -> Heard:
    """Give an engine that remembers."""
    return Heard()


@pytest.fixture
def decider(heard: Heard) -> Decider:
    """Give a decider over the project's own policy."""
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", catalogue())
    return Decider(catalogue(), parties, heard)


def asking(*fields: str, **changes: object) -> Question:
    """Return the question for these fields."""
    return replace(flag_question(), fields=fields, **changes)  # type: ignore[arg-type]


async def test_made_up_fields_are_named_to_who_asked_alone(decider: Decider, heard: Heard) -> None:
    """The refusal names each, in the order of the question; the engine heard of none."""
    decision = await decider.decide(asking("jan-jansen", KNOWN, "sinds-1985"))

    assert isinstance(decision, Refuse)
    assert [reason.field for reason in decision.reasons] == ["jan-jansen", "sinds-1985"]
    assert [text for text in (b"jansen", b"1985") if text in heard.asked[0]] == []


async def test_what_is_withheld_is_named_as_it_was_asked(decider: Decider, heard: Heard) -> None:
    """A partial answer gives the known field, and names the made up one back."""
    question = asking(KNOWN, "jan-jansen", over_asking=OverAsking.WITHHOLD)

    decision = await decider.decide(question)

    assert isinstance(decision, Permit)
    assert decision.fields == (KNOWN,)
    assert [reason.field for reason in decision.withheld] == ["jan-jansen"]
    assert b"jansen" not in heard.asked[0]


async def test_two_who_make_up_names_do_not_meet(decider: Decider, heard: Heard) -> None:
    """The second finds the decision remembered, and hears only of the own name."""
    await decider.decide(asking("jan-jansen"))

    decision = await decider.decide(asking("piet-pietersen"))

    assert isinstance(decision, Refuse)
    assert [reason.field for reason in decision.reasons] == ["piet-pietersen"]
    assert len(heard.asked) == 1


def test_a_reason_for_a_made_up_field_is_not_told() -> None:
    """What is motivated stands in the question for known fields only."""
    question = asking(KNOWN, justified=(KNOWN, "jan-jansen"))

    told = without_own_words(question, catalogue())

    assert told == replace(question, justified=(KNOWN,))


@pytest.mark.parametrize("fields", [None, (), (KNOWN,)])
def test_a_question_in_known_words_stays_what_it_is(fields: tuple[str, ...] | None) -> None:
    """Nothing is changed where there is nothing to hide."""
    question = replace(flag_question(), fields=fields, justified=(KNOWN,))

    told = without_own_words(question, catalogue())

    assert told is question
    assert "unknown" not in json.loads(told.canonical()).get("fields", ()) or []
