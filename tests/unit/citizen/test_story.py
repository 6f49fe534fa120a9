"""One entry in plain words."""

from dataclasses import replace

import pytest

from audit.entry import Json
from gateway.citizen.story import tell
from tests.fakes_decision import catalogue

LEAF: dict[str, Json] = {
    "type": "disclosure",
    "time": 1_772_443_800_000,
    "organisation": "00000099000000001001",
    "role": "consulent-jeugd",
    "task": "jeugd-toeleiding",
    "purpose": "lichte-of-zware-hulp",
    "subjects": 1,
    "outcome": "permit",
    "legal_basis": ["Jeugdwet 2.3 (6-1-e)"],
    "released": [{"field": "specialisatie_ingezet", "precision": "flag"}],
}


def test_the_whole_line_reads_as_sentences() -> None:
    """Who, when, why, on which ground and what, in words that anybody reads."""
    text = tell(LEAF, catalogue()).text

    assert text.nl.startswith(
        "Op 2 maart 2026 om 10:30 heeft Gemeente Waterveen, toegang jeugd (rol: consulent jeugd) "
        "gegevens over u gevraagd. Waarvoor: "
    )
    ground = "Jeugdwet 2.3, AVG artikel 6 lid 1 letter e (dit hoort bij een publieke taak)"
    assert f"Dit mag volgens: {ground}." in text.nl
    assert "(alleen ja, nee of onbekend)." in text.nl
    assert text.en.startswith("On 2 March 2026 at 10:30 Gemeente Waterveen")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "refusal", "outcome": "refuse"}, "De vraag is geweigerd."),
        ({"type": "refusal", "outcome": "pending"}, "Toen kregen zij nog niets te weten."),
        ({"type": "break_glass"}, "Dit ging om direct gevaar."),
        ({"subjects": 2}, "De vraag ging ook over anderen."),
        ({"purpose": "weg"}, "Waarvoor: niet gezegd."),
        ({"organisation": "0" * 20}, f"heeft de organisatie met nummer {'0' * 20}"),
        ({"released": [{"field": "weg_veld", "precision": "exact"}]}, "weg veld (precies)."),
    ],
)
def test_what_differs_is_said(changes: dict[str, Json], sentence: str) -> None:
    """Each way in which an entry can come out has its sentence; unknown words do no harm."""
    assert sentence in tell({**LEAF, **changes}, catalogue()).text.nl


@pytest.mark.parametrize(
    ("ground", "told"),
    [
        ("AVG 6 lid 1 a (6-1-a)", ["AVG artikel 6 lid 1 letter a (er is toestemming gegeven)"]),
        ("AVG 9 (9-none)", []),
        ("Wgs 3 (6-1-b)", ["Wgs 3, AVG artikel 6 lid 1 letter b"]),
    ],
)
def test_a_ground_is_told_once_and_in_plain_words(ground: str, told: list[str]) -> None:
    """The GDPR is not named twice, and what is no ground is not told as one."""
    line = tell({**LEAF, "legal_basis": [ground]}, catalogue())

    assert [each.nl for each in line.basis] == told


def test_a_value_cannot_be_told() -> None:
    """Only the field, its meaning and the precision are there to tell."""
    line = tell(LEAF, catalogue())

    assert [(each.field, each.words.nl.count("(")) for each in line.got] == [
        ("specialisatie_ingezet", 1)
    ]


def test_a_role_that_nobody_named_is_told_by_its_words() -> None:
    """A policy of before that names no roles leaves no gap in the line."""
    unnamed = replace(catalogue(), roles={})

    assert "(rol: consulent jeugd)" in tell(LEAF, unnamed).text.nl
    assert "(role: youth consultant)" in tell(LEAF, catalogue()).text.en
