"""Questions, reasons and decisions as values."""

from dataclasses import replace

import orjson
import pytest

from gateway.decision.condition_words import condition_words
from gateway.decision.model import Code, OverAsking, Permit, Reason, Refuse
from gateway.decision.reasons import REASONS, find_code
from tests.fakes_decision import flag_question

UNKNOWN_FIELD = Reason(Code.FIELD_UNKNOWN, field="x")


@pytest.mark.parametrize(
    "decision", [Permit(("x",), (), (), (), "r"), Refuse((UNKNOWN_FIELD,), (), "r")]
)
def test_a_decision_has_no_truth_value(decision: Permit | Refuse) -> None:
    """Asking whether a decision is true is a bug, for a permit and for a refusal alike."""
    with pytest.raises(TypeError, match="match it"):
        bool(decision)


def test_a_refusal_without_a_reason_cannot_be_made() -> None:
    """Nobody is refused without being told why."""
    with pytest.raises(ValueError, match="has a reason"):
        Refuse((), (), "r")


def test_the_outcome_is_one_of_three_words() -> None:
    """A permit with something withheld is partial; the other two are what they are."""
    permit = Permit(("x",), (), (), (), "r")

    assert permit.outcome == "permit"
    assert replace(permit, withheld=(UNKNOWN_FIELD,)).outcome == "partial"
    assert Refuse((UNKNOWN_FIELD,), (), "r").outcome == "refuse"


def test_a_refusal_names_its_first_step() -> None:
    """Of several reasons the earliest step is the one that failed."""
    late = Reason(Code.CONSENT_MISSING, field="y")

    assert Refuse((late, UNKNOWN_FIELD), (), "r").step == 3


def test_every_code_has_its_words() -> None:
    """No code is without an outward code, a step and a sentence in both languages."""
    assert set(REASONS) == set(Code)
    assert all(text.outward and text.nl and text.en for text in REASONS.values())
    assert {text.step for text in REASONS.values()} == {0, 1, 2, 3, 4}


def test_who_is_unknown_cannot_be_told_from_who_has_no_case() -> None:
    """Unknown person, no case and not a party are the same to the outside, word for word."""
    inside = (Code.SUBJECT_UNKNOWN, Code.CASE_MISSING, Code.NOT_PARTY)

    assert len({REASONS[code] for code in inside}) == 1
    assert Reason(Code.NOT_PARTY).outward == "NO_CASE"


def test_why_consent_fails_stays_inside() -> None:
    """Missing, withdrawn, expired and wrongly given consent look the same from outside."""
    inside = (
        Code.CONSENT_MISSING,
        Code.CONSENT_WITHDRAWN,
        Code.CONSENT_EXPIRED,
        Code.CONSENT_WRONG_PERSON,
    )

    assert len({REASONS[code] for code in inside}) == 1


def test_a_condition_is_named_in_the_code_and_in_plain_words() -> None:
    """The outward code holds the name, the sentences hold words that people understand."""
    reason = Reason(Code.CONDITION_NOT_MET, condition="bron_bevestigd")

    assert reason.outward == "CONDITION_NOT_MET:bron_bevestigd"
    assert "bronhouder" in reason.message_nl
    assert "source holder" in reason.message_en


def test_a_condition_without_words_stands_for_itself() -> None:
    """A new condition is readable before anyone has written words for it."""
    assert condition_words("iets_nieuws").nl == "iets nieuws"


def test_the_canonical_form_is_sorted_json_of_the_whole_question() -> None:
    """The bytes are compact JSON with sorted keys, and a list left out is not there."""
    question = replace(flag_question(), fields=None, over_asking=OverAsking.WITHHOLD)

    text = question.canonical()

    assert orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS) == text
    assert orjson.loads(text) == {
        "organisation": "gem-toegang-jeugd",
        "role": "consulent-jeugd",
        "standing": "holds",
        "declared": {
            "task": "jeugd-toeleiding",
            "activity": "criteria-toetsen-zwaarte",
            "purposes": ["lichte-of-zware-hulp"],
        },
        "subject": "valid",
        "justified": [],
        "over_asking": "withhold",
        "facts": {"age": "met", "bron_bevestigd": "met", "case": "met"},
        "date": "2026-03-02",
    }


@pytest.mark.parametrize("code", Code)
def test_an_outward_code_leads_back_to_a_code_that_says_the_same(code: Code) -> None:
    """What a public entry names can be told in the words that its requester read."""
    found = find_code(REASONS[code].outward)

    assert found is not None
    assert REASONS[found] == REASONS[code]


def test_an_outward_code_that_nobody_gives_leads_nowhere() -> None:
    """A word that is no code has no reason behind it."""
    assert find_code("GEEN_CODE") is None
