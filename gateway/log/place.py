"""Where the log of a year is kept, and what a gateway opens of it: to write and to read."""

import datetime as dt
import re
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.ledger import Ledger, LedgerReader, LogSettings
from audit.note import Signer
from audit.personal import PersonalLog
from audit.seal import Seal, SealKeys
from audit.storage.annex import SqlAnnex
from audit.storage.connect import make_ready, open_annex, open_reader
from audit.storage.engines import schemas_in
from audit.storage.place import sqlite_url
from audit.storage.reader import SqlReader
from gateway.identity.keys import KeyRing
from gateway.settings import Settings

_FILE: Final = re.compile(r"ledger-([0-9]{4})\.db")
_SCHEMA: Final = re.compile("log_([0-9]{4})")


@dataclass(frozen=True, slots=True)
class Machine:
    """The clock and the randomness of this machine.

    Units:   clock_ms gives ms since 1970.
    """

    clock_ms: Callable[[], int]
    random: Callable[[int], bytes]


@dataclass(frozen=True, slots=True, repr=False)
class LogPlace:
    """One log: its address, its name, its keys, and the file that remembers how far it came."""

    url: str
    origin: str
    seed: bytes
    keys: SealKeys
    gateway_id: str
    high_water: Path

    @property
    def vkey(self) -> str:
        """The key that this log is verified with."""
        return Signer(self.origin, self.seed).verifier.vkey


@dataclass(frozen=True, slots=True)
class LogReading:
    """What reads one log: what routes get, the store behind it, and what is kept beside it."""

    reader: LedgerReader
    store: SqlReader
    annex: SqlAnnex
    personal: PersonalLog


def ledger_path(settings: Settings, year: int) -> Path:
    """Return the file of the log of this year: one log a year, so that each can be closed."""
    return settings.home / f"ledger-{year}.db"


def kept_years(settings: Settings) -> list[int]:
    """Return the years whose logs this gateway keeps, the newest first.

    Raises:  StorageBroken when the database server tells nothing.
    """
    if settings.ledger_url is None:
        named = (_FILE.fullmatch(path.name) for path in settings.home.iterdir())
    else:
        schemas = schemas_in(settings.ledger_url.get_secret_value())
        named = (_SCHEMA.fullmatch(name) for name in schemas)
    return sorted((int(match[1]) for match in named if match), reverse=True)


def log_place(settings: Settings, keys: KeyRing, year: int) -> LogPlace:
    """Return the place of the log of this year, with the keys to it."""
    secret = settings.ledger_url
    mark = settings.high_water or settings.home / "high-water"
    url = sqlite_url(ledger_path(settings, year)) if secret is None else secret.get_secret_value()
    return LogPlace(
        url=url,
        origin=f"{settings.public_host}/disclosures/{year}",
        seed=keys.log.private_bytes_raw(),
        keys=SealKeys(keys.seal_epochs, keys.seal_period),
        gateway_id=settings.gateway_id,
        # A mark is about one log: that of last year would refuse the new one.
        high_water=mark.with_name(f"{mark.name}-{year}"),
    )


def year_is_over(origin: str, now: dt.datetime) -> bool:
    """Tell whether the log of this name is that of an earlier year, in UTC, than it is now."""
    return int(origin.rpartition("/")[2]) < now.astimezone(dt.UTC).year


def last_note(settings: Settings, keys: KeyRing, year: int) -> str | None:
    """Return the newest checkpoint of the newest log from before this year, if one is kept.

    Raises:  StorageBroken when that log cannot be read: its archive is to be moved away, or mended.
    """
    before = [each for each in kept_years(settings) if each < year]
    if not before:
        return None
    place = log_place(settings, keys, before[0])
    with closing(open_reader(place.url, place.origin)) as reader:
        note = reader.checkpoint()
    return None if note is None else note.decode()


def open_writing(
    place: LogPlace, opened: ExitStack, before: Callable[[], str | None] = lambda: None
) -> Ledger:
    """Open the log to append to it; its sequencer is a process of its own.

    Effects: a ledger in a file is made or brought to the form of this version. One that begins now
             names the checkpoint that `before` gives, of the log that it comes after.
    Raises:  what `Ledger.open` raises, and SchemaOutdated.
    """
    make_ready(place.url, place.origin)
    with closing(open_reader(place.url, place.origin)) as reader:
        begins = reader.checkpoint() is None
    ledger = Ledger.open(
        LogSettings(
            url=place.url,
            origin=place.origin,
            seed=place.seed,
            gateway_id=place.gateway_id,
            keys=place.keys,
            high_water=place.high_water,
            previous=before() if begins else None,
        )
    )
    opened.callback(ledger.close)
    return ledger


def open_reading(place: LogPlace, machine: Machine, opened: ExitStack) -> LogReading:
    """Open the log to read it, and what is kept beside it.

    Raises: StorageBroken.
    """
    store = open_reader(place.url, place.origin)
    opened.callback(store.close)
    annex = open_annex(place.url, place.origin)
    opened.callback(annex.close)
    seal = Seal(place.keys, machine.random)
    reader = LedgerReader(store, origin=place.origin, seal=seal, clock_ms=machine.clock_ms)
    return LogReading(reader, store, annex, PersonalLog(store, seal))
