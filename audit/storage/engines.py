"""Connections of SQLAlchemy to either database, with the settings that the ledger relies on."""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, QueuePool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from audit.errors import StorageBroken
from audit.storage.place import find_file, schema_of

_WAIT_S: Final = 5.0


def engine_of(url: str, origin: str, *, mode: str) -> Engine:
    """Give connections to the log of this origin, wherever it is kept.

    Shapes:  mode: `ro` or `rw`; the database itself refuses every write to the first.
    """
    path = find_file(url)
    if path is None:
        return postgres_engine(url, schema_of(origin), mode=mode)
    return sqlite_engine(path, mode=mode)


def sqlite_engine(path: Path, *, mode: str) -> Engine:
    """Give connections to a file that is there; they begin no transaction by themselves.

    Shapes:  mode: `ro` or `rw`.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # The pool lends a connection to one thread at a time.
        connection = sqlite3.connect(
            uri, timeout=_WAIT_S, uri=True, isolation_level=None, check_same_thread=False
        )
        for pragma in ("trusted_schema=OFF", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()
        return connection

    return create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_reset_on_return=None
    )


def postgres_engine(url: str, schema: str, *, mode: str) -> Engine:
    """Give connections to one schema of a database; those that read begin no transaction.

    Shapes:  mode: `ro` or `rw`.
    """
    driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
    options = f"-c search_path={schema} -c statement_timeout=60000"
    if mode == "rw":
        return create_engine(driver, connect_args={"options": options, "connect_timeout": 5})
    return create_engine(
        driver,
        connect_args={
            "options": f"{options} -c default_transaction_read_only=on",
            "connect_timeout": 5,
        },
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
    )


def schemas_in(url: str) -> list[str]:
    """Give the schemas of all logs that a database server keeps, in their order.

    Raises:  StorageBroken.
    """
    engine = postgres_engine(url, "pg_catalog", mode="ro")
    question = text("SELECT nspname FROM pg_namespace WHERE nspname ~ '^log_' ORDER BY nspname")
    try:
        with engine.connect() as connection:
            return [str(name) for (name,) in connection.execute(question)]
    except SQLAlchemyError as error:
        raise StorageBroken("the ledger cannot be reached") from error
    finally:
        engine.dispose()
