"""One purpose file, from YAML tree to `Purpose`; `references` checks it against the others."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from gateway.catalogue.errors import Place
from gateway.catalogue.files.answer import read_answering
from gateway.catalogue.files.cells import read_groups
from gateway.catalogue.files.condition import read_condition
from gateway.catalogue.files.grant import read_grant
from gateway.catalogue.files.guard import read_repeat
from gateway.catalogue.files.members import Table
from gateway.catalogue.files.veil import read_veil
from gateway.catalogue.model import (
    Example,
    Field,
    InformSubject,
    LawStatus,
    LegalBasis,
    Origin,
    OverAsk,
    Phase,
    Purpose,
    Requester,
    Retention,
    Secrecy,
)
from gateway.catalogue.words import Domain

GROUNDS = {
    ground: ground
    for ground in (
        *(f"6-1-{letter}" for letter in "abcdef"),
        *(f"9-2-{letter}" for letter in "abcdefghij"),
        "9-none",
    )
}
"""The grounds of GDPR articles 6 and 9; 9-none says that article 9 does not apply, and why."""


_SILENCE = {"refuse": False, "unknown": True}
# Longer, and nobody would ever be told.
_LONGEST_EMBARGO = 366


@dataclass(frozen=True, slots=True)
class PurposeFile:
    """A purpose with the places that findings about it point at."""

    purpose: Purpose
    place: Place
    places: Mapping[tuple[str, str], Place]

    def at(self, key: str, name: str = "") -> Place:
        """Return where a member, or a name inside it, stands; else where the file begins."""
        return self.places.get((key, name), self.places.get((key, ""), self.place))


def read_purpose(table: Table, known: Mapping[str, Field]) -> PurposeFile:
    """Return the purpose in this table, with the data dictionary; its findings go to the table."""
    validity = table.table("valid", _validity)
    purpose = Purpose(
        id=table.text("id"),
        processing=table.text("processing"),
        task=table.text("task"),
        activity=table.text("activity"),
        label=table.text("label"),
        title=table.text("title"),
        title_en=table.text("title_en"),
        question=table.text("question"),
        requesters=table.tables("requesters", _requester),
        source_holder=table.text("source_holder"),
        case_kinds=table.texts("case_kinds"),
        fields=MappingProxyType(table.named("fields", partial(read_grant, known))),
        never=table.texts("never"),
        instead=MappingProxyType(table.lists("instead")),
        legal_basis=table.tables("legal_basis", _basis),
        secrecy=table.optional_table("secrecy", _secrecy),
        conditions=table.tables("conditions", read_condition),
        inform_subject=table.table("inform_subject", _inform),
        retention=table.table("retention", _retention),
        valid_from=validity.start,
        valid_until=validity.end,
        review_by=validity.review_by,
        over_ask=table.table("over_ask", _over_ask),
        origin=table.table("origin", _origin),
        examples=table.tables("examples", _example),
        aggregated=table.flag("aggregated"),
        representation=_domain(table),
        phases=table.several("phases", Phase) if table.has("phases") else (),
        emergency=table.flag("emergency"),
        answer=table.optional_table("answer", read_answering),
        silence_is_unknown=table.has("when_silent") and table.choice("when_silent", _SILENCE),
        repeat=table.optional_table("repeat", read_repeat),
        groups=table.optional_table("groups", read_groups),
        veil=table.optional_table("indistinguishable", read_veil),
    )
    return PurposeFile(purpose, table.place, MappingProxyType(table.places()))


@dataclass(frozen=True, slots=True)
class _Validity:
    start: dt.date
    end: dt.date | None
    review_by: dt.date


def _validity(table: Table) -> _Validity:
    start, end = table.date("from"), table.optional_date("until")
    table.check_order(start, end)
    return _Validity(start, end, table.date("review_by"))


def _requester(table: Table) -> Requester:
    return Requester(table.text("role"), table.text("organisation"))


def _domain(table: Table) -> str | None:
    # A word of its own would never fit an appointment, and the person alone would go on consenting.
    return table.one_of("representation", Domain).value if table.has("representation") else None


def _basis(table: Table) -> LegalBasis:
    return LegalBasis(
        law=table.text("law"),
        article=table.text("article"),
        gdpr=table.choice("gdpr", GROUNDS),
        status=table.one_of("status", LawStatus),
        note=table.optional_text("note"),
    )


def _secrecy(table: Table) -> Secrecy:
    return Secrecy(
        law=table.text("law"),
        article=table.text("article"),
        note=table.text("note"),
    )


def _inform(table: Table) -> InformSubject:
    embargo = table.integer("embargo_days") or 0
    if not 0 <= embargo <= _LONGEST_EMBARGO:
        table.error(
            "EMBARGO",
            "Een embargo duurt hoogstens een jaar.",
            "An embargo lasts a year at most.",
            table.place_of("embargo_days"),
        )
    return InformSubject(table.flag("required"), table.text("how"), embargo)


def _retention(table: Table) -> Retention:
    return Retention(
        term=table.text("term"),
        ground=table.text("ground"),
        status=table.one_of("status", LawStatus),
        gateway=table.text("gateway"),
    )


def _over_ask(table: Table) -> OverAsk:
    return OverAsk(table.text("asked"), table.text("offered"), table.text("why"))


def _origin(table: Table) -> Origin:
    return Origin(table.text("source"), table.text("quote"))


def _example(table: Table) -> Example:
    return Example(
        ask=table.texts("ask"),
        justified=table.optional_texts("justified"),
        facts=tuple((name, str(value)) for name, value in table.scalars("given")),
        permitted=table.choice("expect", {"permit": True, "refuse": False}),
        step=table.integer("step"),
        code=table.optional_text("code"),
        instead=table.optional_texts("instead"),
    )
