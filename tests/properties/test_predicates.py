"""A predicate that a database answers: always what the gateway would have made of the same rows."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.catalogue.model import Derive, FieldGrant, Precision
from gateway.sources.mapped import MappedSources
from gateway.sources.reading import read_fields
from gateway.sources.source import Query, Row, Source
from gateway.sources.sql import SqlSource
from gateway.subject import Subject, parse_bsn
from tests.builders import YUSUF
from tests.counterparts.registers import mapped
from tests.grants import OCCASION, grant
from tests.postgresql_server import Server, running

D = Derive
WHO = parse_bsn(YUSUF)
LIMIT = 2**53 - 1
MAPPING = """
deadline_ms: 5000
sources:
  bron: {{{source}, deadline_ms: 4000}}
tables:
  tabel:
    source: bron
    at: {at}
    subject: bsn
    columns:
      tekst: {{at: w, type: text}}
      geheel: {{at: w, type: integer}}
      getal: {{at: w, type: decimal}}
"""
WORDS = ("a", "A", "a ", "", "é", "1", "\U0001f600")
OF_TEXTS = (
    (D.EQUALS, {"against": "a"}),
    (D.EQUALS, {"against": "a "}),
    (D.ONE_OF, {"one_of": ("a", "1", "é")}),
)
OF_NUMBERS = (
    (D.AT_MOST, {"against": 1}),
    (D.AT_LEAST, {"against": 1}),
    (D.AT_LEAST, {"against": LIMIT}),
)
OF_WHOLE = ((D.EQUALS, {"against": 1}), *OF_NUMBERS)
PLAIN = {"w": (*OF_TEXTS, *OF_WHOLE)}
TYPED = {"tekst": OF_TEXTS, "geheel": OF_WHOLE, "getal": OF_NUMBERS}

_Questions: TypeAlias = Mapping[str, Sequence[tuple[Derive, Mapping[str, Any]]]]


def grants(questions: _Questions) -> list[FieldGrant]:
    """Return a grant for every question about every column."""
    return [
        grant(derive, Precision.FLAG, name=f"{column}-{number}", column=column, **more)
        for column, each in questions.items()
        for number, (derive, more) in enumerate(each)
    ]


@dataclass
class Brought:
    """Passes questions on, with predicates or without, and keeps the names that came."""

    source: SqlSource | MappedSources
    predicates: bool
    names: set[str]

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Ask, and remember."""
        asked = [q if self.predicates else replace(q, predicates=()) for q in queries]
        found = await self.source.rows(subject, asked)
        self.names |= {name for rows in found for row in rows for name in row}
        return found


def answers(
    runner: asyncio.Runner, source: SqlSource | MappedSources, questions: _Questions
) -> tuple[dict[str, object], dict[str, object], set[str]]:
    """Return what the database answers, what the gateway does, and what the first one brought."""
    there = Brought(source, predicates=True, names=set())
    here = Brought(source, predicates=False, names=set())
    both: list[dict[str, object]] = []
    for way in (there, here):
        asked: Source = way  # type: ignore[assignment]
        both.append(runner.run(read_fields(asked, WHO, grants(questions), OCCASION)))
    return both[0], both[1], there.names


def several(values: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
    """Give rows that often agree: all of them, or all but one."""
    same = st.builds(lambda value, times: [value] * times, values, st.integers(0, 3))
    return st.one_of(same, st.builds(lambda rows, more: [*rows, more], same, values))


numbers = st.one_of(
    st.integers(-2, 2),
    st.sampled_from([LIMIT, LIMIT + 1, -LIMIT - 1, 2**63 - 1]),
    st.sampled_from([0.0, -0.0, 1.0, 0.1, 1.0000001, float(LIMIT), float(LIMIT + 1), 1e300]),
    st.floats(allow_nan=False),
)
words = st.one_of(st.sampled_from([*WORDS, "x" * 100_000, "x" * 100_001]), st.text(max_size=3))
loose: st.SearchStrategy[object] = st.one_of(
    st.none(), numbers, words, st.binary(max_size=2), st.sampled_from([b"a", "1.0", "0x1"])
)


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Let nobody write down the thousands of misfits."""
    logger = logging.getLogger("doelpoort.sources")
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Give one event loop for all questions, as a gateway has."""
    with asyncio.Runner() as opened:
        yield opened


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """Give a PostgreSQL server of our own."""
    with running() as server:
        yield server


@pytest.mark.parametrize("declared", ["", "TEXT COLLATE NOCASE", "INTEGER", "REAL", "BOOLEAN"])
@pytest.mark.parametrize("kind", ["plain", "mapped"])
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_sqlite_answers_what_the_gateway_would(
    tmp_path: Path, runner: asyncio.Runner, declared: str, kind: str, data: st.DataObject
) -> None:
    """Whatever stands in a column, however it was declared: the same yes, no or unknown."""
    found = data.draw(several(loose))
    path = tmp_path / "bron.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS tabel")
        connection.execute(f"CREATE TABLE tabel (bsn TEXT, w {declared})")
        rows = [(YUSUF, value) for value in found]
        connection.executemany("INSERT INTO tabel VALUES (?, ?)", rows)
    text = MAPPING.format(source="kind: sqlite, address: bron.db", at="tabel")
    source = SqlSource(f"sqlite:///{path}") if kind == "plain" else mapped(text, tmp_path)
    with closing(source):
        there, here, names = answers(runner, source, PLAIN if kind == "plain" else TYPED)

    assert there == here
    assert not names & {*PLAIN, *TYPED} or (kind, declared) == ("plain", "BOOLEAN")


whole = st.integers(-2, 2)
TYPES: Mapping[str, st.SearchStrategy[object]] = MappingProxyType(
    {
        "text": st.sampled_from([*WORDS, "x" * 100_000, "x" * 100_001]),
        "varchar": st.sampled_from(WORDS),
        "char(3)": st.sampled_from(WORDS),
        "soort": st.sampled_from(["a", "A", "é"]),
        "stuk": st.sampled_from(WORDS),
        "teller": whole,
        "smallint": whole,
        "bigint": st.sampled_from([0, 1, 2, LIMIT, LIMIT + 1, -LIMIT - 1, 2**63 - 1]),
        "real": st.sampled_from([0, -0.0, 1, 1.1, 1e30, "NaN", "Infinity"]),
        "double precision": st.one_of(numbers.filter(lambda n: abs(n) < 1e308), st.just("NaN")),
        "numeric": st.sampled_from(
            ["0", "1", "1.0", "1.00000000000000000000001", f"{LIMIT}", f"{LIMIT}.6", "1e400", "NaN"]
        ),
        "boolean": st.booleans(),
        "date": st.just("2026-01-01"),
        "uuid": st.uuids(),
        "bytea": st.just(b"a"),
    }
)
MADE = (
    "CREATE TYPE soort AS ENUM ('a', 'A', 'é')",
    "CREATE DOMAIN stuk AS text",
    "CREATE DOMAIN teller AS integer",
    "CREATE ROLE lezer LOGIN",
)


@pytest.fixture(scope="module")
def owner(database: Server) -> Iterator[psycopg.Connection]:
    """Give the owner of a database with a table for each type of column."""
    with psycopg.connect(database.url(), autocommit=True) as connection:
        for statement in MADE:
            connection.execute(statement.encode())
        for number, declared in enumerate(TYPES):
            connection.execute(f"CREATE TABLE t{number} (bsn TEXT, w {declared})".encode())
            connection.execute(f"GRANT SELECT ON t{number} TO lezer".encode())
        yield connection


@pytest.mark.parametrize("declared", TYPES)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_postgresql_answers_what_the_gateway_would(
    tmp_path: Path,
    runner: asyncio.Runner,
    database: Server,
    owner: psycopg.Connection,
    declared: str,
    data: st.DataObject,
) -> None:
    """Of every type of column, also those that hold nothing to compare, and none of it comes."""
    found = data.draw(several(st.one_of(st.none(), TYPES[declared])))
    table = f"t{list(TYPES).index(declared)}"
    owner.execute(f"TRUNCATE {table}".encode())
    rows = [(YUSUF, value) for value in found]
    owner.cursor().executemany(f"INSERT INTO {table} VALUES (%s, %s)".encode(), rows)  # noqa: S608
    place = f"kind: postgresql, address: '{database.url(user='lezer')}'"

    with closing(mapped(MAPPING.format(source=place, at=table), tmp_path)) as source:
        there, here, names = answers(runner, source, TYPED)

    assert there == here
    assert not names & set(TYPED)


def test_what_is_json_to_a_database_is_nothing_to_compare(
    tmp_path: Path, runner: asyncio.Runner, database: Server, owner: psycopg.Connection
) -> None:
    """The driver would make a number of it: here alone the database says less, and never more."""
    owner.execute(b"CREATE TABLE los (bsn TEXT, w jsonb)")
    owner.execute(b"GRANT SELECT ON los TO lezer")
    owner.execute("INSERT INTO los VALUES (%s, '1')", (YUSUF,))
    place = f"kind: postgresql, address: '{database.url(user='lezer')}'"

    with closing(mapped(MAPPING.format(source=place, at="los"), tmp_path)) as source:
        there, here, _ = answers(runner, source, {"geheel": OF_WHOLE})

    assert set(there.values()) == {None}
    assert here["geheel-0"] is True
