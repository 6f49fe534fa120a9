"""What the tests of the ledger share."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from audit.entry import Draft, EntryType, Receipt
from audit.merkle import Frontier
from audit.sequencer.appender import Appender, Means
from audit.storage.contract import Head
from tests.fakes_audit import (
    ORIGIN,
    VKEY,
    CountedRandom,
    FixedClock,
    make_draft,
    make_seal,
    make_signer,
    open_store,
)

# Batches that end within, at and beyond the border of 256 entries.
BATCHES = ((0, 1), (1, 4), (4, 250), (250, 256), (256, 600), (600, 601))


def _build(folder: Path) -> Sequence[Receipt]:
    store = open_store(folder / "ledger.db")
    means = Means(make_signer(), "gw-1", make_seal(), FixedClock(), CountedRandom(), 60_000)
    appender = Appender(store, means, Head(), Frontier(), 0)
    genesis = Draft(EntryType.GENESIS, "ff" * 16, {"origin": ORIGIN, "vkey": VKEY})
    drafts = [genesis, *(make_draft(number) for number in range(1, 601))]
    outcomes = [o for start, stop in BATCHES for o in appender.append_batch(drafts[start:stop])]
    store.close()
    return [outcome for outcome in outcomes if isinstance(outcome, Receipt)]


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sequence[Receipt]]:
    """Give a sound ledger of 601 entries in six batches and its receipts; not to be altered."""
    folder = tmp_path_factory.mktemp("sound")
    return folder / "ledger.db", _build(folder)


@pytest.fixture
def altered(sound: tuple[Path, Sequence[Receipt]], tmp_path: Path) -> Callable[..., Path]:
    """Give a function that copies the sound ledger and runs statements on the copy."""

    def alter(*statements: str, values: Sequence[object] = ()) -> Path:
        copy = tmp_path / "copy.db"
        copy.write_bytes(sound[0].read_bytes())
        connection = sqlite3.connect(copy, isolation_level=None)
        for statement in statements:
            connection.execute(statement, values if "?" in statement else ())
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        return copy

    return alter
