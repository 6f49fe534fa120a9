"""LDV: a line for each person, and what may never stand in it."""

import pytest

from audit.projections.ldv import read_line
from audit.projections.lines import Kind, project
from tests.fakes_projections import (
    CONTEXT,
    OIN,
    PURPOSE,
    SANNE,
    SPAN,
    START_MS,
    TRACE,
    URL,
    YUSUF,
    Leaf,
    make_leaf,
    make_log,
    make_policy,
    make_refusal,
)


def lines(leaf: Leaf, *persons: str) -> list[Leaf]:
    """Return the LDV lines of one entry."""
    return list(project(make_log((leaf, persons)), Kind.LDV, 0, 1, CONTEXT))


def test_a_disclosure_is_one_line() -> None:
    """A disclosure about one person is one line, under the span of who asked."""
    (line,) = lines(make_leaf(), YUSUF)

    assert line == {
        "trace_id": TRACE,
        "span_id": line["span_id"],
        "parent_span_id": SPAN,
        "status": "Unset",
        "name": "verstrekking van gegevens",
        "start_time": START_MS,
        "end_time": START_MS,
        "resource": {
            "attributes": {
                "service.name": "doelpoort",
                "service.namespace": URL,
                "service.instance.id": "gw-1",
            }
        },
        "attributes": {
            "dpl.core.processing_activity_id": f"{URL}/v1/purposes/{PURPOSE}",
            "dpl.core.data_subject_id": YUSUF,
            "dpl.core.data_subject_id_type": "urn:doelpoort:data-subject-key",
            "dpl.core.foreign_operation.processor": f"urn:oin:{OIN}",
        },
    }


def test_a_refusal_is_unset() -> None:
    """A refusal is a processing that went well: `Unset`, under a name of its own."""
    (line,) = lines(make_refusal(), YUSUF)

    assert line["status"] == "Unset"
    assert line["name"] == "weigering van een verzoek om gegevens"


def test_several_persons_have_a_line_each() -> None:
    """Each of several persons has a line, in a span of their own under the decision's."""
    (alone,) = lines(make_leaf(), YUSUF)
    both = lines(make_leaf(subjects=2), YUSUF, SANNE)

    assert [each["attributes"]["dpl.core.data_subject_id"] for each in both] == [YUSUF, SANNE]
    assert {each["parent_span_id"] for each in both} == {alone["span_id"]}
    assert len({alone["span_id"], *(each["span_id"] for each in both)}) == 3
    assert not any("dpl.core.foreign_operation.processor" in each["attributes"] for each in both)


def test_nobody_known_is_a_line_about_nobody() -> None:
    """A decision about nobody known gives a line; the key of nobody is no pseudonym."""
    (line,) = lines(make_refusal(subjects=0), YUSUF)

    assert "dpl.core.data_subject_id" not in line["attributes"]
    assert "dpl.core.data_subject_id_type" not in line["attributes"]


def test_an_erased_person_is_not_named() -> None:
    """After the erasure of one of two persons the line of the other is what it was."""
    log = make_log((make_leaf(subjects=2), (YUSUF, SANNE)))
    _, before = project(log, Kind.LDV, 0, 1, CONTEXT)
    log.erase(YUSUF)
    (after,) = project(log, Kind.LDV, 0, 1, CONTEXT)

    assert after == before


def test_the_erasure_of_all_leaves_a_line() -> None:
    """After the erasure of everybody a line stays that names nobody: the processing was there."""
    for_two, for_one = lines(make_leaf(subjects=2)), lines(make_leaf(subjects=1))

    assert for_one == for_two
    assert "dpl.core.data_subject_id" not in for_one[0]["attributes"]


def test_an_unknown_purpose_points_to_the_register() -> None:
    """Without a known purpose the line points to the register as a whole."""
    (line,) = lines(make_refusal(purpose=...), YUSUF)

    assert line["attributes"]["dpl.core.processing_activity_id"] == f"{URL}/v1/purposes"


def test_the_same_entry_gives_the_same_line() -> None:
    """A second export gives the same spans, so a collector can tell that they are the same."""
    assert lines(make_leaf(), YUSUF) == lines(make_leaf(), YUSUF)
    assert lines(make_leaf(0), YUSUF)[0]["span_id"] != lines(make_leaf(1), YUSUF)[0]["span_id"]


@pytest.mark.parametrize("leaf", [make_policy(), None], ids=["policy", "pruned"])
def test_other_entries_give_no_line(leaf: Leaf | None) -> None:
    """An entry that is no decision, and one whose leaf was pruned, give no line."""
    assert list(project(make_log((leaf, ())), Kind.LDV, 0, 1, CONTEXT)) == []


def test_the_read_interface_has_names_of_its_own() -> None:
    """The read interface shows the same line in the case of the API design rules."""
    (line,) = lines(make_leaf(), YUSUF)
    read = read_line(line)

    assert list(read) == [
        "traceId",
        "spanId",
        "parentSpanId",
        "status",
        "name",
        "startTime",
        "endTime",
        "resource",
        "attributes",
    ]
    assert list(read.values()) == list(line.values())
