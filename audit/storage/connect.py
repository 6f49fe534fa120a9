"""Opening what the gateway itself uses of a ledger: its reading half and its annex."""

import sqlite3
from contextlib import closing

from audit.errors import StorageBroken
from audit.storage.annex import SqlAnnex
from audit.storage.engines import engine_of
from audit.storage.place import REVISION, find_file
from audit.storage.reader import SqlReader


def make_ready(url: str, origin: str) -> None:
    """Bring the tables of a ledger in a file to the form of this version; make it if it is new.

    Effects: none if the form is right. Tables in PostgreSQL belong to their owner, who runs
             `doelpoort audit migrate`; whoever opens them in another form is refused.
    Raises:  SchemaOutdated if the file is of a later version; StorageBroken.
    """
    path = find_file(url)
    if path is None or (path.exists() and _form_of(str(path)) == REVISION):
        return
    # Most starts find the form as it should be, and need not load Alembic.
    from audit.storage.migrate import migrate  # noqa: PLC0415

    migrate(url, origin)


def open_reader(url: str, origin: str) -> SqlReader:
    """Open the reading half of a log, beside its writers.

    Raises:  StorageBroken.
    """
    engine = engine_of(url, origin, mode="ro")
    reader = SqlReader(engine)
    try:
        reader.checkpoint()
    except StorageBroken:
        engine.dispose()
        raise
    return reader


def open_annex(url: str, origin: str) -> SqlAnnex:
    """Open what is kept beside a log."""
    return SqlAnnex(engine_of(url, origin, mode="rw"))


def _form_of(path: str) -> str | None:
    with closing(sqlite3.connect(path)) as connection:
        try:
            [(form,)] = connection.execute("SELECT version_num FROM alembic_version")
        except (sqlite3.Error, ValueError):
            return None  # No ledger, or one of version 0.1.0: migrating it will tell.
        return str(form)
