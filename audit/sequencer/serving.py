"""The sequencer: reads drafts from a socket, writes them in batches, and answers once durable.

One loop, whoever hosts it: a process of its own in production (audit/sequencer/__main__.py), a
thread in tests. Whatever waits on the socket when a batch is done goes with the next one, up to
1,024: natural group commit, without a timer.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from audit.errors import AuditError, StorageBroken
from audit.sequencer.appender import Appender
from audit.sequencer.highwater import HighWater
from audit.sequencer.parcels import Parcel
from audit.sequencer.wire import Inbox, pack_reply, unpack_parcel
from audit.storage.contract import MAX_BATCH, Head

# One sync a second more; the mark is a lower bound of what was released.
_MARK_EVERY_MS: Final = 1000
# The gateway goes on with the first of a batch while the others are still being told.
_TOLD_AT_ONCE: Final = 64


@dataclass(slots=True)
class Sequencer:
    """An opened log, the marks of how far it came, and the clock that spaces the marks."""

    appender: Appender
    marks: HighWater
    clock_ms: Callable[[], int]
    marked_at: int = 0

    def mark_when_due(self, now: int) -> None:
        """Record how far the log has come, at most once a second.

        Units:   now in ms since 1970.
        Raises:  OSError.
        """
        if abs(now - self.marked_at) >= _MARK_EVERY_MS:
            self.marks.mark(self.appender.head)
            self.marked_at = now


def serve(connection: socket.socket, inbox: Inbox, begin: Callable[[], Sequencer]) -> None:
    """Open the log, say so, and then write what comes until the other side hangs up.

    Effects: a reply goes out after the commit it tells of, never before. When the other side is
             gone, the batch under way is finished and the mark recorded.
    """
    try:
        sequencer = begin()
    except AuditError as error:
        _tell(connection, error)
        return
    except OSError:
        _tell(connection, StorageBroken("the high-water mark cannot be written"))
        return
    try:
        with suppress(ConnectionError):
            _serve(connection, inbox, sequencer)
        sequencer.marks.mark(sequencer.appender.head)
    except AuditError as error:
        _tell(connection, error)
    except OSError:
        _tell(connection, StorageBroken("the high-water mark cannot be written"))


def _serve(connection: socket.socket, inbox: Inbox, sequencer: Sequencer) -> None:
    appender = sequencer.appender
    connection.sendall(pack_reply(appender.head))
    for parcels in _batches(connection, inbox):
        answer = appender.append_parcels(parcels)
        now = sequencer.clock_ms()
        for start in range(0, len(parcels), _TOLD_AT_ONCE):
            some = answer.outcomes[start : start + _TOLD_AT_ONCE]
            connection.sendall(pack_reply(appender.head, answer.note, some))
        sequencer.mark_when_due(now)


def _batches(connection: socket.socket, inbox: Inbox) -> Iterator[list[Parcel]]:
    """Give what has come, at least one draft and at most a batch, until the other side hangs up."""
    waiting: list[Parcel] = []
    open_ = True
    while open_ or waiting:
        if open_ and not waiting:
            open_ = inbox.fill(connection)
            waiting += map(unpack_parcel, inbox.take())
        with suppress(BlockingIOError):
            while open_ and len(waiting) < MAX_BATCH:
                open_ = inbox.fill(connection, socket.MSG_DONTWAIT)
                waiting += map(unpack_parcel, inbox.take())
        if waiting:
            yield waiting[:MAX_BATCH]
            del waiting[:MAX_BATCH]


def _tell(connection: socket.socket, error: AuditError) -> None:
    with suppress(ConnectionError):
        connection.sendall(pack_reply(Head(), failure=(type(error).__name__, str(error))))
