"""What the case store needs of a database: statements that answer in time, and transactions."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from gateway.cases.tables import Kind, Prepared

Rows = Sequence[Sequence[object]]
Named = Mapping[str, object]


class Transaction(Protocol):
    """Statements that take effect together."""

    async def run(self, statement: Prepared, named: Named) -> Rows:
        """Run a statement and return its rows, if it has any.

        Raises: CasesUnavailable.
        """
        ...


class Database(Protocol):
    """One database with the tables of the case store."""

    kind: Kind

    async def fetch(self, statement: Prepared, named: Named) -> Rows:
        """Return the rows of a reading statement.

        Raises: SourceFailed when there is no answer in time.
        """
        ...

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Return a transaction that is durable when it ends, and undone when an error ends it.

        Raises: CasesUnavailable.
        """
        ...

    async def forget(self) -> bool:
        """Drop the database's own copies of what was deleted; false when some may still be there.

        Raises: CasesUnavailable.
        """
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...
