"""The process of the sequencer, run in this one for once."""

import asyncio
import os
import runpy
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from audit.entry import Receipt
from audit.errors import LedgerInUse
from audit.ledger import Ledger
from audit.proof import verify_receipt
from audit.sequencer.__main__ import main
from audit.sequencer.wire import pack_settings
from tests.fakes_audit import ORIGIN, VKEY, make_draft, make_settings, open_store

PROGRAM = Path(__file__).parents[4] / "audit" / "sequencer" / "__main__.py"
IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def gateway() -> Iterator[socket.socket]:
    """Give the gateway's end of a socket whose other end is the standard input."""
    ours, theirs = socket.socketpair()
    kept, handlers = os.dup(0), {number: signal.getsignal(number) for number in IGNORED}
    with ours:
        with theirs:
            os.dup2(theirs.fileno(), 0)
        yield ours
    os.dup2(kept, 0)
    os.close(kept)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def run_program() -> None:
    """Run the module as `python -m` would."""
    runpy.run_path(str(PROGRAM), None, "__main__")


def test_the_program_serves_its_standard_input(gateway: socket.socket, tmp_path: Path) -> None:
    """Settings first, then drafts; it ends when the gateway hangs up, and ignores signals."""
    gateway.sendall(pack_settings(make_settings(tmp_path)))
    receipts: list[Receipt] = []

    def use() -> None:
        ledger = Ledger.over(gateway, origin=ORIGIN, ended=lambda: None)
        receipts.append(asyncio.run(ledger.append(make_draft(1))))
        ledger.close()

    user = Thread(target=use)
    user.start()
    run_program()
    user.join()

    assert [verify_receipt(receipt.proof, VKEY) for receipt in receipts] == [receipts[0].leaf]
    assert [signal.getsignal(number) for number in IGNORED] == [signal.SIG_IGN] * 3
    open_store(tmp_path / "ledger.db").close()


def test_a_gateway_that_dies_before_it_spoke_ends_the_program(gateway: socket.socket) -> None:
    """Without settings there is nothing to open."""
    gateway.close()

    main()

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(0)


def test_a_start_that_fails_is_raised_in_the_gateway(tmp_path: Path) -> None:
    """The error of the sequencer comes out of `Ledger.open` as itself."""
    store = open_store(tmp_path / "ledger.db")

    with pytest.raises(LedgerInUse):
        Ledger.open(make_settings(tmp_path, patience_s=0.0))

    store.close()
