"""The verifier of a whole ledger: a numbered list, each number repeated where it is checked.

 1. every checkpoint is strictly well-formed            (CHECKPOINT_FORM)
 2. every checkpoint is signed by the auditor's key     (SIGNATURE; KeyMismatch if none is)
 3. entries are numbered 0, 1, 2 ... without a gap      (ENTRY_ORDER)
 4. every leaf has the hash that is stored beside it    (LEAF_HASH)
 5. every leaf is canonical                             (LEAF_FORM)
 6. every leaf fits the schema                          (SCHEMA)
 7. every leaf has the request id that it is filed under (ID)
 8. the first entry begins this very log, no other does (GENESIS)
 9. time never goes back                                (TIME)
10. the counter of each gateway has no gap              (COUNTER)
11. the tree has the signed root at every checkpoint    (ROOT): so each tree begins with the last
12. every stored node is the one that the leaves give   (NODE)
13. the head is the newest checkpoint, nothing beyond   (HEAD, MISSING)
14. no request id stands twice                          (ID)

What remains for the auditor: a ledger that was cut off at an older checkpoint is sound by itself.
Only a receipt or a checkpoint kept elsewhere shows what is missing: `verify_kept_receipt`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from audit.checkpoint import Checkpoint, open_checkpoint
from audit.entry import EntryType, Json, parse_leaf
from audit.errors import (
    Defect,
    KeyMismatch,
    LeafInvalid,
    NoteInvalid,
    ProofInvalid,
    SignatureInvalid,
    VerificationFailed,
)
from audit.merkle import STORED_LEVELS, Frontier, grow, leaf_hash
from audit.note import Verifier, parse_vkey
from audit.proof import parse_proof, verify_receipt
from audit.schema import check_schema
from audit.verifier.file import FoundEntry

_CHUNK: Final = 1024  # As many leaves are hashed at a time as one batch can hold.

Progress = Callable[[int, int], None]


class Reader(Protocol):
    """What the verifier asks of a ledger; everything it gives is untrusted."""

    def head(self) -> tuple[int, bytes] | None:
        """Give size and root as the head tells them."""

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Give size and note of each checkpoint by size."""
        ...

    def newest_note(self) -> bytes | None:
        """Give the note of the newest checkpoint."""

    def entries(self) -> Iterator[FoundEntry]:
        """Give all entries by index."""
        ...

    def entry(self, index: int) -> bytes | None:
        """Give the leaf at one index."""

    def nodes(self, level: int) -> Iterator[tuple[int, bytes]]:
        """Give index and hash of each stored node of one level."""
        ...

    def first_repeated(self) -> int | None:
        """Give the index of the first entry whose request id an earlier entry has."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a sound ledger holds.

    Units:   size and the counts in entries; times in ms since 1970.
    """

    vkey: str
    origin: str
    size: int
    root: bytes
    checkpoints: int
    counts: dict[str, int]
    first_ms: int
    last_ms: int


@dataclass(slots=True)
class _State:
    verifier: Verifier
    frontier: Frontier = field(default_factory=Frontier)
    pending: list[bytes] = field(default_factory=list)
    proven: int = 0  # Leaves under the newest checkpoint whose root was right.
    matched: int = 0  # Leaves under the stored nodes that were right so far.
    suspect: tuple[int, int] | None = None  # Span of the first node that the leaves do not give.
    time: int = 0
    first_ms: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    checkpoints: int = 0


def verify_ledger(reader: Reader, *, vkey: str, progress: Progress | None = None) -> Summary:
    """Prove that this ledger is whole, or name the first bad index and the class of the defect.

    Trust:   reader gives what may be an attacker's; vkey comes from the auditor.
    Effects: progress is called with (entries done, entries in all) now and then.
    Raises:  VerificationFailed, KeyMismatch, KeyInvalid, LedgerUnreadable.
    """
    state = _State(parse_vkey(vkey))
    _check_key(reader, state.verifier)
    head = reader.head()
    total = 0 if head is None else head[0]
    nodes = {level: reader.nodes(level) for level in STORED_LEVELS}
    entries = reader.entries()
    last = None
    for size, note in reader.checkpoints():
        last = _checked_checkpoint(size, note, state.verifier)
        state.checkpoints += 1
        while state.frontier.size < last.size:
            _read_chunk(entries, min(_CHUNK, last.size - state.frontier.size), state)
            _grow(state, nodes)
            if progress is not None:
                progress(state.frontier.size, total)
        _check_root(last, state)
    if last is None:
        raise VerificationFailed(0, Defect.MISSING, "there is no checkpoint")
    _check_ends(reader, last, [entries, *nodes.values()])
    return Summary(
        vkey=vkey,
        origin=last.origin,
        size=last.size,
        root=last.root,
        checkpoints=state.checkpoints,
        counts=dict(state.counts),
        first_ms=state.first_ms,
        last_ms=state.time,
    )


def verify_kept_receipt(reader: Reader, proof: bytes, *, vkey: str) -> int:
    """Prove that a receipt kept elsewhere is sound and that this ledger still holds its entry.

    Trust:   proof and reader may be an attacker's; vkey comes from the auditor.
    Raises:  VerificationFailed with defect RECEIPT; KeyMismatch, KeyInvalid.
    """
    try:
        leaf = verify_receipt(proof, vkey)
        index = parse_proof(proof).index
    except (ProofInvalid, NoteInvalid, SignatureInvalid, LeafInvalid) as error:
        raise VerificationFailed(0, Defect.RECEIPT, f"the receipt is not sound: {error}") from error
    if reader.entry(index) != leaf:
        raise VerificationFailed(
            index, Defect.RECEIPT, "the ledger does not hold the entry that this receipt proves"
        )
    return index


def _check_key(reader: Reader, verifier: Verifier) -> None:
    # A key of another log is the auditor's mistake, not a defect: the newest note tells them apart.
    # What else is wrong with that note is found when its turn comes.
    note = reader.newest_note()
    with suppress(NoteInvalid, SignatureInvalid):
        open_checkpoint(note or b"", verifier)


def _checked_checkpoint(size: int, note: bytes, verifier: Verifier) -> Checkpoint:
    index = max(size - 1, 0)
    try:
        checkpoint = open_checkpoint(note, verifier)
    except NoteInvalid as error:  # 1
        raise VerificationFailed(index, Defect.CHECKPOINT_FORM, str(error)) from error
    except (SignatureInvalid, KeyMismatch) as error:  # 2
        raise VerificationFailed(index, Defect.SIGNATURE, str(error)) from error
    if checkpoint.size != size or size < 1:  # 1
        raise VerificationFailed(
            index, Defect.CHECKPOINT_FORM, "a checkpoint is filed under another size"
        )
    return checkpoint


def _read_chunk(entries: Iterator[FoundEntry], count: int, state: _State) -> None:
    start = state.frontier.size
    for index in range(start, start + count):
        entry = next(entries, None)
        if entry is None or entry.index > index:  # 3
            raise VerificationFailed(index, Defect.MISSING, "an entry is missing")
        if entry.index != index:  # 3
            raise VerificationFailed(index, Defect.ENTRY_ORDER, "an entry has no place in the log")
        leaf = _checked_leaf(entry)
        _check_story(index, leaf, state)
        state.pending.append(leaf_hash(entry.leaf or b""))


def _checked_leaf(entry: FoundEntry) -> dict[str, Json]:
    index = entry.index
    if entry.leaf is None:  # 5
        raise VerificationFailed(index, Defect.LEAF_FORM, "the leaf is too long or not bytes")
    if leaf_hash(entry.leaf) != entry.leaf_hash:  # 4
        raise VerificationFailed(index, Defect.LEAF_HASH, "the leaf has another hash than stored")
    try:
        leaf = parse_leaf(entry.leaf)
    except LeafInvalid as error:  # 5
        raise VerificationFailed(index, Defect.LEAF_FORM, str(error)) from error
    try:
        check_schema(leaf)
    except LeafInvalid as error:  # 6
        raise VerificationFailed(index, Defect.SCHEMA, str(error)) from error
    if leaf["id"] != entry.request_id:  # 7
        raise VerificationFailed(index, Defect.ID, "the leaf is filed under another request id")
    return leaf


def _check_story(index: int, leaf: dict[str, Json], state: _State) -> None:
    kind, time, gateway = str(leaf["type"]), leaf["time"], str(leaf["gateway"])
    first = kind == EntryType.GENESIS
    if first != (index == 0) or (first and not _begins(leaf, state.verifier)):  # 8
        raise VerificationFailed(index, Defect.GENESIS, "the log does not begin as it should")
    if not isinstance(time, int) or time < state.time:  # 9
        raise VerificationFailed(index, Defect.TIME, "time goes back")
    expected = state.counters.get(gateway, 0)
    if leaf["counter"] != expected:  # 10
        raise VerificationFailed(index, Defect.COUNTER, "the counter of a gateway has a gap")
    state.counters[gateway] = expected + 1
    state.counts[kind] += 1
    state.first_ms = time if index == 0 else state.first_ms
    state.time = time


def _begins(leaf: dict[str, Json], verifier: Verifier) -> bool:
    return leaf["origin"] == verifier.name and leaf["vkey"] == verifier.vkey


def _grow(state: _State, nodes: dict[int, Iterator[tuple[int, bytes]]]) -> None:
    growth = grow(state.frontier, state.pending)
    for level, index, node in growth.stored_nodes():
        span = (index << level, (index + 1) << level)
        if next(nodes[level], None) == (index, node):
            state.matched = span[1]
        else:
            state.suspect = state.suspect or span
    state.frontier = growth.frontier
    state.pending.clear()


def _check_root(checkpoint: Checkpoint, state: _State) -> None:
    # A node that differs says where, the signed root says what: the leaves or only the node.
    matched = state.matched if state.matched < checkpoint.size else 0
    start, stop = state.suspect or (matched, checkpoint.size)
    if state.frontier.root != checkpoint.root:  # 11
        first, last = max(start, state.proven), min(stop, checkpoint.size) - 1
        raise VerificationFailed(
            first, Defect.ROOT, f"an entry from {first} to {last} is not the one that was signed"
        )
    if state.suspect is not None:  # 12
        raise VerificationFailed(start, Defect.NODE, "a stored node is not what the leaves give")
    state.proven = checkpoint.size


def _check_ends(reader: Reader, last: Checkpoint, rest: Iterable[Iterator[object]]) -> None:
    if reader.head() != (last.size, last.root):  # 13
        raise VerificationFailed(last.size, Defect.HEAD, "the head is not the newest checkpoint")
    if any(next(rows, None) is not None for rows in rest):  # 13
        raise VerificationFailed(
            last.size, Defect.HEAD, "there is more than the newest checkpoint covers"
        )
    repeated = reader.first_repeated()
    if repeated is not None:  # 14
        raise VerificationFailed(repeated, Defect.ID, "a request id stands twice")
