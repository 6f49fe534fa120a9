"""The checkpoints of a ledger, apart from its entries: checks 1, 2, 4 and 5 of the verifier."""

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from audit.checkpoint import Checkpoint, open_checkpoint
from audit.entry import parse_leaf
from audit.errors import (
    Defect,
    KeyMismatch,
    LeafInvalid,
    NoteInvalid,
    QuorumMissing,
    SignatureInvalid,
    StampInvalid,
    VerificationFailed,
)
from audit.merkle import EMPTY_ROOT, HASH_BYTES, RootHash
from audit.note import Verifier, split_note
from audit.verifier.reader import Reader
from audit.witness.policy import Policy, Quorum

_COSIGNED: Final = 100  # So many of the newest cosigned checkpoints are asked for a quorum.

CheckStamp = Callable[[bytes, bytes], int]


@dataclass(frozen=True, slots=True)
class Demands:
    """What the auditor asks beyond soundness.

    Shapes:  check_stamp(note, response) gives the time of a sound stamp in ms, or raises
             StampInvalid.
    Units:   now_ms in ms since 1970; max_age_ms in ms.
    Trust:   all of it comes from the auditor. whole: a bundle of some leaves will not do.
    """

    policy: Policy | None = None
    now_ms: int = 0
    max_age_ms: int | None = None
    check_stamp: CheckStamp | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Stamped:
    """The newest checkpoint that was stamped in time.

    Units:   size in entries; at_ms in ms since 1970.
    """

    size: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Dated:
    """What shows when the log was as it is.

    Units:   newest_ms in ms since 1970: by the clocks of witnesses if they were asked, else the
             time of the newest entry; none if there is nothing to tell it.
    """

    newest_ms: int | None
    quorum: Quorum | None
    stamped: Stamped | None


@dataclass(slots=True)
class Signed:
    """The checkpoints that the log signed: 40 bytes for each, so that millions fit in memory."""

    sizes: "array[int]" = field(default_factory=lambda: array("Q"))
    roots: bytearray = field(default_factory=bytearray)
    notes: deque[bytes] = field(default_factory=lambda: deque(maxlen=_COSIGNED))

    def __iter__(self) -> Iterator[tuple[int, RootHash]]:
        """Give size and root of each checkpoint by size."""
        for place, size in enumerate(self.sizes):
            start = place * HASH_BYTES
            yield size, RootHash(bytes(self.roots[start : start + HASH_BYTES]))

    def newest(self) -> tuple[int, RootHash]:
        """Give the last one; the empty log if there is none."""
        last = RootHash(bytes(self.roots[-HASH_BYTES:]))
        return (self.sizes[-1], last) if self.sizes else (0, EMPTY_ROOT)

    def add(self, checkpoint: Checkpoint) -> None:
        """Remember one more."""
        self.sizes.append(checkpoint.size)
        self.roots += checkpoint.root

    def count(self) -> int:
        """Give how many there are, each size once."""
        return sum(
            1 for place, size in enumerate(self.sizes) if size not in self.sizes[place - 1 : place]
        )

    def has(self, checkpoint: Checkpoint) -> bool:
        """Tell whether this is one of them."""
        return (checkpoint.size, checkpoint.root) in self

    def forked(self, size: int) -> bool:
        """Tell whether the log signed more than one root for this size."""
        return len({root for other, root in self if other == size}) > 1


def read_checkpoints(reader: Reader, log: Verifier) -> Signed:
    """Give every checkpoint, each of which the log signed.

    Raises:  KeyMismatch if not even the newest is of this log; VerificationFailed.
    """
    _check_key(reader, log)
    signed = Signed()
    for size, note in reader.checkpoints():
        index = max(size - 1, 0)
        try:
            checkpoint = open_checkpoint(note, log)
        except NoteInvalid as error:  # 1
            raise VerificationFailed(index, Defect.CHECKPOINT_FORM, str(error)) from error
        except (SignatureInvalid, KeyMismatch) as error:  # 2
            raise VerificationFailed(index, Defect.SIGNATURE, str(error)) from error
        if checkpoint.size != size:  # 1
            raise VerificationFailed(
                index, Defect.CHECKPOINT_FORM, "a checkpoint is filed under another size"
            )
        signed.add(checkpoint)
        if len(split_note(note)[1]) > 1:
            signed.notes.append(note)
    return signed


def check_dates(reader: Reader, signed: Signed, log: Verifier, demands: Demands) -> Dated:
    """Prove that the log was witnessed, recent and stamped as far as the auditor asks for it.

    Raises:  VerificationFailed with QUORUM, STALE or STAMP; PolicyInvalid if the policy is about
             other logs, StampToolMissing.
    """
    size, _ = signed.newest()
    quorum = _find_quorum(signed, log, demands.policy)
    newest_ms = _newest_ms(reader, size, quorum)
    _check_age(newest_ms, size, demands)
    return Dated(newest_ms, quorum, _find_stamp(reader, signed, log, demands))


def _find_quorum(signed: Signed, log: Verifier, policy: Policy | None) -> Quorum | None:
    if policy is None:
        return None
    own = policy.for_log(log)
    for note in reversed(signed.notes):
        with suppress(QuorumMissing, SignatureInvalid):
            return own.check(note)
    if own.quorum is not None:  # 4
        raise VerificationFailed(
            max(signed.newest()[0] - 1, 0),
            Defect.QUORUM,
            "no recent checkpoint was cosigned by enough witnesses",
        )
    return None


def _newest_ms(reader: Reader, size: int, quorum: Quorum | None) -> int | None:
    # The clocks of witnesses count, where there are any: those are not the log's own.
    if quorum is not None and quorum.at_ms is not None:
        return quorum.at_ms
    try:
        time = parse_leaf(reader.entry(size - 1) or b"").get("time")
    except LeafInvalid:
        return None
    return time if type(time) is int else None


def _check_age(newest_ms: int | None, size: int, demands: Demands) -> None:
    if demands.max_age_ms is None:
        return
    if newest_ms is None or demands.now_ms - newest_ms > demands.max_age_ms:  # 5
        raise VerificationFailed(
            max(size - 1, 0), Defect.STALE, "nothing shows that the ledger is recent enough"
        )


def _find_stamp(reader: Reader, signed: Signed, log: Verifier, demands: Demands) -> Stamped | None:
    if demands.check_stamp is None:
        return None
    for _, note, response in reader.stamps():
        with suppress(NoteInvalid, SignatureInvalid, KeyMismatch, StampInvalid):
            checkpoint = open_checkpoint(note, log)
            if signed.has(checkpoint):
                return Stamped(checkpoint.size, demands.check_stamp(note, response))
    raise VerificationFailed(  # 5
        max(signed.newest()[0] - 1, 0), Defect.STAMP, "no sound time stamp over a checkpoint"
    )


def _check_key(reader: Reader, log: Verifier) -> None:
    # A key of another log is the auditor's mistake, not a defect: the newest note tells them apart.
    # What else is wrong with that note is found when its turn comes.
    with suppress(NoteInvalid, SignatureInvalid):
        open_checkpoint(reader.newest_note() or b"", log)
