"""A mapped source in an SQLite file, read on the thread of the event loop."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import lru_cache

from gateway.errors import AnswerOdd, SourceFailed, SourceInvalid
from gateway.sources.dialect import SQLITE
from gateway.sources.group_text import count_statement
from gateway.sources.groups import Group, group_of
from gateway.sources.mapping import SourcePlace, TablePlace, ValueKind
from gateway.sources.register import GroupLook, Look, RawRows, without_values
from gateway.sources.sql_text import bound_values, lacking, probe_statements, statement
from gateway.sources.sqlite_file import SqliteFile, connect, read_aside
from gateway.subject import Subject

# How the driver says that a text is no UTF-8; it has no code for it.
_NO_TEXT = "Could not decode to UTF-8"


class SqliteRegister:
    """Reads one SQLite file, opened read-only; see `SqliteFile` for the deadline."""

    takes_conditions = True
    waits = False

    def __init__(self, place: SourcePlace, *, monotonic_s: Callable[[], float]) -> None:
        self._path = place.address
        self._monotonic_s = monotonic_s
        self._file = SqliteFile(place.address, deadline_s=place.deadline_s, monotonic_s=monotonic_s)
        self._statement = lru_cache(maxsize=4_096)(_statement)

    async def fetch(self, subject: Subject | None, looks: Sequence[Look]) -> Sequence[RawRows]:
        """Return the rows of every look; see `Register.fetch`."""
        self._file.start()
        try:
            driver = self._file.driver()
            return [self._read(driver, subject, look) for look in looks]
        except (sqlite3.Error, OSError) as exc:
            self._file.close()
            raise _failure(exc) from without_values(exc)

    async def count(self, look: GroupLook) -> Sequence[Group]:
        """Return every cell that holds anybody; see `Register.count`."""
        text, values = count_statement(look, SQLITE)
        try:
            found = await read_aside(
                self._path,
                text,
                values,
                deadline_s=look.deadline_s,
                monotonic_s=self._monotonic_s,
            )
        except (sqlite3.Error, OSError) as exc:
            raise _failure(exc) from without_values(exc)
        size = len(look.per)
        return [group_of(tuple(row[:size]), row[size:]) for row in found]

    def probe(self, tables: Sequence[TablePlace]) -> None:
        """Make sure that the file has these tables and columns; see `Register.probe`."""
        try:
            with closing(connect(self._path)) as connection:
                for table in tables:
                    _probe(connection, table)
        except sqlite3.Error as exc:
            raise SourceFailed(
                "het bestand van de bron is niet te openen; kijk of het adres klopt"
                " / the SQL source cannot be opened"
            ) from without_values(exc)

    def close(self) -> None:
        """Let go of the connection."""
        self._file.close()

    async def aclose(self) -> None:
        """Let go of the connection."""
        self._file.close()

    def _read(self, driver: sqlite3.Connection, subject: Subject | None, look: Look) -> RawRows:
        text, booleans = self._statement(look, subject is not None)
        rows = driver.execute(text, bound_values(look, subject)).fetchall()
        return [_with_booleans(row, booleans) for row in rows] if booleans else rows


def _statement(look: Look, of_person: bool) -> tuple[str, tuple[int, ...]]:  # noqa: FBT001
    """Return the statement of a look, and which of its columns hold yes or no."""
    # With a form or words, it is those that say what one and nought are.
    booleans = tuple(
        number
        for number, column in enumerate(look.columns)
        if column.kind is ValueKind.BOOLEAN and column.form is None and not column.words
    )
    return statement(look, SQLITE, of_person=of_person), booleans


def _failure(exc: Exception) -> Exception:
    """Return what to tell of an error of the driver: an odd row is no reason to leave the file."""
    if _has_no_outcome(exc):
        return AnswerOdd("the SQL source cannot compute an answer")
    if str(exc).startswith(_NO_TEXT):
        return AnswerOdd("the SQL source holds text that is none")
    return SourceFailed("the SQL source gave no answer")


def _has_no_outcome(exc: Exception) -> bool:
    """Tell whether an expression of the mapping fails on what this person has.

    SQLite has one code for that and for a table or column that is gone; only the words differ.
    """
    code = getattr(exc, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_ERROR and not str(exc).startswith("no such ")


def _with_booleans(row: Sequence[object], booleans: Sequence[int]) -> Sequence[object]:
    """Return a row with yes and no as such: SQLite keeps them as 1 and 0."""
    values = list(row)
    for number in booleans:
        if type(values[number]) is int and values[number] in (0, 1):
            values[number] = bool(values[number])
    return values


def _probe(connection: sqlite3.Connection, table: TablePlace) -> None:
    for column, text in probe_statements(table):
        try:
            connection.execute(text)
        except sqlite3.OperationalError as exc:
            raise SourceInvalid(lacking(table, column)) from without_values(exc)
