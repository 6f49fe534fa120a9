"""The wire shape of answers: outward codes, kebab types, Dutch first and English beside it."""

import pytest

from gateway.answer import kebab, reason_out, refusal, shown
from gateway.decision.model import Code, Reason, Refuse
from gateway.decision.reasons import REASONS


@pytest.mark.parametrize("code", list(Code))
def test_every_code_makes_a_refusal(code: Code) -> None:
    """Each code gives a problem with its step, its outward code and both languages."""
    answer = refusal("1" * 32, Refuse((Reason(code),), (), "r"))

    members = answer.members
    assert answer.status == 403
    assert members["step"] == REASONS[code].step
    assert members["type"] == f"urn:doelpoort:problem:refused:{kebab(REASONS[code].outward)}"
    assert all(members[name] for name in ("title", "title_en", "detail", "detail_en"))
    assert members["title"] != members["title_en"]


@pytest.mark.parametrize(
    ("hidden", "outward"),
    [
        (Code.SUBJECT_UNKNOWN, "NO_CASE"),
        (Code.CASE_MISSING, "NO_CASE"),
        (Code.NOT_PARTY, "NO_CASE"),
        (Code.CONSENT_WITHDRAWN, "NO_VALID_CONSENT"),
        (Code.CONSENT_MISSING, "NO_VALID_CONSENT"),
        (Code.CASE_MEMBERSHIP_EXPIRED, "CASE_MEMBERSHIP_INACTIVE"),
    ],
)
def test_the_finer_code_stays_inside(hidden: Code, outward: str) -> None:
    """What protects people is told coarsely: the log code stands nowhere in the answer."""
    answer = refusal("1" * 32, Refuse((Reason(hidden),), (), "r"))

    assert outward in str(answer.members)
    assert hidden.value not in str(answer.members)


def test_the_first_step_that_failed_is_told_first() -> None:
    """Detail and type are those of the lowest step among the reasons."""
    reasons = (Reason(Code.CONSENT_MISSING), Reason(Code.FIELD_NEVER, field="hulpvorm"))

    members = refusal("1" * 32, Refuse(reasons, (), "r")).members

    assert (members["step"], members["type"]) == (3, "urn:doelpoort:problem:refused:field-never")


def test_a_reason_names_field_and_offer_only_when_there_are() -> None:
    """No empty members stand in a reason."""
    plain = reason_out(Reason(Code.NO_FIELDS))
    full = reason_out(Reason(Code.FIELD_NEVER, field="hulpvorm", instead=("status_aanmelding",)))

    assert plain.keys() == {"code", "step", "message", "message_en"}
    assert (full["field"], full["instead"]) == ("hulpvorm", ["status_aanmelding"])


def test_a_condition_is_told_in_words() -> None:
    """A condition that is not met is named in plain words, in both languages."""
    told = reason_out(Reason(Code.CONDITION_NOT_MET, condition="bron_bevestigd"))

    assert told["code"] == "CONDITION_NOT_MET:bron_bevestigd"
    assert "bronhouder" in str(told["message"])
    assert "source holder" in str(told["message_en"])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "onbekend (unknown)"),
        (True, "ja (yes)"),
        (False, "nee (no)"),
        (0, "0"),
        (1, "1"),
        ("opgepakt", "opgepakt"),
    ],
)
def test_a_value_is_told_in_dutch_first(value: object, words: str) -> None:
    """Yes, no and unknown are three words, and a number is none of them."""
    assert words == shown(value)
