"""The one way in which a look becomes SQL: quoted names, bound values, the asked columns only."""

from gateway.sources.dialect import MARK, Dialect
from gateway.sources.mapping import ColumnPlace, TablePlace
from gateway.sources.predicate_text import outcome
from gateway.sources.register import ROW_LIMIT, Look
from gateway.sources.source import Scalar
from gateway.subject import Subject


def statement(look: Look, dialect: Dialect, *, of_person: bool) -> str:
    """Return the statement of a look; `bound_values` gives its values.

    One row more than the limit is asked for, so that too many do not look like just enough.
    """
    table = look.table
    columns = [expression(table, column) for column in look.columns]
    columns += [
        outcome(expression(table, column), column.kind, asked, dialect)
        for column, asked in look.predicates
    ]
    tests = [f"{expression(table, column)} = {MARK}" for column, _ in look.where]
    if of_person and table.subject is not None:
        tests.insert(0, f"{named(table, table.subject)} = {MARK}")
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    chosen = ", ".join(columns) or "1"
    text = f"SELECT {chosen} FROM {quoted(table.at)}{where} LIMIT {ROW_LIMIT + 1}"  # noqa: S608
    return dialect.spell(text)


def bound_values(look: Look, subject: Subject | None) -> list[Scalar]:
    """Return the values of the statement of a look, in the order of their marks."""
    values: list[Scalar] = [value for _, asked in look.predicates for value in asked.against]
    if subject is not None:
        values.append(subject.value)
    return [*values, *(value for _, value in look.where)]


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


def lacking(table: TablePlace, column: str) -> str:
    """Return what to tell of a probe that failed: which column, or without one which table."""
    if not column:
        return (
            f"de bron heeft geen tabel {table.at}, of de gateway mag hem niet lezen"
            f" / the source has no table {table.at}"
        )
    return (
        f"de bron heeft geen kolom voor {column} in tabel {table.at}; kijk naar at en sql in de"
        f" mapping / the source has no column {column} of table {table.at}"
    )


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
