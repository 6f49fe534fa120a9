"""That every gateway on one database counts under one key: made sure of whenever one starts.

Gateways with different keys would each count on their own, refuse too little, and nobody would
know. So the first one leaves a mark of its key, and none starts whose key has another mark.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, create_engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from gateway.errors import SourceInvalid
from gateway.identity.counting import mark_of
from gateway.identity.errors import KeysUnsafe
from gateway.mosaic.tables import COUNTED, UNDER

_SQLITE: Final = "sqlite:///"
_ID: Final = "idempotency.key"

_OTHER: Final = (
    "idempotency.key is een andere sleutel dan die waaronder deze database telt. Zet de sleutel "
    "terug uit de reservekopie, of neem die van een andere poort op deze database over. Is de "
    "sleutel met opzet vervangen: stop alle poorten, geef elke poort de nieuwe sleutel en draai "
    "`doelpoort case new-key`. "
    "idempotency.key is another key than the one that this database counts under: restore it from "
    "the backup of the keys, or take that of another gateway on this database. When it was "
    "replaced on purpose: stop all gateways, give each the new key, run `doelpoort case new-key`."
)


def require_one_key(url: str, secret: bytes) -> None:
    """Make sure that this database counts under the key that belongs to this secret.

    Shapes:  url: that of a case store with tables in the form of this version.
    Effects: the first start ever leaves the mark of its key; of two at once one does.
    Raises:  KeysUnsafe when there is the mark of another key; SourceInvalid.
    """
    mark = mark_of(secret)
    with _connected(url) as connection:
        # Who comes second waits here for the first, and then finds the mark that it left.
        made = {"id": _ID, "mark": mark}
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(UNDER).values(made).on_conflict_do_nothing())
        found = connection.execute(select(UNDER.c.mark).where(UNDER.c.id == _ID)).scalar_one()
    if found != mark:
        raise KeysUnsafe(_OTHER)


def forget_key(url: str) -> int:
    """Let the next start leave the mark of its key, and return how many answers count no more.

    Nobody could find them under another key: not to count, and not to erase those of a person.

    Raises: SourceInvalid.
    """
    with _connected(url) as connection:
        forgotten = connection.execute(delete(COUNTED)).rowcount
        connection.execute(delete(UNDER))
    return forgotten


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    try:
        engine = create_engine(_address(url), poolclass=NullPool, hide_parameters=True)
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, ImportError) as exc:
        reason = SourceInvalid(type(exc).__name__)
        raise SourceInvalid("the case store does not tell which key it counts under") from reason


def _address(url: str) -> str | URL:
    """Return the address for the driver; a file that is not there is not made."""
    if url.startswith(_SQLITE):
        path = quote(url.removeprefix(_SQLITE))
        return URL.create("sqlite", database=f"file:{path}", query={"mode": "rw", "uri": "true"})
    return url.replace("postgresql://", "postgresql+psycopg://", 1)
