"""What the ledger asks of a store, and the plain rows that pass between them; no database here.

Whatever changes which keys there are (a new subject, an erasure, a rotation) moves the head in the
same transaction. So a writer that finds the head where it left it may trust what it remembers.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from audit.merkle import EMPTY_ROOT, RootHash

MAX_BATCH = 1024  # One transaction: large enough to share a sync, small enough to stay under 50 ms.


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log stands, and under which epoch key its data keys are wrapped.

    Units:   size in leaves; last_time in ms since 1970; epochs count from 1.
    """

    size: int = 0
    root: RootHash = EMPTY_ROOT
    last_time: int = 0
    epoch: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored; retention takes the leaf away and leaves its hash."""

    index: int
    request_id: str
    leaf: bytes | None
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
    """The sealed particulars of one person in one entry.

    Units:   position counts the persons of one entry from 0.
    """

    index: int
    position: int
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
class Upkeep:
    """What goes away or is wrapped anew in the transaction that records why.

    Shapes:  erased: ids of data keys, which go with all that they seal. rewrapped: the same keys
             under the epoch of the new head; it must name every key that stays.
    Units:   leaves and particulars of entries with index < pruned_below go; hashes stay.
    """

    erased: Sequence[bytes] = ()
    rewrapped: Sequence[SubjectKey] = ()
    pruned_below: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes.

    Units:   replays that expired before expire_before (ms) go in the same transaction, up to the
             first entry whose replay has not expired. counter: the next one of this gateway.
    """

    old: Head
    new: Head
    gateway: str
    counter: int
    checkpoint: bytes
    entries: Sequence[Entry]
    nodes: Sequence[tuple[int, int, bytes]]
    subject_keys: Sequence[SubjectKey]
    particulars: Sequence[Sealed]
    replays: Sequence[SealedReplay]
    expire_before: int
    upkeep: Upkeep | None = None


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

    def particulars(self, index: int) -> list[Sealed]:
        """Give the sealed particulars of one entry, by position."""
        ...

    def pseudonyms(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Give index and key id of the particulars with start <= index < stop, in order."""
        ...

    def subject_keys(self) -> Iterator[SubjectKey]:
        """Give every wrapped key."""
        ...

    def replay(self, request_id: str) -> SealedReplay | None:
        """Give the sealed answer of one request, expired or not, while it is kept."""
        ...


class Store(Protocol):
    """A place where one writer keeps entries for good, and what that writer reads of it.

    Every method may raise StorageBroken, and AppendFailed while the place cannot be reached.
    """

    def check_durable(self) -> None:
        """Promise that a commit survives a power loss, or raise DurabilityMissing."""

    def turn(self) -> AbstractContextManager[Head]:
        """Take the head for this writer alone, and give where the log stands.

        Effects: other writers wait until the block ends; what was not committed in it is undone.
        Raises:  AppendFailed if the turn did not come in time.
        """
        ...

    def commit(self, batch: Batch) -> None:
        """Write the whole batch durably, or nothing; within a turn, at most once.

        Effects: one transaction, durable before return.
        Raises:  AppendFailed if certainly nothing was written, IdTaken if a request id exists,
                 HeadMoved if the head is not batch.old, StorageBroken if the outcome is unknown.
        """

    def head(self) -> Head:
        """Give where the log stands, outside a turn."""
        ...

    def known_ids(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Give those of these ids that an entry has."""
        ...

    def counter(self, gateway: str) -> int:
        """Give the next counter of this gateway; 0 if it has written nothing."""
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


class Annex(Protocol):
    """What is kept beside the entries, for those who check them; nothing decides by it.

    What is there already stays as it is. Every method may raise StorageBroken.
    """

    def add_cosigned(self, size: int, note: bytes) -> None:
        """Keep a checkpoint of this size with the cosignatures of witnesses."""

    def add_stamp(self, size: int, response: bytes) -> None:
        """Keep a time stamp over the checkpoint of this size (RFC 3161 response)."""

    def add_revision(self, digest: str, content: bytes) -> None:
        """Keep a policy revision under the digest that leaves name."""

    def cosigned(self) -> Iterator[tuple[int, bytes]]:
        """Give size and note of every cosigned checkpoint, the newest first."""
        ...

    def stamps(self) -> Iterator[tuple[int, bytes]]:
        """Give size and response of every time stamp, the newest first."""
        ...

    def revision(self, digest: str) -> bytes | None:
        """Give the policy revision of this digest."""
        ...
