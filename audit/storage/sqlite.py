"""The writing half of the ledger in SQLite: one connection, one transaction a batch.

Entries are inserted and read, never updated or deleted, but for what upkeep takes away; there are
no foreign keys. The process that holds the signing key does this, so it needs the driver of the
standard library and no more.
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
    SchemaOutdated,
    StorageBroken,
)
from audit.merkle import RootHash
from audit.storage.contract import Batch, Head, SubjectKey, Upkeep
from audit.storage.place import OUTDATED, REVISION

_MODE: Final = 0o600
_FULL: Final = 2
_RETRY_S: Final = 0.02
_TURN_S: Final = 5.0  # How long other writers are waited for; a batch takes some milliseconds.
_CHUNK: Final = 256  # Rows per INSERT statement, well under SQLite's 32,766 variables.
_WAL_PAGES: Final = (
    4000  # 16 MB between checkpoints of the write-ahead log: fewer syncs of the file.
)
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA secure_delete=ON",
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
_PARTICULARS: Final = attrgetter("index", "position", "key_id", "sealed")
_REPLAY: Final = attrgetter("index", "expires_ms", "digest", "key_id", "sealed")
_SUBJECT_KEY: Final = attrgetter("key_id", "lookup", "wrapped", "epoch")
_VERSION: Final = "SELECT version_num FROM alembic_version"
_HEAD: Final = "SELECT size, root, last_time, epoch FROM head"
_BEGIN_HEAD: Final = "INSERT OR IGNORE INTO head VALUES (1, ?, ?, ?, ?)"
_MOVE_HEAD: Final = (
    "UPDATE head SET size = ?, root = ?, last_time = ?, epoch = ? WHERE size = ? AND root = ?"
)
_COUNTER: Final = "SELECT counter FROM writer WHERE gateway = ?"
_COUNT: Final = (
    "INSERT INTO writer VALUES (?, ?)"
    " ON CONFLICT (gateway) DO UPDATE SET counter = excluded.counter"
)
_REWRAP: Final = "UPDATE subject_key SET wrapped = ?, epoch = ? WHERE key_id = ?"
_LEFT_BEHIND: Final = "SELECT 1 FROM subject_key WHERE epoch <> ? LIMIT 1"
_SEALED_UNDER: Final = ("particulars", "replay", "subject_key")
_PRUNE: Final = (
    'UPDATE entry SET leaf = NULL WHERE "index" < ? AND leaf IS NOT NULL',
    'DELETE FROM particulars WHERE "index" < ?',
    'DELETE FROM replay WHERE "index" < ?',
)
# Answers expire in the order of their entries: the walk ends at the first that has not.
_SWEEP: Final = (
    'DELETE FROM replay WHERE "index" < coalesce((SELECT "index" FROM replay'
    ' WHERE expires_ms >= ? ORDER BY "index" LIMIT 1), ?)'
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
    """A ledger in one SQLite file, for one gateway among those that write to it."""

    def __init__(self, writer: sqlite3.Connection, lock: int) -> None:
        self._writer = writer
        self._lock = lock

    @classmethod
    def open(cls, path: Path, gateway: str, patience_s: float = 0.0) -> Self:
        """Open the ledger file for a gateway of this name.

        Shapes:  path: a file with tables of the form that `audit.storage.migrate` makes. gateway:
                 1 to 32 of [a-z0-9-].
        Units:   patience_s: how long to wait for another process of this name to let go.
        Effects: holds an exclusive lock on that name, beside the file, until `close`.
        Raises:  LedgerInUse, SchemaOutdated, StorageBroken.
        """
        lock = _take_lock(path.with_name(f"{path.name}.{gateway}.lock"), patience_s)
        try:
            return cls(_prepared(path), lock)
        except sqlite3.Error as error:
            os.close(lock)
            raise StorageBroken("the ledger file cannot be opened for writing") from error
        except SchemaOutdated:
            os.close(lock)
            raise

    def close(self) -> None:
        """Close the connection and let go of the lock."""
        self._writer.close()
        os.close(self._lock)

    def forget(self) -> bool:
        """Empty the write-ahead log, which holds earlier pages; false if a reader kept it.

        Raises:  StorageBroken.
        """
        [[busy, *_]] = self._read("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(busy) == 0

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
        rows = self._read(_HEAD)
        return Head(rows[0][0], RootHash(rows[0][1]), *rows[0][2:]) if rows else Head()

    @contextmanager
    def turn(self) -> Iterator[Head]:
        """Take the head for this writer alone, and give where the log stands.

        Effects: other writers wait until the block ends; what was not committed in it is undone.
        Raises:  AppendFailed if the turn did not come in time; StorageBroken.
        """
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _translated(error) from error
        try:
            yield self.head()
        finally:
            self._roll_back()

    def commit(self, batch: Batch) -> None:
        """Write the whole batch durably, or nothing; within a turn, at most once.

        Effects: one transaction, durable before return.
        Raises:  AppendFailed, IdTaken, HeadMoved, StorageBroken.
        """
        if not self._writer.in_transaction:
            raise RuntimeError("a batch is committed within a turn")
        try:
            _move_head(self._writer, batch)
            _add(self._writer, batch)
            if batch.upkeep is not None:
                _keep_up(self._writer, batch.upkeep, batch.new.epoch)
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise _translated(error) from error

    def known_ids(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Give those of these ids that an entry has."""
        marks = ", ".join("?" * len(request_ids))
        found = f"SELECT request_id FROM entry WHERE request_id IN ({marks})"  # noqa: S608  Marks.
        return frozenset(request_id for (request_id,) in self._read(found, request_ids))

    def counter(self, gateway: str) -> int:
        """Give the next counter of this gateway; 0 if it has written nothing."""
        rows = self._read(_COUNTER, (gateway,))
        return int(rows[0][0]) if rows else 0

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

    def _roll_back(self) -> None:
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StorageBroken("a transaction could not be rolled back") from error


def _move_head(writer: sqlite3.Connection, batch: Batch) -> None:
    old, new = batch.old, batch.new
    values = (new.size, new.root, new.last_time, new.epoch)
    if old.size == 0:
        moved = writer.execute(_BEGIN_HEAD, values)
    else:
        moved = writer.execute(_MOVE_HEAD, (*values, old.size, old.root))
    if moved.rowcount != 1:
        raise HeadMoved("another writer moved the head")
    writer.execute(_COUNT, (batch.gateway, batch.counter))


def _add(writer: sqlite3.Connection, batch: Batch) -> None:
    _insert(writer, "entry", list(map(_ENTRY, batch.entries)))
    _insert(writer, "checkpoint", [(batch.new.size, batch.checkpoint)])
    _insert(writer, "particulars", list(map(_PARTICULARS, batch.particulars)))
    _insert(writer, "replay", list(map(_REPLAY, batch.replays)))
    _insert(writer, "subject_key", list(map(_SUBJECT_KEY, batch.subject_keys)))
    _insert(writer, "node", batch.nodes)
    if batch.expire_before:
        writer.execute(_SWEEP, (batch.expire_before, batch.new.size))


def _keep_up(writer: sqlite3.Connection, upkeep: Upkeep, epoch: int) -> None:
    for table in _SEALED_UNDER:
        erase = f"DELETE FROM {table} WHERE key_id = ?"  # noqa: S608  Our own names.
        writer.executemany(erase, [(key_id,) for key_id in upkeep.erased])
    if upkeep.rewrapped:
        rows = [(row.wrapped, row.epoch, row.key_id) for row in upkeep.rewrapped]
        writer.executemany(_REWRAP, rows)
    if writer.execute(_LEFT_BEHIND, (epoch,)).fetchone() is not None:
        raise AppendFailed("a key that stays was not wrapped anew")
    if upkeep.pruned_below:
        for prune in _PRUNE:
            writer.execute(prune, (upkeep.pruned_below,))


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
        lock = os.open(path, os.O_CREAT | os.O_RDWR, _MODE)
    except OSError as error:
        raise StorageBroken("the lock beside the ledger cannot be made") from error
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() >= until:
                os.close(lock)
                raise LedgerInUse("another process writes under this gateway id") from error
            time.sleep(_RETRY_S)
        else:
            return lock


def _prepared(path: Path) -> sqlite3.Connection:
    # Transactions begin and end where this module says so; tests host the writer in a thread.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        timeout=_TURN_S,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )
    try:
        for statement in _PRAGMAS:
            connection.execute(statement).close()
        _check_form(connection)
    except (sqlite3.Error, SchemaOutdated):
        connection.close()
        raise
    return connection


def _check_form(connection: sqlite3.Connection) -> None:
    try:
        found = connection.execute(_VERSION).fetchall()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR:
            raise
        found = []  # There is no such table.
    if found != [(REVISION,)]:
        raise SchemaOutdated(OUTDATED)
