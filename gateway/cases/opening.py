"""Opening the case store by its address, with tables in the form of this version."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from psycopg import Error, connect

from gateway.cases.database import Database
from gateway.cases.postgres import PostgresDatabase
from gateway.cases.records import SqlCases
from gateway.cases.sqlite import SqliteDatabase
from gateway.cases.tables import METADATA, REVISION, Statements
from gateway.errors import SourceInvalid

_SQLITE: Final = "sqlite:///"
_POSTGRES: Final = "postgresql://"


def open_cases(url: str) -> SqlCases:
    """Return the case store at this address.

    Effects: a file gets the tables of this version; tables in PostgreSQL are their owner's affair.
    Raises:  SourceInvalid when it cannot be opened, or has tables of another form.
    """
    if url.startswith(_SQLITE):
        database: Database = _in_file(url)
    elif url.startswith(_POSTGRES):
        _require_form(_form_in_postgres(url))
        database = PostgresDatabase(url)
    else:
        raise SourceInvalid("a case store is sqlite:///path/to/file.db or postgresql://...")
    return SqlCases(database)


def _in_file(url: str) -> SqliteDatabase:
    path = Path(url.removeprefix(_SQLITE))
    if not path.parent.is_dir():
        raise SourceInvalid("the folder of the case store is not there")
    if _form_in_file(path) != REVISION:
        # Most starts find the form as it should be, and need not load Alembic.
        from gateway.cases.migrate import migrate  # noqa: PLC0415

        migrate(url)
    _require_tables(path)
    return SqliteDatabase(path)


def _require_tables(path: Path) -> None:
    """Refuse a store that could never tell a fact, whatever form it says it has."""
    with closing(sqlite3.connect(path)) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    missing = sorted(METADATA.tables.keys() - found)
    if missing:
        raise SourceInvalid(f"the case store has no table {missing[0]}")


def _form_in_file(path: Path) -> str | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(path)) as connection:
        try:
            [(form,)] = connection.execute(Statements.written_for("sqlite").revision.text)
        except (sqlite3.Error, ValueError):
            return None  # No case store yet: making it will tell what is wrong, if anything is.
        return str(form)


def _form_in_postgres(url: str) -> str | None:
    question = Statements.written_for("postgresql").revision.text
    try:
        with connect(url, connect_timeout=5) as connection:
            [(form,)] = connection.execute(question.encode()).fetchall()
    except (Error, ValueError) as exc:
        reason = SourceInvalid(type(exc).__name__)
        raise SourceInvalid(_OUTDATED) from reason
    return str(form)


_OUTDATED: Final = "the case store has no tables of this form: run `doelpoort case migrate`"


def _require_form(form: str | None) -> None:
    if form != REVISION:
        raise SourceInvalid(_OUTDATED)
