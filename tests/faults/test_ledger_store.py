"""The store fails at its i-th call, for every i; afterwards all that was promised still stands."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from audit.entry import Receipt
from audit.errors import AppendFailed, AuditError, StorageBroken
from audit.ledger import Ledger
from audit.storage.contract import Store
from audit.storage.sqlite import SqlStore
from audit.verifier.file import LedgerFile
from audit.verifier.verify import Summary, verify_kept_receipt, verify_ledger
from tests.fakes_audit import VKEY, FixedClock, make_draft, open_ledger, open_store
from tests.fakes_faults import Faulty, sqlite_fails

Failure = Callable[[], Exception]

CALLS, STATEMENTS = 24, 48  # More than there are in a run.


class FaultyStore:
    """A store whose i-th call fails, before or after it did its work."""

    def __init__(self, inner: SqlStore, at: int, failure: Failure, *, after: bool) -> None:
        self._inner = inner
        self.left = at
        self._failure = failure
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Give the method of the real store, with the fault in it."""
        method = getattr(self._inner, name)

        def call(*args: object, **named: object) -> object:
            self.left -= 1
            if self.left == 0 and not self._after:
                raise self._failure()
            result = method(*args, **named)
            if self.left == 0:
                raise self._failure()
            return result

        return call


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


@pytest.mark.parametrize("at", range(1, CALLS))
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


@pytest.mark.parametrize("at", range(1, STATEMENTS))
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
    faulty = Faulty(real, at, sqlite_fails(code), after=after)
    store._writer = cast("sqlite3.Connection", faulty)
    receipts = run(store, marks, range(1, 7))
    store._writer = real
    store.close()
    again = open_store(path)
    receipts += run(again, marks, range(11, 13))
    again.close()

    summary = verified(path, receipts)

    assert len(receipts) >= 2
    assert summary.size >= 1 + len(receipts)


def test_there_are_no_more_calls_and_statements_than_fail(path: Path) -> None:
    """A run that meets no fault makes fewer calls and statements than the tests above let fail."""
    store = open_store(path)
    faulty = FaultyStore(store, CALLS, _never, after=False)
    statements = Faulty(store._writer, STATEMENTS, _never, after=False)
    real, store._writer = store._writer, cast("sqlite3.Connection", statements)
    receipts = run(cast("Store", faulty), path.with_name("marks"), range(1, 7))
    store._writer = real
    store.close()

    assert len(receipts) == 6
    assert faulty.left > 0
    assert statements.left > 0


def _never() -> NoReturn:
    raise AssertionError("there is one more step than the tests let fail")


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
