"""What a witness remembers: per log the largest checkpoint that it cosigned, in a SQLite file.

The check and the set are one transaction that is durable before it returns, so that no two requests
in any number of threads and processes can both advance from the same size.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Self

from audit.errors import WitnessUnsafe
from audit.merkle import EMPTY_ROOT, RootHash

_APPLICATION_ID: Final = 0x44507731  # "DPw1": a witness state of the first form.
_BUSY_S: Final = 5.0
_WAL_FULL: Final = ("wal", 2)


@dataclass(frozen=True, slots=True)
class Seen:
    """The largest tree of one log that was cosigned; the empty tree when there was none.

    Units:   size in leaves.
    """

    size: int = 0
    root: RootHash = EMPTY_ROOT


@dataclass(slots=True)
class Turn:
    """One look at what was cosigned last, and what is cosigned now, if anything."""

    seen: Seen
    recorded: Seen | None = None


class WitnessState:
    """The memory of one witness; safe to share between threads and processes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = Lock()

    @classmethod
    def open(cls, path: Path, *, create: bool) -> Self:
        """Open the file, which must exist unless it may be created.

        Effects: with `create`, an empty state where there is none.
        Raises:  WitnessUnsafe if it is missing, no state of a witness, or not durable.
        """
        mode = "rwc" if create else "rw"
        connection = None
        try:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
            _prepare(connection)
        except (sqlite3.Error, WitnessUnsafe) as error:
            if connection is not None:
                connection.close()
            raise WitnessUnsafe(
                "the state of the witness is missing, not a state, or not durable"
            ) from error
        return cls(connection)

    @contextmanager
    def turn(self, origin: str) -> Iterator["Turn"]:
        """Give what was cosigned last of one log, alone until the block ends.

        Effects: what the block recorded is durable after it; an exception in it changes nothing.
        Raises:  sqlite3.Error if the file cannot be read or written.
        """
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                turn = Turn(self._seen(origin))
                yield turn
                if turn.recorded is not None:
                    row = (origin, turn.recorded.size, turn.recorded.root)
                    self._connection.execute("REPLACE INTO seen VALUES (?, ?, ?)", row)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _seen(self, origin: str) -> Seen:
        query = "SELECT size, root FROM seen WHERE origin = ?"
        row = self._connection.execute(query, (origin,)).fetchone()
        return Seen() if row is None else Seen(row[0], RootHash(row[1]))


def _prepare(connection: sqlite3.Connection) -> None:
    (journal,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    connection.execute("PRAGMA synchronous=FULL")
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if not tables and not application:
        connection.execute(
            "CREATE TABLE seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL CHECK (size >= 0), "
            "root BLOB NOT NULL CHECK (length(root) = 32)) STRICT"
        )
        connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
        application = _APPLICATION_ID
    connection.execute("COMMIT")
    if application != _APPLICATION_ID or (journal, synchronous) != _WAL_FULL:
        raise WitnessUnsafe("not the state of a witness")
