"""What tears a veil: every way in which a policy would tell the answers apart after all."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.catalogue.aspects.purposes import Direction, purpose_aspects
from gateway.catalogue.errors import CatalogueInvalid, Place
from gateway.catalogue.files.members import Findings
from gateway.catalogue.files.veil import check_veil
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import (
    Answering,
    Condition,
    ConditionKind,
    Precision,
    Purpose,
    Requester,
    Veil,
)
from tests.fakes_decision import catalogue, copy_policy

NAME = "niet-dubbel-benaderen"
PLACE = Place("purposes/schulden/niet-dubbel-benaderen.yaml")
VEIL = Veil(300, "Het is gevoelig.")


def purpose(**changes: object) -> Purpose:
    """Return the purpose behind a veil with these changes."""
    return replace(catalogue().purposes[NAME], **cast("dict[str, Any]", changes))


def messages(changed: Purpose) -> list[str]:
    """Return what is found in a purpose, in Dutch."""
    findings = Findings()
    check_veil(changed, PLACE, findings)
    return [each.message_nl for each in findings.all()]


def grants(**changes: object) -> dict[str, object]:
    """Return the fields of the purpose with these changes to each."""
    found = catalogue().purposes[NAME].fields
    altered = cast("dict[str, Any]", changes)
    return {"fields": {name: replace(grant, **altered) for name, grant in found.items()}}


def test_a_purpose_without_a_veil_may_be_anything() -> None:
    """Nothing is found where no veil is drawn."""
    assert messages(purpose(veil=None, emergency=True, silence_is_unknown=False)) == []


@pytest.mark.parametrize("kind", [ConditionKind.CLAIM, ConditionKind.MANDATE])
def test_conditions_about_the_asker_tear_nothing(kind: ConditionKind) -> None:
    """What holds for the one who asks tells nothing of the person."""
    assert messages(purpose(conditions=(Condition("iets", kind),))) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"veil": Veil(49, "x")}, "answer_after_ms"),
        ({"veil": Veil(10_001, "x")}, "answer_after_ms"),
        (grants(precision=Precision.EXACT), "exists of flag"),
        (grants(consent=True), "claim en mandate"),
        ({"conditions": (Condition("age", ConditionKind.AGE),)}, "claim en mandate"),
        ({"conditions": (Condition("consent", ConditionKind.CONSENT),)}, "claim en mandate"),
        ({"answer": Answering(Requester("r", "o"), "f", 5)}, "claim en mandate"),
        ({"emergency": True}, "'emergency'"),
        ({"aggregated": True}, "'aggregated'"),
        ({"silence_is_unknown": False}, "when_silent: unknown"),
    ],
)
def test_what_tears_a_veil_is_found(changes: dict[str, object], words: str) -> None:
    """Each way has its finding, and just one."""
    (found,) = messages(purpose(**changes))

    assert words in found


@pytest.mark.parametrize(
    ("member", "wrong", "code"),
    [
        ("answer_after_ms: 300", "answer_after_ms: 3", "INDISTINGUISHABLE"),
        ("answer_after_ms: 300", "answer_after_ms: vlug", "NOT_A_NUMBER"),
        ("  answer_after_ms: 300\n", "", "INDISTINGUISHABLE"),
        ("when_silent: unknown", "when_silent: refuse", "INDISTINGUISHABLE"),
    ],
)
def test_a_finding_has_its_place(tmp_path: Path, member: str, wrong: str, code: str) -> None:
    """What is missing or out of range is found in the file, near the member."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / "schulden" / f"{NAME}.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(member, wrong, 1), "utf-8")

    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)

    found = {each.code: each for each in caught.value.findings}[code]
    veil = text.splitlines().index("indistinguishable:") + 1
    assert found.file.endswith(f"{NAME}.yaml")
    assert veil <= found.line <= veil + 1


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        (VEIL, None, Direction.WIDER),
        (None, VEIL, Direction.NARROWER),
        (VEIL, replace(VEIL, answer_after_ms=200), Direction.WIDER),
        (VEIL, replace(VEIL, answer_after_ms=400), Direction.NARROWER),
        (VEIL, replace(VEIL, because="Anders."), Direction.NOTE),
    ],
)
def test_a_thinner_veil_is_a_widening(old: Veil | None, new: Veil | None, way: Direction) -> None:
    """Without a veil, or with less time, an answer may tell more; other words tell the same."""
    (judged,) = purpose_aspects(purpose(veil=old), purpose(veil=new))

    assert (judged.direction, judged.aspect) == (way, "indistinguishable")


def test_the_same_veil_is_no_change() -> None:
    """A veil that stays is not reported."""
    assert list(purpose_aspects(purpose(), purpose())) == []
