"""The gateway, its sequencer or both are killed while they append; no receipt is ever lost."""

import asyncio
import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from audit.entry import Receipt
from audit.errors import LedgerInUse, LedgerStopped
from audit.ledger import Ledger
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_kept_receipt, verify_ledger
from tests.fakes_audit import (
    VKEY,
    append_until_killed,
    hold_ledger,
    make_draft,
    make_settings,
    open_store,
    pid_of,
)

pytestmark = pytest.mark.anyio

KILLS = 15
STARTUP_S = 10.0
GATEWAY, SEQUENCER = "gateway", "sequencer"
VICTIMS = ((GATEWAY,), (SEQUENCER,), (GATEWAY, SEQUENCER))


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


def kill(process: BaseProcess, sequencer: int, victims: tuple[str, ...]) -> None:
    """Kill these two or one of them, and wait until the gateway has ended too."""
    if SEQUENCER in victims:
        with suppress(ProcessLookupError):
            os.kill(sequencer, signal.SIGKILL)
    if GATEWAY in victims:
        process.kill()
    process.join(STARTUP_S)
    assert not process.is_alive(), "a gateway without its sequencer did not end"


def test_no_receipt_is_lost_in_many_kills(tmp_path: Path, context: ForkServerContext) -> None:
    """After each kill the ledger opens again; at the end it is whole and holds every receipt."""
    receipts, chance = tmp_path / "receipts", random.Random(7)  # noqa: S311  A delay, no secret.
    for number in range(KILLS):
        size = receipts.stat().st_size if receipts.exists() else 0
        process = context.Process(target=append_until_killed, args=(str(tmp_path), str(receipts)))
        process.start()
        wait_until_larger(receipts, size, process)
        process.join(chance.uniform(0, 0.06))
        sequencer = int((tmp_path / "sequencer.pid").read_text())
        kill(process, sequencer, VICTIMS[number % len(VICTIMS)])

    open_store(tmp_path / "ledger.db", patience_s=STARTUP_S).close()
    with LedgerFile.open(tmp_path / "ledger.db") as reader:
        summary = verify_ledger(reader, vkey=VKEY)
        found = [verify_kept_receipt(reader, proof, vkey=VKEY) for proof in proofs_in(receipts)]

    assert len(found) >= KILLS
    assert len(set(found)) == len(found)
    assert summary.size > len(found)


def test_a_second_process_is_refused(tmp_path: Path, context: ForkServerContext) -> None:
    """While one gateway holds the ledger no other can; when it is killed, the next one can."""
    ready = tmp_path / "ready"
    process = context.Process(target=hold_ledger, args=(str(tmp_path), str(ready)))
    process.start()
    wait_until_larger(ready, 0, process)

    with pytest.raises(LedgerInUse):
        open_store(tmp_path / "ledger.db")
    with pytest.raises(LedgerInUse):
        Ledger.open(make_settings(tmp_path, patience_s=0.0))
    process.kill()
    Ledger.open(make_settings(tmp_path)).close()
    process.join()


async def test_a_killed_sequencer_releases_nothing(tmp_path: Path) -> None:
    """All who wait and all who come later hear it; opened again, the log goes on."""
    ledger = Ledger.open(make_settings(tmp_path))
    first = await ledger.append(make_draft(1))
    os.kill(pid_of(ledger), signal.SIGSTOP)
    waiting = [asyncio.ensure_future(ledger.append(make_draft(n))) for n in (2, 3)]
    await asyncio.sleep(0.01)
    os.kill(pid_of(ledger), signal.SIGKILL)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    with pytest.raises(LedgerStopped):
        await ledger.append(make_draft(4))
    stopped = ledger.status.stopped
    ledger.close()
    again = Ledger.open(make_settings(tmp_path))
    last = await again.append(make_draft(5))
    again.close()

    assert [type(o) for o in outcomes] == [LedgerStopped, LedgerStopped]
    assert stopped == "the sequencer ended"
    assert (first.index, last.index) == (1, 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_to_the_whole_group_does_not_end_the_sequencer(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The gateway finishes its requests first; only its own end is the end of the sequencer."""
    ledger = Ledger.open(make_settings(tmp_path))
    os.kill(pid_of(ledger), number)

    receipt = await ledger.append(make_draft(1))

    ledger.close()
    assert isinstance(receipt, Receipt)
