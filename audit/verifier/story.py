"""What the entries tell, one after the other: checks 8 to 13 of the verifier."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from audit.checkpoint import Checkpoint, parse_checkpoint
from audit.entry import EntryType
from audit.errors import Defect, VerificationFailed
from audit.note import Verifier, split_note
from audit.verifier.leaves import Leaf, LeafReader
from audit.verifier.reader import FoundEntry

_FIRST: Final = (0, 0)


@dataclass(slots=True)
class Story:
    """How far the entries were told, and what they told.

    Units:   times in ms since 1970; indexes and counts in entries.
    """

    log: Verifier
    partial: bool = False  # Leaves may be absent without a word.
    leaves: LeafReader = field(default_factory=LeafReader)
    counts: Counter[str] = field(default_factory=Counter)
    continues: Checkpoint | None = None  # Of the log that this one comes after.
    first_ms: int = 0
    last_ms: int = 0
    absent: int = 0  # Entries of which there is the hash only.
    absent_until: int = 0  # All of those lie below this index.
    unexplained: int = 0  # Absent entries that no gap in a counter spoke for.
    pruned_below: int = 0  # Retention entries allow leaves below this index to be absent.
    _counters: dict[str, tuple[int, int]] = field(default_factory=dict)

    def tell(self, entry: FoundEntry) -> Leaf | None:
        """Take the next entry; give its leaf if it is there.

        Raises:  VerificationFailed.
        """
        if entry.leaf is None:
            self.absent += 1
            self.unexplained += 1
            self.absent_until = entry.index + 1
            return None
        leaf = self.leaves.read(entry.index, entry.leaf)
        self._check_place(entry, leaf)
        self._check_time(entry.index, leaf)
        self._check_counter(entry.index, leaf)
        self._check_retention(entry.index, leaf)
        self.counts[str(leaf.members["type"])] += 1
        return leaf

    def _check_place(self, entry: FoundEntry, leaf: Leaf) -> None:
        if entry.request_id not in {None, leaf.request_id}:  # 9
            raise VerificationFailed(
                entry.index, Defect.ID, "the leaf is filed under another request id"
            )
        first = leaf.members["type"] == EntryType.GENESIS
        if first != (entry.index == 0):  # 10
            raise VerificationFailed(
                entry.index, Defect.GENESIS, "a log has one genesis entry, the first"
            )
        if first and (leaf.members["origin"], leaf.members["vkey"]) != (
            self.log.name,
            self.log.vkey,
        ):  # 10
            raise VerificationFailed(
                entry.index, Defect.GENESIS, "the first entry begins another log"
            )
        if first and "previous" in leaf.members:
            # Its form was checked with the schema; whether it is true, the log before it tells.
            text, _ = split_note(str(leaf.members["previous"]).encode())
            self.continues = parse_checkpoint(text)

    def _check_time(self, index: int, leaf: Leaf) -> None:
        if leaf.time < self.last_ms:  # 11
            raise VerificationFailed(index, Defect.TIME, "time goes back")
        self.first_ms = self.first_ms if self.counts else leaf.time
        self.last_ms = leaf.time

    def _check_counter(self, index: int, leaf: Leaf) -> None:
        gateway = str(leaf.members["gateway"])
        expected, absent = self._counters.get(gateway, _FIRST)
        gap = leaf.counter - expected
        # Each absent entry may have had one counter of one gateway, since that was heard of last.
        if not 0 <= gap <= min(self.absent - absent, self.unexplained):  # 12
            raise VerificationFailed(index, Defect.COUNTER, "the counter of a gateway has a gap")
        self.unexplained -= gap
        self._counters[gateway] = (leaf.counter + 1, self.absent)

    def _check_retention(self, index: int, leaf: Leaf) -> None:
        if leaf.members["type"] != EntryType.RETENTION:
            return
        below = int(str(leaf.members["below"]))
        if below > index:  # 13
            raise VerificationFailed(
                index, Defect.RETENTION, "a retention entry reaches beyond itself"
            )
        self.pruned_below = max(self.pruned_below, below)
