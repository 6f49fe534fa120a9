"""A ledger of a database server, copied to a file, so that the offline verifier can read it."""

from pathlib import Path

from sqlalchemy import insert, select

from audit.storage.engines import engine_of
from audit.storage.place import sqlite_url
from audit.storage.tables import METADATA
from tests.fakes_audit import make_file


def copy_to_file(url: str, origin: str, path: Path) -> Path:
    """Copy every row of every table to a new file, and return the file."""
    make_file(path)
    source, target = engine_of(url, origin, mode="ro"), engine_of(sqlite_url(path), "", mode="rw")
    with source.connect() as read, target.connect() as written:
        for table in METADATA.sorted_tables:
            rows = [dict(row) for row in read.execute(select(table)).mappings()]
            if rows:
                written.execute(insert(table), rows)
        written.commit()
        written.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    source.dispose()
    target.dispose()
    return path
