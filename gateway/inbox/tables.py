"""The table of questions, and every statement over it, written for one kind of database."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Index,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlmodel import Field, SQLModel

from gateway.cases.tables import METADATA, Kind, Prepared, prepare


class QuestionRow(SQLModel, table=True):
    """A question; beside what it is, when the asking system is to be told of its end."""

    metadata = METADATA
    __tablename__ = "source_question"
    __table_args__ = (
        Index("question_of_holder", "holder", "holder_role", "state"),
        Index("question_to_tell", "tell_at"),
    )

    id: str = Field(primary_key=True)
    release_id: str = Field(unique=True)
    subject: str
    purpose: str
    client: str
    organisation: str
    role: str
    professional: str
    holder: str
    holder_role: str
    request: str
    asked_at: str
    until: str = Field(index=True)
    state: str
    answer: str | None
    ended_at: str | None
    reminded_on: str | None
    tell_at: str | None
    tell_tries: int


_QUESTION = METADATA.tables["source_question"]
_KEPT = (
    "id",
    "release_id",
    "subject",
    "purpose",
    "client",
    "organisation",
    "role",
    "professional",
    "holder",
    "holder_role",
    "request",
    "asked_at",
    "until",
    "state",
    "answer",
    "ended_at",
    "reminded_on",
)
SAME = (
    "holder",
    "holder_role",
    "subject",
    "purpose",
    "client",
    "organisation",
    "role",
    "professional",
)
"""What two questions have in common when they are one, beside the case."""

_COLUMNS = tuple(_QUESTION.c[name] for name in _KEPT)
_MOST: ColumnElement[int] = literal_column("200")
"""No more questions in one answer, and no more messages or ends in one turn."""
_ONE: ColumnElement[int] = literal_column("1")
# Written out, because SQLite would otherwise get an offset as a value without a name.
_NO: ColumnElement[int] = literal_column("0")


@dataclass(frozen=True, slots=True)
class QuestionStatements:
    """Everything that is ever asked of the table of questions, or written to it."""

    add: Prepared
    alone: Prepared
    same: Prepared
    one: Prepared
    held: Prepared
    open: Prepared
    end: Prepared
    remind: Prepared
    late: Prepared
    forget: Prepared
    erase: Prepared
    to_tell: Prepared
    claim: Prepared
    told: Prepared
    given_up: Prepared
    count_given_up: Prepared
    again: Prepared


@cache
def statements_for(kind: Kind) -> QuestionStatements:
    """Return the statements in the words of this database's driver."""
    return QuestionStatements(**{name: prepare(each, kind) for name, each in _all(kind).items()})


def _all(kind: Kind) -> Mapping[str, ClauseElement]:
    return {**_of_asking(kind), **_of_questions(), **_of_telling()}


def _of_asking(kind: Kind) -> Mapping[str, ClauseElement]:
    lock = bindparam("lock", type_=BigInteger)
    return {
        # Keeps others who ask the same apart until the transaction ends; SQLite has one writer.
        "alone": select(lock if kind == "sqlite" else func.pg_advisory_xact_lock(lock)),
        "same": select(*_COLUMNS)
        .where(
            *(_QUESTION.c[name] == bindparam(name) for name in SAME),
            _QUESTION.c.state == literal_column("'open'"),
            _QUESTION.c.until >= bindparam("day"),
        )
        .order_by(_QUESTION.c.asked_at, _QUESTION.c.id)
        .limit(_MOST)
        .offset(_NO),
    }


def _of_questions() -> Mapping[str, ClauseElement]:
    by_id = _QUESTION.c.id == bindparam("of")
    is_open = _QUESTION.c.state == literal_column("'open'")
    return {
        "add": insert(_QUESTION),
        "one": select(*_COLUMNS).where(by_id),
        "held": select(*_COLUMNS).where(by_id).with_for_update(),
        "open": select(*_COLUMNS)
        .where(
            _QUESTION.c.holder == bindparam("holder"),
            _QUESTION.c.holder_role == bindparam("holder_role"),
            is_open,
            _QUESTION.c.until >= bindparam("day"),
        )
        .order_by(_QUESTION.c.until, _QUESTION.c.id)
        .limit(_MOST)
        .offset(_NO),
        "end": update(_QUESTION)
        .where(by_id)
        .values(
            state=bindparam("state"),
            answer=bindparam("answer"),
            ended_at=bindparam("ended_at"),
            tell_at=bindparam("tell_at"),
        ),
        "remind": update(_QUESTION).where(by_id).values(reminded_on=bindparam("reminded_on")),
        "late": select(*_COLUMNS)
        .where(is_open, _QUESTION.c.until < bindparam("day"))
        .limit(_MOST)
        .offset(_NO),
        "forget": delete(_QUESTION).where(_QUESTION.c.ended_at < bindparam("before")),
        "erase": delete(_QUESTION)
        .where(_QUESTION.c.subject == bindparam("subject"))
        .returning(_QUESTION.c.id),
    }


def _of_telling() -> Mapping[str, ClauseElement]:
    by_id = _QUESTION.c.id == bindparam("of")
    is_given_up = and_(
        _QUESTION.c.tell_at.is_not(None), _QUESTION.c.tell_tries >= bindparam("most")
    )
    return {
        "to_tell": select(_QUESTION.c.id, _QUESTION.c.client, _QUESTION.c.tell_tries)
        .where(_QUESTION.c.tell_at <= bindparam("now"), _QUESTION.c.tell_tries < bindparam("most"))
        .order_by(_QUESTION.c.tell_at)
        .limit(_MOST)
        .offset(_NO),
        # Of two that read the same end, the second finds a try that it did not count.
        "claim": update(_QUESTION)
        .where(
            by_id, _QUESTION.c.tell_at.is_not(None), _QUESTION.c.tell_tries == bindparam("tries")
        )
        .values(tell_at=bindparam("tell_at"), tell_tries=_QUESTION.c.tell_tries + _ONE)
        .returning(_QUESTION.c.id),
        "told": update(_QUESTION).where(by_id).values(tell_at=null()),
        "given_up": select(_QUESTION.c.id, _QUESTION.c.tell_at, _QUESTION.c.tell_tries)
        .where(is_given_up)
        .order_by(_QUESTION.c.tell_at, _QUESTION.c.id)
        .limit(_MOST)
        .offset(_NO),
        "count_given_up": select(func.count()).where(is_given_up),
        "again": update(_QUESTION)
        .where(by_id, is_given_up)
        .values(tell_at=bindparam("now"), tell_tries=_NO)
        .returning(_QUESTION.c.id),
    }
