"""What people read of a veil: on the page, in the register, at the explanation of a question."""

import datetime as dt
from dataclasses import replace

import pytest

from gateway.catalogue.model import Purpose
from gateway.catalogue.pages.page import catalogue_page
from gateway.catalogue.register import register
from gateway.catalogue.veil import NO_MEANS
from gateway.decision.explain import explain
from gateway.decision.model import Question, SubjectCheck
from tests.fakes_decision import catalogue, flag_question
from tests.unit.catalogue_follow.world import policy, say
from tests.unit.replay.world import decider

TODAY = dt.date(2026, 3, 2)
PURPOSE = catalogue().purposes["niet-dubbel-benaderen"]
OPEN = replace(PURPOSE, veil=None)
HEADING = "Gelijke antwoorden"
MEASURE = "Welke van de drie het is, is niet te zien"


def question(purpose: str, activity: str) -> Question:
    """Return a question for this purpose, by who looks after signals of debt."""
    return replace(
        flag_question(),
        organisation="gem-schuldhulp",
        role="medewerker-vroegsignalering",
        task="wgs-vroegsignalering",
        activity=activity,
        purposes=(purpose,),
        subject=SubjectCheck.VALID,
    )


def test_the_page_tells_the_officer_what_no_means_and_why() -> None:
    """The veil, its time and its reason stand with the purpose, once for each veil."""
    page = catalogue_page(policy(), say, TODAY)
    veils = [each for each in catalogue().purposes.values() if each.veil is not None]

    assert page.count(HEADING) == len(veils) > 0
    assert "Elk antwoord komt na 300 milliseconden" in page
    assert "Dat iemand schuldhulp krijgt, is op zichzelf al gevoelig." in page


@pytest.mark.parametrize(("purpose", "named"), [(PURPOSE, True), (OPEN, False)])
def test_the_register_names_the_veil_as_a_measure(purpose: Purpose, *, named: bool) -> None:
    """It is a technical measure of the processing, where there is one."""
    found = register(catalogue(), [purpose], TODAY)

    assert (MEASURE in str(found)) is named


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("purpose", "told"), [(PURPOSE.id, True), ("contact-leggen-bij-achterstand", False)]
)
async def test_the_explanation_tells_the_asker(purpose: str, *, told: bool) -> None:
    """Who has a question explained reads what a "no" would mean, at the purpose."""
    explanation = await explain(decider(), question(purpose, PURPOSE.activity))

    said = [words.nl for words in explanation.steps[3].says]
    assert (NO_MEANS[0] in said) is told
