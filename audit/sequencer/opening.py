"""What is compared before a log is continued: head, tree, signature, epoch and high-water mark."""

import re

from audit.errors import KeyInvalid, KeysRotated
from audit.reading import StoredTree
from audit.sequencer.appender import Appender, Means
from audit.sequencer.checking import checked_frontier
from audit.sequencer.highwater import HighWater
from audit.storage.contract import Store

_GATEWAY_ID = re.compile("[a-z0-9-]{1,32}")


def open_log(store: Store, means: Means, marks: HighWater) -> Appender:
    """Open a log, or begin one, after checking that what is stored is what was signed.

    Trust:   the store is not trusted: head, tree and signature are compared first.
    Effects: an empty store gets its genesis entry. The store stays the caller's to close.
    Raises:  KeyInvalid, KeyMismatch, KeysRotated, NoteInvalid, SignatureInvalid,
             DurabilityMissing, LedgerCorrupt, RollbackSeen, and what a first append raises.
             OSError if the high-water mark cannot be written.
    """
    check_gateway_id(means.gateway_id)
    store.check_durable()
    with store.turn() as head:
        frontier = checked_frontier(store, head, means.signer.verifier)
        counter = store.counter(means.gateway_id)
        marks.check(head, StoredTree(store.hashes).hash_at, has_written=counter > 0)
    if head.size and head.epoch != means.seal.epoch:
        raise KeysRotated("the data keys are wrapped under another epoch than the newest key here")
    appender = Appender(store, means, head, frontier, counter)
    if head.size == 0:
        appender.begin()
    return appender


def check_gateway_id(gateway_id: str) -> None:
    """Promise that this name fits a leaf and a file name.

    Raises:  KeyInvalid.
    """
    if _GATEWAY_ID.fullmatch(gateway_id) is None:
        raise KeyInvalid("a gateway id is 1 to 32 of [a-z0-9-]")
