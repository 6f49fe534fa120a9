"""What the gateway adds to a look-up: each kind of source beside a direct query for the same."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

from bench.rows import Row, percentile
from gateway.sources.mapped import MappedSources
from gateway.sources.mapping_file import read_mapping
from gateway.sources.opening import sources_of
from gateway.sources.source import Query
from gateway.sources.sql import SqlSource
from gateway.subject import parse_bsn

_PEOPLE = 2_000
_ROUNDS = 2_000
_SUBJECT = parse_bsn("999911235")
_QUERY = Query("traject", ("hulp", "maanden"), (("status", "lopend"),))
_DIRECT = "SELECT hulp, maanden FROM traject WHERE bsn = ? AND status = ?"
_MICROSECONDS = 1e6
_MAPPING = """
sources:
  bron: {{kind: {kind}, address: {address}}}
tables:
  traject:
    source: bron
    at: {at}
    subject: bsn
    columns:
      status: {{at: status, type: text}}
      maanden: {{at: maanden, type: integer}}
      hulp: {{at: hulp, type: boolean}}
"""


def measure(folder: Path) -> Iterator[Row]:
    """Measure the middle of many look-ups of one person, one after the other."""
    people = [f"{900_000_000 + number}" for number in range(_PEOPLE)]
    rows = [(bsn, "lopend", 9, True) for bsn in (*people, _SUBJECT.value)]
    with closing(sqlite3.connect(folder / "bron.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE traject (bsn TEXT, status TEXT, maanden INT, hulp BOOLEAN)"
        )
        connection.executemany("INSERT INTO traject VALUES (?, ?, ?, ?)", rows)
        connection.execute("CREATE INDEX bsn ON traject (bsn)")
    names = ("bsn", "status", "maanden", "hulp")
    (folder / "traject.json").write_text(
        json.dumps([dict(zip(names, r, strict=True)) for r in rows])
    )
    yield asyncio.run(_direct(folder / "bron.db"))
    plain = SqlSource(f"sqlite:///{folder / 'bron.db'}")
    yield _of(
        "source.sqlite.unmapped", asyncio.run(_median(lambda: plain.rows(_SUBJECT, [_QUERY])))
    )
    plain.close()
    for kind, address, at in (("sqlite", "bron.db", "traject"), ("files", ".", "traject.json")):
        mapped = _mapped(folder, kind, address, at)
        yield _of(f"source.{kind}.mapped", asyncio.run(_asked(mapped)))


def _mapped(folder: Path, kind: str, address: str, at: str) -> MappedSources:
    text = _MAPPING.format(kind=kind, address=address, at=at)
    mapping = read_mapping(text.encode(), "sources.yaml", folder)
    return sources_of(mapping, monotonic_s=time.monotonic)


async def _direct(path: Path) -> Row:
    with closing(sqlite3.connect(path)) as connection:

        async def look() -> None:
            connection.execute(_DIRECT, (_SUBJECT.value, "lopend")).fetchall()

        return Row("source.sqlite.direct", await _median(look), "us")


async def _asked(source: MappedSources) -> float:
    try:
        return await _median(lambda: source.rows(_SUBJECT, [_QUERY]))
    finally:
        await source.aclose()


async def _median(look: Callable[[], Awaitable[object]]) -> float:
    await look()
    took: list[float] = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        await look()
        took.append(time.perf_counter() - began)
    return percentile(sorted(took), 0.5) * _MICROSECONDS


def _of(name: str, microseconds: float) -> Row:
    return Row(name, microseconds, "us", "source.sqlite.direct")
