"""Logboek Dataverwerkingen: one line for each person, without employee and without sampling.

A refusal is `Unset`: the standard keeps `Error` for failures of the server. Several persons give
one line each, in spans of their own under the span of the decision, which the decision log has. A
decision about nobody known, or only about persons since erased, gives one line that names nobody.
The organisation that asked is the foreign party; a line under the decision's own span names none.

Source: Logius, Logboek dataverwerkingen, "Component: Logboek" and "Component: Applicatie"; reading:
        Logboek extensie lezen, schema ProcessingActivity.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from audit.projections.record import PSEUDONYM_TYPE, Context, Recorded

ACTIVITY: Final = "dpl.core.processing_activity_id"
PERSON: Final = "dpl.core.data_subject_id"
PERSON_TYPE: Final = "dpl.core.data_subject_id_type"
PROCESSOR: Final = "dpl.core.foreign_operation.processor"
_RELEASED: Final = "verstrekking van gegevens"
_ANSWERED: Final = "beantwoording van een vraag met ja of nee"
_REFUSED: Final = "weigering van een verzoek om gegevens"
# The read interface writes the same members in the case of the API design rules.
_READ_NAMES: Final = {
    "trace_id": "traceId",
    "span_id": "spanId",
    "parent_span_id": "parentSpanId",
    "start_time": "startTime",
    "end_time": "endTime",
}


def ldv_lines(recorded: Recorded, context: Context) -> Iterator[dict[str, Any]]:
    """Give the lines of one decision.

    Units:   start_time and end_time in ms since 1970; both are the moment of recording, which is
             the one moment that the leaf knows and lies before the release.
    """
    for pseudonym in recorded.pseudonyms or (None,):
        attributes = _attributes(recorded, pseudonym, context)
        spans = {"span_id": recorded.span, "parent_span_id": recorded.leaf["span"]}
        if recorded.several and pseudonym is not None:
            spans = {"span_id": recorded.person_span(pseudonym), "parent_span_id": recorded.span}
        else:
            attributes[PROCESSOR] = f"urn:oin:{recorded.leaf['organisation']}"
        yield {
            "trace_id": recorded.leaf["trace"],
            **spans,
            "status": "Unset",
            "name": _name(recorded),
            "start_time": recorded.leaf["time"],
            "end_time": recorded.leaf["time"],
            "resource": {"attributes": context.resource(recorded.leaf)},
            "attributes": attributes,
        }


def _name(recorded: Recorded) -> str:
    """Return what was done; of a veiled answer nobody can see whether anything was given."""
    if recorded.veiled:
        return _ANSWERED
    return _RELEASED if recorded.released else _REFUSED


def read_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """Give a line with the member names of the read interface.

    Shapes:  traceId stays 32 hex digits, as the core standard and every joined log have it; the
             schema of the read interface calls it a UUID, which is the same number.
    """
    return {_READ_NAMES.get(name, name): value for name, value in line.items()}


def _attributes(recorded: Recorded, pseudonym: str | None, context: Context) -> dict[str, str]:
    attributes = {ACTIVITY: context.activity_url(recorded.leaf)}
    if pseudonym is not None:
        attributes |= {PERSON: pseudonym, PERSON_TYPE: PSEUDONYM_TYPE}
    return attributes
