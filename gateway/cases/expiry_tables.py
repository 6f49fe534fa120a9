"""The table of consents whose end is recorded, and the statements over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ClauseElement, ColumnElement, bindparam, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from gateway.cases.tables import METADATA, Kind, Prepared, prepare


class ConsentEndRow(SQLModel, table=True):
    """That the end of a consent by its term has its entry, or is about to."""

    metadata = METADATA
    __tablename__ = "consent_end"

    consent: str = Field(primary_key=True)


_CONSENT, _END = (METADATA.tables[name] for name in ("consent", "consent_end"))
_MOST: ColumnElement[int] = literal_column("200")
"""No more consents in one look."""
# Written out, because SQLite would otherwise get an offset as a value without a name.
_NO: ColumnElement[int] = literal_column("0")


@dataclass(frozen=True, slots=True)
class EndStatements:
    """Everything that is ever asked of the table, or written to it."""

    ran_out: Prepared
    note: Prepared


@cache
def statements_for(kind: Kind) -> EndStatements:
    """Return the statements in the words of this database's driver."""
    return EndStatements(**{name: prepare(each, kind) for name, each in _all(kind).items()})


def _all(kind: Kind) -> Mapping[str, ClauseElement]:
    # Of two at once the second waits for the first to end, and then adds no row and returns none.
    note = sqlite.insert(_END) if kind == "sqlite" else postgresql.insert(_END)
    return {
        "ran_out": select(_CONSENT.c.id)
        .select_from(_CONSENT.outerjoin(_END, _END.c.consent == _CONSENT.c.id))
        .where(
            _CONSENT.c.valid_until < bindparam("day"),
            _CONSENT.c.withdrawn_on.is_(None),
            _END.c.consent.is_(None),
            _CONSENT.c.id > bindparam("after"),
        )
        .order_by(_CONSENT.c.id)
        .limit(_MOST)
        .offset(_NO),
        "note": note.on_conflict_do_nothing().returning(_END.c.consent),
    }
