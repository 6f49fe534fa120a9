"""Loads the invented clients into an SQLite file, dates moved so that the story holds today."""

import datetime as dt
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.cases.importing import import_rows
from gateway.catalogue.own_tables import OWN_TABLES
from gateway.demo.ladder import ladder_tables
from gateway.errors import DemoInvalid, SubjectInvalid

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")

_SQL_TYPES: Mapping[type, str] = {bool: "BOOLEAN", int: "INTEGER", float: "REAL"}

Row = dict[str, Any]
Tables = dict[str, list[Row]]

# Tables that are there even when no client of the set has a row in them.
_ALWAYS: Mapping[str, tuple[str, ...]] = {
    "casus": (),
    "casus_partij": (),
    "toestemming": (
        "verwerking",
        "gegeven_door",
        "gegeven_op",
        "ingetrokken_op",
        "geldig_tot",
        "vorm",
    ),
    "bron_bevestiging": ("doel", "bevestigd_op", "geldig_tot"),
    "vertegenwoordiging": ("soort", "betreft", "vanaf", "tot"),
    "ciz_indicatie": (),
}

# Figures about groups: no row of these is about a person.
_FIGURES: Mapping[str, tuple[str, ...]] = {
    "aggregaat": (
        "groepsgrootte",
        "aantal_deelnemers",
        "gemiddelde_doorlooptijd_maanden",
        "uitstroom_betaald_werk_percentage",
        "doorbraken_per_thema",
    ),
}


def load_clients(clients: Path, database: Path, today: dt.date) -> None:
    """Fill a new SQLite file with the clients, as they are when their story happens today.

    Effects: creates `database`, which must not exist yet.
    Raises:  DemoInvalid when the set is not of its form.
    """
    tables = tables_of(clients, today)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for name, rows in tables.items():
            if name not in OWN_TABLES:
                _fill(connection, name, rows)
        for name, rows in ladder_tables(today).items():
            _fill(connection, name, rows)
        for name, columns in _FIGURES.items():
            connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
    _import_cases(tables, database)


def _import_cases(tables: Tables, database: Path) -> None:
    try:
        import_rows(tables, database)
    except (ValueError, KeyError, TypeError, SubjectInvalid, sqlite3.IntegrityError) as exc:
        raise DemoInvalid("the cases of the demo set are not of their form") from exc


def reference_day(clients: Path) -> dt.date:
    """Return the day that the set is about.

    Raises:  DemoInvalid when the set is not of its form.
    """
    return _read(clients)[0]


def tables_of(clients: Path, today: dt.date) -> Tables:
    """Return the rows of every table, dates moved to today.

    Raises: DemoInvalid when the set is not of its form.
    """
    reference, people = _read(clients)
    tables: Tables = {name: [] for name in _ALWAYS}
    try:
        for table, row in (each for person in people for each in _rows_of(person)):
            moved = {name: _moved(name, value, reference, today) for name, value in row.items()}
            tables.setdefault(table, []).append(moved)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise DemoInvalid("the demo set is not of its form") from exc
    return tables


def _read(clients: Path) -> tuple[dt.date, Sequence[Mapping[str, Any]]]:
    """Return the day that the set is about, and its people."""
    try:
        document = json.loads(clients.read_text(encoding="utf-8"))
        return dt.date.fromisoformat(document["peildatum"]), tuple(document["clienten"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise DemoInvalid("the demo set cannot be read") from exc


def _rows_of(person: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    """Yield every row of one person, with the number that names them in each."""
    bsn = person["brp"]["bsn"]
    for table, content in person.items():
        if table == "label":
            continue
        for row in content if isinstance(content, list) else [content]:
            yield table, {"bsn": bsn, **_flat(table, row)}
            for party in row.get("partijen", ()):
                case = {"casus_id": row["casus_id"], "soort": row["soort"]}
                yield "casus_partij", {"bsn": bsn, **case, **party}


def _flat(table: str, row: Row) -> Row:
    """Return a row without nested values: givers of consent joined, other lists as JSON."""
    flat = {name: value for name, value in row.items() if name != "partijen"}
    if table == "toestemming":
        flat["gegeven_door"] = "+".join(row["gegeven_door"])
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
        for name, value in flat.items()
    }


def _moved(name: str, value: object, reference: dt.date, today: dt.date) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return value
    day = dt.date.fromisoformat(value)
    if name == "geboortedatum":
        return _same_age(day, reference, today).isoformat()
    return (day + (today - reference)).isoformat()


def _same_age(born: dt.date, reference: dt.date, today: dt.date) -> dt.date:
    """Return a birth date that makes somebody as old today as `born` made them on `reference`.

    Moving it by days would go wrong by one around leap days, just where an 18th birthday decides.
    """
    age = reference.year - born.year - ((reference.month, reference.day) < (born.month, born.day))
    last_birthday = today - (reference - _in_year(born, born.year + age))
    return _in_year(last_birthday, last_birthday.year - age)


def _sql_type(column: str, rows: list[Row]) -> str:
    kinds = {type(row[column]) for row in rows if row.get(column) is not None}
    return _SQL_TYPES.get(kinds.pop(), "TEXT") if len(kinds) == 1 else "TEXT"


def _in_year(day: dt.date, year: int) -> dt.date:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February in a common year
        return dt.date(year, 2, 28)


def _fill(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    names = ["bsn", *_ALWAYS.get(table, ())]
    names += [name for row in rows for name in row]
    columns = list(dict.fromkeys(names))
    if not all(_NAME.fullmatch(name) for name in (table, *columns)):
        raise DemoInvalid("a table or column has a name that is none")
    listed, holes = ", ".join(columns), ", ".join("?" for _ in columns)
    typed = ", ".join(f"{column} {_sql_type(column, rows)}" for column in columns)
    connection.execute(f"CREATE TABLE {table} ({typed})")
    connection.execute(f"CREATE INDEX {table}_by_person ON {table} (bsn)")
    connection.executemany(
        f"INSERT INTO {table} ({listed}) VALUES ({holes})",  # noqa: S608 (names checked above)
        [[row.get(column) for column in columns] for row in rows],
    )
