"""The ledger and its connection: loops, large drafts, nonsense, and the end of either side."""

import asyncio
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from socket import socket, socketpair

import pytest

from audit.entry import Draft
from audit.errors import LeafInvalid, LedgerStopped
from audit.ledger import Ledger
from audit.sequencer.wire import pack, pack_draft
from tests.fakes_audit import ORIGIN, START_MS, MemoryStore, make_draft, open_ledger

pytestmark = pytest.mark.anyio


def over() -> tuple[Ledger, socket]:
    """Give a ledger over a sequencer that has said that it is ready, and the other end."""
    ours, theirs = socketpair()
    theirs.sendall(pack((1, START_MS, b"", [], None)))
    return Ledger.over(ours, origin=ORIGIN, ended=lambda: None), theirs


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\xff" * 8,
        pack("a text"),
        pack((1, 2, b"", [], None, 5)),
        pack((1, 2, b"", 3, None)),
        pack((1, 2, b"note", [(1, b"leaf")], None)),
        pack((1, 2, b"note", [(1, b"leaf", b"path", 4)], None)),
        pack((1, 2, b"note", [("NoSuchError", "text")], None)),
        pack((1, 2, b"note", [("LeafInvalid", "text")] * 2, None)),
        b"\x01\x00\x00\x00?",
    ],
    ids=range(9),
)
async def test_an_answer_that_is_nonsense_stops_the_ledger(nonsense: bytes) -> None:
    """Nothing is released, and the sequencer sees the end of its connection."""
    ledger, theirs = over()
    appending = asyncio.ensure_future(ledger.append(make_draft(1)))
    await asyncio.sleep(0)
    theirs.sendall(nonsense)
    [outcome] = await asyncio.gather(appending, return_exceptions=True)

    with pytest.raises(LedgerStopped):
        await ledger.append(make_draft(2))
    with theirs:
        heard = [theirs.recv(1 << 20), theirs.recv(1)]
    assert isinstance(outcome, LedgerStopped | LeafInvalid)
    assert ledger.status.stopped == "the sequencer answered nonsense"
    assert heard == [pack_draft(make_draft(1)), b""]
    ledger.close()


async def test_a_sequencer_that_ends_stops_the_ledger() -> None:
    """Whoever still waits is told at once."""
    ledger, theirs = over()
    waiting = [asyncio.ensure_future(ledger.append(make_draft(n))) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    waiting.pop(1).cancel()
    theirs.close()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    ledger.close()

    assert [str(outcome) for outcome in outcomes] == ["the sequencer ended"] * 2


async def test_a_sequencer_that_dies_over_unread_drafts_stops_the_ledger() -> None:
    """The connection is reset then, instead of ending."""
    ledger, theirs = over()
    waiting = asyncio.ensure_future(ledger.append(make_draft(1)))
    await asyncio.to_thread(theirs.recv, 1)
    theirs.close()
    [outcome] = await asyncio.gather(waiting, return_exceptions=True)
    ledger.close()

    assert str(outcome) == "the sequencer ended"


async def test_what_was_answered_before_the_end_is_released() -> None:
    """A commit that was told is a commit, also if the next message cannot be sent any more."""
    told = (0, b"leaf", b"path")
    ledger, theirs = over()
    theirs.sendall(pack((2, START_MS, b"note", [told], None)))
    theirs.close()
    receipt = await ledger.append(make_draft(1))

    with pytest.raises(LedgerStopped):
        await ledger.append(make_draft(2))
    assert (receipt.index, receipt.leaf) == (0, b"leaf")
    ledger.close()


def test_a_sequencer_that_never_spoke_is_told() -> None:
    """A start without a word is no start."""
    ours, theirs = socketpair()
    theirs.close()
    ended: list[bool] = []

    with pytest.raises(LedgerStopped):
        Ledger.over(ours, origin=ORIGIN, ended=lambda: ended.append(True))

    assert ended == [True]
    assert ours.fileno() == -1


def test_a_sequencer_that_ended_without_listening_is_told() -> None:
    """A start whose settings nobody read is no start either."""
    ours, theirs = socketpair()
    ours.sendall(b"settings")
    theirs.close()

    with pytest.raises(LedgerStopped):
        Ledger.over(ours, origin=ORIGIN, ended=lambda: None)

    assert ours.fileno() == -1


def large(number: int) -> Draft:
    """Give a draft far larger than a socket takes at once."""
    return replace(make_draft(number), replay=b"x" * 9_000_000, replay_digest=b"d" * 32)


async def test_drafts_that_a_socket_cannot_take_at_once_arrive_whole(tmp_path: Path) -> None:
    """What does not fit waits on this side, and others go on after it."""
    store = MemoryStore()
    with closing(open_ledger(store, tmp_path / "marks")) as ledger:
        receipts = await asyncio.gather(ledger.append(large(1)), ledger.append(make_draft(2)))
        last = await ledger.append(make_draft(3))

    assert [r.index for r in (*receipts, last)] == [1, 2, 3]
    assert len(store.answers[1].sealed) > 9_000_000


def fill(connection: socket) -> int:
    """Write until nothing more fits, and return how many bytes did."""
    filled = 0
    with suppress(BlockingIOError):
        while True:
            filled += connection.send(b"x" * 65_536)
    return filled


async def test_a_draft_waits_for_a_socket_that_takes_nothing() -> None:
    """A full connection is no failure: the draft goes out once there is room."""
    ours, theirs = socketpair()
    theirs.sendall(pack((1, START_MS, b"", [], None)))
    ledger = Ledger.over(ours, origin=ORIGIN, ended=lambda: None)
    before = fill(ours)
    appending = asyncio.ensure_future(ledger.append(make_draft(1)))
    await asyncio.sleep(0.01)
    while before > 0:
        before -= len(theirs.recv(before))
    heard = await asyncio.to_thread(theirs.recv, 1 << 20)
    theirs.sendall(pack((2, START_MS, b"note", [(0, b"leaf", b"path")], None)))
    receipt = await appending
    theirs.close()
    ledger.close()

    assert heard == pack_draft(make_draft(1))
    assert receipt.leaf == b"leaf"


async def test_close_sends_what_was_not_sent_yet(tmp_path: Path) -> None:
    """Also a draft that is larger than a socket takes is written before the end."""
    store = MemoryStore()
    ledger = open_ledger(store, tmp_path / "marks")
    tasks = [asyncio.ensure_future(ledger.append(large(n))) for n in (1, 2)]
    await asyncio.sleep(0)
    ledger.close()
    receipts = await asyncio.gather(*tasks)

    assert [r.index for r in receipts] == [1, 2]


async def test_one_event_loop_at_a_time(tmp_path: Path) -> None:
    """Two loops would be two threads over one queue: a bug of the caller."""
    with closing(open_ledger(MemoryStore(), tmp_path / "marks")) as ledger:
        await ledger.append(make_draft(1))
        with pytest.raises(RuntimeError):
            await asyncio.to_thread(asyncio.run, ledger.append(make_draft(2)))
        receipt = await ledger.append(make_draft(3))

    assert receipt.index == 2


def test_loops_may_follow_one_another(tmp_path: Path) -> None:
    """What a loop that ended had not sent is written with the next one's."""
    with closing(open_ledger(MemoryStore(), tmp_path / "marks")) as ledger:
        first = asyncio.new_event_loop()
        task = first.create_task(ledger.append(make_draft(1)))
        first.run_until_complete(asyncio.sleep(0))
        receipt = asyncio.run(ledger.append(make_draft(2)))
        earlier = first.run_until_complete(task)
        first.close()

    assert (earlier.index, receipt.index) == (1, 2)
