"""The tables of messages and reviews, beside those of the cases, and every statement over them.

Instants are ISO texts in UTC of one length, so that they sort as they follow each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    Index,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from gateway.cases.tables import METADATA, Kind, Prepared, prepare


class _Row(SQLModel):
    metadata = METADATA


class MessageRow(_Row, table=True):
    """A message; its payload goes once it has arrived."""

    __tablename__ = "message"
    __table_args__ = (Index("message_that_is_due", "state", "due_at"),)

    id: str = Field(primary_key=True)
    kind: str
    payload: str
    state: str
    due_at: str
    attempts: int


class FollowedRow(_Row, table=True):
    """Up to which entry of a log everything that follows from it was done."""

    __tablename__ = "followed"

    log: str = Field(primary_key=True)
    position: int = Field(sa_type=BigInteger)


class ReviewRow(_Row, table=True):
    """A disclosure in an emergency, until and after somebody judged it."""

    __tablename__ = "emergency_review"
    __table_args__ = (Index("emergency_review_open", "verdict", "review_by"),)

    entry: str = Field(primary_key=True)
    used_at: str
    organisation: str
    role: str
    purpose: str
    reason: str
    used_by: str
    review_by: str
    verdict: str | None


_MESSAGE, _FOLLOWED, _REVIEW = (
    METADATA.tables[name] for name in ("message", "followed", "emergency_review")
)


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything that is ever asked of these tables, or written to them."""

    position: Prepared
    begin: Prepared
    move: Prepared
    add_message: Prepared
    due: Prepared
    claim: Prepared
    put_message: Prepared
    dead: Prepared
    given_up: Prepared
    again: Prepared
    followers: Prepared
    erase: Prepared
    add_review: Prepared
    reviews: Prepared
    review: Prepared
    judge: Prepared
    overdue: Prepared

    @classmethod
    @cache
    def written_for(cls, kind: Kind) -> Self:
        """Return the statements in the words of this database's driver."""
        return cls(**{name: prepare(each, kind) for name, each in _statements(kind).items()})


def _statements(kind: Kind) -> Mapping[str, ClauseElement]:
    return {**_about_following(kind), **_about_messages(), **_about_reviews()}


def _about_following(kind: Kind) -> Mapping[str, ClauseElement]:
    begin = sqlite.insert if kind == "sqlite" else postgresql.insert
    of_log = _FOLLOWED.c.log == bindparam("of")
    return {
        "position": select(_FOLLOWED.c.position).where(of_log).with_for_update(),
        # Two gateways may begin at once: the second waits, and finds that it was begun.
        "begin": begin(_FOLLOWED).on_conflict_do_nothing(),
        "move": update(_FOLLOWED).where(of_log).values(position=bindparam("to")),
        "followers": select(_FOLLOWED.c.log).order_by(_FOLLOWED.c.log).with_for_update(),
    }


def _about_messages() -> Mapping[str, ClauseElement]:
    message = _MESSAGE.c
    return {
        "add_message": insert(_MESSAGE),
        "due": select(message.id, message.kind, message.payload, message.due_at, message.attempts)
        .where(message.state == bindparam("state"), message.due_at <= bindparam("now"))
        .order_by(message.due_at, message.id)
        .limit(bindparam("most"))
        .offset(bindparam("start")),
        "claim": select(message.due_at)
        .where(message.id == bindparam("of"), message.state == bindparam("state"))
        .with_for_update(),
        "put_message": update(_MESSAGE)
        .where(message.id == bindparam("of"))
        .values({name: bindparam(name) for name in ("payload", "state", "due_at", "attempts")}),
        "dead": select(func.count()).where(message.state == bindparam("state")),
        "given_up": select(message.id, message.kind, message.due_at, message.attempts)
        .where(message.state == bindparam("state"))
        .order_by(message.due_at, message.id)
        .limit(bindparam("most"))
        .offset(bindparam("start")),
        "again": update(_MESSAGE)
        .where(message.id == bindparam("of"), message.state == bindparam("dead"))
        .values({name: bindparam(name) for name in ("state", "due_at", "attempts")})
        .returning(message.id),
        "erase": delete(_MESSAGE)
        .where(message.payload.contains(bindparam("person")))
        .returning(message.id),
    }


def _about_reviews() -> Mapping[str, ClauseElement]:
    review = _REVIEW.c
    return {
        "add_review": insert(_REVIEW),
        "reviews": select(_REVIEW)
        .where(review.verdict.is_(None))
        .order_by(review.review_by, review.entry)
        .limit(bindparam("most"))
        .offset(bindparam("start")),
        "review": select(_REVIEW).where(review.entry == bindparam("of")).with_for_update(),
        "judge": update(_REVIEW)
        .where(review.entry == bindparam("of"))
        .values(verdict=bindparam("to"), used_by=bindparam("nobody")),
        "overdue": select(func.count()).where(
            review.verdict.is_(None), review.review_by < bindparam("now")
        ),
    }
