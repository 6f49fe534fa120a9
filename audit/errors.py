"""Everything that can fail in this package, as one tree of which only the leaves are raised.

AuditError
  LeafInvalid         an entry is not in the strict form or does not fit the schema
  KeyInvalid          a signing, verifying or sealing key is malformed or unsafe
  NoteInvalid         a signed note or checkpoint is malformed
  SignatureInvalid    a signature by a known key is wrong
  KeyMismatch         a well-formed note carries no signature by the given key
  ProofInvalid        a proof is malformed or does not lead to the root
  SealInvalid         sealed particulars cannot be opened under these keys
  AppendFailed        this entry was not stored; the ledger goes on
  IdTaken             the store holds an entry with one of these request ids
  DuplicateRequest    an entry with this request id exists already
  LedgerBusy          the queue is full; nothing was stored
  LedgerStopped       the ledger signs nothing any more until it is opened again
  HeadMoved           another writer moved the head
  StorageBroken       the storage failed in a way that leaves its state unknown
  LedgerInUse         another process holds the ledger
  DurabilityMissing   the storage does not promise that a commit survives a power loss
  LedgerCorrupt       the stored tree and the signed checkpoint disagree when opened
  RollbackSeen        the ledger lacks entries that were released earlier
  LedgerUnreadable    the file is no ledger, or cannot be read
  VerificationFailed  the verifier found a defect
  TileInvalid         a tile, an entry bundle or the path of one is malformed
  BundleNotWritten    an audit bundle could not be written; nothing stands in its place
  PolicyInvalid       a witness policy is malformed, or is about other logs
  QuorumMissing       a checkpoint lacks the cosignatures that the policy asks for
  StampInvalid        a time stamp is malformed, wrong, or not over this checkpoint
  StampToolMissing    the package that reads time stamps is not installed
  WitnessUnsafe       the state or the key of a witness cannot be relied on
  KeysRotated         the data keys are wrapped under another epoch than the newest key held here
  SchemaOutdated      the tables have another form than this version works with
  EntryPruned         the content of this entry went with its retention period
  NothingToErase      nothing is sealed for this person
  NothingToPrune      the retention bound takes nothing away
  NothingToOpen       there is no such entry, or nothing is sealed beside it
"""

from enum import StrEnum


class AuditError(Exception):
    """The root of the tree; never raised itself."""


class LeafInvalid(AuditError):
    """An entry is not in the strict form or does not fit the schema."""


class KeyInvalid(AuditError):
    """A signing, verifying or sealing key is malformed or unsafe."""


class NoteInvalid(AuditError):
    """A signed note or checkpoint is malformed."""


class SignatureInvalid(AuditError):
    """A signature by a known key is wrong."""


class KeyMismatch(AuditError):
    """A well-formed note carries no signature by the given key."""


class ProofInvalid(AuditError):
    """A proof is malformed or does not lead to the root."""


class SealInvalid(AuditError):
    """Sealed particulars cannot be opened under these keys."""


class AppendFailed(AuditError):
    """This entry was not stored; the ledger goes on."""


class IdTaken(AuditError):
    """The store holds an entry with one of these request ids already; nothing was stored."""


class DuplicateRequest(AuditError):
    """An entry with this request id exists already; nothing was stored."""


class LedgerBusy(AuditError):
    """The queue is full; nothing was stored."""


class LedgerStopped(AuditError):
    """The ledger signs nothing any more until it is opened again."""


class HeadMoved(AuditError):
    """Another writer moved the head; nothing was stored."""


class StorageBroken(AuditError):
    """The storage failed in a way that leaves its state unknown."""


class LedgerInUse(AuditError):
    """Another process holds the ledger."""


class DurabilityMissing(AuditError):
    """The storage does not promise that a commit survives a power loss."""


class LedgerCorrupt(AuditError):
    """The stored tree and the signed checkpoint disagree when the ledger is opened."""


class RollbackSeen(AuditError):
    """The ledger lacks entries that were released earlier."""


class LedgerUnreadable(AuditError):
    """The file is no ledger, or cannot be read."""


class Defect(StrEnum):
    """The classes of defect that the verifier tells apart."""

    CHECKPOINT_FORM = "checkpoint-form"
    SIGNATURE = "signature"
    ENTRY_ORDER = "entry-order"
    LEAF_HASH = "leaf-hash"
    LEAF_FORM = "leaf-form"
    SCHEMA = "schema"
    ID = "id"
    GENESIS = "genesis"
    TIME = "time"
    COUNTER = "counter"
    NODE = "node"
    ROOT = "root"
    HEAD = "head"
    MISSING = "missing"
    RECEIPT = "receipt"
    FORK = "fork"
    QUORUM = "quorum"
    STALE = "stale"
    STAMP = "stamp"
    RETENTION = "retention"
    BUNDLE_FORM = "bundle-form"
    OPENING = "opening"


class VerificationFailed(AuditError):
    """The verifier found a defect, and names the first bad index and the class."""

    def __init__(self, index: int, defect: Defect, message: str) -> None:
        super().__init__(index, defect, message)
        self.index = index
        self.defect = defect
        self.message = message


class TileInvalid(AuditError):
    """A tile, an entry bundle or the path of one is malformed."""


class BundleNotWritten(AuditError):
    """An audit bundle could not be written; nothing stands in its place."""


class PolicyInvalid(AuditError):
    """A witness policy is malformed, or is about other logs."""


class QuorumMissing(AuditError):
    """A checkpoint lacks the cosignatures that the policy asks for."""


class StampInvalid(AuditError):
    """A time stamp is malformed, wrong, or not over this checkpoint."""


class StampToolMissing(AuditError):
    """The package that reads time stamps is not installed."""


class WitnessUnsafe(AuditError):
    """The state or the key of a witness cannot be relied on."""


class KeysRotated(AuditError):
    """The data keys are wrapped under another epoch than the newest key held here."""


class SchemaOutdated(AuditError):
    """The tables have another form than this version of the software works with."""


class EntryPruned(AuditError):
    """The content of this entry went with its retention period; its hash stands."""


class NothingToErase(AuditError):
    """Nothing is sealed for this person, so that there is nothing to record either."""


class NothingToPrune(AuditError):
    """The retention bound takes nothing away that has not gone before."""


class NothingToOpen(AuditError):
    """There is no such entry, or nothing is sealed beside it any more."""
