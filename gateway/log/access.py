"""A log opened for the commands of its auditors and keepers, beside the gateways that write it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from audit.keeping import Keeper, keys_of_epoch, next_keys
from audit.note import Signer
from audit.seal import KEY_BYTES, Seal
from audit.sequencer.appender import Means
from audit.sequencer.highwater import HighWater
from audit.sequencer.opening import open_log
from audit.storage.connect import open_reader
from audit.storage.migrate import migrate
from audit.storage.writer import open_writer
from gateway.errors import SettingsInvalid
from gateway.identity.keys import add_epoch, destroy_epochs_before, ensure_keys
from gateway.log.place import (
    LogPlace,
    LogReading,
    Machine,
    kept_years,
    log_place,
    open_reading,
)
from gateway.settings import Settings
from gateway.wiring import clock_ms, os_random, utc_now

KEEPER_ID: Final = "keeper"
"""The name under which keepers write; it is numbered without gap like that of a gateway."""

# A keeper's command waits for another one that is at work, and no longer.
_PATIENCE_S: Final = 5.0
# Nobody repeats a request to a keeper, so no answer is kept.
_REPLAY_MS: Final = 0


@dataclass(frozen=True, slots=True)
class Rotation:
    """What came of a rotation: the epoch from here on, and those whose keys are destroyed."""

    epoch: int
    destroyed: tuple[int, ...]


@contextmanager
def open_log_reader(settings: Settings, year: int) -> Iterator[LogReading]:
    """Open the log of a year to read it.

    Raises:  SettingsInvalid, KeysUnsafe, StorageBroken.
    """
    with ExitStack() as opened:
        yield open_reading(_place(settings, year), Machine(clock_ms, os_random), opened)


@contextmanager
def open_keeper(settings: Settings, year: int) -> Iterator[Keeper]:
    """Open the log of a year for a privacy officer, who may do more to it than a gateway.

    Effects: holds the name of the keeper until the block ends.
    Raises:  LedgerInUse when another keeper is at work; what the opening of a log raises.
    """
    with _keeping(_place(settings, year)) as keeper:
        yield keeper


def rotate_keys(settings: Settings, years: Sequence[int]) -> Rotation:
    """Wrap every data key of the logs of these years under a new key, and destroy the old one.

    A rotation that was cut short is finished: its new key is there already.
    Shapes:  years: all years whose logs are kept; none means those that have a file in `home`.
    Effects: the new key is durable first, then the logs move, then the old key goes. Gateways that
             run stop with KeysRotated, and go on when they are started again.
    Raises:  SettingsInvalid, KeysUnsafe, LedgerInUse; what the opening of a log raises.
    """
    directory = _directory(settings)
    if settings.ledger_url is not None and not years:
        # A log that was overlooked could not be opened any more once the old key is gone.
        raise SettingsInvalid("name every year whose log the database holds")
    places = [_place(settings, year) for year in years or all_years(settings)]
    epochs = {place.origin: _epoch(place) for place in places}
    keys = places[0].keys
    if set(epochs.values()) == {keys.newest} and len(keys.epochs) == 1:
        keys = next_keys(keys, os_random(KEY_BYTES))
        add_epoch(directory, keys.newest, keys.epochs[keys.newest])
    for place in places:
        if epochs[place.origin] != keys.newest:
            with _keeping(replace(place, keys=keys_of_epoch(keys, epochs[place.origin]))) as keeper:
                keeper.rotate(keys)
    return Rotation(keys.newest, destroy_epochs_before(directory, keys.newest))


def migrate_log(settings: Settings, year: int, owner_url: str | None) -> None:
    """Bring the tables of a log to the form of this version, as the owner of the database.

    Raises:  SettingsInvalid, KeysUnsafe, SchemaOutdated, StorageBroken.
    """
    place = _place(settings, year)
    migrate(owner_url or place.url, place.origin)


def all_years(settings: Settings) -> list[int]:
    """Return the years whose logs are kept, the newest first.

    Raises:  SettingsInvalid when there is none, StorageBroken.
    """
    _directory(settings)
    years = kept_years(settings)
    if not years:
        raise SettingsInvalid(f"DOELPOORT_HOME: {settings.home} and its ledger hold no log")
    return years


def log_vkey(settings: Settings, year: int) -> str:
    """Return the key that receipts and checkpoints of this log are verified with.

    Raises:  SettingsInvalid, KeysUnsafe.
    """
    return _place(settings, year).vkey


def this_year() -> int:
    """Return the year whose log is being written."""
    return utc_now().year


@contextmanager
def _keeping(place: LogPlace) -> Iterator[Keeper]:
    marks = HighWater(place.high_water.with_name(f"{place.high_water.name}-{KEEPER_ID}"))
    means = Means(
        signer=Signer(place.origin, place.seed),
        gateway_id=KEEPER_ID,
        seal=Seal(place.keys, os_random),
        clock_ms=clock_ms,
        random=os_random,
        replay_ms=_REPLAY_MS,
    )
    with ExitStack() as opened:
        store = open_writer(place.url, place.origin, KEEPER_ID, _PATIENCE_S)
        opened.callback(store.close)
        reader = open_reader(place.url, place.origin)
        opened.callback(reader.close)
        appender = open_log(store, means, marks)
        # So that no restored backup can undo, unnoticed, what a keeper did.
        opened.callback(lambda: marks.mark(appender.head))
        yield Keeper(appender, means, store, reader, store.forget)


def _epoch(place: LogPlace) -> int:
    with closing(open_writer(place.url, place.origin, KEEPER_ID, _PATIENCE_S)) as store:
        return store.head().epoch


def _place(settings: Settings, year: int) -> LogPlace:
    """Return the place of a log that is there already."""
    keys = ensure_keys(_directory(settings), random=os_random)
    return log_place(settings, keys, year)


def _directory(settings: Settings) -> Path:
    directory = settings.home / "keys"
    if not directory.is_dir():
        raise SettingsInvalid(f"DOELPOORT_HOME: {settings.home} is not the home of a gateway")
    return directory
