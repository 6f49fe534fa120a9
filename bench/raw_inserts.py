"""The baseline of an append: all rows that the ledger stored, put in again as plainly as can be.

Same database, same tables, same batches, as durable; but no tree, no signature, no seal, no socket.
"""

import sqlite3
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
from sqlalchemy import Engine, select

from audit.storage.engines import engine_of
from audit.storage.place import find_file, schema_of
from audit.storage.tables import METADATA

_COUNTED = ("entry", "particulars")  # Their rows belong to a batch by their first column.


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log is kept."""

    url: str
    origin: str


def raw_inserts(source: Place, target: Place) -> float:
    """Return how many entries per second go in when nothing but their rows is inserted."""
    batches = list(_batches(engine_of(source.url, source.origin, mode="ro")))
    count = sum(len(batch["entry"]) for batch in batches)
    path = find_file(target.url)
    seconds = _in_postgres(target, batches) if path is None else _in_sqlite(str(path), batches)
    return count / seconds


def _batches(engine: Engine) -> Iterator[dict[str, Sequence[tuple[Any, ...]]]]:
    tables = METADATA.tables
    with engine.connect() as connection:
        rows = {
            name: [tuple(row) for row in connection.execute(select(table).order_by(*table.c[:2]))]
            for name, table in tables.items()
            if name in (*_COUNTED, "checkpoint", "node", "subject_key")
        }
    engine.dispose()
    sizes = [0, *(size for size, _ in rows["checkpoint"])]
    for number, (start, stop) in enumerate(pairwise(sizes)):
        batch: dict[str, Sequence[tuple[Any, ...]]] = {
            name: rows[name][bisect_left(rows[name], (start,)) : bisect_left(rows[name], (stop,))]
            for name in _COUNTED
        }
        batch["checkpoint"] = rows["checkpoint"][number : number + 1]
        if number == 0:
            batch["subject_key"] = rows["subject_key"]
        # Above the lowest stored level there are as good as no nodes.
        first, last = start >> 8, stop >> 8
        batch["node"] = [row for row in rows["node"] if first <= row[1] < last]
        yield batch


def _in_sqlite(path: str, batches: Sequence[dict[str, Sequence[tuple[Any, ...]]]]) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        started = time.perf_counter()
        for batch in batches:
            connection.execute("BEGIN IMMEDIATE")
            for table, rows in batch.items():
                if rows:
                    marks = ", ".join("?" * len(rows[0]))
                    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
            connection.execute("COMMIT")
        return time.perf_counter() - started


def _in_postgres(place: Place, batches: Sequence[dict[str, Sequence[tuple[Any, ...]]]]) -> float:
    with psycopg.connect(place.url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET search_path TO {schema_of(place.origin)}".encode())
        connection.commit()
        started = time.perf_counter()
        for batch in batches:
            for table, rows in batch.items():
                if rows:
                    marks = ", ".join(["%s"] * len(rows[0]))
                    statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608
                    cursor.executemany(statement.encode(), rows)
            connection.commit()
        return time.perf_counter() - started
