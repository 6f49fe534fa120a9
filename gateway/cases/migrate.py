"""Bringing the tables of the case store to the form of this version, with Alembic.

A file is brought there by the gateway itself. In PostgreSQL the owner of the tables does it
(`doelpoort case migrate`), because there the gateway may not define tables.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from gateway.errors import SourceInvalid

_STEPS: Final = Path(__file__).with_name("migrations")
_OWNER_ONLY: Final = 0o600
_SQLITE: Final = "sqlite:///"
_LOCK: Final = 4_207_155_001
"""The number of the lock that keeps two migrations of one PostgreSQL database apart."""


def migrate(url: str) -> None:
    """Make the tables of the case store, or bring them to the form of this version.

    Effects: one transaction: the old form or the new one. A new file is its owner's alone.
    Raises:  SourceInvalid when it cannot be done, or the tables are of a later version.
    """
    try:
        with _in_sqlite(url) if url.startswith(_SQLITE) else _in_postgres(url) as connection:
            config = steps()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as exc:
        raise SourceInvalid("the case store was written by a later version") from exc
    except (OSError, SQLAlchemyError) as exc:
        reason = SourceInvalid(type(exc).__name__)
        raise SourceInvalid("the tables of the case store cannot be made") from reason


def steps() -> Config:
    """Return the configuration of Alembic, without a connection."""
    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _in_sqlite(url: str) -> Iterator[Connection]:
    path = Path(url.removeprefix(_SQLITE))
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, _OWNER_ONLY))
    engine = create_engine(f"{_SQLITE}{path}", poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            # Two gateways may start at once: the second waits, and finds nothing left to do.
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            yield connection
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


@contextmanager
def _in_postgres(url: str) -> Iterator[Connection]:
    driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(driver, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection
    finally:
        engine.dispose()
