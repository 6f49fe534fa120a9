"""What of a decision stands in the ledger: words of the catalogue, and numbers for the rest."""

import orjson

from gateway.decision.model import Code, ConditionOutcome, Met, Reason
from gateway.entries import log_codes, refused
from tests.fakes_decision import catalogue


def test_a_known_field_is_named_with_its_log_code() -> None:
    """The keeper of the ledger sees which field failed and how."""
    found = refused(catalogue(), [Reason(Code.FIELD_NEVER, field="behandelplan_tekst")])

    assert found == [{"code": "FIELD_NEVER", "step": 3, "field": "behandelplan_tekst"}]


def test_unknown_fields_are_counted() -> None:
    """What a caller made up is a number in the ledger."""
    reasons = [Reason(Code.FIELD_UNKNOWN, field=f"verzonnen-{i}") for i in range(7)]

    assert refused(catalogue(), reasons) == [{"code": "FIELD_UNKNOWN", "step": 3, "count": 7}]


def test_many_known_fields_are_counted_after_two_dozen() -> None:
    """An entry stays small: after 24 names the rest are a number by code and step."""
    names = list(catalogue().fields)[:30]
    reasons = [Reason(Code.FIELD_NOT_NECESSARY, field=name) for name in names]

    found = refused(catalogue(), reasons)

    assert [each.get("field") for each in found] == [*names[:24], None]
    assert found[-1]["count"] == len(names) - 24


def test_a_reason_about_the_whole_has_no_field() -> None:
    """A reason that is not about a field stands by its code alone."""
    assert refused(catalogue(), [Reason(Code.NO_FIELDS)]) == [{"code": "NO_FIELDS", "step": 3}]


def test_the_sealed_codes_are_finer_than_the_public_ones() -> None:
    """Who opens the particulars learns which of the like-sounding reasons it was, and where."""
    reasons = [Reason(Code.NOT_PARTY), Reason(Code.FIELD_NEVER, field="behandelplan_tekst")]
    conditions = [
        ConditionOutcome("age", Met.MET, None),
        ConditionOutcome("consent", Met.NOT_MET, Code.CONSENT_WITHDRAWN),
    ]

    found = orjson.loads(log_codes(reasons, conditions))

    assert found == {
        "reasons": [{"code": "NOT_PARTY"}, {"code": "FIELD_NEVER", "field": "behandelplan_tekst"}],
        "conditions": {"consent": "CONSENT_WITHDRAWN"},
    }
