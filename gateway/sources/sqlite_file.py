"""One SQLite file, opened read-only over one connection that is kept, with a deadline."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

# Number of SQLite virtual machine steps between two looks at the clock: about 0.1 ms of work.
_STEPS_PER_LOOK = 10_000


class SqliteFile:
    """Reads on the caller's own thread, and is cut off when the deadline has passed.

    SQLite itself looks at the clock while it works; a writer cannot make a reader wait (no lock
    time-out).
    """

    def __init__(self, path: str, *, deadline_s: float, monotonic_s: Callable[[], float]) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._monotonic_s = monotonic_s
        self._ends_at = 0.0
        self._opened = (0, 0)
        self._connection: sqlite3.Connection | None = None

    def start(self) -> None:
        """Let the deadline begin."""
        self._ends_at = self._monotonic_s() + self._deadline_s

    def driver(self) -> sqlite3.Connection:
        """Return the connection to the file that has this name now; a register is delivered anew.

        Raises: OSError or sqlite3.Error when there is no such file.
        """
        found = os.stat(self._path)  # noqa: PTH116 - half the cost of Path.stat
        identity = found.st_dev, found.st_ino
        if self._connection is not None and identity != self._opened:
            self.close()
        if self._connection is None:
            self._opened = identity
            self._connection = connect(self._path)
            self._connection.set_progress_handler(self._is_late, _STEPS_PER_LOOK)
        return self._connection

    def close(self) -> None:
        """Let go of the connection; the next question opens it anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _is_late(self) -> bool:
        return self._monotonic_s() > self._ends_at


async def read_aside(
    path: str,
    statement: str,
    values: Sequence[object],
    *,
    deadline_s: float,
    monotonic_s: Callable[[], float],
) -> list[tuple[Any, ...]]:
    """Return the rows of one long question, asked on a thread and over a connection of its own.

    The event loop goes on meanwhile. Who waits no longer leaves it to its deadline.

    Units:   deadline_s: seconds.
    Raises:  OSError or sqlite3.Error.
    """

    def read() -> list[tuple[Any, ...]]:
        file = SqliteFile(path, deadline_s=deadline_s, monotonic_s=monotonic_s)
        file.start()
        try:
            return file.driver().execute(statement, values).fetchall()
        finally:
            file.close()

    return await asyncio.to_thread(read)


def connect(path: str) -> sqlite3.Connection:
    """Return a connection to a file, read-only and without waiting for a lock."""
    address = f"file:{quote(path)}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=0, check_same_thread=False)
