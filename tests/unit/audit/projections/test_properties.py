"""What holds for the lines of every decision that the schema allows."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given

from audit.projections.lines import Kind, project
from audit.projections.vng import find_object
from tests.builders import texts_in
from tests.fakes_projections import COMMITMENT, CONTEXT, Leaf, decisions, make_log

Case = tuple[Leaf, list[str]]
HIDDEN = {"commitments", "professional", "justification", "systeem", "gebruiker", "gegevensbron"}


def lines(case: Case, kind: Kind) -> list[dict[str, Any]]:
    """Return the lines of one decision."""
    return list(project(make_log(case), kind, 0, 1, CONTEXT))


@pytest.mark.parametrize("kind", Kind)
@given(case=decisions())
def test_no_commitment_and_no_employee(kind: Kind, case: Case) -> None:
    """No line holds a commitment, its name, or a member for an employee or a source."""
    texts = set(texts_in(lines(case, kind)))

    assert COMMITMENT not in texts
    assert not texts & HIDDEN


@pytest.mark.parametrize("kind", [Kind.LDV, Kind.ADL])
@given(case=decisions())
def test_status_is_unset(kind: Kind, case: Case) -> None:
    """Disclosure or refusal, whatever its reasons: the status is `Unset`, never `Error`."""
    assert {line["status"] for line in lines(case, kind)} == {"Unset"}


@given(case=decisions())
def test_each_person_has_one_line(case: Case) -> None:
    """LDV has a line for each person, or one line about nobody; VNG an object for each person."""
    persons = case[1]
    named: list[str | None] = [*persons]
    subjects = [
        line["attributes"].get("dpl.core.data_subject_id") for line in lines(case, Kind.LDV)
    ]

    assert subjects == (named or [None])
    assert [each["objectId"] for each in lines(case, Kind.VNG)] == persons


@given(case=decisions())
def test_each_decision_has_one_record(case: Case) -> None:
    """ADL has exactly one record, which permits if and only if something was disclosed."""
    (record,) = lines(case, Kind.ADL)

    assert record["body"]["adl.core.response"]["decision"] is (case[0]["type"] != "refusal")


@given(case=decisions())
def test_spans_are_told_apart(case: Case) -> None:
    """Every line has a span of its own, and all share the trace of the decision."""
    found = lines(case, Kind.LDV)

    assert len({line["span_id"] for line in found}) == len(found)
    assert {line["trace_id"] for line in found} == {case[0]["trace"]}


@given(case=decisions())
def test_every_object_is_found_again(case: Case) -> None:
    """Whatever the id of an object, it leads back to that object."""
    log = make_log(case)
    found = [
        find_object(log, UUID(each["verwerktObjectId"]), CONTEXT) for each in lines(case, Kind.VNG)
    ]

    assert found == lines(case, Kind.VNG)


@pytest.mark.parametrize("kind", Kind)
@given(case=decisions())
def test_a_line_survives_a_file(kind: Kind, case: Case) -> None:
    """What is read back from a file is what was written."""
    found = lines(case, kind)

    assert json.loads(json.dumps(found)) == found
