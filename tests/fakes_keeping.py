"""A real ledger in a file, with a gateway that writes and a keeper beside it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from audit.entry import Draft, EntryType, Person, Receipt
from audit.keeping import Keeper, Order, keys_of_epoch, next_keys
from audit.seal import Seal, SealKeys
from audit.sequencer.appender import Appender, Means
from audit.sequencer.highwater import HighWater
from audit.sequencer.opening import open_log
from audit.storage.connect import make_ready, open_reader
from audit.storage.place import sqlite_url
from audit.storage.reader import SqlReader
from audit.storage.writer import OpenStore, open_writer
from tests.fakes_audit import (
    ORIGIN,
    SUBJECT,
    CountedRandom,
    FixedClock,
    make_draft,
    make_members,
    make_signer,
)

KEYS = SealKeys({1: b"e" * 32}, b"p" * 32)
NEXT = next_keys(KEYS, b"n" * 32)
AFTER = keys_of_epoch(NEXT, 2)
ORDER = Order("client_request", b"functionaris-3", b"op verzoek zelf")
OTHERS = (b"999990020", b"999990032")


@dataclass(frozen=True, slots=True)
class Writing:
    """One process of a log, as far as a test needs it."""

    appender: Appender
    means: Means
    store: OpenStore

    def append(self, *drafts: Draft) -> list[Receipt]:
        """Append these drafts in one batch, which must all be written."""
        outcomes = self.appender.append_batch(drafts)
        return [outcome for outcome in outcomes if isinstance(outcome, Receipt)]


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log in a file: what its gateway writes with, what reads it, and its keeper."""

    path: Path
    gateway: Writing
    reader: SqlReader
    keeper: Keeper
    keeping: Writing

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.gateway.store.head().size


@contextmanager
def kept_log(folder: Path, keys: SealKeys = KEYS) -> Iterator[KeptLog]:
    """Open a log in a file of this folder; begin it if it is not there."""
    path = folder / "ledger.db"
    url = sqlite_url(path)
    make_ready(url, ORIGIN)
    with opened_log(url, ORIGIN, folder, keys) as log:
        yield log


@contextmanager
def opened_log(url: str, origin: str, folder: Path, keys: SealKeys) -> Iterator[KeptLog]:
    """Open a log wherever it is kept, as a gateway and as a keeper."""
    path = folder / "ledger.db"
    with ExitStack() as opened:
        gateway = _writing(opened, (url, origin, "gw-1"), folder, keys)
        keeping = _writing(opened, (url, origin, "keeper"), folder, keys)
        reader = open_reader(url, origin)
        opened.callback(reader.close)
        store = keeping.store
        keeper = Keeper(keeping.appender, keeping.means, store, reader, store.forget)
        yield KeptLog(path, gateway, reader, keeper, keeping)


def several_draft(number: int = 1, subjects: Sequence[bytes] = (SUBJECT, *OTHERS)) -> Draft:
    """Give a draft of a disclosure about several persons."""
    persons = tuple(Person(subject, b"content about " + subject[-2:]) for subject in subjects)
    return Draft(
        EntryType.DISCLOSURE,
        f"{number:032x}",
        make_members(subjects=len(persons)),
        committed={
            "request": b'{"purpose": "..."}',
            "professional": b"medewerker-17",
            "justification": b"het hele gezin",
        },
        persons=persons,
    )


def replayed_draft(number: int) -> Draft:
    """Give a draft about one subject with an answer that is kept for replay."""
    return replace(make_draft(number), replay=b"the answer itself", replay_digest=b"d" * 32)


def nobody_draft(number: int) -> Draft:
    """Give a draft of a refusal that is about nobody known."""
    draft = make_draft(number, subjects=0)
    committed = {label: v for label, v in draft.committed.items() if label != "subject"}
    return replace(draft, type=EntryType.REFUSAL, committed=committed, subject=None)


def _writing(
    opened: ExitStack, place: tuple[str, str, str], folder: Path, keys: SealKeys
) -> Writing:
    _, origin, gateway_id = place
    store = open_writer(*place, 0.0)
    opened.callback(store.close)
    # Each opening gives other bytes, as a system would.
    random = CountedRandom(f"{gateway_id} {keys.newest} {store.head().size}".encode())
    signer, seal = make_signer(name=origin), Seal(keys, random)
    means = Means(signer, gateway_id, seal, FixedClock(), random, replay_ms=60_000)
    marks = HighWater(folder / f"{gateway_id}.marks")
    return Writing(open_log(store, means, marks), means, store)
