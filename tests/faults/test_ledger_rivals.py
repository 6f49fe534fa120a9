"""Two that write where one should, and a log that is not the one of yesterday."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.errors import (
    AppendFailed,
    LedgerCorrupt,
    LedgerInUse,
    RollbackSeen,
)
from audit.merkle import Frontier, grow
from audit.storage.sqlite import SqlStore
from tests.fakes_audit import SUBJECT, make_draft
from tests.fakes_keeping import ORDER
from tests.naive_ledger import KEEPER, Ledgers, contradicted


@pytest.fixture
def both() -> Iterator[Ledgers]:
    """Give a log with two gateways and a keeper, and a few entries."""
    ledgers = Ledgers()
    ledgers.append("gw-1", [make_draft(ledgers.next()) for _ in range(3)])
    yield ledgers
    ledgers.close()


@pytest.fixture
def rolled_back(both: Ledgers, tmp_path: Path) -> Ledgers:
    """Give the same log after gw-1 went on for two entries and the backup of before came back."""
    both.copy_to(tmp_path / "backup.db")
    both.append("gw-1", [make_draft(both.next()), make_draft(both.next())])
    both.put_back(tmp_path / "backup.db")
    return both


def test_two_sequencers_of_one_id(both: Ledgers) -> None:
    """The second is refused while the first holds the id, and gets it afterwards."""
    with pytest.raises(LedgerInUse):
        SqlStore.open(both.path, "gw-1")
    both.end("gw-1")

    both.open("gw-1")


def test_two_sequencers_of_different_ids(both: Ledgers) -> None:
    """They take turns, each goes on where the other ended, and the log stays whole."""
    for _ in range(10):
        both.append("gw-1", [make_draft(both.next())])
        both.append("gw-2", [make_draft(both.next())])

    assert both.verified().size == 24
    both.verify_receipts()


def test_a_fork_under_a_running_writer(both: Ledgers) -> None:
    """A writer that finds another history than its own signs nothing on top of it."""
    running = both.writers["gw-1"]
    other = Frontier()
    hashes = both.reader.hashes(0, 0, 4)
    running.appender._frontier = grow(other, [*hashes[:3], b"0" * 32]).frontier
    both.append("gw-2", [make_draft(both.next())])

    with pytest.raises(LedgerCorrupt):
        running.appender.append_batch([make_draft(both.next())])

    assert both.verified().size == 5


def test_a_partial_batch(both: Ledgers) -> None:
    """A batch that broke off in the middle leaves nothing of itself behind."""
    store = both.writers["gw-1"].store
    store._writer.execute(
        'CREATE TRIGGER broken BEFORE INSERT ON entry WHEN NEW."index" = 5'
        " BEGIN SELECT RAISE(ABORT, 'broken'); END"
    )
    refused = both.append("gw-1", [make_draft(both.next()) for _ in range(4)])
    store._writer.execute("DROP TRIGGER broken")
    both.append("gw-1", [make_draft(both.next())])

    assert {type(outcome) for outcome in refused} == {AppendFailed}
    assert both.verified().size == len(both.naive.leaves) == 5
    assert both.opened() == both.naive.sealed


def test_a_fork_is_two_roots_for_one_size(rolled_back: Ledgers) -> None:
    """A log that was continued from a backup contradicts receipts that were handed out before."""
    rolled_back.open("gw-3")
    writer = rolled_back.writers["gw-3"]
    writer.appender.append_batch([make_draft(rolled_back.next()) for _ in range(3)])

    assert rolled_back.verified().size == 7
    assert contradicted(rolled_back.path, rolled_back.naive.proofs) == 2


def test_restore_of_an_old_backup(rolled_back: Ledgers) -> None:
    """The gateway that released more than the backup holds does not continue it."""
    with pytest.raises(RollbackSeen):
        rolled_back.open("gw-1")


def test_restore_of_an_old_backup_after_the_keeper_wrote(both: Ledgers, tmp_path: Path) -> None:
    """The keeper has a mark of its own, and refuses a backup from before its last act."""
    both.copy_to(tmp_path / "backup.db")
    both.took(KEEPER, both.keeper().erase(SUBJECT, ORDER).receipt, [None])
    both.put_back(tmp_path / "backup.db")

    with pytest.raises(RollbackSeen):
        both.open(KEEPER)


def test_restore_under_a_gateway_that_never_wrote(rolled_back: Ledgers) -> None:
    """A new gateway knows no earlier history and goes on; receipts kept elsewhere unmask it."""
    rolled_back.open("gw-4")
    rolled_back.writers["gw-4"].appender.append_batch([make_draft(rolled_back.next())])

    assert rolled_back.verified().size == 5
    assert contradicted(rolled_back.path, rolled_back.naive.proofs) == 2
    with pytest.raises(RollbackSeen):
        rolled_back.open("gw-1")


def test_restore_with_the_marks_of_that_time(both: Ledgers, tmp_path: Path) -> None:
    """Marks that were put back too know nothing; receipts kept elsewhere still do."""
    both.copy_to(tmp_path / "backup.db")
    marks = shutil.copy(both.marks_of("gw-1"), tmp_path / "marks")
    both.append("gw-1", [make_draft(both.next())])
    both.put_back(tmp_path / "backup.db")
    shutil.copy(marks, both.marks_of("gw-1"))

    both.open("gw-1")

    assert contradicted(both.path, both.naive.proofs) == 1
