"""ADL: one record for each decision, in the terms of AuthZEN."""

from audit.projections.lines import Kind, project
from tests.fakes_projections import (
    CONTEXT,
    OIN,
    PURPOSE,
    SANNE,
    SPAN,
    START_MS,
    TRACE,
    YUSUF,
    Leaf,
    make_leaf,
    make_log,
    make_policy,
    make_refusal,
)


def record(leaf: Leaf, *persons: str) -> Leaf:
    """Return the one ADL record of an entry."""
    (found,) = project(make_log((leaf, persons)), Kind.ADL, 0, 1, CONTEXT)
    return found


def test_a_disclosure_is_a_permit() -> None:
    """A disclosure is a decision that permits, with what it released and how precise."""
    found = record(make_leaf(), YUSUF)

    assert (found["trace_id"], found["parent_span_id"]) == (TRACE, SPAN)
    assert found["event_name"] == "adl.access_evaluation"
    assert found["timestamp"] == START_MS
    assert found["body"]["adl.core.response"] == {
        "decision": True,
        "context": {
            "id": make_leaf()["id"],
            "policy_revision": "d" * 64,
            "subjects": 1,
            "outcome": "permit",
            "legal_basis": ["Jeugdwet 2.3 (6-1-e)"],
            "released": [{"field": "specialistische_hulp", "precision": "flag"}],
            "conditions": [{"name": "toestemming", "outcome": "met"}],
            "obligations": ["inform_subject"],
        },
    }


def test_a_refusal_is_a_decision_too() -> None:
    """A refusal is a decision that denies, with status `Unset` and its reasons."""
    found = record(make_refusal(), YUSUF)
    response = found["body"]["adl.core.response"]

    assert found["status"] == "Unset"
    assert response["decision"] is False
    assert response["context"]["refused"] == make_refusal()["refused"]


def test_the_request_is_that_of_the_organisation() -> None:
    """Who asks is the organisation in its role, never its employee; about whom is a pseudonym."""
    asked = {"fields": "named", "over_asking": "withhold"}
    both = make_leaf(refused=make_refusal()["refused"], asked=asked)

    assert record(both, YUSUF)["body"]["adl.core.request"] == {
        "subject": {"type": "organisation", "id": OIN, "properties": {"role": "consulent-jeugd"}},
        "action": {
            "name": "disclose",
            "properties": {
                "task": "jeugd-toeleiding",
                "activity": "criteria-toetsen-zwaarte",
                "purpose": PURPOSE,
            },
        },
        "resource": {
            "type": "client",
            "properties": {"fields": ["specialistische_hulp", "diagnose"]},
            "id": YUSUF,
        },
        "context": asked,
    }


def test_sources_are_references() -> None:
    """Policies, information and configuration are referred to, and stand in the body no more."""
    found = record(make_leaf(), YUSUF)

    assert found["attributes"]["adl.core.policies"] == {"catalogue": "d" * 64}
    assert found["attributes"]["adl.core.information"] == {"ledger": make_leaf()["id"]}
    assert found["attributes"]["adl.core.configuration"] == {"gateway": "gw-1"}
    assert found["body"].keys() & found["attributes"].keys() == set()


def test_several_persons_are_one_record() -> None:
    """A decision about several persons stays one record; its lines are joined by the span."""
    found = record(make_leaf(subjects=2), YUSUF, SANNE)
    lines = project(make_log((make_leaf(subjects=2), (YUSUF, SANNE))), Kind.LDV, 0, 1, CONTEXT)

    assert {line["parent_span_id"] for line in lines} == {found["span_id"]}
    assert "dpl.core.data_subject_id" not in found["attributes"]
    assert "id" not in found["body"]["adl.core.request"]["resource"]


def test_what_was_not_declared_is_not_there() -> None:
    """A refused request without a known task or purpose has an action without them."""
    found = record(make_refusal(task=..., activity=..., purpose=..., refused=...), YUSUF)

    assert found["body"]["adl.core.request"]["action"]["properties"] == {}
    assert found["body"]["adl.core.request"]["resource"]["properties"] == {"fields": []}


def test_other_entries_are_no_decision() -> None:
    """An entry of a policy gives no record."""
    assert list(project(make_log((make_policy(), ())), Kind.ADL, 0, 1, CONTEXT)) == []
