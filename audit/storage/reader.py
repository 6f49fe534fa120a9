"""The reading half of a ledger, over both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from audit.errors import StorageBroken
from audit.storage.contract import Entry, Sealed, SealedReplay, SubjectKey
from audit.storage.tables import METADATA

_PAGE: Final = 1000  # Entries per read: a few megabytes at most.
_T: Final = METADATA.tables
_ENTRY, _NODE, _KEYS, _PARTICULARS = (
    _T[name] for name in ("entry", "node", "subject_key", "particulars")
)
# What a request asks goes to the driver itself: through SQLAlchemy each would cost ten times more.
_NEWEST: Final = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
_COVERING: Final = "SELECT note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1"
_ENTRY_OF: Final = 'SELECT "index", request_id, leaf, leaf_hash FROM entry WHERE request_id = ?'
_KEY: Final = "SELECT key_id, lookup, wrapped, epoch FROM subject_key WHERE key_id = ?"
_SEALED: Final = (
    'SELECT "index", position, key_id, sealed FROM particulars WHERE "index" = ? ORDER BY position'
)
_KEY_OF: Final = "SELECT key_id, lookup, wrapped, epoch FROM subject_key WHERE lookup = ?"
_OF_KEY: Final = (
    'SELECT particulars."index", position, key_id, sealed, request_id, leaf, leaf_hash'
    ' FROM particulars JOIN entry ON entry."index" = particulars."index"'
    ' WHERE key_id = ? AND particulars."index" < ? ORDER BY particulars."index" DESC LIMIT ?'
)
_ANSWER: Final = (
    'SELECT replay."index", expires_ms, digest, key_id, sealed FROM replay'
    ' JOIN entry ON entry."index" = replay."index" WHERE request_id = ?'
)


class SqlReader:
    """The reading half of a ledger; it makes no statement that writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._mark = "?" if engine.dialect.name == "sqlite" else "%s"

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
        rows = self._rows(_NEWEST) if covering is None else self._rows(_COVERING, covering)
        return cast("bytes", rows[0][0]) if rows else None

    def entry(self, request_id: str) -> Entry | None:
        """Give the entry with this request id."""
        rows = self._rows(_ENTRY_OF, request_id)
        return Entry(*rows[0]) if rows else None

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Give the entries with start <= index < stop, in order."""
        index = _ENTRY.c.index
        while start < stop:
            end = min(start + _PAGE, stop)
            query = select(_ENTRY).where(index >= start, index < end).order_by(index)
            with self._reading() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            yield from (Entry(*row) for row in rows)
            start = end

    def subject_key(self, key_id: bytes) -> SubjectKey | None:
        """Give the wrapped key of a subject by its id."""
        rows = self._rows(_KEY, key_id)
        return SubjectKey(*rows[0]) if rows else None

    def particulars(self, index: int) -> list[Sealed]:
        """Give the sealed particulars of one entry, by position."""
        return [Sealed(*row) for row in self._rows(_SEALED, index)]

    def key_of(self, lookup: bytes) -> SubjectKey | None:
        """Give the wrapped key of the subject of this lookup."""
        rows = self._rows(_KEY_OF, lookup)
        return SubjectKey(*rows[0]) if rows else None

    def entries_of_key(self, key_id: bytes, below: int, most: int) -> list[tuple[Entry, Sealed]]:
        """Give the newest entries below this index that have something sealed under this key."""
        return [
            (Entry(row[0], *row[4:]), Sealed(*row[:4]))
            for row in self._rows(_OF_KEY, key_id, below, most)
        ]

    def pseudonyms(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Give index and key id of the particulars with start <= index < stop, in order."""
        columns = _PARTICULARS.c
        query = select(columns.index, columns.key_id).order_by(columns.index, columns.position)
        while start < stop:
            end = min(start + _PAGE, stop)
            page = query.where(columns.index >= start, columns.index < end)
            with self._reading() as connection:
                rows = connection.execute(page).all()
            yield from ((index, key_id) for index, key_id in rows)
            start = end

    def subject_keys(self) -> Iterator[SubjectKey]:
        """Give every wrapped key."""
        query = select(_KEYS).order_by(_KEYS.c.key_id).limit(_PAGE)
        page = query
        while True:
            with self._reading() as connection:
                rows = connection.execute(page).all()
            yield from (SubjectKey(*row) for row in rows)
            if len(rows) < _PAGE:
                return
            page = query.where(_KEYS.c.key_id > rows[-1].key_id)

    def replay(self, request_id: str) -> SealedReplay | None:
        """Give the sealed answer of one request, expired or not, while it is kept."""
        rows = self._rows(_ANSWER, request_id)
        return SealedReplay(*rows[0]) if rows else None

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            pooled = self._engine.raw_connection()
        except (SQLAlchemyError, self._driver_error) as error:
            raise StorageBroken("the ledger cannot be reached") from error
        try:
            driver = cast("Any", pooled.driver_connection)
            rows = driver.execute(query.replace("?", self._mark), values).fetchall()
            return cast("list[tuple[Any, ...]]", rows)
        except self._driver_error as error:
            pooled.invalidate()  # The server may be gone: the next reader connects anew.
            raise StorageBroken("the ledger cannot be read") from error
        finally:
            pooled.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StorageBroken("the ledger cannot be read") from error
