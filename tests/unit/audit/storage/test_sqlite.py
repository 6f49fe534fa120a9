"""What the writer of SQLite adds to the promises of every store."""

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from audit.errors import AppendFailed, DurabilityMissing, LedgerInUse, StorageBroken
from audit.merkle import RootHash
from audit.storage.contract import Batch, Entry, Head
from audit.storage.sqlite import SqlStore
from audit.storage.tables import SCHEMA
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
    return Batch(old, new, b"note", [entry], [], [], [], [], 0)


def test_only_the_owner_can_read_the_files(store: SqlStore, path: Path) -> None:
    """Ledger, write-ahead log and lock are private, whatever the umask says."""
    store.commit(_batch(Head()))

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

    second = SqlStore.open(path, SCHEMA, 5.0)

    leaving.join()
    second.close()
    assert leaving.finished.is_set()


def test_patience_ends(store: SqlStore, path: Path) -> None:
    """A ledger that stays in use is refused in the end."""
    assert store.head() == Head()
    with pytest.raises(LedgerInUse):
        SqlStore.open(path, SCHEMA, 0.05)


def test_the_lock_goes_with_close(path: Path) -> None:
    """After close the same file opens again, with what was in it."""
    first = open_store(path)
    first.commit(_batch(Head()))
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
        open_store(tmp_path / "none" / "ledger.db")


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
            store.commit(_batch(head))
            head = store.head()
    except AppendFailed:
        failures += 1
    store._writer.execute("PRAGMA max_page_count=100000")

    store.commit(_batch(head))

    assert failures == 1
    assert store.head().size == head.size + 1


def test_a_ledger_made_read_only_refuses_the_batch(store: SqlStore) -> None:
    """Nothing is written, and reading goes on."""
    store._writer.execute("PRAGMA query_only=ON")

    with pytest.raises(AppendFailed):
        store.commit(_batch(Head()))

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
        store.commit(_batch(Head()))

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
    path.with_name("ledger.db.lock").mkdir()

    with pytest.raises(StorageBroken):
        open_store(path)
