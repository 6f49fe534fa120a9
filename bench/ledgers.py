"""Durable appends per second beside raw inserts of the same rows at the same batch sizes."""

import asyncio
import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import uvloop

from audit.entry import Draft, EntryType, new_request_id
from audit.ledger import Ledger, LogSettings
from audit.note import Signer
from audit.seal import SealKeys
from audit.storage.connect import make_ready
from audit.storage.migrate import migrate
from audit.storage.place import sqlite_url
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_ledger
from bench.raw_inserts import Place, raw_inserts
from bench.rows import Row
from tests.postgresql_server import Server, running

_CALLERS = (1, 8, 64, 256)
_ENTRIES_PER_CALLER = {1: 2_000, 8: 1_000, 64: 300, 256: 150}
_VERIFIED = 100_000
ORIGIN = "bench.example/disclosures/2026"
SEED = b"\x07" * 32


def measure(folder: Path) -> Iterator[Row]:
    """Measure appends in each database, then the verification of a large ledger."""
    yield from _appends("sqlite", lambda name: _new_file(folder / f"{name}.db"), folder)
    if shutil.which("initdb"):
        with running() as server:
            yield from _appends("postgresql", lambda name: _new_schema(server, name), folder)
    yield from _verification(folder / "verified.db")


def _appends(database: str, make: Callable[[str], Place], folder: Path) -> Iterator[Row]:
    """Measure appends with receipt beside raw inserts of the same rows in the same batches."""
    for callers in _CALLERS:
        place = make(f"append-{callers}")
        count = callers * _ENTRIES_PER_CALLER[callers]
        rate = uvloop.run(_append(place, folder / f"{database}-{callers}.mark", callers, count))
        raw = raw_inserts(place, make(f"raw-{callers}"))
        yield Row(f"{database}.insert.{callers}", raw, "1/s")
        yield Row(f"{database}.append.{callers}", rate, "1/s", f"{database}.insert.{callers}")


def _new_file(path: Path) -> Place:
    make_ready(sqlite_url(path), ORIGIN)
    return Place(sqlite_url(path), ORIGIN)


def _new_schema(server: Server, name: str) -> Place:
    origin = f"bench.example/disclosures/{name}"
    migrate(server.url(), origin)
    return Place(server.url(), origin)


async def _append(place: Place, mark: Path, callers: int, count: int) -> float:
    """Return appends per second."""
    with closing(open_place(place, mark)) as ledger:
        await asyncio.gather(*(_caller(ledger, 5) for _ in range(callers)))
        started = time.perf_counter()
        await asyncio.gather(*(_caller(ledger, count // callers) for _ in range(callers)))
        return count / (time.perf_counter() - started)


async def _caller(ledger: Ledger, count: int) -> None:
    for _ in range(count):
        await ledger.append(draft())


def open_place(place: Place, mark: Path) -> Ledger:
    """Open the ledger that is kept there."""
    return Ledger.open(
        LogSettings(
            url=place.url,
            origin=place.origin,
            seed=SEED,
            gateway_id="bench",
            keys=SealKeys({1: b"\x05" * 32}, b"\x06" * 32),
            high_water=mark,
        )
    )


def _verification(path: Path) -> Iterator[Row]:
    mark = path.with_suffix(".mark")
    uvloop.run(_append(_new_file(path), mark, 256, _VERIFIED // 256 * 256 + 256))
    vkey = Signer(ORIGIN, SEED).verifier.vkey
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


def draft() -> Draft:
    """Return a draft as a permitted disclosure makes it."""
    return Draft(
        type=EntryType.DISCLOSURE,
        request_id=new_request_id(time.time_ns() // 1_000_000, os.urandom),
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
