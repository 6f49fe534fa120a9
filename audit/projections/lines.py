"""Entries as lines of one standard, and the writing of them: bounded memory, any number."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, TextIO

from audit.projections.adl import adl_records
from audit.projections.ldv import ldv_lines
from audit.projections.record import Context, Recorded, Records
from audit.projections.vng import vng_objects
from audit.projections.window import Wanted, matching


class Kind(StrEnum):
    """The standards that entries can be shown in."""

    LDV = "ldv"
    ADL = "adl"
    VNG = "vng"


_SHAPES: Final[Mapping[Kind, Callable[[Recorded, Context], Iterator[dict[str, Any]]]]] = {
    Kind.LDV: ldv_lines,
    Kind.ADL: adl_records,
    Kind.VNG: vng_objects,
}


def project(
    records: Records, kind: Kind, start: int, stop: int, context: Context
) -> Iterator[dict[str, Any]]:
    """Give the lines of the entries with start <= index < stop, in order.

    Raises:  LeafInvalid if the store holds what no ledger writes.
    """
    for recorded in matching(records, range(start, stop), Wanted()):
        yield from lines_of(kind, recorded, context)


def lines_of(kind: Kind, recorded: Recorded, context: Context) -> Iterator[dict[str, Any]]:
    """Give the lines of one decision in this standard."""
    return _SHAPES[kind](recorded, context)


def write_lines(lines: Iterable[Mapping[str, Any]], stream: TextIO) -> int:
    """Write each line as one line of JSON, and give how many there were.

    Effects: writes as it reads; nothing is kept.
    """
    count = 0
    for count, line in enumerate(lines, start=1):  # noqa: B007  The last number is the answer.
        stream.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    return count
