"""What the policy files demand of the sources, and whether a mapping has it all. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.catalogue.cells import Cells
from gateway.catalogue.errors import Finding, Place, Severity
from gateway.catalogue.model import (
    Catalogue,
    Condition,
    ConditionKind,
    Derive,
    FieldGrant,
    FieldType,
    Precision,
    Purpose,
)
from gateway.catalogue.own_tables import OWN_TABLES
from gateway.sources.mapping import SourceKind, SourceMap, TablePlace, ValueKind
from gateway.sources.source import BIRTH_DATE, Scalar

_NUMBERS = frozenset({ValueKind.INTEGER, ValueKind.DECIMAL})
_TEXT = frozenset({ValueKind.TEXT})
_DATE = frozenset({ValueKind.DATE})
# Who needs an age alone is content with one that the source counted.
_BIRTH = frozenset({ValueKind.DATE, ValueKind.AGE})
_BOOLEAN = frozenset({ValueKind.BOOLEAN})
_ANY = frozenset(ValueKind)

_OF_DERIVE: Mapping[Derive, frozenset[ValueKind]] = MappingProxyType(
    {
        Derive.ANY: _BOOLEAN,
        Derive.LIST: _TEXT,
        Derive.ITEMS: frozenset({ValueKind.LIST}),
        Derive.PAIRS: _TEXT,
        Derive.ACTIVE_PARTIES: _TEXT,
        Derive.SUM: _NUMBERS,
        Derive.EARLIEST: _DATE,
        Derive.AGE: _BIRTH,
        Derive.AGE_FROM: _BIRTH,
        Derive.LAST_12_MONTHS: _DATE,
        Derive.CLASH: _TEXT,
        Derive.ONE_OF: _TEXT,
        Derive.AT_MOST: _NUMBERS,
        Derive.AT_LEAST: _NUMBERS,
        Derive.MATCH: _TEXT,
        Derive.FIGURE: _NUMBERS | {ValueKind.OBJECT},
    }
)
_OF_PRECISION: Mapping[Precision, frozenset[ValueKind]] = MappingProxyType(
    {
        Precision.FLAG: _BOOLEAN,
        Precision.BAND: _NUMBERS,
        Precision.YEAR: _DATE,
        Precision.QUARTER: _DATE,
        Precision.POSTCODE4: _TEXT,
        Precision.PSEUDONYM: _TEXT | {ValueKind.INTEGER},
    }
)
_OF_FIELD: Mapping[FieldType, frozenset[ValueKind]] = MappingProxyType(
    {
        FieldType.BOOLEAN: _BOOLEAN,
        FieldType.INTEGER: frozenset({ValueKind.INTEGER}),
        FieldType.DECIMAL: _NUMBERS,
        FieldType.DATE: _DATE,
        FieldType.ENUM: _TEXT,
        FieldType.STRING: _TEXT,
        FieldType.FREE_TEXT: _TEXT,
        FieldType.DOCUMENT: _TEXT,
    }
)
_OF_SCALAR: Mapping[type, frozenset[ValueKind]] = MappingProxyType(
    {str: _TEXT, bool: _BOOLEAN, int: frozenset({ValueKind.INTEGER})}
)
_OF_CONDITION: Mapping[ConditionKind, frozenset[ValueKind]] = MappingProxyType(
    {
        ConditionKind.SOURCE_TRUE: _BOOLEAN,
        ConditionKind.DATE_NOT_PAST: _DATE,
        ConditionKind.GROUP_SIZE: frozenset({ValueKind.INTEGER}),
    }
)


@dataclass(frozen=True, slots=True)
class Demand:
    """That a purpose reads a table, and in it a column of one of these kinds.

    What is `counted` no row of is read: the source counts over it.
    """

    purpose: str
    table: str
    column: str | None
    kinds: frozenset[ValueKind]
    of_persons: bool
    counted: bool = False


def demands(catalogue: Catalogue) -> Iterator[Demand]:
    """Give everything that any purpose may ask of a register."""
    for demand in _every_demand(catalogue):
        if demand.table not in OWN_TABLES:
            yield demand


def _every_demand(catalogue: Catalogue) -> Iterator[Demand]:
    for purpose in catalogue.purposes.values():
        for grant in purpose.fields.values():
            field = catalogue.fields.get(grant.name)
            yield from _of_grant(
                purpose, grant, _ANY if field is None else _kinds(grant, field.type)
            )
        for condition in purpose.conditions:
            yield from _of_condition(purpose, condition)


def _of_cells(purpose: Purpose, grant: FieldGrant, cells: Cells) -> Iterator[Demand]:
    """Give what counting persons takes: labels, the year, and what is measured."""
    measured = _NUMBERS if cells.until is None else _DATE
    wanted = [(name, _TEXT | {ValueKind.INTEGER}) for name in cells.per]
    wanted += [(name, measured) for name in (grant.column, cells.until) if name is not None]
    wanted += [(name, _of_scalar(value)) for name, value in grant.where]
    if purpose.groups is not None:
        wanted.append((purpose.groups.period, frozenset({ValueKind.INTEGER})))
    for column, allowed in wanted:
        yield Demand(purpose.id, grant.table, column, allowed, of_persons=True, counted=True)


def _of_grant(purpose: Purpose, grant: FieldGrant, kinds: frozenset[ValueKind]) -> Iterator[Demand]:
    if grant.cells is not None:
        yield from _of_cells(purpose, grant, grant.cells)
        return
    wanted: list[tuple[str | None, frozenset[ValueKind]]] = [(grant.column, kinds)]
    if grant.key is not None:
        wanted.append((grant.key, _TEXT))
    if grant.derive is Derive.ACTIVE_PARTIES:
        wanted += [("van", _DATE), ("tot", _DATE)]
    wanted += [(name, _of_scalar(value)) for name, value in grant.where]
    places = [(grant.table, column, allowed) for column, allowed in wanted]
    if grant.other is not None:
        places.append((*grant.other, _TEXT))
    for table, column, allowed in places:
        yield Demand(purpose.id, table, column, allowed, not purpose.aggregated)


def _of_condition(purpose: Purpose, condition: Condition) -> Iterator[Demand]:
    kinds = _OF_CONDITION.get(condition.kind, _ANY)
    if condition.table is not None:
        of_persons = not purpose.aggregated
        yield Demand(purpose.id, condition.table, condition.column, kinds, of_persons)
    if condition.kind is ConditionKind.AGE:
        yield Demand(purpose.id, BIRTH_DATE.table, BIRTH_DATE.columns[0], _BIRTH, of_persons=True)


def _kinds(grant: FieldGrant, field: FieldType) -> frozenset[ValueKind]:
    """Return what the column behind a grant may hold, so that the grant can give an answer."""
    if grant.derive is Derive.EQUALS and grant.against is not None:
        return _of_scalar(grant.against)
    if grant.derive is not Derive.ONE:
        return _OF_DERIVE[grant.derive]
    return _OF_PRECISION.get(grant.precision, _OF_FIELD.get(field, _ANY))


def _of_scalar(value: Scalar) -> frozenset[ValueKind]:
    return _OF_SCALAR[type(value)]


def findings_of(mapping: SourceMap, catalogue: Catalogue) -> tuple[Finding, ...]:
    """Return what is at odds between a mapping and the policy files.

    What is missing or of another type is an error. What no purpose reads is a warning: it may be
    left over from a purpose that ended.
    """
    wanted = tuple(demands(catalogue))
    found = [finding for demand in wanted for finding in _unmet(mapping, demand)]
    read = {(demand.table, demand.column) for demand in wanted}
    found += _unread(mapping, read)
    return tuple(dict.fromkeys(sorted(found, key=lambda f: (f.line, f.column, f.message_en))))


def _unmet(mapping: SourceMap, demand: Demand) -> Iterator[Finding]:
    table = mapping.tables.get(demand.table)
    if table is None:
        name = f"'{demand.table}'"
        yield _finding(
            mapping.place, "TABLE_MISSING", f"Hier ontbreekt {name}.", f"{name} is missing here."
        )
        return
    if (table.subject is not None) is not demand.of_persons:
        nl = "over personen" if demand.of_persons else "niet over personen"
        en = "about persons" if demand.of_persons else "not about persons"
        yield _finding(
            table.place,
            "PERSONS",
            f"Het doel {demand.purpose} gaat {nl}: kijk naar 'subject'.",
            f"The purpose {demand.purpose} is {en}: look at 'subject'.",
        )
    if demand.column is not None:
        yield from _unmet_column(table, demand, demand.column)
    if demand.counted:
        yield from _uncounted(table, demand, mapping.sources[table.source].kind)


def _uncounted(table: TablePlace, demand: Demand, kind: SourceKind) -> Iterator[Finding]:
    """Find what a source cannot count over, before anybody asks for a figure."""
    column = table.columns.get(demand.column or "")
    if kind.is_over_http:
        yield _finding(
            table.place,
            "COUNTS_NOT",
            f"Het doel {demand.purpose} telt hier: deze soort bron kan dat niet.",
            f"The purpose {demand.purpose} counts here: this kind of source cannot.",
            # Its figures are refused, and every other purpose is answered.
            Severity.WARNING,
        )
    elif kind.is_in_sql and column is not None and column.translated:
        yield _finding(
            column.place,
            "COUNTED_TRANSLATED",
            f"Het doel {demand.purpose} telt dit in de bron: gebruik 'sql', geen "
            "'form', 'words' of 'absent'.",
            f"The purpose {demand.purpose} counts this in the source: use 'sql', not "
            "'form', 'words' or 'absent'.",
        )


def _unmet_column(table: TablePlace, demand: Demand, name: str) -> Iterator[Finding]:
    column = table.columns.get(name)
    if column is None:
        yield _finding(
            table.place, "COLUMN_MISSING", f"Hier ontbreekt '{name}'.", f"'{name}' is missing here."
        )
    elif column.kind not in demand.kinds:
        words = ", ".join(sorted(demand.kinds))
        yield _finding(
            column.place,
            "TYPE",
            f"Het doel {demand.purpose} rekent met type: {words}.",
            f"The purpose {demand.purpose} counts on type: {words}.",
        )


def _unread(mapping: SourceMap, read: set[tuple[str, str | None]]) -> Iterator[Finding]:
    tables = {table for table, _ in read}
    for table in mapping.tables.values():
        if table.name not in tables:
            yield _unused(table.place)
            continue
        for column in table.columns.values():
            if (table.name, column.name) not in read:
                yield _unused(column.place)


def _unused(place: Place) -> Finding:
    return _finding(
        place, "NOT_READ", "Geen doel leest dit.", "No purpose reads this.", Severity.WARNING
    )


def _finding(
    place: Place, code: str, nl: str, en: str, severity: Severity = Severity.ERROR
) -> Finding:
    return Finding(place.file, place.line, place.column, code, severity, nl, en)
