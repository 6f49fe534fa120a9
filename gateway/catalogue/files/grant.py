"""One field of a purpose file, from YAML table to `FieldGrant`; what cannot work is found."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.catalogue.files.cells import check_cells, read_cells
from gateway.catalogue.files.members import Table
from gateway.catalogue.model import LEVELS, Band, Derive, Field, FieldGrant, Need, Precision

_PRECISION = {precision.label: precision for precision in Precision}
_OF_ROWS = {Precision.EXISTS, Precision.COUNT}
_WITH_NUMBER = frozenset({Derive.AT_MOST, Derive.AT_LEAST, Derive.AGE_FROM})
_OLDEST = 150
# Which word each of these members belongs to, and to no other.
_BELONGS: Mapping[str, frozenset[Derive]] = MappingProxyType(
    {
        "key": frozenset({Derive.PAIRS}),
        "against": frozenset({Derive.EQUALS, *_WITH_NUMBER}),
        "one_of": frozenset({Derive.ONE_OF}),
        "with": frozenset({Derive.MATCH}),
    }
)
_LISTED = frozenset({Derive.ONE, Derive.LIST, Derive.ITEMS})


def read_grant(known: Mapping[str, Field], name: str, table: Table) -> FieldGrant:
    """Return the grant in this table; what is wrong with it goes to the findings of the table.

    `known` is the data dictionary. A name that it lacks is found where all names are.
    """
    field = known.get(name)
    source, _, column = table.text("of").partition(".")
    grant = FieldGrant(
        name=name,
        table=source,
        column=column or None,
        where=table.scalars("where"),
        derive=table.one_of("derive", Derive) if table.has("derive") else Derive.ONE,
        precision=_precision(table),
        band=table.optional_table("band", _band),
        need=table.one_of("need", Need),
        because=table.optional_text("because") or "",
        consent=table.flag("consent"),
        special=table.optional_text("special"),
        key=table.optional_text("key"),
        against=table.optional_scalar("against"),
        one_of=table.optional_texts("one_of"),
        other=_other(table),
        labels=table.optional_texts("labels"),
        cells=table.optional_table("cells", read_cells),
        kind=None if field is None else field.type,
    )
    if table.is_clear("precision", "derive", "band", "cells"):
        _check_shape(grant, table)
        _check_words(grant, table)
        _check_number(grant, table)
        _check_labels(grant, table)
        check_cells(grant, table)
    return grant


def _precision(table: Table) -> Precision:
    """Return the level; for a word that is none, the one that no other file objects to."""
    level = table.choice("precision", _PRECISION)
    return level if table.is_clear("precision") else Precision.FLAG


def _other(table: Table) -> tuple[str, str] | None:
    """Return the table and column of the name that this one is matched with."""
    text = table.optional_text("with")
    if text is None:
        return None
    source, _, column = text.partition(".")
    if not column:
        nl = "Noem bij 'with' een tabel en een kolom: tabel.kolom."
        en = "Name a table and a column at 'with': table.column."
        table.error("COLUMN", nl, en, table.place_of("with"))
    return source, column


def _check_shape(grant: FieldGrant, table: Table) -> None:
    """Find a level, a band or a column that does not go with the rest."""
    if grant.precision not in LEVELS[grant.derive]:
        words = ", ".join(level.label for level in sorted(LEVELS[grant.derive]))
        table.error(
            "DERIVE",
            f"Bij derive: {grant.derive} hoort als precision: {words}.",
            f"With derive: {grant.derive} the precision is one of: {words}.",
        )
    if (grant.band is None) == (grant.precision is Precision.BAND):
        table.error(
            "BAND",
            "Een 'band' hoort bij precision: band, en alleen daarbij.",
            "A 'band' belongs to precision: band, and only there.",
        )
    if (grant.derive is Derive.ONE and grant.precision in _OF_ROWS) == (grant.column is not None):
        table.error(
            "COLUMN",
            "Noem een kolom (tabel.kolom), behalve bij precision: exists of count.",
            "Name a column (table.column), except with precision: exists or count.",
        )


def _check_words(grant: FieldGrant, table: Table) -> None:
    """Find a member that another derivation needs, and one that is missing or empty."""
    given = {
        "key": grant.key is not None,
        "against": grant.against is not None,
        "one_of": bool(grant.one_of),
        "with": grant.other is not None,
    }
    for member, derives in _BELONGS.items():
        if given[member] != (grant.derive in derives):
            words = ", ".join(sorted(derives))
            table.error(
                "DERIVE",
                f"'{member}' hoort bij derive: {words}, en alleen daarbij.",
                f"'{member}' belongs to derive: {words}, and only there.",
                table.place_of(member),
            )


def _check_number(grant: FieldGrant, table: Table) -> None:
    """Find a limit that is no number, and an age that nobody reaches."""
    limit = grant.against
    if grant.derive not in _WITH_NUMBER or limit is None:
        return
    whole = isinstance(limit, int) and not isinstance(limit, bool)
    if not whole or (grant.derive is Derive.AGE_FROM and not 0 <= int(limit) <= _OLDEST):
        nl = "Hier hoort een heel getal; een leeftijd is hoogstens 150."
        en = "Expected a whole number; an age is 150 at most."
        table.error("AGAINST", nl, en, table.place_of("against"))


def _check_labels(grant: FieldGrant, table: Table) -> None:
    """Find a closed list where no text leaves, and one that lets nothing through."""
    if not table.has("labels"):
        return
    fits = grant.derive in _LISTED and grant.precision is Precision.EXACT
    fits = fits or (grant.derive is Derive.FIGURE and grant.precision is Precision.COUNT)
    if not fits or not grant.labels:
        nl = "'labels' noemt teksten die mogen: bij exact (one, list, items) of figure (count)."
        en = "'labels' lists texts that may leave: with exact (one, list, items) or figure (count)."
        table.error("LABELS", nl, en, table.place_of("labels"))


def _band(table: Table) -> Band:
    band = Band(table.integers("limits"), table.texts("labels"))
    if list(band.limits) != sorted(set(band.limits)) or len(band.labels) != len(band.limits) + 1:
        table.error(
            "BAND",
            "Grenzen lopen op, en er is één label meer dan er grenzen zijn.",
            "Limits rise, and there is one label more than there are limits.",
        )
    return band
