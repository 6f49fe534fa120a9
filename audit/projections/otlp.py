"""Lines as requests of the OpenTelemetry protocol, in its JSON encoding.

Source: OTLP specification, "JSON Protobuf Encoding": ids in hex, names in lowerCamelCase, 64-bit
        integers as decimal texts, enumerations as integers; trace.proto, logs.proto, common.proto.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from audit.projections.lines import Kind

Line = Mapping[str, Any]
_NANOS: Final = 1_000_000  # in a millisecond
_KIND_SERVER: Final = 2
_STATUS_UNSET: Final = 0
_SEVERITY_INFO: Final = 9


def export_request(kind: Kind, lines: Sequence[Line]) -> dict[str, Any]:
    """Give one request for these lines: spans for LDV, log records for ADL.

    Shapes:  lines of that kind, at least one: the protocol sends no empty envelopes.
    """
    if kind is Kind.LDV:
        return {"resourceSpans": _by_resource(lines, "scopeSpans", "spans", _span)}
    return {"resourceLogs": _by_resource(lines, "scopeLogs", "logRecords", _log_record)}


def _by_resource(
    lines: Iterable[Line], scopes: str, items: str, item: Callable[[Line], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Group by the gateway that produced the line; one envelope for each."""
    groups: dict[tuple[tuple[str, str], ...], list[dict[str, Any]]] = {}
    for line in lines:
        resource = line["resource"].get("attributes", line["resource"])
        groups.setdefault(tuple(resource.items()), []).append(item(line))
    return [
        {
            "resource": {"attributes": _key_values(dict(resource))},
            scopes: [{"scope": {"name": "doelpoort.ledger"}, items: members}],
        }
        for resource, members in groups.items()
    ]


def _span(line: Line) -> dict[str, Any]:
    return {
        "traceId": line["trace_id"],
        "spanId": line["span_id"],
        "parentSpanId": line["parent_span_id"],
        "name": line["name"],
        "kind": _KIND_SERVER,
        "startTimeUnixNano": str(line["start_time"] * _NANOS),
        "endTimeUnixNano": str(line["end_time"] * _NANOS),
        "attributes": _key_values(line["attributes"]),
        "status": {"code": _STATUS_UNSET},
    }


def _log_record(line: Line) -> dict[str, Any]:
    # A log record of the protocol has no place of its own for these two.
    own = {name: line[name] for name in ("parent_span_id", "status")}
    moment = str(line["timestamp"] * _NANOS)
    return {
        "timeUnixNano": moment,
        "observedTimeUnixNano": moment,
        "severityNumber": _SEVERITY_INFO,
        "eventName": line["event_name"],
        "traceId": line["trace_id"],
        "spanId": line["span_id"],
        "attributes": _key_values({**line["attributes"], **own}),
        "body": _any_value(line["body"]),
    }


def _key_values(members: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any_value(value)} for key, value in members.items()]


def _any_value(value: object) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case Mapping():
            return {"kvlistValue": {"values": _key_values(value)}}
        case list() | tuple():
            return {"arrayValue": {"values": [_any_value(item) for item in value]}}
        case _:
            return {"stringValue": str(value)}
