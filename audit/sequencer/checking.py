"""Whether what is stored is what was signed: head, tree and newest checkpoint are compared."""

from audit.checkpoint import open_checkpoint
from audit.errors import LedgerCorrupt
from audit.merkle import Frontier, frontier_at, grow
from audit.note import Verifier
from audit.reading import StoredTree
from audit.storage.contract import Head, Store

_STEP = 1 << 16  # Two megabytes of hashes at a time.


def checked_frontier(store: Store, head: Head, verifier: Verifier) -> Frontier:
    """Give the right edge of the stored tree, once it leads to the head and the head is signed.

    Trust:   the store is not trusted.
    Raises:  LedgerCorrupt, KeyMismatch, NoteInvalid, SignatureInvalid, StorageBroken.
    """
    frontier = frontier_at(head.size, StoredTree(store.hashes).hash_at)
    if frontier.root != head.root:
        raise LedgerCorrupt("the stored hashes do not lead to the stored root")
    _check_signed(store, head, verifier)
    return frontier


def followed(store: Store, known: Frontier, head: Head, verifier: Verifier) -> Frontier:
    """Give the right edge at a head to which others moved the log, beginning with what is known.

    The known tree is grown by the hashes stored since. If that leads to the head, then the tree at
    the head begins with the known one, and nothing that was signed before has changed.

    Trust:   the store is not trusted.
    Raises:  LedgerCorrupt, KeyMismatch, NoteInvalid, SignatureInvalid, StorageBroken.
    """
    frontier = known
    while frontier.size < head.size:
        stop = min(frontier.size + _STEP, head.size)
        hashes = store.hashes(0, frontier.size, stop)
        if len(hashes) != stop - frontier.size:
            raise LedgerCorrupt("a hash that the tree needs is missing")
        frontier = grow(frontier, hashes).frontier
    if (frontier.size, frontier.root) != (head.size, head.root):
        raise LedgerCorrupt("the log does not continue what was signed here")
    _check_signed(store, head, verifier)
    return frontier


def _check_signed(store: Store, head: Head, verifier: Verifier) -> None:
    note = store.newest_checkpoint()
    if (note is None) != (head.size == 0):
        raise LedgerCorrupt("the head and the newest checkpoint disagree")
    if note is not None:
        checkpoint = open_checkpoint(note, verifier)
        if (checkpoint.size, checkpoint.root) != (head.size, head.root):
            raise LedgerCorrupt("the head and the newest checkpoint disagree")
