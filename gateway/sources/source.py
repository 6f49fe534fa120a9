"""What the gateway asks of a source: these columns of these tables, for this person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.catalogue.model import Catalogue, ConditionKind, FieldGrant, Purpose
from gateway.catalogue.own_tables import OWN_TABLES
from gateway.subject import Subject

Scalar = str | int | bool
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Query:
    """One look into one table: its columns, sorted; without any, rows are only counted."""

    table: str
    columns: tuple[str, ...]
    where: tuple[tuple[str, Scalar], ...]


BIRTH_DATE = Query("brp", ("geboortedatum",), ())
"""Where every condition about an age finds the birth date."""


class Source(Protocol):
    """A register that answers questions about one person, or about a group without persons."""

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return the rows of every query, in order; each row holds the asked columns only.

        Without a subject only tables that hold no persons answer, and with one only those that do.

        Trust:  the values are the source's own and may be of any type.
        Raises: SourceFailed when any of the queries has no answer in time.
        """
        ...

    def check(self, catalogue: Catalogue) -> None:
        """Make sure that every table and column of the catalogue exists, conditions included.

        Raises: SourceInvalid naming what is missing.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


def look_ups(purpose: Purpose) -> tuple[Query, ...]:
    """Return every query that a decision and an answer may need of the registers."""
    facts = [
        Query(condition.table, (condition.column,), ())
        for condition in purpose.conditions
        if condition.table is not None and condition.column is not None
    ]
    if any(condition.kind is ConditionKind.AGE for condition in purpose.conditions):
        facts.append(BIRTH_DATE)
    every = (*plan(purpose.fields.values()), *facts)
    return tuple(query for query in every if query.table not in OWN_TABLES)


def plan(grants: Iterable[FieldGrant]) -> tuple[Query, ...]:
    """Return the fewest queries that bring in just the columns behind these fields."""
    wanted: dict[tuple[str, tuple[tuple[str, Scalar], ...]], set[str]] = {}
    for grant in grants:
        if grant.cells is not None:
            continue
        wanted.setdefault((grant.table, grant.where), set()).update(grant.columns)
        if grant.elsewhere is not None:
            table, column = grant.elsewhere
            wanted.setdefault((table, ()), set()).add(column)
    return tuple(
        Query(table, tuple(sorted(columns)), where) for (table, where), columns in wanted.items()
    )
