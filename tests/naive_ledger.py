"""A real ledger with several writers, and beside it a naive one: a list and a few sets."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.checkpoint import parse_checkpoint
from audit.entry import Draft, Receipt
from audit.errors import AuditError, VerificationFailed
from audit.keeping import Keeper
from audit.note import split_note
from audit.proof import parse_proof, verify_receipt
from audit.seal import PARTICULARS, Seal, parse_particulars
from audit.sequencer.appender import Appender, Means
from audit.sequencer.highwater import HighWater
from audit.sequencer.opening import open_log
from audit.storage.connect import open_reader
from audit.storage.place import sqlite_url
from audit.storage.sqlite import SqlStore
from audit.verifier.file import LedgerFile
from audit.verifier.verify import Summary, verify_kept_receipt, verify_ledger
from tests.fakes_audit import ORIGIN, VKEY, CountedRandom, FixedClock, make_file, make_signer
from tests.fakes_keeping import KEYS

GATEWAYS = ("gw-1", "gw-2")
KEEPER = "keeper"
WRITERS = (*GATEWAYS, KEEPER)
Abouts = Sequence[bytes | None]


@dataclass(slots=True)
class Writer:
    """One process of the log, as far as it matters here."""

    store: SqlStore
    marks: HighWater
    means: Means
    appender: Appender


@dataclass
class Naive:
    """What a plain reading of the steps says must be in the log.

    Shapes:  leaves: all that were ever written. sealed: whom each sealed row is about, by index and
             position. proofs: every receipt ever handed out. roots: every checkpoint ever seen.
    """

    leaves: list[bytes] = field(default_factory=list)
    sealed: dict[tuple[int, int], bytes | None] = field(default_factory=dict)
    below: int = 0
    proofs: list[bytes] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)


class Ledgers:
    """The two ledgers, with two gateways and a keeper that write."""

    def __init__(self) -> None:
        self._held = TemporaryDirectory()
        self.folder = Path(self._held.name)
        self.path = self.folder / "ledger.db"
        self.clock = FixedClock()
        self.keys = KEYS
        self.naive = Naive()
        self.writers: dict[str, Writer] = {}
        self._number = 0
        make_file(self.path)
        self.reader = open_reader(sqlite_url(self.path), ORIGIN)
        for name in WRITERS:
            self.open(name)
        self.hear({})

    def close(self) -> None:
        """Close everything, and throw it away."""
        for name in tuple(self.writers):
            self.end(name)
        self.reader.close()
        self._held.cleanup()

    def next(self) -> int:
        """Give a number that no draft had."""
        self._number += 1
        return self._number

    def open(self, name: str) -> None:
        """Let a writer open the log."""
        store = SqlStore.open(self.path, name)
        random = CountedRandom(f"{name} {self.next()}".encode())
        seal = Seal(self.keys, random)
        means = Means(make_signer(), name, seal, self.clock, random, replay_ms=60_000)
        marks = HighWater(self.marks_of(name))
        try:
            appender = open_log(store, means, marks)
        except BaseException:
            store.close()
            raise
        self.writers[name] = Writer(store, marks, means, appender)

    def end(self, name: str) -> None:
        """Let a writer end without a word."""
        self.writers.pop(name).store.close()

    def keeper(self) -> Keeper:
        """Give the keeper."""
        writer = self.writers[KEEPER]
        forget = writer.store.forget
        return Keeper(writer.appender, writer.means, writer.store, self.reader, forget)

    def append(self, name: str, drafts: Sequence[Draft]) -> Sequence[Receipt | AuditError]:
        """Append to the real ledger in one batch, and to the naive one what was written."""
        outcomes = self.writers[name].appender.append_batch(drafts)
        for draft, outcome in zip(drafts, outcomes, strict=True):
            if isinstance(outcome, Receipt):
                self.took(name, outcome, about_whom(draft))
        return outcomes

    def took(self, name: str, receipt: Receipt, abouts: Abouts) -> None:
        """Append to the naive ledger what a receipt proves; the writer marks how far it came."""
        assert verify_receipt(receipt.proof, VKEY) == receipt.leaf
        self.naive.proofs.append(receipt.proof)
        self._told(receipt.index, receipt.leaf, abouts)
        checkpoint = parse_checkpoint(split_note(parse_proof(receipt.proof).checkpoint)[0])
        self.naive.roots[checkpoint.size] = checkpoint.root
        self.writers[name].marks.mark(self.writers[name].appender.head)

    def hear(self, drafts: Mapping[str, Draft]) -> None:
        """Append to the naive ledger what stands in the real one without a receipt."""
        size = len(self.naive.leaves)
        for entry in self.reader.entries(size, size + 10):
            assert entry.leaf is not None
            draft = drafts.get(entry.request_id)
            self._told(entry.index, entry.leaf, [] if draft is None else about_whom(draft))

    def verified(self) -> Summary:
        """Verify the real ledger as an auditor does."""
        with LedgerFile.open(self.path) as file:
            return verify_ledger(file, vkey=VKEY)

    def verify_receipts(self) -> None:
        """Verify that the real ledger holds every receipt that was ever handed out."""
        with LedgerFile.open(self.path) as file:
            for proof in self.naive.proofs:
                verify_kept_receipt(file, proof, vkey=VKEY)

    def opened(self) -> dict[tuple[int, int], bytes | None]:
        """Give about whom each sealed row is that opens under the keys of now."""
        return dict(self._opened())

    def marks_of(self, name: str) -> Path:
        """Give the file of the marks of a writer."""
        return self.folder / f"{name}.marks"

    def marked(self, name: str) -> int:
        """Give how far a writer knows that the log had come."""
        lines = self.marks_of(name).read_bytes().splitlines()
        return int(lines[-1].split()[0]) if lines else 0

    def copy_to(self, target: Path) -> None:
        """Copy the file, as a backup of a live database does."""
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(target)) as to:
            source.backup(to)

    def put_back(self, copy: Path) -> None:
        """Put a copy in the place of the file, once everybody has ended."""
        for name in tuple(self.writers):
            self.end(name)
        self.reader.close()
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self.path.write_bytes(copy.read_bytes())
        self.reader = open_reader(sqlite_url(self.path), ORIGIN)

    def _told(self, index: int, leaf: bytes, abouts: Abouts) -> None:
        assert index == len(self.naive.leaves)
        self.naive.leaves.append(leaf)
        self.naive.sealed |= {(index, place): about for place, about in enumerate(abouts)}

    def _opened(self) -> Iterator[tuple[tuple[int, int], bytes | None]]:
        seal = Seal(self.keys, CountedRandom())
        query = (
            'SELECT "index", position, request_id, key_id, sealed FROM particulars'
            ' JOIN entry USING ("index")'
        )
        with closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute(query).fetchall()
        for index, place, request_id, key_id, sealed in rows:
            key = seal.find_key(key_id, self.reader.subject_key)
            assert key is not None
            data = seal.unseal(key, PARTICULARS, request_id, sealed)
            yield (index, place), parse_particulars(data).subject


def contradicted(path: Path, proofs: Sequence[bytes]) -> int:
    """Count the receipts, each sound by itself, that the log in this file contradicts."""
    count = 0
    with LedgerFile.open(path) as file:
        for proof in proofs:
            try:
                verify_kept_receipt(file, proof, vkey=VKEY)
            except VerificationFailed:
                count += 1
    return count


def about_whom(draft: Draft) -> Abouts:
    """Give about whom each row is that is sealed for a draft, by position."""
    several = [person.subject for person in draft.persons]
    return [*several, draft.subject] if draft.committed or draft.subject else several
