"""The connection to PostgreSQL is cut at every message, and the server itself crashes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from audit.entry import Receipt
from audit.errors import AppendFailed, AuditError, LedgerStopped, StorageBroken
from audit.seal import Seal, SealKeys
from audit.sequencer.appender import Appender, Means
from audit.sequencer.highwater import HighWater
from audit.sequencer.opening import open_log
from audit.storage.migrate import migrate
from audit.storage.place import schema_of
from audit.storage.postgres import PostgresStore
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_kept_receipt, verify_ledger
from tests.cutting_proxy import CuttingProxy
from tests.fakes_audit import FixedClock, make_draft, make_signer
from tests.ledger_copy import copy_to_file
from tests.postgresql_server import Server, fresh_origin, running

BATCHES = 2
TYPED = {AppendFailed, LedgerStopped, StorageBroken}
MOST = 200  # More messages than there are; a log that never gets to its end would hide a fault.


@dataclass
class Log:
    """A log in PostgreSQL, and every receipt of it that was handed out."""

    server: Server
    folder: Path
    origin: str = field(default_factory=fresh_origin)
    clock: FixedClock = field(default_factory=FixedClock)
    receipts: list[Receipt] = field(default_factory=list)

    def __post_init__(self) -> None:
        migrate(self.server.url(), self.origin)

    def open(self, port: int) -> tuple[PostgresStore, Appender]:
        """Open the log through this port."""
        url = self.server.url().replace(f":{self.server.port}/", f":{port}/")
        store = PostgresStore.open(url, schema_of(self.origin), "gw-1", 5.0)
        seal = Seal(SealKeys({1: b"e" * 32}, b"p" * 32), os.urandom)
        signer = make_signer(name=self.origin)
        means = Means(signer, "gw-1", seal, self.clock, os.urandom, 60_000)
        try:
            return store, open_log(store, means, HighWater(self.folder / "marks"))
        except BaseException:
            store.close()
            raise

    def append(self, port: int) -> list[AuditError]:
        """Open, append a few batches, and give what was refused; what stops it ends it."""
        refused: list[AuditError] = []
        try:
            store, appender = self.open(port)
            with closing(store):
                for _ in range(BATCHES):
                    refused += self._append_batch(appender)
        except AuditError as error:
            refused.append(error)
        return refused

    def settle(self) -> None:
        """Return when the server has noticed that every earlier connection is gone."""
        others = (
            "SELECT 1 FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        with psycopg.connect(self.server.url(), autocommit=True) as owner:
            while owner.execute(others).fetchone() is not None:
                owner.execute("SELECT pg_sleep(0.005)")

    def assert_whole(self) -> int:
        """Check that the log is sound and holds every receipt; give how many entries it has."""
        vkey = make_signer(name=self.origin).verifier.vkey
        copy = copy_to_file(self.server.url(), self.origin, self.folder / "copy.db")
        with LedgerFile.open(copy) as reader:
            summary = verify_ledger(reader, vkey=vkey)
            for receipt in self.receipts:
                verify_kept_receipt(reader, receipt.proof, vkey=vkey)
        return summary.size

    def _append_batch(self, appender: Appender) -> Sequence[AuditError]:
        self.clock.ms += 70_000
        drafts = [
            replace(
                make_draft(int.from_bytes(os.urandom(16), "big")),
                subject=os.urandom(9).hex().encode(),
                replay=b"the answer",
                replay_digest=b"d" * 32,
            )
            for _ in range(2)
        ]
        outcomes = appender.append_batch(drafts)
        self.receipts += [each for each in outcomes if isinstance(each, Receipt)]
        return [each for each in outcomes if isinstance(each, AuditError)]


@pytest.fixture
def log(server: Server, tmp_path: Path) -> Log:
    """Give an empty log."""
    return Log(server, tmp_path)


@pytest.fixture
def own_server() -> Iterator[Server]:
    """Give a server that the test may crash."""
    with running() as started:
        yield started


def cut_at_each(log: Log, *, delivered: bool) -> list[AuditError]:
    """Append over a connection that is cut at its first message, its second, and so on."""
    met: list[AuditError] = []
    for at in range(1, MOST):
        with closing(CuttingProxy(log.server.port, at, delivered=delivered)) as proxy:
            # Whoever waits for a predecessor sends more messages, and would shift the numbers.
            log.settle()
            met += log.append(proxy.port)
            if not proxy.came:
                return met
    raise AssertionError("there is no end to the messages")


def test_a_request_lost_at_every_message(log: Log) -> None:
    """Whatever never reached the server, the log is whole and holds every receipt."""
    met = cut_at_each(log, delivered=False)

    assert {type(error) for error in met} <= TYPED
    assert len(met) > 20
    assert log.assert_whole() == 1 + len(log.receipts) > 20


def test_an_answer_lost_at_every_message(log: Log) -> None:
    """Whatever was done but not answered: the writer stops or goes on, and nothing is lost."""
    met = cut_at_each(log, delivered=True)

    assert {type(error) for error in met} <= TYPED
    assert StorageBroken in {type(error) for error in met}
    assert log.assert_whole() >= 1 + len(log.receipts) > 20


def test_a_server_that_crashes(own_server: Server, tmp_path: Path) -> None:
    """After a crash of the server between two batches nothing that was promised is gone."""
    log = Log(own_server, tmp_path)
    store, appender = log.open(own_server.port)
    with closing(store):
        log._append_batch(appender)
        own_server.stop("immediate")
        down = log._append_batch(appender)
        own_server.start()
        again = [log._append_batch(appender) for _ in range(2)]

    assert [type(error).__name__ for error in down] == ["AppendFailed", "AppendFailed"]
    assert list(again[-1]) == []
    assert log.assert_whole() == 1 + len(log.receipts)
