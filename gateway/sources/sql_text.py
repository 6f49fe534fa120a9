"""The one way in which a look becomes SQL: quoted names, bound values, the asked columns only."""

from dataclasses import dataclass

from gateway.sources.mapping import ColumnPlace, TablePlace
from gateway.sources.register import ROW_LIMIT, Look


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a driver writes a bound value, and what a percent sign must be written as."""

    mark: str
    percent: str


SQLITE = Dialect("?", "%")
POSTGRESQL = Dialect("%s", "%%")

# Stands for a bound value until the percent signs are done; no SQL can hold it.
_MARK = "\0"


def statement(look: Look, dialect: Dialect, *, of_person: bool) -> str:
    """Return the statement of a look; its values are the subject, if any, and then the `where`.

    One row more than the limit is asked for, so that too many do not look like just enough.
    """
    table = look.table
    columns = ", ".join(expression(table, column) for column in look.columns) or "1"
    tests = [f"{expression(table, column)} = {_MARK}" for column, _ in look.where]
    if of_person and table.subject is not None:
        tests.insert(0, f"{named(table, table.subject)} = {_MARK}")
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    text = f"SELECT {columns} FROM {quoted(table.at)}{where} LIMIT {ROW_LIMIT + 1}"  # noqa: S608
    return text.replace("%", dialect.percent).replace(_MARK, dialect.mark)


def probe_statements(table: TablePlace) -> list[tuple[str, str]]:
    """Return a statement per column that fails where it is missing, each with the column's name."""
    from_table = f"FROM {quoted(table.at)} LIMIT 0"
    probes = [("", f"SELECT 1 {from_table}")]
    if table.subject is not None:
        probes.append((table.subject, f"SELECT {named(table, table.subject)} {from_table}"))
    probes += [
        (column.name, f"SELECT {expression(table, column)} {from_table}")
        for column in table.columns.values()
    ]
    return probes


def quoted(path: str) -> str:
    """Return a name, or a schema with a name, as SQL reads it literally."""
    return ".".join(quoted_name(part) for part in path.split("."))


def quoted_name(name: str) -> str:
    """Return one name as SQL reads it literally."""
    return '"' + name.replace('"', '""') + '"'


def named(table: TablePlace, column: str) -> str:
    """Return a column of a table as SQL reads it literally."""
    # With its table before it: SQLite takes a quoted name that it does not know for a text.
    return f"{quoted(table.at)}.{quoted_name(column)}"


def expression(table: TablePlace, column: ColumnPlace) -> str:
    """Return what a column of the mapping is in SQL."""
    return named(table, column.at) if column.sql is None else f"({column.sql})"
