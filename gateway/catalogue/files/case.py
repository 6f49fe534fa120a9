"""The kinds of case of `cases.yaml`, and whether they agree with the other policy files."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from gateway.catalogue.errors import Place
from gateway.catalogue.files.members import Findings, Table
from gateway.catalogue.files.purpose import PurposeFile
from gateway.catalogue.model import (
    Beginning,
    CaseKind,
    CaseStart,
    Catalogue,
    Phase,
    Requester,
)
from gateway.catalogue.own_tables import OWN_TABLES

_LONGEST_DAYS = 260
"""A year of working days: who takes longer has no term."""


def read_case_kind(name: str, table: Table) -> CaseKind:
    """Return the kind of case in this table; what is wrong with it goes to its findings."""
    return CaseKind(
        id=name,
        title=table.text("title"),
        phases=table.several("phases", Phase),
        coordinators=table.tables("coordinators", _requester),
        starts=MappingProxyType(table.table("begin", _starts)),
        term_days=table.integer("term_days"),
        consent=table.optional_text("consent"),
        decide_within=table.optional_table("decide_within", _working_days),
    )


def _working_days(table: Table) -> int | None:
    days = table.integer("working_days")
    if days is None or not 0 <= days <= _LONGEST_DAYS:
        nl = f"Noem bij 'working_days' 0 tot en met {_LONGEST_DAYS} werkdagen."
        en = f"Name 0 to {_LONGEST_DAYS} working days under 'working_days'."
        table.error("CASE_TERM", nl, en, table.place_of("working_days"))
        return 0
    return days


def _starts(table: Table) -> dict[Beginning, CaseStart]:
    return {way: table.table(way, _start) for way in Beginning if table.has(way)}


def _start(table: Table) -> CaseStart:
    return CaseStart(table.text("task"), table.tables("by", _requester))


def _requester(table: Table) -> Requester:
    return Requester(table.text("role"), table.text("organisation"))


def check_case_kind(kind: CaseKind, catalogue: Catalogue, table: Table) -> None:
    """Find every name in a kind of case that nothing else explains, and what cannot work.

    It goes to the findings of the table of this kind.
    """
    if not kind.phases or not kind.coordinators or Phase.CLOSED in kind.phases:
        nl = f"Soort casus '{kind.id}' heeft fasen (zonder 'gesloten') en een coördinator nodig."
        en = f"Kind of case '{kind.id}' needs phases (without 'gesloten') and a coordinator."
        wrong = "phases" if kind.coordinators else "coordinators"
        table.error("CASE_KIND_EMPTY", nl, en, table.place_of(wrong))
    if kind.term_days is not None and kind.term_days < 1:
        nl, en = "Een termijn is ten minste één dag.", "A term is one day at least."
        table.error("CASE_TERM", nl, en, table.place_of("term_days"))
    _check_parties(kind.coordinators, catalogue, table, table.place_of("coordinators"))
    for way, start in kind.starts.items():
        place = table.place_of("begin", way.value)
        if start.task not in catalogue.tasks:
            table.error("UNKNOWN_REFERENCE", *_unknown_words(start.task), place)
        _check_parties(start.by, catalogue, table, place)
    purpose = catalogue.purposes.get(kind.consent or "")
    if kind.consent is not None and (purpose is None or not purpose.needs_consent):
        nl = f"'{kind.consent}' is geen doel dat toestemming vraagt."
        en = f"'{kind.consent}' is no purpose with consent."
        table.error("CASE_CONSENT", nl, en, table.place_of("consent"))


def _check_parties(
    parties: Iterable[Requester], catalogue: Catalogue, table: Table, place: Place
) -> None:
    """Find a role that its organisation does not have."""
    for each in parties:
        known = catalogue.organisations.get(each.organisation)
        if known is None or each.role not in known.roles:
            words = _unknown_words(f"{each.role} ({each.organisation})")
            table.error("UNKNOWN_REFERENCE", *words, place)


def check_case_kinds_of(file: PurposeFile, catalogue: Catalogue, findings: Findings) -> None:
    """Find the kinds and phases of case in a purpose that no kind of case explains."""
    purpose = file.purpose
    known = [
        catalogue.case_kinds[name] for name in purpose.case_kinds if name in catalogue.case_kinds
    ]
    for name in purpose.case_kinds:
        if name not in catalogue.case_kinds:
            findings.error(file.at("case_kinds"), "UNKNOWN_REFERENCE", *_unknown_words(name))
    phases = {phase for kind in known for phase in kind.phases}
    for phase in purpose.phases:
        if phase not in phases:
            nl = f"Geen soort casus van dit doel kent de fase '{phase}'."
            en = f"No kind of case of this purpose has the phase '{phase}'."
            findings.error(file.at("phases"), "CASE_PHASE", nl, en)


def check_own_tables(file: PurposeFile, findings: Findings) -> None:
    """Find what a purpose reads from the tables of cases that is not in them."""
    for place, table, column in _read_by(file):
        if column not in OWN_TABLES.get(table, {column}):
            nl, en = f"'{table}' kent geen '{column}'.", f"'{table}' has no '{column}'."
            findings.error(place, "CASE_COLUMN", nl, en)


def _read_by(file: PurposeFile) -> Iterator[tuple[Place, str, str]]:
    for grant in file.purpose.fields.values():
        for column in (*grant.columns, *(name for name, _ in grant.where)):
            yield file.at("fields", grant.name), grant.table, column
    for condition in file.purpose.conditions:
        if condition.table is not None and condition.column is not None:
            yield file.at("conditions"), condition.table, condition.column


def _unknown_words(name: str) -> tuple[str, str]:
    return f"'{name}' is nergens bekend.", f"'{name}' is known nowhere."
