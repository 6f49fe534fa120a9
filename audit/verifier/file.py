"""Reading a ledger file from outside, with the standard library alone; it cannot write.

What it gives was read from an untrusted file: every value is of the type it should have, or absent,
and no larger than a sound one could be.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from audit.entry import MAX_LEAF_BYTES
from audit.errors import LedgerUnreadable
from audit.merkle import HASH_BYTES
from audit.note import MAX_NOTE_BYTES
from audit.verifier.reader import FoundEntry

_TIMEOUT_S: Final = 5.0
_MAX_STAMP_BYTES: Final = 65_536


def _sound(column: str, kind: str, size: str, other: str = "x''") -> str:
    # What has another type or size than a sound value could have is empty; NULL stays absent.
    fits = f"typeof({column}) = '{kind}' AND length({column}) {size}"
    return f"CASE WHEN {fits} THEN {column} WHEN {column} IS NOT NULL THEN {other} END"


def _number(column: str) -> str:
    return f"CASE WHEN typeof({column}) = 'integer' THEN {column} ELSE -1 END"


_SIZE: Final = _number("size")
_INDEX: Final = _number('"index"')
_NOTE: Final = _sound("note", "blob", f"<= {MAX_NOTE_BYTES}")
_RESPONSE: Final = _sound("response", "blob", f"<= {_MAX_STAMP_BYTES}")
_LEAF: Final = _sound("leaf", "blob", f"<= {MAX_LEAF_BYTES}")
_LEAF_HASH: Final = _sound("leaf_hash", "blob", f"= {HASH_BYTES}")
_NODE_HASH: Final = _sound("hash", "blob", f"= {HASH_BYTES}")
_REQUEST_ID: Final = _sound("request_id", "text", "= 32", "''")

_CHECKPOINTS: Final = f"SELECT {_SIZE} AS size, {_NOTE} FROM checkpoint"  # noqa: S608  Our own.
_COSIGNED: Final = f" UNION ALL SELECT {_SIZE} AS size, {_NOTE} FROM cosigned"  # noqa: S608
_BY_SIZE: Final = " ORDER BY size"
_NEWEST: Final = f"SELECT {_NOTE} FROM checkpoint ORDER BY size DESC LIMIT 1"  # noqa: S608
_STAMPS: Final = (
    f"SELECT {_SIZE}, {_NOTE}, {_RESPONSE} FROM stamp JOIN checkpoint USING (size)"  # noqa: S608
    " ORDER BY size DESC"
)
_ENTRIES: Final = (
    f'SELECT {_INDEX}, {_REQUEST_ID}, {_LEAF}, {_LEAF_HASH} FROM entry ORDER BY "index"'  # noqa: S608
)
_ENTRY: Final = f'SELECT {_LEAF} FROM entry WHERE "index" = ?'  # noqa: S608
_NODES: Final = f'SELECT {_INDEX}, {_NODE_HASH} FROM node WHERE level = ? ORDER BY "index"'  # noqa: S608
_SPAN: Final = '"index" >= ? AND "index" < ? ORDER BY "index"'
_HASHES: Final = f"SELECT {_NODE_HASH} FROM node WHERE level = ? AND {_SPAN}"  # noqa: S608
_LEAF_HASHES: Final = f"SELECT {_LEAF_HASH} FROM entry WHERE {_SPAN}"  # noqa: S608
_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"


class LedgerFile:
    """A ledger in a SQLite file, opened read-only as one unchanging picture."""

    partial = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open the file for the length of a with block.

        Effects: none on the file. Beside a write-ahead log SQLite needs its shared-memory file;
                 without one the folder is not touched at all.
        Raises:  LedgerUnreadable if it is no ledger or cannot be read, also within the block.
        """
        # A file without a write-ahead log has no writer: SQLite may then skip every lock.
        live = path.with_name(path.name + "-wal").exists()
        mode = "mode=ro" if live else "mode=ro&immutable=1"
        connection = None
        try:
            uri = f"{path.resolve().as_uri()}?{mode}"
            connection = sqlite3.connect(uri, uri=True, timeout=_TIMEOUT_S, isolation_level=None)
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("BEGIN")
            yield cls(connection)
        except sqlite3.Error as error:
            raise LedgerUnreadable("this is no readable ledger file") from error
        finally:
            if connection is not None:
                connection.close()

    def head(self) -> tuple[int, bytes] | None:
        """Give size and root as the head row tells them; none if there is no sound row."""
        rows = self._connection.execute("SELECT size, root FROM head LIMIT 2").fetchall()
        if len(rows) != 1 or type(rows[0][0]) is not int or type(rows[0][1]) is not bytes:
            return None
        return rows[0][0], rows[0][1]

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Give size and note of each checkpoint by size, cosigned ones once more."""
        cosigned = _COSIGNED if self._has("cosigned") else ""
        return self._connection.execute(_CHECKPOINTS + cosigned + _BY_SIZE)

    def newest_note(self) -> bytes | None:
        """Give the note of the newest checkpoint."""
        return self._first(_NEWEST)

    def stamps(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Give size, note and response of each time stamp over a checkpoint, the newest first."""
        return self._connection.execute(_STAMPS) if self._has("stamp") else iter(())

    def entries(self) -> Iterator[FoundEntry]:
        """Give all entries by index."""
        return (FoundEntry(*row) for row in self._connection.execute(_ENTRIES))

    def entry(self, index: int) -> bytes | None:
        """Give the leaf at one index."""
        return self._first(_ENTRY, index)

    def nodes(self, level: int) -> Iterator[tuple[int, bytes]]:
        """Give index and hash of each stored node of one level."""
        return self._connection.execute(_NODES, (level,))

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the stored hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        query, values = (_HASHES, (level, start, stop)) if level else (_LEAF_HASHES, (start, stop))
        return [value for (value,) in self._connection.execute(query, values)]

    def openings(self) -> Iterator[tuple[int, bytes]]:
        """Give none: what was sealed is not shown by the file alone."""
        return iter(())

    def _first(self, query: str, *values: object) -> bytes | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else row[0]

    def _has(self, table: str) -> bool:
        # A ledger of version 0.1.0 has no place for cosignatures and stamps.
        return self._first(_TABLE, table) is not None
