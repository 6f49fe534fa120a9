"""Ledgers that are made to order: sound by default, and truly signed whatever they say."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.entry import Json, canonical
from audit.merkle import Frontier, RootHash, grow, leaf_hash
from audit.note import Cosigner
from audit.storage.contract import Entry
from tests.fakes_audit import ORIGIN, START_MS, VKEY, MemoryStore, make_leaf, make_signer

WITNESS = Cosigner("witness.example/ap", b"w" * 32)
COSIGNED_S = START_MS // 1000
POLICY = f"witness ap {WITNESS.key.vkey}\nquorum ap\n".encode()
_TABLES = """
CREATE TABLE entry ("index" INTEGER PRIMARY KEY, request_id TEXT, leaf BLOB, leaf_hash BLOB);
CREATE TABLE node (level INTEGER, "index" INTEGER, hash BLOB);
CREATE TABLE head (id INTEGER PRIMARY KEY, size INTEGER, root BLOB, last_time INTEGER);
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB);
CREATE TABLE cosigned (size INTEGER PRIMARY KEY, note BLOB);
CREATE TABLE stamp (size INTEGER PRIMARY KEY, response BLOB);
"""


def genesis(**other: Json) -> dict[str, Json]:
    """Give the first leaf of the test log."""
    return _leaf(0, type="genesis", origin=ORIGIN, vkey=VKEY, **other)


def disclosure(counter: int, **other: Json) -> dict[str, Json]:
    """Give the leaf of a disclosure, with what is fresh in it derived from its counter."""
    fresh: dict[str, Json] = {
        "id": f"{counter:032x}",
        "counter": counter,
        "time": START_MS + counter,
    }
    members: dict[str, Json] = {**fresh, "trace": f"{counter + 7:032x}", **other}
    return make_leaf(**members)


def retention(counter: int, below: int) -> dict[str, Json]:
    """Give a leaf that allows all leaves below an index to be absent."""
    return _leaf(counter, type="retention", below=below, ground="period_over")


def story(size: int) -> list[dict[str, Json]]:
    """Give a sound story of this many leaves."""
    return [genesis(), *(disclosure(number) for number in range(1, size))]


def _leaf(counter: int, **other: Json) -> dict[str, Json]:
    header: dict[str, Json] = {
        "v": 1,
        "id": f"{counter:032x}",
        "time": START_MS + counter,
        "gateway": "gw-1",
        "counter": counter,
    }
    return {**header, **other}


@dataclass
class Made:
    """A ledger in memory that tests may spoil before it is written down."""

    entries: list[Entry] = field(default_factory=list)
    nodes: list[tuple[int, int, bytes]] = field(default_factory=list)
    notes: dict[int, bytes] = field(default_factory=dict)
    cosigned: dict[int, bytes] = field(default_factory=dict)
    head: tuple[int, bytes] = (0, b"")

    def prune(self, below: int) -> "Made":
        """Take away the leaves below an index."""
        self.entries = [
            Entry(e.index, e.request_id, None if e.index < below else e.leaf, e.leaf_hash)
            for e in self.entries
        ]
        return self

    def cosign(self, size: int, at_s: int = COSIGNED_S) -> "Made":
        """Let the witness cosign one of the checkpoints."""
        text = self.notes[size].partition(b"\n\n")[0] + b"\n"
        self.cosigned[size] = self.notes[size] + WITNESS.cosign(text, at_s)
        return self

    def store(self) -> MemoryStore:
        """Give it as a store that can be read."""
        nodes = {(level, index): node for level, index, node in self.nodes}
        return MemoryStore(rows=list(self.entries), node_rows=nodes, notes=dict(self.notes))

    def write(self, path: Path) -> Path:
        """Write it as a SQLite file."""
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.executescript("PRAGMA journal_mode=OFF;" + _TABLES)
            rows = [(e.index, e.request_id, e.leaf, e.leaf_hash) for e in self.entries]
            file.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
            file.executemany("INSERT INTO node VALUES (?, ?, ?)", self.nodes)
            file.executemany("INSERT INTO checkpoint VALUES (?, ?)", self.notes.items())
            file.executemany("INSERT INTO cosigned VALUES (?, ?)", self.cosigned.items())
            file.execute("INSERT INTO head VALUES (1, ?, ?, 0)", self.head)
        return path


def make_ledger(
    leaves: Iterable[Mapping[str, Json] | bytes],
    sizes: Sequence[int] = (),
    ids: Mapping[int, str] | None = None,
) -> Made:
    """Sign a ledger over these leaves, with a checkpoint at each of these sizes and at the end."""
    made, frontier = Made(), Frontier()
    data = [leaf if isinstance(leaf, bytes) else canonical(dict(leaf)) for leaf in leaves]
    hashes = [leaf_hash(leaf) for leaf in data]
    for index, (leaf, hashed) in enumerate(zip(data, hashes, strict=True)):
        request_id = (ids or {}).get(index) or leaf.partition(b'"id":"')[2][:32].decode()
        made.entries.append(Entry(index, request_id, leaf, hashed))
    for size in sorted({*sizes, len(data)}):
        growth = grow(frontier, hashes[frontier.size : size])
        made.nodes += list(growth.stored_nodes())
        frontier = growth.frontier
        made.notes[size] = sign(size, frontier.root)
    made.head = (frontier.size, frontier.root)
    return made


def sign(size: int, root: bytes, origin: str = ORIGIN) -> bytes:
    """Sign a checkpoint as the log itself does."""
    return make_signer().sign(format_checkpoint(Checkpoint(origin, size, RootHash(root))))
