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


_COUNTED = METADATA.tables["counted_answer"]
# Written out, because a number in a statement would get a name that nobody gives a value.
_ONE: ColumnElement[int] = literal_column("1")
_SAME = ("organisation", "purpose", "fields", "subject")


@dataclass(frozen=True, slots=True)
class CountStatements:
    """Everything that is ever asked of the table, or written to it.

    `alone` keeps others who count the same apart until the transaction ends. SQLite has one writer
    at a time, so there it asks nothing.
    """

    alone: Prepared
    before: Prepared
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
    by_id = _COUNTED.c.id == bindparam("of")
    lock = bindparam("lock", type_=BigInteger)
    return {
        "alone": select(lock if kind == "sqlite" else func.pg_advisory_xact_lock(lock)),
        "before": select(_COUNTED.c.id, _COUNTED.c.purpose, _COUNTED.c.fields, _COUNTED.c.at).where(
            _COUNTED.c.organisation == bindparam("organisation"),
            _COUNTED.c.subject == bindparam("subject"),
            _COUNTED.c.at > bindparam("since"),
        ),
        "join": update(_COUNTED)
        .where(by_id, *(_COUNTED.c[name] == bindparam(name) for name in _SAME))
        .values(holders=_COUNTED.c.holders + _ONE, at=bindparam("now"))
        .returning(_COUNTED.c.id),
        "add": insert(_COUNTED),
        "leave": update(_COUNTED).where(by_id).values(holders=_COUNTED.c.holders - _ONE),
        "drop": delete(_COUNTED).where(by_id, _COUNTED.c.holders < _ONE),
        "forget": delete(_COUNTED)
        .where(_COUNTED.c.subject == bindparam("subject"))
        .returning(_COUNTED.c.id),
        "sweep": delete(_COUNTED).where(_COUNTED.c.at < bindparam("until")),
    }
