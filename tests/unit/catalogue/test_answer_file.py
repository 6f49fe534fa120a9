"""Who answers the one question of a purpose, and what keeps the answer from being one."""

from dataclasses import replace
from typing import Any, cast

import pytest

from gateway.catalogue.errors import Place
from gateway.catalogue.files.answer import check_answering
from gateway.catalogue.files.members import Findings
from gateway.catalogue.model import Answering, Purpose, Requester
from tests.fakes_decision import catalogue

PLACE = Place("purposes/jeugd/lichte-of-zware-hulp.yaml")
CARE = Requester("jeugdhulpverlener", "jeugdhulp-de-brug")
SOUND = Answering(CARE, "specialisatie_ingezet", 5)


def codes(**changes: Answering | tuple[()] | None) -> list[str]:
    """Return what is found in the purpose of the flag with these changes."""
    findings = Findings()
    purpose: Purpose = catalogue().purposes["lichte-of-zware-hulp"]
    changed = replace(purpose, **cast("dict[str, Any]", {"answer": SOUND, **changes}))
    check_answering(changed, catalogue(), PLACE, findings)
    return [each.code for each in findings.all()]


def test_a_purpose_may_have_nobody_to_answer() -> None:
    """Without an answer the purpose is as it was, and nothing waits."""
    assert codes(answer=None) == []


def test_a_sound_answer_is_found_nothing_in() -> None:
    """A known professional who answers a flag of the purpose in time is in order."""
    assert codes() == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (replace(SOUND, by=Requester("jeugdhulpverlener", "nergens")), "UNKNOWN_REFERENCE"),
        (replace(SOUND, by=Requester("baas", "jeugdhulp-de-brug")), "UNKNOWN_REFERENCE"),
        (replace(SOUND, by=Requester("consulent-jeugd", "gem-toegang-jeugd")), "ANSWER_OWN"),
        (replace(SOUND, field="verwachte_duur_band"), "ANSWER_FIELD"),
        (replace(SOUND, field="diagnose_code"), "ANSWER_FIELD"),
        (replace(SOUND, within_days=0), "ANSWER_TERM"),
        (replace(SOUND, within_days=61), "ANSWER_TERM"),
    ],
)
def test_what_cannot_be_answered_is_found(answer: Answering, code: str) -> None:
    """A stranger, the requester itself, another field than a flag and a wrong term are found."""
    assert codes(answer=answer) == [code]


def test_without_a_word_to_wait_for_nobody_answers() -> None:
    """Where the purpose does not rest on the word of the source holder, an answer is needless."""
    assert codes(conditions=()) == ["ANSWER_NEEDLESS"]
