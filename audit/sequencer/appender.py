"""From drafts to durable entries with receipts: one batch, one transaction; no threads here."""

import re
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.entry import MAX_LEAF_BYTES, CanonicalBytes, Draft, EntryType, Json, Receipt
from audit.errors import (
    AppendFailed,
    AuditError,
    DuplicateRequest,
    IdTaken,
    LeafInvalid,
    LedgerStopped,
    SealInvalid,
)
from audit.merkle import Frontier, Growth, grow, leaf_hash
from audit.note import Signer
from audit.proof import TlogProof, format_proof
from audit.schema import COMMITMENT_LABELS, check_schema
from audit.seal import PARTICULARS, REPLAY, DataKey, KeyCache, Seal, commit, particulars_of
from audit.storage.contract import Batch, Entry, Head, Sealed, SealedReplay, Store, SubjectKey

_R_BYTES: Final = 32
_SWEEP_MS: Final = 60_000  # Expired answers go once a minute, so that most batches skip the search.
_REQUEST_ID = re.compile("[0-9a-f]{32}")
_SET_BY_LEDGER: Final = frozenset({"v", "type", "id", "time", "gateway", "counter", "commitments"})
_COMMITTING: Final = (EntryType.DISCLOSURE, EntryType.REFUSAL)

Outcome = Receipt | AuditError


@dataclass(frozen=True, slots=True)
class Means:
    """What an appender works with: its name, its keys, its clock and its randomness.

    Units:   clock_ms gives ms since 1970; replay_ms is how long an answer is kept for replay.
    """

    signer: Signer
    gateway_id: str
    seal: Seal
    clock_ms: Callable[[], int]
    random: Callable[[int], bytes]
    replay_ms: int


@dataclass(slots=True)
class _Work:
    time: int
    counter: int
    index: int
    positions: list[int] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    fresh_keys: dict[bytes, DataKey] = field(default_factory=dict)
    subject_keys: list[SubjectKey] = field(default_factory=list)
    particulars: list[Sealed] = field(default_factory=list)
    replays: list[SealedReplay] = field(default_factory=list)


def check_draft(draft: Draft) -> None:
    """Promise that this draft has the shapes that `Draft` names.

    Raises:  LeafInvalid.
    """
    if _REQUEST_ID.fullmatch(draft.request_id) is None:
        raise LeafInvalid("a request id is 32 lowercase hex digits")
    if not _SET_BY_LEDGER.isdisjoint(draft.members):
        raise LeafInvalid("a draft sets a member that only the ledger sets")
    if not draft.committed.keys() <= set(COMMITMENT_LABELS):
        raise LeafInvalid("a commitment has an unknown label")
    if any(type(value) is not bytes for value in draft.committed.values()):
        raise LeafInvalid("committed values are bytes")
    if (draft.replay is None) != (draft.replay_digest is None):
        raise LeafInvalid("an answer to replay and its digest come together")
    if draft.replay_digest is not None and len(draft.replay_digest) != _R_BYTES:
        raise LeafInvalid("a replay digest has 32 bytes")


class Appender:
    """The one writer of a log; belongs to one thread, and starts from a verified head."""

    def __init__(
        self, store: Store, means: Means, head: Head, frontier: Frontier, counter: int
    ) -> None:
        self._store = store
        self._means = means
        self.head = head
        self._frontier = frontier
        self._counter = counter
        self._cache = KeyCache()
        self._swept = 0

    def append_batch(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Write all drafts that can be written, and tell each caller what became of theirs.

        Effects: one transaction, durable before return; a refused draft uses no counter.
        Raises:  LedgerStopped, HeadMoved, StorageBroken, after which nothing may be appended.
        """
        outcomes: list[Outcome | None] = [None] * len(drafts)
        seen: set[str] = set()
        for position, draft in enumerate(drafts):
            if draft.request_id in seen:
                outcomes[position] = DuplicateRequest("twice in one batch")
            seen.add(draft.request_id)
        try:
            self._write_without_known(drafts, outcomes)
        except (AppendFailed, IdTaken) as error:
            if self._store.head() != self.head:
                raise LedgerStopped("a write reported failure but moved the head") from error
        return [
            AppendFailed("the batch was not stored") if outcome is None else outcome
            for outcome in outcomes
        ]

    def _write_without_known(self, drafts: Sequence[Draft], outcomes: list[Outcome | None]) -> None:
        try:
            self._write(drafts, outcomes)
        except IdTaken:
            known = self._store.known_ids([draft.request_id for draft in drafts])
            for position, draft in enumerate(drafts):
                if outcomes[position] is None and draft.request_id in known:
                    outcomes[position] = DuplicateRequest("an entry has this request id")
            self._write(drafts, outcomes)

    def _write(self, drafts: Sequence[Draft], outcomes: list[Outcome | None]) -> None:
        time = max(self._means.clock_ms(), self.head.last_time)
        work = _Work(time, self._counter, self.head.size)
        for position, draft in enumerate(drafts):
            if outcomes[position] is None:
                try:
                    self._prepare(draft, work)
                except (LeafInvalid, SealInvalid) as error:
                    outcomes[position] = error
                else:
                    work.positions.append(position)
        if not work.entries:
            return
        growth = grow(self._frontier, [entry.leaf_hash for entry in work.entries])
        note = self._commit(work, growth)
        for position, entry in zip(work.positions, work.entries, strict=True):
            outcomes[position] = self._receipt(entry, growth, note)

    def _commit(self, work: _Work, growth: Growth) -> bytes:
        root = growth.frontier.root
        new = Head(growth.frontier.size, root, work.time)
        signer = self._means.signer
        note = signer.sign(format_checkpoint(Checkpoint(signer.name, new.size, root)))
        sweep = work.time if work.time - self._swept >= _SWEEP_MS else 0
        self._store.commit(
            Batch(
                old=self.head,
                new=new,
                checkpoint=note,
                entries=work.entries,
                nodes=list(growth.stored_nodes()),
                subject_keys=work.subject_keys,
                particulars=work.particulars,
                replays=work.replays,
                expire_before=sweep,
            )
        )
        self.head, self._frontier, self._counter = new, growth.frontier, work.counter
        self._swept = sweep or self._swept
        for lookup, key in work.fresh_keys.items():
            self._cache.add(lookup, key)
        return note

    def _prepare(self, draft: Draft, work: _Work) -> None:
        openings = self._openings(draft)
        leaf = self._leaf(draft, work, openings)
        key = self._data_key(draft.subject, work)
        seal, request_id = self._means.seal, draft.request_id
        if openings or draft.subject is not None:
            particulars = particulars_of(draft, openings)
            sealed = seal.seal(key, PARTICULARS, request_id, particulars)
            work.particulars.append(Sealed(work.index, key.key_id, sealed))
        if draft.replay is not None and draft.replay_digest is not None:
            expires, sealed = (
                work.time + self._means.replay_ms,
                seal.seal(key, REPLAY, request_id, draft.replay),
            )
            work.replays.append(
                SealedReplay(work.index, expires, draft.replay_digest, key.key_id, sealed)
            )
        work.entries.append(Entry(work.index, request_id, leaf, leaf_hash(leaf)))
        work.index, work.counter = work.index + 1, work.counter + 1

    def _openings(self, draft: Draft) -> dict[str, bytes]:
        if not draft.committed:
            return {}
        block = self._means.random(_R_BYTES * len(draft.committed))
        return {
            label: block[_R_BYTES * i : _R_BYTES * (i + 1)]
            for i, label in enumerate(draft.committed)
        }

    def _leaf(self, draft: Draft, work: _Work, openings: dict[str, bytes]) -> CanonicalBytes:
        leaf: dict[str, Json] = {
            **draft.members,
            "v": 1,
            "type": draft.type.value,
            "id": draft.request_id,
            "time": work.time,
            "gateway": self._means.gateway_id,
            "counter": work.counter,
        }
        if openings or draft.type in _COMMITTING:
            leaf["commitments"] = {
                label: b2a_base64(
                    commit(r, label, draft.request_id, 0, draft.committed[label]), newline=False
                ).decode()
                for label, r in openings.items()
            }
        check_schema(leaf)
        # Within the schema orjson gives the bytes of `canonical` far faster; the verifier,
        # which must do without it, compares them again.
        data = orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS)
        if len(data) > MAX_LEAF_BYTES:
            raise LeafInvalid("the leaf is too long")
        return CanonicalBytes(data)

    def _data_key(self, subject: bytes | None, work: _Work) -> DataKey:
        seal = self._means.seal
        if subject is None:
            return seal.epoch_key
        lookup = seal.lookup(subject)
        key = self._cache.find(lookup) or work.fresh_keys.get(lookup)
        if key is None:
            row = self._store.key_of(lookup)
            if row is None:
                row, key = seal.new_key(lookup)
                work.subject_keys.append(row)
            else:
                key = seal.unwrap(row)
            work.fresh_keys[lookup] = key
        return key

    def _receipt(self, entry: Entry, growth: Growth, note: bytes) -> Receipt:
        path = growth.path(entry.index)
        proof = format_proof(TlogProof(entry.index, path, note, entry.leaf))
        origin = self._means.signer.name
        return Receipt(origin, entry.index, entry.request_id, entry.leaf, proof)
