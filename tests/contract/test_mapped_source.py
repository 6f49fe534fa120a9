"""What every adapter promises behind a mapping, held against a counterpart that really runs."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from gateway.catalogue.model import Derive, FieldType, Precision
from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.reading import read_fields
from gateway.sources.source import Predicate, Query
from gateway.subject import parse_bsn
from tests.builders import HENK, NOBODY, YUSUF
from tests.counterparts import registers
from tests.counterparts.registers import SECRET, Row, Standing
from tests.grants import OCCASION, grant
from tests.postgresql_server import Server, running

pytestmark = pytest.mark.anyio

HOSTILE = "'; DROP TABLE traject; -- %s \" \\ <b>é\U0001f600"
ROWS: list[Row] = [
    {"bsn": YUSUF, "status": "lopend", "maanden": 9, "plan": SECRET, "hulp": True},
    {"bsn": YUSUF, "status": "beeindigd", "maanden": None, "plan": None, "hulp": False},
    {"bsn": HENK, "status": "lopend", "maanden": 3, "plan": HOSTILE, "hulp": None},
]
ALL = Query("traject", ("hulp", "maanden"), ())


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """Give a PostgreSQL server of our own."""
    with running() as server:
        yield server


SQL_KINDS = frozenset({"sqlite", "postgresql"})
KINDS = ("sqlite", "postgresql", "fhir", "csv_file", "json_file", "parquet_file")


@pytest.fixture(params=KINDS)
async def standing(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Standing]:
    """Give each adapter in turn, with the same rows behind it."""
    open_it: Callable[[Path, list[Row]], AbstractContextManager[Standing]] = getattr(
        registers, request.param
    )
    if request.param == "postgresql":
        open_it = partial(registers.postgresql, server=request.getfixturevalue("database"))
    with open_it(tmp_path, ROWS) as opened:
        yield opened
        opened.go_on()
        await opened.source.aclose()


async def ask(standing: Standing, bsn: str, *queries: Query) -> list[list[dict[str, object]]]:
    """Ask and give plain rows."""
    answers = await standing.source.rows(parse_bsn(bsn), queries)
    return [[dict(row) for row in rows] for rows in answers]


async def test_a_row_holds_the_asked_columns_only(standing: Standing) -> None:
    """What was not asked for does not come along, the compared column included."""
    query = Query("traject", ("maanden",), (("status", "lopend"),))

    assert await ask(standing, YUSUF, query) == [[{"maanden": 9}]]


async def test_every_row_of_the_person_comes_and_no_other(standing: Standing) -> None:
    """Yes, no and nothing come as such, for this person alone."""
    (rows,) = await ask(standing, YUSUF, ALL)

    assert sorted(rows, key=str) == [
        {"hulp": False, "maanden": None},
        {"hulp": True, "maanden": 9},
    ]


async def test_the_source_is_asked_for_the_asked_columns_only(standing: Standing) -> None:
    """The counterpart never hears the name of a column that nobody asked for."""
    await ask(standing, YUSUF, Query("traject", ("maanden",), ()))

    heard = " ".join(standing.asked())
    assert standing.names.get("plan", "plan") not in heard
    assert (standing.names.get("maanden", "maanden") in heard) is bool(standing.asked())


async def test_nobody_has_no_rows(standing: Standing) -> None:
    """An unknown person is an empty answer and no failure."""
    assert await ask(standing, NOBODY, ALL) == [[]]


@pytest.mark.parametrize(("status", "rows"), [("lopend", 1), ("weg", 0), (HOSTILE, 0)])
async def test_without_columns_only_existence_is_told(
    standing: Standing, status: str, rows: int
) -> None:
    """No columns means "is there a row": empty rows, as many as fit."""
    found = await ask(standing, YUSUF, Query("traject", (), (("status", status),)))

    assert found == [[{}] * rows]


@pytest.mark.parametrize(("hulp", "maanden"), [(True, 9), (False, None)])
async def test_a_condition_may_be_yes_or_no(
    standing: Standing, *, hulp: bool, maanden: int | None
) -> None:
    """Yes and no compare as yes and no, wherever the comparison is made."""
    query = Query("traject", ("maanden",), (("hulp", hulp),))

    assert await ask(standing, YUSUF, query) == [[{"maanden": maanden}]]


LONG = Predicate("maanden", Derive.AT_LEAST, (5,))
ODD = Predicate("plan", Derive.ONE_OF, (HOSTILE, "%s"))
IN_SQL = pytest.mark.parametrize("standing", ["sqlite", "postgresql"], indirect=True)
ELSEWHERE = pytest.mark.parametrize("standing", sorted({*KINDS} - SQL_KINDS), indirect=True)


@IN_SQL
async def test_of_a_predicate_only_the_outcome_leaves_a_database(standing: Standing) -> None:
    """Yes, no or unknown comes; the number and the text are compared, and not selected."""
    query = Query("traject", ("hulp", "maanden", "plan"), (("status", "lopend"),), (LONG, ODD))

    (yusuf,), (henk,) = await ask(standing, YUSUF, query), await ask(standing, HENK, query)

    assert yusuf == [{"hulp": True, LONG.name: True, ODD.name: False}]
    assert henk == [{"hulp": None, LONG.name: False, ODD.name: True}]
    chosen = [
        re.sub(r"CASE WHEN .*? ELSE 0 END END", "outcome", line.partition("SELECT")[2])
        for line in standing.asked()
    ]
    assert all(re.match(r' "[a-z".]+"\."hulp", outcome, outcome FROM', line) for line in chosen)
    assert chosen


@IN_SQL
async def test_rows_that_disagree_are_unknown_in_a_database_too(standing: Standing) -> None:
    """The person has a row of nine months and one without; neither alone is the answer."""
    query = Query("traject", ("maanden",), (), (LONG,))

    assert await ask(standing, YUSUF, query) == [[{LONG.name: None}] * 2]


@ELSEWHERE
async def test_a_source_that_does_not_compare_gives_the_column(standing: Standing) -> None:
    """The BRP, FHIR and files answer with the column, and the gateway compares."""
    query = Query("traject", ("maanden",), (("status", "lopend"),), (LONG,))

    assert await ask(standing, YUSUF, query) == [[{"maanden": 9}]]


async def test_hostile_values_come_unchanged(standing: Standing) -> None:
    """What looks like code in a value is a value."""
    assert await ask(standing, HENK, Query("traject", ("plan",), ())) == [[{"plan": HOSTILE}]]


@pytest.mark.parametrize(("kind", "left"), [(FieldType.DATE, None), (FieldType.STRING, HOSTILE)])
async def test_a_value_leaves_as_what_its_field_holds_or_not_at_all(
    standing: Standing, caplog: pytest.LogCaptureFixture, kind: FieldType, left: str | None
) -> None:
    """A text where a date should stand is unknown, and counted without being shown."""
    wanted = grant(Derive.ONE, Precision.EXACT, table="traject", column="plan", kind=kind)

    with caplog.at_level(logging.WARNING, "doelpoort.sources"):
        found = await read_fields(standing.source, parse_bsn(HENK), [wanted], OCCASION)

    assert found == {wanted.name: left}
    assert ("1 values of traject.plan do not fit" in caplog.text) is (left is None)
    assert HOSTILE not in caplog.text


async def test_answers_come_in_the_order_of_the_queries(standing: Standing) -> None:
    """Each query has its own answer, in order."""
    queries = [Query("traject", ("maanden",), (("status", s),)) for s in ("beeindigd", "lopend")]

    assert await ask(standing, YUSUF, *queries) == [[{"maanden": None}], [{"maanden": 9}]]


async def test_many_may_ask_at_once(standing: Standing) -> None:
    """Answers of requests that run at the same time do not mix."""
    people = [YUSUF, HENK, NOBODY] * 8

    answers = await asyncio.gather(*(ask(standing, bsn, ALL) for bsn in people))

    assert [len(rows) for (rows,) in answers] == [2, 1, 0] * 8


@pytest.mark.parametrize("query", [Query("elders", ("x",), ()), Query("traject", ("elders",), ())])
async def test_what_the_mapping_does_not_have_fails(standing: Standing, query: Query) -> None:
    """There is no half answer, and the next question is answered."""
    with pytest.raises(SourceFailed):
        await ask(standing, YUSUF, ALL, query)

    assert await ask(standing, HENK, ALL) == [[{"maanden": 3, "hulp": None}]]


async def test_figures_are_not_asked_of_persons(standing: Standing) -> None:
    """A table of persons does not answer a question about nobody."""
    with pytest.raises(SourceFailed):
        await standing.source.rows(None, [ALL])


async def test_what_a_broken_source_says_goes_nowhere(
    standing: Standing, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the error nor its causes nor any log line holds a value or the number."""
    caplog.set_level(logging.DEBUG)
    await asyncio.to_thread(standing.break_it)

    with pytest.raises(SourceFailed) as caught:
        await ask(standing, YUSUF, Query("traject", ("plan",), ()))

    told = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__cause__} {caplog.text}"
    assert SECRET not in told
    assert YUSUF not in told


async def test_the_live_source_has_what_the_mapping_says(standing: Standing) -> None:
    """A source that fits passes, also while an event loop runs."""
    standing.source.probe("bron")

    assert await ask(standing, NOBODY, ALL) == [[]]


async def test_closing_again_does_nothing(standing: Standing) -> None:
    """Closing in both ways fails nowhere and leaves no connection, which would be a warning."""
    await ask(standing, YUSUF, ALL)

    await standing.source.aclose()
    standing.source.close()


@pytest.fixture(params=["postgresql", "fhir"])
async def slow(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Standing]:
    """Give each adapter over a counterpart that does not answer."""
    opening = (
        registers.postgresql(tmp_path, ROWS, request.getfixturevalue("database"))
        if request.param == "postgresql"
        else registers.fhir(tmp_path, ROWS)
    )
    with opening as opened:
        opened.stop()
        yield opened
        opened.go_on()
        await opened.source.aclose()


async def test_a_slow_source_is_not_waited_for(slow: Standing) -> None:
    """The deadline of the source holds; once it answers again, so does the gateway."""
    began = time.monotonic()

    with pytest.raises(SourceFailed):
        await ask(slow, YUSUF, ALL)

    took = time.monotonic() - began
    slow.go_on()
    assert 0.8 < took < 1.9
    assert len((await ask(slow, YUSUF, ALL))[0]) == 2


async def test_a_role_that_may_write_is_refused(tmp_path: Path, database: Server) -> None:
    """A database is read by a role that can do nothing else there."""
    with registers.postgresql(tmp_path, ROWS, database) as opened:
        name = opened.source._mapping.sources["bron"].address.rpartition("/")[2]
        text = f"""
            sources:
              bron: {{kind: postgresql, address: '{database.url(database=name)}'}}
            tables:
              traject: {{source: bron, at: traject, subject: bsn}}
            """
        owner = registers.mapped(text, tmp_path)

        with pytest.raises(SourceInvalid, match="may write"):
            owner.probe("bron")
