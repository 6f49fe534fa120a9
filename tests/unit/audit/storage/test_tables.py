"""What the reading half of SQLite adds to the promises of every reader."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from audit.entry import Receipt
from audit.errors import StorageBroken
from audit.storage.tables import SqlReader
from tests.fakes_audit import open_store

Sound = tuple[Path, Sequence[Receipt]]
Alter = Callable[..., Path]


@pytest.fixture
def reader(sound: Sound) -> Iterator[SqlReader]:
    """Give a reader of a sound ledger."""
    opened = SqlReader.open(sound[0])
    yield opened
    opened.close()


def test_a_reader_cannot_write(reader: SqlReader) -> None:
    """SQLite itself refuses."""
    pooled = reader._engine.raw_connection()

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        pooled.cursor().execute("DELETE FROM entry")

    pooled.close()


def test_a_reader_needs_no_lock(tmp_path: Path) -> None:
    """Beside the one writer, which holds the lock, anybody in the gateway reads."""
    path = tmp_path / "ledger.db"
    store = open_store(path)
    reader = SqlReader.open(path)

    assert reader.checkpoint() is None
    reader.close()
    store.close()


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A reader begins nothing."""
    with pytest.raises(StorageBroken):
        SqlReader.open(tmp_path / "ledger.db")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "read",
    [lambda r: r.entry("00" * 16), lambda r: r.hashes(0, 0, 1)],
    ids=["by-driver", "by-core"],
)
def test_a_ledger_without_its_tables_cannot_be_read(
    altered: Alter, read: Callable[[SqlReader], object]
) -> None:
    """A reading failure is told as one of ours."""
    reader = SqlReader.open(altered("DROP TABLE entry"))

    with pytest.raises(StorageBroken):
        read(reader)

    reader.close()
