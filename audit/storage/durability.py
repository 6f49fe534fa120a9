"""Whether a PostgreSQL server keeps what it says it committed, also through a power loss."""

from typing import Any, Final

import psycopg

from audit.errors import DurabilityMissing

# Without standbys these flush alike before a commit returns. With standbys the weaker two would
# lose, when the log fails over, entries of which receipts were handed out.
_FLUSHED: Final = frozenset({"on", "remote_apply", "remote_write", "local"})
_FLUSHED_ON_STANDBY: Final = frozenset({"on", "remote_apply"})
SETTINGS: Final = (
    "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
    " current_setting('data_sync_retry'), current_setting('synchronous_commit'),"
    " current_setting('synchronous_standby_names'), pg_is_in_recovery()"
)
_UNLOGGED: Final = (
    "SELECT 1 FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE nspname = %s AND relkind = 'r' AND relpersistence <> 'p' LIMIT 1"
)


def check_settings(connection: psycopg.Connection[tuple[Any, ...]], schema: str) -> None:
    """Promise that a commit on this connection survives a power loss.

    Raises:  DurabilityMissing; psycopg.Error if the server does not answer.
    """
    require_flushed(connection.execute(SETTINGS).fetchone())
    if connection.execute(_UNLOGGED, (schema,)).fetchone() is not None:
        raise DurabilityMissing("a table of the ledger is unlogged")


def require_flushed(row: tuple[Any, ...] | None) -> None:
    """Promise that a server with these settings keeps what it commits.

    Shapes:  row: what `SETTINGS` gave. All of them can change while a connection lasts.
    Raises:  DurabilityMissing.
    """
    fsync, full_pages, retry, commit, standbys, in_recovery = row or ("",) * 6
    if in_recovery:
        raise DurabilityMissing("the database is a standby")
    if (fsync, full_pages, retry) != ("on", "on", "off"):
        raise DurabilityMissing(
            "PostgreSQL must run with fsync=on, full_page_writes=on and data_sync_retry=off"
        )
    if commit not in (_FLUSHED_ON_STANDBY if standbys else _FLUSHED):
        raise DurabilityMissing("PostgreSQL must run with synchronous_commit=on")
