"""The hashes of a ledger against what was signed: checks 6, 7 and 15 of the verifier."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from audit.errors import Defect, VerificationFailed
from audit.merkle import STORED_LEVELS, Frontier, grow, leaf_hash
from audit.verifier.reader import FoundEntry, Reader
from audit.verifier.signed import Signed

_CHUNK: Final = 1024  # As many leaves are hashed at a time as one batch can hold.


@dataclass(slots=True)
class Tree:
    """How far the tree was built from what is stored, and how much of that is proven."""

    entries: Iterator[FoundEntry]
    nodes: dict[int, Iterator[tuple[int, bytes]]]
    frontier: Frontier = field(default_factory=Frontier)
    proven: int = 0  # Entries under the newest checkpoint whose root was right.
    matched: int = 0  # Entries under the stored nodes that were right so far.
    suspect: tuple[int, int] | None = None  # Span of the first node that the leaves do not give.

    @classmethod
    def over(cls, reader: Reader) -> "Tree":
        """Begin with nothing built."""
        nodes = {level: reader.nodes(level) for level in STORED_LEVELS}
        return cls(reader.entries(), nodes)

    def grow_to(self, size: int) -> Iterator[list[FoundEntry]]:
        """Take in entries up to this size, and give them in portions as they were found.

        Raises:  VerificationFailed with MISSING, ENTRY_ORDER or LEAF_HASH.
        """
        while self.frontier.size < size:
            start = self.frontier.size
            found = list(islice(self.entries, min(_CHUNK, size - start)))
            if not found:
                return
            for index, entry in enumerate(found, start):
                _check_entry(index, entry)
            self._grow(found)
            yield found

    def check_root(self, size: int, root: bytes, signed: Signed) -> None:
        """Prove that the entries so far are those under this signed root.

        Raises:  VerificationFailed with MISSING, FORK, ROOT or NODE.
        """
        # A node that differs says where, the signed root says what: the leaves or only the node.
        matched = self.matched if self.matched < size else 0
        start, stop = self.suspect or (matched, size)
        if self.frontier.root != root:  # 7
            first, last = max(start, self.proven), min(stop, size) - 1
            raise self._told(size, first, last, signed)
        if self.suspect is not None:  # 7
            raise VerificationFailed(
                start, Defect.NODE, "a stored node is not what the leaves give"
            )
        self.proven = size

    def check_end(self) -> None:
        """Prove that nothing is stored beyond what was built.

        Raises:  VerificationFailed with HEAD.
        """
        if any(next(rows, None) is not None for rows in (self.entries, *self.nodes.values())):  # 15
            raise VerificationFailed(
                self.frontier.size, Defect.HEAD, "there is more than the newest checkpoint covers"
            )

    def _grow(self, found: list[FoundEntry]) -> None:
        growth = grow(self.frontier, [entry.leaf_hash for entry in found])
        for level, index, node in growth.stored_nodes():
            span = (index << level, (index + 1) << level)
            if next(self.nodes[level], None) == (index, node):
                self.matched = span[1]
            else:
                self.suspect = self.suspect or span
        self.frontier = growth.frontier

    def _told(self, size: int, first: int, last: int, signed: Signed) -> VerificationFailed:
        if self.frontier.size < size:
            return VerificationFailed(self.frontier.size, Defect.MISSING, "an entry is missing")
        if signed.forked(size):
            return VerificationFailed(last, Defect.FORK, "the log signed two roots for one size")
        return VerificationFailed(
            first, Defect.ROOT, f"an entry from {first} to {last} is not the one that was signed"
        )


def _check_entry(index: int, entry: FoundEntry) -> None:
    if entry.index != index:  # 6
        defect = Defect.MISSING if entry.index > index else Defect.ENTRY_ORDER
        raise VerificationFailed(index, defect, "an entry is missing or has no place in the log")
    if entry.leaf is not None and leaf_hash(entry.leaf) != entry.leaf_hash:  # 6
        raise VerificationFailed(index, Defect.LEAF_HASH, "the leaf has another hash than stored")
