"""What the commands `doelpoort audit ...` do; `audit_cli` only says how they are called.

Each gives what to print and an exit status. 0: nothing to object. 1: something is wrong. 3: nothing
is wrong as far as this can tell, but not everything could be told.
"""

import asyncio
import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from rich.console import Console
from rich.progress import Progress
from typing_extensions import override

from audit.bundle import Enclosed, Scope, write_bundle
from audit.entry import Json, parse_leaf
from audit.errors import NothingToOpen
from audit.keeping import Look, Order, RetentionReport, open_commitments
from audit.projections.lines import Kind, project, write_lines
from audit.projections.record import Context
from audit.storage.contract import Annex
from audit.verifier.opening import Opening
from gateway.cli import audit_text as text
from gateway.errors import SettingsInvalid
from gateway.learning.records import is_decision
from gateway.log.access import (
    Rotation,
    log_vkey,
    migrate_log,
    open_keeper,
    open_log_reader,
    rotate_keys,
)
from gateway.log.place import LogReading
from gateway.moments import midnight, unix_ms
from gateway.replay.evidence import read_queries, read_receipts
from gateway.replay.reconcile import Finding, Period, Reconciliation, open_books
from gateway.replay.replay import Report, replay
from gateway.replay.revisions import Revisions
from gateway.settings import Settings

OK, WRONG, UNTOLD = 0, 1, 3

_DAY: Final = dt.timedelta(days=1)
_EVER_MS: Final = 2**53
_PAGE: Final = 1_000

Show: TypeAlias = Callable[[int, int], None]
"""Shows how far something is: so many done, of so many."""


@dataclass(frozen=True, slots=True)
class Log:
    """Which log is meant: that of this gateway, of one year."""

    settings: Settings
    year: int


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day that are meant, where the persons live; None leaves it open."""

    first: dt.date | None = None
    last: dt.date | None = None

    @property
    def start_ms(self) -> int:
        """When the first day begins, in ms since 1970."""
        return 0 if self.first is None else unix_ms(midnight(self.first))

    @property
    def stop_ms(self) -> int:
        """When the last day has ended, in ms since 1970."""
        return _EVER_MS if self.last is None else unix_ms(midnight(self.last + _DAY))


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose entries are meant, and for what; None means all.

    Shapes:  organisation: an OIN.
    """

    organisation: str | None = None
    purpose: str | None = None

    @property
    def words(self) -> dict[str, str]:
        """What was chosen, by the member of an entry."""
        chosen = {"organisation": self.organisation, "purpose": self.purpose}
        return {name: word for name, word in chosen.items() if word is not None}

    def takes(self, members: Mapping[str, Json]) -> bool:
        """Tell whether an entry with these members is meant."""
        return all(members.get(name) == word for name, word in self.words.items())


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks into what is sealed, in which role, and why."""

    order: Order
    role: str


def export(
    log: Log, out: Path, days: Days, choice: Choice, looking: Looking | None
) -> tuple[str, int]:
    """Write an audit bundle; with openings when somebody looks for them, which is recorded.

    Effects: a new folder; one `access` entry for every entry that is opened.
    Raises:  BundleNotWritten; what the opening of a log raises.
    """
    openings = () if looking is None else _opened(log, days, choice, looking)
    scope = Scope(
        None if days.first is None else days.start_ms,
        None if days.last is None else days.stop_ms,
        choice.takes if choice.words else None,
        choice.words,
    )
    with open_log_reader(log.settings, log.year) as opened, _progress("export") as show:
        enclosed = Enclosed(
            policies=_Kept(opened.annex, _policies_in(opened, days, choice)),
            cosigned=(note for _, note in opened.annex.cosigned()),
            stamps=dict(opened.annex.stamps()),
            openings=openings,
        )
        count = write_bundle(opened.store, out, scope=scope, enclosed=enclosed, progress=show)
    return text.exported(count, str(out), log_vkey(log.settings, log.year)), OK


def replay_log(log: Log, days: Days) -> tuple[Report, int]:
    """Decide every recorded request of these days again, under the policy of its time.

    Raises:  what the opening of a log raises.
    """
    with open_log_reader(log.settings, log.year) as opened, _progress("replay") as show:
        part = _part(opened, days)
        entries = opened.store.entries(part.start, part.stop)
        done = _each(show, len(part))
        report = asyncio.run(replay(entries, Revisions(opened.annex.revision), done))
    status = WRONG if report.different else UNTOLD if report.undecided else OK
    return report, status


def reconcile_log(
    log: Log, receipts: Path, queries: Path | None, days: Days, key: str | None
) -> tuple[Reconciliation, int]:
    """Hold the ledger against the receipts of recipients and the query log of a source.

    Raises:  EvidenceInvalid; what the opening of a log raises.
    """
    vkey = key or log_vkey(log.settings, log.year)
    period = Period(days.start_ms, days.stop_ms)
    with open_books() as books:
        # What is handed in is read first: an entry that comes meanwhile is not missed.
        books.add_receipts(read_receipts(receipts, vkey))
        if queries is not None:
            books.add_queries(read_queries(queries))
        with open_log_reader(log.settings, log.year) as opened, _progress("reconcile") as show:
            size = opened.reader.head().size
            books.add_entries(opened.store.entries(0, size), period, _each(show, size))
            books.add_signed(opened.store.checkpoint)
        found = books.compare()
    untold = Finding.DISCLOSURE_WITHOUT_RECEIPT in found.found
    return found, WRONG if found.is_alarm else UNTOLD if untold else OK


def retain(log: Log, before: dt.date, order: Order) -> RetentionReport:
    """Take the content of the entries from before this day away; the proofs stay.

    Raises:  NothingToPrune; what the opening of a log raises.
    """
    with open_log_reader(log.settings, log.year) as opened:
        below = opened.reader.index_at(unix_ms(midnight(before)))
    with open_keeper(log.settings, log.year) as keeper:
        return keeper.retain(below, order)


def look(log: Log, request_id: str, looking: Looking) -> Look:
    """Open what is sealed beside one entry, once it is recorded that somebody looks.

    Raises:  NothingToOpen; what the opening of a log raises.
    """
    with open_keeper(log.settings, log.year) as keeper:
        return keeper.look(request_id, looking.role, looking.order)


def rotate(settings: Settings, years: tuple[int, ...]) -> Rotation:
    """Wrap every data key anew, and destroy the key that wrapped them.

    Raises:  see `rotate_keys`.
    """
    return rotate_keys(settings, years)


def project_log(log: Log, kind: Kind, out: Path, days: Days) -> int:
    """Write the entries of these days in the form of a Dutch standard, and return how many lines.

    Effects: a new file that only its owner can read.
    Raises:  SettingsInvalid when it cannot be made; what the opening of a log raises.
    """
    with open_log_reader(log.settings, log.year) as opened, _progress("project") as show:
        part = _part(opened, days)
        lines = _lines(opened, kind, part, Context(log.settings.public_url), show)
        try:
            out.touch(mode=0o600, exist_ok=False)
            with out.open("w", encoding="utf-8") as stream:
                return write_lines(lines, stream)
        except OSError as exc:
            raise SettingsInvalid("the file cannot be made there; it must not exist yet") from exc


def migrate(log: Log, owner_url: str | None) -> None:
    """Bring the tables of the log to the form of this version.

    Raises:  see `migrate_log`.
    """
    migrate_log(log.settings, log.year, owner_url)


def status(log: Log) -> dict[str, str | int | None]:
    """Return how the log stands: its size and root, its key, and who bore witness to it.

    Raises:  what the opening of a log raises.
    """
    with open_log_reader(log.settings, log.year) as opened:
        head = opened.reader.head()
        cosigned = next(opened.annex.cosigned(), None)
        stamped = next(opened.annex.stamps(), None)
        newest = next(opened.store.entries(head.size - 1, head.size), None)
    leaf = None if newest is None or newest.leaf is None else parse_leaf(newest.leaf)
    return {
        "log": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "vkey": log_vkey(log.settings, log.year),
        "newest": None if leaf is None else text.moment(leaf["time"]),
        "cosigned": None if cosigned is None else cosigned[0],
        "stamped": None if stamped is None else stamped[0],
    }


def _part(opened: LogReading, days: Days) -> range:
    """Return the indexes of the entries of these days."""
    first = 0 if days.first is None else opened.reader.index_at(days.start_ms)
    stop = opened.reader.head().size if days.last is None else opened.reader.index_at(days.stop_ms)
    return range(first, stop)


def _lines(
    opened: LogReading, kind: Kind, part: range, context: Context, show: Show
) -> Iterator[dict[str, Any]]:
    for start in range(part.start, part.stop, _PAGE):
        stop = min(start + _PAGE, part.stop)
        yield from project(opened.reader, kind, start, stop, context)
        show(stop - part.start, len(part))


def _opened(log: Log, days: Days, choice: Choice, looking: Looking) -> list[Opening]:
    """Return what shows the commitments of the chosen entries; every look is recorded."""
    with open_log_reader(log.settings, log.year) as opened:
        part = _part(opened, days)
        wanted = [found for found, members in _decisions(opened, part) if choice.takes(members)]
    openings: list[Opening] = []
    with open_keeper(log.settings, log.year) as keeper:
        for request_id in wanted:
            # What was erased, or was about nobody, has nothing to open.
            with suppress(NothingToOpen):
                seen = keeper.look(request_id, looking.role, looking.order)
                openings += open_commitments(seen, {})
    return openings


def _decisions(opened: LogReading, part: range) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Give the request id and the members of each recorded decision."""
    for entry in opened.store.entries(part.start, part.stop):
        members = {} if entry.leaf is None else parse_leaf(entry.leaf)
        if is_decision(members):
            yield entry.request_id, members


class _Kept(Mapping[str, bytes]):
    """The kept revisions among these digests, read from the annex one at a time."""

    def __init__(self, annex: Annex, digests: Iterable[str]) -> None:
        self._annex = annex
        self._digests = [each for each in digests if annex.revision(each) is not None]

    @override
    def __getitem__(self, digest: str) -> bytes:
        content = self._annex.revision(digest)
        if content is None:
            raise KeyError(digest)
        return content

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    @override
    def __len__(self) -> int:
        return len(self._digests)


def _policies_in(opened: LogReading, days: Days, choice: Choice) -> list[str]:
    """Return the digests of the policies that the chosen entries were decided under."""
    found = _decisions(opened, _part(opened, days))
    return sorted({str(members["policy"]) for _, members in found if choice.takes(members)})


@contextmanager
def _progress(what: str) -> Iterator[Show]:
    """Give what shows the progress to a person at a terminal, and to nobody else."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def _each(show: Show, total: int) -> Callable[[], None]:
    """Return what counts one more, and shows it now and then."""
    counted = itertools.count(1)

    def done() -> None:
        number = next(counted)
        if number % _PAGE == 0 or number == total:
            show(number, total)

    return done
