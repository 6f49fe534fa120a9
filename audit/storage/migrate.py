"""Bringing the tables of a ledger to the form of this version, with Alembic.

Run by whoever owns the tables: for a SQLite file the gateway itself, for PostgreSQL its owner
(`doelpoort audit migrate`), because there the gateway may not define tables.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from audit.errors import SchemaOutdated, StorageBroken
from audit.storage.engines import postgres_engine, sqlite_engine
from audit.storage.grants import grant
from audit.storage.place import find_file, schema_of

_STEPS: Final = Path(__file__).with_name("migrations")
_FIRST: Final = "0001"
_OWNER_ONLY: Final = 0o600


def migrate(url: str, origin: str) -> None:
    """Make the tables of this log, or bring them to the form of this version.

    Effects: one transaction: the old form or the new one, never something between. A new file can
             be read by its owner only; in PostgreSQL the roles get what they may do.
    Raises:  SchemaOutdated if the tables are of a later version; StorageBroken.
    """
    path = find_file(url)
    try:
        with _in_postgres(url, origin) if path is None else _in_sqlite(path) as connection:
            _upgrade(connection)
    except CommandError as error:
        raise SchemaOutdated("the ledger was written by a later version") from error
    except (OSError, SQLAlchemyError) as error:
        raise StorageBroken("the tables of the ledger cannot be made") from error


def steps() -> Config:
    """Give the configuration of Alembic, without a connection."""
    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    config = steps()
    config.attributes["connection"] = connection
    tables = inspect(connection).get_table_names()
    if "entry" in tables and "alembic_version" not in tables:
        command.stamp(config, _FIRST)  # Version 0.1.0 did not write down which form it made.
    command.upgrade(config, "head")


@contextmanager
def _in_sqlite(path: Path) -> Iterator[Connection]:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, _OWNER_ONLY))
    engine = sqlite_engine(path, mode="rw")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
            # Two gateways may start at once: the second waits, and finds nothing left to do.
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            yield connection
            connection.commit()
    finally:
        engine.dispose()


@contextmanager
def _in_postgres(url: str, origin: str) -> Iterator[Connection]:
    schema = schema_of(origin)
    engine = postgres_engine(url, schema, mode="rw")
    try:
        with engine.begin() as connection:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": schema}
            )
            connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            yield connection
            grant(connection, schema)
    finally:
        engine.dispose()
