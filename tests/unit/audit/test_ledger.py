"""The ledger as its callers see it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from typing_extensions import override

from audit.entry import Draft, EntryType, Receipt, parse_leaf
from audit.errors import (
    DuplicateRequest,
    LeafInvalid,
    LedgerBusy,
    LedgerStopped,
    StorageBroken,
)
from audit.ledger import Ledger
from audit.proof import verify_receipt
from audit.storage.contract import MAX_BATCH, Batch
from tests.fakes_audit import (
    ORIGIN,
    START_MS,
    VKEY,
    FixedClock,
    MemoryStore,
    make_draft,
    open_ledger,
)

pytestmark = pytest.mark.anyio


class SlowStore(MemoryStore):
    """A store whose commits wait until they are let go, and may then fail."""

    def __init__(self) -> None:
        super().__init__()
        self.go = Event()
        self.go.set()
        self.entered = Event()
        self.failure: BaseException | None = None
        self.batches: list[int] = []

    def hold(self) -> None:
        """Let the next commit wait."""
        self.entered.clear()
        self.go.clear()

    async def held(self) -> None:
        """Return once a commit waits."""
        await asyncio.to_thread(self.entered.wait, 5)

    @override
    def commit(self, batch: Batch) -> None:
        """Wait, and then write or fail."""
        self.entered.set()
        self.go.wait(5)
        if self.failure is not None:
            raise self.failure
        self.batches.append(len(batch.entries))
        super().commit(batch)


@contextmanager
def opened(store: MemoryStore, folder: Path, **settings: int) -> Iterator[Ledger]:
    """Open a ledger for the length of a with block."""
    ledger = open_ledger(store, folder / "marks", settings=settings)
    try:
        yield ledger
    finally:
        ledger.close()


async def test_an_append_gives_a_receipt(tmp_path: Path) -> None:
    """The receipt proves the entry, which follows the genesis entry."""
    store = MemoryStore()
    with opened(store, tmp_path) as ledger:
        receipt = await ledger.append(make_draft())

    assert (receipt.log, receipt.index, receipt.request_id) == (ORIGIN, 1, f"{1:032x}")
    assert verify_receipt(receipt.proof, VKEY) == receipt.leaf == store.rows[1].leaf


async def test_the_log_begins_with_its_own_name_and_key(tmp_path: Path) -> None:
    """The genesis entry says which log this is."""
    store = MemoryStore()
    with opened(store, tmp_path):
        leaf = parse_leaf(store.rows[0].leaf or b"")

    assert (leaf["type"], leaf["origin"], leaf["vkey"]) == ("genesis", ORIGIN, VKEY)


async def test_callers_share_a_batch(tmp_path: Path) -> None:
    """Whoever waits while one batch is written goes with the next, up to 1,024."""
    store = SlowStore()
    with opened(store, tmp_path) as ledger:
        store.hold()
        tasks = [asyncio.ensure_future(ledger.append(make_draft(n))) for n in range(3000)]
        await store.held()
        store.go.set()
        receipts = await asyncio.gather(*tasks)

    assert [r.index for r in receipts] == list(range(1, 3001))
    assert max(store.batches) <= MAX_BATCH
    assert len(store.batches) <= 5


async def test_a_refused_draft_is_told_to_its_caller_only(tmp_path: Path) -> None:
    """A bad draft and a repeated id leave the others alone."""
    with opened(MemoryStore(), tmp_path) as ledger:
        outcomes = await asyncio.gather(
            ledger.append(make_draft(1)),
            ledger.append(make_draft(1)),
            ledger.append(make_draft(2, role="999990019")),
            ledger.append(make_draft(3)),
            return_exceptions=True,
        )

    assert [type(o) for o in outcomes] == [Receipt, DuplicateRequest, LeafInvalid, Receipt]


async def test_a_draft_of_another_shape_is_never_queued(tmp_path: Path) -> None:
    """The caller hears it at once."""
    with opened(MemoryStore(), tmp_path) as ledger:
        with pytest.raises(LeafInvalid):
            await ledger.append(Draft(EntryType.POLICY, "x", {}))

        assert ledger.status.pending == 0


async def test_a_full_queue_refuses_at_once(tmp_path: Path) -> None:
    """Beyond the limit callers are sent away, and those who wait are served."""
    store = SlowStore()
    with opened(store, tmp_path, pending_limit=3) as ledger:
        store.hold()
        first = asyncio.ensure_future(ledger.append(make_draft(0)))
        await store.held()
        waiting = [asyncio.ensure_future(ledger.append(make_draft(n))) for n in (1, 2)]
        await asyncio.sleep(0)

        with pytest.raises(LedgerBusy):
            await ledger.append(make_draft(3))
        pending = ledger.status.pending
        store.go.set()
        receipts = await asyncio.gather(first, *waiting)

    assert pending == 3
    assert [r.index for r in receipts] == [1, 2, 3]


async def test_a_cancelled_caller_breaks_nothing(tmp_path: Path) -> None:
    """The entry of a caller who left stands, and the others get their receipts."""
    store = SlowStore()
    with opened(store, tmp_path) as ledger:
        store.hold()
        tasks = [asyncio.ensure_future(ledger.append(make_draft(n))) for n in range(3)]
        await store.held()
        tasks[1].cancel()
        store.go.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        after = await ledger.append(make_draft(9))

    assert [type(o) for o in outcomes] == [Receipt, asyncio.CancelledError, Receipt]
    assert after.index == 4


@pytest.mark.parametrize(
    "failure",
    [StorageBroken("io"), LedgerStopped("head"), OSError("mark")],
    ids=["storage", "head", "os"],
)
async def test_an_unknown_outcome_stops_the_ledger(tmp_path: Path, failure: Exception) -> None:
    """The caller and all later ones hear that the ledger stopped; nothing more is signed."""
    store = SlowStore()
    with opened(store, tmp_path) as ledger:
        store.failure = failure
        with pytest.raises(LedgerStopped):
            await ledger.append(make_draft(1))
        store.failure = None

        with pytest.raises(LedgerStopped):
            await ledger.append(make_draft(2))
        stopped = ledger.status.stopped

    assert stopped is not None
    assert len(store.rows) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_bug_stops_the_ledger_and_nobody_hangs(tmp_path: Path) -> None:
    """Also a failure that nobody foresaw releases the callers, with an error."""
    store = SlowStore()
    with opened(store, tmp_path) as ledger:
        store.failure = ZeroDivisionError()

        with pytest.raises(LedgerStopped):
            await ledger.append(make_draft(1))


async def test_those_who_wait_when_the_ledger_stops_are_told(tmp_path: Path) -> None:
    """The queue is emptied when the sequencer ends."""
    store = SlowStore()
    with opened(store, tmp_path) as ledger:
        store.hold()
        first = asyncio.ensure_future(ledger.append(make_draft(0)))
        await store.held()
        later = asyncio.ensure_future(ledger.append(make_draft(1)))
        await asyncio.sleep(0)
        store.failure = StorageBroken("io")
        store.go.set()
        outcomes = await asyncio.gather(first, later, return_exceptions=True)

    assert [type(o) for o in outcomes] == [LedgerStopped, LedgerStopped]


async def test_close_writes_what_is_queued_and_refuses_the_rest(tmp_path: Path) -> None:
    """A caller who was accepted is served; closing again changes nothing."""
    store = SlowStore()
    ledger = open_ledger(store, tmp_path / "marks")
    store.hold()
    tasks = [asyncio.ensure_future(ledger.append(make_draft(n))) for n in range(3)]
    await store.held()
    store.go.set()
    ledger.close()
    receipts = await asyncio.gather(*tasks)
    ledger.close()

    with pytest.raises(LedgerStopped):
        await ledger.append(make_draft(4))
    assert [r.index for r in receipts] == [1, 2, 3]
    assert (tmp_path / "marks").read_text().split("\n")[-2].startswith("4 ")


def test_a_loop_that_is_gone_breaks_nothing(tmp_path: Path) -> None:
    """Callers of a loop that was closed are nobody's problem; the entry stands."""
    store = SlowStore()
    with opened(store, tmp_path) as ledger:
        store.hold()
        loop = asyncio.new_event_loop()
        task = loop.create_task(ledger.append(make_draft(1)))
        loop.run_until_complete(store.held())
        loop.run_until_complete(loop.shutdown_default_executor())
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()
        store.go.set()
        receipt = asyncio.run(ledger.append(make_draft(2)))

    assert receipt.index == 2


async def test_the_status_tells_how_far_the_log_is(tmp_path: Path) -> None:
    """Size, time of the checkpoint and health."""
    with opened(MemoryStore(), tmp_path) as ledger:
        await ledger.append(make_draft())
        status = ledger.status

    assert (status.size, status.checkpoint_at_ms, status.stopped) == (2, START_MS, None)


async def test_a_reopened_ledger_goes_on_where_it_was(tmp_path: Path) -> None:
    """Index and counter continue without a gap."""
    store = MemoryStore()
    with opened(store, tmp_path) as ledger:
        await ledger.append(make_draft(1))
    with opened(store, tmp_path) as ledger:
        await ledger.append(make_draft(2))

    assert [parse_leaf(row.leaf or b"")["counter"] for row in store.rows] == [0, 1, 2]


async def test_a_mark_is_written_once_a_second(tmp_path: Path) -> None:
    """Marks follow the log at a distance of at most a second of its clock."""
    clock, marks = FixedClock(), tmp_path / "marks"
    ledger = open_ledger(MemoryStore(), marks, clock=clock)
    for number in range(4):
        clock.ms += 600
        await ledger.append(make_draft(number))
    ledger.close()

    assert [line.split()[0] for line in marks.read_text().splitlines()] == ["2", "4", "5"]


async def test_a_mark_that_cannot_be_written_stops_the_ledger(tmp_path: Path) -> None:
    """Without marks a rollback could go unseen."""
    folder = tmp_path / "marks"
    folder.mkdir()
    clock = FixedClock()
    ledger = open_ledger(MemoryStore(), folder / "marks", clock=clock)
    (folder / "marks").unlink()
    (folder / "marks").mkdir()
    receipt = await ledger.append(make_draft(1))

    with pytest.raises(LedgerStopped):
        await ledger.append(make_draft(2))
    ledger.close()
    assert receipt.index == 1
