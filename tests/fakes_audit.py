"""Fakes and builders for the ledger: a store in memory, a clock that is told, drafts by default."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from socket import socketpair
from subprocess import Popen
from tempfile import TemporaryDirectory
from threading import Event, RLock, Thread
from typing import Any, cast

from audit.entry import Draft, EntryType, Json
from audit.errors import AppendFailed, HeadMoved, IdTaken, LedgerStopped
from audit.ledger import Ledger
from audit.note import Signer
from audit.seal import Seal, SealKeys
from audit.sequencer.appender import Means
from audit.sequencer.highwater import HighWater
from audit.sequencer.opening import open_log
from audit.sequencer.serving import Sequencer, serve
from audit.sequencer.wire import DAY_MS, Inbox, LogSettings
from audit.storage.contract import (
    Batch,
    Entry,
    Head,
    Sealed,
    SealedReplay,
    Store,
    SubjectKey,
    Upkeep,
)
from audit.storage.migrate import migrate
from audit.storage.place import sqlite_url
from audit.storage.sqlite import SqlStore

ORIGIN = "gemeente.example/disclosures/2026"
START_MS = 1_772_442_000_000
SUBJECT = b"999990019"
SEED = b"s" * 32


class FixedClock:
    """A clock that shows what it is told."""

    def __init__(self, ms: int = START_MS) -> None:
        self.ms = ms

    def __call__(self) -> int:
        """Give the time that was set."""
        return self.ms


class CountedRandom:
    """Bytes that never repeat and are the same in every run."""

    def __init__(self, seed: bytes = b"") -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, size: int) -> bytes:
        """Give the next bytes."""
        self._count += 1
        return hashlib.shake_256(self._seed + self._count.to_bytes(8, "big")).digest(size)


@dataclass
class MemoryStore:
    """A store that keeps the promises of `Store`, except that it forgets all when it goes."""

    current: Head = field(default_factory=Head)
    rows: list[Entry] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    node_rows: dict[tuple[int, int], bytes] = field(default_factory=dict)
    notes: dict[int, bytes] = field(default_factory=dict)
    keys: list[SubjectKey] = field(default_factory=list)
    sealed: list[Sealed] = field(default_factory=list)
    answers: dict[int, SealedReplay] = field(default_factory=dict)
    mutex: RLock = field(default_factory=RLock)

    def check_durable(self) -> None:
        """Pretend."""

    @contextmanager
    def turn(self) -> Iterator[Head]:
        """Take the head for this writer alone."""
        with self.mutex:
            yield self.current

    def head(self) -> Head:
        """Give where the log stands."""
        return self.current

    def commit(self, batch: Batch) -> None:
        """Write the whole batch, or nothing."""
        self._check(batch)
        self.current = batch.new
        self.rows.extend(batch.entries)
        self.counters[batch.gateway] = batch.counter
        self.node_rows.update({(level, index): node for level, index, node in batch.nodes})
        self.notes[batch.new.size] = batch.checkpoint
        self.keys.extend(batch.subject_keys)
        self.sealed.extend(batch.particulars)
        self.answers.update({row.index: row for row in batch.replays})
        if batch.upkeep is not None:
            self._keep_up(batch.upkeep)
        for index in sorted(self.answers):
            if not batch.expire_before or self.answers[index].expires_ms >= batch.expire_before:
                break
            del self.answers[index]

    def _check(self, batch: Batch) -> None:
        if (self.current.size, self.current.root) != (batch.old.size, batch.old.root):
            raise HeadMoved("another writer moved the head")
        ids = [entry.request_id for entry in batch.entries]
        if self.known_ids(ids):
            raise IdTaken("an entry has one of these request ids")
        if any(self.key_of(key.lookup) for key in batch.subject_keys):
            raise AppendFailed("a lookup exists")
        if batch.upkeep is not None:
            anew = {row.key_id for row in batch.upkeep.rewrapped if row.epoch == batch.new.epoch}
            gone = anew | set(batch.upkeep.erased)
            stay = {key.key_id for key in self.keys if key.epoch != batch.new.epoch}
            fresh = {key.epoch for key in batch.subject_keys}
            if stay - gone or fresh - {batch.new.epoch}:
                raise AppendFailed("a key that stays was not wrapped anew")

    def _keep_up(self, upkeep: Upkeep) -> None:
        erased, below = set(upkeep.erased), upkeep.pruned_below
        anew = {row.key_id: row for row in upkeep.rewrapped}
        self.keys = [anew.get(k.key_id, k) for k in self.keys if k.key_id not in erased]
        self.sealed = [
            row for row in self.sealed if row.key_id not in erased and row.index >= below
        ]
        for index, answer in list(self.answers.items()):
            if answer.key_id in erased or index < below:
                del self.answers[index]
        self.rows[:below] = [replace(row, leaf=None) for row in self.rows[:below]]

    def known_ids(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Give those of these ids that an entry has."""
        return frozenset(request_ids) & {row.request_id for row in self.rows}

    def counter(self, gateway: str) -> int:
        """Give the next counter of this gateway."""
        return self.counters.get(gateway, 0)

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the hashes of one level."""
        if level == 0:
            return [row.leaf_hash for row in self.rows[start:stop]]
        places = ((level, index) for index in range(start, stop))
        return [self.node_rows[place] for place in places if place in self.node_rows]

    def newest_checkpoint(self) -> bytes | None:
        """Give the newest checkpoint."""
        return self.checkpoint()

    def checkpoint(self, covering: int | None = None) -> bytes | None:
        """Give the newest checkpoint, or the oldest one that covers this index."""
        if covering is None:
            return self.notes.get(max(self.notes, default=0))
        return self.notes.get(min((size for size in self.notes if size > covering), default=0))

    def entry(self, request_id: str) -> Entry | None:
        """Give the entry with this request id."""
        return next((row for row in self.rows if row.request_id == request_id), None)

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Give the entries in order."""
        return iter(self.rows[start:stop])

    def key_of(self, lookup: bytes) -> SubjectKey | None:
        """Give the wrapped key of the subject of this lookup."""
        return next((key for key in self.keys if key.lookup == lookup), None)

    def subject_key(self, key_id: bytes) -> SubjectKey | None:
        """Give the wrapped key of a subject by its id."""
        return next((key for key in self.keys if key.key_id == key_id), None)

    def subject_keys(self) -> Iterator[SubjectKey]:
        """Give every wrapped key."""
        return iter(sorted(self.keys, key=lambda key: key.key_id))

    def particulars(self, index: int) -> list[Sealed]:
        """Give the sealed particulars of one entry."""
        return [row for row in self.sealed if row.index == index]

    def pseudonyms(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Give index and key id of the particulars in this range."""
        return ((row.index, row.key_id) for row in self.sealed if start <= row.index < stop)

    def replay(self, request_id: str) -> SealedReplay | None:
        """Give the sealed answer of one request."""
        entry = self.entry(request_id)
        return None if entry is None else self.answers.get(entry.index)


def make_signer(seed: bytes = SEED, name: str = ORIGIN) -> Signer:
    """Give a signer of the test log."""
    return Signer(name, seed)


VKEY = make_signer().verifier.vkey


def make_seal(epoch_key: bytes = b"e" * 32) -> Seal:
    """Give a seal with known keys."""
    return Seal(SealKeys({1: epoch_key}, b"p" * 32), CountedRandom(b"seal"))


def make_members(**other: Json) -> dict[str, Json]:
    """Give the public members of a disclosure."""
    return {
        "organisation": "00000099000000001000",
        "role": "consulent-jeugd",
        "task": "jeugd-toeleiding",
        "activity": "criteria-toetsen-zwaarte",
        "purpose": "jeugd-licht-of-zwaar",
        "policy": "ab" * 32,
        "subjects": 1,
        "legal_basis": ["Jeugdwet 7.4.0 lid 1 a"],
        "released": [{"field": "jeugdhulp_traject.specialisatie_ingezet", "precision": "flag"}],
        "conditions": [{"name": "age", "outcome": "met"}],
        "obligations": ["inform_subject"],
        "outcome": "permitted",
        "trace": "0a" * 16,
        "span": "0b" * 8,
        **other,
    }


def make_leaf(**other: Json) -> dict[str, Json]:
    """Give a whole leaf of a disclosure that fits the schema."""
    header: dict[str, Json] = {
        "v": 1,
        "type": "disclosure",
        "id": "0c" * 16,
        "time": START_MS,
        "gateway": "gw-1",
        "counter": 0,
        "commitments": {"subject": "A" * 43 + "="},
    }
    return {**make_members(), **header, **other}


def make_draft(number: int = 1, **other: Json) -> Draft:
    """Give a draft of a disclosure about one subject, without an answer to replay."""
    return Draft(
        EntryType.DISCLOSURE,
        f"{number:032x}",
        make_members(**other),
        committed={
            "subject": SUBJECT,
            "request": b'{"purpose": "..."}',
            "content": b'{"specialisatie_ingezet": "yes"}',
            "professional": b"medewerker-17",
            "justification": b"de weging vraagt erom",
        },
        subject=SUBJECT,
    )


@cache
def empty_file() -> bytes:
    """Give the bytes of a ledger file with its tables and nothing in them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        migrate(sqlite_url(path), ORIGIN)
        return path.read_bytes()


def make_file(path: Path) -> None:
    """Make a ledger file, unless it is there."""
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(empty_file())


def open_store(path: Path, gateway: str = "gw-1", patience_s: float = 0.0) -> SqlStore:
    """Open the writing half of a ledger file, in this process; make the file if need be."""
    make_file(path)
    return SqlStore.open(path, gateway, patience_s)


def make_settings(folder: Path, **other: Any) -> LogSettings:  # noqa: ANN401  Any setting.
    """Give the settings of a real sequencer over a ledger in this folder, and make its file."""
    make_file(folder / "ledger.db")
    settings = LogSettings(
        url=sqlite_url(folder / "ledger.db"),
        origin=ORIGIN,
        seed=SEED,
        gateway_id="gw-1",
        keys=SealKeys({1: b"e" * 32}, b"p" * 32),
        high_water=folder / "marks",
    )
    return replace(settings, **other)


def open_ledger(
    store: Store,
    high_water: Path,
    *,
    clock: Callable[[], int] | None = None,
    random: Callable[[int], bytes] | None = None,
    settings: Mapping[str, int] | None = None,
) -> Ledger:
    """Open a ledger with the test keys, whose sequencer runs in a thread over any store."""
    clock = clock or FixedClock()
    given = {"replay_ms": DAY_MS, "pending_limit": 4096, **(settings or {})}
    means = Means(
        make_signer(), "gw-1", make_seal(), clock, random or CountedRandom(), given["replay_ms"]
    )
    return host_sequencer(store, means, high_water, pending_limit=given["pending_limit"])


def host_sequencer(
    store: Store, means: Means, high_water: Path, *, pending_limit: int = 4096
) -> Ledger:
    """Open a ledger whose sequencer runs in a thread, over the same kind of socket."""

    def begin() -> Sequencer:
        marks = HighWater(high_water)
        return Sequencer(open_log(store, means, marks), marks, means.clock_ms)

    def host() -> None:
        with theirs:
            serve(theirs, Inbox(), begin)

    ours, theirs = socketpair()
    thread = Thread(target=host, name="sequencer")
    thread.start()
    origin = means.signer.name
    return Ledger.over(ours, origin=origin, ended=thread.join, pending_limit=pending_limit)


def pid_of(ledger: Ledger) -> int:
    """Give the process of a sequencer that `Ledger.open` started."""
    return cast("Popen[bytes]", ledger._when_ended.__self__).pid  # type: ignore[attr-defined]


def append_until_killed(folder: str, receipts: str) -> None:
    """Append with eight callers, and write down each receipt once it was handed out."""
    asyncio.run(_append_for_ever(Path(folder), Path(receipts)))


async def _append_for_ever(folder: Path, receipts: Path) -> None:
    ledger = Ledger.open(make_settings(folder))
    (folder / "sequencer.pid").write_text(str(pid_of(ledger)))
    written = os.open(receipts, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    async def caller() -> None:
        while True:
            draft = make_draft(int.from_bytes(os.urandom(16), "big"))
            receipt = await ledger.append(draft)
            os.write(written, len(receipt.proof).to_bytes(4, "big") + receipt.proof)

    with suppress(LedgerStopped):
        await asyncio.gather(*(caller() for _ in range(8)))


def hold_ledger(folder: str, receipts: str) -> None:
    """Open the ledger, say so by making a file, and hold it."""
    ledger = Ledger.open(make_settings(Path(folder)))
    Path(receipts).write_text(str(pid_of(ledger)))
    Event().wait()
    ledger.close()
