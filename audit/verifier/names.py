"""Request ids of any number of entries, and whether one stands twice: check 14 of the verifier."""

import sqlite3
from collections.abc import Iterable
from typing import Final, Self

_CACHE_KB: Final = 16_384
_TABLE: Final = "CREATE TABLE name (id BLOB, at INTEGER)"
_INSERT: Final = "INSERT INTO name VALUES (?, ?)"
_FIRST: Final = (
    "SELECT min(later) FROM (SELECT max(at) AS later FROM name GROUP BY id HAVING count(*) > 1)"
)


class Names:
    """The ids seen so far, in a nameless temporary database: memory stays bounded.

    Effects: SQLite makes a temporary file when they are many, and removes it itself.
    """

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)
        for statement in (f"PRAGMA cache_size=-{_CACHE_KB}", "PRAGMA journal_mode=OFF", _TABLE):
            self._rows.execute(statement).close()
        self._rows.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def add(self, names: Iterable[tuple[str, int]]) -> None:
        """Remember these ids, each with the index of its entry."""
        self._rows.executemany(_INSERT, [(bytes.fromhex(name), at) for name, at in names])

    def first_repeated(self) -> int | None:
        """Give the index of an entry whose id an earlier entry has; the first such."""
        [(index,)] = self._rows.execute(_FIRST).fetchall()
        return None if index is None else int(index)
