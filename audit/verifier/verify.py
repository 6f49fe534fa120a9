"""The verifier of a whole ledger: a numbered list, each number repeated where it is checked.

 1. every checkpoint is strictly well-formed              (CHECKPOINT_FORM)
 2. every checkpoint is signed by the auditor's key       (SIGNATURE; KeyMismatch if none is)
 3. the head is the newest checkpoint                     (HEAD)
 4. enough witnesses cosigned one, if a policy says so    (QUORUM)
 5. the newest is not too old, if an age is given         (STALE),
    and one was stamped in time, if roots are given       (STAMP)
 6. every leaf has the hash that is stored for it         (LEAF_HASH, MISSING, ENTRY_ORDER)
 7. every stored node is the one that the leaves give     (NODE),
    and the tree has the signed root at every checkpoint  (ROOT, FORK, MISSING): so each of them
    begins with the one before
 8. every leaf is canonical and fits the schema           (LEAF_FORM, SCHEMA)
 9. every leaf is filed under its own request id          (ID)
10. the first entry begins this very log, no other does   (GENESIS)
11. time never goes back                                  (TIME)
12. the counter of each gateway has no gap                (COUNTER)
13. an absent leaf is covered by a retention entry        (RETENTION)
14. no request id stands twice                            (ID)
15. nothing is stored beyond the newest checkpoint        (HEAD)
16. each opening opens the commitment in its leaf         (OPENING)

Checks 1 to 5 are in signed.py, 6 and 7 in tree.py, 8 to 13 in story.py and leaves.py. Of several
defects the first in this order is told, where 8 to 13 count as one. What a bundle holds in files
of another form is told as BUNDLE_FORM, wherever it is met.

What remains for the auditor: a ledger that was cut off at an older checkpoint is sound by itself.
A recent cosignature, or a receipt kept elsewhere, shows what is missing: `verify_kept_receipt`.
A log that comes after another names its last checkpoint: that log must have that root at that size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from audit.checkpoint import Checkpoint, open_checkpoint
from audit.errors import (
    Defect,
    LeafInvalid,
    LedgerCorrupt,
    NoteInvalid,
    ProofInvalid,
    SignatureInvalid,
    VerificationFailed,
)
from audit.merkle import frontier_at
from audit.note import parse_vkey
from audit.proof import parse_proof, verify_receipt
from audit.reading import StoredTree
from audit.verifier.names import Names
from audit.verifier.opening import check_opening
from audit.verifier.reader import FoundEntry, Reader
from audit.verifier.signed import Dated, Demands, Signed, check_dates, read_checkpoints
from audit.verifier.story import Story
from audit.verifier.tree import Tree

Progress = Callable[[int, int], None]

_NO_DEMANDS: Final = Demands()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a sound ledger holds.

    Units:   size, absent, pruned_below and the counts in entries; times in ms since 1970. absent
             entries are there by hash only.
    Trust:   continues is what the first entry says of the log before; that log proves it.
    """

    vkey: str
    origin: str
    size: int
    root: bytes
    checkpoints: int
    counts: dict[str, int]
    first_ms: int
    last_ms: int
    partial: bool
    absent: int
    pruned_below: int
    openings: int
    dated: Dated
    continues: Checkpoint | None = None


def verify_ledger(
    reader: Reader,
    *,
    vkey: str,
    demands: Demands = _NO_DEMANDS,
    progress: Progress | None = None,
) -> Summary:
    """Prove that this ledger is whole, or name the first bad index and the class of the defect.

    Trust:   reader gives what may be an attacker's; vkey and demands come from the auditor.
    Effects: progress is called with (entries done, entries in all) now and then. The ids of very
             many entries are sorted in a temporary file.
    Raises:  VerificationFailed, KeyMismatch, KeyInvalid, PolicyInvalid, LedgerUnreadable.
    """
    log = parse_vkey(vkey)
    signed = read_checkpoints(reader, log)
    size, root = signed.newest()
    if reader.head() != (size, root):  # 3
        raise VerificationFailed(size, Defect.HEAD, "the head is not the newest checkpoint")
    dated = check_dates(reader, signed, log, demands)
    story = Story(log, partial=reader.partial and not demands.whole)
    _check_entries(reader, signed, story, progress)
    return Summary(
        vkey=vkey,
        origin=log.name,
        size=size,
        root=root,
        checkpoints=signed.count(),
        counts=dict(story.counts),
        first_ms=story.first_ms,
        last_ms=story.last_ms,
        partial=reader.partial,
        absent=story.absent,
        pruned_below=story.pruned_below,
        openings=_check_openings(reader),
        dated=dated,
        continues=story.continues,
    )


def verify_kept_receipt(reader: Reader, proof: bytes, *, vkey: str) -> int:
    """Prove that a receipt kept elsewhere is sound and that this ledger still holds its entry.

    The ledger must have the very tree that the receipt was signed in: then the leaf of the receipt
    stands in it, and whoever got another tree to see is found out.

    Trust:   proof may be an attacker's; reader gives a ledger that `verify_ledger` found sound;
             vkey comes from the auditor.
    Raises:  VerificationFailed with RECEIPT; KeyMismatch, KeyInvalid.
    """
    try:
        verify_receipt(proof, vkey)
    except (ProofInvalid, NoteInvalid, SignatureInvalid, LeafInvalid) as error:
        raise VerificationFailed(0, Defect.RECEIPT, f"the receipt is not sound: {error}") from error
    parsed = parse_proof(proof)
    checkpoint = open_checkpoint(parsed.checkpoint, parse_vkey(vkey))
    if _root_at(reader, checkpoint.size) != checkpoint.root:
        raise VerificationFailed(
            parsed.index,
            Defect.RECEIPT,
            "the ledger does not hold the tree that this receipt proves",
        )
    return parsed.index


def _check_entries(reader: Reader, signed: Signed, story: Story, progress: Progress | None) -> None:
    tree = Tree.over(reader)
    pending: VerificationFailed | None = None
    with Names() as names:
        for size, root in signed:
            for found in tree.grow_to(size):
                if pending is None:
                    pending = _told(found, story, names)
                if progress is not None:
                    progress(tree.frontier.size, signed.newest()[0])
            tree.check_root(size, root, signed)
        if pending is not None:  # 8 to 13: told once the tree is found to be the signed one.
            raise pending
        _check_absent(reader, story)
        repeated = names.first_repeated()
    if repeated is not None:  # 14
        raise VerificationFailed(repeated, Defect.ID, "a request id stands twice")
    tree.check_end()


def _told(found: list[FoundEntry], story: Story, names: Names) -> VerificationFailed | None:
    leaves = []
    try:
        for entry in found:
            leaf = story.tell(entry)
            if leaf is not None:
                leaves.append((leaf.request_id, entry.index))
    except VerificationFailed as error:
        return error
    names.add(leaves)
    return None


def _check_absent(reader: Reader, story: Story) -> None:
    if story.partial or story.absent_until <= story.pruned_below:
        return
    entries = (entry.index for entry in reader.entries() if entry.leaf is None)
    index = next(index for index in entries if index >= story.pruned_below)
    raise VerificationFailed(  # 13
        index, Defect.RETENTION, "a leaf is absent, and no retention entry allows that"
    )


def _check_openings(reader: Reader) -> int:
    count = 0
    for index, opening in reader.openings():
        check_opening(index, opening, reader.entry(index))
        count += 1
    return count


def _root_at(reader: Reader, size: int) -> bytes | None:
    try:
        return frontier_at(size, StoredTree(reader.hashes).hash_at).root
    except LedgerCorrupt:  # It has not so many entries.
        return None
