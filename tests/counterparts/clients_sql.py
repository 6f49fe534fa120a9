"""The tables of the demo behind a database: SQLite in a file, PostgreSQL in a server of ours.

What the gateway reads are views, so that a failure is another view of the same rows.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import psycopg

from gateway.sources.mapping import ValueKind
from tests.counterparts.clients import SUBJECT, Table, many, mapping_of, plainly, unfit
from tests.counterparts.failing import Failure
from tests.postgresql_server import Server

_TYPES: Mapping[ValueKind, str] = {
    ValueKind.BOOLEAN: "boolean",
    ValueKind.INTEGER: "bigint",
    ValueKind.DECIMAL: "double precision",
}
_READER = "lezer"


def _spoilt(kind: ValueKind, value: object) -> object:
    return str(value).encode() if kind is ValueKind.TEXT else f"?{value}"


class SqliteClients:
    """An SQLite file with the tables, read by the adapter `sqlite`."""

    failures = frozenset(
        set(Failure) - {Failure.DIES, Failure.REDIRECTS, Failure.FOREIGN_CERTIFICATE}
    )

    def __init__(self, folder: Path, tables: Sequence[Table]) -> None:
        self._path = folder / "clienten.db"
        self._tables = tables
        self._fill(tables)
        self.recover()

    def mapping(self) -> tuple[str, str]:
        """Return what a mapping file says of the source, and of its tables."""
        return (
            "kind: sqlite, address: clienten.db",
            mapping_of([(each, each.name, plainly(each)) for each in self._tables], source="bron"),
        )

    def heard(self) -> list[str]:
        """Return nothing: a file does not hear what is asked of it."""
        return []

    def elsewhere(self) -> list[str]:
        """Return nothing: only HTTP points to other places."""
        return []

    def fail(self, failure: Failure) -> None:
        """Fail from now on."""
        match failure:
            case Failure.TELLS_VALUES:
                self._show(_undecodable)
            case Failure.SILENT:
                self._show(_slowly)
            case Failure.GONE:
                self._path.rename(self._path.with_suffix(".weg"))
            case Failure.WRONG_TYPES:
                self._fill(unfit(self._tables, _spoilt))
            case _:
                self._fill(many(self._tables))

    def recover(self) -> None:
        """Be well again."""
        gone = self._path.with_suffix(".weg")
        if gone.exists():
            gone.rename(self._path)
        self._fill(self._tables)
        self._show(_whole)

    def close(self) -> None:
        """Hold nothing open: there is nothing open."""

    def _fill(self, tables: Sequence[Table]) -> None:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            for table in tables:
                columns = ", ".join(table.columns)
                marks = ", ".join("?" for _ in table.columns)
                connection.execute(f"DROP TABLE IF EXISTS {_base(table)}")
                connection.execute(f"CREATE TABLE {_base(table)} ({columns})")
                connection.executemany(
                    f"INSERT INTO {_base(table)} VALUES ({marks})",  # noqa: S608 (our own names)
                    [tuple(row.values()) for row in table.rows],
                )
                if table.of_persons:
                    connection.execute(f"CREATE INDEX i_{table.name} ON {_base(table)} ({SUBJECT})")

    def _show(self, view: Callable[[Table], str]) -> None:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            for table in self._tables:
                connection.execute(f"DROP VIEW IF EXISTS {table.name}")
                connection.execute(f"CREATE VIEW {table.name} AS {view(table)}")


_FOR_EVER = (
    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT count(*) FROM n) > 0"
)


def _slowly(table: Table) -> str:
    return f"SELECT b.* FROM {_base(table)} b WHERE {_FOR_EVER}"  # noqa: S608 (our own names)


def _whole(table: Table) -> str:
    return f"SELECT * FROM {_base(table)}"  # noqa: S608 (our own names)


def _base(table: Table) -> str:
    return f"rijen_{table.name}"


def _undecodable(table: Table) -> str:
    """Return a view whose values are no UTF-8: the driver says so with the text in its error."""
    row = ", ".join(f"'{name}', {name}" for name in table.columns)
    shown = [
        name if _is_kept(table, name) else f"CAST(json_object({row}) || x'ff' AS TEXT) AS {name}"
        for name in table.columns
    ]
    return f"SELECT {', '.join(shown)} FROM {_base(table)}"  # noqa: S608 (our own names)


def _is_kept(table: Table, name: str) -> bool:
    return name == SUBJECT or name in table.compared


class PostgresClients:
    """A database of its own with the tables, read by a role that can do nothing else."""

    failures = frozenset(set(Failure) - {Failure.REDIRECTS, Failure.FOREIGN_CERTIFICATE})

    def __init__(self, folder: Path, tables: Sequence[Table], server: Server) -> None:
        self._name = f"clienten_{abs(hash(str(folder))):x}"
        self._role = f"{_READER}_{self._name}"
        self._server = server
        self._tables = tables
        with psycopg.connect(server.url(), autocommit=True) as first:
            first.execute(f"CREATE DATABASE {self._name}".encode())
            first.execute(f"CREATE ROLE {self._role} LOGIN".encode())
            # What the gateway sends is what PostgreSQL writes down, without the values.
            first.execute(f"ALTER ROLE {self._role} SET log_min_duration_statement = 0".encode())
            first.execute(f"ALTER DATABASE {self._name} SET log_parameter_max_length = 0".encode())
        self._owner = psycopg.connect(server.url(database=self._name), autocommit=True)
        self._owner.execute("CREATE SCHEMA rijen")
        self._before = self._log().stat().st_size
        self.recover()

    def mapping(self) -> tuple[str, str]:
        """Return what a mapping file says of the source, and of its tables."""
        address = self._server.url(user=self._role, database=self._name)
        return (
            f"kind: postgresql, address: '{address}'",
            mapping_of(
                [(each, f"public.{each.name}", plainly(each)) for each in self._tables],
                source="bron",
            ),
        )

    def heard(self) -> list[str]:
        """Return the statements that read a view, without their values."""
        log = self._log().read_bytes()[self._before :].decode().splitlines()
        return [line for line in log if 'FROM "public".' in line and "LIMIT 0" not in line]

    def elsewhere(self) -> list[str]:
        """Return nothing: only HTTP points to other places."""
        return []

    def fail(self, failure: Failure) -> None:
        """Fail from now on."""
        match failure:
            case Failure.TELLS_VALUES:
                self._show(_no_number)
            case Failure.SILENT:
                self._show(_beside("pg_sleep(20)"))
            case Failure.DIES:
                self._show(_beside("pg_terminate_backend(pg_backend_pid())"))
            case Failure.GONE:
                self._owner.execute(f"ALTER ROLE {self._role} NOLOGIN".encode())
                self._hang_up()
            case Failure.WRONG_TYPES:
                self._fill(unfit(self._tables, _spoilt))
            case _:
                self._fill(many(self._tables))

    def recover(self) -> None:
        """Be well again."""
        self._owner.execute(f"ALTER ROLE {self._role} LOGIN".encode())
        self._fill(self._tables)

    def close(self) -> None:
        """Let go of the connection of the owner."""
        self._owner.close()

    def _log(self) -> Path:
        return self._server.folder / "log"

    def _hang_up(self) -> None:
        self._owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
            [self._role],
        )

    def _fill(self, tables: Sequence[Table]) -> None:
        for table in tables:
            columns = ", ".join(f"{name} {_type_of(table, name)}" for name in table.columns)
            self._owner.execute(f"DROP TABLE IF EXISTS rijen.{table.name} CASCADE".encode())
            self._owner.execute(f"CREATE TABLE rijen.{table.name} ({columns})".encode())
            into = f"COPY rijen.{table.name} FROM STDIN".encode()
            with self._owner.cursor() as cursor, cursor.copy(into) as copy:
                for row in table.rows:
                    copy.write_row(list(row.values()))
            if table.of_persons:
                self._owner.execute(f"CREATE INDEX ON rijen.{table.name} ({SUBJECT})".encode())
        self._show(_beside("(SELECT 1) AS niets"))

    def _show(self, view: Callable[[Table], str]) -> None:
        for table in self._tables:
            self._owner.execute(f"DROP VIEW IF EXISTS {table.name}".encode())
            self._owner.execute(f"CREATE VIEW {table.name} AS {view(table)}".encode())
            self._owner.execute(f"GRANT SELECT ON {table.name} TO {self._role}".encode())


def _beside(what: str) -> Callable[[Table], str]:
    """Return views of the rows, each with this beside them."""
    return lambda table: f"SELECT b.* FROM rijen.{table.name} b, {what}"  # noqa: S608 (our own names)


def _type_of(table: Table, name: str) -> str:
    """Return the type of the kind, if the values fit it; bytes for what is no text at all."""
    if any(isinstance(row[name], bytes) for row in table.rows):
        return "bytea"
    kind = table.kinds.get(name)
    if kind is None or not table.fits(name):
        return "text"
    return _TYPES.get(kind, "text")


def _no_number(table: Table) -> str:
    """Return a view that reads a whole row as a number: the error has the row in it."""
    shown = [
        name
        if _is_kept(table, name)
        else f"CASE WHEN row_to_json(b)::text::int > 0 THEN b.{name} END AS {name}"
        for name in table.columns
    ]
    return f"SELECT {', '.join(shown)} FROM rijen.{table.name} b"  # noqa: S608 (our own names)
