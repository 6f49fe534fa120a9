"""The tables of the case store, and every statement over them, written for one kind of database.

Rows do not validate and never leave the store. Days and instants are ISO texts, so that both
databases give back what was put in. A case and its parties are read by one statement.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, Self, cast

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    Dialect,
    Index,
    MetaData,
    ScalarSelect,
    Table,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlmodel import Field, SQLModel

Kind = Literal["sqlite", "postgresql"]

METADATA = MetaData()
"""The tables of this store and no others."""


VERSION_TABLE = "case_store_version"
"""Where the form of these tables is written down; other stores may share the database."""

REVISION = "0502_counting"
"""The form of the tables that this version reads and writes."""


class _Row(SQLModel):
    metadata = METADATA


class CaseRow(_Row, table=True):
    """A case, without its parties."""

    __tablename__ = "case_record"

    id: str = Field(primary_key=True)
    ledger_key: str = Field(unique=True)
    subject: str = Field(index=True)
    label: str | None
    kind: str
    phase: str
    beginning: str
    began_on: str
    version: int
    signal: str | None
    agreements: str
    stalled_on: str | None
    decided_on: str | None


class PartyRow(_Row, table=True):
    """A membership of a case, in the order of joining."""

    __tablename__ = "case_party"

    case_id: str = Field(primary_key=True, foreign_key="case_record.id")
    place: int = Field(primary_key=True)
    organisation: str = Field(index=True)
    role: str | None
    since: str
    until: str | None
    mandate: str | None
    tasks: str
    trajectory: str | None
    left_at: str | None


class ConsentRow(_Row, table=True):
    """A consent."""

    __tablename__ = "consent"
    __table_args__ = (Index("consent_of_person", "subject", "processing"),)

    id: str = Field(primary_key=True)
    ledger_key: str = Field(unique=True)
    subject: str
    processing: str
    purpose: str | None
    fields_only: str
    given_by: str
    given_on: str
    valid_until: str | None
    withdrawn_on: str | None
    form: str | None
    recorded_by: str


class ConfirmationRow(_Row, table=True):
    """An answer of a source holder's professional, taken over from records kept elsewhere.

    Nothing here writes one: the answer in an inbox counts for the one request that asked it. A row
    counts for every request for its purpose, as long as it is valid.
    """

    __tablename__ = "confirmation"
    __table_args__ = (Index("confirmation_of_person", "subject", "purpose"),)

    id: str = Field(primary_key=True)
    subject: str
    purpose: str
    confirmed_on: str
    valid_until: str | None


class RepresentationRow(_Row, table=True):
    """That somebody decides for the person; who that is, nothing asks and nothing keeps."""

    __tablename__ = "representation"

    id: str = Field(primary_key=True)
    subject: str = Field(index=True)
    kind: str
    domain: str
    since: str
    until: str | None


class UnrecordedRow(_Row, table=True):
    """An entry that took effect and does not stand in the ledger yet."""

    __tablename__ = "unrecorded"

    request_id: str = Field(primary_key=True)
    draft: str


_NAMES = (
    "case_record",
    "case_party",
    "consent",
    "confirmation",
    "representation",
    "unrecorded",
)
_CASE, _PARTY, _CONSENT, _CONFIRMATION, _REPRESENTATION, _UNRECORDED = (
    METADATA.tables[name] for name in _NAMES
)

_STANDING = (
    _CASE.c.id,
    _CASE.c.label,
    _CASE.c.kind,
    _CASE.c.phase,
    _CASE.c.beginning,
    _CASE.c.stalled_on,
    _CASE.c.decided_on,
    _PARTY.c.organisation,
    _PARTY.c.since,
    _PARTY.c.until,
    _PARTY.c.role,
    _PARTY.c.mandate,
    _PARTY.c.tasks,
    _PARTY.c.trajectory,
    _PARTY.c.left_at,
)
_KEPT = (
    _CASE.c.subject,
    _CASE.c.ledger_key,
    _CASE.c.version,
    _CASE.c.began_on,
    _CASE.c.signal,
    _CASE.c.agreements,
)
_HOLDING = (
    _CONSENT.c.processing,
    _CONSENT.c.given_by,
    _CONSENT.c.given_on,
    _CONSENT.c.withdrawn_on,
    _CONSENT.c.valid_until,
    _CONSENT.c.form,
    _CONSENT.c.purpose,
    _CONSENT.c.fields_only,
)
_WHOLE_CONSENT = (
    *_HOLDING,
    _CONSENT.c.id,
    _CONSENT.c.ledger_key,
    _CONSENT.c.subject,
    _CONSENT.c.recorded_by,
)
_CHANGING = ("phase", "version", "agreements", "stalled_on", "decided_on")
_BOTH = _CASE.outerjoin(_PARTY, _PARTY.c.case_id == _CASE.c.id)
_OF_PERSON: BindParameter[str] = bindparam("subject")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement in the words of one driver, and the names of its values in their order."""

    text: str
    names: tuple[str, ...]

    def values(self, named: Mapping[str, object]) -> list[object]:
        """Return the values in the order of the statement."""
        return [named[name] for name in self.names]


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything that is ever asked of the store, or written to it.

    Shapes:  a row of `cases` is a case and one of its parties, or a case and nulls; `case` has what
             the store keeps of it behind that.
    """

    cases: Prepared
    hold: Prepared
    case: Prepared
    plans: Prepared
    version: Prepared
    undecided: Prepared
    add_case: Prepared
    put_case: Prepared
    drop_parties: Prepared
    add_party: Prepared
    consents: Prepared
    consent: Prepared
    standing: Prepared
    add_consent: Prepared
    withdraw: Prepared
    confirmations: Prepared
    add_confirmation: Prepared
    representations: Prepared
    add_representation: Prepared
    end_representations: Prepared
    unrecorded: Prepared
    add_unrecorded: Prepared
    drop_unrecorded: Prepared
    held: Prepared
    revision: Prepared

    @classmethod
    def written_for(cls, kind: Kind) -> Self:
        """Return the statements in the words of this database's driver."""
        dialect = _dialect(kind)
        every = {**_statements(), "hold": _hold(kind)}
        return cls(**{name: _prepared(each, dialect) for name, each in every.items()})


def _hold(kind: Kind) -> ClauseElement:
    """Return what lets transactions about one person take turns: those in a file do so already."""
    if kind == "sqlite":
        return select(literal_column("1"))
    number = func.hashtextextended(_OF_PERSON, literal_column("0"))
    return select(func.pg_advisory_xact_lock(number))


def _statements() -> Mapping[str, ClauseElement]:
    return {**_about_cases(), **_about_consents(), **_about_the_rest()}


def _about_cases() -> Mapping[str, ClauseElement]:
    return {
        "cases": select(*_STANDING).select_from(_BOTH).where(_CASE.c.subject == _OF_PERSON),
        "case": select(*_STANDING, *_KEPT)
        .select_from(_BOTH)
        .where(_CASE.c.id == bindparam("id"))
        .order_by(_PARTY.c.place),
        "plans": select(_CASE.c.id, _CASE.c.agreements).where(_CASE.c.subject == _OF_PERSON),
        "version": select(_CASE.c.version).where(_CASE.c.id == bindparam("id")).with_for_update(),
        "undecided": select(_CASE.c.began_on, func.count())
        .where(
            _CASE.c.kind == bindparam("kind"),
            _CASE.c.phase != bindparam("closed"),
            _CASE.c.decided_on.is_(None),
        )
        .group_by(_CASE.c.began_on),
        "add_case": insert(_CASE),
        "put_case": update(_CASE)
        .where(_CASE.c.id == bindparam("of"))
        .values({name: bindparam(name) for name in _CHANGING}),
        "drop_parties": delete(_PARTY).where(_PARTY.c.case_id == bindparam("of")),
        "add_party": insert(_PARTY),
    }


def _about_consents() -> Mapping[str, ClauseElement]:
    return {
        "consents": select(*_HOLDING).where(
            _CONSENT.c.subject == _OF_PERSON, _CONSENT.c.processing == bindparam("processing")
        ),
        "consent": select(*_WHOLE_CONSENT).where(_CONSENT.c.id == bindparam("id")),
        "standing": select(*_WHOLE_CONSENT).where(
            _CONSENT.c.subject == _OF_PERSON,
            _CONSENT.c.processing == bindparam("processing"),
            _CONSENT.c.withdrawn_on.is_(None),
        ),
        "add_consent": insert(_CONSENT),
        "withdraw": update(_CONSENT)
        .where(_CONSENT.c.id == bindparam("of"))
        .values(withdrawn_on=bindparam("withdrawn_on")),
    }


def _about_the_rest() -> Mapping[str, ClauseElement]:
    return {
        "confirmations": select(_CONFIRMATION.c.confirmed_on, _CONFIRMATION.c.valid_until).where(
            _CONFIRMATION.c.subject == _OF_PERSON, _CONFIRMATION.c.purpose == bindparam("purpose")
        ),
        "add_confirmation": insert(_CONFIRMATION),
        "representations": select(
            _REPRESENTATION.c.kind,
            _REPRESENTATION.c.domain,
            _REPRESENTATION.c.since,
            _REPRESENTATION.c.until,
        ).where(_REPRESENTATION.c.subject == _OF_PERSON),
        "add_representation": insert(_REPRESENTATION),
        # Of two at once the second waits for the first, and then finds nothing left to end.
        "end_representations": update(_REPRESENTATION)
        .where(
            _REPRESENTATION.c.subject == _OF_PERSON,
            _REPRESENTATION.c.kind == bindparam("of"),
            or_(_REPRESENTATION.c.until.is_(None), _REPRESENTATION.c.until > bindparam("last")),
        )
        .values(until=bindparam("last"))
        .returning(_REPRESENTATION.c.id),
        "unrecorded": select(_UNRECORDED.c.draft).order_by(_UNRECORDED.c.request_id),
        "add_unrecorded": insert(_UNRECORDED),
        "drop_unrecorded": delete(_UNRECORDED).where(_UNRECORDED.c.request_id == bindparam("of")),
        "held": select(*(_number_of(each) for each in (_CONSENT, _CONFIRMATION, _REPRESENTATION))),
        "revision": select(column("version_num")).select_from(table(VERSION_TABLE)),
    }


def _number_of(of: Table) -> ScalarSelect[int]:
    return select(func.count()).select_from(of).where(of.c.subject == _OF_PERSON).scalar_subquery()


def prepare(statement: ClauseElement, kind: Kind) -> Prepared:
    """Return a statement over tables beside these, in the words of this database's driver."""
    return _prepared(statement, _dialect(kind))


@cache
def _dialect(kind: Kind) -> Dialect:
    # The styles that the drivers take values by position in.
    style = "qmark" if kind == "sqlite" else "format"
    made = cast("Callable[..., Dialect]", sqlite.dialect if kind == "sqlite" else psycopg.dialect)
    return made(paramstyle=style)


def _prepared(statement: ClauseElement, dialect: Dialect) -> Prepared:
    compiled = statement.compile(dialect=dialect)
    return Prepared(str(compiled), tuple(getattr(compiled, "positiontup", None) or ()))
