"""The ledger held against what others kept: is it whole, and did all data pass through the gate.

A recipient's receipt without its entry means that the ledger lost it or was forged. A query of a
source without an entry means that data were fetched outside the gate. The other way round there are
harmless reasons, so that is told and no alarm: an answer that got lost, a receipt not kept.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from audit.checkpoint import Checkpoint, parse_checkpoint
from audit.entry import Json, parse_leaf
from audit.note import split_note
from audit.storage.contract import Entry
from gateway.learning.records import is_decision, is_release
from gateway.replay.evidence import Receipt, SourceQuery

MAX_EXAMPLES: Final = 100
"""Of each finding so many are named; all are counted."""


class Finding(StrEnum):
    """What the comparison can show, the alarms first."""

    RECEIPT_WITHOUT_ENTRY = "receipt_without_entry"
    LEDGER_FORKED = "ledger_forked"
    RECEIPT_UNPROVEN = "receipt_unproven"
    QUERY_WITHOUT_ENTRY = "query_without_entry"
    DISCLOSURE_WITHOUT_RECEIPT = "disclosure_without_receipt"
    UNDELIVERED = "undelivered"
    DISCLOSURE_WITHOUT_QUERY = "disclosure_without_query"
    RECEIPT_OF_OTHER_LOG = "receipt_of_other_log"


ALARMS: Final = frozenset(
    {
        Finding.RECEIPT_WITHOUT_ENTRY,
        Finding.LEDGER_FORKED,
        Finding.RECEIPT_UNPROVEN,
        Finding.QUERY_WITHOUT_ENTRY,
    }
)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What the comparison showed.

    Shapes:  found: per finding how many, and where the first of them are: a file or a line of what
             was handed in, or an index of the ledger.
    """

    entries: int
    receipts: int
    queries: int
    found: Mapping[Finding, tuple[int, tuple[str, ...]]]

    @property
    def is_alarm(self) -> bool:
        """Whether the ledger or the gate failed, as far as this shows."""
        return bool(ALARMS & self.found.keys())


@dataclass(frozen=True, slots=True)
class Period:
    """Which disclosures must have left a receipt and a query; alarms look at the whole ledger.

    Units:   start_ms <= time < stop_ms, in ms since 1970.
    """

    start_ms: int
    stop_ms: int


class Books:
    """Both sides in tables of a temporary file, so that their size is no matter."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._books = connection
        self._books.executescript(_TABLES)
        self._has_queries = False

    def add_receipts(self, receipts: Iterable[Receipt]) -> None:
        """Take what recipients handed in."""
        rows = map(_receipt_row, receipts)
        self._books.executemany("INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?)", rows)

    def add_queries(self, queries: Iterable[SourceQuery]) -> None:
        """Take what a source answered."""
        self._has_queries = True
        rows = ((query.line, query.time, query.trace) for query in queries)
        self._books.executemany("INSERT INTO query VALUES (?, ?, ?)", rows)

    def add_entries(
        self, entries: Iterable[Entry], period: Period, done: Callable[[], None]
    ) -> None:
        """Take the ledger, from its first entry on; `done` is called after each.

        Raises:  LeafInvalid, StorageBroken.
        """
        for entry in entries:
            members = {} if entry.leaf is None else parse_leaf(entry.leaf)
            row = _entry_row(entry, members, period)
            self._books.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            if members.get("reason") == "undelivered":
                self._books.execute("INSERT INTO undelivered VALUES (?)", (members["entry"],))
            done()

    def add_signed(self, covering: Callable[[int], bytes | None]) -> None:
        """Take the checkpoints that the ledger has for the sizes that receipts name."""
        sizes = self._books.execute("SELECT DISTINCT size FROM receipt WHERE size > 0").fetchall()
        for (size,) in sizes:
            note = covering(size - 1)
            if note is not None:
                found = parse_checkpoint(split_note(note)[0])
                self._books.execute("INSERT INTO signed VALUES (?, ?)", (found.size, found.root))

    def compare(self) -> Reconciliation:
        """Return what the two sides say of each other."""
        found: dict[Finding, tuple[int, tuple[str, ...]]] = {}
        for finding, question in _QUESTIONS.items():
            if finding is Finding.DISCLOSURE_WITHOUT_QUERY and not self._has_queries:
                continue
            count, places = 0, []
            for (place,) in self._books.execute(question):
                count += 1
                if count <= MAX_EXAMPLES:
                    places.append(str(place))
            if count:
                found[finding] = count, tuple(places)
        [(entries, receipts, queries)] = self._books.execute(_SIZES)
        return Reconciliation(entries, receipts, queries, found)


@contextmanager
def open_books() -> Iterator[Books]:
    """Give books to compare in; their temporary file is gone afterwards."""
    with TemporaryDirectory(prefix="doelpoort-reconcile-") as made:
        path = Path(made) / "books.db"
        with closing(sqlite3.connect(path)) as connection:
            yield Books(connection)


def _receipt_row(receipt: Receipt) -> tuple[object, ...]:
    proven = receipt.proven
    if proven is None:
        return receipt.place, receipt.is_of_other_log, None, None, 0, None
    signed: Checkpoint = proven.signed
    return receipt.place, False, proven.index, proven.leaf_hash, signed.size, signed.root


def _entry_row(entry: Entry, members: Mapping[str, Json], period: Period) -> tuple[object, ...]:
    """Return what is compared of an entry; of a pruned one only its place and its hash."""
    time = members.get("time")
    trace = members.get("trace") if is_decision(members) else None
    released = (
        is_release(members) and isinstance(time, int) and period.start_ms <= time < period.stop_ms
    )
    veiled = members.get("veiled") is True
    return entry.index, entry.leaf_hash, entry.request_id, time, trace, released, veiled


_TABLES: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE receipt (place TEXT, other INTEGER, idx INTEGER, hash BLOB, size INTEGER, root BLOB);
CREATE INDEX receipt_idx ON receipt (idx);
CREATE TABLE query (line INTEGER PRIMARY KEY, time INTEGER, trace TEXT);
CREATE INDEX query_trace ON query (trace);
CREATE TABLE entry (
    idx INTEGER PRIMARY KEY, hash BLOB, id TEXT, time INTEGER, trace TEXT, released INTEGER,
    veiled INTEGER
);
CREATE INDEX entry_trace ON entry (trace);
CREATE TABLE undelivered (id TEXT);
CREATE INDEX undelivered_id ON undelivered (id);
CREATE TABLE signed (size INTEGER, root BLOB);
CREATE VIEW unreceipted AS
    SELECT idx, EXISTS (SELECT 1 FROM undelivered WHERE undelivered.id = entry.id) AS lost
    FROM entry
    WHERE released AND NOT EXISTS (SELECT 1 FROM receipt WHERE receipt.idx = entry.idx);
-- Of entries whose content was pruned nobody knows the traces, so older queries are not judged.
CREATE VIEW known AS
    SELECT CASE WHEN EXISTS (SELECT 1 FROM entry WHERE time IS NULL) THEN min(time) ELSE 0 END
    AS since FROM entry;
"""
_SIZES: Final = """
SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM receipt), (SELECT count(*) FROM query)
"""
_QUESTIONS: Final[Mapping[Finding, str]] = {
    Finding.RECEIPT_WITHOUT_ENTRY: """
        SELECT place FROM receipt LEFT JOIN entry USING (idx)
        WHERE receipt.hash IS NOT NULL AND entry.hash IS NOT receipt.hash ORDER BY receipt.rowid
    """,
    Finding.LEDGER_FORKED: """
        SELECT place FROM receipt JOIN (SELECT DISTINCT size, root FROM signed) AS kept USING (size)
        WHERE kept.root IS NOT receipt.root ORDER BY receipt.rowid
    """,
    Finding.RECEIPT_UNPROVEN: """
        SELECT place FROM receipt WHERE hash IS NULL AND NOT other ORDER BY rowid
    """,
    Finding.QUERY_WITHOUT_ENTRY: """
        SELECT line FROM query JOIN known ON time >= since
        WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.trace = query.trace) ORDER BY line
    """,
    Finding.DISCLOSURE_WITHOUT_RECEIPT: "SELECT idx FROM unreceipted WHERE NOT lost ORDER BY idx",
    Finding.UNDELIVERED: "SELECT idx FROM unreceipted WHERE lost ORDER BY idx",
    Finding.DISCLOSURE_WITHOUT_QUERY: """
        SELECT idx FROM entry
        WHERE released AND NOT veiled
            AND NOT EXISTS (SELECT 1 FROM query WHERE query.trace = entry.trace)
        ORDER BY idx
    """,
    Finding.RECEIPT_OF_OTHER_LOG: "SELECT place FROM receipt WHERE other ORDER BY rowid",
}
