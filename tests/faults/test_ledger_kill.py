"""The process is killed while it appends, many times; no receipt is ever lost."""

import multiprocessing
import random
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from audit.errors import LedgerInUse
from audit.reader import LedgerFile
from audit.store import SqlStore
from audit.verify import verify_kept_receipt, verify_ledger
from tests.fakes_audit import VKEY, append_until_killed, hold_ledger

KILLS = 40
STARTUP_S = 10.0


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    """Give a way to start processes that have imported the ledger already."""
    started = multiprocessing.get_context("forkserver")
    started.set_forkserver_preload(["tests.fakes_audit"])
    return started


def proofs_in(path: Path) -> Iterator[bytes]:
    """Give the receipts that were written down whole."""
    data, at = path.read_bytes(), 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if at + 4 + size > len(data):
            return
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


def wait_until_larger(path: Path, size: int, process: BaseProcess) -> None:
    """Return when the process has handed out a receipt."""
    waited = 0.0
    while not path.exists() or path.stat().st_size <= size:
        process.join(0.005)
        waited += 0.005
        assert process.is_alive(), "the appending process ended by itself"
        assert waited < STARTUP_S, "the appending process hands out nothing"


def test_no_receipt_is_lost_in_forty_kills(tmp_path: Path, context: ForkServerContext) -> None:
    """After each kill the ledger opens again; at the end it is whole and holds every receipt."""
    receipts, chance = tmp_path / "receipts", random.Random(7)  # noqa: S311  A delay, no secret.
    for _ in range(KILLS):
        size = receipts.stat().st_size if receipts.exists() else 0
        process = context.Process(target=append_until_killed, args=(str(tmp_path), str(receipts)))
        process.start()
        wait_until_larger(receipts, size, process)
        process.join(chance.uniform(0, 0.06))
        process.kill()
        process.join()

    with LedgerFile.open(tmp_path / "ledger.db") as reader:
        summary = verify_ledger(reader, vkey=VKEY)
        found = [verify_kept_receipt(reader, proof, vkey=VKEY) for proof in proofs_in(receipts)]

    assert len(found) >= KILLS
    assert len(set(found)) == len(found)
    assert summary.size > len(found)


def test_a_second_process_is_refused(tmp_path: Path, context: ForkServerContext) -> None:
    """While one process holds the ledger another cannot open it; afterwards it can."""
    ready = tmp_path / "ready"
    process = context.Process(target=hold_ledger, args=(str(tmp_path), str(ready)))
    process.start()
    wait_until_larger(ready, -1, process)

    with pytest.raises(LedgerInUse):
        SqlStore.open(tmp_path / "ledger.db")
    process.kill()
    process.join()
    SqlStore.open(tmp_path / "ledger.db").close()
