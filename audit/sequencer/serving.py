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

from audit.entry import Draft
from audit.errors import AuditError, StorageBroken
from audit.sequencer.appender import Appender
from audit.sequencer.highwater import HighWater
from audit.sequencer.wire import Inbox, pack_reply, unpack_draft
from audit.storage.contract import MAX_BATCH, Head

# One sync a second more; the mark is a lower bound of what was released.
_MARK_EVERY_MS: Final = 1000


@dataclass(slots=True)
class Sequencer:
    """An opened log, the marks of how far it came, and the clock that spaces the marks."""

    appender: Appender
    marks: HighWater
    clock_ms: Callable[[], int]
    marked_at: int = 0

    def mark_when_due(self) -> None:
        """Record how far the log has come, at most once a second.

        Raises:  OSError.
        """
        now = self.clock_ms()
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
    connection.sendall(pack_reply(appender.head, []))
    for drafts in _batches(connection, inbox):
        outcomes = appender.append_batch(drafts)
        connection.sendall(pack_reply(appender.head, outcomes))
        sequencer.mark_when_due()


def _batches(connection: socket.socket, inbox: Inbox) -> Iterator[list[Draft]]:
    """Give what has come, at least one draft and at most a batch, until the other side hangs up."""
    waiting: list[Draft] = []
    open_ = True
    while open_ or waiting:
        if open_ and not waiting:
            open_ = inbox.fill(connection)
            waiting += map(unpack_draft, inbox.take())
        with suppress(BlockingIOError):
            while open_ and len(waiting) < MAX_BATCH:
                open_ = inbox.fill(connection, socket.MSG_DONTWAIT)
                waiting += map(unpack_draft, inbox.take())
        if waiting:
            yield waiting[:MAX_BATCH]
            del waiting[:MAX_BATCH]


def _tell(connection: socket.socket, error: AuditError) -> None:
    with suppress(ConnectionError):
        connection.sendall(pack_reply(Head(), [], (type(error).__name__, str(error))))
