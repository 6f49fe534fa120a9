"""The table of answers that count, and every statement over it, for one kind of database."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Index,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlmodel import Field, SQLModel

from gateway.cases.tables import METADATA, Kind, Prepared, prepare


class CountedRow(SQLModel, table=True):
    """An answer that counts; `holders` is how many requests with its id are on their way or done.

    The subject is a keyed hash, and empty for an answer about a group.
    """

    metadata = METADATA
    __tablename__ = "counted_answer"
    __table_args__ = (
        Index("counted_of_organisation", "organisation", "subject", "at"),
        Index("counted_of_subject", "subject"),
    )

    id: str = Field(primary_key=True)
    organisation: str
    purpose: str
    fields: str
    subject: str
    at: str = Field(index=True)
    holders: int


class UnderRow(SQLModel, table=True):
    """The mark of the key under which the subjects of all answers were hashed."""

    metadata = METADATA
    __tablename__ = "counted_under"

    id: str = Field(primary_key=True)
    mark: str


COUNTED, UNDER = (METADATA.tables[name] for name in ("counted_answer", "counted_under"))
# Written out, because a number in a statement would get a name that nobody gives a value.
_ONE: ColumnElement[int] = literal_column("1")
_SAME = ("organisation", "purpose", "subject")


@dataclass(frozen=True, slots=True)
class CountStatements:
    """Everything that is ever asked of the table, or written to it.

    `alone` keeps others who count the same apart until the transaction ends. SQLite has one writer
    at a time, so there it asks nothing.
    """

    alone: Prepared
    before: Prepared
    held: Prepared
    join: Prepared
    add: Prepared
    leave: Prepared
    drop: Prepared
    forget: Prepared
    sweep: Prepared


@cache
def statements_for(kind: Kind) -> CountStatements:
    """Return the statements in the words of this database's driver."""
    return CountStatements(**{name: prepare(each, kind) for name, each in _all(kind).items()})


def _all(kind: Kind) -> Mapping[str, ClauseElement]:
    by_id = COUNTED.c.id == bindparam("of")
    same = (by_id, *(COUNTED.c[name] == bindparam(name) for name in _SAME))
    lock = bindparam("lock", type_=BigInteger)
    return {
        "alone": select(lock if kind == "sqlite" else func.pg_advisory_xact_lock(lock)),
        "before": select(COUNTED.c.id, COUNTED.c.purpose, COUNTED.c.fields, COUNTED.c.at).where(
            COUNTED.c.organisation == bindparam("organisation"),
            COUNTED.c.subject == bindparam("subject"),
            COUNTED.c.at > bindparam("since"),
        ),
        "held": select(COUNTED.c.fields).where(*same),
        "join": update(COUNTED)
        .where(*same)
        .values(holders=COUNTED.c.holders + _ONE, at=bindparam("now"), fields=bindparam("merged"))
        .returning(COUNTED.c.id),
        "add": insert(COUNTED),
        "leave": update(COUNTED).where(by_id).values(holders=COUNTED.c.holders - _ONE),
        "drop": delete(COUNTED).where(by_id, COUNTED.c.holders < _ONE),
        "forget": delete(COUNTED)
        .where(COUNTED.c.subject == bindparam("subject"))
        .returning(COUNTED.c.id),
        "sweep": delete(COUNTED).where(COUNTED.c.at < bindparam("until")),
    }
