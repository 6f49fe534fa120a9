"""What the verifier asks of a ledger, wherever it is kept; everything it gives is untrusted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """One entry as it was found.

    Shapes:  request_id: none where entries are not filed under one, empty if it is unsound.
             leaf: none if it is absent, empty if it is unsound. leaf_hash: empty if it is unsound.
    """

    index: int
    request_id: str | None
    leaf: bytes | None
    leaf_hash: bytes


class Reader(Protocol):
    """A ledger or a bundle of one; asked again, it gives the same again.

    Every method may raise LedgerUnreadable, and VerificationFailed where a file of a bundle is
    malformed.
    """

    @property
    def partial(self) -> bool:
        """Whether it says itself that it holds a part of the leaves only."""
        ...

    def head(self) -> tuple[int, bytes] | None:
        """Give size and root as the head tells them."""

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Give size and note of each checkpoint by size; one size may come more than once."""
        ...

    def newest_note(self) -> bytes | None:
        """Give the note of the newest checkpoint."""

    def stamps(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Give size, note and response of each time stamp over a checkpoint, the newest first."""
        ...

    def entries(self) -> Iterator[FoundEntry]:
        """Give all entries by index."""
        ...

    def entry(self, index: int) -> bytes | None:
        """Give the leaf at one index."""

    def nodes(self, level: int) -> Iterator[tuple[int, bytes]]:
        """Give index and hash of each stored node of one level."""
        ...

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the stored hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        ...

    def openings(self) -> Iterator[tuple[int, bytes]]:
        """Give index and content of each opening that came with it."""
        ...
