"""What routes can read."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.entry import canonical
from audit.errors import EntryPruned, LedgerCorrupt, SealInvalid
from audit.ledger import Ledger
from audit.merkle import frontier_at, leaf_hash, verify_consistency
from audit.note import open_note
from audit.reading import LedgerReader, Replay, StoredTree
from audit.seal import Seal
from audit.storage.contract import Entry
from tests.fakes_audit import (
    ORIGIN,
    START_MS,
    VKEY,
    FixedClock,
    MemoryStore,
    make_draft,
    make_seal,
    open_ledger,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def store() -> MemoryStore:
    """Give an empty store."""
    return MemoryStore()


@pytest.fixture
def ledger(store: MemoryStore, tmp_path: Path) -> Iterator[Ledger]:
    """Give an open ledger."""
    opened = open_ledger(store, tmp_path / "marks", settings={"replay_ms": 1000})
    yield opened
    opened.close()


def make_reader(store: MemoryStore, ms: int = START_MS, seal: Seal | None = None) -> LedgerReader:
    """Give a reader at a moment."""
    return LedgerReader(store, origin=ORIGIN, seal=seal or make_seal(), clock_ms=FixedClock(ms))


async def test_a_receipt_can_be_had_again(store: MemoryStore, ledger: Ledger) -> None:
    """It is the same, byte for byte, also when the log has grown."""
    receipts = [await ledger.append(make_draft(number)) for number in range(300)]

    again = [make_reader(store).receipt(receipt.request_id) for receipt in receipts]

    assert again == receipts


async def test_an_unknown_request_has_no_receipt(store: MemoryStore, ledger: Ledger) -> None:
    """Nothing is told about what never was."""
    await ledger.append(make_draft(1))

    assert make_reader(store).receipt("ff" * 16) is None


async def test_the_checkpoint_is_the_newest(store: MemoryStore, ledger: Ledger) -> None:
    """Anybody with the key can read it."""
    await ledger.append(make_draft(1))

    assert open_note(make_reader(store).checkpoint(), [VKEY]).split(b"\n")[1] == b"2"


def test_a_ledger_without_checkpoints_is_corrupt(store: MemoryStore) -> None:
    """Every opened ledger has one."""
    with pytest.raises(LedgerCorrupt):
        make_reader(store).checkpoint()


async def test_an_entry_without_checkpoint_is_corrupt(store: MemoryStore, ledger: Ledger) -> None:
    """No receipt is made up."""
    await ledger.append(make_draft(1))
    store.notes.clear()

    with pytest.raises(LedgerCorrupt):
        make_reader(store).receipt(f"{1:032x}")


async def test_a_missing_hash_is_corrupt(store: MemoryStore, ledger: Ledger) -> None:
    """A subtree that is not complete has no root."""
    await ledger.append(make_draft(1))

    with pytest.raises(LedgerCorrupt):
        StoredTree(store.hashes).hash_at(2, 0)


@pytest.mark.parametrize("subject", [b"someone", None])
async def test_an_answer_is_replayed_until_it_expires(
    store: MemoryStore, ledger: Ledger, subject: bytes | None
) -> None:
    """The same answer comes back within its time, and none after."""
    draft = replace(make_draft(1), subject=subject, replay=b"answer", replay_digest=b"d" * 32)
    await ledger.append(draft)

    within = make_reader(store, START_MS + 999).replay(draft.request_id)
    after = make_reader(store, START_MS + 1000).replay(draft.request_id)

    assert within == Replay(b"d" * 32, b"answer")
    assert after is None


async def test_an_answer_goes_with_the_key_of_its_subject(
    store: MemoryStore, ledger: Ledger
) -> None:
    """When the key is destroyed, nothing can be replayed."""
    draft = replace(make_draft(1), replay=b"answer", replay_digest=b"d" * 32)
    await ledger.append(draft)
    store.keys.clear()

    assert make_reader(store).replay(draft.request_id) is None


async def test_an_answer_needs_the_keys_of_its_period(store: MemoryStore, ledger: Ledger) -> None:
    """Under another epoch key it stays sealed."""
    draft = replace(make_draft(1), replay=b"answer", replay_digest=b"d" * 32)
    await ledger.append(draft)

    with pytest.raises(SealInvalid):
        make_reader(store, seal=make_seal(epoch_key=b"f" * 32)).replay(draft.request_id)


async def test_nothing_kept_nothing_replayed(store: MemoryStore, ledger: Ledger) -> None:
    """A request without a kept answer has none."""
    await ledger.append(make_draft(1))

    assert make_reader(store).replay(f"{1:032x}") is None


async def test_entries_come_in_order(store: MemoryStore, ledger: Ledger) -> None:
    """The reader gives what is stored."""
    await ledger.append(make_draft(1))

    assert [entry.index for entry in make_reader(store).entries(0, 9)] == [0, 1]


async def test_the_head_tells_size_and_root(store: MemoryStore, ledger: Ledger) -> None:
    """As the newest checkpoint has it."""
    await ledger.append(make_draft(1))

    head = make_reader(store).head()

    assert (head.origin, head.size, head.root) == (ORIGIN, 2, store.current.root)


async def test_the_log_is_shown_to_have_grown_only(store: MemoryStore, ledger: Ledger) -> None:
    """A consistency proof leads from an older root to the newest."""
    for number in range(5):
        await ledger.append(make_draft(number))
    old = frontier_at(3, StoredTree(store.hashes).hash_at).root

    path = make_reader(store).consistency(3, 6)

    verify_consistency(old_size=3, new_size=6, path=path, old_root=old, new_root=store.current.root)
    assert make_reader(store).hashes(0, 0, 6) == [row.leaf_hash for row in store.rows]


async def test_a_pruned_entry_has_no_receipt_any_more(store: MemoryStore, ledger: Ledger) -> None:
    """It says why, and the others have theirs."""
    receipts = [await ledger.append(make_draft(number)) for number in range(2)]
    store.rows[1] = replace(store.rows[1], leaf=None)

    with pytest.raises(EntryPruned):
        make_reader(store).receipt(receipts[0].request_id)

    assert make_reader(store).receipt(receipts[1].request_id) == receipts[1]


async def test_data_subjects_are_known_by_a_pseudonym(store: MemoryStore, ledger: Ledger) -> None:
    """The random id of their key, and nothing else."""
    await ledger.append(make_draft(1))

    assert list(make_reader(store).pseudonyms(0, 9)) == [(1, store.keys[0].key_id)]


@pytest.fixture
def timed(store: MemoryStore) -> MemoryStore:
    """Give a log with an entry every ten ms, the first of which were pruned."""
    leaves = [canonical({"time": START_MS + 10 * n}) for n in range(8)]
    store.rows = [
        Entry(n, f"{n:032x}", None if n < 3 else leaf, leaf_hash(leaf))
        for n, leaf in enumerate(leaves)
    ]
    store.notes[8] = b"origin\n8\n" + b"A" * 43 + b"=\n\n"
    return store


@pytest.mark.parametrize(
    ("ms", "index"), [(0, 3), (30, 3), (31, 4), (40, 4), (69, 7), (70, 7), (71, 8)]
)
def test_a_moment_has_an_index(timed: MemoryStore, ms: int, index: int) -> None:
    """The first entry that is not earlier; what was pruned is earlier than any moment."""
    assert make_reader(timed).index_at(START_MS + ms) == index


@pytest.mark.parametrize("leaf", [b"{}", b"[", b'{"time":"x"}'])
def test_an_entry_without_a_time_is_corrupt(timed: MemoryStore, leaf: bytes) -> None:
    """Nothing is guessed."""
    timed.rows = [replace(row, leaf=leaf) for row in timed.rows]

    with pytest.raises(LedgerCorrupt):
        make_reader(timed).index_at(START_MS)


def test_an_entry_that_is_missing_is_corrupt(timed: MemoryStore) -> None:
    """The checkpoint says that it was there."""
    timed.rows.clear()

    with pytest.raises(LedgerCorrupt):
        make_reader(timed).index_at(START_MS)
