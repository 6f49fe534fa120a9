"""The tables of the demo in a folder of files: CSV, JSON or Parquet."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb

from gateway.sources.mapping import ValueKind
from tests.counterparts.clients import Row, Table, many, mapping_of, plainly, unfit
from tests.counterparts.failing import Failure

_IN_CSV: Mapping[ValueKind, str] = {
    ValueKind.BOOLEAN: ", form: zero_one",
    ValueKind.INTEGER: ", form: digits",
    ValueKind.DECIMAL: ", form: decimal_point",
}
_IN_PARQUET: Mapping[ValueKind, str] = {
    ValueKind.BOOLEAN: "BOOLEAN",
    ValueKind.INTEGER: "BIGINT",
    ValueKind.DECIMAL: "DOUBLE",
}


class FilesClients:
    """A folder with one file per table, read by the adapter `files`."""

    failures = frozenset(
        {Failure.TELLS_VALUES, Failure.GONE, Failure.WRONG_TYPES, Failure.TOO_MANY_ROWS}
    )

    def __init__(self, folder: Path, tables: Sequence[Table], kind: str) -> None:
        self._folder = folder / "bestanden"
        self._folder.mkdir()
        self._kind = kind
        self._tables = tables
        self._writer = _Parquet() if kind == "parquet" else None
        self._fill(tables)

    def mapping(self) -> tuple[str, str]:
        """Return what a mapping file says of the source, and of its tables."""
        said = _said_of_csv if self._kind == "csv" else plainly
        behind = [(each, f"{each.name}.{self._kind}", said(each)) for each in self._tables]
        return "kind: files, address: bestanden", mapping_of(behind, source="bron")

    def heard(self) -> list[str]:
        """Return nothing: files do not hear what is asked of them."""
        return []

    def elsewhere(self) -> list[str]:
        """Return nothing: only HTTP points to other places."""
        return []

    def fail(self, failure: Failure) -> None:
        """Fail from now on."""
        match failure:
            case Failure.TELLS_VALUES:
                for table in self._tables:
                    self._put(table, _break)
            case Failure.GONE:
                self._folder.rename(self._folder.with_suffix(".weg"))
            case Failure.WRONG_TYPES:
                self._fill(unfit(self._tables, self._spoilt))
            case _:
                self._fill(many(self._tables))

    def recover(self) -> None:
        """Be well again."""
        gone = self._folder.with_suffix(".weg")
        if gone.exists():
            gone.rename(self._folder)
        self._fill(self._tables)

    def close(self) -> None:
        """Let go of what writes Parquet."""
        if self._writer is not None:
            self._writer.close()

    def _spoilt(self, kind: ValueKind, value: object) -> object:
        if kind is not ValueKind.TEXT:
            return f"?{value}"
        # A cell of CSV is always a text; the other two know lists.
        return value if self._kind == "csv" else [str(value)]

    def _fill(self, tables: Sequence[Table]) -> None:
        write = _WRITERS[self._kind] if self._writer is None else self._writer.write
        for table in tables:
            self._put(table, write)

    def _put(self, table: Table, write: Callable[[Path, Table], None]) -> None:
        """Put a whole file in the place of the old one, as a delivery should."""
        fresh = self._folder / f"nieuw-{table.name}"
        write(fresh, table)
        fresh.replace(self._folder / f"{table.name}.{self._kind}")


def _said_of_csv(table: Table) -> dict[str, str]:
    plain = plainly(table)
    return {name: plain[name] + _IN_CSV.get(kind, "") for name, kind in table.kinds.items()}


def _write_csv(path: Path, table: Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
        lines.writerow(table.columns)
        lines.writerows([[_cell(value) for value in row.values()] for row in table.rows])


def _cell(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def _write_json(path: Path, table: Table) -> None:
    path.write_text(json.dumps([_decoded(table, row) for row in table.rows]), "utf-8")


def _decoded(table: Table, row: Row) -> dict[str, object]:
    """Return a row whose lists are lists: the register keeps them as their JSON text."""
    lists = {name for name, kind in table.kinds.items() if kind is ValueKind.LIST}
    return {name: _list(value) if name in lists else value for name, value in row.items()}


def _list(value: object) -> object:
    is_list = isinstance(value, str) and value.startswith("[")
    return json.loads(str(value)) if is_list else value


class _Parquet:
    """Writes Parquet with one DuckDB: opening one takes longer than writing a file."""

    def __init__(self) -> None:
        self._duck = duckdb.connect()

    def write(self, path: Path, table: Table) -> None:
        """Write a table, by way of JSON: DuckDB is slow with one row after the other."""
        lists = {name for row in table.rows for name, each in row.items() if isinstance(each, list)}
        columns = ", ".join(_as_json(table, name, lists) for name in table.columns)
        beside = path.with_suffix(".rows")
        beside.write_text(json.dumps([*table.rows]), "utf-8")
        read = f"read_json('{beside}', format='array', columns={{{columns}}})"
        self._duck.execute(f"COPY (FROM {read}) TO '{path}' (FORMAT parquet)")
        beside.unlink()

    def close(self) -> None:
        """Let go of DuckDB."""
        self._duck.close()


def _as_json(table: Table, name: str, lists: set[str]) -> str:
    return f"{name}: '{'VARCHAR[]' if name in lists else _type_of(table, name)}'"


def _type_of(table: Table, name: str) -> str:
    kind = table.kinds.get(name)
    return "VARCHAR" if kind is None or not table.fits(name) else _IN_PARQUET.get(kind, "VARCHAR")


_WRITERS: Mapping[str, Callable[[Path, Table], None]] = {
    "csv": _write_csv,
    "json": _write_json,
}


def _break(path: Path, table: Table) -> None:
    """Write a file that is no file of its kind, with every value in it."""
    rows = "\n".join(";".join(str(value) for value in row.values()) for row in table.rows)
    path.write_text(f'{";".join(table.columns)}\n"{rows}', "utf-8")
