"""What counts as wider and what as narrower, aspect by aspect, and the same the other way round."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from gateway.catalogue.compare import Change, Direction, Policy, compare
from gateway.catalogue.model import (
    Band,
    Catalogue,
    Condition,
    ConditionKind,
    Derive,
    InformSubject,
    Need,
    Precision,
    Purpose,
    Requester,
    Sensitivity,
)
from tests.fakes_decision import catalogue
from tests.unit.catalogue_follow.world import (
    CONSULTANT,
    FLAG,
    SCHOOL,
    SCOOTER,
    policy,
    with_grant,
    with_purpose,
    without_field,
)

CLAIM = Condition("ernst", ConditionKind.CLAIM, one_of=("a", "b"))


def conditions(name: str, *found: Condition) -> Catalogue:
    """Return the catalogue with other conditions for one purpose."""
    return with_purpose(name, lambda purpose: replace(purpose, conditions=found))


def purpose_with(
    name: str,
    **changes: Any,  # noqa: ANN401 - any member may change
) -> Catalogue:
    """Return the catalogue with members of one purpose changed."""

    def make(purpose: Purpose) -> Purpose:
        return replace(purpose, **changes)

    return with_purpose(name, make)


def age(minimum: int | None, maximum: int | None) -> Catalogue:
    """Return the catalogue with an age limit on the flag, and nothing else."""
    return conditions(FLAG, Condition("age", ConditionKind.AGE, minimum, maximum))


def banded(*limits: int) -> Catalogue:
    """Return the catalogue with other limits for the expected duration."""
    labels = tuple(f"groep {number}" for number in range(len(limits) + 1))
    return with_grant(FLAG, "verwachte_duur_band", band=Band(limits, labels))


def listed(*labels: str) -> Catalogue:
    """Return the catalogue in which only these texts may leave for the flag."""
    return with_grant(FLAG, "specialisatie_ingezet", labels=labels)


def leveled(precision: Precision) -> Catalogue:
    """Return the catalogue with another level for the flag."""
    return with_grant(FLAG, "specialisatie_ingezet", precision=precision)


def told(old: Catalogue, new: Catalogue) -> set[tuple[Direction, str]]:
    """Return direction and aspect of everything that changed."""
    changes = compare(policy(old), policy(new)).changes
    return {(change.direction, change.aspect) for change in changes}


WIDER: dict[str, tuple[Callable[[], Catalogue], Callable[[], Catalogue], str]] = {
    "a more precise level": (
        catalogue,
        lambda: with_grant(FLAG, "specialisatie_ingezet", precision=Precision.EXACT),
        "precision",
    ),
    "always instead of with a motivation": (
        catalogue,
        lambda: with_grant(SCOOTER, "relevante_leefgebieden", need=Need.ALWAYS),
        "need",
    ),
    "no consent for the field": (
        catalogue,
        lambda: with_grant(SCOOTER, "lopende_schuldhulp", consent=False),
        "consent",
    ),
    "no filter on the rows": (
        catalogue,
        lambda: with_grant(SCOOTER, "relevante_leefgebieden", where=()),
        "where",
    ),
    "a longer list of texts": (
        lambda: listed("huur"),
        lambda: listed("huur", "koop"),
        "labels",
    ),
    "any text": (lambda: listed("huur"), listed, "labels"),
    "the value instead of its pseudonym": (
        lambda: leveled(Precision.PSEUDONYM),
        lambda: leveled(Precision.EXACT),
        "precision",
    ),
    "a postcode instead of whether there is one": (
        lambda: leveled(Precision.EXISTS),
        lambda: leveled(Precision.POSTCODE4),
        "precision",
    ),
    "more limits": (lambda: banded(6, 12), lambda: banded(3, 6, 12), "band"),
    "a condition dropped": (catalogue, lambda: conditions(SCHOOL), "condition"),
    "a wider age": (lambda: age(None, 17), lambda: age(None, 22), "condition"),
    "no lower age": (lambda: age(16, 22), lambda: age(None, 22), "condition"),
    "any form of consent": (
        lambda: conditions(FLAG, Condition("consent", ConditionKind.CONSENT, form="agreement")),
        lambda: conditions(FLAG, Condition("consent", ConditionKind.CONSENT)),
        "condition",
    ),
    "more to choose for a claim": (
        lambda: conditions(FLAG, replace(CLAIM, one_of=("a",))),
        lambda: conditions(FLAG, CLAIM),
        "condition",
    ),
    "anything to claim": (
        lambda: conditions(FLAG, CLAIM),
        lambda: conditions(FLAG, replace(CLAIM, one_of=())),
        "condition",
    ),
    "no case": (catalogue, lambda: purpose_with(FLAG, case_kinds=()), "case_kinds"),
    "more kinds of case": (
        catalogue,
        lambda: purpose_with(FLAG, case_kinds=("jeugd-toeleiding", "levensloop")),
        "case_kinds",
    ),
    "valid earlier": (
        catalogue,
        lambda: purpose_with(FLAG, valid_from=dt.date(2020, 1, 1)),
        "valid_from",
    ),
    "valid longer": (
        lambda: purpose_with(FLAG, valid_until=dt.date(2026, 12, 31)),
        catalogue,
        "valid_until",
    ),
    "a promise dropped": (catalogue, lambda: purpose_with(FLAG, never=()), "never"),
    "the person not informed": (
        catalogue,
        lambda: purpose_with(FLAG, inform_subject=InformSubject(required=False, how="Nee.")),
        "inform_subject",
    ),
    "the person informed later": (
        catalogue,
        lambda: purpose_with(
            FLAG, inform_subject=InformSubject(required=True, how="Ja.", embargo_days=28)
        ),
        "embargo_days",
    ),
    "danger as a way in": (catalogue, lambda: purpose_with(FLAG, emergency=True), "emergency"),
    "a person instead of a group": (
        lambda: purpose_with(FLAG, aggregated=True),
        catalogue,
        "aggregated",
    ),
}

DIFFERENT: dict[str, tuple[Callable[[], Catalogue], Callable[[], Catalogue], str]] = {
    "another column": (
        catalogue,
        lambda: with_grant(FLAG, "specialisatie_ingezet", column="anders"),
        "column",
    ),
    "another table": (
        catalogue,
        lambda: with_grant(FLAG, "specialisatie_ingezet", table="anders"),
        "table",
    ),
    "another derivation": (
        catalogue,
        lambda: with_grant(FLAG, "specialisatie_ingezet", derive=Derive.ANY),
        "derive",
    ),
    "another filter": (
        catalogue,
        lambda: with_grant(FLAG, "specialisatie_ingezet", where=(("status", "anders"),)),
        "where",
    ),
    "a pseudonym instead of an area": (
        lambda: leveled(Precision.POSTCODE4),
        lambda: leveled(Precision.PSEUDONYM),
        "precision",
    ),
    "an area instead of a range": (
        lambda: leveled(Precision.BAND),
        lambda: leveled(Precision.POSTCODE4),
        "precision",
    ),
    "another list of texts": (lambda: listed("huur"), lambda: listed("koop"), "labels"),
    "another choice": (
        catalogue,
        lambda: with_grant(FLAG, "specialisatie_ingezet", one_of=("a",)),
        "one_of",
    ),
    "another name to match with": (
        catalogue,
        lambda: with_grant(FLAG, "specialisatie_ingezet", other=("brp", "naam")),
        "other",
    ),
    "other limits": (lambda: banded(6, 12), lambda: banded(6, 9), "band"),
    "other labels": (catalogue, lambda: banded(6, 12), "band"),
    "no ranges": (
        catalogue,
        lambda: with_grant(FLAG, "verwachte_duur_band", band=None),
        "band",
    ),
    "another age": (lambda: age(12, 17), lambda: age(16, 22), "condition"),
    "narrower and wider at once": (
        lambda: conditions(FLAG, replace(CLAIM, minimum=1, one_of=("a", "b"))),
        lambda: conditions(FLAG, replace(CLAIM, minimum=2, one_of=("a", "b", "c"))),
        "condition",
    ),
    "another form of consent": (
        lambda: conditions(FLAG, Condition("consent", ConditionKind.CONSENT, form="a")),
        lambda: conditions(FLAG, Condition("consent", ConditionKind.CONSENT, form="b")),
        "condition",
    ),
    "another fact of the same name": (
        lambda: conditions(FLAG, Condition("x", ConditionKind.SOURCE_TRUE, table="a")),
        lambda: conditions(FLAG, Condition("x", ConditionKind.SOURCE_TRUE, table="b")),
        "condition",
    ),
    "another kind of case": (
        catalogue,
        lambda: purpose_with(FLAG, case_kinds=("levensloop",)),
        "case_kinds",
    ),
    "another step": (
        catalogue,
        lambda: purpose_with(FLAG, activity="verkennen-hulpvraag"),
        "step",
    ),
    "another voice": (
        catalogue,
        lambda: purpose_with(FLAG, representation="financien"),
        "representation",
    ),
}

NOTES: dict[str, tuple[Callable[[], Catalogue], Callable[[], Catalogue], str]] = {
    "another counter-offer": (
        catalogue,
        lambda: purpose_with(FLAG, instead=MappingProxyType({})),
        "instead",
    ),
    "other words": (catalogue, lambda: purpose_with(FLAG, title="Anders."), "title"),
    "a later review": (
        catalogue,
        lambda: purpose_with(FLAG, review_by=dt.date(2028, 1, 1)),
        "review_by",
    ),
    "a note on a condition": (
        lambda: conditions(FLAG, CLAIM),
        lambda: conditions(FLAG, replace(CLAIM, note="Waarom.")),
        "condition",
    ),
    "the dictionary": (
        catalogue,
        lambda: replace(
            catalogue(),
            fields=MappingProxyType(
                {
                    **catalogue().fields,
                    "adres": replace(
                        catalogue().fields["adres"], sensitivity=Sensitivity.ORDINARY, meaning="X."
                    ),
                }
            ),
        ),
        "dictionary",
    ),
}


@pytest.mark.parametrize("name", WIDER)
def test_a_restriction_taken_away_is_wider(name: str) -> None:
    """Less demanded is wider, and nothing else changed."""
    old, new, aspect = WIDER[name]

    assert told(old(), new()) == {(Direction.WIDER, aspect)}


@pytest.mark.parametrize("name", WIDER)
def test_a_restriction_added_is_narrower(name: str) -> None:
    """The same the other way round is narrower, and never a widening."""
    old, new, aspect = WIDER[name]

    assert told(new(), old()) == {(Direction.NARROWER, aspect)}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_has_no_order_counts_as_a_widening(name: str) -> None:
    """Nobody has shown that something else is not more."""
    old, new, aspect = DIFFERENT[name]

    assert told(old(), new()) == {(Direction.DIFFERENT, aspect)}
    assert compare(policy(old()), policy(new())).widens


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_has_no_order_has_none_the_other_way(name: str) -> None:
    """Turned round it is as different as before."""
    old, new, aspect = DIFFERENT[name]

    assert told(new(), old()) == {(Direction.DIFFERENT, aspect)}


@pytest.mark.parametrize("name", NOTES)
def test_words_are_noted_and_widen_nothing(name: str) -> None:
    """What people read changes nothing about what leaves, but it is shown."""
    old, new, aspect = NOTES[name]

    assert told(old(), new()) == {(Direction.NOTE, aspect)}
    assert not compare(policy(old()), policy(new())).widens


def test_the_same_policy_has_no_differences() -> None:
    """A policy compared with itself says nothing."""
    assert compare(policy(), policy()).changes == ()


def test_a_field_that_was_added_is_new_for_every_requester() -> None:
    """Each requester of the purpose is named with the field that is new."""
    less = without_field(SCHOOL, "status_aanmelding")

    found = compare(policy(less), policy())

    assert {change.direction for change in found.changes} == {Direction.NEW}
    assert {change.requester for change in found.changes} == set(
        catalogue().purposes[SCHOOL].requesters
    )
    assert found.widens


def test_a_field_that_was_taken_away_is_gone() -> None:
    """Less is no widening."""
    less = without_field(FLAG, "verwachte_duur_band")

    found = compare(policy(), policy(less))

    assert found.changes == (
        Change(Direction.GONE, FLAG, CONSULTANT, "verwachte_duur_band", "access", "band", ""),
    )
    assert not found.widens


def test_a_new_row_in_the_party_policy_is_new_access() -> None:
    """Who could not declare the step before, gets all of its fields anew."""

    def but_the_schools(requester: Requester, _task: str, _activity: str) -> bool:
        return "school" not in requester.organisation

    found = compare(policy(may_declare=but_the_schools), policy())

    assert {change.purpose for change in found.changes} >= {SCHOOL}
    assert {change.direction for change in found.changes} == {Direction.NEW}


def test_another_rego_is_never_waved_through() -> None:
    """No comparison of files can tell what other rules let through."""
    found = compare(policy(), policy(rules="other"))

    assert [(change.direction, change.aspect) for change in found.changes] == [
        (Direction.DIFFERENT, "rules")
    ]
    assert found.widens


def test_a_purpose_that_is_gone_takes_its_fields_along() -> None:
    """Every access to it is gone, and nothing else is said about it."""
    rest = {name: each for name, each in catalogue().purposes.items() if name != FLAG}
    less = Policy(
        replace(catalogue(), purposes=MappingProxyType(rest)), policy().may_declare, "rego"
    )

    found = compare(policy(), less)

    assert {(change.direction, change.purpose) for change in found.changes} == {
        (Direction.GONE, FLAG)
    }
