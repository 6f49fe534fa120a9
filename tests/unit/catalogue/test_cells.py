"""Figures about groups in the policy files: what gives a person away is found, and is compared."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.catalogue.aspects.cells import groups_aspects
from gateway.catalogue.aspects.purposes import Direction
from gateway.catalogue.cells import Groups, Noise, Tell, Unit
from gateway.catalogue.compare import Policy, compare
from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import FieldGrant
from gateway.catalogue.pages.cells_words import cells_words, groups_sentences
from gateway.catalogue.precision import minimise
from gateway.sources.source import plan
from tests.fakes_decision import catalogue, copy_policy

NAME = "duur-en-maatwerk-per-trede"
FILE = f"beleid/{NAME}.yaml"
DURATION = "{tell: mean, per: [jaar, trede], until: einddatum, unit: months}"
COUNT = "{tell: persons, per: [jaar, trede]}"
GROUPS = Groups(10, "jaar", 4, (("trede", ("1", "2")),))
NOISE = Noise("0.5", 3)


def findings(folder: Path, *changes: tuple[str, str]) -> set[tuple[str, bool]]:
    """Return what is found in the changed file: the code, and whether a line is named."""
    purposes, policies = copy_policy(folder)
    path = purposes / FILE
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    try:
        load_catalogue(purposes, policies)
    except CatalogueInvalid as exc:
        return {(each.code, each.file.endswith(FILE) and each.line > 1) for each in exc.findings}
    return set()


def field(name: str) -> FieldGrant:
    """Return a field of the purpose."""
    return catalogue().purposes[NAME].fields[name]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  smallest: 10\n", "", "KEY_MISSING"),
        ("smallest: 10", "smallest: 9", "GROUPS_SMALLEST"),
        ("smallest: 10", "smallest: 0\n  law: Wet op kleine groepen", "GROUPS_SMALLEST"),
        ("years: 4", "years: 0", "GROUPS"),
        ("years: 4", "years: 26", "GROUPS"),
        ("years: 4", "years: 4\n  largest_share: 100", "GROUPS"),
        ("trede: [1, 2, 3, 4, 5, 6]", "trede: []", "GROUPS"),
        ("trede: [1, 2, 3, 4, 5, 6]", "trede: [1]\n    jaar: [2024]", "GROUPS"),
        ("trede: [1, 2, 3, 4, 5, 6]", "wijk: [noord]", "GROUPS"),
        ("groups:", "grenzen:", "GROUPS"),
        ("aggregated: true ", "aggregated: false ", "GROUPS"),
        (DURATION, "{tell: mean, per: [], until: einddatum, unit: months}", "CELLS"),
        (DURATION, "{tell: mean, per: [jaar, trede, thema]}", "CELLS"),
        (DURATION, "{tell: mean, per: [jaar], until: einddatum}", "CELLS"),
        (DURATION, "{tell: mean, per: [jaar], unit: days}", "CELLS"),
        (DURATION, "{tell: mean, per: [jaar], low: 5, high: 5}", "CELLS"),
        (DURATION, "{tell: persons, per: [jaar]}", "CELLS"),
        (COUNT, "{tell: persons, per: [jaar], low: 1}", "CELLS"),
        (COUNT, "{tell: mean, per: [jaar]}", "CELLS"),
        ("years: 4", 'years: 4\n  noise: {epsilon: "0", most_cells: 3}', "NOISE"),
        ("years: 4", 'years: 4\n  noise: {epsilon: "10", most_cells: 3}', "NOISE"),
        ("years: 4", 'years: 4\n  noise: {epsilon: "1", most_cells: 0}', "NOISE"),
        ("years: 4", 'years: 4\n  noise: {epsilon: "1", most_cells: 3}', "GROUPS"),
    ],
)
def test_what_gives_a_person_away_is_no_policy(
    tmp_path: Path, old: str, new: str, code: str
) -> None:
    """Each mistake is found, at its place in the file."""
    assert (code, True) in findings(tmp_path, (old, new))


def test_a_share_beside_noise_is_found(tmp_path: Path) -> None:
    """A rule that looks at the true figures tells of them, whatever chance is mixed in after."""
    more = "years: 4\n  largest_share: 60\n  noise: {epsilon: '1', most_cells: 3}"

    found = findings(tmp_path, ("years: 4", more), ("months}", "months, low: 0, high: 60}"))

    assert found == {("GROUPS", True)}


def test_a_table_that_is_too_large_is_found(tmp_path: Path) -> None:
    """Nobody reads more than four hundred cells."""
    many = ", ".join(str(n) for n in range(101))

    assert findings(tmp_path, ("[1, 2, 3, 4, 5, 6]", f"[{many}]")) == {("GROUPS", True)}


@pytest.mark.parametrize(
    "changes",
    [
        (("smallest: 10", "smallest: 5\n  law: Wet op kleine groepen"),),
        (("years: 4", "years: 25\n  largest_share: 60"),),
        ((DURATION, "{tell: median, per: [trede], until: einddatum, unit: days}"),),
        (
            ("years: 4", "years: 4\n  noise: {epsilon: '0.5', most_cells: 6}"),
            ("months}", "months, low: 0, high: 60}"),
        ),
    ],
)
def test_what_keeps_persons_out_of_sight_is_policy(
    tmp_path: Path, changes: tuple[tuple[str, str], ...]
) -> None:
    """A law for smaller cells, a share, a median, and bounded noise are all allowed."""
    assert findings(tmp_path, *changes) == set()


def test_no_row_is_ever_read_for_a_table() -> None:
    """The columns of persons are in no query about rows, and a row makes nothing of them."""
    told = field("deelnemers_per_trede")

    assert plan([told, field("duur_per_trede")]) == ()
    assert minimise(told, [{"jaar": 2024}]) is None


def changed(**values: object) -> Groups:
    """Return the rules with these changes."""
    more: Any = values
    return replace(GROUPS, **more)


@pytest.mark.parametrize(
    ("new", "aspects"),
    [
        (GROUPS, []),
        (changed(smallest=9), [("smallest", Direction.WIDER)]),
        (changed(years=5), [("years", Direction.WIDER)]),
        (changed(largest_share=60), [("largest_share", Direction.NARROWER)]),
        (changed(noise=NOISE), [("noise", Direction.NARROWER)]),
        (changed(period="maand"), [("period", Direction.DIFFERENT)]),
        (changed(law="Wet"), [("law", Direction.NOTE)]),
        (changed(labels=(("trede", ("1", "2", "3")),)), [("group_labels", Direction.WIDER)]),
        (changed(labels=(("trede", ("1",)),)), [("group_labels", Direction.NARROWER)]),
        (changed(labels=(("trede", ("1", "3")),)), [("group_labels", Direction.DIFFERENT)]),
        (None, [("groups", Direction.DIFFERENT)]),
    ],
)
def test_a_smaller_smallest_cell_is_wider(
    new: Groups | None, aspects: list[tuple[str, Direction]]
) -> None:
    """What lets more through is a widening, and the other way round it is not."""
    mirror = {Direction.WIDER: Direction.NARROWER, Direction.NARROWER: Direction.WIDER}

    there = [(each.aspect, each.direction) for each in groups_aspects(GROUPS, new)]
    back = [(each.aspect, each.direction) for each in groups_aspects(new, GROUPS)]

    assert there == aspects
    assert back == [(aspect, mirror.get(way, way)) for aspect, way in aspects]


@pytest.mark.parametrize(
    ("noise", "aspect", "direction"),
    [
        (Noise("0.6", 3), "epsilon", Direction.WIDER),
        (Noise("0.4", 3), "epsilon", Direction.NARROWER),
        (Noise("0.5", 4), "most_cells", Direction.DIFFERENT),
    ],
)
def test_a_larger_epsilon_is_wider(noise: Noise, aspect: str, direction: Direction) -> None:
    """Less chance tells more."""
    (found,) = groups_aspects(changed(noise=NOISE), changed(noise=noise))

    assert (found.aspect, found.direction) == (aspect, direction)


def test_a_comparison_of_policies_tells_it() -> None:
    """Who compares two revisions sees that the smallest cell became smaller."""
    old = catalogue()
    purpose = old.purposes[NAME]
    assert purpose.groups is not None
    looser = replace(purpose, groups=replace(purpose.groups, smallest=5))
    new = replace(old, purposes={**old.purposes, NAME: looser})

    told = compare(*(Policy(each, lambda *_: True, "rego") for each in (old, new)))

    assert [(c.aspect, c.old, c.new) for c in told.changes] == [("smallest", "10", "5")]
    assert told.widens


def test_the_rules_are_told_in_plain_words() -> None:
    """A reader of the policy hears every rule, in Dutch and in English."""
    rules = changed(largest_share=60, noise=NOISE, law="Wet A")

    dutch = " ".join(nl for nl, _ in groups_sentences(rules))
    english = " ".join(en for _, en in groups_sentences(rules))

    assert all(word in dutch for word in ("10 mensen", "(Wet A)", "laatste 4", "60%", "0.5", "3 g"))
    assert all(word in english for word in ("10 people", "(Wet A)", "last 4", "60%", "0.5", "3 g"))
    assert len(tuple(groups_sentences(GROUPS))) == 4


def test_a_table_is_told_in_plain_words() -> None:
    """A reader of the policy hears what is told per what."""
    duration, count = field("duur_per_trede").cells, field("deelnemers_per_trede").cells
    assert duration is not None
    assert count is not None

    assert cells_words(count) == (
        "hoeveel mensen per jaar en trede",
        "how many people per jaar and trede",
    )
    assert cells_words(duration)[0] == "het gemiddelde per jaar en trede, in maanden"
    assert cells_words(replace(duration, tell=Tell.MEDIAN, unit=Unit.DAYS))[1].endswith("in days")


def test_only_years_that_are_over_are_told() -> None:
    """The year of the question is not among the labels of the period."""
    year = dt.date(2026, 3, 2).year

    assert GROUPS.labels_of("jaar", year) == ("2022", "2023", "2024", "2025")
    assert GROUPS.labels_of("trede", year) == ("1", "2")
