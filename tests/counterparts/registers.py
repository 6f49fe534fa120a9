"""The same rows behind every adapter, each in a counterpart of its own kind that really runs."""

import json
import sqlite3
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import duckdb
import psycopg

from gateway.sources.mapped import MappedSources
from gateway.sources.mapping_file import read_mapping
from gateway.sources.opening import sources_of
from tests.counterparts.fhir import FhirServer
from tests.counterparts.listening import Reply, listening
from tests.postgresql_server import Server

Row = Mapping[str, str | int | bool | None]

COLUMNS = ("status", "maanden", "plan", "hulp")
_SQL = "CREATE TABLE traject (bsn TEXT, status TEXT, maanden INTEGER, plan TEXT, hulp BOOLEAN)"
_TYPES = {"status": "text", "maanden": "integer", "plan": "text", "hulp": "boolean"}
SECRET = "geheim-7f3a"  # noqa: S105 (a value that must not be seen)


def _nothing() -> None:
    """Do nothing."""


@dataclass
class Standing:
    """An adapter over its counterpart: what it was asked, and how to break or stop it."""

    source: MappedSources
    asked: Callable[[], Sequence[str]]
    break_it: Callable[[], None]
    stop: Callable[[], None] = _nothing
    go_on: Callable[[], None] = _nothing
    names: Mapping[str, str] = field(default_factory=dict)


def mapped(text: str, folder: Path) -> MappedSources:
    """Return the sources of a mapping that stands in this folder."""
    mapping = read_mapping(textwrap.dedent(text).encode(), "sources.yaml", folder)
    return sources_of(mapping, monotonic_s=monotonic)


def _mapping(source: str, at: str, subject: str, columns: Mapping[str, str]) -> str:
    lines = [f"    {name}: {{at: '{columns[name]}', type: {_TYPES[name]}" for name in COLUMNS]
    return "\n".join(
        (
            "deadline_ms: 2000",
            "sources:",
            f"  bron: {{{source}, deadline_ms: 1200}}",
            "tables:",
            "  traject:",
            "   source: bron",
            f"   at: {at}",
            f"   subject: {subject}",
            "   columns:",
            *(
                line + _FORMS.get((at.rpartition(".")[2], line.split(":")[0].strip()), "}")
                for line in lines
            ),
        )
    )


_FORMS = {("csv", "maanden"): ", form: digits}", ("csv", "hulp"): ", form: zero_one}"}
_PLAIN = {name: name for name in COLUMNS}


@contextmanager
def sqlite(folder: Path, rows: Sequence[Row]) -> Iterator[Standing]:
    """Give the rows in an SQLite file."""
    path = folder / "bron.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_SQL)
        connection.executemany(
            "INSERT INTO traject VALUES (:bsn, :status, :maanden, :plan, :hulp)", rows
        )
    source = mapped(_mapping("kind: sqlite, address: bron.db", "traject", "bsn", _PLAIN), folder)
    register = source._registers["bron"]
    seen: list[str] = []
    register._file.start()  # type: ignore[attr-defined]
    register._file.driver().set_trace_callback(seen.append)  # type: ignore[attr-defined]

    def break_it() -> None:
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE traject SET plan = CAST(? AS TEXT)", [SECRET.encode() + b"\xff"])

    yield Standing(source, lambda: seen, break_it)


def _database(server: Server, name: str, rows: Sequence[Row]) -> psycopg.Connection:
    """Make a database with the rows, and a role of its name that reads them."""
    with psycopg.connect(server.url(), autocommit=True) as first:
        first.execute(f"CREATE DATABASE {name}".encode())
        first.execute(f"CREATE ROLE {name} LOGIN".encode())
    owner = psycopg.connect(server.url(database=name), autocommit=True)
    owner.execute(_SQL)
    owner.cursor().executemany(
        "INSERT INTO traject VALUES (%(bsn)s, %(status)s, %(maanden)s, %(plan)s, %(hulp)s)", rows
    )
    owner.execute(f"GRANT SELECT ON traject TO {name}".encode())
    # What the gateway sends is what PostgreSQL itself writes down, without the values.
    owner.execute(f"ALTER ROLE {name} SET log_min_duration_statement = 0".encode())
    owner.execute(f"ALTER DATABASE {name} SET log_parameter_max_length = 0".encode())
    return owner


@contextmanager
def postgresql(folder: Path, rows: Sequence[Row], server: Server) -> Iterator[Standing]:
    """Give the rows in a database of their own, to a role that only reads."""
    name = f"bron_{abs(hash(str(folder))):x}"
    owner = _database(server, name, rows)
    address = server.url(user=name, database=name)
    source = mapped(
        _mapping(f"kind: postgresql, address: '{address}'", "public.traject", "bsn", _PLAIN), folder
    )

    before = (server.folder / "log").stat().st_size

    def asked() -> Sequence[str]:
        log = (server.folder / "log").read_bytes()[before:].decode().splitlines()
        return [line for line in log if 'FROM "public"."traject"' in line]

    def break_it() -> None:
        owner.execute("ALTER TABLE traject RENAME TO ergens")
        owner.execute(
            "CREATE VIEW traject AS SELECT bsn, status, maanden, hulp, "
            "(plan::int)::text AS plan FROM ergens"
        )
        owner.execute(f"GRANT SELECT ON traject TO {name}".encode())

    lock = psycopg.connect(server.url(database=name))

    def stop() -> None:
        lock.execute("LOCK TABLE traject IN ACCESS EXCLUSIVE MODE")

    try:
        yield Standing(
            source,
            asked,
            break_it,
            stop,
            lock.rollback,
        )
    finally:
        lock.close()
        owner.close()


@contextmanager
def fhir(folder: Path, rows: Sequence[Row]) -> Iterator[Standing]:
    """Give the rows as care plans of a FHIR server."""
    server = FhirServer([_care_plan(row) for row in rows])
    with listening(server) as web:
        server.base = f"{web.url}/r4"
        columns = {
            "status": "status",
            "maanden": "activity.detail.quantity.value",
            "plan": "description",
            "hulp": "activity.detail.doNotPerform",
        }
        source = mapped(
            _mapping(
                f"kind: fhir, address: '{server.base}'",
                "CarePlan",
                "patient.identifier",
                columns,
            ),
            folder,
        )

        def break_it() -> None:
            web.say = lambda _heard: Reply(500, SECRET.encode())

        yield Standing(
            source,
            lambda: [form["_elements"] for form in server.asked],
            break_it,
            web.gate.clear,
            web.gate.set,
            {"maanden": "activity", "plan": "description", "hulp": "activity"},
        )


def _care_plan(row: Row) -> dict[str, object]:
    detail: dict[str, object] = {}
    if row["maanden"] is not None:
        detail["quantity"] = {"value": row["maanden"]}
    if row["hulp"] is not None:
        detail["doNotPerform"] = row["hulp"]
    plan = {"resourceType": "CarePlan", "status": row["status"], "_of": row["bsn"]}
    if row["plan"] is not None:
        plan["description"] = row["plan"]
    return {**plan, "activity": [{"detail": detail}]}


def _files(folder: Path, name: str, fill: Callable[[Path], None]) -> Standing:
    place = folder / "bestanden"
    place.mkdir()
    fill(place / name)
    source = mapped(_mapping("kind: files, address: bestanden", name, "bsn", _PLAIN), folder)

    def break_it() -> None:
        (place / name).write_text(f'"{SECRET}')

    return Standing(source, list, break_it)


@contextmanager
def csv_file(folder: Path, rows: Sequence[Row]) -> Iterator[Standing]:
    """Give the rows as a CSV file."""

    def fill(path: Path) -> None:
        lines = ["bsn;status;maanden;plan;hulp;anders", *(_line(row) for row in rows)]
        path.write_text("\n".join(lines) + "\n", "utf-8")

    yield _files(folder, "traject.csv", fill)


def _line(row: Row) -> str:
    cells = (int(cell) if isinstance(cell, bool) else cell for cell in row.values())
    quoted = (
        '"' + str(cell).replace('"', '""') + '"' for cell in ("" if c is None else c for c in cells)
    )
    return ";".join((*quoted, SECRET))


@contextmanager
def json_file(folder: Path, rows: Sequence[Row]) -> Iterator[Standing]:
    """Give the rows as a JSON file."""
    yield _files(folder, "traject.json", lambda path: _dump(path, rows))


def _dump(path: Path, rows: Sequence[Row]) -> None:
    path.write_text(json.dumps([dict(row) for row in rows]), "utf-8")


@contextmanager
def parquet_file(folder: Path, rows: Sequence[Row]) -> Iterator[Standing]:
    """Give the rows as a Parquet file."""

    def fill(path: Path) -> None:
        with duckdb.connect() as connection:
            connection.execute(_SQL)
            for row in rows:
                connection.execute("INSERT INTO traject VALUES (?, ?, ?, ?, ?)", [*row.values()])
            connection.execute(f"COPY traject TO '{path}' (FORMAT parquet)")

    yield _files(folder, "traject.parquet", fill)
