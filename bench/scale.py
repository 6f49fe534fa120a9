"""Whether an append stays as fast when the log is large: a log of any size, built in bulk."""

import os
import random
import sqlite3
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import uvloop

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.entry import EntryType, canonical
from audit.ledger import Ledger
from audit.merkle import Frontier, grow, leaf_hash
from audit.note import Signer
from audit.storage.connect import make_ready
from audit.storage.place import sqlite_url
from bench.ledgers import ORIGIN, SEED, draft, open_place
from bench.raw_inserts import Place
from bench.rows import Row

_SIZES = (10_000, 5_000_000)
_ROUNDS = 40
_APPENDS = 50
_STEP = 1 << 16
_ENTRIES_OF_ONE = 10  # How often one person stands in a log, more or less.
_KEY_ID, _LOOKUP = 16, 32


def measure(folder: Path, sizes: tuple[int, ...] = _SIZES) -> Iterator[Row]:
    """Measure the median time of an append by one caller at each of these sizes.

    The logs are appended to in turns: whatever else the machine and its disk do meets them alike.
    """
    paths = [folder / f"scale-{size}.db" for size in sizes]
    for path, size in zip(paths, sizes, strict=True):
        build(path, size)
    with ExitStack() as opened:
        ledgers = [
            opened.enter_context(
                closing(open_place(Place(sqlite_url(path), ORIGIN), path.with_suffix(".mark")))
            )
            for path in paths
        ]
        medians = uvloop.run(_medians_of_appends(ledgers))
    baseline = None
    for size, median in zip(sizes, medians, strict=True):
        name = f"ledger.append.p50.at.{size}"
        yield Row(name, median * 1e6, "us", baseline)
        baseline = baseline or name


async def _medians_of_appends(ledgers: Sequence[Ledger]) -> list[float]:
    times: list[list[float]] = [[] for _ in ledgers]
    for _ in range(_ROUNDS):
        for ledger, found in zip(ledgers, times, strict=True):
            for _ in range(_APPENDS):
                started = time.perf_counter()
                await ledger.append(replace(draft(), subject=os.urandom(8)))
                found.append(time.perf_counter() - started)
    # What was read for the first time is left out: a log that is in use has its pages at hand.
    return [statistics.median(found[_ROUNDS * _APPENDS // 10 :]) for found in times]


def build(path: Path, size: int) -> None:
    """Write a log of so many entries that opens and verifies against its head.

    Its entries are small and its checkpoint covers them all at once; ids, hashes and keys, which
    make the trees that an append goes down, are as in a log that grew by itself.
    """
    make_ready(sqlite_url(path), ORIGIN)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-200000")
        connection.execute("BEGIN")
        frontier = Frontier()
        for start in range(0, size, _STEP):
            frontier = _add(connection, frontier, min(_STEP, size - start))
        signer = Signer(ORIGIN, SEED)
        checkpoint = Checkpoint(ORIGIN, size, frontier.root)
        note = signer.sign(format_checkpoint(checkpoint))
        connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note))
        connection.execute("INSERT INTO head VALUES (1, ?, ?, 0, 1)", (size, frontier.root))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.sync()  # What was built must not be on its way to the disk while appends are timed.


def _add(connection: sqlite3.Connection, frontier: Frontier, count: int) -> Frontier:
    rows = []
    for index in range(frontier.size, frontier.size + count):
        request_id = f"{index:012x}{os.urandom(10).hex()}"
        leaf = canonical({"id": request_id, "time": index, "type": EntryType.POLICY.value})
        rows.append((index, request_id, leaf, leaf_hash(leaf)))
    keys = [os.urandom(_KEY_ID) for _ in range(0, count, _ENTRIES_OF_ONE)]
    wrapped = [(key, os.urandom(_LOOKUP), b"", 1) for key in keys]
    sealed = [(row[0], 0, random.choice(keys), b"") for row in rows]  # noqa: S311  Only places.
    connection.executemany("INSERT INTO subject_key VALUES (?, ?, ?, ?)", wrapped)
    connection.executemany("INSERT INTO particulars VALUES (?, ?, ?, ?)", sealed)
    growth = grow(frontier, [row[3] for row in rows])
    connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
    connection.executemany("INSERT INTO node VALUES (?, ?, ?)", growth.stored_nodes())
    return growth.frontier
