"""The table of figures that were told, beside those of the cases, and every statement over it."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from gateway.cases.tables import METADATA, Kind, Prepared, prepare


class FiguresRow(SQLModel, table=True):
    """One table of figures, as JSON, under the name of all that made it."""

    metadata = METADATA
    __tablename__ = "told_figures"

    id: str = Field(primary_key=True)
    content: str


_TOLD = METADATA.tables["told_figures"]


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything that is ever asked of the table, or written to it."""

    keep: Prepared
    one: Prepared


@cache
def statements_for(kind: Kind) -> Statements:
    """Return the statements in the words of this database's driver."""
    # Of two at once the second waits for the first to end, and then adds no row.
    add = sqlite.insert(_TOLD) if kind == "sqlite" else postgresql.insert(_TOLD)
    return Statements(
        keep=prepare(add.on_conflict_do_nothing().returning(_TOLD.c.id), kind),
        one=prepare(select(_TOLD.c.content).where(_TOLD.c.id == bindparam("of")), kind),
    )
