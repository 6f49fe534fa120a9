"""Fakes and builders for the ledger: a store in memory, a clock that is told, drafts by default."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import socketpair
from subprocess import Popen
from threading import Event, Thread
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
from audit.storage.contract import Batch, Entry, Head, Sealed, SealedReplay, Store, SubjectKey
from audit.storage.sqlite import SqlStore
from audit.storage.tables import SCHEMA

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
    node_rows: dict[tuple[int, int], bytes] = field(default_factory=dict)
    notes: dict[int, bytes] = field(default_factory=dict)
    keys: list[SubjectKey] = field(default_factory=list)
    sealed: dict[int, Sealed] = field(default_factory=dict)
    answers: dict[int, SealedReplay] = field(default_factory=dict)

    def check_durable(self) -> None:
        """Pretend."""

    def head(self) -> Head:
        """Give where the log stands."""
        return self.current

    def commit(self, batch: Batch) -> None:
        """Write the whole batch, or nothing."""
        if (self.current.size, self.current.root) != (batch.old.size, batch.old.root):
            raise HeadMoved("another writer moved the head")
        ids = [entry.request_id for entry in batch.entries]
        if self.known_ids(ids):
            raise IdTaken("an entry has one of these request ids")
        if any(self.key_of(key.lookup) for key in batch.subject_keys):
            raise AppendFailed("a lookup exists")
        self.current = batch.new
        self.rows.extend(batch.entries)
        self.node_rows.update({(level, index): node for level, index, node in batch.nodes})
        self.notes[batch.new.size] = batch.checkpoint
        self.keys.extend(batch.subject_keys)
        self.sealed.update({row.index: row for row in batch.particulars})
        self.answers.update({row.index: row for row in batch.replays})
        for index in sorted(self.answers):
            if not batch.expire_before or self.answers[index].expires_ms >= batch.expire_before:
                break
            del self.answers[index]

    def known_ids(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Give those of these ids that an entry has."""
        return frozenset(request_ids) & {row.request_id for row in self.rows}

    def last_leaf(self, gateway: str) -> bytes | None:
        """Give the newest leaf that this gateway wrote."""
        told = f'"gateway":"{gateway}"'.encode()
        return next((row.leaf for row in reversed(self.rows) if told in row.leaf), None)

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

    def particulars(self, index: int) -> Sealed | None:
        """Give the sealed particulars of one entry."""
        return self.sealed.get(index)

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
    return Seal(SealKeys(1, epoch_key, b"p" * 32), CountedRandom(b"seal"))


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


def open_store(path: Path) -> SqlStore:
    """Open the writing half of a ledger file, in this process."""
    return SqlStore.open(path, SCHEMA)


def make_settings(folder: Path, **other: Any) -> LogSettings:  # noqa: ANN401  Any setting.
    """Give the settings of a real sequencer over a ledger in this folder."""
    settings = LogSettings(
        path=folder / "ledger.db",
        origin=ORIGIN,
        seed=SEED,
        gateway_id="gw-1",
        keys=SealKeys(1, b"e" * 32, b"p" * 32),
        high_water=folder / "marks",
        schema=SCHEMA,
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
