"""The ledger in SQLite: the only module that knows SQLModel; rows never leave it.

Entries are inserted and read, never updated or deleted; there are no foreign keys. The
writer holds one connection and speaks to the driver itself: the statements of a batch through
the ORM would cost more than all the rest of an append.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Self, cast

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    RowMapping,
    Table,
    event,
    select,
)
from sqlalchemy import create_engine as create_sql_engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Field, SQLModel

from audit.errors import (
    AppendFailed,
    DurabilityMissing,
    HeadMoved,
    IdTaken,
    LedgerInUse,
    StorageBroken,
)
from audit.merkle import EMPTY_ROOT, RootHash
from audit.storage import Batch, Entry, Head, Sealed, SealedReplay, SubjectKey

_MODE: Final = 0o600
_FULL: Final = 2
_PAGE: Final = 1000  # Entries per read: a few megabytes at most.
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


class _Row(SQLModel):
    metadata = MetaData()


class EntryRow(_Row, table=True):
    """One entry, as it was hashed."""

    __tablename__ = "entry"
    index: int = Field(primary_key=True)
    request_id: str = Field(unique=True)
    leaf: bytes
    leaf_hash: bytes


class NodeRow(_Row, table=True):
    """The root of one complete subtree of height 8, 16, 24 ..."""

    __tablename__ = "node"
    __table_args__ = ({"sqlite_with_rowid": False},)
    level: int = Field(primary_key=True)
    index: int = Field(primary_key=True)
    hash: bytes


class HeadRow(_Row, table=True):
    """The one row that says where the log stands."""

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("id = 1"),)
    id: int = Field(primary_key=True)
    size: int
    root: bytes
    last_time: int


class CheckpointRow(_Row, table=True):
    """One signed checkpoint."""

    __tablename__ = "checkpoint"
    size: int = Field(primary_key=True)
    note: bytes


class SubjectKeyRow(_Row, table=True):
    """The wrapped data key of one subject."""

    __tablename__ = "subject_key"
    key_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    lookup: bytes = Field(unique=True, sa_type=LargeBinary)
    wrapped: bytes
    epoch: int


class ParticularsRow(_Row, table=True):
    """The sealed particulars of one entry; by index, so that rows land side by side on disk."""

    __tablename__ = "particulars"
    index: int = Field(primary_key=True)
    key_id: bytes
    sealed: bytes


class ReplayRow(_Row, table=True):
    """A sealed answer that is kept for a while."""

    __tablename__ = "replay"
    index: int = Field(primary_key=True)
    expires_ms: int
    digest: bytes
    key_id: bytes
    sealed: bytes


_T: Final = _Row.metadata.tables
_ENTRY, _NODE, _HEAD, _CHECKPOINT = (_T[n] for n in ("entry", "node", "head", "checkpoint"))
_SUBJECT_KEY, _PARTICULARS, _REPLAY = (_T[n] for n in ("subject_key", "particulars", "replay"))
_AS_ROW: Final = {name: attrgetter(*table.c.keys()) for name, table in _T.items()}
# Answers expire in the order of their entries: the walk ends at the first that has not.
_SWEEP: Final = (
    'DELETE FROM replay WHERE "index" < coalesce((SELECT "index" FROM replay'
    ' WHERE expires_ms >= ? ORDER BY "index" LIMIT 1), ?)'
)


class SqlStore:
    """A ledger in one SQLite file, held by one process."""

    def __init__(self, engine: Engine, lock: int) -> None:
        self._engine = engine
        self._lock = lock
        self._pooled = engine.raw_connection()
        self._writer = cast("sqlite3.Connection", self._pooled.driver_connection)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger file, or make one that only its owner can read.

        Effects: holds an exclusive lock beside the file until `close`.
        Raises:  LedgerInUse, StorageBroken.
        """
        lock = _take_lock(path)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, _MODE))
            return cls(_prepared_engine(path), lock)
        except (OSError, DBAPIError) as error:
            os.close(lock)
            raise StorageBroken("the ledger file cannot be opened for writing") from error

    def close(self) -> None:
        """Close every connection and let go of the lock."""
        self._pooled.close()
        self._engine.dispose()
        os.close(self._lock)

    def check_durable(self) -> None:
        """Promise that a commit survives a power loss.

        Raises:  DurabilityMissing unless the pragmas read back as they were set; StorageBroken.
        """
        try:
            [[journal]] = self._writer.execute("PRAGMA journal_mode")
            [[synchronous]] = self._writer.execute("PRAGMA synchronous")
        except sqlite3.Error as error:
            raise StorageBroken("the pragmas cannot be read back") from error
        if journal != "wal" or synchronous != _FULL:
            raise DurabilityMissing("SQLite must run with journal_mode=WAL and synchronous=FULL")

    def head(self) -> Head:
        """Give where the log stands."""
        row = self._one(_HEAD, _HEAD.c.id == 1)
        if row is None:
            return Head()
        return Head(row["size"], RootHash(row["root"]), row["last_time"])

    def commit(self, batch: Batch) -> None:
        """Write the whole batch durably, or nothing.

        Effects: one transaction, durable before return.
        Raises:  AppendFailed, IdTaken, HeadMoved, StorageBroken.
        """
        with self._transaction():
            self._move_head(batch)
            _insert(self._writer, _ENTRY, _rows(_ENTRY, batch.entries))
            _insert(self._writer, _CHECKPOINT, [(batch.new.size, batch.checkpoint)])
            _insert(self._writer, _PARTICULARS, _rows(_PARTICULARS, batch.particulars))
            _insert(self._writer, _REPLAY, _rows(_REPLAY, batch.replays))
            _insert(self._writer, _SUBJECT_KEY, _rows(_SUBJECT_KEY, batch.subject_keys))
            _insert(self._writer, _NODE, batch.nodes)
            if batch.expire_before:
                self._writer.execute(_SWEEP, (batch.expire_before, batch.new.size))

    def known_ids(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Give those of these ids that an entry has."""
        column = _ENTRY.c.request_id
        with self._reading() as connection:
            found = connection.execute(select(column).where(column.in_(request_ids)))
            return frozenset(found.scalars())

    def last_leaf(self, gateway: str) -> bytes | None:
        """Give the newest leaf that this gateway wrote."""
        # A canonical leaf holds this very text and no other place can: a text has no quotes.
        told = f'"gateway":"{gateway}"'.encode()
        newest = 'SELECT leaf FROM entry WHERE instr(leaf, ?) > 0 ORDER BY "index" DESC LIMIT 1'
        with self._reading() as connection:
            leaf = connection.exec_driver_sql(newest, (told,)).scalar()
            return None if leaf is None else bytes(leaf)

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        if level == 0:
            query = select(_ENTRY.c.leaf_hash).where(_ENTRY.c.index >= start, _ENTRY.c.index < stop)
            query = query.order_by(_ENTRY.c.index)
        else:
            query = select(_NODE.c.hash).where(
                _NODE.c.level == level, _NODE.c.index >= start, _NODE.c.index < stop
            )
            query = query.order_by(_NODE.c.index)
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def checkpoint(self, covering: int | None = None) -> bytes | None:
        """Give the newest checkpoint, or the oldest one that covers this index."""
        size = _CHECKPOINT.c.size
        query = select(_CHECKPOINT.c.note).limit(1)
        if covering is None:
            query = query.order_by(size.desc())
        else:
            query = query.where(size > covering).order_by(size)
        with self._reading() as connection:
            return connection.execute(query).scalar()

    def entry(self, request_id: str) -> Entry | None:
        """Give the entry with this request id."""
        row = self._one(_ENTRY, _ENTRY.c.request_id == request_id)
        return None if row is None else Entry(**row)

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Give the entries with start <= index < stop, in order."""
        index = _ENTRY.c.index
        while start < stop:
            end = min(start + _PAGE, stop)
            query = select(_ENTRY).where(index >= start, index < end).order_by(index)
            with self._reading() as connection:
                rows = connection.execute(query).mappings().all()
            if not rows:
                return
            yield from (Entry(**row) for row in rows)
            start = end

    def subject_key(self, *, lookup: bytes = b"", key_id: bytes = b"") -> SubjectKey | None:
        """Give the wrapped key of a subject, by lookup or by id."""
        by_lookup = _SUBJECT_KEY.c.lookup == lookup
        row = self._one(_SUBJECT_KEY, by_lookup if lookup else _SUBJECT_KEY.c.key_id == key_id)
        return None if row is None else SubjectKey(**row)

    def particulars(self, index: int) -> Sealed | None:
        """Give the sealed particulars of one entry."""
        row = self._one(_PARTICULARS, _PARTICULARS.c.index == index)
        return None if row is None else Sealed(**row)

    def replay(self, request_id: str) -> SealedReplay | None:
        """Give the sealed answer of one request, expired or not, while it is kept."""
        at = select(_ENTRY.c.index).where(_ENTRY.c.request_id == request_id).scalar_subquery()
        row = self._one(_REPLAY, _REPLAY.c.index == at)
        return None if row is None else SealedReplay(**row)

    def _one(self, table: Table, clause: ColumnElement[bool]) -> RowMapping | None:
        with self._reading() as connection:
            return connection.execute(select(table).where(clause)).mappings().one_or_none()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise StorageBroken("the ledger cannot be read") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            yield
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

    def _move_head(self, batch: Batch) -> None:
        old, new = batch.old, batch.new
        moved = self._writer.execute(
            "UPDATE head SET size = ?, root = ?, last_time = ? WHERE size = ? AND root = ?",
            (new.size, new.root, new.last_time, old.size, old.root),
        )
        if moved.rowcount != 1:
            raise HeadMoved("another writer moved the head")


def _rows(table: Table, values: Sequence[object]) -> list[tuple[Any, ...]]:
    return list(map(_AS_ROW[table.name], values))


def _insert(connection: sqlite3.Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    # The driver lets go of the interpreter at every step, so rows go in as few statements as
    # possible. Powers of two keep the number of distinct statements within the driver's cache.
    done = 0
    while done < len(rows):
        count = min(_CHUNK, 1 << (len(rows) - done).bit_length() - 1)
        values = [value for row in rows[done : done + count] for value in row]
        connection.execute(_statement(table.name, len(rows[0]), count), values)
        done += count


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


def _take_lock(path: Path) -> int:
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, _MODE)
    except OSError as error:
        raise StorageBroken("the lock beside the ledger cannot be made") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise LedgerInUse("another process holds this ledger") from error
    return lock


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # Transactions begin and end where this module says so.
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _prepared_engine(path: Path) -> Engine:
    engine = create_sql_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _set_pragmas)
    try:
        with engine.begin() as connection:
            _Row.metadata.create_all(connection)
            first = (1, 0, EMPTY_ROOT, 0)
            connection.exec_driver_sql("INSERT OR IGNORE INTO head VALUES (?, ?, ?, ?)", first)
    except DBAPIError:
        engine.dispose()
        raise
    return engine
