"""A mapped source in PostgreSQL: a read-only role, a few kept connections, and a time limit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection, Connection

from gateway.errors import AnswerOdd, SourceFailed, SourceInvalid
from gateway.sources.dialect import POSTGRESQL
from gateway.sources.group_text import count_statement
from gateway.sources.groups import Group, group_of
from gateway.sources.mapping import SourcePlace, TablePlace
from gateway.sources.register import GroupLook, Look, RawRows, without_values
from gateway.sources.secrets import read_secret
from gateway.sources.sql_text import bound_values, lacking, probe_statements, quoted, statement
from gateway.subject import Subject

# A gateway asks one short question at a time; more connections only move the queue.
_CONNECTIONS = 4
_MILLISECONDS = 1_000
# The least that the library of PostgreSQL knows as a limit.
_CONNECT_S = 2
# What a connection says that the server ended, or that broke: nothing, or that it is shut down.
_GONE = frozenset({None, "57P01"})
_WRITES = "INSERT, UPDATE, DELETE, TRUNCATE"
# The right to write one column is no right on the table.
_MAY_WRITE = "SELECT has_table_privilege(%s, %s) OR has_any_column_privilege(%s, 'INSERT, UPDATE')"

# For this transaction alone.
_TIME = "SELECT set_config('statement_timeout', %s, true)"

_Line: TypeAlias = AsyncConnection[tuple[Any, ...]]
T = TypeVar("T")


class PostgresRegister:
    """Reads one database; sessions are read-only, and the server itself stops what takes too long.

    Trust:   the role in the address should have SELECT alone on what the mapping names: a role that
             may write there is refused at the start.
    """

    takes_conditions = True
    waits = True

    def __init__(self, place: SourcePlace) -> None:
        self._place = place
        self._idle: list[_Line] = []
        self._free = asyncio.Semaphore(_CONNECTIONS)
        self._statement = lru_cache(maxsize=4_096)(_statement)

    async def fetch(self, subject: Subject | None, looks: Sequence[Look]) -> Sequence[RawRows]:
        """Return the rows of every look; see `Register.fetch`."""

        async def read(line: _Line) -> Sequence[RawRows]:
            return [await self._rows(line, subject, look) for look in looks]

        return await self._answered(read)

    async def count(self, look: GroupLook) -> Sequence[Group]:
        """Return every cell that holds anybody; see `Register.count`."""
        text, values = count_statement(look, POSTGRESQL)
        size = len(look.per)

        async def read(line: _Line) -> Sequence[Group]:
            async with line.transaction():
                await line.execute(_TIME, [f"{int(look.deadline_s * _MILLISECONDS)}"])
                # Made of quoted names and of expressions that an operator wrote.
                cursor = await line.execute(text.encode(), values)
                return [group_of(row[:size], row[size:]) for row in await cursor.fetchall()]

        return await self._answered(read)

    async def _answered(self, read: Callable[[_Line], Awaitable[T]]) -> T:
        async with self._free:
            try:
                return await self._read_once_more(read)
            except psycopg.DataError as exc:
                # An expression of the mapping has no outcome for what this person has.
                raise AnswerOdd("the database cannot compute an answer") from without_values(exc)
            except (psycopg.Error, OSError) as exc:
                raise SourceFailed("the database gave no answer") from without_values(exc)

    async def _read_once_more(self, read: Callable[[_Line], Awaitable[T]]) -> T:
        """Read, and once again where a kept connection turns out to be gone: reading is safe."""
        while self._idle:
            line = self._idle.pop()
            try:
                return await self._read(line, read)
            except psycopg.OperationalError as exc:
                if exc.sqlstate not in _GONE:
                    raise
        line = await AsyncConnection.connect(**_how(self._place))
        return await self._read(line, read)

    async def _read(self, line: _Line, read: Callable[[_Line], Awaitable[T]]) -> T:
        """Read over one connection, and keep it only when all went well."""
        try:
            found = await read(line)
        except BaseException:
            _drop(line)
            raise
        self._idle.append(line)
        return found

    async def _rows(self, line: _Line, subject: Subject | None, look: Look) -> RawRows:
        values = bound_values(look, subject)
        cursor = await line.execute(self._statement(look, subject is not None), values)
        return await cursor.fetchall()

    def probe(self, tables: Sequence[TablePlace]) -> None:
        """Make sure that the database has these tables and columns; see `Register.probe`."""
        try:
            with closing(Connection.connect(**_how(self._place))) as connection:
                for table in tables:
                    _probe(connection, table)
        except psycopg.OperationalError as exc:
            raise SourceFailed(
                "de database is niet te bereiken; kijk of adres, rol en wachtwoord kloppen"
                " / the database cannot be reached"
            ) from without_values(exc)

    def close(self) -> None:
        """Let go of every connection that is not in use."""
        while self._idle:
            _drop(self._idle.pop())

    async def aclose(self) -> None:
        """Let go of every connection that is not in use."""
        self.close()


def _statement(look: Look, of_person: bool) -> bytes:  # noqa: FBT001
    # Made of quoted names and of expressions that an operator wrote, never of what is asked.
    return statement(look, POSTGRESQL, of_person=of_person).encode()


def _how(place: SourcePlace) -> dict[str, Any]:
    """Return how to connect: read-only, and with the time limit in the server too."""
    limit = int(place.deadline_s * _MILLISECONDS)
    password = None if place.password_file is None else read_secret(place.password_file)
    return {
        "conninfo": place.address,
        "password": password,
        "autocommit": True,
        "connect_timeout": _CONNECT_S,
        "application_name": "doelpoort",
        "sslrootcert": None if place.authority is None else str(place.authority),
        "sslcert": None if place.certificate is None else str(place.certificate),
        "sslkey": None if place.key is None else str(place.key),
        "options": f"-c default_transaction_read_only=on -c statement_timeout={limit} "
        f"-c lock_timeout={limit}",
    }


def _drop(line: _Line) -> None:
    """End a connection at once, without a word to the server: there may be none any more."""
    line.pgconn.finish()


def _probe(connection: Connection[tuple[Any, ...]], table: TablePlace) -> None:
    for column, text in probe_statements(table):
        try:
            connection.execute(text.encode())
        except psycopg.ProgrammingError as exc:
            raise SourceInvalid(lacking(table, column)) from without_values(exc)
    name = quoted(table.at)
    if connection.execute(_MAY_WRITE, (name, _WRITES, name)).fetchone() != (False,):
        raise SourceInvalid(
            f"de rol van de bron mag in tabel {table.at} schrijven; neem dat recht weg"
            f" / the role of the source may write in table {table.at}"
        )
