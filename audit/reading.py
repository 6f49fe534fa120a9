"""Reading the ledger from inside the gateway: checkpoints, receipts, replays; writes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from audit.checkpoint import Checkpoint, parse_checkpoint
from audit.entry import Receipt, parse_leaf
from audit.errors import EntryPruned, LeafInvalid, LedgerCorrupt
from audit.merkle import consistency_path, inclusion_path, node_hash
from audit.proof import TlogProof, format_proof
from audit.seal import REPLAY, Seal
from audit.storage.contract import Entry, StoreReader

_TILE_HEIGHT: Final = 8


@dataclass(frozen=True, slots=True)
class Replay:
    """An answer that was given before, for the same request to be answered again.

    Shapes:  digest: 32 bytes over the request it answered. answer: as it was given.
    """

    digest: bytes
    answer: bytes


class StoredTree:
    """The tree as the store holds it: leaf hashes, and nodes at every eighth level."""

    def __init__(self, hashes: Callable[[int, int, int], list[bytes]]) -> None:
        self._hashes = hashes

    def hash_at(self, level: int, index: int) -> bytes:
        """Give the root of one complete subtree.

        Raises:  LedgerCorrupt if the store lacks a part of it.
        """
        base = level - level % _TILE_HEIGHT
        width = 1 << (level - base)
        row = self._hashes(base, index * width, (index + 1) * width)
        if len(row) != width:
            raise LedgerCorrupt("a hash that the tree needs is missing")
        while len(row) > 1:
            row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
        return row[0]


class LedgerReader:
    """What routes get: it can read the log and cannot write."""

    def __init__(
        self, store: StoreReader, *, origin: str, seal: Seal, clock_ms: Callable[[], int]
    ) -> None:
        self._store = store
        self._origin = origin
        self._seal = seal
        self._clock_ms = clock_ms
        self._hash_at = StoredTree(store.hashes).hash_at

    @property
    def origin(self) -> str:
        """The name of the log, which its checkpoints and receipts carry."""
        return self._origin

    def checkpoint(self) -> bytes:
        """Give the newest signed checkpoint.

        Raises:  LedgerCorrupt if there is none; every opened ledger has one.
        """
        note = self._store.checkpoint()
        if note is None:
            raise LedgerCorrupt("the ledger has no checkpoint")
        return note

    def head(self) -> Checkpoint:
        """Give origin, size and root of the newest checkpoint.

        Raises:  LedgerCorrupt if there is none.
        """
        return _checkpoint_in(self.checkpoint())

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """Give the proof that the log at the new size begins with the log at the old size.

        Units:   0 < old_size <= new_size <= the size of the log.
        Raises:  LedgerCorrupt if the store lacks a hash.
        """
        return consistency_path(old_size, new_size, self._hash_at)

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        return self._store.hashes(level, start, stop)

    def receipt(self, request_id: str) -> Receipt | None:
        """Give the same receipt, byte for byte, that was handed out when the entry was written.

        Raises:  EntryPruned if its retention period is over; LedgerCorrupt.
        """
        entry = self._store.entry(request_id)
        if entry is None:
            return None
        if entry.leaf is None:
            raise EntryPruned("the content of this entry went with its retention period")
        note = self._store.checkpoint(covering=entry.index)
        if note is None:
            raise LedgerCorrupt("an entry has no checkpoint")
        path = inclusion_path(entry.index, _checkpoint_in(note).size, self._hash_at)
        proof = format_proof(TlogProof(entry.index, path, note, entry.leaf))
        return Receipt(self._origin, entry.index, request_id, entry.leaf, proof)

    def replay(self, request_id: str) -> Replay | None:
        """Give the answer kept for this request; none if it expired, was erased or never was.

        Raises:  SealInvalid if it was sealed under other keys.
        """
        row = self._store.replay(request_id)
        if row is None or row.expires_ms <= self._clock_ms():
            return None
        key = self._seal.find_key(row.key_id, self._store.subject_key)
        if key is None:
            return None
        return Replay(row.digest, self._seal.unseal(key, REPLAY, request_id, row.sealed))

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Give the entries with start <= index < stop, in order."""
        return self._store.entries(start, stop)

    def pseudonyms(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Give for start <= index < stop the index and the random key id of each data subject."""
        return self._store.pseudonyms(start, stop)

    def index_at(self, time_ms: int) -> int:
        """Give the first index whose entry has this time or a later one; the size if there is none.

        Units:   ms since 1970. Entries whose content was pruned count as earlier than any time.
        """
        low, high = 0, self.head().size
        while low < high:
            middle = (low + high) // 2
            if self._time_of(middle) < time_ms:
                low = middle + 1
            else:
                high = middle
        return low

    def begun_ms(self) -> int:
        """Give the time of the first entry whose content is there, in ms since 1970."""
        return self._time_of(self.index_at(0))

    def _time_of(self, index: int) -> int:
        entry = next(self._store.entries(index, index + 1), None)
        if entry is None:
            raise LedgerCorrupt("an entry is missing")
        if entry.leaf is None:
            return -1
        try:
            time = parse_leaf(entry.leaf).get("time")
        except LeafInvalid as error:
            raise LedgerCorrupt("an entry is malformed") from error
        if not isinstance(time, int):
            raise LedgerCorrupt("an entry has no time")
        return time


def _checkpoint_in(note: bytes) -> Checkpoint:
    return parse_checkpoint(note.rpartition(b"\n\n")[0] + b"\n")
