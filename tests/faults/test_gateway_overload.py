"""More requests than the ledger can take: some are refused, and nothing is released unlogged."""

import asyncio
import os
import signal

import pytest

from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_kept_receipt, verify_ledger
from tests.builders import House, flag
from tests.fakes_audit import pid_of

pytestmark = pytest.mark.anyio

ROOM = 4
ASKING = 24


async def test_overload(house: House) -> None:
    """While the sequencer stands still the queue fills; who finds no place gets a 503."""
    ledger = house.services.gate.ledger
    ledger._pending_limit = ROOM
    os.kill(pid_of(ledger), signal.SIGSTOP)
    asked = [asyncio.ensure_future(house.ask(flag())) for _ in range(ASKING)]
    done, _ = await asyncio.wait(asked, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < ASKING - ROOM:
        done, _ = await asyncio.wait(asked, timeout=0.05)
    waiting = ledger.status.pending
    early = [each.result() for each in done]
    os.kill(pid_of(ledger), signal.SIGCONT)
    answers = await asyncio.gather(*asked)
    released = [answer for answer in answers if answer.status_code == 200]
    with LedgerFile.open(house.gateway.ledger_path) as reader:
        verify_ledger(reader, vkey=house.gateway.vkey)
        for answer in released:
            proof = answer.json()["receipt"]["proof"].encode()
            verify_kept_receipt(reader, proof, vkey=house.gateway.vkey)
    disclosures = [leaf for leaf in house.leaves() if leaf["type"] == "disclosure"]

    assert waiting == ROOM
    assert {answer.status_code for answer in early} == {503}
    assert len(released) == len(disclosures) == ROOM
