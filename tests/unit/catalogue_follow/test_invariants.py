"""Sentences over everything that can be released, and how the reach of a policy is found."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

import anyio
import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.lints.invariants import (
    EMERGENCY,
    KEYS,
    ORDINARY,
    PERSON,
    Invariant,
    Release,
    Violation,
    load_invariants,
    violations,
)
from gateway.catalogue.model import Catalogue, Purpose, Requester, Sensitivity
from gateway.decision.answer import TAKES_TIME
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.parties import Parties
from gateway.reach import NOBODY, Reach, reach_of, requesters_of, steps_of
from tests.fakes_decision import POLICIES, catalogue
from tests.unit.catalogue_follow.world import CONSULTANT, FLAG, SCHOOL, SCOOTER, with_grant

SAFETY = "veiligheid-laten-beoordelen"
FLAG_RELEASE = Release(
    CONSULTANT,
    "jeugd-toeleiding",
    "criteria-toetsen-zwaarte",
    FLAG,
    "specialisatie_ingezet",
    "person",
    frozenset(),
)
SCOOTER_RELEASE = Release(
    Requester("consulent-wmo", "gem-toegang-wmo"),
    "wmo-onderzoek",
    "vraagverheldering",
    SCOOTER,
    "relevante_leefgebieden",
    "person",
    frozenset({"consent"}),
)


def decider(changed: Catalogue | None = None) -> Decider:
    """Return a decider over the project's catalogue, or over one with a change."""
    made = changed or catalogue()
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", made)
    return Decider(made, parties, EmbeddedEngine.build(made, POLICIES))


@cache
def reach() -> Reach:
    """Return what the project's own policy can release."""
    return anyio.run(reach_of, decider())


def few(*names: str) -> Catalogue:
    """Return the catalogue with these purposes only, so that its reach is soon known."""
    purposes = {name: catalogue().purposes[name] for name in names}
    return replace(catalogue(), purposes=MappingProxyType(purposes))


def test_every_sentence_of_the_project_holds() -> None:
    """Over everything that the project's policy can release, no sentence is broken."""
    invariants = load_invariants(POLICIES, catalogue())

    found = violations(invariants, reach().releases, catalogue())

    assert len(invariants) >= 16
    assert found == ()


def test_the_reach_is_every_field_of_every_purpose_for_every_requester() -> None:
    """With everything met exactly the named requesters get exactly the named fields."""
    best = {
        (release.requester, release.purpose, release.field)
        for release in reach().releases
        if not release.unmet and release.situation == ORDINARY
    }

    assert best == {
        (requester, purpose.id, name)
        for purpose in catalogue().purposes.values()
        for requester in purpose.requesters
        for name in purpose.fields
    }


def test_a_stranger_reaches_nothing() -> None:
    """Whoever the policy files do not know gets no field at all."""
    assert all(release.requester != NOBODY for release in reach().releases)


def test_the_reach_holds_what_leaves_in_immediate_danger() -> None:
    """What an emergency does without is not met in it; what it demands is, and so for one purpose.

    Its twin: without an emergency nothing about a person leaves without a case.
    """
    urgent = [each for each in reach().releases if each.situation == EMERGENCY]
    without_case = {
        each.situation for each in reach().releases if "case" in each.unmet and each.about == PERSON
    }
    demanded = {
        condition.name
        for condition in catalogue().purposes[SAFETY].conditions
        if condition.kind not in TAKES_TIME
    }

    assert {each.purpose for each in urgent} == {SAFETY}
    assert without_case == {EMERGENCY}
    assert not demanded & {name for each in urgent for name in each.unmet}


def test_a_purpose_that_comes_to_know_emergencies_breaks_a_sentence() -> None:
    """The sentences are held against what leaves in danger, and not only against what else does."""
    made = few(FLAG)
    opened = replace(made.purposes[FLAG], emergency=True)
    made = replace(made, purposes=MappingProxyType({FLAG: opened}))
    invariants = load_invariants(POLICIES, catalogue())

    found = violations(invariants, anyio.run(reach_of, decider(made)).releases, made)

    assert {each.release.situation for each in found} == {EMERGENCY}
    assert {each.invariant.sentence[:23] for each in found} == {"Ook bij direct gevaar g"}


def test_requesters_and_steps_are_all_there() -> None:
    """Every role of every organisation and every activity of every task is looked at."""
    roles = sum(len(each.roles) for each in catalogue().organisations.values())
    steps = sum(len(task.activities) for task in catalogue().tasks.values())

    assert len(list(requesters_of(catalogue()))) == roles
    assert len(list(steps_of(catalogue()))) == steps


def invariant(never: dict[str, tuple[str, ...]], *but: dict[str, tuple[str, ...]]) -> Invariant:
    """Return a sentence about one selector with exceptions."""
    return Invariant("Nooit.", "Never.", (never,), but)


FITS: dict[str, tuple[str, ...]] = {
    "organisation": ("gem-toegang-jeugd",),
    "organisation_type": ("municipality",),
    "role": ("consulent-jeugd", "consulent-wmo"),
    "party": ("requester",),
    "task": ("jeugd-toeleiding",),
    "law": ("Jeugdwet",),
    "activity": ("criteria-toetsen-zwaarte",),
    "purpose": (FLAG,),
    "about": ("person",),
    "situation": ("ordinary",),
    "rests_on": ("source_confirmation",),
    "field": ("specialisatie_ingezet",),
    "holder": ("jeugdhulpaanbieder",),
    "sensitivity": ("special",),
    "type": ("boolean",),
    "special": ("gezondheid",),
    "source": ("jeugdhulp_traject",),
    "where": ("status=lopend",),
    "precision": ("flag",),
}
FITS_NOT: dict[str, tuple[str, ...]] = {
    "organisation": ("duo",),
    "organisation_type": ("school",),
    "role": ("consulent-wmo",),
    "party": ("stranger",),
    "task": ("wmo-onderzoek",),
    "law": ("Participatiewet",),
    "activity": ("vraagverheldering",),
    "purpose": (SCOOTER,),
    "about": ("group",),
    "unmet": ("case",),
    "situation": ("emergency",),
    "rests_on": ("claim",),
    "field": ("adres",),
    "holder": ("brp",),
    "sensitivity": ("national_id",),
    "type": ("document",),
    "special": ("",),
    "source": ("jeugdhulp_traject.datum_start",),
    "where": ("relevant_voor_hulpvraag=true",),
    "precision": ("exact",),
}


@pytest.mark.parametrize("key", FITS)
def test_a_key_fits_what_it_names(key: str) -> None:
    """A combination that the key describes breaks the sentence."""
    sentence = invariant({key: FITS[key]})

    found = violations([sentence], [FLAG_RELEASE], catalogue())

    assert found == (Violation(sentence, FLAG_RELEASE),)


@pytest.mark.parametrize("key", FITS_NOT)
def test_a_key_does_not_fit_what_it_does_not_name(key: str) -> None:
    """Any other word of that key leaves the combination alone."""
    assert violations([invariant({key: FITS_NOT[key]})], [FLAG_RELEASE], catalogue()) == ()


@pytest.mark.parametrize("key", FITS)
def test_a_key_knows_its_words(key: str) -> None:
    """A word that fits is one that a file may hold."""
    assert set(FITS[key]) <= set(KEYS[key].known(catalogue()))


def test_every_key_was_tried() -> None:
    """The two tables above cover the closed list of keys."""
    assert KEYS.keys() == FITS_NOT.keys() == FITS.keys() | {"unmet"}


def test_every_key_of_a_selector_must_fit() -> None:
    """One key that does not fit saves the combination."""
    sentence = invariant({"field": ("specialisatie_ingezet",), "role": ("consulent-wmo",)})

    assert violations([sentence], [FLAG_RELEASE], catalogue()) == ()


def test_an_exception_saves_what_it_names() -> None:
    """What fits an exception is no violation."""
    sentence = invariant({"about": ("person",)}, {"purpose": (FLAG,)})

    assert violations([sentence], [FLAG_RELEASE], catalogue()) == ()


def test_what_is_not_met_can_be_named() -> None:
    """A sentence can forbid a release without consent."""
    sentence = invariant({"unmet": ("consent",)})

    found = violations([sentence], [FLAG_RELEASE, SCOOTER_RELEASE], catalogue())

    assert [each.release for each in found] == [SCOOTER_RELEASE]


def test_the_consent_of_one_field_is_a_recorded_act() -> None:
    """A field that needs consent by itself rests on it."""
    release = replace(SCOOTER_RELEASE, field="lopende_schuldhulp")
    sentence = invariant({"rests_on": ("recorded_act",)})

    assert violations([sentence], [release, SCOOTER_RELEASE], catalogue()) == (
        Violation(sentence, release),
    )


def test_who_is_in_no_list_is_a_stranger_of_no_type() -> None:
    """An organisation that nobody knows has no type, and is no requester."""
    release = replace(FLAG_RELEASE, requester=NOBODY)
    sentences = [
        invariant({"organisation_type": ("municipality",)}),
        invariant({"party": ("stranger",)}),
    ]

    found = violations(sentences, [release], catalogue())

    assert [each.invariant for each in found] == [sentences[1]]


def broken_plans() -> Catalogue:
    """Return a catalogue in which the plan leaves under an innocent name."""
    return with_grant(
        FLAG, "verwachte_duur_band", table="jeugdhulp_traject", column="behandeldoelen"
    )


def broken_scores() -> Catalogue:
    """Return a catalogue in which life domains leave that are not tied to the question."""
    return with_grant(SCOOTER, "relevante_leefgebieden", where=())


def broken_school() -> Catalogue:
    """Return a catalogue in which a school asks for the flag."""
    made = few(FLAG, SCHOOL)
    school, flag = made.purposes[SCHOOL], made.purposes[FLAG]
    fields = {**school.fields, "specialisatie_ingezet": flag.fields["specialisatie_ingezet"]}
    wider: Purpose = replace(school, fields=MappingProxyType(fields))
    return replace(made, purposes=MappingProxyType({FLAG: flag, SCHOOL: wider}))


def broken_id() -> Catalogue:
    """Return a catalogue in which a field of the flag is a national id."""
    fields = dict(catalogue().fields)
    fields["verwachte_duur_band"] = replace(
        fields["verwachte_duur_band"], sensitivity=Sensitivity.NATIONAL_ID
    )
    return replace(few(FLAG), fields=MappingProxyType(fields))


MUTANTS = {
    "Buiten jeugdhulp-verlenen": (broken_plans, FLAG),
    "Van de Zelfredzaamheid-Matrix": (broken_scores, SCOOTER),
    "Een school hoort over hulp": (broken_school, SCHOOL),
    "Geen enkel doel verstrekt een burgerservicenummer": (broken_id, FLAG),
}


@pytest.mark.parametrize("beginning", MUTANTS)
def test_a_broken_sentence_shows_its_combination(beginning: str) -> None:
    """Each of these changes breaks the sentence that guards against it, and says where."""
    make, purpose = MUTANTS[beginning]
    invariants = load_invariants(POLICIES, catalogue())
    only = {purpose: make().purposes[purpose]}
    made = replace(make(), purposes=MappingProxyType(only))

    found = violations(invariants, anyio.run(reach_of, decider(made)).releases, made)

    assert {each.release.purpose for each in found} == {purpose}
    assert any(each.invariant.sentence.startswith(beginning) for each in found)


GOOD = """\
invariants:
  - sentence: Nooit een adres.
    sentence_en: Never an address.
    never: [{field: [adres]}]
    except: [{task: [vt-meldrecht]}]
"""
BAD = {
    "unknown word": (GOOD.replace("[adres]", "[adress]"), "WORD_UNKNOWN"),
    "unknown key": (GOOD.replace("field:", "veld:"), "KEY_UNKNOWN"),
    "nothing named": (GOOD.replace("{field: [adres]}", "{field: []}"), "EMPTY"),
    "no sentence": ("invariants: []\n", "EMPTY"),
    "no exceptions where they are begun": (GOOD.replace("[{task: [vt-meldrecht]}]", "x"), "VALUE"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of policies with one sound file of sentences."""
    (tmp_path / "invariants.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def test_a_sentence_is_read(folder: Path) -> None:
    """Words, selectors and exceptions come through."""
    [sentence] = load_invariants(folder, catalogue())

    assert sentence.sentence_en == "Never an address."
    assert dict(sentence.never[0]) == {"field": ("adres",)}
    assert dict(sentence.exceptions[0]) == {"task": ("vt-meldrecht",)}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_sentence_is_refused(name: str, folder: Path) -> None:
    """A misspelt word or an empty selector never passes for a sentence that holds."""
    content, code = BAD[name]
    (folder / "invariants.yaml").write_text(content, encoding="utf-8")

    with pytest.raises(CatalogueInvalid) as caught:
        load_invariants(folder, catalogue())

    assert any(finding.code.startswith(code) for finding in caught.value.findings)


def test_no_file_is_refused(tmp_path: Path) -> None:
    """Without the file nothing counts as checked."""
    with pytest.raises(CatalogueInvalid) as caught:
        load_invariants(tmp_path, catalogue())

    assert [finding.code for finding in caught.value.findings] == ["FILE_UNREADABLE"]
