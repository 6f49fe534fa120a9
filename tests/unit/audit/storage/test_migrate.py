"""The steps by which the tables came to be, on both databases, and from a file of version 0.1.0."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from audit.entry import Draft, EntryType, Receipt
from audit.errors import SchemaOutdated, StorageBroken
from audit.merkle import Frontier, frontier_at
from audit.reading import StoredTree
from audit.sequencer.appender import Appender, Means
from audit.storage.connect import make_ready, open_annex, open_reader
from audit.storage.contract import Head, Sealed, SealedReplay, SubjectKey
from audit.storage.engines import engine_of
from audit.storage.migrate import migrate, steps
from audit.storage.place import REVISION, find_file, schema_of, sqlite_url
from audit.storage.sqlite import SqlStore
from audit.storage.tables import METADATA
from audit.storage.writer import open_writer
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_ledger
from tests.fakes_audit import (
    ORIGIN,
    VKEY,
    CountedRandom,
    FixedClock,
    MemoryStore,
    make_draft,
    make_seal,
    make_signer,
)
from tests.postgresql_server import Server, fresh_origin

# As version 0.1.0 made its tables.
OLD_TABLES = """
CREATE TABLE entry ("index" INTEGER NOT NULL, request_id VARCHAR NOT NULL, leaf BLOB NOT NULL,
    leaf_hash BLOB NOT NULL, PRIMARY KEY ("index"), UNIQUE (request_id));
CREATE TABLE node (level INTEGER NOT NULL, "index" INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (level, "index")) WITHOUT ROWID;
CREATE TABLE head (id INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
    last_time INTEGER NOT NULL, PRIMARY KEY (id), CHECK (id = 1));
CREATE TABLE checkpoint (size INTEGER NOT NULL, note BLOB NOT NULL, PRIMARY KEY (size));
CREATE TABLE subject_key (key_id BLOB NOT NULL, lookup BLOB NOT NULL, wrapped BLOB NOT NULL,
    epoch INTEGER NOT NULL, PRIMARY KEY (key_id), UNIQUE (lookup));
CREATE TABLE particulars ("index" INTEGER NOT NULL, key_id BLOB NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY ("index"));
CREATE TABLE replay ("index" INTEGER NOT NULL, expires_ms INTEGER NOT NULL, digest BLOB NOT NULL,
    key_id BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY ("index"));
"""
KEY = SubjectKey(b"i" * 16, b"l" * 32, b"w" * 61, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Say where the ledger stands."""
    return tmp_path / "ledger.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, path: Path) -> tuple[str, str]:
    """Give the address and the origin of a log that is not there yet, in each database."""
    if request.param == "sqlite":
        return sqlite_url(path), ORIGIN
    server: Server = request.getfixturevalue("server")
    return server.url(), fresh_origin()


def sound_log() -> MemoryStore:
    """Give the rows of a sound log of 300 entries."""
    store = MemoryStore()
    means = Means(make_signer(), "gw-1", make_seal(), FixedClock(), CountedRandom(), 60_000)
    appender = Appender(store, means, Head(), Frontier(), 0)
    appender.begin()
    appender.append_batch([make_draft(number) for number in range(1, 300)])
    return store


def make_old_file(path: Path, store: MemoryStore) -> None:
    """Write a log as version 0.1.0 kept it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD_TABLES)
        rows = [(e.index, e.request_id, e.leaf, e.leaf_hash) for e in store.rows]
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
        nodes = [(*place, node) for place, node in store.node_rows.items()]
        connection.executemany("INSERT INTO node VALUES (?, ?, ?)", nodes)
        head = store.current
        connection.execute(
            "INSERT INTO head VALUES (1, ?, ?, ?)", (head.size, head.root, head.last_time)
        )
        connection.executemany("INSERT INTO checkpoint VALUES (?, ?)", store.notes.items())
        key = (KEY.key_id, KEY.lookup, KEY.wrapped, KEY.epoch)
        connection.execute("INSERT INTO subject_key VALUES (?, ?, ?, ?)", key)
        sealed = [(1, KEY.key_id, b"about somebody"), (2, b"", b"about nobody")]
        connection.executemany("INSERT INTO particulars VALUES (?, ?, ?)", sealed)
        answer = (1, 99, b"d" * 32, KEY.key_id, b"answer")
        connection.execute("INSERT INTO replay VALUES (?, ?, ?, ?, ?)", answer)
        connection.commit()


def test_the_steps_lead_to_the_tables(place: tuple[str, str]) -> None:
    """What the steps make and what is defined in Python are the same, table by table."""
    migrate(*place)
    engine = engine_of(*place, mode="rw")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()

    assert differences == []


def test_the_newest_step_is_the_form_that_is_asked_for() -> None:
    """The writer compares a word, and need not load what makes the tables."""
    assert ScriptDirectory.from_config(steps()).get_heads() == [REVISION]


def test_migrating_again_changes_nothing(place: tuple[str, str]) -> None:
    """Whoever is not sure runs it again."""
    migrate(*place)
    store = open_writer(*place, "gw-1")
    before = store.head()
    store.close()

    migrate(*place)

    with closing(open_writer(*place, "gw-1")) as again:
        assert again.head() == before == Head()


def test_a_file_of_version_0_1_0_keeps_all_that_it_holds(path: Path) -> None:
    """Entries, tree, keys, particulars and answers are there, and the counters are known."""
    log = sound_log()
    make_old_file(path, log)

    make_ready(sqlite_url(path), ORIGIN)

    store, reader = SqlStore.open(path, "gw-1"), open_reader(sqlite_url(path), ORIGIN)
    tree = StoredTree(reader.hashes).hash_at
    assert store.head() == log.current
    assert list(reader.entries(0, 999)) == log.rows
    assert frontier_at(300, tree).root == log.current.root
    assert (store.counter("gw-1"), store.counter("gw-2")) == (300, 0)
    assert list(reader.subject_keys()) == [KEY]
    assert reader.particulars(1) == [Sealed(1, 0, KEY.key_id, b"about somebody")]
    assert reader.particulars(2) == [Sealed(2, 0, b"", b"about nobody")]
    assert reader.replay(log.rows[1].request_id) == SealedReplay(
        1, 99, b"d" * 32, KEY.key_id, b"answer"
    )
    reader.close()
    store.close()


def test_a_migrated_log_verifies_and_goes_on(path: Path) -> None:
    """The next entry has the next index and the next counter."""
    log = sound_log()
    make_old_file(path, log)
    migrate(sqlite_url(path), ORIGIN)
    store = SqlStore.open(path, "gw-1")
    means = Means(make_signer(), "gw-1", make_seal(), FixedClock(), CountedRandom(b"n"), 60_000)
    frontier = frontier_at(300, StoredTree(store.hashes).hash_at)
    appender = Appender(store, means, store.head(), frontier, store.counter("gw-1"))
    draft = Draft(EntryType.POLICY, "0d" * 16, {"policy": "ab" * 32})

    [receipt] = appender.append_batch([draft])

    store.close()
    assert isinstance(receipt, Receipt)
    with LedgerFile.open(path) as file:
        assert verify_ledger(file, vkey=VKEY).size == 301


def test_an_empty_file_of_version_0_1_0_begins_anew(path: Path) -> None:
    """A head without entries is no head."""
    make_old_file(path, MemoryStore())

    migrate(sqlite_url(path), ORIGIN)

    with closing(SqlStore.open(path, "gw-1")) as store:
        assert store.head() == Head()


def test_a_new_file_is_private(path: Path) -> None:
    """Only its owner can read it, whatever the umask says."""
    make_ready(sqlite_url(path), ORIGIN)

    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_file_in_the_right_form_is_not_touched(path: Path) -> None:
    """Most starts find nothing to do."""
    make_ready(sqlite_url(path), ORIGIN)
    before = path.stat().st_mtime_ns

    make_ready(sqlite_url(path), ORIGIN)

    assert path.stat().st_mtime_ns == before


def test_gateways_that_start_at_once_make_one_file(path: Path) -> None:
    """The second waits for the first."""
    starts = [Thread(target=make_ready, args=(sqlite_url(path), ORIGIN)) for _ in range(3)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()

    with closing(SqlStore.open(path, "gw-1")) as store:
        assert store.head() == Head()


def test_what_is_no_ledger_is_not_made_into_one(path: Path) -> None:
    """Somebody else's file is not touched."""
    path.write_bytes(b"no database" * 100)

    with pytest.raises(StorageBroken):
        make_ready(sqlite_url(path), ORIGIN)

    assert path.read_bytes() == b"no database" * 100


def test_tables_of_a_later_version_are_refused(place: tuple[str, str]) -> None:
    """An older program does not work on a newer ledger, and does not bring it back either."""
    migrate(*place)
    engine = engine_of(*place, mode="rw")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()

    with pytest.raises(SchemaOutdated, match="later"):
        migrate(*place)
    with pytest.raises(SchemaOutdated, match="doelpoort audit migrate"):
        open_writer(*place, "gw-1")


def test_a_writer_of_a_database_that_was_not_prepared_is_told_what_to_do(server: Server) -> None:
    """The gateway may not make tables; the message says who does."""
    url, origin = server.url(), fresh_origin()
    make_ready(url, origin)

    with pytest.raises(SchemaOutdated, match="doelpoort audit migrate"):
        open_writer(url, origin, "gw-1")


def test_a_file_of_version_0_1_0_is_not_written_before_it_is_migrated(path: Path) -> None:
    """The writer tells the form before it writes."""
    make_old_file(path, sound_log())

    with pytest.raises(SchemaOutdated):
        SqlStore.open(path, "gw-1")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """No folder is made by the way."""
    with pytest.raises(StorageBroken):
        make_ready(sqlite_url(tmp_path / "none" / "ledger.db"), ORIGIN)


@pytest.mark.parametrize(
    ("origin", "schema"),
    [
        ("gemeente.example/disclosures/2026", "log_2026"),
        ("gemeente.example/disclosures/2026-b", "log_2026_b"),
        ('host/X"; DROP', "log_x_drop"),
    ],
)
def test_a_log_has_a_schema_of_its_own(origin: str, schema: str) -> None:
    """The name is made of letters, digits and underscores, whatever the origin holds."""
    assert schema_of(origin) == schema


def test_an_address_names_a_file_or_a_server(path: Path) -> None:
    """What is no file of SQLite is left to the driver of PostgreSQL."""
    assert find_file(sqlite_url(path)) == path
    assert find_file("postgresql://localhost/ledger") is None


def test_the_annex_keeps_what_is_there(place: tuple[str, str]) -> None:
    """The first of each size and digest stays, and the newest comes first."""
    migrate(*place)
    with closing(open_annex(*place)) as annex:
        for size in range(1, 121):
            annex.add_cosigned(size, b"note %d" % size)
            annex.add_cosigned(size, b"another")
        annex.add_stamp(3, b"stamp")
        annex.add_revision("ab" * 32, b"policy")
        annex.add_revision("ab" * 32, b"other")

        assert list(annex.cosigned()) == [(n, b"note %d" % n) for n in range(120, 0, -1)]
        assert list(annex.stamps()) == [(3, b"stamp")]
        assert annex.revision("ab" * 32) == b"policy"
        assert annex.revision("cd" * 32) is None


def test_an_annex_without_its_tables_is_told(path: Path) -> None:
    """A failure comes as one of ours."""
    path.touch()
    with closing(open_annex(sqlite_url(path), ORIGIN)) as annex, pytest.raises(StorageBroken):
        annex.revision("ab" * 32)
