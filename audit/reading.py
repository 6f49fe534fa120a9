"""Reading the ledger from inside the gateway: checkpoints, receipts, replays; writes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from audit.checkpoint import parse_checkpoint
from audit.entry import Receipt
from audit.errors import LedgerCorrupt
from audit.merkle import inclusion_path, node_hash
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

    def checkpoint(self) -> bytes:
        """Give the newest signed checkpoint.

        Raises:  LedgerCorrupt if there is none; every opened ledger has one.
        """
        note = self._store.checkpoint()
        if note is None:
            raise LedgerCorrupt("the ledger has no checkpoint")
        return note

    def receipt(self, request_id: str) -> Receipt | None:
        """Give the same receipt, byte for byte, that was handed out when the entry was written."""
        entry = self._store.entry(request_id)
        if entry is None:
            return None
        note = self._store.checkpoint(covering=entry.index)
        if note is None:
            raise LedgerCorrupt("an entry has no checkpoint")
        size = parse_checkpoint(note.rpartition(b"\n\n")[0] + b"\n").size
        path = inclusion_path(entry.index, size, StoredTree(self._store.hashes).hash_at)
        proof = format_proof(TlogProof(entry.index, path, note, entry.leaf))
        return Receipt(self._origin, entry.index, request_id, entry.leaf, proof)

    def replay(self, request_id: str) -> Replay | None:
        """Give the answer kept for this request; none if it expired, was erased or never was.

        Raises:  SealInvalid if it was sealed under other keys.
        """
        row = self._store.replay(request_id)
        if row is None or row.expires_ms <= self._clock_ms():
            return None
        key = self._seal.epoch_key
        if row.key_id:
            wrapped = self._store.subject_key(row.key_id)
            if wrapped is None:
                return None
            key = self._seal.unwrap(wrapped)
        return Replay(row.digest, self._seal.unseal(key, REPLAY, request_id, row.sealed))

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Give the entries with start <= index < stop, in order."""
        return self._store.entries(start, stop)
