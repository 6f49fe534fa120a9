"""The writing half of the ledger in SQLite: one process, one connection, one transaction a batch.

Entries are inserted and read, never updated or deleted; there are no foreign keys. The process
that holds the signing key does this, so it needs the driver of the standard library and no more.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Self

from audit.errors import (
    AppendFailed,
    DurabilityMissing,
    HeadMoved,
    IdTaken,
    LedgerInUse,
    StorageBroken,
)
from audit.merkle import EMPTY_ROOT, RootHash
from audit.storage.contract import Batch, Head, SubjectKey

_MODE: Final = 0o600
_FULL: Final = 2
_RETRY_S: Final = 0.02
_CHUNK: Final = 256  # Rows per INSERT statement, well under SQLite's 32,766 variables.
_WAL_PAGES: Final = (
    4000  # 16 MB between checkpoints of the write-ahead log: fewer syncs of the file.
)
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA trusted_schema=OFF",
    f"PRAGMA wal_autocheckpoint={_WAL_PAGES}",
)
# After these SQLite has certainly not committed; anything else leaves the outcome unknown.
_REFUSED: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_TOOBIG,
    }
)
# The columns stand in the order of these members.
_ENTRY: Final = attrgetter("index", "request_id", "leaf", "leaf_hash")
_PARTICULARS: Final = attrgetter("index", "key_id", "sealed")
_REPLAY: Final = attrgetter("index", "expires_ms", "digest", "key_id", "sealed")
_SUBJECT_KEY: Final = attrgetter("key_id", "lookup", "wrapped", "epoch")
_MOVE_HEAD: Final = "UPDATE head SET size = ?, root = ?, last_time = ? WHERE size = ? AND root = ?"
# Answers expire in the order of their entries: the walk ends at the first that has not.
_SWEEP: Final = (
    'DELETE FROM replay WHERE "index" < coalesce((SELECT "index" FROM replay'
    ' WHERE expires_ms >= ? ORDER BY "index" LIMIT 1), ?)'
)
_NEWEST_LEAF: Final = (
    'SELECT leaf FROM entry WHERE instr(leaf, ?) > 0 ORDER BY "index" DESC LIMIT 1'
)
_NEWEST_NOTE: Final = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
_KEY_OF: Final = "SELECT key_id, lookup, wrapped, epoch FROM subject_key WHERE lookup = ?"
_LEAF_HASHES: Final = (
    'SELECT leaf_hash FROM entry WHERE "index" >= ? AND "index" < ? ORDER BY "index"'
)
_NODES: Final = (
    'SELECT hash FROM node WHERE level = ? AND "index" >= ? AND "index" < ? ORDER BY "index"'
)


class SqlStore:
    """A ledger in one SQLite file, held by one process."""

    def __init__(self, writer: sqlite3.Connection, lock: int) -> None:
        self._writer = writer
        self._lock = lock

    @classmethod
    def open(cls, path: Path, schema: Sequence[str], patience_s: float = 0.0) -> Self:
        """Open the ledger file, or make one that only its owner can read.

        Shapes:  schema: statements that make the tables that are not there.
        Units:   patience_s: how long to wait for another process to let go.
        Effects: holds an exclusive lock beside the file until `close`.
        Raises:  LedgerInUse, StorageBroken.
        """
        lock = _take_lock(path, patience_s)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, _MODE))
            return cls(_prepared(path, schema), lock)
        except (OSError, sqlite3.Error) as error:
            os.close(lock)
            raise StorageBroken("the ledger file cannot be opened for writing") from error

    def close(self) -> None:
        """Close the connection and let go of the lock."""
        self._writer.close()
        os.close(self._lock)

    def check_durable(self) -> None:
        """Promise that a commit survives a power loss.

        Raises:  DurabilityMissing unless the pragmas read back as they were set; StorageBroken.
        """
        [[journal]] = self._read("PRAGMA journal_mode")
        [[synchronous]] = self._read("PRAGMA synchronous")
        if journal != "wal" or synchronous != _FULL:
            raise DurabilityMissing("SQLite must run with journal_mode=WAL and synchronous=FULL")

    def head(self) -> Head:
        """Give where the log stands."""
        rows = self._read("SELECT size, root, last_time FROM head")
        return Head(rows[0][0], RootHash(rows[0][1]), rows[0][2]) if rows else Head()

    def commit(self, batch: Batch) -> None:
        """Write the whole batch durably, or nothing.

        Effects: one transaction, durable before return.
        Raises:  AppendFailed, IdTaken, HeadMoved, StorageBroken.
        """
        old, new = batch.old, batch.new
        with self._transaction() as writer:
            moved = (new.size, new.root, new.last_time, old.size, old.root)
            if writer.execute(_MOVE_HEAD, moved).rowcount != 1:
                raise HeadMoved("another writer moved the head")
            _insert(writer, "entry", list(map(_ENTRY, batch.entries)))
            _insert(writer, "checkpoint", [(new.size, batch.checkpoint)])
            _insert(writer, "particulars", list(map(_PARTICULARS, batch.particulars)))
            _insert(writer, "replay", list(map(_REPLAY, batch.replays)))
            _insert(writer, "subject_key", list(map(_SUBJECT_KEY, batch.subject_keys)))
            _insert(writer, "node", batch.nodes)
            if batch.expire_before:
                writer.execute(_SWEEP, (batch.expire_before, new.size))

    def known_ids(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Give those of these ids that an entry has."""
        marks = ", ".join("?" * len(request_ids))
        found = f"SELECT request_id FROM entry WHERE request_id IN ({marks})"  # noqa: S608  Marks.
        return frozenset(request_id for (request_id,) in self._read(found, request_ids))

    def last_leaf(self, gateway: str) -> bytes | None:
        """Give the newest leaf that this gateway wrote."""
        # A canonical leaf holds this very text and no other place can: a text has no quotes.
        rows = self._read(_NEWEST_LEAF, (f'"gateway":"{gateway}"'.encode(),))
        return rows[0][0] if rows else None

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        if level == 0:
            return [row[0] for row in self._read(_LEAF_HASHES, (start, stop))]
        return [row[0] for row in self._read(_NODES, (level, start, stop))]

    def newest_checkpoint(self) -> bytes | None:
        """Give the newest checkpoint."""
        rows = self._read(_NEWEST_NOTE)
        return rows[0][0] if rows else None

    def key_of(self, lookup: bytes) -> SubjectKey | None:
        """Give the wrapped key of the subject of this lookup."""
        rows = self._read(_KEY_OF, (lookup,))
        return SubjectKey(*rows[0]) if rows else None

    def _read(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._writer.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StorageBroken("the ledger cannot be read") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            yield self._writer
            self._writer.execute("COMMIT")
        except HeadMoved:
            self._roll_back()
            raise
        except sqlite3.Error as error:
            self._roll_back()
            raise _translated(error) from error

    def _roll_back(self) -> None:
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StorageBroken("a transaction could not be rolled back") from error


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    # Rows go in as few statements as possible. Powers of two keep the number of distinct
    # statements within the driver's cache.
    done = 0
    while done < len(rows):
        count = min(_CHUNK, 1 << (len(rows) - done).bit_length() - 1)
        values = [value for row in rows[done : done + count] for value in row]
        connection.execute(_statement(table, len(rows[0]), count), values)
        done += count


@lru_cache(maxsize=256)
def _statement(table: str, columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {table} VALUES {', '.join([row] * rows)}"  # noqa: S608  Our own names.


def _translated(error: sqlite3.Error) -> AppendFailed | IdTaken | StorageBroken:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_CONSTRAINT_UNIQUE and "entry.request_id" in str(error):
        return IdTaken("an entry has one of these request ids")
    if code is not None and code & 0xFF in _REFUSED:
        return AppendFailed("SQLite refused the batch")
    return StorageBroken("SQLite failed and the outcome is unknown")


def _take_lock(path: Path, patience_s: float) -> int:
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, _MODE)
    except OSError as error:
        raise StorageBroken("the lock beside the ledger cannot be made") from error
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() >= until:
                os.close(lock)
                raise LedgerInUse("another process holds this ledger") from error
            time.sleep(_RETRY_S)
        else:
            return lock


def _prepared(path: Path, schema: Sequence[str]) -> sqlite3.Connection:
    # Transactions begin and end where this module says so; tests host the writer in a thread.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for statement in (*_PRAGMAS, "BEGIN IMMEDIATE", *schema):
            connection.execute(statement).close()
        first = (1, 0, EMPTY_ROOT, 0)
        connection.execute("INSERT OR IGNORE INTO head VALUES (?, ?, ?, ?)", first)
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
