"""The one way in which a count becomes SQL: persons first made one row each, then counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.sources.dialect import MARK, POSTGRESQL, Dialect
from gateway.sources.groups import CELL_LIMIT, GroupQuery
from gateway.sources.register import GroupLook
from gateway.sources.source import Scalar
from gateway.sources.sql_text import expression, named, quoted


@dataclass(frozen=True, slots=True)
class GroupText:
    """The columns of a count, each as SQL: what is asked never stands in them."""

    table: str
    person: str
    per: tuple[str, ...]
    where: tuple[str, ...]
    period: str
    value: str | None
    until: str | None


def count_statement(look: GroupLook, dialect: Dialect) -> tuple[str, list[Scalar]]:
    """Return the statement of a count over a mapped table, with its values."""
    table = look.table
    text = GroupText(
        table=quoted(table.at),
        person=named(table, table.subject or ""),
        per=tuple(expression(table, column) for column in look.per),
        where=tuple(expression(table, column) for column in look.where),
        period=expression(table, look.period),
        value=None if look.value is None else expression(table, look.value),
        until=None if look.until is None else expression(table, look.until),
    )
    return group_statement(text, look.query, dialect)


def group_statement(
    text: GroupText, query: GroupQuery, dialect: Dialect
) -> tuple[str, list[Scalar]]:
    """Return the statement of a count, with its values.

    A row of the answer holds the labels, the persons, the total, the largest and the median. One
    cell more than the limit is asked for, so that too many do not look like just enough.
    """
    names = [f"k{number}" for number in range(len(text.per))]
    keys = ", ".join(names)
    labels = ", ".join(f"{each} AS {name}" for each, name in zip(text.per, names, strict=True))
    value = _value(text, dialect)
    tests = [f"{text.period} BETWEEN {MARK} AND {MARK}", f"{text.person} IS NOT NULL"]
    tests += [f"{each} IS NOT NULL" for each in text.per]
    tests += [f"{each} = {MARK}" for each in text.where]
    tests += _tests_of(text, value, dialect)
    within = "" if query.most_cells is None else f"WHERE cell <= {query.most_cells:d}"
    found = f"""WITH per_row AS (
        SELECT {labels}, {text.person} AS person, {_clamped(value, query)} AS number
        FROM {text.table} WHERE {" AND ".join(tests)}
    ), per_person AS (
        SELECT {keys}, person, AVG(number) AS number FROM per_row GROUP BY {keys}, person
    ), numbered AS (
        SELECT {keys}, number, ROW_NUMBER() OVER (PARTITION BY person ORDER BY {keys}) AS cell
        FROM per_person
    ), placed AS (
        SELECT {keys}, number, ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY number) AS place,
            COUNT(*) OVER (PARTITION BY {keys}) AS persons
        FROM numbered {within}
    )
    SELECT {keys}, MAX(persons), SUM(number), MAX(number),
        AVG(CASE WHEN place IN ((persons + 1) / 2, (persons + 2) / 2) THEN number END)
    FROM placed GROUP BY {keys} LIMIT {CELL_LIMIT + 1}"""  # noqa: S608 (expressions, no values)
    values = [*query.years, *(value for _, value in query.where)]
    return dialect.spell(found), values


def _value(text: GroupText, dialect: Dialect) -> str:
    if text.value is None:
        return "1"
    if text.until is None:
        return text.value
    if dialect is POSTGRESQL:
        return f"(CAST({text.until} AS date) - CAST({text.value} AS date))"
    return f"(julianday({text.until}) - julianday({text.value}))"


def _tests_of(text: GroupText, value: str, dialect: Dialect) -> Sequence[str]:
    """Return what a row must meet to have a number; in SQLite a column may hold anything."""
    if text.value is None:
        return ()
    if text.until is not None:
        return (f"{value} >= 0",)
    if dialect is POSTGRESQL:
        return (f"{value} IS NOT NULL",)
    return (f"typeof({value}) IN ('integer', 'real')",)


def _clamped(value: str, query: GroupQuery) -> str:
    """Return the value within its limits, which are numbers of the policy and nobody's text."""
    measured = query.measured
    low, high = (None, None) if measured is None else (measured.low, measured.high)
    if low is not None:
        value = f"CASE WHEN {value} < {low:f} THEN {low:f} ELSE {value} END"
    if high is not None:
        value = f"CASE WHEN {value} > {high:f} THEN {high:f} ELSE {value} END"
    return value
