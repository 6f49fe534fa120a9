"""Figures about groups: from YAML table to `Groups` and `Cells`, and what gives persons away."""

import re
from collections.abc import Iterator
from math import prod
from typing import Final

from gateway.catalogue.cells import USUAL_SMALLEST, Cells, Groups, Noise, Tell, Unit
from gateway.catalogue.errors import Place
from gateway.catalogue.files.members import Findings, Table
from gateway.catalogue.model import Derive, FieldGrant, Precision, Purpose

_MOST_YEARS: Final = 25
_MOST_COLUMNS: Final = 2
# More cells than anybody reads; the table stays small enough to hide cells in within a moment.
_MOST_CELLS: Final = 400
_WHOLE: Final = 100
_EPSILON: Final = re.compile(r"(0|[1-9])(\.[0-9]{1,6})?", re.ASCII)


def read_groups(table: Table) -> Groups:
    """Return what holds for every table of a purpose about groups."""
    groups = Groups(
        smallest=_required(table, "smallest"),
        period=table.text("period"),
        years=_required(table, "years"),
        labels=tuple(table.lists("labels").items()),
        largest_share=table.integer("largest_share"),
        noise=table.optional_table("noise", _noise),
        law=table.optional_text("law"),
    )
    _check_numbers(groups, table)
    if groups.period in dict(groups.labels) or not all(each for _, each in groups.labels):
        nl = "Noem per kolom minstens een label; de jaren volgen uit 'period' en 'years'."
        en = "Name at least one label per column; the years follow from 'period' and 'years'."
        table.error("GROUPS", nl, en, table.place_of("labels"))
    return groups


def _required(table: Table, key: str) -> int:
    if not table.has(key):
        table.error("KEY_MISSING", f"Hier ontbreekt '{key}'.", f"'{key}' is missing here.")
    return table.integer(key) or 0


def _check_numbers(groups: Groups, table: Table) -> None:
    """Find a cell that is too small for the law, and numbers that mean nothing."""
    if groups.smallest < (USUAL_SMALLEST if groups.law is None else 1):
        nl = "De kleinste cel is 10 of meer, of noem bij 'law' de wet die minder toestaat."
        en = "The smallest cell is 10 or more, or name in 'law' the law that allows less."
        table.error("GROUPS_SMALLEST", nl, en, table.place_of("smallest"))
    if not 1 <= groups.years <= _MOST_YEARS:
        nl, en = "Noem 1 tot 25 jaren.", "Name 1 to 25 years."
        table.error("GROUPS", nl, en, table.place_of("years"))
    if groups.largest_share is not None and not 1 <= groups.largest_share < _WHOLE:
        nl, en = "Een aandeel is 1 tot 99 procent.", "A share is 1 to 99 percent."
        table.error("GROUPS", nl, en, table.place_of("largest_share"))


def _noise(table: Table) -> Noise:
    noise = Noise(table.text("epsilon"), _required(table, "most_cells"))
    if not _EPSILON.fullmatch(noise.epsilon) or not float(noise.epsilon):
        nl = 'Schrijf epsilon als een getal tussen 0 en 10, bijvoorbeeld "0.5".'
        en = 'Write epsilon as a number between 0 and 10, such as "0.5".'
        table.error("NOISE", nl, en, table.place_of("epsilon"))
    if not 1 <= noise.most_cells <= _MOST_CELLS:
        nl = "Noem in hoeveel cellen een persoon hoogstens telt."
        en = "Name in how many cells a person counts at most."
        table.error("NOISE", nl, en, table.place_of("most_cells"))
    return noise


def read_cells(table: Table) -> Cells:
    """Return what is told of which cells."""
    cells = Cells(
        tell=table.one_of("tell", Tell),
        per=table.texts("per"),
        until=table.optional_text("until"),
        unit=table.one_of("unit", Unit) if table.has("unit") else None,
        low=table.integer("low"),
        high=table.integer("high"),
    )
    if not 1 <= len(cells.per) <= _MOST_COLUMNS:
        nl, en = "Een tabel heeft een of twee kolommen.", "A table has one or two columns."
        table.error("CELLS", nl, en, table.place_of("per"))
    measured = any(each is not None for each in (cells.until, cells.low, cells.high))
    if (cells.until is None) != (cells.unit is None) or (cells.tell is Tell.PERSONS and measured):
        nl = "'until' en 'unit' horen bij elkaar, en met 'low' en 'high' bij een duur of een getal."
        en = "'until' goes with 'unit', and with 'low' and 'high' they go with what is measured."
        table.error("CELLS", nl, en)
    if cells.low is not None and cells.high is not None and cells.low >= cells.high:
        nl, en = "'low' is lager dan 'high'.", "'low' is less than 'high'."
        table.error("CELLS", nl, en, table.place_of("high"))
    return cells


def check_cells(grant: FieldGrant, table: Table) -> None:
    """Find a precision or a column that does not go with what is told of a cell."""
    if grant.cells is None:
        return
    counted = grant.cells.tell is Tell.PERSONS
    fits = grant.precision is Precision.COUNT if counted else grant.precision in _OF_MEASURE
    if not fits or grant.derive is not Derive.ONE or grant.consent:
        nl = "Aantallen zijn precision: count; een gemiddelde is exact of band; zonder 'derive'."
        en = "Numbers of persons are precision: count; a mean is exact or band; without 'derive'."
        table.error("CELLS", nl, en, table.place_of("precision"))


_OF_MEASURE: Final = frozenset({Precision.EXACT, Precision.BAND})


def check_groups(purpose: Purpose, place: Place, findings: Findings) -> None:
    """Find everything by which a table could give away a person."""
    for nl, en in _flaws(purpose):
        findings.error(place, "GROUPS", nl, en)


def _flaws(purpose: Purpose) -> Iterator[tuple[str, str]]:
    told = [grant for grant in purpose.fields.values() if grant.cells is not None]
    groups = purpose.groups
    if bool(told) != (groups is not None) or (told and not purpose.aggregated):
        yield _TOGETHER
    if groups is None:
        return
    known = {groups.period, *dict(groups.labels)}
    for grant in told:
        cells = grant.cells
        if cells is None or not set(cells.per) <= known:
            yield _NO_LABELS
        elif prod(_size(groups, name) for name in cells.per) > _MOST_CELLS:
            yield _TOO_MANY
        elif groups.noise is not None and not _is_bounded(cells):
            yield _UNBOUNDED
    if groups.noise is not None and groups.largest_share is not None:
        yield _SHARE_TELLS


def _size(groups: Groups, name: str) -> int:
    return groups.years if name == groups.period else len(dict(groups.labels)[name])


def _is_bounded(cells: Cells) -> bool:
    """Tell whether one person moves the figure no further than the policy says."""
    limits = cells.low is not None and cells.high is not None
    return cells.tell is Tell.PERSONS or (cells.tell is Tell.MEAN and limits)


_TOGETHER: Final = (
    "Een tabel ('cells') hoort bij een doel met 'aggregated: true' en 'groups', en omgekeerd.",
    "A table ('cells') belongs to a purpose with 'aggregated: true' and 'groups', and so back.",
)
_NO_LABELS: Final = (
    "Noem bij 'groups' alle labels van elke kolom van een tabel.",
    "Name in 'groups' all labels of every column of a table.",
)
_TOO_MANY: Final = (
    f"Een tabel heeft hoogstens {_MOST_CELLS} cellen.",
    f"A table has {_MOST_CELLS} cells at most.",
)
_UNBOUNDED: Final = (
    "Met 'noise' heeft een gemiddelde 'low' en 'high', en is er geen mediaan.",
    "With 'noise' a mean has 'low' and 'high', and there is no median.",
)
_SHARE_TELLS: Final = (
    "'largest_share' verraadt met 'noise' toch iets over een persoon; laat het weg.",
    "'largest_share' beside 'noise' tells something of a person after all; leave it out.",
)
