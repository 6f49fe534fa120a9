"""What every source that counts promises: the same cells, however it counts, and no row."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from gateway.errors import SourceFailed
from gateway.sources.groups import Group, GroupQuery, GroupSource, Measured
from gateway.sources.mapped import MappedSources
from gateway.sources.mapping_file import read_mapping
from gateway.sources.opening import sources_of
from gateway.sources.source import Query
from gateway.sources.sql import SqlSource
from gateway.subject import parse_bsn
from tests.counterparts import registers
from tests.counterparts.registers import mapped
from tests.postgresql_server import Server, running

pytestmark = pytest.mark.anyio

COLUMNS = ("bsn", "jaar", "trede", "wijk", "begin", "eind", "punten")
Row = tuple[str | None, int | None, int | None, str | None, str | None, str | None, float | None]
A, B, C, D = "999950009", "999950010", "999950022", "999950034"
ROWS: Sequence[Row] = [
    (A, 2024, 1, "noord", "2024-01-01", "2024-01-11", 2),
    (A, 2024, 1, "noord", "2024-03-01", "2024-03-21", 4),
    (B, 2024, 1, "zuid", "2024-01-01", "2024-02-10", 8),
    (C, 2024, 1, "noord", "2024-01-01", None, None),
    (B, 2025, 2, "zuid", "2025-01-01", "2025-01-31", 1.5),
    (C, 2025, 1, "noord", "2025-05-01", "2025-04-01", 3),
    (D, 2026, 1, "noord", "2026-01-01", "2026-02-01", 5),
    (D, 2024, None, "noord", "2024-01-01", "2024-02-01", 5),
    (D, None, 1, "noord", "2024-01-01", "2024-02-01", 5),
]
_SQL = (
    "CREATE TABLE ladder (bsn TEXT, jaar INTEGER, trede INTEGER, wijk TEXT, "
    "begin_ DATE, eind DATE, punten REAL)"
).replace("begin_", '"begin"')
_HOLES = ", ".join("?" for _ in COLUMNS)
_DIGITS = {"jaar": ", form: digits", "trede": ", form: digits", "punten": ", form: decimal_point"}
_TYPES = {"jaar": "integer", "trede": "integer", "wijk": "text", "punten": "decimal"}


def mapping(source: str, at: str, forms: dict[str, str]) -> str:
    """Return a mapping of the one table."""
    lines = [
        f"      {name}: {{at: {name}, type: {_TYPES.get(name, 'date')}{forms.get(name, '')}}}"
        for name in COLUMNS[1:]
    ]
    head = f"deadline_ms: 5000\nsources:\n  bron: {{{source}, deadline_ms: 4000}}\ntables:\n"
    table = f"  ladder:\n    source: bron\n    at: {at}\n    subject: bsn\n    columns:\n"
    return head + table + "\n".join(lines) + "\n"


def fill(folder: Path) -> Path:
    """Make the SQLite file."""
    path = folder / "bron.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_SQL)
        connection.executemany(f"INSERT INTO ladder VALUES ({_HOLES})", ROWS)  # noqa: S608
    return path


def plain_sqlite(folder: Path) -> SqlSource:
    """Give the one register."""
    return SqlSource(f"sqlite:///{fill(folder)}")


def sqlite_file(folder: Path) -> MappedSources:
    """Give a mapped SQLite file."""
    fill(folder)
    return mapped(mapping("kind: sqlite, address: bron.db", "ladder", {}), folder)


def csv_file(folder: Path) -> MappedSources:
    """Give a CSV file."""
    with (folder / "ladder.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *ROWS])
    return mapped(mapping("kind: files, address: .", "ladder.csv", _DIGITS), folder)


def json_file(folder: Path) -> MappedSources:
    """Give a JSON file."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    (folder / "ladder.json").write_text(json.dumps(rows))
    return mapped(mapping("kind: files, address: .", "ladder.json", {}), folder)


def parquet_file(folder: Path) -> MappedSources:
    """Give a Parquet file."""
    with closing(duckdb.connect()) as connection:
        connection.execute(_SQL)
        connection.executemany(f"INSERT INTO ladder VALUES ({_HOLES})", ROWS)  # noqa: S608
        connection.sql("SELECT * FROM ladder").write_parquet(str(folder / "ladder.parquet"))
    return mapped(mapping("kind: files, address: .", "ladder.parquet", {}), folder)


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """Give a PostgreSQL server of our own, with the table."""
    with running() as server:
        with psycopg.connect(server.url(), autocommit=True) as owner:
            owner.execute(_SQL.encode())
            holes = _HOLES.replace("?", "%s")
            owner.cursor().executemany(f"INSERT INTO ladder VALUES ({holes})".encode(), ROWS)  # noqa: S608
            owner.execute(b"CREATE ROLE lezer LOGIN")
            owner.execute(b"GRANT SELECT ON ladder TO lezer")
        yield server


OPENERS: dict[str, Callable[[Path], SqlSource | MappedSources]] = {
    each.__name__: each for each in (plain_sqlite, sqlite_file, csv_file, json_file, parquet_file)
}


@pytest.fixture(params=[*OPENERS, "postgresql"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GroupSource]:
    """Give each source in turn, with the same rows behind it."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("database")
        place = f"kind: postgresql, address: '{server.url(user='lezer')}'"
        opened: SqlSource | MappedSources = mapped(mapping(place, "public.ladder", {}), tmp_path)
    else:
        opened = OPENERS[request.param](tmp_path)
    yield opened
    opened.close()


def asked(measured: Measured | None = None, **changes: object) -> GroupQuery:
    """Return a count per year and step, of 2024 and 2025."""
    usual: dict[str, object] = {
        "table": "ladder",
        "per": ("jaar", "trede"),
        "where": (),
        "period": "jaar",
        "years": (2024, 2025),
        "measured": measured,
    }
    return GroupQuery(**(usual | changes))  # type: ignore[arg-type]


async def cells(source: GroupSource, query: GroupQuery) -> dict[tuple[object, ...], Group]:
    """Return the cells by their labels."""
    return {cell.labels: cell for cell in await source.groups(query)}


async def test_persons_are_counted_once_in_a_cell(source: GroupSource) -> None:
    """Two rows of one person are one person; other years and rows without a label are nothing."""
    found = await cells(source, asked())

    assert {labels: cell.persons for labels, cell in found.items()} == {
        (2024, 1): 3,
        (2025, 1): 1,
        (2025, 2): 1,
    }


async def test_a_duration_is_the_mean_of_persons(source: GroupSource) -> None:
    """Who is not there yet, and who left before coming, has no duration; each person weighs one."""
    found = await cells(source, asked(Measured("begin", "eind")))

    assert set(found) == {(2024, 1), (2025, 2)}
    cell = found[2024, 1]
    assert (cell.persons, cell.total, cell.largest, cell.median) == (2, 55, 40, 27.5)


async def test_a_number_is_measured(source: GroupSource) -> None:
    """A column of numbers has its mean and median over persons too."""
    cell = (await cells(source, asked(Measured("punten"))))[2024, 1]

    assert (cell.persons, cell.total, cell.largest, cell.median) == (2, 11, 8, 5.5)


async def test_no_person_moves_a_total_beyond_the_limits(source: GroupSource) -> None:
    """What is too little or too much counts as the limit."""
    query = asked(Measured("begin", "eind", low=15, high=25))

    cell = (await cells(source, query))[2024, 1]

    assert (cell.persons, cell.total, cell.largest) == (2, 42.5, 25)


async def test_a_person_is_in_no_more_cells_than_is_asked(source: GroupSource) -> None:
    """Of somebody in two years only the first cell counts."""
    found = await cells(source, asked(most_cells=1))

    assert {labels: cell.persons for labels, cell in found.items()} == {(2024, 1): 3}


@pytest.mark.parametrize(("wijk", "persons"), [("noord", 2), ("zuid", 1), ("'; DROP", 0)])
async def test_only_what_meets_the_condition_counts(
    source: GroupSource, wijk: str, persons: int
) -> None:
    """A condition holds, and its value is a value."""
    found = await cells(source, asked(per=("trede",), where=(("wijk", wijk),), years=(2024, 2024)))

    assert {labels: cell.persons for labels, cell in found.items()} == (
        {(1,): persons} if persons else {}
    )


@pytest.mark.parametrize("changes", [{"per": ("elders",)}, {"table": "elders"}])
async def test_what_is_not_there_is_not_counted(
    source: GroupSource, changes: dict[str, Any]
) -> None:
    """An unknown table or column ends the question, and the next one is answered."""
    with pytest.raises(SourceFailed):
        await source.groups(replace(asked(), **changes))

    assert len(await source.groups(asked())) == 3


@dataclass
class Ticking:
    """A clock that goes on by so much at every look."""

    tick_s: float
    at_s: float = 0.0

    def __call__(self) -> float:
        """Return the time, and let it pass."""
        self.at_s += self.tick_s
        return self.at_s


WIDE = (("deadline_ms: 5000", "deadline_ms: 2000"), ("deadline_ms: 4000", "deadline_ms: 250"))


def many(folder: Path) -> None:
    """Make so many persons that SQLite looks at the clock a few times while it counts them."""
    with closing(sqlite3.connect(fill(folder))) as connection, connection:
        rows = [(f"p{number}", 2024, 1, "noord", None, None, None) for number in range(2_000)]
        connection.executemany(f"INSERT INTO ladder VALUES ({_HOLES})", rows)  # noqa: S608


def long_plain(folder: Path, clock: Ticking) -> SqlSource:
    """Give the one register over many persons."""
    return SqlSource(f"sqlite:///{folder / 'bron.db'}", monotonic_s=clock)


def long_mapped(folder: Path, clock: Ticking) -> MappedSources:
    """Give a mapped file over many persons, with little time for a look and more for a request."""
    text = mapping("kind: sqlite, address: bron.db", "ladder", {})
    for old, new in WIDE:
        assert old in text
        text = text.replace(old, new)
    return sources_of(read_mapping(text.encode(), "sources.yaml", folder), monotonic_s=clock)


@pytest.mark.parametrize("opened", [long_plain, long_mapped])
async def test_counting_may_take_longer_than_a_look(
    tmp_path: Path, opened: Callable[[Path, Ticking], SqlSource | MappedSources]
) -> None:
    """More time than one person has goes by before everybody is counted."""
    many(tmp_path)
    clock = Ticking(0.02)

    with closing(opened(tmp_path, clock)) as source:
        found = await cells(source, asked())

    assert found[2024, 1].persons == 2_003
    assert 0.25 < clock.at_s < 2


@pytest.mark.parametrize("opened", [long_plain, long_mapped])
async def test_counting_ends_at_its_deadline(
    tmp_path: Path, opened: Callable[[Path, Ticking], SqlSource | MappedSources]
) -> None:
    """The twin: a count that takes too long is stopped, and the next one is asked."""
    many(tmp_path)
    clock = Ticking(1.5)

    with closing(opened(tmp_path, clock)) as source:
        with pytest.raises(SourceFailed):
            await source.groups(asked())
        clock.tick_s = 0.02

        assert len(await source.groups(asked())) == 3


async def test_a_database_counts_for_as_long_as_a_request_has(
    database: Server, tmp_path: Path
) -> None:
    """The server stops a look after its own time and a count after that of the whole."""
    place = f"kind: postgresql, address: '{database.url(user='lezer')}'"
    text = mapping(place, "public.ladder", {}).replace("deadline_ms: 4000", "deadline_ms: 250")
    slow = '{sql: "jaar + length(pg_sleep(0.4)::text)", type: integer}'
    text = text.replace("{at: jaar, type: integer}", slow)
    one = asked(per=("trede",), where=(("trede", 2),))
    looked = Query("ladder", ("jaar",), (("trede", 2),))

    with closing(mapped(text, tmp_path)) as source:
        counted = await source.groups(one)
        with pytest.raises(SourceFailed):
            await source.rows(parse_bsn(B), [looked])

    assert [cell.persons for cell in counted] == [1]


async def test_a_register_of_single_persons_does_not_count(tmp_path: Path) -> None:
    """A FHIR server tells of one patient at a time: a count is refused, and nothing is asked."""
    with registers.fhir(tmp_path, []) as standing:
        query = asked(table="traject", per=("status",), period="maanden")

        with pytest.raises(SourceFailed, match="does not answer"):
            await standing.source.groups(query)

        heard = list(standing.asked())
        await standing.source.aclose()
    assert heard == []


async def test_a_translated_column_is_not_counted_in_the_source(tmp_path: Path) -> None:
    """What the gateway must translate first, a database cannot count over."""
    fill(tmp_path)
    text = mapping("kind: sqlite, address: bron.db", "ladder", _DIGITS)
    with closing(mapped(text, tmp_path)) as source, pytest.raises(SourceFailed, match="translates"):
        await source.groups(asked())
