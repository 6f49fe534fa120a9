"""What a privacy officer does to a log: erasing, pruning, rotating, looking; each recorded first.

An act and its entry are one transaction. This runs in the process of a command, under a gateway id
of its own and beside gateways that go on writing; nothing of it can be reached through a gateway.

What erasing achieves, and when. The data key of a person is destroyed at once, with all that it
sealed. A backup made before still holds the key, wrapped under the epoch key of that time: with
that backup and that epoch key it can be opened. A rotation ends this. It wraps every surviving key
under a new epoch key, and once the old epoch key is destroyed, no backup gives anything back.

A rotation survives a crash at every step in this order, which is the caller's to keep:

 1. `next_keys` gives the keys with a new epoch; they are durable on disk before
 2. `Keeper.rotate` wraps every key anew and moves the epoch of the log, in one transaction;
 3. gateways stop with KeysRotated, and start again with these keys;
 4. `keys_of_epoch` gives the keys without the old epoch; only when they are durable is the old
    epoch key destroyed, wherever a copy of it is.

A crash before 2 has changed nothing: rotate again with the same keys. After 2 the epoch in the
head of the log is the new one, which tells that 3 and 4 are left.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from audit.entry import Draft, EntryType, Json, Receipt, new_request_id
from audit.errors import (
    AppendFailed,
    KeyInvalid,
    KeysRotated,
    NothingToErase,
    NothingToOpen,
    NothingToPrune,
)
from audit.seal import PARTICULARS, Particulars, Seal, SealKeys, parse_particulars
from audit.sequencer.appender import Appender, Means
from audit.storage.contract import Sealed, Store, StoreReader, SubjectKey, Upkeep
from audit.verifier.opening import Opening

_TILE: Final = 256
_ROUNDS: Final = 5  # Each later round has only the keys to wrap that came during the one before.
_SUBJECT: Final = "subject"


@dataclass(frozen=True, slots=True, repr=False)
class Order:
    """Who has something done to the log, and why.

    Shapes:  ground: a word of [a-z0-9_], which becomes public.
    Trust:   professional and justification are committed to and sealed, but not under the key of
             the person whom the act is about: a justification must not name that person.
    """

    ground: str
    professional: bytes
    justification: bytes | None = None

    @property
    def committed(self) -> dict[str, bytes]:
        """What the entry of the act commits to."""
        committed = {"professional": self.professional}
        if self.justification is not None:
            committed["justification"] = self.justification
        return committed


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What came of an erasure.

    Shapes:  key_id: the random id that the entry names. emptied: whether the database holds no
             earlier copy of its own of what went; readers may keep it from forgetting.
    """

    receipt: Receipt
    key_id: bytes
    emptied: bool


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What came of a retention run.

    Units:   entries with index < below are there by their hashes alone.
    """

    receipt: Receipt
    below: int
    emptied: bool


@dataclass(frozen=True, slots=True, repr=False)
class Look:
    """What was seen beside one entry, and the receipt of the entry that records the look.

    Shapes:  seen: particulars by position. Those of one of several persons have a part.
    """

    receipt: Receipt
    index: int
    seen: Mapping[int, Particulars] = field(default_factory=dict)


class Keeper:
    """Does to one log what changes or opens more than an append; belongs to one thread.

    Trust:   whoever calls has been authenticated, and has the keys of the log.
    """

    def __init__(
        self,
        appender: Appender,
        means: Means,
        store: Store,
        reader: StoreReader,
        empty: Callable[[], bool],
    ) -> None:
        """Work through this appender, with the means that it has.

        Effects: empty is called after an erasure and a pruning. It has the database drop its own
                 earlier copies of what was deleted, and tells whether it could: `store.forget`.
        """
        self._appender = appender
        self._means = means
        self._store = store
        self._reader = reader
        self._empty = empty

    def erase(self, subject: bytes, order: Order) -> ErasureReport:
        """Destroy the data key of a person, and with it all that is sealed for this person.

        Effects: an `erasure` entry that names the random id of the key; durable before return.
                 Whoever was interrupted asks again: that finishes what is left to do.
        Raises:  NothingToErase, and then nothing is recorded; what `append_upkeep` raises.
        """
        row = self._store.key_of(self._means.seal.lookup(subject))
        if row is None:
            self._empty()  # An erasure that was cut short has recorded itself and not come here.
            raise NothingToErase("nothing is sealed for this person")
        members = {"key": row.key_id.hex(), "ground": order.ground}
        upkeep = Upkeep(erased=[row.key_id])
        receipt = self._record(EntryType.ERASURE, members, order.committed, upkeep)
        return ErasureReport(receipt, row.key_id, self._empty())

    def retain(self, below: int, order: Order) -> RetentionReport:
        """Take away the content of the entries that no longer need to be kept; proofs stay.

        Units:   below: the first index to keep, rounded down to whole tiles of 256, and within the
                 log as it stands.
        Effects: a `retention` entry; leaves, particulars and replays below are gone. Durable
                 before return.
        Raises:  NothingToPrune, and then nothing is recorded; what `append_upkeep` raises.
        """
        below = min(below, self._store.head().size) // _TILE * _TILE
        if below <= 0 or not self._has_leaf(below - 1):
            raise NothingToPrune("no whole tile of entries below this bound has its content")
        members: dict[str, Json] = {"below": below, "ground": order.ground}
        upkeep = Upkeep(pruned_below=below)
        receipt = self._record(EntryType.RETENTION, members, order.committed, upkeep)
        return RetentionReport(receipt, below, self._empty())

    def rotate(self, keys: SealKeys) -> Receipt:
        """Wrap every surviving data key anew; this keeper can record nothing after it.

        Shapes:  keys: what `next_keys` gave, durable already.
        Effects: a `keyset` entry, and the log moves to the newest epoch of these keys. Every
                 writer with older keys stops at its next append.
        Raises:  KeyInvalid if the keys do not follow those of this log; SealInvalid if one
                 cannot be unwrapped; AppendFailed if other writers made new keys each time.
        """
        seal = Seal(keys, self._means.random)
        if seal.epoch != self._means.seal.epoch + 1 or seal.nobody != self._means.seal.nobody:
            raise KeyInvalid("these keys do not follow the keys of the log")
        wrapped: dict[bytes, SubjectKey] = {}
        for _ in range(_ROUNDS - 1):
            try:
                return self._rewrap(seal, wrapped)
            except AppendFailed:
                continue  # Another writer made a key in the meantime, which must go along.
        return self._rewrap(seal, wrapped)

    def look(self, request_id: str, role: str, order: Order, subject: bytes | None = None) -> Look:
        """Give what is sealed beside one entry, once it is recorded that somebody looks.

        Shapes:  role: in which the professional looks. subject: the one person, among several,
                 whose particulars are asked for alone.
        Effects: an `access` entry, durable before anything is unsealed.
        Raises:  NothingToOpen, and then nothing is recorded; SealInvalid; what `append_upkeep`
                 raises.
        """
        entry = self._reader.entry(request_id)
        rows = [] if entry is None else self._rows_for(entry.index, subject)
        if entry is None or not rows:
            raise NothingToOpen("no such entry, or nothing is sealed beside it")
        members = {"entry": request_id, "role": role, "ground": order.ground}
        receipt = self._record(EntryType.ACCESS, members, order.committed, Upkeep())
        return Look(receipt, entry.index, dict(self._unsealed(request_id, rows)))

    def _record(
        self,
        kind: EntryType,
        members: Mapping[str, Json],
        committed: Mapping[str, bytes],
        upkeep: Upkeep,
        epoch: int | None = None,
    ) -> Receipt:
        if self._appender.head.epoch != self._means.seal.epoch:
            raise KeysRotated("this keeper rotated the keys of the log")
        request_id = new_request_id(self._means.clock_ms(), self._means.random)
        draft = Draft(kind, request_id, members, committed)
        return self._appender.append_upkeep(draft, upkeep, epoch)

    def _rewrap(self, seal: Seal, wrapped: dict[bytes, SubjectKey]) -> Receipt:
        upkeep = Upkeep(rewrapped=rewrap_all(self._reader.subject_keys(), seal, wrapped))
        # It commits to nothing: a key of nobody made now would be wrapped in the epoch that ends.
        return self._record(EntryType.KEYSET, {"epoch": seal.epoch}, {}, upkeep, seal.epoch)

    def _has_leaf(self, index: int) -> bool:
        entry = next(self._reader.entries(index, index + 1), None)
        return entry is not None and entry.leaf is not None

    def _rows_for(self, index: int, subject: bytes | None) -> list[Sealed]:
        rows = self._reader.particulars(index)
        if subject is None:
            return rows
        key = self._store.key_of(self._means.seal.lookup(subject))
        return [row for row in rows if key is not None and row.key_id == key.key_id]

    def _unsealed(self, request_id: str, rows: list[Sealed]) -> Iterator[tuple[int, Particulars]]:
        seal = self._means.seal
        for row in rows:
            key = seal.find_key(row.key_id, self._reader.subject_key)
            if key is not None:  # It was erased between the entry and the look.
                data = seal.unseal(key, PARTICULARS, request_id, row.sealed)
                yield row.position, parse_particulars(data)


def next_keys(keys: SealKeys, epoch_key: bytes) -> SealKeys:
    """Give these keys with a key for the next epoch.

    Raises:  KeyInvalid unless it has 32 bytes and differs from all others.
    """
    return SealKeys({**keys.epochs, keys.newest + 1: epoch_key}, keys.period_key)


def keys_of_epoch(keys: SealKeys, epoch: int) -> SealKeys:
    """Give these keys without those of every other epoch: what is kept after a rotation.

    Raises:  KeyInvalid if the key of this epoch is not among them.
    """
    if epoch not in keys.epochs:
        raise KeyInvalid("the key of this epoch is not held")
    return SealKeys({epoch: keys.epochs[epoch]}, keys.period_key)


def rewrap_all(
    rows: Iterator[SubjectKey], seal: Seal, wrapped: dict[bytes, SubjectKey]
) -> list[SubjectKey]:
    """Give these rows with their data keys under the newest epoch, in their order.

    Shapes:  wrapped: by key id those that were wrapped before; it is added to.
    Raises:  SealInvalid if a row was wrapped under other keys or altered.
    """
    anew = []
    for row in rows:
        if row.key_id not in wrapped:
            wrapped[row.key_id] = seal.rewrap(row)
        anew.append(wrapped[row.key_id])
    return anew


def open_commitments(look: Look, known: Mapping[str, bytes]) -> list[Opening]:
    """Give what shows to an auditor what the commitments of an entry stand for.

    Shapes:  known: by label the values that a ledger does not keep, such as request and content.
             What is about one of several persons is shown by `prove_person` instead.
    """
    return [
        Opening(look.index, label, r, value)
        for particulars in look.seen.values()
        if particulars.part is None
        for label, r in particulars.openings.items()
        if (value := _value_of(label, particulars, known)) is not None
    ]


def _value_of(label: str, particulars: Particulars, known: Mapping[str, bytes]) -> bytes | None:
    if label == _SUBJECT:
        return particulars.subject
    return particulars.values.get(label, known.get(label))
