"""What the writer of PostgreSQL adds to the promises of every store, against a real server."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from threading import Event, Thread, Timer
from typing import Any, cast

import psycopg
import pytest

from audit.errors import (
    AppendFailed,
    DurabilityMissing,
    IdTaken,
    LedgerInUse,
    SchemaOutdated,
    StorageBroken,
)
from audit.merkle import RootHash
from audit.storage.contract import Batch, Entry, Head, Sealed
from audit.storage.durability import check_settings
from audit.storage.migrate import migrate
from audit.storage.place import schema_of
from audit.storage.postgres import PostgresStore
from tests.postgresql_server import Server, fresh_origin


@pytest.fixture
def schema(server: Server) -> str:
    """Give the schema of a log that is prepared and empty."""
    origin = fresh_origin()
    migrate(server.url(), origin)
    return schema_of(origin)


@pytest.fixture
def store(server: Server, schema: str) -> Iterator[PostgresStore]:
    """Give an open store."""
    with closing(PostgresStore.open(server.url(), schema, "gw-1")) as opened:
        yield opened


@pytest.fixture
def owner(server: Server, schema: str) -> Iterator[psycopg.Connection]:
    """Give a connection of the owner, beside the store."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"SET search_path TO {schema}".encode())
        yield connection


def batch_of(old: Head, count: int = 1) -> Batch:
    """Give a batch of so many entries with particulars."""
    new = Head(old.size + count, RootHash((old.size + count).to_bytes(32, "big")), 5)
    places = range(old.size, new.size)
    entries = [Entry(n, f"{n:032x}", b"{}", b"h" * 32) for n in places]
    sealed = [Sealed(n, 0, b"k" * 16, b"sealed") for n in places]
    return Batch(old, new, "gw-1", new.size, b"note", entries, [], [], sealed, [], 0)


def commit(store: PostgresStore, count: int = 1) -> None:
    """Write so many entries in a turn of their own."""
    with store.turn() as head:
        store.commit(batch_of(head, count))


def at_commit(owner: psycopg.Connection, what: str) -> None:
    """Have the server do this when a batch is committed, and not before."""
    body = f"BEGIN {what}; RETURN NULL; END"
    owner.execute(f"CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $${body}$$".encode())
    owner.execute(
        b"CREATE CONSTRAINT TRIGGER late AFTER INSERT ON checkpoint DEFERRABLE INITIALLY DEFERRED"
        b" FOR EACH ROW EXECUTE FUNCTION act()"
    )


END = "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1)"


def end_connections(owner: psycopg.Connection) -> None:
    """End every other connection to the server, as an administrator may."""
    owner.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


@pytest.mark.parametrize("count", [1, 15, 16, 1024])
def test_batches_of_any_size_are_written(store: PostgresStore, count: int) -> None:
    """Few rows go in statements, many by COPY."""
    commit(store, count)

    assert store.head().size == count
    assert len(store.hashes(0, 0, 2000)) == count


def test_a_second_process_is_refused(server: Server, store: PostgresStore, schema: str) -> None:
    """The name of a gateway belongs to one connection; another name is free."""
    assert store.head() == Head()
    with pytest.raises(LedgerInUse):
        PostgresStore.open(server.url(), schema, "gw-1")
    PostgresStore.open(server.url(), schema, "gw-2").close()


def test_a_patient_opener_waits_for_its_predecessor(server: Server, schema: str) -> None:
    """A process that is about to end may take a moment to let go."""
    first = PostgresStore.open(server.url(), schema, "gw-1")
    leaving = Timer(0.1, first.close)
    leaving.start()

    second = PostgresStore.open(server.url(), schema, "gw-1", 5.0)

    leaving.join()
    second.close()
    assert leaving.finished.is_set()


def test_writers_take_turns(server: Server, store: PostgresStore, schema: str) -> None:
    """The second waits until the first has committed, and continues from there."""
    other = PostgresStore.open(server.url(), schema, "gw-2")
    waiting, found = Event(), list[Head]()

    def take() -> None:
        waiting.set()
        with other.turn() as head:
            found.append(head)

    with store.turn() as head:
        store.commit(batch_of(head))
    with store.turn() as head:
        thread = Thread(target=take)
        thread.start()
        waiting.wait()
        store.commit(batch_of(head))
    thread.join()
    other.close()

    assert [head.size for head in found] in ([1], [2])


def test_a_turn_that_does_not_come_fails(store: PostgresStore, owner: psycopg.Connection) -> None:
    """Nothing was written, and the next turn comes."""
    commit(store)
    assert store._connection is not None
    store._connection.execute("SET lock_timeout = '50ms'")
    with owner.transaction():
        owner.execute("SELECT 1 FROM head FOR UPDATE")

        with pytest.raises(AppendFailed):
            commit(store)

    commit(store)
    assert store.head().size == 2


def test_two_that_begin_one_log_do_not_both_begin_it(
    server: Server, store: PostgresStore, schema: str
) -> None:
    """There is no row to lock yet: the second finds that it is there."""
    other = PostgresStore.open(server.url(), schema, "gw-2")
    with store.turn() as head, other.turn() as same:
        store.commit(batch_of(head))
        with pytest.raises(Exception, match="moved the head"):
            other.commit(batch_of(same))
    other.close()

    assert store.head().size == 1


def test_a_batch_outside_a_turn_is_a_bug(store: PostgresStore) -> None:
    """Without the lock on the head nothing is written."""
    with pytest.raises(RuntimeError):
        store.commit(batch_of(Head()))

    assert store.head() == Head()


def test_a_taken_id_is_told_from_another_clash(store: PostgresStore) -> None:
    """Both write nothing."""
    commit(store)
    with store.turn() as head:
        batch = replace(batch_of(head), entries=[Entry(1, f"{0:032x}", b"{}", b"h")])
        with pytest.raises(IdTaken):
            store.commit(batch)
    with store.turn() as head:
        batch = replace(batch_of(head), particulars=[Sealed(0, 0, b"k", b"s")])
        with pytest.raises(AppendFailed):
            store.commit(batch)

    assert store.head().size == 1


def test_a_connection_lost_before_the_commit_has_written_nothing(
    store: PostgresStore, owner: psycopg.Connection
) -> None:
    """The batch is refused, and a later turn connects anew."""
    commit(store)
    with store.turn() as head:
        end_connections(owner)
        with pytest.raises(AppendFailed):
            store.commit(batch_of(head))

    commit(store)

    assert store.head().size == 2


def test_a_connection_lost_within_an_idle_turn_is_no_matter(
    store: PostgresStore, owner: psycopg.Connection
) -> None:
    """The server undoes what was not committed."""
    with store.turn():
        end_connections(owner)

    commit(store)

    assert store.head().size == 1


def test_a_connection_lost_at_the_commit_leaves_the_outcome_unknown(
    store: PostgresStore, owner: psycopg.Connection
) -> None:
    """Nobody can say whether the batch stands: the writer must stop."""
    at_commit(owner, END)

    with pytest.raises(StorageBroken, match="not answered"):
        commit(store)


def test_a_commit_with_a_warning_leaves_the_outcome_unknown(
    store: PostgresStore, owner: psycopg.Connection
) -> None:
    """A standby that did not confirm is told that way."""
    at_commit(owner, "RAISE WARNING 'not replicated'")

    with pytest.raises(StorageBroken, match="another way"):
        commit(store)


def test_a_broken_disk_under_the_server_stops_the_writer(
    store: PostgresStore, owner: psycopg.Connection
) -> None:
    """An input or output error is not taken for a refusal."""
    body = "BEGIN RAISE EXCEPTION 'io' USING ERRCODE = '58030'; END"
    owner.execute(f"CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $${body}$$".encode())
    owner.execute(
        "CREATE TRIGGER early BEFORE INSERT ON checkpoint FOR EACH ROW EXECUTE FUNCTION act()"
    )

    with pytest.raises(StorageBroken, match="unknown"):
        commit(store)


def test_a_server_that_restarts_is_found_again(server: Server, store: PostgresStore) -> None:
    """What was committed stands, though the server fell; while it is away, appends fail."""
    commit(store, 20)
    server.stop("immediate")
    with pytest.raises(AppendFailed):
        commit(store)
    with pytest.raises(AppendFailed):
        store.counter("gw-1")
    server.start()

    commit(store)

    assert store.head().size == 21
    assert store.counter("gw-1") == 21


def test_a_name_that_another_took_meanwhile_is_waited_for(
    server: Server, store: PostgresStore, owner: psycopg.Connection, schema: str
) -> None:
    """After a lost connection the server may think for a while that it is still there."""
    commit(store)
    end_connections(owner)
    with pytest.raises(AppendFailed):
        commit(store)
    other = PostgresStore.open(server.url(), schema, "gw-1")
    with pytest.raises(AppendFailed, match="still holds"):
        commit(store)
    other.close()

    commit(store)

    assert store.head().size == 2


def test_a_server_that_is_not_there_is_told(schema: str) -> None:
    """The start explains itself."""
    with pytest.raises(StorageBroken):
        PostgresStore.open("postgresql://nobody@127.0.0.1:1/none", schema, "gw-1")


def test_a_log_that_was_not_prepared_is_told(server: Server) -> None:
    """The tables belong to their owner, who makes them."""
    with pytest.raises(SchemaOutdated):
        PostgresStore.open(server.url(), "log_none", "gw-1")


def test_the_server_keeps_earlier_copies(store: PostgresStore) -> None:
    """The store does not claim that it forgot what only the owner can vacuum."""
    assert not store.forget()


def test_a_session_that_does_not_wait_for_the_disk_is_noticed(store: PostgresStore) -> None:
    """The setting is read back, not assumed."""
    store.check_durable()
    assert store._connection is not None
    store._connection.execute("SET synchronous_commit = off")

    with pytest.raises(DurabilityMissing):
        store.check_durable()


def test_a_table_that_is_not_logged_is_noticed(
    server: Server, store: PostgresStore, owner: psycopg.Connection, schema: str
) -> None:
    """It would be empty after a crash."""
    owner.execute("ALTER TABLE entry SET UNLOGGED")

    with pytest.raises(DurabilityMissing):
        store.check_durable()
    with pytest.raises(DurabilityMissing):
        PostgresStore.open(server.url(), schema, "gw-2")


class Answering:
    """A connection to a server with these settings."""

    def __init__(self, *settings: object) -> None:
        self._rows: list[tuple[object, ...] | None] = [settings, None]

    def execute(self, _query: str, _values: object = ()) -> "Answering":
        """Take any query."""
        return self

    def fetchone(self) -> tuple[object, ...] | None:
        """Give the settings, and then that no table is unlogged."""
        return self._rows.pop(0)


def check(*settings: object) -> None:
    """Check a server with these settings."""
    connection = cast("psycopg.Connection[tuple[Any, ...]]", Answering(*settings))
    check_settings(connection, "log_2026")


@pytest.mark.parametrize(
    "settings",
    [
        ("off", "on", "off", "on", "", False),
        ("on", "off", "off", "on", "", False),
        ("on", "on", "on", "on", "", False),
        ("on", "on", "off", "off", "", False),
        ("on", "on", "off", "local", "standby1", False),
        ("on", "on", "off", "remote_write", "standby1", False),
        ("on", "on", "off", "on", "", True),
    ],
    ids=["fsync", "pages", "retry", "commit", "local", "remote-write", "standby"],
)
def test_a_server_that_may_lose_commits_is_refused(settings: tuple[object, ...]) -> None:
    """Each of these loses entries after a power loss or a failover."""
    with pytest.raises(DurabilityMissing):
        check(*settings)


@pytest.mark.parametrize(
    ("commit", "standbys"),
    [("on", ""), ("local", ""), ("remote_write", ""), ("on", "s1"), ("remote_apply", "s1")],
)
def test_a_server_that_keeps_commits_is_accepted(commit: str, standbys: str) -> None:
    """The twin of the refusals above."""
    check("on", "on", "off", commit, standbys, False)  # noqa: FBT003  As the server answers.
