"""From drafts to durable entries with receipts: one turn, one batch; no threads here.

Other gateways may write to the same log. Each takes the head in turn, and one that finds the head
moved follows it first: the tree must continue what it signed itself, and be signed by the same key.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.entry import Draft, EntryType, Json, Receipt
from audit.errors import (
    AppendFailed,
    AuditError,
    DuplicateRequest,
    HeadMoved,
    IdTaken,
    KeysRotated,
    LeafInvalid,
    LedgerStopped,
    SealInvalid,
    StorageBroken,
)
from audit.merkle import Frontier, Growth, grow, leaf_hash
from audit.note import Signer
from audit.seal import Seal
from audit.sequencer.checking import followed
from audit.sequencer.leaves import LeafWriter
from audit.sequencer.parcels import Parcel, parcel_of
from audit.sequencer.preparing import Preparer
from audit.sequencer.receipts import Placed, placed, receipt_of
from audit.storage.contract import Batch, Entry, Head, Sealed, SealedReplay, Store, Upkeep

_SWEEP_MS: Final = 60_000  # Expired answers go once a minute, so that most batches skip the search.

Outcome = Receipt | AuditError
_Outcomes = list[Placed | AuditError | None]  # By position; none while nothing became of a draft.


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of each draft of a batch, in order, and the checkpoint over all that stand."""

    outcomes: Sequence[Placed | AuditError]
    note: bytes


@dataclass(frozen=True, slots=True)
class Means:
    """What an appender works with: its name, its keys, its clock and its randomness.

    Shapes:  previous: the note of the last checkpoint of the log that a new one comes after.
    Units:   clock_ms gives ms since 1970; replay_ms is how long an answer is kept for replay.
    """

    signer: Signer
    gateway_id: str
    seal: Seal
    clock_ms: Callable[[], int]
    random: Callable[[int], bytes]
    replay_ms: int
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class _Change:
    """What a batch does beside adding entries."""

    upkeep: Upkeep | None = None
    epoch: int | None = None


@dataclass(slots=True)
class _Work:
    time: int
    counter: int
    index: int
    positions: list[int] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    particulars: list[Sealed] = field(default_factory=list)
    replays: list[SealedReplay] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Written:
    """A batch that is durable, of which the places can be told."""

    work: _Work
    growth: Growth
    note: bytes


class Appender:
    """One of the writers of a log; belongs to one thread, and starts from a verified head."""

    def __init__(
        self, store: Store, means: Means, head: Head, frontier: Frontier, counter: int
    ) -> None:
        self._store = store
        self._means = means
        self.head = head
        self._frontier = frontier
        self._counter = counter
        self._preparer = Preparer(means.seal, means.random, store.key_of)
        self._leaves = LeafWriter(means.gateway_id)
        self._doubtful = False
        self._swept = 0

    def begin(self) -> None:
        """Write the genesis entry, unless another gateway did.

        Raises:  what `append_parcels` raises, and LeafInvalid if no leaf can hold the origin.
        """
        try:
            self._begin_once()
        except HeadMoved:  # Two began at once. The second finds the entry of the first.
            self._begin_once()

    def append_batch(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Write drafts of this process as one batch, and give the receipts.

        Raises:  LeafInvalid if one cannot be told in plain values; what `append_parcels` raises.
        """
        return self._receipts(drafts, _Change())

    def append_parcels(self, parcels: Sequence[Parcel]) -> Answer:
        """Write all drafts that can be written, and tell each caller what became of theirs.

        Effects: one transaction, durable before return; a refused draft uses no counter.
        Raises:  LedgerStopped, KeysRotated, LedgerCorrupt, HeadMoved, StorageBroken and what a
                 checkpoint that is not ours raises; after any of these nothing may be appended.
        """
        return self._append(parcels, _Change())

    def append_upkeep(self, draft: Draft, upkeep: Upkeep, epoch: int | None = None) -> Receipt:
        """Write one entry, and do in the same transaction what it tells.

        Units:   epoch: the epoch of the log from here on, if it changes.
        Raises:  LeafInvalid, SealInvalid, DuplicateRequest, AppendFailed if nothing was written;
                 what `append_parcels` raises.
        """
        [outcome] = self._receipts([draft], _Change(upkeep, epoch))
        self._preparer.forget()
        if isinstance(outcome, AuditError):
            raise outcome
        return outcome

    def _begin_once(self) -> None:
        verifier = self._means.signer.verifier
        members: dict[str, Json] = {"origin": verifier.name, "vkey": verifier.vkey}
        if self._means.previous is not None:
            members["previous"] = self._means.previous
        draft = Draft(EntryType.GENESIS, self._means.random(16).hex(), members)
        outcomes: _Outcomes = [None]
        with self._store.turn() as head:
            self._follow(head, _Change())
            if head.size == 0:
                self._write([parcel_of(draft)], outcomes, _Change())
        if isinstance(outcomes[0], AuditError):
            raise outcomes[0]

    def _receipts(self, drafts: Sequence[Draft], change: _Change) -> list[Outcome]:
        answer = self._append([parcel_of(draft) for draft in drafts], change)
        origin = self._means.signer.name
        return [
            told
            if isinstance(told, AuditError)
            else receipt_of(origin, draft.request_id, told, answer.note)
            for draft, told in zip(drafts, answer.outcomes, strict=True)
        ]

    def _append(self, parcels: Sequence[Parcel], change: _Change) -> Answer:
        outcomes: _Outcomes = [None] * len(parcels)
        seen: set[str] = set()
        for position, parcel in enumerate(parcels):
            if parcel.request_id in seen:
                outcomes[position] = DuplicateRequest("twice in one batch")
            seen.add(parcel.request_id)
        note = b""
        try:
            note = self._take_turns(parcels, outcomes, change)
        except (AppendFailed, IdTaken) as error:
            self._check_unmoved(error)
        told = [
            AppendFailed("the batch was not stored") if outcome is None else outcome
            for outcome in outcomes
        ]
        return Answer(told, note)

    def _take_turns(self, parcels: Sequence[Parcel], outcomes: _Outcomes, change: _Change) -> bytes:
        try:
            written = self._take_turn(parcels, outcomes, change)
        except IdTaken:
            known = self._store.known_ids([parcel.request_id for parcel in parcels])
            for position, parcel in enumerate(parcels):
                if outcomes[position] is None and parcel.request_id in known:
                    outcomes[position] = DuplicateRequest("an entry has this request id")
            written = self._take_turn(parcels, outcomes, change)
        if written is None:
            return b""
        # Others may write already while the places of this batch are told.
        work = written.work
        places = placed(work.entries, written.growth)
        for position, place in zip(work.positions, places, strict=True):
            outcomes[position] = place
        return written.note

    def _take_turn(
        self, parcels: Sequence[Parcel], outcomes: _Outcomes, change: _Change
    ) -> _Written | None:
        with self._store.turn() as head:
            self._follow(head, change)
            return self._write(parcels, outcomes, change)

    def _follow(self, head: Head, change: _Change) -> None:
        if head.size and head.epoch != self._means.seal.epoch and change.epoch is None:
            raise KeysRotated("the data keys were wrapped anew under another epoch key")
        if head == self.head and not self._doubtful:
            return
        self._check_counter()
        if head != self.head:
            verifier = self._means.signer.verifier
            self._frontier = followed(self._store, self._frontier, head, verifier)
            self._preparer.forget()
            self.head = head
        self._doubtful = False

    def _check_unmoved(self, error: AuditError) -> None:
        # What cannot be read now is checked at the begin of the next turn.
        self._doubtful = True
        with suppress(AppendFailed, StorageBroken):
            self._check_counter(error)

    def _check_counter(self, error: AuditError | None = None) -> None:
        # Nobody else counts for this gateway. So entries beyond its count are its own, and stand
        # although the store said that they do not.
        if self._store.counter(self._means.gateway_id) != self._counter:
            raise LedgerStopped("a write reported failure but moved the head") from error

    def _write(
        self, parcels: Sequence[Parcel], outcomes: _Outcomes, change: _Change
    ) -> _Written | None:
        self._preparer.dropped()
        time = max(self._means.clock_ms(), self.head.last_time)
        work = _Work(time, self._counter, self.head.size)
        for position, parcel in enumerate(parcels):
            if outcomes[position] is None:
                try:
                    self._add(parcel, work)
                except (LeafInvalid, SealInvalid) as error:
                    outcomes[position] = error
                else:
                    work.positions.append(position)
        if not work.entries:
            return None
        growth = grow(self._frontier, [entry.leaf_hash for entry in work.entries])
        return _Written(work, growth, self._commit(work, growth, change))

    def _commit(self, work: _Work, growth: Growth, change: _Change) -> bytes:
        root = growth.frontier.root
        new = Head(growth.frontier.size, root, work.time, change.epoch or self._means.seal.epoch)
        signer = self._means.signer
        note = signer.sign(format_checkpoint(Checkpoint(signer.name, new.size, root)))
        sweep = work.time if work.time - self._swept >= _SWEEP_MS else 0
        self._store.commit(
            Batch(
                old=self.head,
                new=new,
                gateway=self._means.gateway_id,
                counter=work.counter,
                checkpoint=note,
                entries=work.entries,
                nodes=list(growth.stored_nodes()),
                subject_keys=self._preparer.fresh_keys(),
                particulars=work.particulars,
                replays=work.replays,
                expire_before=sweep,
                upkeep=change.upkeep,
            )
        )
        self.head, self._frontier, self._counter = new, growth.frontier, work.counter
        self._swept = sweep or self._swept
        self._preparer.stored()
        return note

    def _add(self, parcel: Parcel, work: _Work) -> None:
        prepared = self._preparer.prepare(parcel)
        try:
            leaf = self._leaves.write(
                parcel, prepared.commitments, time=work.time, counter=work.counter
            )
        except LeafInvalid:
            self._preparer.withdraw()
            raise
        for position, (key_id, sealed) in enumerate(prepared.particulars):
            work.particulars.append(Sealed(work.index, position, key_id, sealed))
        if prepared.replay is not None and parcel.replay_digest is not None:
            expires = work.time + self._means.replay_ms
            row = SealedReplay(work.index, expires, parcel.replay_digest, *prepared.replay)
            work.replays.append(row)
        work.entries.append(Entry(work.index, parcel.request_id, leaf, leaf_hash(leaf)))
        work.index, work.counter = work.index + 1, work.counter + 1
