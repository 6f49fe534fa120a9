"""What the gateway asks of a source: these columns of these tables, for this person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeAlias

from gateway.catalogue.model import (
    Catalogue,
    ConditionKind,
    Derive,
    FieldGrant,
    Precision,
    Purpose,
)
from gateway.catalogue.own_tables import OWN_TABLES
from gateway.catalogue.values.rows import is_number
from gateway.subject import Subject

Scalar = str | int | bool
Row = Mapping[str, object]


_COMPARISONS: Mapping[Derive, tuple[type[str | int], ...]] = MappingProxyType(
    {Derive.EQUALS: (str, int), Derive.AT_MOST: (int,), Derive.AT_LEAST: (int,)}
)


@dataclass(frozen=True, slots=True)
class Predicate:
    """A yes or no about the one value of a column, compared with what stands in the policy.

    A column that is a yes or no itself has none: its outcome would tell the same.
    """

    column: str
    derive: Derive
    against: tuple[str | int, ...]

    @property
    def name(self) -> str:
        """Under which the outcome stands in a row, where no column can stand."""
        return f"{self.column} {self.derive} {self.against}"


@dataclass(frozen=True, slots=True)
class Query:
    """One look into one table: its columns, sorted; without any, rows are only counted.

    Of a column with predicates nothing else is needed. A source that compares for itself leaves it
    out, and gives the outcome of each under its name; any other gives the column.
    """

    table: str
    columns: tuple[str, ...]
    where: tuple[tuple[str, Scalar], ...]
    predicates: tuple[Predicate, ...] = ()


_Use: TypeAlias = tuple[str, Predicate | None]

BIRTH_DATE = Query("brp", ("geboortedatum",), ())
"""Where every condition about an age finds the birth date."""


class Source(Protocol):
    """A register that answers questions about one person, or about a group without persons."""

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return the rows of every query, in order; each row holds what was asked only.

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


def predicate_of(grant: FieldGrant) -> Predicate | None:
    """Return what a source that compares for itself may answer in place of the column."""
    if grant.column is None or grant.precision is not Precision.FLAG:
        return None
    against: tuple[str | int, ...] = ()
    if grant.derive is Derive.ONE_OF:
        against = grant.one_of
    elif grant.derive in _COMPARISONS and isinstance(grant.against, _COMPARISONS[grant.derive]):
        against = (grant.against,)
    usable = all(isinstance(each, str) or is_number(each) for each in against)
    return Predicate(grant.column, grant.derive, against) if against and usable else None


def plan(grants: Iterable[FieldGrant]) -> tuple[Query, ...]:
    """Return the fewest queries that bring in just the columns behind these fields."""
    wanted: dict[tuple[str, tuple[tuple[str, Scalar], ...]], list[_Use]] = {}
    for grant in grants:
        if grant.cells is not None:
            continue
        asked = predicate_of(grant)
        uses = wanted.setdefault((grant.table, grant.where), [])
        uses += [(name, asked) for name in grant.columns]
        if grant.elsewhere is not None:
            table, column = grant.elsewhere
            wanted.setdefault((table, ()), []).append((column, None))
    return tuple(_query(table, where, uses) for (table, where), uses in wanted.items())


def _query(table: str, where: tuple[tuple[str, Scalar], ...], uses: Sequence[_Use]) -> Query:
    """Return a query; a column that somebody needs as it is has no predicates."""
    whole = {name for name, asked in uses if asked is None}
    predicates = {asked for name, asked in uses if asked is not None and name not in whole}
    columns = sorted({name for name, _ in uses})
    in_order = sorted(predicates, key=lambda asked: asked.name)
    return Query(table, tuple(columns), where, tuple(in_order))
