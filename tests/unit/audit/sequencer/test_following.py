"""Several writers on one log, and what goes away with an entry that tells it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from typing_extensions import override

from audit.entry import Draft, EntryType, Json, Receipt, parse_leaf
from audit.errors import (
    AppendFailed,
    DuplicateRequest,
    KeyMismatch,
    KeysRotated,
    LedgerCorrupt,
    LedgerStopped,
)
from audit.merkle import Frontier, grow
from audit.seal import Seal, SealKeys
from audit.sequencer.appender import Appender, Means
from audit.storage.contract import Batch, Head, Upkeep
from tests.fakes_audit import (
    SEED,
    CountedRandom,
    FixedClock,
    MemoryStore,
    make_draft,
    make_seal,
    make_signer,
)


def make_appender(store: MemoryStore, gateway: str = "gw-1") -> Appender:
    """Give an appender over an empty store."""
    means = Means(make_signer(), gateway, make_seal(), FixedClock(), CountedRandom(), 60_000)
    return Appender(store, means, Head(), Frontier(), 0)


def outcomes_of(appender: Appender, *drafts: Draft) -> list[object]:
    """Give for each draft its index or the type of its error."""
    outcomes = appender.append_batch(drafts)
    return [o.index if isinstance(o, Receipt) else type(o) for o in outcomes]


def leaves_in(store: MemoryStore) -> list[dict[str, Json]]:
    """Give the leaves of a store."""
    return [parse_leaf(row.leaf) for row in store.rows if row.leaf is not None]


def second_writer(store: MemoryStore, seed: bytes = SEED) -> Appender:
    """Give the appender of another gateway, from where the log stands now."""
    means = replace(make_appender(store)._means, gateway_id="gw-2", signer=make_signer(seed))
    means = replace(means, random=CountedRandom(b"second"))
    frontier = grow(Frontier(), store.hashes(0, 0, store.current.size)).frontier
    return Appender(store, means, store.head(), frontier, store.counter("gw-2"))


def test_a_writer_follows_another() -> None:
    """Both continue one log, in turn, and each counts for itself."""
    store = MemoryStore()
    first = make_appender(store)
    before = outcomes_of(first, make_draft(1), make_draft(2))
    second = second_writer(store)

    between = outcomes_of(second, make_draft(3))
    after = outcomes_of(first, replace(make_draft(4), subject=b"other"), make_draft(3))

    assert (before, between, after) == ([0, 1], [2], [3, DuplicateRequest])
    counted = [(leaf["gateway"], leaf["counter"]) for leaf in leaves_in(store)]
    assert counted == [("gw-1", 0), ("gw-1", 1), ("gw-2", 0), ("gw-1", 2)]
    assert len(store.keys) == 2


def test_a_second_genesis_is_not_written() -> None:
    """Two gateways that begin one log at once write one genesis entry."""
    store = MemoryStore()
    first, second = make_appender(store), make_appender(store, "gw-2")

    first.begin()
    second.begin()

    assert [leaf["type"] for leaf in leaves_in(store)] == ["genesis"]


class RacedStore(MemoryStore):
    """A store in which another gateway begins the log while we do, once."""

    raced = False

    @override
    def commit(self, batch: Batch) -> None:
        """Let the other come first."""
        if not self.raced:
            self.raced = True
            make_appender(self, "gw-2").begin()
        super().commit(batch)


def test_a_genesis_that_came_second_is_given_up() -> None:
    """Where an empty log cannot be locked, the second finds the head moved and looks again."""
    store = RacedStore()

    make_appender(store).begin()

    assert [leaf["gateway"] for leaf in leaves_in(store)] == ["gw-2"]


def _shorter(store: MemoryStore) -> None:
    store.rows.pop()
    store.current = replace(store.current, size=1)


def _other_hash(store: MemoryStore) -> None:
    second_writer(store).append_batch([make_draft(8)])
    store.rows[-1] = replace(store.rows[-1], leaf_hash=b"0" * 32)


def _without_hash(store: MemoryStore) -> None:
    second_writer(store).append_batch([make_draft(8)])
    store.rows.pop()


def _forked(store: MemoryStore) -> None:
    fork = MemoryStore()
    make_appender(fork).append_batch([make_draft(6), make_draft(7)])
    second_writer(fork).append_batch([make_draft(8)])
    store.rows, store.notes, store.current = fork.rows, fork.notes, fork.current


def _without_checkpoint(store: MemoryStore) -> None:
    second_writer(store).append_batch([make_draft(8)])
    store.notes.clear()


def _older_checkpoint(store: MemoryStore) -> None:
    second_writer(store).append_batch([make_draft(8)])
    del store.notes[3]


@pytest.mark.parametrize(
    "damage",
    [_shorter, _other_hash, _without_hash, _forked, _without_checkpoint, _older_checkpoint],
    ids=["rollback", "hash", "missing", "fork", "no-checkpoint", "old-checkpoint"],
)
def test_a_log_that_does_not_continue_ours_is_not_continued(
    damage: Callable[[MemoryStore], None],
) -> None:
    """What was signed here must be the begin of what is there; nothing more is signed."""
    store = MemoryStore()
    appender = make_appender(store)
    appender.append_batch([make_draft(1), make_draft(2)])
    damage(store)
    notes = dict(store.notes)

    with pytest.raises(LedgerCorrupt):
        appender.append_batch([make_draft(3)])

    assert store.notes == notes


def test_a_log_that_another_key_continued_is_not_continued() -> None:
    """A second writer has the same signing key."""
    store = MemoryStore()
    appender = make_appender(store)
    appender.append_batch([make_draft(1)])
    second_writer(store, b"o" * 32).append_batch([make_draft(2)])

    with pytest.raises(KeyMismatch):
        appender.append_batch([make_draft(3)])


def test_entries_under_our_own_name_that_we_did_not_write_stop_us() -> None:
    """Nobody else counts for this gateway."""
    store = MemoryStore()
    appender = make_appender(store)
    appender.append_batch([make_draft(1)])
    second_writer(store).append_batch([make_draft(2)])
    store.counters["gw-1"] += 1

    with pytest.raises(LedgerStopped):
        appender.append_batch([make_draft(3)])


def test_upkeep_goes_with_the_entry_that_tells_it() -> None:
    """One transaction: the entry, and what goes away."""
    store = MemoryStore()
    appender = make_appender(store)
    appender.append_batch([make_draft(1), replace(make_draft(2), subject=b"other")])
    erased = store.keys[0]
    draft = Draft(EntryType.POLICY, "0d" * 16, {"policy": "ab" * 32})

    receipt = appender.append_upkeep(draft, Upkeep(erased=[erased.key_id]))

    assert receipt.index == 2
    assert erased not in store.keys
    assert {row.index for row in store.sealed} == {1}


def test_a_subject_whose_key_was_erased_gets_a_new_one() -> None:
    """The writer that erased it does not remember it."""
    store = MemoryStore()
    appender = make_appender(store)
    appender.append_batch([make_draft(1)])
    erased = store.keys[0]
    draft = Draft(EntryType.POLICY, "0d" * 16, {"policy": "ab" * 32})
    appender.append_upkeep(draft, Upkeep(erased=[erased.key_id]))

    appender.append_batch([make_draft(2)])

    assert [key.key_id != erased.key_id for key in store.keys] == [True]


def test_upkeep_that_cannot_be_done_is_raised() -> None:
    """A key was forgotten: nothing happens, and the caller hears it."""
    store = MemoryStore()
    appender = make_appender(store)
    appender.append_batch([make_draft(1)])
    draft = Draft(EntryType.POLICY, "0d" * 16, {"policy": "ab" * 32})

    with pytest.raises(AppendFailed):
        appender.append_upkeep(draft, Upkeep(), epoch=2)

    assert len(store.rows) == 1
    assert store.head().epoch == 1


def test_after_a_rotation_the_old_keys_write_nothing() -> None:
    """The epoch of the log moved, also for the writer that moved it."""
    store = MemoryStore()
    appender = make_appender(store)
    appender.append_batch([make_draft(1)])
    anew = [replace(key, epoch=2) for key in store.keys]
    draft = Draft(EntryType.POLICY, "0d" * 16, {"policy": "ab" * 32})
    appender.append_upkeep(draft, Upkeep(rewrapped=anew), epoch=2)

    with pytest.raises(KeysRotated):
        appender.append_batch([make_draft(2)])

    assert store.head().epoch == 2


def test_a_new_log_begins_in_the_newest_epoch() -> None:
    """The keys of last year, rotated then, seal the log of this year."""
    store = MemoryStore()
    appender = make_appender(store)
    keys = SealKeys({1: b"e" * 32, 2: b"f" * 32}, b"p" * 32)
    means = replace(appender._means, seal=Seal(keys, CountedRandom()))

    Appender(store, means, Head(), Frontier(), 0).begin()

    assert store.head().epoch == 2
