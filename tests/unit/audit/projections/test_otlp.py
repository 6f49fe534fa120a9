"""Lines in the JSON encoding of the OpenTelemetry protocol."""

from typing import Any

import pytest

from audit.projections.lines import Kind, project
from audit.projections.otlp import export_request
from tests.fakes_projections import (
    CONTEXT,
    OIN,
    PURPOSE,
    SPAN,
    START_MS,
    TRACE,
    URL,
    YUSUF,
    make_leaf,
    make_log,
    make_refusal,
)

NANOS = f"{START_MS}000000"
RESOURCE = [
    {"key": "service.name", "value": {"stringValue": "doelpoort"}},
    {"key": "service.namespace", "value": {"stringValue": URL}},
    {"key": "service.instance.id", "value": {"stringValue": "gw-1"}},
]


def request_of(kind: Kind, *leaves: dict[str, Any]) -> dict[str, Any]:
    """Return the request for these entries, each about one person."""
    log = make_log(*((leaf, (YUSUF,)) for leaf in leaves))
    return export_request(kind, list(project(log, kind, 0, len(leaves), CONTEXT)))


def test_a_line_is_a_span() -> None:
    """An LDV line is a span: ids in hex, times in nanoseconds as texts, kind and status numbers."""
    request = request_of(Kind.LDV, make_leaf())
    ((span,),) = [scope["spans"] for scope in request["resourceSpans"][0]["scopeSpans"]]

    assert request["resourceSpans"][0]["resource"] == {"attributes": RESOURCE}
    assert span == {
        "traceId": TRACE,
        "spanId": span["spanId"],
        "parentSpanId": SPAN,
        "name": "verstrekking van gegevens",
        "kind": 2,
        "startTimeUnixNano": NANOS,
        "endTimeUnixNano": NANOS,
        "attributes": [
            {
                "key": "dpl.core.processing_activity_id",
                "value": {"stringValue": f"{URL}/v1/purposes/{PURPOSE}"},
            },
            {"key": "dpl.core.data_subject_id", "value": {"stringValue": YUSUF}},
            {
                "key": "dpl.core.data_subject_id_type",
                "value": {"stringValue": "urn:doelpoort:data-subject-key"},
            },
            {
                "key": "dpl.core.foreign_operation.processor",
                "value": {"stringValue": f"urn:oin:{OIN}"},
            },
        ],
        "status": {"code": 0},
    }


def test_a_record_is_a_log_record() -> None:
    """An ADL record is a log record of that event; its body is a list of keys and values."""
    request = request_of(Kind.ADL, make_refusal())
    (record,) = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    attributes = {each["key"]: each["value"] for each in record["attributes"]}
    body = {each["key"]: each["value"] for each in record["body"]["kvlistValue"]["values"]}
    response = body["adl.core.response"]["kvlistValue"]["values"]

    assert request["resourceLogs"][0]["resource"] == {"attributes": RESOURCE}
    assert (record["timeUnixNano"], record["observedTimeUnixNano"]) == (NANOS, NANOS)
    assert (record["eventName"], record["severityNumber"]) == ("adl.access_evaluation", 9)
    assert (record["traceId"], len(record["spanId"])) == (TRACE, 16)
    assert attributes["parent_span_id"] == {"stringValue": SPAN}
    assert attributes["status"] == {"stringValue": "Unset"}
    assert response[0] == {"key": "decision", "value": {"boolValue": False}}
    assert {"key": "subjects", "value": {"intValue": "1"}} in response[1]["value"]["kvlistValue"][
        "values"
    ]


def test_lists_are_arrays() -> None:
    """A list of a line is an array of values."""
    request = request_of(Kind.ADL, make_leaf(obligations=["inform_subject", "log"]))

    assert (
        "{'key': 'obligations', 'value': {'arrayValue': {'values': "
        "[{'stringValue': 'inform_subject'}, {'stringValue': 'log'}]}}}"
    ) in str(request)


@pytest.mark.parametrize(
    ("kind", "outer", "scopes", "items"),
    [
        (Kind.LDV, "resourceSpans", "scopeSpans", "spans"),
        (Kind.ADL, "resourceLogs", "scopeLogs", "logRecords"),
    ],
)
def test_each_gateway_is_a_resource(kind: Kind, outer: str, scopes: str, items: str) -> None:
    """Lines are grouped by the gateway that produced them, and none is lost."""
    request = request_of(kind, make_leaf(0), make_leaf(1, gateway="gw-2"), make_leaf(2))

    assert [len(each[scopes][0][items]) for each in request[outer]] == [2, 1]
