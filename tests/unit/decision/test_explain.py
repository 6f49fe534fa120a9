"""The dry run in plain words: four steps, what was declared, what the policy says, what to ask."""

from dataclasses import replace

import pytest

from gateway.catalogue.model import Catalogue, Condition, ConditionKind
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.explain import Explanation, StepState, explain
from gateway.decision.model import Permit, Question, Standing
from gateway.decision.parties import Parties
from tests.fakes_decision import POLICIES, catalogue, flag_question


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


async def _explain(question: Question, policy: Catalogue | None = None) -> Explanation:
    policy = policy or catalogue()
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", policy)
    return await explain(Decider(policy, parties, EmbeddedEngine.build(policy, POLICIES)), question)


def _dutch(explanation: Explanation, number: int) -> str:
    return " ".join(words.nl for words in explanation.steps[number].says)


def _english(explanation: Explanation, number: int) -> str:
    return " ".join(words.en for words in explanation.steps[number].says)


@pytest.mark.anyio
async def test_a_permitted_question_passes_all_steps() -> None:
    """Task with its law, activity, necessity with its reason, basis and conditions are told."""
    explanation = await _explain(replace(flag_question(), fields=None))

    assert isinstance(explanation.decision, Permit)
    assert {step.state for step in explanation.steps} == {StepState.PASSED}
    assert "Jeugdwet 2.3, 7.4.0 lid 1 a" in _dutch(explanation, 1)
    assert "Toetsen of lichtere" in _dutch(explanation, 2)
    assert "specialisatie_ingezet (flag): altijd nodig. Dit ene" in _dutch(explanation, 3)
    assert "de leeftijd is hoogstens 17 jaar" in _dutch(explanation, 4)
    assert "GDPR 9-2-g" in _english(explanation, 4)


@pytest.mark.anyio
async def test_a_refused_field_names_the_question_to_ask() -> None:
    """The twin: the whole plan fails at step 3, with the counter-offer in both languages."""
    explanation = await _explain(replace(flag_question(), fields=("behandelplan_tekst",)))

    assert explanation.steps[3].state is StepState.FAILED
    assert explanation.steps[4].state is StepState.NOT_REACHED
    assert "Vraag in plaats daarvan: specialisatie_ingezet." in _dutch(explanation, 3)
    assert "Ask instead: specialisatie_ingezet." in _english(explanation, 3)


@pytest.mark.anyio
async def test_a_field_of_judgement_asks_for_a_reason() -> None:
    """What is necessary only sometimes says so."""
    explanation = await _explain(replace(flag_question(), fields=("verwachte_duur_band",)))

    assert "nodig als u uitlegt waarom" in _dutch(explanation, 3)


@pytest.mark.anyio
async def test_the_wrong_hat_fails_at_the_task() -> None:
    """A person with another role on hears so at step 1, without a field in the sentence."""
    explanation = await _explain(replace(flag_question(), standing=Standing.WRONG_HAT))

    assert explanation.steps[1].state is StepState.FAILED
    assert "andere rol" in _dutch(explanation, 1)


@pytest.mark.anyio
async def test_unknown_names_are_not_explained() -> None:
    """Where the policy knows no task, activity or purpose, it has nothing to say on it."""
    question = replace(flag_question(), task="x", activity="y", purposes=("z",))

    explanation = await _explain(question)

    assert [len(step.says) for step in explanation.steps] == [0, 1, 0, 0, 0]


@pytest.mark.anyio
async def test_conditions_of_every_kind_have_words() -> None:
    """Consent, both ends of an age and a confirmation are told in plain words."""
    policy = catalogue()
    purpose = replace(
        policy.purposes["lichte-of-zware-hulp"],
        conditions=(
            Condition("age", ConditionKind.AGE, 16, 26),
            Condition("consent", ConditionKind.CONSENT),
            Condition("bron_bevestigd", ConditionKind.SOURCE_CONFIRMATION),
        ),
    )
    changed = replace(policy, purposes={purpose.id: purpose})

    explanation = await _explain(flag_question(), changed)

    said = _dutch(explanation, 4)
    assert "de leeftijd is minstens 16 en hoogstens 26 jaar" in said
    assert "er is geldige toestemming voor dit doel" in said
    assert "heeft het antwoord bevestigd" in said


@pytest.mark.anyio
async def test_a_note_on_a_ground_is_told() -> None:
    """The reservation that a lawyer wrote beside a ground reaches the reader."""
    question = replace(flag_question(), purposes=("weten-dat-leerling-geholpen-wordt",))

    explanation = await _explain(question)

    assert "geen eigen wettelijke grondslag" in _dutch(explanation, 4)
