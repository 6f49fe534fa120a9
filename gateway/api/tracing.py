"""Which trace a request belongs to: W3C traceparent, B3, or a new one."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_W3C = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_B3 = re.compile(r"((?:[0-9a-f]{16}){1,2})-([0-9a-f]{16})(?:-[01d](?:-[0-9a-f]{16})?)?")
_TRACE_HEX = 32


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace of a request and the caller's span in it: 32 and 16 lower-case hex digits."""

    trace_id: str
    span_id: str


def parse_trace(traceparent: str | None, b3: str | None, random: Callable[[int], bytes]) -> Trace:
    """Return the trace that the headers name; a malformed or absent one starts a new trace.

    Source: W3C Trace Context level 1, section 3.2; openzipkin B3 single header.
    """
    for pattern, header in ((_W3C, traceparent), (_B3, b3)):
        found = pattern.fullmatch(header or "")
        if found and set(found[1]) != {"0"} and set(found[2]) != {"0"}:
            return Trace(found[1].rjust(_TRACE_HEX, "0"), found[2])
    return Trace(random(16).hex(), random(8).hex())
