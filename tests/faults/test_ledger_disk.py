"""The disk is full, fails to sync, or is set to promise too little."""

import asyncio
import resource
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from audit.entry import Draft, Receipt
from audit.errors import AppendFailed, AuditError, DurabilityMissing, LedgerStopped
from audit.ledger import Ledger
from audit.merkle import RootHash
from audit.seal import Seal
from audit.sequencer.appender import Appender, Means
from audit.sequencer.highwater import HighWater
from audit.sequencer.opening import open_log
from audit.storage.contract import Head
from audit.storage.migrate import migrate
from audit.storage.place import schema_of, sqlite_url
from audit.storage.postgres import PostgresStore
from audit.verifier.file import LedgerFile
from audit.verifier.verify import Summary, verify_kept_receipt, verify_ledger
from tests.fakes_audit import (
    VKEY,
    CountedRandom,
    FixedClock,
    make_draft,
    make_file,
    make_settings,
    make_signer,
    open_store,
)
from tests.fakes_keeping import KEYS
from tests.postgresql_server import Server, fresh_origin, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a real file system of one megabyte, where this user may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=10)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode != 0:
        pytest.skip("this user may not mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True, timeout=10)


@pytest.fixture(scope="module")
def weak_server() -> Iterator[Server]:
    """Give a server whose settings the tests may weaken."""
    with running() as started:
        yield started


def verified(path: Path, receipts: list[Receipt]) -> Summary:
    """Verify the ledger and every receipt."""
    with LedgerFile.open(path) as reader:
        summary = verify_ledger(reader, vkey=VKEY)
        for receipt in receipts:
            verify_kept_receipt(reader, receipt.proof, vkey=VKEY)
    return summary


async def append(ledger: Ledger, first: int, count: int) -> tuple[list[Receipt], list[AuditError]]:
    """Append so many at once; give the receipts and what was refused."""
    drafts = (make_draft(number) for number in range(first, first + count))
    found = await asyncio.gather(*map(ledger.append, drafts), return_exceptions=True)
    receipts = [each for each in found if isinstance(each, Receipt)]
    refused = [each for each in found if isinstance(each, AuditError)]
    assert len(receipts) + len(refused) == count
    return receipts, refused


def fill(disk: Path) -> None:
    """Write until nothing fits any more."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 1024):
            pass


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: what does not fit is written in part."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_disk_full(small_disk: Path, tmp_path: Path) -> None:
    """While there is no room every caller is refused in so many words; with room it goes on."""
    make_file(small_disk / "ledger.db")
    settings = make_settings(tmp_path, url=sqlite_url(small_disk / "ledger.db"))
    ledger = Ledger.open(settings)
    receipts, before = await append(ledger, 1, 5)
    fill(small_disk)
    during, refused = await append(ledger, 100, 300)
    (small_disk / "filler").unlink()
    if ledger.status.stopped is not None:
        ledger.close()
        ledger = Ledger.open(settings)
    after, late = await append(ledger, 1000, 5)
    ledger.close()

    summary = verified(small_disk / "ledger.db", [*receipts, *during, *after])

    assert (before, late, len(after)) == ([], [], 5)
    assert refused
    assert {type(error) for error in refused} <= {AppendFailed, LedgerStopped}
    assert summary.size >= 1 + len(receipts) + len(during) + len(after)


async def test_disk_full_under_the_marks(small_disk: Path, tmp_path: Path) -> None:
    """Without room for its mark the ledger stops; with room it opens again and has it all."""
    make_file(tmp_path / "ledger.db")
    settings = make_settings(tmp_path, high_water=small_disk / "marks")
    ledger = Ledger.open(settings)
    fill(small_disk)
    receipts, _ = await append(ledger, 1, 3)
    more, _ = await append(ledger, 10, 3)
    ledger.close()
    (small_disk / "filler").unlink()
    ledger = Ledger.open(settings)
    after, late = await append(ledger, 20, 3)
    ledger.close()

    assert late == []
    assert verified(tmp_path / "ledger.db", [*receipts, *more, *after]).size >= 4


def test_a_mark_that_fits_in_part(tmp_path: Path) -> None:
    """A mark of which the disk took a part only is told as one that could not be written."""
    marks = HighWater(tmp_path / "marks")
    marks.check(Head(), _no_tree, has_written=False)

    with files_no_longer_than(20):
        marked = could_mark(marks, Head(1, RootHash(b"1" * 32)))

    assert not marked
    HighWater(tmp_path / "marks").check(Head(), _no_tree, has_written=True)


def could_mark(marks: HighWater, head: Head) -> bool:
    """Tell whether a mark was written, as far as its writer knows."""
    try:
        marks.mark(head)
    except OSError:
        return False
    return True


def _no_tree(_level: int, _index: int) -> bytes:
    raise AssertionError("an empty log has no hashes")


async def test_fsync_error(
    tmp_path: Path, failing_calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a sync fails nobody knows what is on the disk: the ledger stops and signs nothing."""
    switch = tmp_path / "syncs-fail"
    monkeypatch.setenv("LD_PRELOAD", str(failing_calls))
    monkeypatch.setenv("FAILING_SYNC", str(switch))
    ledger = Ledger.open(make_settings(tmp_path))
    receipts, _ = await append(ledger, 1, 3)
    switch.touch()
    during, refused = await append(ledger, 10, 3)
    switch.unlink()
    _, later = await append(ledger, 20, 1)
    ledger.close()
    again = Ledger.open(make_settings(tmp_path))
    after, _ = await append(again, 30, 2)
    again.close()

    assert during == []
    assert {type(error) for error in (*refused, *later)} == {LedgerStopped}
    assert len(after) == 2
    assert verified(tmp_path / "ledger.db", [*receipts, *after]).size >= 6


@pytest.mark.parametrize("pragma", ["synchronous=OFF", "synchronous=NORMAL", "journal_mode=DELETE"])
def test_wrong_pragma(tmp_path: Path, pragma: str) -> None:
    """A setting of SQLite that loses acknowledged entries is read back, and refused."""
    with closing(open_store(tmp_path / "ledger.db")) as store:
        store._writer.execute(f"PRAGMA {pragma}").close()

        with pytest.raises(DurabilityMissing):
            store.check_durable()


async def test_wrong_pragma_in_the_file(tmp_path: Path) -> None:
    """A file that somebody set to another journal is set right before anything is written."""
    make_file(tmp_path / "ledger.db")
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        other.execute("PRAGMA journal_mode=DELETE")
    ledger = Ledger.open(make_settings(tmp_path))
    receipts, _ = await append(ledger, 1, 1)
    ledger.close()

    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert len(receipts) == 1


@contextmanager
def weakened(server: Server, setting: str, value: str) -> Iterator[None]:
    """Set something for the whole server, until the end of the block."""
    with psycopg.connect(server.url(), autocommit=True) as owner:
        owner.execute(f"ALTER SYSTEM SET {setting} = '{value}'".encode())
        _reload(owner, setting, value)
        try:
            yield
        finally:
            owner.execute(f"ALTER SYSTEM RESET {setting}".encode())
            _reload(owner, setting, "")


def _reload(owner: psycopg.Connection, setting: str, value: str) -> None:
    owner.execute("SELECT pg_reload_conf()")
    for _ in range(200):
        with psycopg.connect(owner.info.dsn, autocommit=True) as fresh:
            shown = fresh.execute("SELECT current_setting(%s)", (setting,)).fetchone()
        if (shown == (value,)) == bool(value):
            return
    raise AssertionError("the server did not read its settings")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off")],
)
def test_wrong_setting_of_postgresql(weak_server: Server, setting: str, value: str) -> None:
    """A server that may lose what it acknowledged is refused, and taken once it is set right."""
    origin = fresh_origin()
    migrate(weak_server.url(), origin)
    with weakened(weak_server, setting, value), pytest.raises(DurabilityMissing):
        PostgresStore.open(weak_server.url(), schema_of(origin), "gw-1")

    with closing(PostgresStore.open(weak_server.url(), schema_of(origin), "gw-1")) as store:
        store.check_durable()


def test_wrong_setting_under_a_running_writer(weak_server: Server, tmp_path: Path) -> None:
    """A server that stops waiting for the disk gets no entry more, also from a running writer."""
    origin = fresh_origin()
    migrate(weak_server.url(), origin)
    with closing(PostgresStore.open(weak_server.url(), schema_of(origin), "gw-1")) as store:
        seal = Seal(KEYS, CountedRandom())
        signer, random = make_signer(name=origin), CountedRandom()
        means = Means(signer, "gw-1", seal, FixedClock(), random, replay_ms=60_000)
        appender = open_log(store, means, HighWater(tmp_path / "marks"))
        with weakened(weak_server, "synchronous_commit", "off"):
            outcomes = refused_or_done(appender, make_draft(1))

    assert [each for each in outcomes if isinstance(each, Receipt)] == []


def refused_or_done(appender: Appender, draft: Draft) -> Sequence[Receipt | AuditError]:
    """Append, and give what came of it, also if that ends the writer."""
    try:
        return appender.append_batch([draft])
    except AuditError as error:
        return [error]


def test_a_standby() -> None:
    """A server that only follows another is no place to write a log."""
    with running() as server:
        origin = fresh_origin()
        migrate(server.url(), origin)
        server.stop()
        (server.folder / "data" / "standby.signal").touch(0o644)
        server.start()

        with pytest.raises(DurabilityMissing):
            PostgresStore.open(server.url(), schema_of(origin), "gw-1")
