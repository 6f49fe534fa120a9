"""What is compared before a log is continued: head, tree, signature and high-water mark."""

import re

from audit.checkpoint import open_checkpoint
from audit.entry import Draft, EntryType, parse_leaf
from audit.errors import AuditError, KeyInvalid, LedgerCorrupt
from audit.merkle import Frontier, frontier_at
from audit.note import Verifier
from audit.reading import StoredTree
from audit.sequencer.appender import Appender, Means
from audit.sequencer.highwater import HighWater
from audit.storage.contract import Head, Store

_GATEWAY_ID = re.compile("[a-z0-9-]{1,32}")


def open_log(store: Store, means: Means, marks: HighWater) -> Appender:
    """Open a log, or begin one, after checking that what is stored is what was signed.

    Trust:   the store is not trusted: head, tree and signature are compared first.
    Effects: an empty store gets its genesis entry. The store stays the caller's to close.
    Raises:  KeyInvalid, KeyMismatch, NoteInvalid, SignatureInvalid, DurabilityMissing,
             LedgerCorrupt, RollbackSeen, and what a first append raises. OSError if the
             high-water mark cannot be written.
    """
    if _GATEWAY_ID.fullmatch(means.gateway_id) is None:
        raise KeyInvalid("a gateway id is 1 to 32 of [a-z0-9-]")
    store.check_durable()
    head = store.head()
    frontier = _checked_frontier(store, head, means.signer.verifier)
    marks.check(head, StoredTree(store.hashes).hash_at)
    appender = Appender(store, means, head, frontier, _next_counter(store, means.gateway_id))
    if head.size == 0:
        _begin(appender, means)
    return appender


def _checked_frontier(store: Store, head: Head, verifier: Verifier) -> Frontier:
    frontier = frontier_at(head.size, StoredTree(store.hashes).hash_at)
    if frontier.root != head.root:
        raise LedgerCorrupt("the stored hashes do not lead to the stored root")
    note = store.newest_checkpoint()
    if (note is None) != (head.size == 0):
        raise LedgerCorrupt("the head and the newest checkpoint disagree")
    if note is not None:
        checkpoint = open_checkpoint(note, verifier)
        if (checkpoint.size, checkpoint.root) != (head.size, head.root):
            raise LedgerCorrupt("the head and the newest checkpoint disagree")
    return frontier


def _next_counter(store: Store, gateway_id: str) -> int:
    leaf = store.last_leaf(gateway_id)
    if leaf is None:
        return 0
    counter = parse_leaf(leaf).get("counter")
    if not isinstance(counter, int):
        raise LedgerCorrupt("the newest entry of this gateway has no counter")
    return counter + 1


def _begin(appender: Appender, means: Means) -> None:
    verifier = means.signer.verifier
    members = {"origin": verifier.name, "vkey": verifier.vkey}
    [outcome] = appender.append_batch([Draft(EntryType.GENESIS, means.random(16).hex(), members)])
    if isinstance(outcome, AuditError):
        raise outcome
