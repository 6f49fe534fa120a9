"""The logs of earlier years, opened for as long as somebody reads in them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from audit.reading import LedgerReader
from gateway.citizen.policies import KeptCatalogues
from gateway.citizen.report import KeptLog, year_of
from gateway.identity.keys import KeyRing
from gateway.log.place import LogReading, Machine, kept_years, log_place, open_reading
from gateway.settings import Settings

Earlier = Callable[[], AbstractContextManager[Sequence[KeptLog]]]
"""Opens the logs that are kept of the years before, the newest first."""


def earlier_logs(
    settings: Settings, keys: KeyRing, current: LedgerReader, machine: Machine
) -> Earlier:
    """Return what opens the logs of the years before the current one.

    They are opened anew each time, so that a log that was moved to an archive meanwhile is not
    missed, and one that cannot be read stops the report and not the gateway.
    """

    @contextmanager
    def opened() -> Iterator[Sequence[KeptLog]]:
        with ExitStack() as stack:
            yield [
                _kept_log(open_reading(log_place(settings, keys, year), machine, stack))
                for year in kept_years(settings)
                if year < year_of(current)
            ]

    return opened


def _kept_log(reading: LogReading) -> KeptLog:
    return KeptLog(reading.reader, reading.personal, KeptCatalogues(reading.annex.revision))
