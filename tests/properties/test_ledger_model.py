"""A real ledger beside a naive one: whatever is done to both, in any order, they tell the same.

Two gateways and a keeper write, crash, are refused and come back; the clock goes where it likes;
copies are taken and put back.
"""

import shutil
import sqlite3
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from audit.bundle import write_bundle
from audit.entry import Receipt, parse_leaf
from audit.errors import (
    DuplicateRequest,
    KeysRotated,
    NothingToErase,
    NothingToOpen,
    NothingToPrune,
    RollbackSeen,
    StorageBroken,
)
from audit.keeping import keys_of_epoch, next_keys
from audit.merkle import consistency_path, verify_consistency
from audit.reading import StoredTree
from audit.verifier.folder import BundleFolder
from audit.verifier.verify import verify_ledger
from tests.fakes_audit import VKEY, make_draft
from tests.fakes_faults import Faulty, sqlite_fails
from tests.fakes_keeping import ORDER, nobody_draft, replayed_draft, several_draft
from tests.naive_ledger import GATEWAYS, KEEPER, WRITERS, Ledgers

PERSONS = [b"99990%04d" % number for number in range(4)]
TILE = 256
STEPS = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

gateways = st.sampled_from(GATEWAYS)
persons = st.sampled_from(PERSONS)


class LedgerMachine(RuleBasedStateMachine):
    """The two ledgers, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.both = Ledgers()
        self.naive = self.both.naive
        self.backup: tuple[int, Path] | None = None

    @initialize()
    def begin(self) -> None:
        """Make the log long enough to be pruned."""
        self.both.append("gw-1", [nobody_draft(self.both.next()) for _ in range(TILE)])

    @rule(name=gateways, about=persons, kept=st.booleans())
    def append_one(self, name: str, about: bytes, *, kept: bool) -> None:
        """Write about one person, with or without an answer to replay."""
        make = replayed_draft if kept else make_draft
        self.both.append(name, [replace(make(self.both.next()), subject=about)])

    @rule(name=gateways, abouts=st.lists(persons, min_size=2, max_size=4, unique=True))
    def append_several(self, name: str, abouts: list[bytes]) -> None:
        """Write one entry about several persons, and one about nobody, in one batch."""
        several = several_draft(self.both.next(), abouts)
        self.both.append(name, [several, nobody_draft(self.both.next())])

    @rule(name=gateways, old=st.integers(0, 10**6))
    def append_again(self, name: str, old: int) -> None:
        """Ask for an entry that stands, whoever wrote it, and twice for a new one, in one batch."""
        before = parse_leaf(self.naive.leaves[old % len(self.naive.leaves)])
        fresh = nobody_draft(self.both.next())
        again = replace(fresh, request_id=str(before["id"]))

        outcomes = self.both.append(name, [again, fresh, fresh])

        assert [type(o) for o in outcomes] == [DuplicateRequest, Receipt, DuplicateRequest]

    @rule(name=gateways, at=st.integers(1, 16), after=st.booleans(), about=persons)
    def break_off(self, name: str, at: int, about: bytes, *, after: bool) -> None:
        """Let the disk fail at a statement: the writer stops, and opens again."""
        writer = self.both.writers[name]
        real, fault = writer.store._writer, sqlite_fails(sqlite3.SQLITE_IOERR)
        faulty = Faulty(real, at, fault, after=after)
        writer.store._writer = cast("sqlite3.Connection", faulty)
        draft = replace(make_draft(self.both.next()), subject=about)
        handed_out = len(self.naive.proofs)
        with suppress(StorageBroken):
            self.both.append(name, [draft])
        writer.store._writer = real
        self.crash(name)
        if len(self.naive.proofs) == handed_out:
            self.both.hear({draft.request_id: draft})

    @rule(name=st.sampled_from(WRITERS))
    def crash(self, name: str) -> None:
        """End without a word, and open again."""
        self.both.end(name)
        self.both.open(name)

    @rule(about=persons)
    def erase(self, about: bytes) -> None:
        """Erase a person, of whom something is sealed or not."""
        try:
            report = self.both.keeper().erase(about, ORDER)
        except NothingToErase:
            assert about not in self.naive.sealed.values()
            return
        assert about in self.naive.sealed.values()
        self.naive.sealed = {at: s for at, s in self.naive.sealed.items() if s != about}
        self.both.took(KEEPER, report.receipt, [None])

    @rule(tiles=st.integers(0, 3))
    def prune(self, tiles: int) -> None:
        """Let the content of whole tiles go."""
        below = min(tiles * TILE, len(self.naive.leaves) // TILE * TILE)
        try:
            report = self.both.keeper().retain(tiles * TILE, ORDER)
        except NothingToPrune:
            assert below <= self.naive.below
            return
        assert report.below == below > self.naive.below
        self.naive.below = below
        self.naive.sealed = {at: s for at, s in self.naive.sealed.items() if at[0] >= below}
        self.both.took(KEEPER, report.receipt, [None])

    @rule(index=st.integers(0, 10**6))
    def look(self, index: int) -> None:
        """Look at what is sealed beside an entry."""
        index %= len(self.naive.leaves)
        request_id = str(parse_leaf(self.naive.leaves[index])["id"])
        expected = {at[1]: s for at, s in self.naive.sealed.items() if at[0] == index}
        try:
            found = self.both.keeper().look(request_id, "officer", ORDER)
        except NothingToOpen:
            assert expected == {}
            return
        assert {place: p.subject for place, p in found.seen.items()} == expected
        self.both.took(KEEPER, found.receipt, [None])

    @rule()
    def rotate(self) -> None:
        """Wrap all keys anew; the gateways stop and come back with the new keys."""
        epoch = self.both.keys.newest + 1
        keys = next_keys(self.both.keys, epoch.to_bytes(32, "big"))
        self.both.took(KEEPER, self.both.keeper().rotate(keys), [])
        for name in GATEWAYS:
            try:
                self.both.writers[name].appender.append_batch([nobody_draft(self.both.next())])
            except KeysRotated:
                continue
            raise AssertionError("a gateway with the old keys wrote")
        self.both.keys = keys_of_epoch(keys, epoch)
        for name in WRITERS:
            self.crash(name)

    @rule(step_ms=st.integers(-(10**10), 10**10))
    def move_clock(self, step_ms: int) -> None:
        """Move the clock of the machine back or forth, by up to four months."""
        self.both.clock.ms = max(self.both.clock.ms + step_ms, 0)

    @rule()
    def export(self) -> None:
        """Write a bundle, which says the same as the log."""
        target = self.both.folder / f"bundle-{self.both.next()}"
        write_bundle(self.both.reader, target)
        bundle = verify_ledger(BundleFolder(target), vkey=VKEY)

        told = self.both.verified()
        assert (bundle.size, bundle.root, bundle.counts, bundle.absent) == (
            told.size,
            told.root,
            told.counts,
            told.absent,
        )
        shutil.rmtree(target)

    @rule()
    def back_up(self) -> None:
        """Take a copy, while everybody goes on."""
        target = self.both.folder / f"backup-{self.both.next()}.db"
        self.both.copy_to(target)
        self.backup = len(self.naive.leaves), target

    @precondition(lambda self: self.backup is not None)
    @rule(name=gateways)
    def restore(self, name: str) -> None:
        """Put the copy back: a gateway that knows of more refuses it, and the log is put right."""
        assert self.backup is not None
        newest = self.both.folder / "newest.db"
        self.both.copy_to(newest)
        size, copy = self.backup
        known = self.both.marked(name)
        self.both.put_back(copy)
        try:
            self.both.open(name)
        except RollbackSeen:
            assert known > size
        else:
            assert known <= size
        self.both.put_back(newest)
        for each in WRITERS:
            self.both.open(each)

    @invariant()
    def the_log_is_sound(self) -> None:
        """Let an auditor find no defect, and as many entries as there should be."""
        summary = self.both.verified()

        assert summary.size == len(self.naive.leaves)
        assert summary.absent == self.naive.below

    @invariant()
    def the_leaves_are_those(self) -> None:
        """Every leaf stands where it was written, until it is pruned; counters have no gaps."""
        stored = [entry.leaf for entry in self.both.reader.entries(0, len(self.naive.leaves) + 1)]
        below = self.naive.below
        leaves = [parse_leaf(leaf) for leaf in self.naive.leaves]
        times = [int(str(leaf["time"])) for leaf in leaves]
        counts: Counter[str] = Counter()
        for leaf in leaves:
            assert leaf["counter"] == counts[str(leaf["gateway"])]
            counts[str(leaf["gateway"])] += 1

        assert stored == [None] * below + self.naive.leaves[below:]
        assert times == sorted(times)

    @invariant()
    def each_checkpoint_continues_the_one_before(self) -> None:
        """Every root that was ever shown is proven to begin the next one."""
        hash_at = StoredTree(self.both.reader.hashes).hash_at
        for (old, old_root), (new, root) in pairwise(sorted(self.naive.roots.items())):
            path = consistency_path(old, new, hash_at)
            verify_consistency(
                old_size=old, new_size=new, path=path, old_root=old_root, new_root=root
            )

    @invariant()
    def what_opens_is_what_was_not_erased(self) -> None:
        """Under the keys of now everything opens that should, and nothing else."""
        assert self.both.opened() == self.naive.sealed

    @override
    def teardown(self) -> None:
        """Every receipt that was ever handed out still verifies, and the log still holds it."""
        try:
            self.both.verify_receipts()
        finally:
            self.both.close()


def test_the_ledger_does_what_a_naive_one_does() -> None:
    """Whatever is done, in any order: nothing is lost, nothing comes back, all is provable."""
    run_state_machine_as_test(LedgerMachine, settings=STEPS)
