"""The ledger as the gateway sees it: callers queue, a sequencer in its own process writes.

An append is *accepted* when it is queued, *durable* when its batch is committed, and only then
*published*: the receipt and the signature of the batch leave the sequencer after the commit. There
is no thread here. All calls come from one event loop at a time, or from none.
"""

import asyncio
import os
import select
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from audit.entry import Draft, Receipt
from audit.errors import LedgerBusy, LedgerStopped
from audit.reading import LedgerReader, Replay
from audit.sequencer.preparing import check_draft
from audit.sequencer.receipts import receipt_of
from audit.sequencer.wire import (
    Inbox,
    LogSettings,
    error_of,
    pack_draft,
    pack_settings,
    unpack_reply,
)

__all__ = ["Ledger", "LedgerReader", "LedgerStatus", "LogSettings", "Replay"]

PENDING_LIMIT: Final = 4096
_CLOSED: Final = "closed"
_ENDED: Final = "the sequencer ended"
_NONSENSE: Final = "the sequencer answered nonsense"
_BUFFER: Final = 1 << 20  # The system may give less; more of a burst then waits on this side.
# The sequencer runs the same code as this process, wherever it is started from.
_COMMAND: Final = (sys.executable, "-P", "-m", "audit.sequencer")
_CODE: Final = str(Path(__file__).resolve().parent.parent)


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """How the ledger does, as far as the sequencer has told.

    Units:   size in leaves; checkpoint_at_ms in ms since 1970; pending counts waiting callers.
    """

    size: int
    checkpoint_at_ms: int
    stopped: str | None
    pending: int


class Ledger:
    """The one way into a log. Only the disclosure flow gets this; everyone else a reader."""

    def __init__(
        self,
        connection: socket.socket,
        origin: str,
        ended: Callable[[], object],
        pending_limit: int,
    ) -> None:
        self._connection = connection
        self._origin = origin
        self._when_ended = ended
        self._pending_limit = pending_limit
        self._inbox = Inbox()
        self._unsent = bytearray()
        self._flush_due = False
        self._writing = False
        self._waiting: deque[tuple[asyncio.Future[Receipt], str]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._head = (0, 0)
        self._stopped: str | None = None
        self._hung_up = False

    @classmethod
    def open(cls, settings: LogSettings, *, pending_limit: int = PENDING_LIMIT) -> Self:
        """Start the sequencer of this log, and return once it has checked and opened it.

        Effects: a process that ends with this one; a new log gets its genesis entry.
        Raises:  what the sequencer met, as its own error: KeyInvalid, KeyMismatch, KeysRotated,
                 NoteInvalid, SignatureInvalid, DurabilityMissing, LedgerCorrupt, LedgerInUse,
                 RollbackSeen, SchemaOutdated, StorageBroken. LedgerStopped if it ended without
                 a word.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: S603  Our own module, and no input of anybody.
                _COMMAND,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": _CODE},
            )
        with suppress(ConnectionError):
            ours.sendall(pack_settings(settings))
        return cls.over(
            ours, origin=settings.origin, ended=process.wait, pending_limit=pending_limit
        )

    @classmethod
    def over(
        cls,
        connection: socket.socket,
        *,
        origin: str,
        ended: Callable[[], object],
        pending_limit: int = PENDING_LIMIT,
    ) -> Self:
        """Take up a log whose sequencer serves the other end of this connection.

        Effects: waits for its first word. `ended` is called once, when it has hung up; it may wait.
        Raises:  as `open`.
        """
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        ledger = cls(connection, origin, ended, pending_limit)
        try:
            ledger._await_ready()
        except BaseException:
            connection.close()
            ended()
            raise
        connection.settimeout(0)
        return ledger

    @property
    def status(self) -> LedgerStatus:
        """How the ledger does now."""
        size, last_time = self._head
        return LedgerStatus(size, last_time, self._stopped, len(self._waiting))

    async def append(self, draft: Draft) -> Receipt:
        """Record this draft, and give the receipt.

        Effects: durable before return. A caller who is cancelled while waiting may find the entry
                 written: it is recorded that something was about to be released.
        Raises:  LeafInvalid, SealInvalid, DuplicateRequest, AppendFailed: this draft only.
                 LedgerBusy if too many wait. LedgerStopped until the ledger is opened again; of
                 those who waited then, the entry may stand or not.
        """
        check_draft(draft)
        if self._stopped is not None:
            raise LedgerStopped(self._stopped)
        if len(self._waiting) >= self._pending_limit:
            raise LedgerBusy("too many appends are waiting")
        message = pack_draft(draft)
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._enter(loop)
        future: asyncio.Future[Receipt] = loop.create_future()
        self._waiting.append((future, draft.request_id))
        self._unsent += message
        if not self._flush_due:
            # Whoever else appends in this turn of the loop goes with the same system call.
            self._flush_due = True
            loop.call_soon(self._flush)
        return await future

    def close(self) -> None:
        """Have what is queued written, refuse what comes later, and wait for the sequencer.

        Effects: the sequencer records the high-water mark and ends.
        """
        if self._connection.fileno() < 0:
            return
        self._stopped = self._stopped or _CLOSED
        self._leave()
        self._finish()
        self._connection.close()
        self._when_ended()

    def _await_ready(self) -> None:
        while not (messages := self._inbox.take()):
            try:
                open_ = self._inbox.fill(self._connection)
            except OSError as error:  # It ended before it had read all that it was told.
                raise LedgerStopped(_ENDED) from error
            if not open_:
                raise LedgerStopped(_ENDED)
        reply = unpack_reply(messages[0])
        if reply.failure is not None:
            raise error_of(*reply.failure)
        self._head = reply.head

    def _enter(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not None and self._loop.is_running():
            raise RuntimeError("a ledger serves one event loop at a time")
        self._leave()
        self._loop = loop
        loop.add_reader(self._connection.fileno(), self._receive)

    def _leave(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._connection.fileno())
            self._loop.remove_writer(self._connection.fileno())
        self._loop = None
        self._flush_due = self._writing = False

    def _flush(self) -> None:
        self._flush_due = False
        try:
            sent = self._connection.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            # It is gone. What it answered before is still to be read, and then the end.
            sent = len(self._unsent)
        del self._unsent[:sent]
        if self._loop is not None and self._writing != bool(self._unsent):
            self._writing = bool(self._unsent)
            if self._writing:
                self._loop.add_writer(self._connection.fileno(), self._flush)
            else:
                self._loop.remove_writer(self._connection.fileno())

    def _receive(self) -> None:
        try:
            open_ = self._inbox.fill(self._connection)
        except BlockingIOError:
            return
        except OSError:
            open_ = False
        try:
            for message in self._inbox.take():
                self._settle(message)
        except (ValueError, TypeError, EOFError, LookupError):
            self._halt(_NONSENSE)
        if not open_:
            self._halt(_ENDED)

    def _settle(self, message: Any) -> None:  # noqa: ANN401  Any message is a plain value.
        reply = unpack_reply(message)
        for told in reply.outcomes:
            future, request_id = self._waiting[0]
            # Nobody waits any more if the caller was cancelled or its loop is gone.
            if not future.done() and not future.get_loop().is_closed():
                self._resolve(future, request_id, told, reply.note)
            self._waiting.popleft()
        if reply.failure is not None:
            self._halt(": ".join(reply.failure))
        else:
            self._head = reply.head

    def _resolve(
        self,
        future: asyncio.Future[Receipt],
        request_id: str,
        told: Any,  # noqa: ANN401  As above.
        note: bytes,
    ) -> None:
        match told:
            case (_, _, _):
                future.set_result(receipt_of(self._origin, request_id, told, note))
            case (name, text):
                future.set_exception(error_of(name, text))
            case _:
                raise ValueError(_NONSENSE)

    def _halt(self, reason: str) -> None:
        self._stopped = self._stopped or reason
        self._hung_up = True
        self._leave()
        self._unsent.clear()
        with suppress(OSError):
            # A sequencer that is still there must sign nothing more either.
            self._connection.shutdown(socket.SHUT_RDWR)
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done() and not future.get_loop().is_closed():
                future.set_exception(LedgerStopped(reason))

    def _finish(self) -> None:
        poll = select.poll()
        while self._unsent and not self._hung_up:
            # Both ways at once: the sequencer may itself be waiting to be read.
            poll.register(self._connection, select.POLLIN | select.POLLOUT)
            poll.poll()
            self._receive()
            self._flush()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        self._connection.settimeout(None)
        while not self._hung_up:
            self._receive()
