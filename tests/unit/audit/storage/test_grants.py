"""What each role of PostgreSQL may and may not do, asked of a real server."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from audit.merkle import Frontier
from audit.sequencer.appender import Appender, Means
from audit.storage.connect import open_annex, open_reader
from audit.storage.contract import Head
from audit.storage.grants import RIGHTS
from audit.storage.migrate import migrate
from audit.storage.place import schema_of
from audit.storage.writer import open_writer
from tests.fakes_audit import CountedRandom, FixedClock, make_draft, make_seal, make_signer
from tests.postgresql_server import Server, fresh_origin

ROLES_FILE = Path(__file__).parents[4] / "deploy" / "postgresql" / "roles.sql"
GATEWAY, KEEPER, AUDITOR = RIGHTS
USERS = {GATEWAY: "gateway_1", KEEPER: "officer_1", AUDITOR: "auditor_1"}


@pytest.fixture(scope="module")
def log(server: Server) -> tuple[Server, str]:
    """Give a log of two entries in a database whose roles the operator made with our file."""
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute(ROLES_FILE.read_bytes())
        for role, user in USERS.items():
            owner.execute(f"CREATE USER {user} IN ROLE {role}")
    origin = fresh_origin()
    migrate(server.url(), origin)
    with closing(open_writer(server.url(USERS[GATEWAY]), origin, "gw-1")) as store:
        means = Means(
            make_signer(name=origin), "gw-1", make_seal(), FixedClock(), CountedRandom(), 60_000
        )
        appender = Appender(store, means, Head(), Frontier(), 0)
        appender.begin()
        answered = replace(make_draft(1), replay=b"answer", replay_digest=b"d" * 32)
        appender.append_batch([answered])
    return server, origin


def connected(log: tuple[Server, str], role: str) -> Iterator[psycopg.Connection]:
    """Connect as a user in this role; nothing is committed."""
    server, origin = log
    with psycopg.connect(server.url(USERS[role])) as connection:
        connection.execute(f"SET search_path TO {schema_of(origin)}")
        yield connection
        connection.rollback()


@pytest.fixture
def gateway(log: tuple[Server, str]) -> Iterator[psycopg.Connection]:
    """Give a connection as the gateway."""
    yield from connected(log, GATEWAY)


@pytest.fixture
def keeper(log: tuple[Server, str]) -> Iterator[psycopg.Connection]:
    """Give a connection as the keeper."""
    yield from connected(log, KEEPER)


@pytest.fixture
def auditor(log: tuple[Server, str]) -> Iterator[psycopg.Connection]:
    """Give a connection as the auditor."""
    yield from connected(log, AUDITOR)


WRITING = (
    "INSERT INTO entry VALUES (7, 'x', 'l', 'h')",
    "INSERT INTO node VALUES (8, 7, 'h')",
    "INSERT INTO checkpoint VALUES (7, 'n')",
    "INSERT INTO writer VALUES ('gw-9', 1)",
    "INSERT INTO subject_key VALUES ('i', 'l', 'w', 1)",
    "INSERT INTO particulars VALUES (7, 0, 'k', 's')",
    "INSERT INTO replay VALUES (7, 0, 'd', 'k', 's')",
    "INSERT INTO cosigned VALUES (7, 'n')",
    "INSERT INTO stamp VALUES (7, 'r')",
    "INSERT INTO revision VALUES ('d', 'c')",
    "COPY entry FROM STDIN",
    "SELECT * FROM head FOR UPDATE",
    "UPDATE head SET size = 9, root = 'r', last_time = 9",
    "UPDATE writer SET counter = 9",
    "DELETE FROM replay",
)
KEEPING = (
    "DELETE FROM subject_key",
    "DELETE FROM particulars",
    "UPDATE subject_key SET wrapped = 'w', epoch = 2",
    "UPDATE entry SET leaf = NULL",
    "UPDATE head SET epoch = 2",
)
NOBODY = (
    "TRUNCATE entry",
    "TRUNCATE node",
    "TRUNCATE checkpoint",
    "TRUNCATE particulars",
    "TRUNCATE replay",
    "DELETE FROM entry",
    "DELETE FROM node",
    "DELETE FROM checkpoint",
    "DELETE FROM head",
    "DELETE FROM writer",
    "DELETE FROM cosigned",
    "DELETE FROM stamp",
    "DELETE FROM revision",
    "UPDATE entry SET leaf_hash = 'h'",
    "UPDATE entry SET request_id = 'x'",
    "UPDATE checkpoint SET note = 'n'",
    "UPDATE node SET hash = 'h'",
    "UPDATE writer SET gateway = 'gw-9'",
    "UPDATE particulars SET sealed = 's'",
    "UPDATE replay SET expires_ms = 0",
    "UPDATE subject_key SET lookup = 'l'",
    "UPDATE cosigned SET note = 'n'",
    "UPDATE stamp SET response = 'r'",
    "UPDATE revision SET content = 'c'",
    "DROP TABLE entry",
    "ALTER TABLE entry DISABLE TRIGGER ALL",
    "CREATE TABLE other (a int)",
    "UPDATE alembic_version SET version_num = '0'",
)
SEEN = (
    "TABLE entry",
    "TABLE node",
    "TABLE head",
    "TABLE checkpoint",
    "TABLE writer",
    "TABLE cosigned",
    "TABLE stamp",
    "TABLE revision",
)
SEALED = ("TABLE subject_key", "TABLE particulars", "TABLE replay")


def run(connection: psycopg.Connection, statement: str) -> None:
    """Run one statement; a COPY is ended at once."""
    if statement.startswith("COPY"):
        with connection.cursor().copy(statement.encode()):
            return
    connection.execute(statement.encode())


@pytest.mark.parametrize("statement", WRITING)
def test_the_gateway_may_add_and_move_the_head(gateway: psycopg.Connection, statement: str) -> None:
    """What an append needs is granted."""
    run(gateway, statement)

    assert gateway.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


@pytest.mark.parametrize("statement", [*KEEPING, *NOBODY])
def test_the_gateway_may_not_alter_or_take_away(
    gateway: psycopg.Connection, statement: str
) -> None:
    """An entry, a checkpoint or a key that is there stays as it is."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(gateway, statement)


@pytest.mark.parametrize("statement", [*WRITING, *KEEPING])
def test_the_keeper_may_also_take_away_what_may_go(
    keeper: psycopg.Connection, statement: str
) -> None:
    """Erasure, rotation and retention are granted, with the entry that tells of them."""
    run(keeper, statement)

    assert keeper.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


@pytest.mark.parametrize("statement", NOBODY)
def test_the_keeper_may_not_alter_an_entry_either(
    keeper: psycopg.Connection, statement: str
) -> None:
    """Hashes, checkpoints and ids are beyond everybody."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(keeper, statement)


@pytest.mark.parametrize("statement", SEEN)
def test_the_auditor_reads_what_is_public(auditor: psycopg.Connection, statement: str) -> None:
    """Leaves, hashes, checkpoints and what witnesses gave."""
    run(auditor, statement)

    assert auditor.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


@pytest.mark.parametrize(
    "statement",
    [*WRITING, *KEEPING, *NOBODY, *SEALED],
)
def test_the_auditor_writes_nothing_and_reads_nothing_sealed(
    auditor: psycopg.Connection, statement: str
) -> None:
    """Not even the wrapped keys."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(auditor, statement)


def test_rights_given_by_hand_are_taken_back(log: tuple[Server, str]) -> None:
    """Each migration leaves the roles with their rights and no others."""
    server, origin = log
    table = f"{schema_of(origin)}.entry"
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute(f"GRANT DELETE ON {table} TO {GATEWAY}".encode())

        migrate(server.url(), origin)

        asked = f"SELECT has_table_privilege('{GATEWAY}', '{table}', 'DELETE')"
        assert owner.execute(asked.encode()).fetchone() == (False,)


def test_the_gateway_keeps_its_annex_and_reads(log: tuple[Server, str]) -> None:
    """The role is enough for all that the gateway does."""
    server, origin = log
    url = server.url(USERS[GATEWAY])
    with closing(open_annex(url, origin)) as annex, closing(open_reader(url, origin)) as reader:
        annex.add_revision("ab" * 32, b"policy")

        assert annex.revision("ab" * 32) == b"policy"
        assert len(list(reader.entries(0, 9))) == 2
        assert reader.replay(f"{1:032x}") is not None
