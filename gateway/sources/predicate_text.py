"""A predicate as SQL, so that only its outcome leaves the database: never the number or the text.

The outcome is what `precision` makes of the same rows in the gateway: unknown where a value does
not fit, where one is missing, and where the rows do not all hold the same value. In PostgreSQL a
text is a string or an enumeration, and a number a number: JSON, XML or money is no value here, also
where a driver would make one of it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from gateway.catalogue.model import Derive
from gateway.sources.dialect import MARK, POSTGRESQL, Dialect
from gateway.sources.mapping import ValueKind
from gateway.sources.source import Predicate
from gateway.sources.values import LARGEST, LONGEST

_Fitting: TypeAlias = Callable[[str, int], str]

_COMPARED: Mapping[Derive, str] = MappingProxyType(
    {Derive.EQUALS: "=", Derive.AT_MOST: "<=", Derive.AT_LEAST: ">="}
)


def outcome(
    value: str, kind: ValueKind, asked: Predicate, dialect: Dialect, *, longest: int = LONGEST
) -> str:
    """Return the outcome of a predicate over a value, as an expression with its bound values.

    Shapes:  1 is yes, 0 is no, NULL is unknown; -1 stands in a row whose own value does not fit.
    """
    types = _IN_POSTGRESQL if dialect is POSTGRESQL else _IN_SQLITE
    fitting = types[kind](value, longest)
    same = [f"COUNT({fitting}) OVER () = COUNT(*) OVER ()", _one(fitting)]
    if kind is ValueKind.DECIMAL and dialect is not POSTGRESQL:
        # A whole number and a broken one differ in SQLite, as they do in the gateway.
        same.append(_one(f"typeof({fitting})"))
    return (
        f"CASE WHEN {value} IS NOT NULL AND {fitting} IS NULL THEN -1 "
        f"WHEN {' AND '.join(same)} THEN CASE WHEN {fitting} {_test(asked)} THEN 1 ELSE 0 END END"
    )


def _one(value: str) -> str:
    return f"MIN({value}) OVER () = MAX({value}) OVER ()"


def _test(asked: Predicate) -> str:
    if asked.derive is Derive.ONE_OF:
        return f"IN ({', '.join(MARK for _ in asked.against)})"
    return f"{_COMPARED[asked.derive]} {MARK}"


def _within(value: str, limit: int) -> str:
    return f"{value} BETWEEN -{limit:d} AND {limit:d}"


# A CASE has no collation and no affinity of its own: what comes of it compares byte by byte.
def _sqlite_text(value: str, longest: int) -> str:
    return f"CASE WHEN typeof({value}) = 'text' AND length({value}) <= {longest:d} THEN {value} END"


def _sqlite_integer(value: str, _longest: int) -> str:
    whole = f"typeof({value}) = 'integer'"
    return f"CASE WHEN {whole} AND {_within(value, LARGEST)} THEN {value} END"


def _sqlite_decimal(value: str, _longest: int) -> str:
    number = f"typeof({value}) IN ('integer', 'real')"
    return f"CASE WHEN {number} AND {_within(value, LARGEST)} THEN {value} END"


_IN_SQLITE: Mapping[ValueKind, _Fitting] = MappingProxyType(
    {
        ValueKind.TEXT: _sqlite_text,
        ValueKind.INTEGER: _sqlite_integer,
        ValueKind.DECIMAL: _sqlite_decimal,
    }
)


# What a driver reads is the text of a value; a CASE in a CASE reads no number in another text.
def _said(value: str) -> str:
    return f"format('%s', {value})"


def _postgresql_text(value: str, longest: int) -> str:
    # Strings and enumerations, and domains over them.
    category = f"(SELECT typcategory FROM pg_catalog.pg_type WHERE oid = pg_typeof({value}))"  # noqa: S608
    return (
        f"CASE WHEN {value} IS NOT NULL AND {category} IN ('S', 'E') "
        f"AND char_length({_said(value)}) <= {longest:d} "
        f'THEN {_said(value)} COLLATE "C" END'
    )


def _postgresql_integer(value: str, _longest: int) -> str:
    return _postgresql_number(value, ("smallint", "integer", "bigint"), "bigint")


def _postgresql_decimal(value: str, _longest: int) -> str:
    types = ("smallint", "integer", "bigint", "real", "double precision", "numeric")
    return _postgresql_number(value, types, "double precision")


def _postgresql_number(value: str, types: tuple[str, ...], made: str) -> str:
    """Return a number of one of these types as the driver makes it, and what is none as NULL."""
    # Beside NULL a domain is what it is made of.
    known = ", ".join(f"'{name}'::regtype" for name in types)
    number = f"CAST({_said(value)} AS {made})"
    return (
        f"CASE WHEN {value} IS NOT NULL AND pg_typeof(COALESCE({value}, NULL)) IN ({known}) "
        f"THEN CASE WHEN {_within(f'CAST({_said(value)} AS numeric)', LARGEST + 1)} "
        f"THEN CASE WHEN {_within(number, LARGEST)} THEN {number} END END END"
    )


_IN_POSTGRESQL: Mapping[ValueKind, _Fitting] = MappingProxyType(
    {
        ValueKind.TEXT: _postgresql_text,
        ValueKind.INTEGER: _postgresql_integer,
        ValueKind.DECIMAL: _postgresql_decimal,
    }
)
