"""The case store in PostgreSQL: a few connections that are kept, and a deadline on every answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, Error

from gateway.cases.database import Named, Rows
from gateway.cases.tables import Kind, Prepared
from gateway.errors import CasesUnavailable, SourceFailed

_CONNECTIONS = 8
_OPTIONS = "-c statement_timeout=5000 -c lock_timeout=5000 -c synchronous_commit=on"


class PostgresDatabase:
    """One database server; who finds all connections taken waits within the deadline."""

    kind: Kind = "postgresql"

    def __init__(self, url: str, *, read_deadline_s: float = 0.5, deadline_s: float = 5.0) -> None:
        self._url = url
        self._read_deadline_s = read_deadline_s
        self._deadline_s = deadline_s
        self._idle: list[AsyncConnection] = []
        self._places = asyncio.Semaphore(_CONNECTIONS)

    async def fetch(self, statement: Prepared, named: Named) -> Rows:
        """Return the rows of a reading statement; see `Database.fetch`."""
        try:
            async with asyncio.timeout(self._read_deadline_s), self._connection() as connection:
                return await _run(connection, statement, named)
        except (Error, OSError, TimeoutError) as exc:
            raise SourceFailed("the case store gave no answer") from _kind_of(exc)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Transaction"]:
        """Return a transaction; see `Database.transaction`."""
        try:
            async with self._connection() as connection, connection.transaction():
                yield _Transaction(connection, self._deadline_s)
        except (Error, OSError, TimeoutError) as exc:
            raise CasesUnavailable("the case store did not write it down") from _kind_of(exc)

    async def forget(self) -> bool:
        """Tell that the server keeps earlier copies: its owner vacuums, and its log is recycled."""
        return False

    def close(self) -> None:
        """Let go of the connections that are not in use."""
        for connection in self._idle:
            connection.pgconn.finish()
        self._idle.clear()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection; one on which anything went wrong is not lent again."""
        async with self._places:
            connection = self._idle.pop() if self._idle else await self._connect()
            try:
                yield connection
            except BaseException:
                connection.pgconn.finish()
                raise
            self._idle.append(connection)

    async def _connect(self) -> AsyncConnection:
        async with asyncio.timeout(self._deadline_s):
            return await AsyncConnection.connect(self._url, autocommit=True, options=_OPTIONS)


class _Transaction:
    """Statements on one connection, each within the deadline."""

    def __init__(self, connection: AsyncConnection, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s

    async def run(self, statement: Prepared, named: Named) -> Rows:
        """Run a statement; see `Transaction.run`."""
        try:
            async with asyncio.timeout(self._deadline_s):
                return await _run(self._connection, statement, named)
        except (Error, OSError, TimeoutError) as exc:
            raise CasesUnavailable("the case store did not write it down") from _kind_of(exc)


async def _run(connection: AsyncConnection, statement: Prepared, named: Named) -> Rows:
    # Every text comes from the table of statements; what a caller sent is in the values.
    cursor = await connection.execute(statement.text.encode(), statement.values(named))
    return await cursor.fetchall() if cursor.description else []


def _kind_of(exc: BaseException) -> Exception:
    """Return the kind of a driver's error without its text, which may hold a row."""
    return SourceFailed(type(exc).__name__)
