"""One batch, one transaction, receipts."""

from base64 import b64encode
from dataclasses import replace

import pytest
from typing_extensions import override

from audit.entry import MAX_LEAF_BYTES, Draft, EntryType, Json, Receipt, canonical, parse_leaf
from audit.errors import (
    AppendFailed,
    AuditError,
    DuplicateRequest,
    LeafInvalid,
    LedgerStopped,
    SealInvalid,
    StorageBroken,
)
from audit.merkle import Frontier
from audit.proof import verify_receipt
from audit.seal import PARTICULARS, commit, parse_particulars
from audit.sequencer.appender import Appender, Means
from audit.storage.contract import Batch, Head
from tests.fakes_audit import (
    START_MS,
    SUBJECT,
    VKEY,
    CountedRandom,
    FixedClock,
    MemoryStore,
    make_draft,
    make_seal,
    make_signer,
)


def make_appender(store: MemoryStore, clock: FixedClock | None = None) -> Appender:
    """Give an appender over an empty store."""
    means = Means(
        make_signer(), "gw-1", make_seal(), clock or FixedClock(), CountedRandom(), 60_000
    )
    return Appender(store, means, Head(), Frontier(), 0)


def outcomes_of(appender: Appender, *drafts: Draft) -> list[object]:
    """Give for each draft its index or the type of its error."""
    outcomes = appender.append_batch(drafts)
    return [o.index if isinstance(o, Receipt) else type(o) for o in outcomes]


def leaves_in(store: MemoryStore) -> list[dict[str, Json]]:
    """Give the leaves of a store."""
    return [parse_leaf(row.leaf) for row in store.rows if row.leaf is not None]


def leaf_of(store: MemoryStore) -> bytes:
    """Give the bytes of the first leaf."""
    return store.rows[0].leaf or b""


def test_each_draft_gets_a_receipt_that_proves_its_entry() -> None:
    """All receipts of a batch verify, and hold what was drafted."""
    outcomes = make_appender(MemoryStore()).append_batch([make_draft(n) for n in range(5)])

    receipts = [o for o in outcomes if isinstance(o, Receipt)]
    leaves = [parse_leaf(verify_receipt(r.proof, VKEY)) for r in receipts]

    assert [leaf["id"] for leaf in leaves] == [f"{n:032x}" for n in range(5)]
    assert [leaf["counter"] for leaf in leaves] == list(range(5))
    assert {leaf["time"] for leaf in leaves} == {START_MS}


def test_the_stored_leaf_is_canonical() -> None:
    """The fast encoder writes the bytes of the strict one."""
    store = MemoryStore()
    make_appender(store).append_batch([make_draft()])

    assert canonical(parse_leaf(leaf_of(store))) == leaf_of(store)


def test_no_personal_data_is_in_the_leaf() -> None:
    """Subject, employee, content and justification stand in the leaf as commitments only."""
    store = MemoryStore()
    draft = make_draft()
    make_appender(store).append_batch([draft])

    assert not [value for value in draft.committed.values() if value in leaf_of(store)]
    assert not [value for value in draft.committed.values() if value in store.sealed[0].sealed]


def test_the_openings_open_the_commitments() -> None:
    """Who holds the data key can show what an entry was about."""
    store, seal, draft = MemoryStore(), make_seal(), make_draft()
    make_appender(store).append_batch([draft])

    row = store.key_of(seal.lookup(SUBJECT))
    assert row is not None
    data = seal.unseal(seal.unwrap(row), PARTICULARS, draft.request_id, store.sealed[0].sealed)
    openings = parse_particulars(data).openings
    shown = {
        label: commit(openings[label], label, draft.request_id, 0, value)
        for label, value in draft.committed.items()
    }

    leaf = leaf_of(store)
    assert len(shown) == 5
    assert [c for c in shown.values() if b64encode(c) not in leaf] == []


def test_a_bad_draft_fails_alone_and_uses_no_counter() -> None:
    """Others in the batch are written without a gap."""
    store = MemoryStore()
    bad, long = make_draft(2, role="999990019"), make_draft(3, obligations=["x" * 100] * 50)

    result = outcomes_of(make_appender(store), make_draft(1), bad, long, make_draft(4))

    assert result == [0, LeafInvalid, LeafInvalid, 1]
    assert [leaf["counter"] for leaf in leaves_in(store)] == [0, 1]
    assert MAX_LEAF_BYTES < 50 * 100


def test_a_repeated_id_fails_alone() -> None:
    """Within a batch and against the store, a request id stands once."""
    appender = make_appender(MemoryStore())

    first = outcomes_of(appender, make_draft(1), make_draft(1), make_draft(2))
    second = outcomes_of(appender, make_draft(2), make_draft(3))

    assert first == [0, DuplicateRequest, 1]
    assert second == [DuplicateRequest, 2]


def test_a_batch_of_nothing_but_refused_drafts_writes_nothing() -> None:
    """No checkpoint is signed when no entry came."""
    store = MemoryStore()

    result = outcomes_of(make_appender(store), make_draft(1, role="999990019"))

    assert result == [LeafInvalid]
    assert store.notes == {}


def test_time_never_goes_back() -> None:
    """When the clock steps back, the entry has the time of the one before."""
    store, clock = MemoryStore(), FixedClock()
    appender = make_appender(store, clock)
    appender.append_batch([make_draft(1)])
    clock.ms -= 5000

    appender.append_batch([make_draft(2)])

    assert [leaf["time"] for leaf in leaves_in(store)] == [START_MS, START_MS]


def test_a_subject_has_one_key_over_batches_and_restarts() -> None:
    """The key comes from the batch, the cache or the store, and is made once."""
    store = MemoryStore()
    appender = make_appender(store)
    appender.append_batch([make_draft(1), make_draft(2)])
    appender.append_batch([make_draft(3)])
    again = Appender(store, appender._means, appender.head, appender._frontier, 3)

    again.append_batch([make_draft(4)])

    assert len(store.keys) == 1
    assert {row.key_id for row in store.sealed} == {store.keys[0].key_id}


def test_a_subject_key_of_another_epoch_fails_its_draft_only() -> None:
    """Drafts about others go on."""
    store = MemoryStore()
    row, _ = make_seal(epoch_key=b"f" * 32).new_key(make_seal().lookup(SUBJECT))
    store.keys.append(row)
    other = replace(make_draft(2), subject=b"other")

    assert outcomes_of(make_appender(store), make_draft(1), other) == [SealInvalid, 0]


def test_a_request_about_nobody_known_is_sealed_under_the_key_of_nobody() -> None:
    """Without a subject the openings are kept all the same, under a key that is wrapped too."""
    store = MemoryStore()
    draft = replace(make_draft(), type=EntryType.REFUSAL, subject=None)

    make_appender(store).append_batch([draft])

    assert [key.lookup for key in store.keys] == [make_seal().nobody]
    assert store.sealed[0].key_id == store.keys[0].key_id


def test_an_entry_that_commits_to_nothing_has_no_particulars() -> None:
    """A policy entry has no openings and nothing to seal."""
    store = MemoryStore()
    draft = Draft(EntryType.POLICY, "0d" * 16, {"policy": "ab" * 32})

    assert outcomes_of(make_appender(store), draft) == [0]
    assert store.sealed == []


def test_a_disclosure_without_committed_values_says_so() -> None:
    """The member is there and empty."""
    store = MemoryStore()

    make_appender(store).append_batch([replace(make_draft(), committed={}, subject=None)])

    assert parse_leaf(leaf_of(store))["commitments"] == {}


def test_answers_are_kept_and_swept() -> None:
    """An answer is kept for its time, and goes with a later batch."""
    store, clock = MemoryStore(), FixedClock()
    appender = make_appender(store, clock)
    answered = replace(make_draft(1), replay=b"answer", replay_digest=b"d" * 32)
    appender.append_batch([answered])
    kept = set(store.answers)
    clock.ms += 60_001

    appender.append_batch([make_draft(2)])

    assert kept == {0}
    assert store.answers == {}


class FailingStore(MemoryStore):
    """A store that refuses to write, before or after it did."""

    persisted = False
    failing = True

    @override
    def commit(self, batch: Batch) -> None:
        """Fail, having written or not."""
        if self.persisted or not self.failing:
            super().commit(batch)
        if self.failing:
            raise AppendFailed("refused")


def test_a_refused_write_fails_all_callers_and_the_next_goes_on() -> None:
    """Nothing of a batch that was not stored is remembered."""
    store = FailingStore()
    appender = make_appender(store)
    refused = outcomes_of(appender, make_draft(1), make_draft(1))

    store.failing = False
    again = outcomes_of(appender, make_draft(1))

    assert refused == [AppendFailed, DuplicateRequest]
    assert again == [0]
    assert len(store.keys) == 1


def test_a_write_that_reports_failure_but_happened_stops_the_ledger() -> None:
    """The head tells: nothing may be signed after that."""
    failing = FailingStore()
    failing.persisted = True

    with pytest.raises(AuditError, match="moved the head"):
        make_appender(failing).append_batch([make_draft()])


class UnreadableStore(FailingStore):
    """A store that wrote, said that it did not, and then cannot be read for a while."""

    persisted = True
    readable = True

    @override
    def counter(self, gateway: str) -> int:
        """Give the counter, if it can be read."""
        if not self.readable:
            raise StorageBroken("gone")
        return super().counter(gateway)


def test_a_doubt_is_settled_before_the_next_batch() -> None:
    """What could not be checked after a failure is checked before anything else is signed."""
    store = UnreadableStore()
    appender = make_appender(store)
    store.readable = False
    refused = outcomes_of(appender, make_draft(1))
    store.readable, store.failing = True, False

    with pytest.raises(LedgerStopped):
        appender.append_batch([make_draft(2)])

    assert refused == [AppendFailed]
