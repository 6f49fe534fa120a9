"""The adapter of PostgreSQL: read-only, kept connections, and what a server does to them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.breaker import FAILURES
from gateway.sources.mapped import MappedSources
from gateway.sources.postgres import PostgresRegister
from gateway.sources.source import Query, Row
from gateway.subject import parse_bsn
from tests.builders import YUSUF
from tests.counterparts.registers import mapped
from tests.postgresql_server import Server, running

pytestmark = pytest.mark.anyio

MAPPING = """
sources:
  bron: {{kind: postgresql, address: '{url}', deadline_ms: 1500, password_file: wachtwoord}}
tables:
  t:
    source: bron
    at: zorg."T%s
    subject: bsn
    columns:
      a: {{at: a%s, type: integer}}
      b: {{sql: "to_char(dag, 'YYYY') LIKE '20%'", type: boolean}}
      c: {{at: bedrag, type: decimal}}
      d: {{at: dag, type: date}}
"""
# The names of the mapping are what nobody should have, to show that they are read literally.
TABLE = '"zorg"."""T%s"'
SETTINGS = (
    "CREATE SCHEMA zorg",
    f'CREATE TABLE {TABLE} (bsn integer, "a%s" integer, dag date, bedrag numeric(8,2))',
    "CREATE ROLE lezer LOGIN",
    "GRANT USAGE ON SCHEMA zorg TO lezer",
    f"GRANT SELECT ON {TABLE} TO lezer",
)
ROW = f"INSERT INTO {TABLE} VALUES ({YUSUF}, 3, '2011-05-14', 12.50)"  # noqa: S608 (all ours)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a PostgreSQL server of our own with one table."""
    with running() as opened:
        with psycopg.connect(opened.url(), autocommit=True) as owner:
            for statement in (*SETTINGS, ROW):
                owner.execute(statement.encode())
        yield opened


@pytest.fixture
async def source(server: Server, tmp_path: Path) -> AsyncIterator[MappedSources]:
    """Give the adapter over the table."""
    (tmp_path / "wachtwoord").write_text("een-geheim\n")
    text = MAPPING.format(url=server.url(user="lezer"))
    opened = mapped(text, tmp_path)
    yield opened
    await opened.aclose()


def register_of(source: MappedSources) -> PostgresRegister:
    """Return the adapter itself."""
    register = source._registers["bron"]
    assert isinstance(register, PostgresRegister)
    return register


async def rows(source: MappedSources, *columns: str) -> list[Row]:
    """Ask for columns of the one person."""
    (found,) = await source.rows(parse_bsn(YUSUF), [Query("t", columns, ())])
    return list(found)


async def test_names_expressions_and_types_are_read_as_they_are(source: MappedSources) -> None:
    """Odd names are names, a percent sign is one, a number of a person may be kept as a number."""
    source.probe("bron")

    assert await rows(source, "a", "b", "c", "d") == [
        {"a": 3, "b": True, "c": 12.5, "d": "2011-05-14"}
    ]


async def test_a_session_cannot_write(source: MappedSources) -> None:
    """Whatever the role might do, the session is read-only and limited in time."""
    await rows(source, "a")
    (line,) = register_of(source)._idle

    shown = [
        await (await line.execute(f"SHOW {name}".encode())).fetchone()
        for name in ("transaction_read_only", "statement_timeout")
    ]

    assert shown == [("on",), ("1500ms",)]


async def test_a_connection_is_kept(source: MappedSources) -> None:
    """Two questions after each other take one connection."""
    await rows(source, "a")
    kept = list(register_of(source)._idle)

    await rows(source, "a")

    assert register_of(source)._idle == kept


async def test_a_kept_connection_that_is_gone_costs_nothing(
    source: MappedSources, server: Server
) -> None:
    """A server that was restarted in between is asked over a new connection."""
    await rows(source, "a")
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lezer'"
        )

    assert await rows(source, "a") == [{"a": 3}]


async def test_a_failed_statement_drops_its_connection(
    source: MappedSources, server: Server
) -> None:
    """After a failure nothing half done is kept, and the next question is answered."""
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute(f"REVOKE ALL ON {TABLE} FROM lezer".encode())
        with pytest.raises(SourceFailed):
            await rows(source, "a")
        kept = list(register_of(source)._idle)
        owner.execute(f"GRANT SELECT ON {TABLE} TO lezer".encode())

    assert kept == []
    assert await rows(source, "a") == [{"a": 3}]


async def test_what_one_person_has_closes_the_database_for_nobody(
    server: Server, tmp_path: Path
) -> None:
    """An expression without an outcome refuses that request, and others are answered."""
    (tmp_path / "wachtwoord").write_text("een-geheim\n")
    text = MAPPING.format(url=server.url(user="lezer"))
    wrong = text.replace("to_char(dag, 'YYYY') LIKE '20%'", "to_char(dag, 'Mon')::int > 1")
    source = mapped(wrong, tmp_path)

    for _ in range(FAILURES):
        with pytest.raises(SourceFailed, match="cannot compute"):
            await rows(source, "b")

    assert await rows(source, "a") == [{"a": 3}]
    await source.aclose()


async def test_a_server_that_stops_a_kept_connection_in_its_work_fails(
    source: MappedSources, server: Server
) -> None:
    """A statement that the server cancels is a failure, not a reason to ask again and again."""
    await rows(source, "a")
    with psycopg.connect(server.url()) as lock:
        lock.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE".encode())
        (line,) = register_of(source)._idle
        await line.execute("SET lock_timeout = '50ms'")

        with pytest.raises(SourceFailed, match="the database gave no answer"):
            await rows(source, "a")


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [("at: a%s,", "at: weg,", "column a of table"), ("zorg.", "weg.", "has no table")],
)
async def test_the_probe_tells_what_is_missing(
    server: Server, tmp_path: Path, old: str, new: str, missing: str
) -> None:
    """A table or column that is not there is named."""
    (tmp_path / "wachtwoord").write_text("een-geheim\n")
    text = MAPPING.format(url=server.url(user="lezer")).replace(old, new, 1)

    with pytest.raises(SourceInvalid, match=missing):
        mapped(text, tmp_path).probe("bron")


async def test_a_role_that_may_write_one_column_is_refused(
    source: MappedSources, server: Server
) -> None:
    """The right to change a single column is found, though it is no right on the table."""
    source.probe("bron")
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute(f'GRANT UPDATE ("a%s") ON {TABLE} TO lezer'.encode())
        with pytest.raises(SourceInvalid, match="may write"):
            source.probe("bron")
        owner.execute(f'REVOKE UPDATE ("a%s") ON {TABLE} FROM lezer'.encode())


async def test_a_database_that_is_not_there_fails(tmp_path: Path) -> None:
    """Nobody listens: the probe and a question fail, without the address."""
    (tmp_path / "wachtwoord").write_text("een-geheim\n")
    url = "postgresql://lezer@127.0.0.1:1/zorg"
    gone = mapped(MAPPING.format(url=url), tmp_path)

    with pytest.raises(SourceFailed, match="cannot be reached"):
        gone.probe("bron")

    with pytest.raises(SourceFailed, match="gave no answer"):
        await rows(gone, "a")
