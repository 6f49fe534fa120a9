"""A register in an SQL database: bound parameters, the asked columns only, and a deadline."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Engine,
    MetaData,
    Table,
    bindparam,
    create_engine,
    literal_column,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from gateway.catalogue.model import Catalogue, Derive
from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.dialect import SQLITE
from gateway.sources.group_text import GroupText, group_statement
from gateway.sources.groups import Group, GroupQuery, bounded_cells, counted_columns, group_of
from gateway.sources.mapping import ValueKind
from gateway.sources.predicate_text import outcome
from gateway.sources.register import without_values
from gateway.sources.source import Predicate, Query, Row, Scalar, look_ups
from gateway.sources.sql_text import quoted_name
from gateway.sources.sqlite_file import SqliteFile, connect, read_aside
from gateway.subject import Subject

# More rows about one person under one condition than any register holds; a runaway join stops here.
_ROW_LIMIT = 1_000
# SQLite takes no longer text.
_ANY_LENGTH = 10**9

COUNTING_S = 2.0
"""Seconds for a count over everybody: it goes through a whole table, and is asked seldom."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement, the names of what it brings, those that are a yes or no, its first values."""

    text: str
    names: tuple[str, ...]
    booleans: frozenset[str]
    values: tuple[Scalar, ...]


class SqlSource:
    """Reads one SQLite file, opened read-only, over one connection that is kept.

    The read runs on the caller's own thread: a look-up in a local file takes about 20 microseconds,
    a hop to another thread and back takes longer. `SqliteFile` keeps the deadline all the same.
    """

    def __init__(
        self,
        url: str,
        *,
        subject_column: str = "bsn",
        deadline_s: float = 0.25,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._subject_column = subject_column
        self._path = _path_of(url)
        self._monotonic_s = monotonic_s
        self._file = SqliteFile(self._path, deadline_s=deadline_s, monotonic_s=monotonic_s)
        self._engine = _open(self._path)
        self._tables = _reflect(self._engine)
        self._statement = lru_cache(maxsize=4_096)(self._compile)

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return the rows of every query; see `Source.rows`."""
        self._file.start()
        try:
            driver = self._driver()
            return [self._read(driver, subject, query) for query in queries]
        except (SQLAlchemyError, sqlite3.Error, OSError, KeyError) as exc:
            self._file.close()
            raise SourceFailed("the SQL source gave no answer") from without_values(exc)

    async def groups(self, query: GroupQuery) -> Sequence[Group]:
        """Return every cell that holds anybody; see `GroupSource.groups`."""
        text, values = group_statement(self._group_text(query), query, SQLITE)
        try:
            found = await read_aside(
                self._path,
                text,
                values,
                deadline_s=COUNTING_S,
                monotonic_s=self._monotonic_s,
            )
        except (sqlite3.Error, OSError) as exc:
            raise SourceFailed("the SQL source gave no answer") from without_values(exc)
        size = len(query.per)
        return bounded_cells([group_of(tuple(row[:size]), row[size:]) for row in found])

    def _group_text(self, query: GroupQuery) -> GroupText:
        measured = query.measured
        value, until = (None, None) if measured is None else (measured.column, measured.until)
        where = tuple(name for name, _ in query.where)
        named = (*query.per, *where, query.period, self._subject_column, value, until)
        table = self._tables.get(query.table)
        if table is None or any(name not in table.c for name in named if name is not None):
            raise SourceFailed("the source has no such columns of persons")
        return GroupText(
            table=quoted_name(query.table),
            person=quoted_name(self._subject_column),
            per=tuple(map(quoted_name, query.per)),
            where=tuple(map(quoted_name, where)),
            period=quoted_name(query.period),
            value=None if value is None else quoted_name(value),
            until=None if until is None else quoted_name(until),
        )

    def check(self, catalogue: Catalogue) -> None:
        """Make sure that the catalogue's tables and columns exist; see `Source.check`."""
        for purpose in catalogue.purposes.values():
            for query in look_ups(purpose):
                self.require(query, of_persons=not purpose.aggregated)
            for query in counted_columns(purpose):
                self.require(query, of_persons=True)

    def require(self, query: Query, *, of_persons: bool) -> None:
        """Make sure that the table and columns of one query exist, with or without persons.

        Raises: SourceInvalid naming what is missing.
        """
        table = self._tables.get(query.table)
        if table is None:
            raise SourceInvalid(f"the source has no table {query.table}")
        if of_persons is not (self._subject_column in table.c):
            holds = "no persons" if of_persons else "persons"
            raise SourceInvalid(f"table {query.table} holds {holds}, its purpose says otherwise")
        named = (*query.columns, *(name for name, _ in query.where))
        missing = [name for name in named if name not in table.c]
        if missing:
            raise SourceInvalid(f"table {query.table} has no column {missing[0]}")

    def close(self) -> None:
        """Let go of the connection."""
        self._file.close()
        self._engine.dispose()

    async def aclose(self) -> None:
        """Let go of the connection."""
        self.close()

    def _read(
        self, driver: sqlite3.Connection, subject: Subject | None, query: Query
    ) -> Sequence[Row]:
        asked = self._statement(query, subject is not None)
        values = [*asked.values]
        if subject is not None:
            values.append(subject.value)
        values += [value for _, value in query.where]
        found = driver.execute(asked.text, values).fetchall()
        if asked.booleans:
            return [_with_booleans(asked.names, row, asked.booleans) for row in found]
        return [dict(zip(asked.names, row, strict=False)) for row in found]

    def _compile(self, query: Query, of_person: bool) -> _Statement:  # noqa: FBT001
        """Return the statement of a query.

        Raises: SourceFailed where persons are asked of figures, or figures of persons.
        """
        table = self._tables[query.table]
        if of_person is not (self._subject_column in table.c):
            raise SourceFailed("a table holds persons or figures, and was asked for the other")
        predicates = _taken(table, query.predicates)
        names = _kept(query.columns, predicates)
        columns: list[ColumnElement[object]] = [table.c[name] for name in names]
        columns += [literal_column(_outcome(table, asked)) for asked in predicates]
        statement = select(*(columns or [literal_column("1")])).select_from(table)
        if of_person:
            statement = statement.where(table.c[self._subject_column] == bindparam("subject"))
        for number, (name, _) in enumerate(query.where):
            statement = statement.where(table.c[name] == bindparam(f"where_{number}"))
        compiled = statement.compile(self._engine)
        booleans = {name for name in names if isinstance(table.c[name].type, Boolean)}
        outcomes = [asked.name for asked in predicates]
        return _Statement(
            f"{compiled} LIMIT {_ROW_LIMIT}",
            (*names, *outcomes),
            frozenset({*booleans, *outcomes}),
            tuple(value for asked in predicates for value in asked.against),
        )

    def _driver(self) -> sqlite3.Connection:
        """Return the driver's own connection; SQLAlchemy's costs more per call than the read."""
        return self._file.driver()


def _taken(table: Table, predicates: Sequence[Predicate]) -> list[Predicate]:
    """Return the predicates to ask; of a yes or no the gateway knows best what it stands for."""
    return [asked for asked in predicates if not isinstance(table.c[asked.column].type, Boolean)]


def _kept(columns: Sequence[str], predicates: Sequence[Predicate]) -> list[str]:
    answered = {asked.column for asked in predicates}
    return [name for name in columns if name not in answered]


def _outcome(table: Table, asked: Predicate) -> str:
    """Return the outcome of a predicate as SQL; what may stand in the column nobody declared."""
    kind = ValueKind.DECIMAL
    if asked.derive in {Derive.EQUALS, Derive.ONE_OF}:
        kind = ValueKind.TEXT if isinstance(asked.against[0], str) else ValueKind.INTEGER
    value = f"{quoted_name(table.name)}.{quoted_name(asked.column)}"
    return SQLITE.spell(outcome(value, kind, asked, SQLITE, longest=_ANY_LENGTH))


def _with_booleans(
    columns: Sequence[str], values: Sequence[object], booleans: frozenset[str]
) -> Row:
    """Return a row by column; SQLite keeps yes and no as 1 and 0, the rest stays as it is."""
    row = dict(zip(columns, values, strict=False))
    for name in booleans:
        if row[name] in (0, 1):
            row[name] = bool(row[name])
    return row


def _path_of(url: str) -> str:
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite" or not path:
        raise SourceInvalid("an SQL source is written as sqlite:///path/to/file.db")
    return path


def _open(path: str) -> Engine:
    """Return an engine for a file, read-only and without waiting for a lock."""
    return create_engine(
        "sqlite://", creator=lambda: connect(path), poolclass=NullPool, hide_parameters=True
    )


def _reflect(engine: Engine) -> dict[str, Table]:
    metadata = MetaData()
    try:
        metadata.reflect(engine)
    except SQLAlchemyError as exc:
        raise SourceInvalid("the SQL source cannot be opened") from without_values(exc)
    return dict(metadata.tables)
