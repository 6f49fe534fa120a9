"""Retention: content goes, proofs stay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.entry import parse_leaf
from audit.errors import EntryPruned, NothingToPrune
from audit.keeping import Order
from audit.proof import verify_receipt
from audit.reading import LedgerReader
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_kept_receipt, verify_ledger
from tests.fakes_audit import ORIGIN, VKEY, FixedClock, make_draft, make_seal
from tests.fakes_keeping import ORDER, KeptLog, kept_log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[KeptLog]:
    """Open a log with a keeper beside its gateway."""
    with kept_log(tmp_path) as opened:
        yield opened


def fill(log: KeptLog, count: int) -> list[bytes]:
    """Append this many entries, and give their receipts."""
    return [receipt.proof for receipt in log.gateway.append(*map(make_draft, range(1, count + 1)))]


def test_retention_takes_the_content_below_its_bound(log: KeptLog) -> None:
    """Leaves, particulars and answers go, whole tiles at a time; receipts and hashes stay."""
    receipts = fill(log, 300)
    before = log.reader.hashes(0, 0, 301)

    report = log.keeper.retain(299, Order("selectielijst_2020", b"functionaris-3"))

    leaves = [entry.leaf for entry in log.reader.entries(0, 302)]
    told = parse_leaf(report.receipt.leaf)
    assert (told["below"], told["ground"]) == (256, "selectielijst_2020")
    assert (report.below, report.emptied) == (256, True)
    assert leaves[:256] == [None] * 256
    assert None not in leaves[256:]
    assert log.reader.hashes(0, 0, 301) == before
    assert (log.reader.particulars(255), len(log.reader.particulars(256))) == ([], 1)
    assert parse_leaf(verify_receipt(receipts[0], VKEY))["id"] == f"{1:032x}"


def test_the_reader_says_that_an_entry_was_pruned(log: KeptLog) -> None:
    """It is not the same as an entry that never was."""
    fill(log, 260)
    log.keeper.retain(256, ORDER)
    reader = LedgerReader(log.reader, origin=ORIGIN, seal=make_seal(), clock_ms=FixedClock())

    with pytest.raises(EntryPruned):
        reader.receipt(f"{1:032x}")


@pytest.mark.parametrize("below", [-1, 0, 1, 255])
def test_a_bound_below_one_tile_prunes_nothing(log: KeptLog, below: int) -> None:
    """And nothing is recorded."""
    fill(log, 300)

    with pytest.raises(NothingToPrune):
        log.keeper.retain(below, ORDER)

    assert log.size == 301


def test_a_bound_beyond_the_log_prunes_whole_tiles_that_are_there(log: KeptLog) -> None:
    """It never reaches its own entry."""
    fill(log, 520)

    assert log.keeper.retain(10**9, ORDER).below == 512


@pytest.mark.parametrize("below", [256, 300, 511])
def test_a_bound_that_was_reached_before_prunes_nothing(log: KeptLog, below: int) -> None:
    """A second run with the same bound or a lower one is refused, and leaves no entry."""
    fill(log, 520)
    log.keeper.retain(512, ORDER)
    size = log.size

    with pytest.raises(NothingToPrune):
        log.keeper.retain(below, ORDER)

    assert log.size == size


def test_a_log_shorter_than_a_tile_has_nothing_to_prune(log: KeptLog) -> None:
    """There is no whole tile."""
    with pytest.raises(NothingToPrune):
        log.keeper.retain(256, ORDER)


def test_a_later_bound_prunes_further(log: KeptLog) -> None:
    """Retention runs follow each other, year after year."""
    fill(log, 520)
    log.keeper.retain(256, ORDER)

    assert log.keeper.retain(512, ORDER).below == 512


def test_a_pruned_log_verifies(log: KeptLog) -> None:
    """The verifier finds the entry that allows what is gone, and the receipts still stand."""
    receipts = fill(log, 300)
    log.keeper.retain(256, ORDER)

    with LedgerFile.open(log.path) as reader:
        summary = verify_ledger(reader, vkey=VKEY)
        index = verify_kept_receipt(reader, receipts[0], vkey=VKEY)

    assert (summary.size, summary.absent, summary.pruned_below, index) == (302, 256, 256, 1)
