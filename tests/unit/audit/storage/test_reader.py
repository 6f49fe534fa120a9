"""What the reading half adds to the promises of every reader."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from audit.entry import Receipt
from audit.errors import StorageBroken
from audit.storage.connect import open_reader
from audit.storage.migrate import migrate
from audit.storage.place import sqlite_url
from audit.storage.reader import SqlReader
from tests.fakes_audit import ORIGIN, open_store
from tests.postgresql_server import Server, fresh_origin

Sound = tuple[Path, Sequence[Receipt]]
Alter = Callable[..., Path]


@pytest.fixture
def reader(sound: Sound) -> Iterator[SqlReader]:
    """Give a reader of a sound ledger."""
    opened = open_reader(sqlite_url(sound[0]), ORIGIN)
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
    reader = open_reader(sqlite_url(path), ORIGIN)

    assert reader.checkpoint() is None
    reader.close()
    store.close()


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A reader begins nothing."""
    with pytest.raises(StorageBroken):
        open_reader(sqlite_url(tmp_path / "ledger.db"), ORIGIN)

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
    reader = open_reader(sqlite_url(altered("DROP TABLE entry")), ORIGIN)

    with pytest.raises(StorageBroken):
        read(reader)

    reader.close()


def test_a_server_refuses_a_reader_every_write(server: Server) -> None:
    """Also as the owner of the tables."""
    origin = fresh_origin()
    migrate(server.url(), origin)
    reader = open_reader(server.url(), origin)
    pooled = reader._engine.raw_connection()

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        pooled.cursor().execute("DELETE FROM entry")

    pooled.close()
    reader.close()


def test_a_reader_connects_anew_after_the_server_was_away(server: Server) -> None:
    """One look fails, the next one works."""
    origin = fresh_origin()
    migrate(server.url(), origin)
    reader = open_reader(server.url(), origin)
    server.stop("immediate")
    server.start()
    with pytest.raises(StorageBroken):
        reader.checkpoint()

    assert reader.checkpoint() is None
    reader.close()


def test_a_server_that_is_not_there_is_told() -> None:
    """A reader that cannot be opened says so."""
    with pytest.raises(StorageBroken):
        open_reader("postgresql://nobody@127.0.0.1:1/none", ORIGIN)
