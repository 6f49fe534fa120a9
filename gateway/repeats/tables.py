"""The table of kept answers, beside those of the cases, and every statement over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ClauseElement, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from gateway.cases.tables import METADATA, Kind, Prepared, prepare


class KeptRow(SQLModel, table=True):
    """An answer by the hash of its key, until its term; it holds no number of a person."""

    metadata = METADATA
    __tablename__ = "kept_answer"

    id: str = Field(primary_key=True)
    digest: str
    answer: str
    until: str = Field(index=True)


_KEPT = METADATA.tables["kept_answer"]


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything that is ever asked of the table of kept answers, or written to it."""

    keep: Prepared
    one: Prepared
    forget: Prepared


@cache
def statements_for(kind: Kind) -> Statements:
    """Return the statements in the words of this database's driver."""
    return Statements(**{name: prepare(each, kind) for name, each in _all(kind).items()})


def _all(kind: Kind) -> Mapping[str, ClauseElement]:
    # Of two at once the second waits for the first to end, and then adds no row and returns none.
    add = sqlite.insert(_KEPT) if kind == "sqlite" else postgresql.insert(_KEPT)
    return {
        "keep": add.on_conflict_do_nothing().returning(_KEPT.c.id),
        "one": select(_KEPT.c.digest, _KEPT.c.answer).where(
            _KEPT.c.id == bindparam("of"), _KEPT.c.until > bindparam("now")
        ),
        "forget": delete(_KEPT).where(_KEPT.c.until < bindparam("now")),
    }
