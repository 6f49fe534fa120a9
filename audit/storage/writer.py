"""Opening the writing half of a ledger, wherever it is kept; without an ORM."""

from typing import Protocol

from audit.storage.contract import Store
from audit.storage.place import find_file, schema_of
from audit.storage.sqlite import SqlStore


class OpenStore(Store, Protocol):
    """A store that is held until it is closed."""

    def forget(self) -> bool:
        """Have the database drop its own earlier copies of what was deleted; tell if it could."""
        ...

    def close(self) -> None:
        """Let go of it."""


def open_writer(url: str, origin: str, gateway: str, patience_s: float = 0.0) -> OpenStore:
    """Open the log of this origin for a gateway of this name.

    Units:   patience_s: how long to wait for another process of this name to let go.
    Effects: holds the name until it is closed.
    Raises:  LedgerInUse, SchemaOutdated, StorageBroken.
    """
    path = find_file(url)
    if path is not None:
        return SqlStore.open(path, gateway, patience_s)
    # Whoever keeps the ledger in a file need not have the driver of PostgreSQL.
    from audit.storage.postgres import PostgresStore  # noqa: PLC0415

    return PostgresStore.open(url, schema_of(origin), gateway, patience_s)
