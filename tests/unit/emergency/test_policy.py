"""What danger stands in for, by the project's own policy, and what an engine may not make of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.catalogue.aspects.purposes import purpose_aspects
from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.load import load_catalogue
from gateway.decision.answer import parse_answer
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.errors import EngineAnswerInvalid
from gateway.decision.model import OverAsking, Permit, Question, Refuse, Standing, SubjectCheck
from tests.fakes_decision import CARE_WORKER, POLICIES, catalogue, copy_policy, flag_question

pytestmark = pytest.mark.anyio

SAFETY = "veiligheid-laten-beoordelen"
STEPS = "meldcode_stappen_doorlopen"


def safety(*, emergency: bool = True, **facts: str) -> Question:
    """Return the question of a care worker who is no party and took no steps."""
    organisation, role = CARE_WORKER
    found = {"case": "NOT_PARTY", STEPS: "CONDITION_NOT_MET"} | facts
    return Question(
        organisation=organisation,
        role=role,
        standing=Standing.HOLDS,
        task="vt-meldrecht",
        activity="melding-doen",
        purposes=(SAFETY,),
        subject=SubjectCheck.VALID,
        fields=None,
        justified=(),
        over_asking=OverAsking.REFUSE,
        facts=tuple(sorted(found.items())),
        date="2026-03-02",
        emergency=emergency,
    )


async def answer_to(question: Question) -> Any:  # noqa: ANN401 - as an engine gives it
    """Return what the rules say to a question."""
    return await EmbeddedEngine.build(catalogue(), POLICIES).evaluate(question.canonical())


async def test_danger_stands_in_for_the_case_and_the_steps() -> None:
    """The permit lists the step as not taken, which it was not."""
    question = safety()

    decision = parse_answer(await answer_to(question), question, catalogue())

    assert isinstance(decision, Permit)
    assert [(c.name, c.outcome.value) for c in decision.conditions] == [(STEPS, "not_met")]


async def test_the_same_without_danger_is_refused() -> None:
    """The refusing twin."""
    question = safety(emergency=False)

    decision = parse_answer(await answer_to(question), question, catalogue())

    assert isinstance(decision, Refuse)


async def test_a_permit_of_danger_is_not_believed_for_another_question() -> None:
    """An engine that waives a condition although nobody spoke of danger gives no answer."""
    permit = await answer_to(safety())
    calm = safety(emergency=False)

    with pytest.raises(EngineAnswerInvalid):
        parse_answer(permit, calm, catalogue())


def test_a_permit_of_danger_is_not_believed_for_another_purpose() -> None:
    """Nor where the purpose knows no emergencies, however well it is asked."""
    permit = {
        "revision": catalogue().revision,
        "outcome": "permit",
        "step": None,
        "reasons": [],
        "fields": ["specialisatie_ingezet"],
        "conditions": [{"name": n, "outcome": "met"} for n in ("age", "bron_bevestigd")],
    }

    with pytest.raises(EngineAnswerInvalid):
        parse_answer(permit, replace(flag_question(), emergency=True), catalogue())


def test_danger_is_a_part_of_the_question_only_where_somebody_says_so() -> None:
    """A calm question has the text that it always had, so that nothing is remembered twice."""
    assert b"emergency" not in safety(emergency=False).canonical()
    assert b'"emergency":true' in safety().canonical()


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        (
            "jeugd/weten-dat-leerling-geholpen-wordt.yaml",
            "never:",
            "emergency: true\nnever:",
            "EMERGENCY",
        ),
        (
            "beleid/doorlooptijd-participatieladder.yaml",
            "never:",
            "emergency: true\nnever:",
            "EMERGENCY",
        ),
        (
            "veiligheid/veiligheid-laten-beoordelen.yaml",
            "embargo_days: 28",
            "embargo_days: 367",
            "EMBARGO",
        ),
        (
            "veiligheid/veiligheid-laten-beoordelen.yaml",
            "embargo_days: 28",
            "embargo_days: -1",
            "EMBARGO",
        ),
    ],
)
def test_a_purpose_that_goes_too_far_is_no_policy(
    tmp_path: Path, file: str, old: str, new: str, code: str
) -> None:
    """No emergency over consent or about figures, and no embargo that never ends."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)

    assert code in {finding.code for finding in caught.value.findings}


@pytest.mark.parametrize(("days", "direction"), [(29, "wider"), (27, "narrower")])
def test_a_longer_embargo_is_told_when_policies_are_compared(days: int, direction: str) -> None:
    """Whoever keeps people in the dark for longer widens something."""
    old = catalogue().purposes[SAFETY]
    new = replace(old, inform_subject=replace(old.inform_subject, embargo_days=days))

    (found,) = purpose_aspects(old, new)

    assert str(found.direction.value) == direction
