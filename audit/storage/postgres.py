"""The writing half of the ledger in PostgreSQL: one connection, one transaction a batch.

The row of the head is locked for the length of a turn, so any number of gateways write one after
the other. What fails before COMMIT was sent has certainly written nothing: the connection is given
up and a later turn makes a new one. What fails from then on leaves the outcome unknown.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from operator import attrgetter
from typing import Any, Final, LiteralString, Self

import psycopg
from psycopg import errors as pg
from psycopg.pq import TransactionStatus

from audit.errors import (
    AppendFailed,
    HeadMoved,
    IdTaken,
    LedgerInUse,
    SchemaOutdated,
    StorageBroken,
)
from audit.merkle import RootHash
from audit.storage.contract import Batch, Head, SubjectKey, Upkeep
from audit.storage.durability import SETTINGS, check_settings, require_flushed
from audit.storage.place import OUTDATED, REVISION

Connection = psycopg.Connection[tuple[Any, ...]]

_RETRY_S: Final = 0.05
_COPY_FROM: Final = 16  # From this many rows on COPY is faster than statements in a pipeline.
# A turn is waited for as long as in SQLite. A writer that hangs is cut off by the server, and a
# connection whose other end is gone is noticed within half a minute.
_SETTINGS: Final = (
    "lock_timeout=5s",
    "statement_timeout=30s",
    "idle_in_transaction_session_timeout=30s",
    "tcp_keepalives_idle=10",
    "tcp_keepalives_interval=5",
    "tcp_keepalives_count=3",
    "tcp_user_timeout=25s",
)
_CLIENT: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
_ENTRY: Final = attrgetter("index", "request_id", "leaf", "leaf_hash")
_PARTICULARS: Final = attrgetter("index", "position", "key_id", "sealed")
_REPLAY: Final = attrgetter("index", "expires_ms", "digest", "key_id", "sealed")
_SUBJECT_KEY: Final = attrgetter("key_id", "lookup", "wrapped", "epoch")
_TYPES: Final[dict[LiteralString, tuple[LiteralString, ...]]] = {
    "entry": ("int8", "text", "bytea", "bytea"),
    "checkpoint": ("int8", "bytea"),
    "particulars": ("int8", "int8", "bytea", "bytea"),
    "replay": ("int8", "int8", "bytea", "bytea", "bytea"),
    "subject_key": ("bytea", "bytea", "bytea", "int8"),
    "node": ("int8", "int8", "bytea"),
}
_INSERT: Final[dict[LiteralString, LiteralString]] = {
    "entry": "INSERT INTO entry VALUES (%s, %s, %s, %s)",
    "checkpoint": "INSERT INTO checkpoint VALUES (%s, %s)",
    "particulars": "INSERT INTO particulars VALUES (%s, %s, %s, %s)",
    "replay": "INSERT INTO replay VALUES (%s, %s, %s, %s, %s)",
    "subject_key": "INSERT INTO subject_key VALUES (%s, %s, %s, %s)",
    "node": "INSERT INTO node VALUES (%s, %s, %s)",
}
_VERSION: Final = "SELECT version_num FROM alembic_version"
_HOLD: Final = "SELECT pg_try_advisory_lock(%s)"
_HEAD: Final = "SELECT size, root, last_time, epoch FROM head"
_TAKE_HEAD: Final = f"{_HEAD} FOR UPDATE"
_BEGIN_HEAD: Final = "INSERT INTO head VALUES (1, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
_MOVE_HEAD: Final = (
    "UPDATE head SET size = %s, root = %s, last_time = %s WHERE size = %s AND root = %s"
)
_MOVE_EPOCH: Final = "UPDATE head SET epoch = %s"
_COUNTER: Final = "SELECT counter FROM writer WHERE gateway = %s"
_COUNT: Final = (
    "INSERT INTO writer VALUES (%s, %s)"
    " ON CONFLICT (gateway) DO UPDATE SET counter = excluded.counter"
)
_SWEEP: Final = (
    'DELETE FROM replay WHERE "index" < coalesce((SELECT "index" FROM replay'
    ' WHERE expires_ms >= %s ORDER BY "index" LIMIT 1), %s)'
)
_ERASE: Final = (
    "DELETE FROM particulars WHERE key_id = ANY(%s)",
    "DELETE FROM replay WHERE key_id = ANY(%s)",
    "DELETE FROM subject_key WHERE key_id = ANY(%s)",
)
_REWRAP: Final = (
    "UPDATE subject_key SET wrapped = new.wrapped, epoch = new.epoch"
    " FROM unnest(%s::bytea[], %s::bytea[], %s::int8[]) AS new (key_id, wrapped, epoch)"
    " WHERE subject_key.key_id = new.key_id"
)
_REWRAPPED: Final = ("key_id", "wrapped", "epoch")
_LEFT_BEHIND: Final = "SELECT 1 FROM subject_key WHERE epoch <> %s LIMIT 1"
_PRUNE: Final = (
    'UPDATE entry SET leaf = NULL WHERE "index" < %s AND leaf IS NOT NULL',
    'DELETE FROM particulars WHERE "index" < %s',
    'DELETE FROM replay WHERE "index" < %s',
)
_NEWEST_NOTE: Final = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
_KEY_OF: Final = "SELECT key_id, lookup, wrapped, epoch FROM subject_key WHERE lookup = %s"
_KNOWN: Final = "SELECT request_id FROM entry WHERE request_id = ANY(%s)"
_LEAF_HASHES: Final = (
    'SELECT leaf_hash FROM entry WHERE "index" >= %s AND "index" < %s ORDER BY "index"'
)
_NODES: Final = (
    'SELECT hash FROM node WHERE level = %s AND "index" >= %s AND "index" < %s ORDER BY "index"'
)
# The server itself met a broken disk, broken data or a bug: nobody knows what is written.
_BROKEN: Final = ("58", "XX", "F0")


class PostgresStore:
    """A ledger in one schema of PostgreSQL, for one gateway among those that write to it."""

    def __init__(self, url: str, schema: str, gateway: str) -> None:
        self._url = url
        self._schema = schema
        self._name = _lock_number(schema, gateway)
        self._connection: Connection | None = None
        self._warned = False

    @classmethod
    def open(cls, url: str, schema: str, gateway: str, patience_s: float = 0.0) -> Self:
        """Connect for a gateway of this name.

        Units:   patience_s: how long to wait for another process of this name to let go.
        Effects: holds the name on the server until `close`, or until the connection is lost.
        Raises:  LedgerInUse, SchemaOutdated, StorageBroken.
        """
        store = cls(url, schema, gateway)
        until = time.monotonic() + patience_s
        while True:
            try:
                store._connection = store._connect()
            except LedgerInUse:
                if time.monotonic() >= until:
                    raise
                time.sleep(_RETRY_S)
            except psycopg.Error as error:
                raise StorageBroken("the database of the ledger cannot be reached") from error
            else:
                return store

    def close(self) -> None:
        """Close the connection, and let go of the name."""
        if self._connection is not None:
            self._connection.close()

    def forget(self) -> bool:
        """Tell that the server keeps earlier copies: its owner vacuums, and its log is recycled."""
        return False

    def check_durable(self) -> None:
        """Promise that a commit survives a power loss.

        Raises:  DurabilityMissing unless the settings of the server say so; StorageBroken.
        """
        with self._answering() as connection:
            check_settings(connection, self._schema)

    @contextmanager
    def turn(self) -> Iterator[Head]:
        """Take the head for this writer alone, and give where the log stands.

        Effects: other writers wait until the block ends; what was not committed in it is undone.
        Raises:  AppendFailed if the turn did not come in time; StorageBroken; DurabilityMissing if
                 the server was told to sync no longer.
        """
        try:
            with self._answering() as connection:
                with connection.pipeline():
                    connection.execute("BEGIN")
                    settings = connection.execute(SETTINGS)
                    found = connection.execute(_TAKE_HEAD, binary=True)
                require_flushed(settings.fetchone())
                head = _head(found.fetchall())
            yield head
        finally:
            self._roll_back()

    def commit(self, batch: Batch) -> None:
        """Write the whole batch durably, or nothing; within a turn, at most once.

        Effects: one transaction, durable before return.
        Raises:  AppendFailed, IdTaken, HeadMoved, StorageBroken.
        """
        connection = self._connection
        if connection is None or connection.info.transaction_status == TransactionStatus.IDLE:
            raise RuntimeError("a batch is committed within a turn")
        with self._answering():
            _move_head(connection, batch)
            _add(connection, batch)
            if batch.upkeep is not None:
                _keep_up(connection, batch.upkeep, batch.new.epoch)
        try:
            self._warned = False
            ended = connection.execute("COMMIT").statusmessage
        except psycopg.Error as error:
            self._give_up(connection)
            raise StorageBroken("the end of a transaction was not answered") from error
        if ended != "COMMIT" or self._warned:
            # A standby that did not answer is told by a warning, after the commit here.
            raise StorageBroken("a transaction ended in another way than asked")

    def head(self) -> Head:
        """Give where the log stands, outside a turn."""
        return _head(self._read(_HEAD))

    def known_ids(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Give those of these ids that an entry has."""
        return frozenset(row[0] for row in self._read(_KNOWN, list(request_ids)))

    def counter(self, gateway: str) -> int:
        """Give the next counter of this gateway; 0 if it has written nothing."""
        rows = self._read(_COUNTER, gateway)
        return int(rows[0][0]) if rows else 0

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        if level == 0:
            return [row[0] for row in self._read(_LEAF_HASHES, start, stop)]
        return [row[0] for row in self._read(_NODES, level, start, stop)]

    def newest_checkpoint(self) -> bytes | None:
        """Give the newest checkpoint."""
        rows = self._read(_NEWEST_NOTE)
        return rows[0][0] if rows else None

    def key_of(self, lookup: bytes) -> SubjectKey | None:
        """Give the wrapped key of the subject of this lookup."""
        rows = self._read(_KEY_OF, lookup)
        return SubjectKey(*rows[0]) if rows else None

    def _read(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with self._answering() as connection:
            return connection.execute(query, values, binary=True).fetchall()

    @contextmanager
    def _answering(self) -> Iterator[Connection]:
        """Give a connection that works, for statements before a COMMIT."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            yield self._connection
        except psycopg.Error as error:
            if self._connection is not None and self._connection.broken:
                self._give_up(self._connection)
            raise _translated(error) from error
        except LedgerInUse as error:
            # The server has not noticed yet that our connection before this one is gone.
            raise AppendFailed("the database still holds the connection before") from error

    def _connect(self) -> Connection:
        settings = (*_SETTINGS, f"search_path={self._schema}")
        options = " ".join(f"-c {setting}" for setting in settings)
        connection = psycopg.connect(
            self._url, autocommit=True, prepare_threshold=0, options=options, **_CLIENT
        )
        try:
            _check_form(connection)
            check_settings(connection, self._schema)
            _hold(connection, self._name)
        except BaseException:
            connection.close()
            raise
        connection.add_notice_handler(self._notice)
        return connection

    def _notice(self, notice: psycopg.errors.Diagnostic) -> None:
        self._warned = self._warned or notice.severity_nonlocalized == "WARNING"

    def _roll_back(self) -> None:
        connection = self._connection
        if connection is None or connection.info.transaction_status == TransactionStatus.IDLE:
            return
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            self._give_up(connection)  # The server undoes what a lost connection has not committed.

    def _give_up(self, connection: Connection) -> None:
        with suppress(psycopg.Error):
            connection.close()
        self._connection = None


def _check_form(connection: Connection) -> None:
    try:
        found = connection.execute(_VERSION).fetchall()
    except pg.UndefinedTable:
        found = []
    if found != [(REVISION,)]:
        raise SchemaOutdated(OUTDATED)


def _hold(connection: Connection, name: int) -> None:
    if connection.execute(_HOLD, (name,)).fetchone() != (True,):
        raise LedgerInUse("another process writes under this gateway id")


def _head(rows: Sequence[tuple[Any, ...]]) -> Head:
    return Head(rows[0][0], RootHash(rows[0][1]), *rows[0][2:]) if rows else Head()


def _move_head(connection: Connection, batch: Batch) -> None:
    old, new = batch.old, batch.new
    with connection.pipeline():
        if old.size == 0:
            values = (new.size, new.root, new.last_time, new.epoch)
            moved = connection.execute(_BEGIN_HEAD, values)
        else:
            values_now = (new.size, new.root, new.last_time, old.size, old.root)
            moved = connection.execute(_MOVE_HEAD, values_now)
            if new.epoch != old.epoch:  # A right of the keeper alone.
                connection.execute(_MOVE_EPOCH, (new.epoch,))
        connection.execute(_COUNT, (batch.gateway, batch.counter))
    if moved.rowcount != 1:
        raise HeadMoved("another writer moved the head")


def _add(connection: Connection, batch: Batch) -> None:
    rows: dict[LiteralString, list[tuple[Any, ...]]] = {
        "entry": list(map(_ENTRY, batch.entries)),
        "checkpoint": [(batch.new.size, batch.checkpoint)],
        "particulars": list(map(_PARTICULARS, batch.particulars)),
        "replay": list(map(_REPLAY, batch.replays)),
        "subject_key": list(map(_SUBJECT_KEY, batch.subject_keys)),
        "node": list(batch.nodes),
    }
    with connection.pipeline():
        for table, few in rows.items():
            for row in few if len(few) < _COPY_FROM else ():
                connection.execute(_INSERT[table], row)
        if batch.expire_before:
            connection.execute(_SWEEP, (batch.expire_before, batch.new.size))
    for table, many in rows.items():
        if len(many) >= _COPY_FROM:
            _copy(connection, table, many)


def _copy(connection: Connection, table: LiteralString, rows: list[tuple[Any, ...]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.set_types(_TYPES[table])
        for row in rows:
            copy.write_row(row)


def _keep_up(connection: Connection, upkeep: Upkeep, epoch: int) -> None:
    if upkeep.erased:
        for erase in _ERASE:
            connection.execute(erase, (list(upkeep.erased),))
    if upkeep.rewrapped:
        columns = ([getattr(r, name) for r in upkeep.rewrapped] for name in _REWRAPPED)
        connection.execute(_REWRAP, tuple(columns))
    if connection.execute(_LEFT_BEHIND, (epoch,)).fetchone() is not None:
        raise AppendFailed("a key that stays was not wrapped anew")
    if upkeep.pruned_below:
        for prune in _PRUNE:
            connection.execute(prune, (upkeep.pruned_below,))


def _translated(error: psycopg.Error) -> AppendFailed | IdTaken | StorageBroken:
    state = error.sqlstate or ""
    if isinstance(error, pg.UniqueViolation) and error.diag.table_name == "entry":
        return IdTaken("an entry has one of these request ids")
    if state.startswith(_BROKEN):
        return StorageBroken("PostgreSQL failed and the outcome is unknown")
    return AppendFailed("PostgreSQL refused, or cannot be reached")


def _lock_number(schema: str, gateway: str) -> int:
    digest = hashlib.sha256(f"doelpoort/{schema}/{gateway}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
