"""Reading a ledger file from outside, with the standard library alone; it cannot write.

What it gives was read from an untrusted file: every value is of the type it should have, or absent,
and no larger than a sound one could be.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from audit.entry import MAX_LEAF_BYTES
from audit.errors import LedgerUnreadable
from audit.note import MAX_NOTE_BYTES

_HASH_BYTES: Final = 32
_ID_LETTERS: Final = 32
_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """One entry as it was found; a member that has not the right type or size is absent."""

    index: int
    request_id: str | None
    leaf: bytes | None
    leaf_hash: bytes | None


class LedgerFile:
    """A ledger in a SQLite file, opened read-only as one unchanging picture."""

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
        """Give size and note of each checkpoint by size; an unsound note is empty."""
        return self._connection.execute(
            "SELECT size, CASE WHEN typeof(note) = 'blob' AND length(note) <= ? THEN note"
            " ELSE x'' END FROM checkpoint ORDER BY size",
            (MAX_NOTE_BYTES,),
        )

    def newest_note(self) -> bytes | None:
        """Give the note of the newest checkpoint."""
        row = self._connection.execute(
            "SELECT note FROM checkpoint WHERE length(note) <= ? ORDER BY size DESC LIMIT 1",
            (MAX_NOTE_BYTES,),
        ).fetchone()
        return None if row is None or type(row[0]) is not bytes else row[0]

    def entries(self) -> Iterator[FoundEntry]:
        """Give all entries by index."""
        rows = self._connection.execute(
            'SELECT "index",'
            " CASE WHEN typeof(request_id) = 'text' AND length(request_id) = ?"
            " THEN request_id END,"
            " CASE WHEN typeof(leaf) = 'blob' AND length(leaf) <= ? THEN leaf END,"
            " CASE WHEN typeof(leaf_hash) = 'blob' AND length(leaf_hash) = ? THEN leaf_hash END"
            ' FROM entry ORDER BY "index"',
            (_ID_LETTERS, MAX_LEAF_BYTES, _HASH_BYTES),
        )
        return (FoundEntry(*row) for row in rows)

    def entry(self, index: int) -> bytes | None:
        """Give the leaf at one index."""
        row = self._connection.execute(
            'SELECT leaf FROM entry WHERE "index" = ? AND length(leaf) <= ?',
            (index, MAX_LEAF_BYTES),
        ).fetchone()
        return None if row is None or type(row[0]) is not bytes else row[0]

    def nodes(self, level: int) -> Iterator[tuple[int, bytes]]:
        """Give index and hash of each stored node of one level; an unsound hash is empty."""
        return self._connection.execute(
            "SELECT \"index\", CASE WHEN typeof(hash) = 'blob' AND length(hash) = ? THEN hash"
            " ELSE x'' END FROM node WHERE level = ? ORDER BY \"index\"",
            (_HASH_BYTES, level),
        )

    def first_repeated(self) -> int | None:
        """Give the index of the first entry whose request id an earlier entry has."""
        # Sorting within SQLite keeps the memory bounded; the index on the ids makes it a scan.
        row = self._connection.execute(
            'SELECT min(later) FROM (SELECT max("index") AS later FROM entry'
            " GROUP BY request_id HAVING count(*) > 1)"
        ).fetchone()
        return None if row is None else row[0]
