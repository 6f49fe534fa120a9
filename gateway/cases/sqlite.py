"""The case store in an SQLite file: read on the caller's own thread, written on one of its own."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from gateway.cases.database import Named, Rows
from gateway.cases.tables import Kind, Prepared
from gateway.errors import CasesUnavailable, SourceFailed

_STEPS_PER_LOOK = 10_000
_WAIT_FOR_WRITER_S = 5.0

T = TypeVar("T")


class SqliteDatabase:
    """One file in WAL mode: a writer keeps no reader waiting, and writers take turns.

    A look-up takes a few microseconds, less than a hop to a thread. A commit waits for the disk, so
    it has a thread to itself, which also keeps the statements of a transaction in order.
    """

    kind: Kind = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        deadline_s: float = 0.25,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._monotonic_s = monotonic_s
        self._ends_at = 0.0
        self._reading: sqlite3.Connection | None = None
        self._writing: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cases")
        self._turn = asyncio.Lock()

    async def fetch(self, statement: Prepared, named: Named) -> Rows:
        """Return the rows of a reading statement; see `Database.fetch`."""
        self._ends_at = self._monotonic_s() + self._deadline_s
        try:
            return self._reader().execute(statement.text, statement.values(named)).fetchall()
        except sqlite3.Error as exc:
            self._stop_reading()
            raise SourceFailed("the case store gave no answer") from _kind_of(exc)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Transaction"]:
        """Return a transaction; see `Database.transaction`."""
        async with self._turn:
            try:
                # One whose wait is cancelled has begun all the same, and is undone.
                await self._in_thread(lambda: self._writer().execute("BEGIN IMMEDIATE"))
                yield _Transaction(self._in_thread, self._writer)
                await self._in_thread(lambda: self._writer().execute("COMMIT"))
            except BaseException:
                with suppress(CasesUnavailable):
                    await self._in_thread(self._undo)
                raise

    async def forget(self) -> bool:
        """Write the file anew without what was deleted; see `Database.forget`."""
        async with self._turn:
            return await self._in_thread(self._rewrite)

    def close(self) -> None:
        """Let go of both connections, after what is being written."""
        self._stop_reading()
        self._thread.submit(self._stop_writing).result()
        self._thread.shutdown()

    def _reader(self) -> sqlite3.Connection:
        if self._reading is None:
            self._reading = _connect(self._path, "ro", wait_s=0)
            self._reading.set_progress_handler(self._is_late, _STEPS_PER_LOOK)
        return self._reading

    def _is_late(self) -> bool:
        return self._monotonic_s() > self._ends_at

    def _writer(self) -> sqlite3.Connection:
        """Return the writing connection; only the thread of its own ever calls this."""
        if self._writing is None:
            self._writing = _connect(self._path, "rw", wait_s=_WAIT_FOR_WRITER_S)
            self._writing.execute("PRAGMA synchronous=FULL")
            self._writing.execute("PRAGMA foreign_keys=ON")
            # What goes from a row or a page is overwritten, and does not stay in the free space.
            self._writing.execute("PRAGMA secure_delete=ON")
        return self._writing

    def _rewrite(self) -> bool:
        self._writer().execute("VACUUM")
        [[busy, *_]] = self._writer().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return int(busy) == 0

    def _undo(self) -> None:
        if self._writing is not None and self._writing.in_transaction:
            self._writing.execute("ROLLBACK")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, work)
        except sqlite3.Error as exc:
            raise CasesUnavailable("the case store did not write it down") from _kind_of(exc)

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _stop_writing(self) -> None:
        if self._writing is not None:
            self._writing.close()
            self._writing = None


class _Transaction:
    """Statements on the writing connection, in their order."""

    def __init__(
        self,
        in_thread: "Callable[[Callable[[], Rows]], Coroutine[object, object, Rows]]",
        writer: Callable[[], sqlite3.Connection],
    ) -> None:
        self._in_thread = in_thread
        self._writer = writer

    async def run(self, statement: Prepared, named: Named) -> Rows:
        """Run a statement; see `Transaction.run`."""
        values = statement.values(named)
        return await self._in_thread(
            lambda: self._writer().execute(statement.text, values).fetchall()
        )


def _connect(path: Path, mode: str, *, wait_s: float) -> sqlite3.Connection:
    address = f"file:{quote(str(path))}?mode={mode}"
    return sqlite3.connect(
        address, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False
    )


def _kind_of(exc: Exception) -> Exception:
    """Return the kind of a driver's error without its text, which may hold a row."""
    return SourceFailed(type(exc).__name__)
