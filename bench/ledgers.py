"""Durable appends per second beside raw inserts of the same rows at the same batch sizes."""

import asyncio
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import uvloop

from audit.entry import Draft, EntryType
from audit.ledger import Ledger, LogSettings
from audit.note import Signer
from audit.seal import SealKeys
from audit.storage.tables import SCHEMA
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_ledger
from bench.rows import Row

_CALLERS = (1, 8, 64, 256)
_ENTRIES_PER_CALLER = {1: 1_000, 8: 500, 64: 200, 256: 100}
_VERIFIED = 100_000
_ORIGIN = "bench.example/disclosures/2026"
_SEED = b"\x07" * 32


def measure(folder: Path) -> Iterator[Row]:
    """Measure appends at each number of callers, then the verification of a large ledger."""
    for callers in _CALLERS:
        path = folder / f"append-{callers}.db"
        count = callers * _ENTRIES_PER_CALLER[callers]
        rate, batch = uvloop.run(_append(path, callers, count))
        raw = _raw_inserts(path, folder / f"raw-{callers}.db", batch)
        yield Row(f"sqlite.insert.{callers}", raw, "1/s")
        yield Row(f"ledger.append.{callers}", rate, "1/s", f"sqlite.insert.{callers}")
    yield from _verification(folder / "verified.db")


async def _append(path: Path, callers: int, count: int) -> tuple[float, int]:
    """Return appends per second, and how many entries shared a commit on average."""
    with closing(_open(path)) as ledger:
        started = time.perf_counter()
        await asyncio.gather(*(_caller(ledger, count // callers) for _ in range(callers)))
        seconds = time.perf_counter() - started
    with closing(sqlite3.connect(path)) as connection:
        (commits,) = connection.execute("SELECT count(*) FROM checkpoint").fetchone()
    return count / seconds, max(round(count / commits), 1)


async def _caller(ledger: Ledger, count: int) -> None:
    for _ in range(count):
        await ledger.append(_draft())


def _open(path: Path) -> Ledger:
    return Ledger.open(
        LogSettings(
            path=path,
            origin=_ORIGIN,
            seed=_SEED,
            gateway_id="bench",
            keys=SealKeys(1, b"\x05" * 32, b"\x06" * 32),
            high_water=path.with_suffix(".mark"),
            schema=SCHEMA,
        )
    )


def _raw_inserts(ledger: Path, target: Path, batch: int) -> float:
    """Insert the rows of a ledger into a plain table of the same database, durably."""
    with closing(sqlite3.connect(ledger)) as connection:
        rows = connection.execute('SELECT "index", request_id, leaf, leaf_hash FROM entry')
        entries = rows.fetchall()
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(
            "CREATE TABLE raw (number INTEGER PRIMARY KEY, id TEXT UNIQUE, leaf BLOB, hash BLOB)"
        )
        started = time.perf_counter()
        for start in range(0, len(entries), batch):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO raw VALUES (?, ?, ?, ?)", entries[start : start + batch]
            )
            connection.execute("COMMIT")
        return len(entries) / (time.perf_counter() - started)


def _verification(path: Path) -> Iterator[Row]:
    uvloop.run(_append(path, 256, _VERIFIED // 256 * 256 + 256))
    vkey = Signer(_ORIGIN, _SEED).verifier.vkey
    with LedgerFile.open(path) as reader:
        started = time.perf_counter()
        summary = verify_ledger(reader, vkey=vkey)
        rate = summary.size / (time.perf_counter() - started)
    with closing(sqlite3.connect(path)) as connection:
        leaves = [leaf for (leaf,) in connection.execute("SELECT leaf FROM entry")]
    started = time.perf_counter()
    for leaf in leaves:
        hashlib.sha256(leaf).digest()
    bare = len(leaves) / (time.perf_counter() - started)
    yield Row("sha256.100k", bare, "1/s")
    yield Row("verify.100k", rate, "1/s", "sha256.100k")


def _draft() -> Draft:
    """Return a draft as a permitted disclosure makes it."""
    return Draft(
        type=EntryType.DISCLOSURE,
        request_id=os.urandom(16).hex(),
        members={
            "organisation": "00000099000000001001",
            "role": "consulent-jeugd",
            "policy": "ab" * 32,
            "outcome": "permit",
            "subjects": 1,
            "conditions": [
                {"name": "age", "outcome": "met"},
                {"name": "bron_bevestigd", "outcome": "met"},
            ],
            "trace": os.urandom(16).hex(),
            "span": os.urandom(8).hex(),
            "task": "jeugd-toeleiding",
            "activity": "criteria-toetsen-zwaarte",
            "purpose": "lichte-of-zware-hulp",
            "legal_basis": ["Jeugdwet 7.4.0 lid 1 a (6-1-e)", "Jeugdwet 7.4.0 lid 1-2 (9-2-g)"],
            "released": [{"field": "specialisatie_ingezet", "precision": "flag"}],
            "obligations": ["inform_subject", "keep_until", "do_not_pass_on"],
        },
        committed={
            "subject": b"bsn:999911235",
            "request": b"r" * 240,
            "content": b"c" * 1_200,
            "professional": b"medewerker-7",
        },
        subject=b"bsn:999911235",
    )
