"""The high-water mark."""

from pathlib import Path

import pytest

from audit.errors import RollbackSeen
from audit.merkle import Frontier, grow, leaf_hash
from audit.sequencer.highwater import MAX_MARKS, HighWater
from audit.storage.contract import Head

A = leaf_hash(b"a")
HEAD = Head(1, grow(Frontier(), [A]).frontier.root)


def _hash_at(_level: int, _index: int) -> bytes:
    return A


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Say where the marks stand."""
    return tmp_path / "marks"


def test_a_mark_in_the_log_is_accepted(path: Path) -> None:
    """What was released is there."""
    HighWater(path).check(Head(), _hash_at, has_written=False)
    HighWater(path).mark(HEAD)

    HighWater(path).check(HEAD, _hash_at, has_written=True)

    assert path.read_text() == f"1 {HEAD.root.hex()}\n"


@pytest.mark.parametrize(
    ("content", "head"),
    [
        (f"1 {HEAD.root.hex()}\n", Head()),
        (f"1 {'00' * 32}\n", HEAD),
        (f"1 {HEAD.root.hex()}\n2 {HEAD.root.hex()}\n", HEAD),
        ("nonsense\n", HEAD),
        (f"01 {HEAD.root.hex()}\n", HEAD),
    ],
)
def test_a_mark_that_the_log_lacks_is_refused(path: Path, content: str, head: Head) -> None:
    """A shorter log, another log and a malformed mark are told at the start."""
    path.write_text(content)

    with pytest.raises(RollbackSeen):
        HighWater(path).check(head, _hash_at, has_written=False)


def test_a_ledger_with_entries_needs_its_mark(path: Path) -> None:
    """Taking the mark away does not hide a rollback."""
    with pytest.raises(RollbackSeen):
        HighWater(path).check(HEAD, _hash_at, has_written=True)


def test_a_gateway_that_joins_begins_its_own_marks(path: Path) -> None:
    """Others wrote entries before; this gateway released nothing yet."""
    HighWater(path).check(HEAD, _hash_at, has_written=False)

    assert path.read_text() == ""


def test_a_log_that_others_moved_on_holds_the_mark(path: Path) -> None:
    """What counts is that the marks are in the log, not how far it came since."""
    path.write_text(f"1 {HEAD.root.hex()}\n")

    HighWater(path).check(Head(2, HEAD.root), _hash_at, has_written=True)

    assert path.read_text() == f"1 {HEAD.root.hex()}\n"


def test_a_line_that_a_crash_cut_short_is_ignored(path: Path) -> None:
    """Nothing was built on a line that has no end."""
    path.write_text(f"1 {HEAD.root.hex()}\n2 ab")

    HighWater(path).check(HEAD, _hash_at, has_written=True)

    assert path.read_text() == f"1 {HEAD.root.hex()}\n"


def test_a_mark_is_written_once(path: Path) -> None:
    """A log that stands still writes nothing."""
    marks = HighWater(path)

    marks.mark(HEAD)
    marks.mark(HEAD)

    assert path.read_text().count("\n") == 1


def test_the_file_of_marks_stays_short(path: Path) -> None:
    """After a thousand marks only the newest remains: it implies the others."""
    marks = HighWater(path)

    for size in range(1, MAX_MARKS + 2):
        marks.mark(Head(size, HEAD.root))

    assert path.read_text() == f"{MAX_MARKS + 1} {HEAD.root.hex()}\n"
