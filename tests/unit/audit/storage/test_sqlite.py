"""What the writer of SQLite adds to the promises of every store."""

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import cast

import pytest

from audit.errors import (
    AppendFailed,
    DurabilityMissing,
    LedgerInUse,
    SchemaOutdated,
    StorageBroken,
)
from audit.merkle import RootHash
from audit.storage.contract import Batch, Entry, Head
from audit.storage.sqlite import SqlStore, _check_form
from tests.fakes_audit import open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Say where the ledger stands."""
    return tmp_path / "ledger.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    """Give an open store."""
    opened = open_store(path)
    yield opened
    opened.close()


def _batch(old: Head) -> Batch:
    new = Head(old.size + 1, RootHash((old.size + 1).to_bytes(32, "big")), 5)
    entry = Entry(old.size, f"{old.size:032x}", b"{}", b"h" * 32)
    return Batch(old, new, "gw-1", new.size, b"note", [entry], [], [], [], [], 0)


def _commit(store: SqlStore, batch: Batch) -> None:
    with store.turn():
        store.commit(batch)


def test_only_the_owner_can_read_the_files(store: SqlStore, path: Path) -> None:
    """Ledger, write-ahead log and lock are private, whatever the umask says."""
    _commit(store, _batch(Head()))

    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert modes == {0o600}


def test_a_second_process_is_refused(store: SqlStore, path: Path) -> None:
    """The lock tells a second opener at once."""
    assert store.head() == Head()
    with pytest.raises(LedgerInUse):
        open_store(path)


def test_a_patient_opener_waits_for_its_predecessor(path: Path) -> None:
    """A process that is about to end may take a moment to let go."""
    first = open_store(path)
    leaving = Timer(0.1, first.close)
    leaving.start()

    second = open_store(path, patience_s=5.0)

    leaving.join()
    second.close()
    assert leaving.finished.is_set()


def test_patience_ends(store: SqlStore, path: Path) -> None:
    """A ledger that stays in use is refused in the end."""
    assert store.head() == Head()
    with pytest.raises(LedgerInUse):
        open_store(path, patience_s=0.05)


def test_the_lock_goes_with_close(path: Path) -> None:
    """After close the same file opens again, with what was in it."""
    first = open_store(path)
    _commit(first, _batch(Head()))
    first.close()

    second = open_store(path)
    size = second.head().size
    second.close()

    assert size == 1


@pytest.mark.parametrize("pragma", ["synchronous=NORMAL", "synchronous=OFF"])
def test_a_weaker_pragma_is_noticed(store: SqlStore, pragma: str) -> None:
    """Durability is read back, not assumed."""
    store.check_durable()
    store._writer.execute(f"PRAGMA {pragma}")

    with pytest.raises(DurabilityMissing):
        store.check_durable()


def test_a_missing_write_ahead_log_is_noticed(store: SqlStore) -> None:
    """Another journal mode is refused too."""
    store._writer.execute("PRAGMA journal_mode=DELETE")

    with pytest.raises(DurabilityMissing):
        store.check_durable()


def test_a_file_that_is_no_ledger_is_refused(path: Path) -> None:
    """Somebody else's file is not touched, and the lock is let go."""
    path.write_bytes(b"no database" * 100)

    for _ in range(2):
        with pytest.raises(StorageBroken):
            open_store(path)

    assert path.read_bytes() == b"no database" * 100


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The start explains itself."""
    with pytest.raises(StorageBroken):
        SqlStore.open(tmp_path / "none" / "ledger.db", "gw-1")


def test_a_path_that_is_a_folder_is_refused(path: Path) -> None:
    """A folder is no ledger."""
    path.mkdir()

    with pytest.raises(StorageBroken):
        open_store(path)


def test_a_full_disk_refuses_the_batch_and_keeps_the_store(store: SqlStore) -> None:
    """What SQLite certainly did not write can be tried again later."""
    [[pages]] = store._writer.execute("PRAGMA page_count")
    store._writer.execute(f"PRAGMA max_page_count={pages}")
    head, failures = store.head(), 0
    try:
        while True:
            _commit(store, _batch(head))
            head = store.head()
    except AppendFailed:
        failures += 1
    store._writer.execute("PRAGMA max_page_count=100000")

    _commit(store, _batch(head))

    assert failures == 1
    assert store.head().size == head.size + 1


def test_a_ledger_made_read_only_refuses_the_batch(store: SqlStore) -> None:
    """Nothing is written, and reading goes on."""
    store._writer.execute("PRAGMA query_only=ON")

    with pytest.raises(AppendFailed):
        _commit(store, _batch(Head()))

    assert store.head() == Head()


class FailingConnection:
    """A connection some of whose statements fail, as a failing disk would make them."""

    def __init__(self, inner: sqlite3.Connection, verbs: tuple[str, ...]) -> None:
        self._inner = inner
        self._verbs = verbs

    @property
    def in_transaction(self) -> bool:
        """Say what the real connection says."""
        return self._inner.in_transaction

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run the statement unless it is the one that fails."""
        if statement.startswith(self._verbs):
            raise sqlite3.OperationalError("disk I/O error")
        return self._inner.execute(statement, values)


@pytest.mark.parametrize("verbs", [("COMMIT",), ("INSERT",), ("BEGIN",), ("INSERT", "ROLLBACK")])
def test_an_input_output_error_leaves_the_outcome_unknown(
    path: Path, verbs: tuple[str, ...]
) -> None:
    """The caller must stop: SQLite cannot say what is on disk."""
    store = open_store(path)
    real = store._writer
    store._writer = FailingConnection(real, verbs)  # type: ignore[assignment]

    with pytest.raises(StorageBroken):
        _commit(store, _batch(Head()))

    store._writer = real
    store.close()


def test_a_store_that_lost_its_tables_cannot_be_read(store: SqlStore) -> None:
    """A reading failure is told as one of ours."""
    store._writer.execute("DROP TABLE head")

    with pytest.raises(StorageBroken):
        store.head()


def test_a_store_that_lost_its_head_starts_from_nothing(store: SqlStore) -> None:
    """Without its row the head is empty, which no opened ledger with entries accepts."""
    store._writer.execute("DELETE FROM head")

    assert store.head() == Head()


def test_the_lock_cannot_be_a_folder(path: Path) -> None:
    """A lock that cannot be made is told at the start."""
    path.with_name("ledger.db.gw-1.lock").mkdir()

    with pytest.raises(StorageBroken):
        open_store(path)


def test_a_batch_outside_a_turn_is_a_bug(store: SqlStore) -> None:
    """Without the lock on the head nothing is written."""
    with pytest.raises(RuntimeError):
        store.commit(_batch(Head()))

    assert store.head() == Head()


def test_a_turn_that_does_not_come_fails(store: SqlStore, path: Path) -> None:
    """While another gateway writes, this one waits; in the end it is refused and may ask again."""
    other = open_store(path, "gw-2")
    other._writer.execute("PRAGMA busy_timeout=20")
    with store.turn() as head:
        with pytest.raises(AppendFailed):
            _commit(other, _batch(head))
        store.commit(_batch(head))

    _commit(other, _batch(store.head()))

    other.close()
    assert store.head().size == 2


def test_what_was_deleted_leaves_the_write_ahead_log(store: SqlStore, path: Path) -> None:
    """Emptied, it holds no earlier page; while somebody reads an old picture it cannot be."""
    _commit(store, _batch(Head()))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM entry").fetchall()
    _commit(store, _batch(store.head()))
    store._writer.execute("PRAGMA busy_timeout=20")
    while_read = store.forget()
    reader.close()

    emptied = store.forget()

    assert (while_read, emptied) == (False, True)
    assert path.with_name("ledger.db-wal").stat().st_size == 0


def test_a_file_that_cannot_be_read_is_not_taken_for_an_old_one(path: Path) -> None:
    """Damage is told as damage, not as a form to migrate."""
    open_store(path).close()
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)

    with pytest.raises((StorageBroken, SchemaOutdated)):
        open_store(path)


class _Busy:
    """A connection to a file that somebody else holds."""

    def execute(self, _statement: str) -> sqlite3.Cursor:
        """Fail as a database that is locked does."""
        error = sqlite3.OperationalError("made to fail")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error


def test_a_file_that_cannot_be_read_now_is_not_taken_for_an_old_one() -> None:
    """Only a table that is not there tells of an older form; any other failure stays what it is."""
    with pytest.raises(sqlite3.OperationalError):
        _check_form(cast("sqlite3.Connection", _Busy()))
