"""Figures that were told, in the one database that all gateways share; no person is in them."""

from typing import Protocol

from gateway.aggregates.tables import statements_for
from gateway.cases.rows import readable
from gateway.cases.store import CaseBook
from gateway.errors import CasesUnavailable, SourceFailed


class KeptTables(Protocol):
    """Tables that were told before, each under a name that says all that made it."""

    async def find(self, name: str) -> str | None:
        """Return the table that was kept under this name.

        Raises: SourceFailed when it cannot be told.
        """
        ...

    async def keep(self, name: str, table: str) -> str:
        """Keep a table, and return the one that is kept: of two at once, the first one stays.

        Raises: SourceFailed when it cannot be kept.
        """
        ...


class NothingKept:
    """Keeps nothing: every question is counted anew."""

    async def find(self, name: str) -> str | None:  # noqa: ARG002 (a protocol)
        """Find nothing; see `KeptTables.find`."""
        return None

    async def keep(self, name: str, table: str) -> str:  # noqa: ARG002 (a protocol)
        """Keep nothing; see `KeptTables.keep`."""
        return table


class SqlTables:
    """Keeps tables in the database of the case store."""

    def __init__(self, book: CaseBook) -> None:
        self._book = book
        self._say = statements_for(book.kind)

    async def find(self, name: str) -> str | None:
        """Return the table that was kept; see `KeptTables.find`."""
        rows = await self._book.fetch(self._say.one, {"of": name})
        with readable():
            return next((str(content) for (content,) in rows), None)

    async def keep(self, name: str, table: str) -> str:
        """Keep a table, unless another gateway was first; see `KeptTables.keep`."""
        try:
            async with self._book.writing() as pen:
                await pen.run(self._say.keep, {"id": name, "content": table})
        except CasesUnavailable as exc:
            raise SourceFailed("figures cannot be kept now, and so not be told") from exc
        return await self.find(name) or table
