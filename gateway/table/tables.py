"""The table of views that wait for their recipients, and every statement over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ClauseElement, bindparam, delete, insert, select, update
from sqlmodel import Field, SQLModel

from gateway.cases.tables import METADATA, Kind, Prepared, prepare


class ViewRow(SQLModel, table=True):
    """For whom a view waits; what it shows is sealed in the ledger and never here."""

    metadata = METADATA
    __tablename__ = "table_view"

    id: str = Field(primary_key=True)
    table_id: str = Field(index=True)
    organisation: str
    role: str
    professional: str
    request: str
    until: str = Field(index=True)
    collected_at: str | None


_VIEW = METADATA.tables["table_view"]
_KEPT = ("id", "table_id", "organisation", "role", "professional", "request", "until")


@dataclass(frozen=True, slots=True)
class ViewStatements:
    """Everything that is ever asked of the table of views, or written to it."""

    add: Prepared
    one: Prepared
    collected: Prepared
    forget: Prepared
    erase: Prepared


@cache
def statements_for(kind: Kind) -> ViewStatements:
    """Return the statements in the words of this database's driver."""
    return ViewStatements(**{name: prepare(each, kind) for name, each in _all().items()})


def _all() -> Mapping[str, ClauseElement]:
    by_id = _VIEW.c.id == bindparam("of")
    return {
        "add": insert(_VIEW),
        "one": select(*(_VIEW.c[name] for name in _KEPT)).where(by_id),
        "collected": update(_VIEW).where(by_id).values(collected_at=bindparam("collected_at")),
        "forget": delete(_VIEW).where(_VIEW.c.until < bindparam("now")),
        "erase": delete(_VIEW)
        .where(_VIEW.c.request.contains(bindparam("person")))
        .returning(_VIEW.c.id),
    }
