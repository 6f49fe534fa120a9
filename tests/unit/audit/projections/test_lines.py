"""Projections as files: line by line, nothing kept."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from audit.entry import canonical
from audit.errors import LeafInvalid
from audit.projections.lines import Kind, project, write_lines
from audit.storage.contract import Entry
from tests.fakes_projections import (
    CONTEXT,
    TRACE,
    YUSUF,
    ListedLog,
    make_leaf,
    make_log,
    make_policy,
    make_refusal,
)


def make_mixed() -> ListedLog:
    """Return a log of a disclosure, another entry and a refusal."""
    return make_log((make_leaf(0), (YUSUF,)), (make_policy(1), ()), (make_refusal(2), (YUSUF,)))


@pytest.mark.parametrize(("kind", "count"), [(Kind.LDV, 2), (Kind.ADL, 2), (Kind.VNG, 2)])
def test_each_kind_is_written_as_lines(kind: Kind, count: int) -> None:
    """A file holds one JSON object on each line, and the number of lines is told."""
    stream = io.StringIO()

    told = write_lines(project(make_mixed(), kind, 0, 3, CONTEXT), stream)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert told == len(lines) == count
    assert lines == list(project(make_mixed(), kind, 0, 3, CONTEXT))


def test_nothing_is_no_line() -> None:
    """A part without decisions gives an empty file."""
    stream = io.StringIO()

    assert write_lines(project(make_mixed(), Kind.LDV, 1, 2, CONTEXT), stream) == 0
    assert stream.getvalue() == ""


def test_a_long_log_is_read_in_pages() -> None:
    """However long the log is, a page of it is read at a time."""
    log = make_log(*((make_leaf(index), (YUSUF,)) for index in range(1200)))
    asked: list[tuple[int, int]] = []

    def watched(start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        asked.append((start, stop))
        return ListedLog.pseudonyms(log, start, stop)

    watching = replace(log)
    watching.pseudonyms = watched  # type: ignore[method-assign]
    first = next(project(watching, Kind.LDV, 0, 1200, CONTEXT))

    assert (first["trace_id"], asked) == (TRACE, [(0, 500)])
    assert len(list(project(log, Kind.LDV, 0, 1200, CONTEXT))) == 1200


@pytest.mark.parametrize(
    "leaf",
    [b"{}x", canonical({"type": "disclosure"}), canonical({"type": "refusal", "v": 1})],
)
def test_what_no_ledger_writes_is_told(leaf: bytes) -> None:
    """A leaf that does not fit the schema is an error and no half line."""
    log = make_mixed()
    log.rows[0] = Entry(0, "0" * 32, leaf, b"h" * 32)

    with pytest.raises(LeafInvalid):
        list(project(log, Kind.LDV, 0, 1, CONTEXT))
