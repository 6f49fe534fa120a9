"""The ledger: callers queue, one sequencer writes; durable before anyone is released.

An append is *accepted* when it is queued, *durable* when its batch is committed, and only then
*published*: the receipt and the signature of the batch leave this process after the commit.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Final

from audit.appender import Appender, Means, Outcome, check_draft
from audit.checkpoint import open_checkpoint
from audit.entry import Draft, EntryType, Receipt, parse_leaf
from audit.errors import (
    AuditError,
    KeyInvalid,
    LedgerBusy,
    LedgerCorrupt,
    LedgerStopped,
)
from audit.highwater import HighWater
from audit.merkle import Frontier, frontier_at
from audit.note import Signer, Verifier
from audit.reading import LedgerReader, Replay, StoredTree
from audit.seal import Seal
from audit.storage import MAX_BATCH, Head, Store

__all__ = ["Ledger", "LedgerReader", "LedgerStatus", "Replay"]

DAY_MS: Final = 24 * 3600 * 1000
_MARK_EVERY_MS: Final = (
    1000  # One sync a second more; the mark is a lower bound of what was released.
)
_CLOSED: Final = "closed"
_GATEWAY_ID = re.compile("[a-z0-9-]{1,32}")


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """How the ledger does.

    Units:   size in leaves; checkpoint_at_ms in ms since 1970; pending counts queued callers.
    """

    size: int
    checkpoint_at_ms: int
    stopped: str | None
    pending: int


@dataclass(frozen=True, slots=True)
class _Pending:
    draft: Draft
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Receipt]


class Ledger:
    """The one writer of a log. Only the disclosure flow gets this; everyone else a reader."""

    def __init__(
        self,
        appender: Appender,
        marks: HighWater,
        *,
        clock_ms: Callable[[], int],
        pending_limit: int,
    ) -> None:
        self._appender = appender
        self._marks = marks
        self._clock_ms = clock_ms
        self._marked_at = 0
        self._pending_limit = pending_limit
        self._queue: SimpleQueue[_Pending | None] = SimpleQueue()
        self._gate = Lock()
        self._stopped: str | None = None
        self._thread = Thread(target=self._run, name="ledger-sequencer", daemon=True)
        self._thread.start()

    @classmethod
    def open(  # noqa: PLR0913  Everything comes in by name here, so that nothing is read elsewhere.
        cls,
        store: Store,
        *,
        origin: str,
        signer: Signer,
        gateway_id: str,
        seal: Seal,
        clock_ms: Callable[[], int],
        random: Callable[[int], bytes],
        high_water: Path,
        replay_ms: int = DAY_MS,
        pending_limit: int = 4096,
    ) -> "Ledger":
        """Open a log, or begin one, after checking that what is stored is what was signed.

        Units:   clock_ms and replay_ms in ms; pending_limit in callers.
        Trust:   the store is not trusted: head, tree and signature are compared first.
        Effects: an empty store gets its genesis entry. The store stays the caller's to close.
        Raises:  KeyInvalid, KeyMismatch, NoteInvalid, SignatureInvalid, DurabilityMissing,
                 LedgerCorrupt, RollbackSeen, and what a first append raises.
        """
        if signer.name != origin or _GATEWAY_ID.fullmatch(gateway_id) is None:
            raise KeyInvalid("the key must carry the origin, and the gateway id be [a-z0-9-]+")
        store.check_durable()
        head = store.head()
        frontier = _checked_frontier(store, head, signer.verifier)
        marks = HighWater(high_water)
        marks.check(head, StoredTree(store).hash_at)
        means = Means(signer, gateway_id, seal, clock_ms, random, replay_ms)
        appender = Appender(store, means, head, frontier, _next_counter(store, gateway_id))
        if head.size == 0:
            _begin(appender, signer, random)
        return cls(appender, marks, clock_ms=clock_ms, pending_limit=pending_limit)

    @property
    def status(self) -> LedgerStatus:
        """How the ledger does now."""
        head = self._appender.head
        return LedgerStatus(head.size, head.last_time, self._stopped, self._queue.qsize())

    async def append(self, draft: Draft) -> Receipt:
        """Record this draft, and give the receipt.

        Effects: durable before return. A caller who is cancelled while waiting may find the entry
                 written: it is recorded that something was about to be released.
        Raises:  LeafInvalid, SealInvalid, DuplicateRequest, AppendFailed: this draft only.
                 LedgerBusy if the queue is full. LedgerStopped until the ledger is opened again.
        """
        check_draft(draft)
        loop = asyncio.get_running_loop()
        pending = _Pending(draft, loop, loop.create_future())
        with self._gate:
            if self._stopped is not None:
                raise LedgerStopped(self._stopped)
            if self._queue.qsize() >= self._pending_limit:
                raise LedgerBusy("too many appends are waiting")
            self._queue.put(pending)
        return await pending.future

    def close(self) -> None:
        """Write what is queued, refuse what comes later, and record the high-water mark."""
        with self._gate:
            if self._stopped is None:
                self._stopped = _CLOSED
                self._queue.put(None)
        self._thread.join()
        if self._stopped == _CLOSED:
            self._marks.mark(self._appender.head)

    def _run(self) -> None:
        batch: list[_Pending] = []
        reason = "a bug stopped the sequencer"
        try:
            open_ = True
            while open_:
                taken = self._take()
                batch = [pending for pending in taken if pending is not None]
                open_ = len(batch) == len(taken)
                self._serve(batch)
            reason = _CLOSED
        except AuditError as error:
            reason = f"{type(error).__name__}: {error}"
        except OSError as error:
            reason = f"the high-water mark cannot be written: {type(error).__name__}"
        finally:
            self._halt(reason, batch)

    def _take(self) -> list[_Pending | None]:
        return [self._queue.get(), *self._drain(MAX_BATCH - 1)]

    def _drain(self, limit: int) -> list[_Pending | None]:
        drained: list[_Pending | None] = []
        with suppress(Empty):
            for _ in range(limit):
                drained.append(self._queue.get_nowait())  # noqa: PERF401  What came first stays.
        return drained

    def _serve(self, batch: Sequence[_Pending]) -> None:
        if not batch:
            return
        outcomes = self._appender.append_batch([pending.draft for pending in batch])
        _settle(zip(batch, outcomes, strict=True))
        now = self._clock_ms()
        if abs(now - self._marked_at) >= _MARK_EVERY_MS:
            self._marks.mark(self._appender.head)
            self._marked_at = now

    def _halt(self, reason: str, batch: Sequence[_Pending]) -> None:
        with self._gate:
            if self._stopped is None or reason != _CLOSED:
                self._stopped = reason
        # Nobody can queue any more, so the queue is as long as it will be.
        waiting = [*batch, *self._drain(self._queue.qsize())]
        _settle((p, LedgerStopped(reason)) for p in waiting if p is not None)


def _settle(results: Iterable[tuple[_Pending, Outcome]]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Receipt], Outcome]]] = {}
    for pending, outcome in results:
        by_loop.setdefault(pending.loop, []).append((pending.future, outcome))
    for loop, settled in by_loop.items():
        # A loop that was closed meanwhile has nobody left to tell; the entries stand.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, settled)


def _resolve(settled: Sequence[tuple[asyncio.Future[Receipt], Outcome]]) -> None:
    for future, outcome in settled:
        if future.done():
            continue
        if isinstance(outcome, AuditError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def _checked_frontier(store: Store, head: Head, verifier: Verifier) -> Frontier:
    frontier = frontier_at(head.size, StoredTree(store).hash_at)
    if frontier.root != head.root:
        raise LedgerCorrupt("the stored hashes do not lead to the stored root")
    note = store.checkpoint()
    if (note is None) != (head.size == 0):
        raise LedgerCorrupt("the head and the newest checkpoint disagree")
    if note is not None:
        checkpoint = open_checkpoint(note, verifier)
        if (checkpoint.size, checkpoint.root) != (head.size, head.root):
            raise LedgerCorrupt("the head and the newest checkpoint disagree")
    return frontier


def _next_counter(store: Store, gateway_id: str) -> int:
    leaf = store.last_leaf(gateway_id)
    if leaf is None:
        return 0
    counter = parse_leaf(leaf).get("counter")
    if not isinstance(counter, int):
        raise LedgerCorrupt("the newest entry of this gateway has no counter")
    return counter + 1


def _begin(appender: Appender, signer: Signer, random: Callable[[int], bytes]) -> None:
    members = {"origin": signer.name, "vkey": signer.verifier.vkey}
    [outcome] = appender.append_batch([Draft(EntryType.GENESIS, random(16).hex(), members)])
    if isinstance(outcome, AuditError):
        raise outcome
