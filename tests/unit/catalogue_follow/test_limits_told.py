"""Every limit of the policy stands in all that people read of it, and only where there is one."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from gateway.catalogue.cells import Groups, Noise
from gateway.catalogue.compare import Change, Differences, Direction
from gateway.catalogue.guard import Combination, Mosaic, Repeat
from gateway.catalogue.model import Catalogue, Derive, Precision, Purpose
from gateway.catalogue.pages.cells_words import cells_words
from gateway.catalogue.pages.dpia import prefilled
from gateway.catalogue.pages.grant_words import measure_words
from gateway.catalogue.pages.guard_words import repeat_words
from gateway.catalogue.pages.page import catalogue_page, register_page
from gateway.catalogue.register import register
from gateway.catalogue.veil import Veil
from gateway.cli.review_text import compare_markdown
from gateway.decision.explain import explain
from gateway.decision.model import Question, SubjectCheck
from tests.fakes_decision import catalogue, flag_question
from tests.grants import grant
from tests.unit.catalogue_follow.world import policy, say
from tests.unit.replay.world import decider_of

TODAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
FIGURES, FLAG, AREAS = "duur-en-maatwerk-per-trede", "lichte-of-zware-hulp", "hulpvraag-afbakenen"
REASON = "Anders is te zien wat niemand mag weten."
GROUPS = Groups(
    12, "jaar", 3, (("trede", ("1", "2")),), largest_share=None, noise=Noise("0.5", 4), law="Wet A"
)
BY_WORD = "alleen per: huur, koop; is er één kleiner dan 10, dan wordt niets verteld"
TELLS = {
    "smallest cell": "minder dan 12 mensen",
    "law of a smaller cell": "(Wet A)",
    "closed labels of a table": "Bij trede alleen: 1, 2.",
    "noise": "(epsilon 0.5). Een persoon telt in hoogstens 4 groepen.",
    "budget": "hoogstens 3 antwoorden in 30 dagen",
    "cool-down": "met 24 uur ertussen",
    "reason of the budget": REASON,
    "veil": "Elk antwoord komt na 400 milliseconden.",
    "combination": "lopende wmo voorziening + verwachte duur band",
    "closed labels of a field": "alleen deze woorden: licht, zwaar",
}


def limited() -> Catalogue:
    """Return the catalogue of the project with every kind of limit in it."""
    purposes = dict(catalogue().purposes)
    budget = Repeat(3, 30, REASON, 24)
    band = replace(
        purposes[FLAG].fields["specialisatie_ingezet"],
        precision=Precision.EXACT,
        labels=("licht", "zwaar"),
    )
    fields = MappingProxyType({**purposes[FLAG].fields, band.name: band})
    purposes[FLAG] = replace(
        purposes[FLAG], fields=fields, repeat=budget, veil=Veil(400, REASON), groups=GROUPS
    )
    never = Combination(
        frozenset(), frozenset({"verwachte_duur_band", "lopende_wmo_voorziening"}), 30, REASON
    )
    return replace(
        catalogue(), purposes=MappingProxyType(purposes), mosaic=Mosaic(never_together=(never,))
    )


def assessed(policies: Catalogue, purpose: Purpose) -> str:
    """Return the assessment as text."""
    return json.dumps(prefilled([purpose], policies, say, NOW), ensure_ascii=False)


def registered(policies: Catalogue, purpose: Purpose) -> str:
    """Return the register as text."""
    return json.dumps(register(policies, [purpose], TODAY), ensure_ascii=False)


def registered_page(policies: Catalogue, purpose: Purpose) -> str:
    """Return the register as a page."""
    return register_page(policy(policies), [purpose], say, TODAY)


def paged(policies: Catalogue, purpose: Purpose) -> str:
    """Return what the page of the catalogue says of this purpose."""
    page = catalogue_page(policy(policies), say, TODAY)
    return page.partition(f'id="doel-{purpose.id}"')[2].partition("</article>")[0]


TELLERS = [assessed, registered, registered_page, paged]


@pytest.mark.parametrize("tell", TELLERS)
@pytest.mark.parametrize("words", TELLS.values(), ids=TELLS.keys())
def test_every_limit_is_told(tell: Callable[[Catalogue, Purpose], str], words: str) -> None:
    """A privacy officer reads it, whichever document is open."""
    told = tell(limited(), limited().purposes[FLAG])

    assert words in told


@pytest.mark.parametrize("tell", TELLERS)
@pytest.mark.parametrize("words", TELLS.values(), ids=TELLS.keys())
def test_no_limit_is_told_that_is_not_there(
    tell: Callable[[Catalogue, Purpose], str], words: str
) -> None:
    """The twin: the same purpose without limits claims none."""
    told = tell(catalogue(), catalogue().purposes[FLAG])

    assert words not in told


EXCEPTIONS = {
    "danger": "Bij direct gevaar mag het zonder casus",
    "silence": "Geeft de bron geen antwoord, dan is een ja of nee onbekend.",
    "embargo": "De inwoner hoort het pas na 30 dagen.",
}


def with_exceptions(*, veil: Veil | None = None) -> Catalogue:
    """Return the catalogue in which the flag gives way in every manner there is."""
    purposes = dict(catalogue().purposes)
    informed = replace(purposes[FLAG].inform_subject, embargo_days=30)
    purposes[FLAG] = replace(
        purposes[FLAG], emergency=True, silence_is_unknown=True, inform_subject=informed, veil=veil
    )
    return replace(catalogue(), purposes=MappingProxyType(purposes))


@pytest.mark.parametrize("tell", TELLERS)
@pytest.mark.parametrize("words", EXCEPTIONS.values(), ids=EXCEPTIONS.keys())
def test_where_a_limit_gives_way_is_told_too(
    tell: Callable[[Catalogue, Purpose], str], words: str
) -> None:
    """Danger, a silent source and an embargo are read where they hold, and nowhere else."""
    changed = with_exceptions()

    assert words in tell(changed, changed.purposes[FLAG])
    assert words not in tell(catalogue(), catalogue().purposes[FLAG])


def test_behind_a_veil_a_silent_source_is_not_called_unknown() -> None:
    """There it is a "no", and only that is told."""
    changed = with_exceptions(veil=Veil(400, REASON))

    told = paged(changed, changed.purposes[FLAG])

    assert EXCEPTIONS["silence"] not in told
    assert "dan is het ook nee" in told


@pytest.mark.anyio
@pytest.mark.parametrize("words", [each for name, each in TELLS.items() if name != "veil"])
async def test_who_asks_reads_the_limits_too(words: str) -> None:
    """The explanation of a question tells each; of a veil it tells what a "no" means."""
    explained = await explain(decider_of(limited()), flag_question())

    assert words in " ".join(each.nl for each in explained.steps[3].says)


@pytest.mark.anyio
async def test_who_asks_for_figures_reads_of_small_groups() -> None:
    """The rules for groups of the project stand with the fields of its figures."""
    question: Question = replace(
        flag_question(),
        organisation="gem-beleid",
        role="beleidsadviseur",
        task="gemw-beleid",
        activity="beleid-evalueren",
        purposes=(FIGURES,),
        fields=None,
        subject=SubjectCheck.MISSING,
    )

    explained = await explain(decider_of(catalogue()), question)

    said = " ".join(each.nl for each in explained.steps[3].says)
    assert "minder dan 10 mensen wordt niet verteld" in said
    assert "Bij thema alleen: wonen, inkomen, identiteit, zorg." in said


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ((), "minder dan 10 wordt niet verteld"),
        (
            ("huur", "koop"),
            BY_WORD,
        ),
    ],
)
def test_a_number_of_persons_says_what_is_kept_back(labels: tuple[str, ...], told: str) -> None:
    """What the gateway hides of a ready-made number stands beside it."""
    words = measure_words(grant(Derive.FIGURE, Precision.COUNT, against=None, labels=labels))

    assert words is not None
    assert words[0] == told


def test_a_mean_says_how_far_one_person_counts() -> None:
    """What lies beyond the limits of a mean counts as the limit."""
    cells = catalogue().purposes[FIGURES].fields["duur_per_trede"].cells
    assert cells is not None

    nl, en = cells_words(replace(cells, low=0, high=60))

    assert nl.endswith("; minder dan 0 telt als 0; meer dan 60 telt als 60")
    assert en.endswith("; less than 0 counts as 0; more than 60 counts as 60")


@pytest.mark.parametrize(
    ("hours", "told"), [(1, "1 uur"), (24, "24 uur"), (36, "36 uur"), (48, "2 dagen")]
)
def test_a_pause_of_several_days_is_told_in_days(hours: int, told: str) -> None:
    """Nobody divides by twenty-four to read a policy."""
    assert repeat_words(Repeat(3, 30, REASON, hours)).endswith(f", met {told} ertussen")


@pytest.mark.parametrize(
    ("name", "whom"),
    [
        (FIGURES, "inwoners die in een groep worden geteld"),
        (FLAG, "inwoner om wie het gaat"),
    ],
)
def test_the_assessment_says_whether_it_is_about_one_person(name: str, whom: str) -> None:
    """Figures are about people who are counted, and about nobody by name."""
    answers = prefilled([catalogue().purposes[name]], catalogue(), say, NOW)["answers"]

    assert isinstance(answers, dict)
    assert {each["2.1.2"]["value"] for each in answers["2.1"]} == {whom}


@pytest.mark.parametrize(
    ("aspect", "words"),
    [
        ("repeat", "hoe vaak gevraagd mag worden"),
        ("never_together", "wat niet samengaat"),
        ("indistinguishable", "antwoorden die er gelijk uitzien"),
        ("labels", "woorden die mogen uitgaan"),
        ("group_labels", "woorden waarnaar cijfers worden verdeeld"),
        ("smallest", "kleinste groep die wordt verteld"),
        ("epsilon", "toeval in de cijfers (epsilon; lager is meer toeval)"),
    ],
)
def test_a_review_calls_each_limit_by_a_dutch_name(aspect: str, words: str) -> None:
    """The table of a review names what changed in words and not by a key of the files."""
    change = Change(Direction.WIDER, FLAG, None, None, aspect, "a", "b")

    table = compare_markdown(Differences("0" * 64, "1" * 64, (change,)))

    assert f"| {words} |" in table
