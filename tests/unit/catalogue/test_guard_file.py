"""Limits on asking again in the policy files: read, checked, told, and compared."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from gateway.catalogue.compare import Change, Direction, Policy, compare
from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.guard import Combination, Mosaic, Repeat
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import Catalogue
from gateway.catalogue.pages.guard_words import guard_sentences
from gateway.catalogue.register import register
from tests.builders import REFERENCE
from tests.fakes_decision import catalogue, copy_policy
from tests.fakes_mosaic import BECAUSE, ONCE, TWICE

FLAG, SCHOOL, SCOOTER = (
    "lichte-of-zware-hulp",
    "weten-dat-leerling-geholpen-wordt",
    "hulpvraag-afbakenen",
)
FIGURES = "doorlooptijd-participatieladder"
LONG = "default: {answers: 9, days: 90, because: Genoeg.}\n"
PAIR = Combination(frozenset({FLAG, SCHOOL}), frozenset(), 30, BECAUSE)
FIELDS = Combination(
    frozenset(), frozenset({"specialisatie_ingezet", "lopende_wmo_voorziening"}), 30, BECAUSE
)


def policy_with(folder: Path, *, mosaic: str = "", repeat: str = "") -> Catalogue:
    """Return the project's own policy with this file, and this limit on the flag."""
    purposes, policies = copy_policy(folder)
    if mosaic:
        (purposes / "mosaic.yaml").write_text(mosaic, encoding="utf-8")
    if repeat:
        path = purposes / "jeugd" / f"{FLAG}.yaml"
        path.write_text(f"{path.read_text('utf-8')}repeat: {repeat}\n", encoding="utf-8")
    return load_catalogue(purposes, policies)


def found_in(folder: Path, *, mosaic: str = "", repeat: str = "") -> list[tuple[str, str]]:
    """Return the codes of what is found, with the files they point into."""
    with pytest.raises(CatalogueInvalid) as caught:
        policy_with(folder, mosaic=mosaic, repeat=repeat)
    assert all(each.line > 0 for each in caught.value.findings)
    return [(each.code, each.file) for each in caught.value.findings]


def test_a_limit_is_read_as_written(tmp_path: Path) -> None:
    """How many, in which period, how far apart, and why."""
    policy = policy_with(
        tmp_path, repeat="{answers: 2, days: 30, cool_down_hours: 24, because: Omdat.}"
    )

    assert policy.repeat_of(policy.purposes[FLAG]) == Repeat(2, 30, "Omdat.", 24)


def test_a_purpose_without_a_limit_has_none() -> None:
    """Nobody is limited whom the policy does not limit."""
    assert catalogue().repeat_of(catalogue().purposes[FLAG]) is None
    assert catalogue().mosaic.default is None


def test_help_and_control_are_not_put_together_in_the_policy_of_the_project() -> None:
    """Both purposes tell the officer so, with the reason; they still allow what is usual."""
    [combination] = catalogue().mosaic.never_together
    purposes = [
        catalogue().purposes[name]
        for name in ("verwijtbaarheid-beoordelen", "hoogte-bijstand-vaststellen")
    ]

    told = [
        [nl for nl, _ in guard_sentences(catalogue(), each) if combination.because in nl]
        for each in purposes
    ]

    assert combination.fields == {"belemmering_nakoming", "vermogen_boven_vrijlating"}
    assert [len(each) for each in told] == [1, 1]
    assert not any(combination.fields & set(each.minimal) for each in purposes)


def test_without_the_file_only_the_purposes_limit(tmp_path: Path) -> None:
    """The twin: what no file says, nobody is held to."""
    purposes, policies = copy_policy(tmp_path)
    (purposes / "mosaic.yaml").unlink()

    assert load_catalogue(purposes, policies).mosaic == Mosaic()


def test_the_file_of_all_is_read_as_written(tmp_path: Path) -> None:
    """A limit for whoever names none, and what never goes together, by purposes or by fields."""
    policy = policy_with(
        tmp_path,
        mosaic=f"{LONG}never_together:\n"
        f"  - {{purposes: [{FLAG}, {SCOOTER}], days: 90, because: Omdat.}}\n"
        "  - {fields: [specialisatie_ingezet, lopende_wmo_voorziening], days: 9, because: Zo.}\n",
    )

    assert policy.repeat_of(policy.purposes[FLAG]) == Repeat(9, 90, "Genoeg.")
    assert policy.mosaic.never_together == (
        Combination(frozenset({FLAG, SCOOTER}), frozenset(), 90, "Omdat."),
        Combination(
            frozenset(), frozenset({"specialisatie_ingezet", "lopende_wmo_voorziening"}), 9, "Zo."
        ),
    )


@pytest.mark.parametrize(
    ("repeat", "codes"),
    [
        ("{answers: 0, days: 30, because: Omdat.}", ["REPEAT"]),
        ("{answers: 1001, days: 30, because: Omdat.}", ["REPEAT"]),
        ("{answers: 1, days: 0, because: Omdat.}", ["REPEAT"]),
        ("{answers: 1, days: 367, because: Omdat.}", ["REPEAT"]),
        ("{days: 30, because: Omdat.}", ["REPEAT"]),
        ("{answers: veel, days: 30, because: Omdat.}", ["NOT_A_NUMBER"]),
        ("{answers: 1, days: 30}", ["KEY_MISSING"]),
        ("{answers: 1, days: 2, cool_down_hours: 49, because: Omdat.}", ["REPEAT"]),
        ("{answers: 1, days: 2, cool_down_hours: -1, because: Omdat.}", ["REPEAT"]),
        ("{answers: 1, days: 2, weeks: 1, because: Omdat.}", ["KEY_UNKNOWN"]),
    ],
)
def test_a_limit_that_is_nonsense_is_found(tmp_path: Path, repeat: str, codes: list[str]) -> None:
    """Numbers out of range, a missing reason and an unknown word point into the file."""
    assert found_in(tmp_path, repeat=repeat) == [
        (code, f"purposes/jeugd/{FLAG}.yaml") for code in codes
    ]


@pytest.mark.parametrize(
    ("together", "code"),
    [
        (f"purposes: [{FLAG}, niets], days: 9", "UNKNOWN_REFERENCE"),
        ("fields: [specialisatie_ingezet, niets], days: 9", "UNKNOWN_REFERENCE"),
        (f"purposes: [{FLAG}], days: 9", "TOGETHER"),
        ("days: 9", "TOGETHER"),
        (f"purposes: [{FLAG}, {SCHOOL}], fields: [specialisatie_ingezet], days: 9", "TOGETHER"),
        (f"purposes: [{FLAG}, {SCHOOL}]", "REPEAT"),
        (f"purposes: [{FLAG}, {FIGURES}], days: 9", "TOGETHER"),
        ("fields: [specialisatie_ingezet, verwachte_duur_band], days: 9", "TOGETHER"),
        (f"purposes: [{FLAG}, {SCOOTER}], days: 91", "TOGETHER_TELLS"),
    ],
)
def test_a_combination_that_cannot_be_is_found(tmp_path: Path, together: str, code: str) -> None:
    """Unknown names, one name, both kinds, a group, what one answer gives, and what would tell."""
    line = f"{LONG}never_together:\n  - {{{together}, because: Omdat.}}\n"

    found = found_in(tmp_path, mosaic=line)

    assert set(found) == {(code, "purposes/mosaic.yaml")}


def test_a_combination_without_a_limit_would_tell(tmp_path: Path) -> None:
    """Where a purpose could never be asked too often, a refusal would say what else was asked."""
    line = f"never_together:\n  - {{purposes: [{FLAG}, {SCOOTER}], days: 9, because: Omdat.}}\n"

    assert found_in(tmp_path, mosaic=line) == [("TOGETHER_TELLS", "purposes/mosaic.yaml")] * 2


def with_limits(
    *, flag: Repeat | None = None, figures: Repeat | None = None, mosaic: Mosaic | None = None
) -> Catalogue:
    """Return the catalogue with these limits and no others."""
    limits = {FLAG: flag, FIGURES: figures}
    purposes = {
        name: replace(each, repeat=limits.get(name)) for name, each in catalogue().purposes.items()
    }
    made = MappingProxyType(purposes)
    return replace(catalogue(), purposes=made, mosaic=mosaic or Mosaic())


def test_limits_are_told_in_plain_words() -> None:
    """A person reads how often, how far apart, for whom, and why, in both languages."""
    policy = with_limits(flag=TWICE, figures=ONCE)

    nl = "Per organisatie over één inwoner: hoogstens 2 antwoorden in 30 dagen, met 24 uur ertussen"
    en = "Per organisation about one person: at most 2 answers in 30 days, 24 hours apart"

    assert guard_sentences(policy, policy.purposes[FLAG]) == (
        (f"{nl}. {BECAUSE}", f"{en}. In Dutch: {BECAUSE}"),
    )
    assert guard_sentences(policy, policy.purposes[FIGURES]) == (
        (
            f"Per organisatie: hoogstens 1 antwoord in 30 dagen. {BECAUSE}",
            f"Per organisation: at most 1 answer in 30 days. In Dutch: {BECAUSE}",
        ),
    )
    assert guard_sentences(policy, policy.purposes[SCHOOL]) == ()


def test_combinations_are_told_with_each_purpose_in_them() -> None:
    """A purpose names what its answer does not go together with; a group has no part in it."""
    policy = with_limits(mosaic=Mosaic(None, (PAIR, FIELDS)))
    label = policy.purposes[SCHOOL].label

    told = [nl for nl, _ in guard_sentences(policy, policy.purposes[FLAG])]

    fields = "lopende wmo voorziening + specialisatie ingezet"
    assert told == [
        f"Niet samen met: '{label}', binnen 30 dagen. {BECAUSE}",
        f"Nooit samen naar één organisatie: {fields}, binnen 30 dagen. {BECAUSE}",
    ]
    assert len(guard_sentences(policy, policy.purposes[SCOOTER])) == 1
    assert guard_sentences(policy, policy.purposes[FIGURES]) == ()


def test_the_register_names_the_limit_as_a_measure() -> None:
    """The measures of a processing activity say how often it may be asked."""
    policy = with_limits(flag=TWICE)

    assert "hoogstens 2 antwoorden in 30 dagen" in str(
        register(policy, [policy.purposes[FLAG]], REFERENCE)
    )


def changes(old: Catalogue, new: Catalogue) -> list[Change]:
    """Return what changed between two catalogues."""

    def policy(made: Catalogue) -> Policy:
        return Policy(made, lambda *_: True, "rego")

    return list(compare(policy(old), policy(new)).changes)


MIRROR = {Direction.WIDER: Direction.NARROWER, Direction.NARROWER: Direction.WIDER}


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        (TWICE, None, Direction.WIDER),
        (TWICE, replace(TWICE, answers=3), Direction.WIDER),
        (TWICE, replace(TWICE, days=29), Direction.WIDER),
        (TWICE, replace(TWICE, cool_down_hours=0), Direction.WIDER),
        (TWICE, replace(TWICE, answers=4, days=60), Direction.DIFFERENT),
        (TWICE, replace(TWICE, because="Anders gezegd."), Direction.NOTE),
    ],
)
@pytest.mark.parametrize("place", ["of a purpose", "of all"])
def test_a_limit_that_is_loosened_is_wider(
    old: Repeat, new: Repeat | None, way: Direction, place: str
) -> None:
    """Removing or loosening a limit lets more through, and tightening it the other way round."""
    make: Callable[[Repeat | None], Catalogue] = (
        (lambda each: with_limits(mosaic=Mosaic(each)))
        if place == "of all"
        else (lambda each: with_limits(flag=each))
    )

    there, back = changes(make(old), make(new)), changes(make(new), make(old))

    assert {(each.direction, each.aspect) for each in there} == {(way, "repeat")}
    assert {each.direction for each in back} == {MIRROR.get(way, way)}
    assert FLAG in {each.purpose for each in there}


@pytest.mark.parametrize(
    ("new", "way"),
    [
        ((PAIR,), Direction.WIDER),
        ((PAIR, replace(FIELDS, days=29)), Direction.WIDER),
        ((PAIR, replace(FIELDS, because="Anders gezegd.")), Direction.NOTE),
    ],
)
def test_a_combination_that_is_loosened_is_wider(
    new: tuple[Combination, ...], way: Direction
) -> None:
    """What may go together from now on is wider; what may no longer is narrower."""
    before = with_limits(mosaic=Mosaic(None, (PAIR, FIELDS)))
    after = with_limits(mosaic=Mosaic(None, new))

    [there], [back] = changes(before, after), changes(after, before)

    assert (there.direction, there.aspect) == (way, "never_together")
    assert back.direction is MIRROR.get(way, way)
