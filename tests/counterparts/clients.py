"""The rows of the demo register as every kind of source would hold them, with their mapping.

A row keeps every column of the register, mapped or not: what no policy names must stay behind too.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.catalogue.load import load_catalogue
from gateway.sources.mapping import ValueKind
from gateway.sources.mapping_file import load_mapping

ROOT = Path(__file__).resolve().parent.parent.parent
SUBJECT = "bsn"
Row = Mapping[str, object]


@dataclass(frozen=True)
class Table:
    """One table of the register: all its columns, what kind the mapped ones are, and its rows.

    `compared` are the columns by which a purpose chooses rows: without them nothing is found.
    """

    name: str
    columns: tuple[str, ...]
    kinds: Mapping[str, ValueKind]
    rows: tuple[Row, ...]
    compared: frozenset[str]

    @property
    def of_persons(self) -> bool:
        """Whether its rows are about persons."""
        return SUBJECT in self.columns

    def fits(self, column: str) -> bool:
        """Tell whether every value of a column is of the type that its kind has."""
        wanted = _TYPES.get(self.kinds.get(column, ValueKind.TEXT), str)
        values = [row[column] for row in self.rows]
        return all(value is None or _is(value, wanted) for value in values)


_TYPES: Mapping[ValueKind, type] = {
    ValueKind.BOOLEAN: bool,
    ValueKind.INTEGER: int,
    ValueKind.DECIMAL: float,
}


def _is(value: object, wanted: type) -> bool:
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is wanted


def tables_in(register: Path) -> list[Table]:
    """Return every table that the example mapping has, with the rows of a demo register."""
    mapping = load_mapping(ROOT / "deploy" / "demo" / "sources.yaml")
    compared = _compared()
    with closing(sqlite3.connect(register)) as connection:
        found = []
        for table in mapping.tables.values():
            kinds = {column.name: column.kind for column in table.columns.values()}
            cursor = connection.execute(f"SELECT * FROM {table.name}")  # noqa: S608 (our own names)
            columns = tuple(each[0] for each in cursor.description)
            rows = tuple(_typed(columns, kinds, row) for row in cursor)
            found.append(
                Table(table.name, columns, kinds, rows, compared.get(table.name, frozenset()))
            )
    return found


def _compared() -> Mapping[str, frozenset[str]]:
    catalogue = load_catalogue(ROOT / "purposes", ROOT / "policies")
    found: dict[str, frozenset[str]] = {}
    for purpose in catalogue.purposes.values():
        for grant in purpose.fields.values():
            names = {name for name, _ in grant.where}
            found[grant.table] = found.get(grant.table, frozenset()) | names
    return found


def _typed(
    columns: Sequence[str], kinds: Mapping[str, ValueKind], values: Iterable[object]
) -> dict[str, object]:
    """Return a row with yes and no as such: SQLite keeps them as 1 and 0."""
    row = dict(zip(columns, values, strict=True))
    for name, kind in kinds.items():
        if kind is ValueKind.BOOLEAN and row[name] in (0, 1):
            row[name] = bool(row[name])
    return row


def unfit(tables: Iterable[Table], spoil: Callable[[ValueKind, object], object]) -> list[Table]:
    """Return the tables with every mapped value that nobody compares by made into another type."""

    def spoilt(table: Table, row: Row) -> Row:
        changed = {
            name: spoil(kind, row[name])
            for name, kind in table.kinds.items()
            if name not in table.compared and row[name] is not None
        }
        return {**row, **changed}

    return [
        replace(table, rows=tuple(spoilt(table, row) for row in table.rows)) for table in tables
    ]


def many(tables: Iterable[Table], times: int = 1_001) -> list[Table]:
    """Return the tables with each row this many times: more than anybody has."""
    return [replace(table, rows=table.rows * times) for table in tables]


def mapping_of(
    behind: Iterable[tuple[Table, str, Mapping[str, str]]],
    *,
    source: str,
    subject: str = SUBJECT,
) -> str:
    """Return the part of a mapping file about these tables.

    Shapes:  each with where it lives, and what is said of each mapped column.
    """
    lines: list[str] = []
    for table, at, columns in behind:
        lines += [f"  {table.name}:", f"    source: {source}", f"    at: {at}"]
        if table.of_persons:
            lines.append(f"    subject: {subject}")
        if columns:
            lines.append("    columns:")
            lines += [f"      {name}: {{{said}}}" for name, said in columns.items()]
    return "\n".join(lines) + "\n"


def plainly(table: Table) -> dict[str, str]:
    """Return what a mapping says of columns that a source calls by their own names."""
    return {name: f"at: {name}, type: {kind}" for name, kind in table.kinds.items()}
