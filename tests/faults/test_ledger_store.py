"""The store fails at its i-th call, for every i; afterwards all that was promised still stands."""

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from audit.entry import Receipt
from audit.errors import AppendFailed, AuditError, LedgerStopped, RollbackSeen, StorageBroken
from audit.ledger import Ledger
from audit.storage.contract import Store
from audit.storage.sqlite import SqlStore
from audit.verifier.file import LedgerFile
from audit.verifier.verify import Summary, verify_kept_receipt, verify_ledger
from tests.fakes_audit import VKEY, FixedClock, make_draft, open_ledger, open_store

Failure = Callable[[], Exception]


class FaultyStore:
    """A store whose i-th call fails, before or after it did its work."""

    def __init__(self, inner: SqlStore, at: int, failure: Failure, *, after: bool) -> None:
        self._inner = inner
        self._left = at
        self._failure = failure
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Give the method of the real store, with the fault in it."""
        method = getattr(self._inner, name)

        def call(*args: object, **named: object) -> object:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise self._failure()
            result = method(*args, **named)
            if self._left == 0:
                raise self._failure()
            return result

        return call


class FaultyConnection:
    """A connection whose i-th statement fails, before or after it did its work."""

    def __init__(self, inner: sqlite3.Connection, at: int, code: int, *, after: bool) -> None:
        self._inner = inner
        self._left = at
        self._code = code
        self._after = after

    @property
    def in_transaction(self) -> bool:
        """Say what the real connection says."""
        return self._inner.in_transaction

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run the statement, with the fault in it."""
        self._left -= 1
        cursor = None
        if self._left != 0 or self._after:
            cursor = self._inner.execute(statement, values)
        if self._left == 0 or cursor is None:
            error = sqlite3.OperationalError("made to fail")
            error.sqlite_errorcode = self._code
            raise error
        return cursor


async def _append_each(store: Store, marks: Path, numbers: Sequence[int]) -> list[Receipt]:
    clock = FixedClock()
    ledger = open_ledger(store, marks, clock=clock)
    outcomes: list[Receipt | BaseException] = []
    for first in numbers[::2]:
        clock.ms += 70_000
        pair = (ledger.append(make_draft(number)) for number in (first, first + 1))
        outcomes += await asyncio.gather(*pair, return_exceptions=True)
    ledger.close()
    unforeseen = [o for o in outcomes if not isinstance(o, Receipt | AuditError)]
    assert unforeseen == []
    return [outcome for outcome in outcomes if isinstance(outcome, Receipt)]


def run(store: Store, marks: Path, numbers: Sequence[int]) -> list[Receipt]:
    """Open the ledger and append; give the receipts that were handed out before the fault."""
    try:
        return asyncio.run(_append_each(store, marks, numbers))
    except AuditError:
        return []


def verified(path: Path, receipts: Sequence[Receipt]) -> Summary:
    """Verify the ledger and every receipt."""
    with LedgerFile.open(path) as reader:
        summary = verify_ledger(reader, vkey=VKEY)
        for receipt in receipts:
            verify_kept_receipt(reader, receipt.proof, vkey=VKEY)
    return summary


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Say where the ledger stands."""
    return tmp_path / "ledger.db"


@pytest.mark.parametrize("at", range(1, 24))
@pytest.mark.parametrize(
    ("failure", "after"),
    [
        (lambda: AppendFailed("made to fail"), False),
        (lambda: AppendFailed("made to fail"), True),
        (lambda: StorageBroken("made to fail"), False),
        (lambda: StorageBroken("made to fail"), True),
    ],
    ids=["refused", "refused-but-done", "broken", "broken-but-done"],
)
def test_a_failing_call_loses_no_receipt(
    path: Path, at: int, failure: Failure, *, after: bool
) -> None:
    """Whatever call fails, and however, the log goes on and holds every receipt."""
    marks = path.with_name("marks")
    real = open_store(path)
    faulty = FaultyStore(real, at, failure, after=after)
    receipts = run(cast("Store", faulty), marks, range(1, 7))
    real.close()
    again = open_store(path)
    receipts += run(again, marks, range(11, 13))
    again.close()

    summary = verified(path, receipts)

    assert len(receipts) >= 2
    assert summary.size >= 1 + len(receipts)


@pytest.mark.parametrize("at", range(1, 48))
@pytest.mark.parametrize(
    ("code", "after"),
    [
        (sqlite3.SQLITE_FULL, False),
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR, False),
        (sqlite3.SQLITE_IOERR, True),
    ],
    ids=["full", "full-but-done", "io", "io-but-done"],
)
def test_a_failing_statement_loses_no_receipt(
    path: Path, at: int, code: int, *, after: bool
) -> None:
    """The same one level deeper: each statement of each transaction, commit included."""
    marks = path.with_name("marks")
    store = open_store(path)
    real = store._writer
    store._writer = cast("sqlite3.Connection", FaultyConnection(real, at, code, after=after))
    receipts = run(store, marks, range(1, 7))
    store._writer = real
    store.close()
    again = open_store(path)
    receipts += run(again, marks, range(11, 13))
    again.close()

    summary = verified(path, receipts)

    assert len(receipts) >= 2
    assert summary.size >= 1 + len(receipts)


def test_a_restored_older_copy_is_refused(path: Path) -> None:
    """The high-water mark stands elsewhere and remembers."""
    marks = path.with_name("marks")
    store = open_store(path)
    run(store, marks, range(1, 3))
    store.close()
    backup = shutil.copy(path, path.with_name("backup.db"))
    store = open_store(path)
    run(store, marks, range(11, 13))
    store.close()
    shutil.copy(backup, path)
    store = open_store(path)

    with pytest.raises(RollbackSeen):
        open_ledger(store, marks)

    store.close()


def test_a_clock_that_steps_keeps_the_log_sound(path: Path) -> None:
    """Back and forth, the times of the entries never go back."""
    clock = FixedClock()
    store = open_store(path)
    ledger = open_ledger(store, path.with_name("marks"), clock=clock)
    for number, step in enumerate((5000, -90_000, 3000, -1, 200_000)):
        clock.ms += step
        asyncio.run(ledger.append(make_draft(number)))
    ledger.close()
    store.close()

    assert verified(path, []).size == 6


def append_until_refused(ledger: Ledger, receipts: list[Receipt]) -> None:
    """Append one by one until the ledger refuses."""
    while True:
        receipts.append(asyncio.run(ledger.append(make_draft(len(receipts) + 1))))


def test_a_full_disk_refuses_and_the_log_goes_on(path: Path) -> None:
    """While there is no room callers are refused; once there is, they are served."""
    store = open_store(path)
    ledger = open_ledger(store, path.with_name("marks"))
    [[pages]] = store._writer.execute("PRAGMA page_count")
    store._writer.execute(f"PRAGMA max_page_count={pages}")
    receipts: list[Receipt] = []
    with pytest.raises(AppendFailed):
        append_until_refused(ledger, receipts)
    store._writer.execute("PRAGMA max_page_count=100000")
    receipts.append(asyncio.run(ledger.append(make_draft(len(receipts) + 1))))
    ledger.close()
    store.close()

    assert verified(path, receipts).size == 1 + len(receipts)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a real file system of one megabyte, where this user may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode != 0:
        pytest.skip("this user may not mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_small_file_system_that_fills_up_loses_no_receipt(
    small_disk: Path, tmp_path: Path
) -> None:
    """Whether SQLite can say that nothing was written or not, what was promised stands."""
    path = small_disk / "ledger.db"
    store = open_store(path)
    ledger = open_ledger(store, tmp_path / "marks")
    receipts: list[Receipt] = []
    with pytest.raises((AppendFailed, LedgerStopped)):
        append_until_refused(ledger, receipts)
    ledger.close()

    summary = verified(path, receipts)

    store.close()
    assert len(receipts) > 10
    assert summary.size >= 1 + len(receipts)
