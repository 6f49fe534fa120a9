"""What every source promises: a register in SQL and the fake in memory answer alike."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.catalogue.model import Derive, FieldType, Precision
from gateway.errors import SourceFailed
from gateway.sources.reading import read_fields
from gateway.sources.source import Query, Source
from gateway.sources.sql import SqlSource
from gateway.subject import parse_bsn
from tests.builders import HENK, NOBODY, YUSUF
from tests.fakes import MemorySource
from tests.grants import OCCASION, grant

pytestmark = pytest.mark.anyio

ROWS: list[dict[str, str | int | None]] = [
    {"bsn": YUSUF, "status": "lopend", "maanden": 9, "plan": "geheim", "hulp": True},
    {"bsn": YUSUF, "status": "beeindigd", "maanden": None, "plan": None, "hulp": False},
    {"bsn": HENK, "status": "lopend", "maanden": 3, "plan": "", "hulp": None},
]
TABLE = "CREATE TABLE traject (bsn TEXT, status TEXT, maanden INTEGER, plan TEXT, hulp BOOLEAN)"
INSERT = "INSERT INTO traject VALUES (:bsn, :status, :maanden, :plan, :hulp)"


@pytest.fixture(params=["memory", "sql"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    """Each source in turn, with the same rows."""
    if request.param == "memory":
        yield MemorySource({"traject": ROWS})
        return
    with closing(sqlite3.connect(tmp_path / "bron.db")) as connection, connection:
        connection.execute(TABLE)
        connection.executemany(INSERT, ROWS)
    opened = SqlSource(f"sqlite:///{tmp_path / 'bron.db'}")
    yield opened
    opened.close()


async def ask(source: Source, bsn: str, *queries: Query) -> list[list[dict[str, object]]]:
    """Ask and give plain rows."""
    answers = await source.rows(parse_bsn(bsn), queries)
    return [[dict(row) for row in rows] for rows in answers]


async def test_a_row_holds_the_asked_columns_only(source: Source) -> None:
    """What was not asked for does not come along."""
    query = Query("traject", ("maanden",), (("status", "lopend"),))

    assert await ask(source, YUSUF, query) == [[{"maanden": 9}]]


async def test_every_row_of_the_person_comes(source: Source) -> None:
    """All rows that fit come, and no row of anybody else."""
    (rows,) = await ask(source, YUSUF, Query("traject", ("hulp", "maanden"), ()))

    assert sorted(rows, key=str) == [
        {"hulp": False, "maanden": None},
        {"hulp": True, "maanden": 9},
    ]


async def test_nobody_has_no_rows(source: Source) -> None:
    """An unknown person is an empty answer and no failure."""
    assert await ask(source, NOBODY, Query("traject", ("maanden",), ())) == [[]]


@pytest.mark.parametrize(("bsn", "status", "rows"), [(YUSUF, "lopend", 1), (YUSUF, "weg", 0)])
async def test_without_columns_only_existence_is_told(
    source: Source, bsn: str, status: str, rows: int
) -> None:
    """No columns means "is there a row at all": at most one, and empty."""
    found = await ask(source, bsn, Query("traject", (), (("status", status),)))

    assert found == [[{}] * rows]


async def test_answers_come_in_the_order_of_the_queries(source: Source) -> None:
    """Each query has its own answer, in order."""
    queries = [Query("traject", ("plan",), (("status", s),)) for s in ("beeindigd", "lopend")]

    assert await ask(source, YUSUF, *queries) == [[{"plan": None}], [{"plan": "geheim"}]]


@pytest.mark.parametrize(
    ("column", "kind", "left", "counted"),
    [
        ("status", FieldType.DATE, None, True),
        ("status", FieldType.DECIMAL, None, True),
        ("status", FieldType.STRING, "lopend", False),
        ("maanden", FieldType.INTEGER, 3, False),
    ],
)
async def test_a_value_leaves_as_what_its_field_holds_or_not_at_all(
    source: Source,
    caplog: pytest.LogCaptureFixture,
    column: str,
    kind: FieldType,
    left: object,
    *,
    counted: bool,
) -> None:
    """A text where a date or a number should stand is unknown, and counted without being shown."""
    wanted = grant(Derive.ONE, Precision.EXACT, table="traject", column=column, kind=kind)

    with caplog.at_level(logging.WARNING, "doelpoort.sources"):
        found = await read_fields(source, parse_bsn(HENK), [wanted], OCCASION)

    assert found == {wanted.name: left}
    assert (f"1 values of traject.{column} do not fit" in caplog.text) is counted
    assert "lopend" not in caplog.text


async def test_one_query_that_fails_fails_all(source: Source) -> None:
    """There is no half answer."""
    with pytest.raises(SourceFailed) as caught:
        await ask(source, YUSUF, Query("traject", ("plan",), ()), Query("elders", ("x",), ()))

    assert "geheim" not in str(caught.value)


async def test_after_a_failure_the_next_question_is_answered(source: Source) -> None:
    """A failure is of one question only."""
    with pytest.raises(SourceFailed):
        await ask(source, YUSUF, Query("elders", ("x",), ()))

    assert await ask(source, HENK, Query("traject", ("maanden",), ())) == [[{"maanden": 3}]]
