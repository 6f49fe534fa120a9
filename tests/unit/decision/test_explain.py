"""The dry run in plain words: four steps, what was declared, what the policy says, what to ask."""

import re
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from gateway.catalogue.model import Catalogue, Condition, ConditionKind, Precision
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.explain import (
    Explanation,
    StepState,
    condition_sentence,
    explain,
    ground_words,
    rests_on_sentence,
)
from gateway.decision.model import Permit, Question, Standing
from gateway.decision.parties import Parties
from gateway.decision.reasons import REASONS
from tests.fakes_decision import POLICIES, catalogue, flag_question

JARGON = {
    "attribuut",
    "authenticatie",
    "autorisatie",
    "dataminimalisatie",
    "doelbinding",
    "grondslag",
    "parameter",
    "persoonsgegevens",
    "proportionaliteit",
    "subsidiariteit",
    "verstrekking",
    "verwerking",
    "verwerkingsverantwoordelijke",
}


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
    assert "specialisatie_ingezet (alleen ja, nee of onbekend): altijd nodig. Dit ene" in _dutch(
        explanation, 3
    )
    assert "de leeftijd is hoogstens 17 jaar" in _dutch(explanation, 4)
    assert "GDPR article 9(2)(g)" in _english(explanation, 4)


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


@pytest.mark.parametrize(
    ("condition", "nl"),
    [
        (Condition("age", ConditionKind.AGE, 16, 26), "minstens 16 en hoogstens 26 jaar"),
        (Condition("consent", ConditionKind.CONSENT), "er is geldige toestemming voor dit doel"),
        (Condition("consent", ConditionKind.CONSENT, form="overeenkomst"), "vorm: overeenkomst"),
        (Condition("m", ConditionKind.MANDATE), "u hebt mandaat voor dit besluit"),
        (Condition("g", ConditionKind.GROUP_SIZE, 10), "de groep telt minstens 10 mensen"),
        (Condition("b", ConditionKind.SOURCE_CONFIRMATION), "heeft het antwoord bevestigd"),
        (Condition("ernst", ConditionKind.CLAIM), "hoe ernstig het is"),
        (Condition("nieuwe_regel", ConditionKind.SOURCE_TRUE), "nieuwe regel"),
    ],
)
def test_conditions_of_every_kind_have_words(condition: Condition, nl: str) -> None:
    """Whatever must hold is told in plain words, in both languages."""
    words = condition_sentence(condition)

    assert nl in words.nl
    assert words.en


@pytest.mark.parametrize("kind", list(ConditionKind))
def test_every_condition_says_what_it_rests_on(kind: ConditionKind) -> None:
    """A reader hears whether something is looked up, on record, answered, or only claimed."""
    words = rests_on_sentence(Condition("naam", kind))

    assert ("dit zegt u zelf" in words.nl) is (kind is ConditionKind.CLAIM)
    assert words.en


@pytest.mark.anyio
async def test_a_claim_is_told_as_a_claim() -> None:
    """Who explains a purpose that rests on a claim, reads that it is recorded as one."""
    question = replace(flag_question(), purposes=("veiligheid-laten-beoordelen",))

    explanation = await _explain(question)

    assert "de meldcode gezet (dit zegt u zelf" in _dutch(explanation, 4)


@pytest.mark.anyio
async def test_a_field_that_is_not_given_is_explained() -> None:
    """A field of the dictionary says what it is; a name nobody knows says just that."""
    question = replace(flag_question(), fields=("diagnose_code", "aantal_huisdieren"))

    explanation = await _explain(question)

    said = _dutch(explanation, 3)
    assert "De vraag is te beantwoorden zonder dit gegeven." in said
    assert "aantal_huisdieren: dit gegeven kennen wij niet." in said


@pytest.mark.parametrize(
    ("ground", "nl", "en"),
    [
        ("6-1-e", "AVG artikel 6 lid 1 letter e", "GDPR article 6(1)(e)"),
        ("9-none", "geen bijzondere gegevens (AVG artikel 9)", "no special data (GDPR article 9)"),
    ],
)
def test_a_ground_is_written_as_people_write_it(ground: str, nl: str, en: str) -> None:
    """The short form of the policy files is not shown to a person."""
    assert (ground_words(ground).nl, ground_words(ground).en) == (nl, en)


def test_what_a_requester_reads_is_plain_dutch() -> None:
    """Short sentences without the words that only lawyers and engineers use."""
    condition_texts = [
        condition_sentence(condition).nl
        for purpose in catalogue().purposes.values()
        for condition in purpose.conditions
    ]
    texts = [*(reason.nl for reason in REASONS.values()), *condition_texts]
    sentences = [part.split() for text in texts for part in re.split(r"[.?!:]", text)]
    spoken = {word.lower() for text in texts for word in re.findall(r"[^\W\d_]+", text)}

    assert max(map(len, sentences)) <= 16
    assert not spoken & JARGON


@pytest.mark.anyio
async def test_a_note_on_a_ground_is_told() -> None:
    """The reservation that a lawyer wrote beside a ground reaches the reader."""
    question = replace(flag_question(), purposes=("weten-dat-leerling-geholpen-wordt",))

    explanation = await _explain(question)

    assert "geen eigen wettelijke grondslag" in _dutch(explanation, 4)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changes", "nl", "en"),
    [
        ({"against": 110}, "onbekend, vergeleken met 110)", "unknown, compared with 110)"),
        ({"against": True}, "vergeleken met ja)", "compared with yes)"),
        ({"against": False}, "vergeleken met nee)", "compared with no)"),
        ({"one_of": ("licht", "zwaar")}, ", licht of zwaar)", ", licht or zwaar)"),
        ({"other": ("bank", "naam_houder")}, "met naam houder (bank))", "naam houder (bank))"),
        ({"labels": ("huur",)}, "alleen deze woorden: huur)", "only these words: huur)"),
        ({"precision": Precision.POSTCODE4}, "alleen de vier cijfers", "only the four digits"),
        ({"precision": Precision.PSEUDONYM}, "alleen een codenaam", "only a pseudonym"),
    ],
)
async def test_what_a_value_is_measured_by_is_told(
    changes: dict[str, Any], nl: str, en: str
) -> None:
    """The limit, the words and the other name stand beside the level, in both languages."""
    purpose = catalogue().purposes["lichte-of-zware-hulp"]
    flag = replace(purpose.fields["specialisatie_ingezet"], **changes)
    changed = replace(purpose, fields=MappingProxyType({**purpose.fields, flag.name: flag}))
    purposes = MappingProxyType({**catalogue().purposes, purpose.id: changed})

    explanation = await _explain(flag_question(), replace(catalogue(), purposes=purposes))

    assert nl in _dutch(explanation, 3)
    assert en in _english(explanation, 3)
