"""What is compared before a ledger opens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.entry import parse_leaf
from audit.errors import (
    AuditError,
    KeyInvalid,
    KeyMismatch,
    KeysRotated,
    LeafInvalid,
    LedgerCorrupt,
    RollbackSeen,
    StorageBroken,
)
from audit.ledger import Ledger
from audit.merkle import RootHash
from audit.note import Signer
from audit.sequencer.appender import Means
from audit.storage.contract import Entry, Head
from tests.fakes_audit import (
    CountedRandom,
    FixedClock,
    MemoryStore,
    host_sequencer,
    make_draft,
    make_seal,
    make_signer,
    open_ledger,
)

pytestmark = pytest.mark.anyio


@contextmanager
def opened(store: MemoryStore, folder: Path) -> Iterator[Ledger]:
    """Open a ledger for the length of a with block."""
    ledger = open_ledger(store, folder / "marks")
    try:
        yield ledger
    finally:
        ledger.close()


def _with_other_root(store: MemoryStore) -> None:
    store.current = Head(store.current.size, RootHash(b"0" * 32), 0)


def _with_other_leaf_hash(store: MemoryStore) -> None:
    row = store.rows[1]
    store.rows[1] = Entry(1, row.request_id, row.leaf, b"0" * 32)


def _without_checkpoint(store: MemoryStore) -> None:
    store.notes.clear()


def _with_older_checkpoint(store: MemoryStore) -> None:
    del store.notes[max(store.notes)]


def _without_entry(store: MemoryStore) -> None:
    store.rows.pop()


def _rolled_back(store: MemoryStore) -> None:
    store.rows, store.notes, store.current = [], {}, Head()


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (_with_other_root, LedgerCorrupt),
        (_with_other_leaf_hash, LedgerCorrupt),
        (_without_checkpoint, LedgerCorrupt),
        (_with_older_checkpoint, LedgerCorrupt),
        (_without_entry, LedgerCorrupt),
        (_rolled_back, RollbackSeen),
    ],
    ids=["root", "hash", "no-checkpoint", "old-checkpoint", "entry", "rollback"],
)
async def test_a_damaged_ledger_does_not_open(
    tmp_path: Path, damage: Callable[[MemoryStore], None], error: type[AuditError]
) -> None:
    """Head, tree, checkpoint and marks are compared before anything is signed."""
    store = MemoryStore()
    with opened(store, tmp_path) as ledger:
        await ledger.append(make_draft(1))
        await ledger.append(make_draft(2))
    damage(store)

    with pytest.raises(error):
        open_ledger(store, tmp_path / "marks")


async def test_keys_of_another_epoch_do_not_open_the_ledger(tmp_path: Path) -> None:
    """After a rotation the old keys seal nothing any more."""
    store = MemoryStore()
    with opened(store, tmp_path):
        pass
    store.current = replace(store.current, epoch=2)

    with pytest.raises(KeysRotated):
        open_ledger(store, tmp_path / "marks")


def _open_as(store: MemoryStore, folder: Path, signer: Signer, gateway: str) -> None:
    means = Means(signer, gateway, make_seal(), FixedClock(), CountedRandom(), 60_000)
    host_sequencer(store, means, folder / "marks").close()


async def test_another_key_does_not_open_the_ledger(tmp_path: Path) -> None:
    """A log is continued by the key that began it."""
    store = MemoryStore()
    with opened(store, tmp_path):
        pass

    with pytest.raises(KeyMismatch):
        _open_as(store, tmp_path, make_signer(b"o" * 32), "gw-1")


@pytest.mark.parametrize("gateway", ["GW 1", "", "g" * 33])
async def test_a_gateway_id_that_does_not_fit_is_refused(tmp_path: Path, gateway: str) -> None:
    """The gateway id must fit a leaf."""
    with pytest.raises(KeyInvalid):
        _open_as(MemoryStore(), tmp_path, make_signer(), gateway)


async def test_another_gateway_has_a_counter_of_its_own(tmp_path: Path) -> None:
    """Each gateway counts from zero, and comes back to its own count."""
    store = MemoryStore()
    with opened(store, tmp_path):
        pass
    _open_as(store, tmp_path, make_signer(), "gw-2")

    with opened(store, tmp_path) as ledger:
        receipt = await ledger.append(make_draft())

    assert parse_leaf(receipt.leaf)["counter"] == 1


async def test_a_genesis_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """An origin that no leaf can hold ends the start."""
    with pytest.raises(LeafInvalid):
        _open_as(MemoryStore(), tmp_path, make_signer(name="UPPER.example"), "gw-1")


async def test_marks_that_cannot_be_written_end_the_start(tmp_path: Path) -> None:
    """Without a place for its marks a log is not begun."""
    with pytest.raises(StorageBroken):
        open_ledger(MemoryStore(), tmp_path / "none" / "marks")


async def test_a_new_log_names_the_one_before(tmp_path: Path) -> None:
    """The first entry holds the last checkpoint of the old log, and is not written again."""
    store, clock = MemoryStore(), FixedClock()
    signer = make_signer()
    old = signer.sign(format_checkpoint(Checkpoint("a.example/2025", 5, RootHash(b"r" * 32))))
    means = Means(
        signer, "gw-1", make_seal(), clock, CountedRandom(), 60_000, previous=old.decode()
    )

    host_sequencer(store, means, tmp_path / "marks").close()
    host_sequencer(store, means, tmp_path / "marks").close()

    [entry] = store.rows
    assert entry.leaf is not None
    assert parse_leaf(entry.leaf)["previous"] == old.decode()
