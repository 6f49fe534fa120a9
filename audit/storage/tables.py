"""The ledger in SQLite as rows, and the reading of it: the only module that knows SQLModel.

Rows never leave this module. The tables are defined here and made by the writer
(audit/storage/sqlite.py), which runs in a process of its own.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self, cast

from sqlalchemy import (
    CheckConstraint,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    QueuePool,
    select,
)
from sqlalchemy import create_engine as create_sql_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable
from sqlmodel import Field, SQLModel

from audit.errors import StorageBroken
from audit.storage.contract import Entry, Sealed, SealedReplay, SubjectKey

_PAGE: Final = 1000  # Entries per read: a few megabytes at most.


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
_ENTRY, _NODE = _T["entry"], _T["node"]

# The statements that make the tables that are not there.
SCHEMA: Final[Sequence[str]] = tuple(
    str(CreateTable(table, if_not_exists=True).compile(dialect=sqlite.dialect()))
    for table in _T.values()
)
# What a request asks goes to the driver itself: through SQLAlchemy each would cost ten times more.
_NEWEST: Final = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
_COVERING: Final = "SELECT note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1"
_ENTRY_OF: Final = 'SELECT "index", request_id, leaf, leaf_hash FROM entry WHERE request_id = ?'
_KEY: Final = "SELECT key_id, lookup, wrapped, epoch FROM subject_key WHERE key_id = ?"
_SEALED: Final = 'SELECT "index", key_id, sealed FROM particulars WHERE "index" = ?'
_ANSWER: Final = (
    'SELECT replay."index", expires_ms, digest, key_id, sealed FROM replay'
    ' JOIN entry ON entry."index" = replay."index" WHERE request_id = ?'
)


class SqlReader:
    """The reading half of a ledger in one SQLite file; SQLite itself refuses it every write."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger file beside its writer.

        Raises:  StorageBroken.
        """
        uri = f"{path.resolve().as_uri()}?mode=ro"

        def connect() -> sqlite3.Connection:
            # The pool lends a connection to one thread at a time.
            connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA trusted_schema=OFF").close()
            return connection

        engine = create_sql_engine(
            "sqlite://", creator=connect, poolclass=QueuePool, pool_reset_on_return=None
        )
        reader = cls(engine)
        try:
            reader.checkpoint()
        except StorageBroken:
            engine.dispose()
            raise
        return reader

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        if level == 0:
            query, index = select(_ENTRY.c.leaf_hash), _ENTRY.c.index
        else:
            query, index = select(_NODE.c.hash).where(_NODE.c.level == level), _NODE.c.index
        query = query.where(index >= start, index < stop).order_by(index)
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def checkpoint(self, covering: int | None = None) -> bytes | None:
        """Give the newest checkpoint, or the oldest one that covers this index."""
        row = self._one(_NEWEST) if covering is None else self._one(_COVERING, covering)
        return None if row is None else cast("bytes", row[0])

    def entry(self, request_id: str) -> Entry | None:
        """Give the entry with this request id."""
        row = self._one(_ENTRY_OF, request_id)
        return None if row is None else Entry(*row)

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

    def subject_key(self, key_id: bytes) -> SubjectKey | None:
        """Give the wrapped key of a subject by its id."""
        row = self._one(_KEY, key_id)
        return None if row is None else SubjectKey(*row)

    def particulars(self, index: int) -> Sealed | None:
        """Give the sealed particulars of one entry."""
        row = self._one(_SEALED, index)
        return None if row is None else Sealed(*row)

    def replay(self, request_id: str) -> SealedReplay | None:
        """Give the sealed answer of one request, expired or not, while it is kept."""
        row = self._one(_ANSWER, request_id)
        return None if row is None else SealedReplay(*row)

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        try:
            pooled = self._engine.raw_connection()
            try:
                driver = cast("sqlite3.Connection", pooled.driver_connection)
                rows = driver.execute(query, values).fetchall()
                return rows[0] if rows else None
            finally:
                pooled.close()
        except (DBAPIError, sqlite3.Error) as error:
            raise StorageBroken("the ledger cannot be read") from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise StorageBroken("the ledger cannot be read") from error
