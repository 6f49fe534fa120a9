"""What the ledger asks of a store, and the plain rows that pass between them; no database here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from audit.merkle import EMPTY_ROOT, RootHash

MAX_BATCH = 1024  # One transaction: large enough to share a sync, small enough to stay under 50 ms.


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log stands.

    Units:   size in leaves; last_time in ms since 1970.
    """

    size: int = 0
    root: RootHash = EMPTY_ROOT
    last_time: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored."""

    index: int
    request_id: str
    leaf: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """The data key of one subject, wrapped; lookup is a keyed hash, key_id is random."""

    key_id: bytes
    lookup: bytes
    wrapped: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """The sealed particulars of one entry; an empty key_id names the epoch key itself."""

    index: int
    key_id: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class SealedReplay:
    """A sealed answer, kept until expires_ms for the same request to be asked again."""

    index: int
    expires_ms: int
    digest: bytes
    key_id: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes.

    Units:   replays that expired before expire_before (ms) go in the same transaction, up to the
             first entry whose replay has not expired.
    """

    old: Head
    new: Head
    checkpoint: bytes
    entries: Sequence[Entry]
    nodes: Sequence[tuple[int, int, bytes]]
    subject_keys: Sequence[SubjectKey]
    particulars: Sequence[Sealed]
    replays: Sequence[SealedReplay]
    expire_before: int


class StoreReader(Protocol):
    """A place where entries can be read. It gives committed batches only.

    Every method may raise StorageBroken.
    """

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        ...

    def checkpoint(self, covering: int | None = None) -> bytes | None:
        """Give the newest checkpoint, or the oldest one that covers this index."""
        ...

    def entry(self, request_id: str) -> Entry | None:
        """Give the entry with this request id."""
        ...

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Give the entries with start <= index < stop, in order."""
        ...

    def subject_key(self, key_id: bytes) -> SubjectKey | None:
        """Give the wrapped key of a subject by its id."""
        ...

    def particulars(self, index: int) -> Sealed | None:
        """Give the sealed particulars of one entry."""
        ...

    def replay(self, request_id: str) -> SealedReplay | None:
        """Give the sealed answer of one request, expired or not, while it is kept."""
        ...


class Store(Protocol):
    """A place where one writer keeps entries for good, and what that writer reads of it.

    Every method may raise StorageBroken.
    """

    def check_durable(self) -> None:
        """Promise that a commit survives a power loss, or raise DurabilityMissing."""

    def head(self) -> Head:
        """Give where the log stands."""
        ...

    def commit(self, batch: Batch) -> None:
        """Write the whole batch durably, or nothing.

        Effects: one transaction, durable before return.
        Raises:  AppendFailed if certainly nothing was written, IdTaken if a request id exists,
                 HeadMoved if the head is not batch.old, StorageBroken if the outcome is unknown.
        """

    def known_ids(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Give those of these ids that an entry has."""
        ...

    def last_leaf(self, gateway: str) -> bytes | None:
        """Give the newest leaf that this gateway wrote."""
        ...

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        ...

    def newest_checkpoint(self) -> bytes | None:
        """Give the newest checkpoint."""
        ...

    def key_of(self, lookup: bytes) -> SubjectKey | None:
        """Give the wrapped key of the subject of this lookup."""
        ...
