"""What is kept beside the entries: cosignatures, time stamps and policy revisions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, Table, select, text
from sqlalchemy.exc import SQLAlchemyError

from audit.errors import StorageBroken
from audit.storage.tables import METADATA

_COSIGNED, _STAMP, _REVISION = (METADATA.tables[name] for name in ("cosigned", "stamp", "revision"))
_PAGE: Final = 100


class SqlAnnex:
    """The annex of a ledger in either database; what is there already stays as it is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def add_cosigned(self, size: int, note: bytes) -> None:
        """Keep a checkpoint of this size with the cosignatures of witnesses."""
        self._add(_COSIGNED, size, note)

    def add_stamp(self, size: int, response: bytes) -> None:
        """Keep a time stamp over the checkpoint of this size (RFC 3161 response)."""
        self._add(_STAMP, size, response)

    def add_revision(self, digest: str, content: bytes) -> None:
        """Keep a policy revision under the digest that leaves name."""
        self._add(_REVISION, digest, content)

    def cosigned(self) -> Iterator[tuple[int, bytes]]:
        """Give size and note of every cosigned checkpoint, the newest first."""
        return self._newest_first(_COSIGNED)

    def stamps(self) -> Iterator[tuple[int, bytes]]:
        """Give size and response of every time stamp, the newest first."""
        return self._newest_first(_STAMP)

    def revision(self, digest: str) -> bytes | None:
        """Give the policy revision of this digest."""
        query = select(_REVISION.c.content).where(_REVISION.c.digest == digest)
        with self._connected() as connection:
            return connection.execute(query).scalar()

    def _add(self, table: Table, key: object, content: bytes) -> None:
        statement = f"INSERT INTO {table.name} VALUES (:key, :content) ON CONFLICT DO NOTHING"  # noqa: S608  Our own names.
        with self._connected() as connection:
            connection.execute(text(statement), {"key": key, "content": content})
            connection.commit()

    def _newest_first(self, table: Table) -> Iterator[tuple[int, bytes]]:
        size, content = table.c
        page = select(size, content).order_by(size.desc()).limit(_PAGE)
        query = page
        while True:
            with self._connected() as connection:
                rows = connection.execute(query).all()
            yield from ((row[0], row[1]) for row in rows)
            if len(rows) < _PAGE:
                return
            query = page.where(size < rows[-1][0])

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StorageBroken("what is kept beside the ledger cannot be reached") from error
