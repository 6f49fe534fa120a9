"""What the gateway asks of a source: these columns of these tables, for this person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.catalogue.model import Catalogue, FieldGrant
from gateway.subject import Subject

Scalar = str | int | bool
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Query:
    """One look into one table: its columns, sorted; none means "is there a row at all"."""

    table: str
    columns: tuple[str, ...]
    where: tuple[tuple[str, Scalar], ...]


class Source(Protocol):
    """A register that answers questions about one person."""

    async def rows(self, subject: Subject, queries: Sequence[Query]) -> Sequence[Sequence[Row]]:
        """Return the rows of every query, in order; each row holds the asked columns only.

        Trust:  the values are the source's own and may be of any type.
        Raises: SourceFailed when any of the queries has no answer in time.
        """
        ...

    def check(self, catalogue: Catalogue) -> None:
        """Make sure that every table and column of the catalogue exists.

        Raises: SourceInvalid naming what is missing.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


def plan(grants: Iterable[FieldGrant]) -> tuple[Query, ...]:
    """Return the fewest queries that bring in just the columns behind these fields."""
    wanted: dict[tuple[str, tuple[tuple[str, Scalar], ...]], set[str]] = {}
    for grant in grants:
        columns = wanted.setdefault((grant.table, grant.where), set())
        if grant.column is not None:
            columns.add(grant.column)
    return tuple(
        Query(table, tuple(sorted(columns)), where) for (table, where), columns in wanted.items()
    )
