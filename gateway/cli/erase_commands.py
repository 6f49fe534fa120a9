"""What `doelpoort audit erase` does: a person goes from every log, then from what lies beside them.

The ledger comes first: once its key is destroyed, nothing that follows the log can make anything
about the person again. What cannot be reached is named, and asking again does the rest.
"""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from audit.errors import AuditError, NothingToErase
from audit.keeping import ErasureReport, Order
from gateway.erasing import FILES, Beside, erase_beside, erase_files
from gateway.errors import GatewayError
from gateway.identity.counting import counting_key
from gateway.identity.errors import KeysUnsafe
from gateway.identity.keys import ensure_keys
from gateway.log.access import all_years, open_keeper
from gateway.mosaic.one_key import require_one_key
from gateway.openings import open_case_store
from gateway.settings import Settings
from gateway.subject import Subject, parse_bsn
from gateway.wiring import os_random


@dataclass(frozen=True, slots=True)
class Undone:
    """A place that was not reached, and the kind of failure that kept it."""

    place: str
    failure: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """What came of erasing a person.

    Shapes:  logs: by year. beside: None when the case store was not reached. files: messages taken
             out of the folder from which another system takes them.
    """

    logs: Mapping[int, ErasureReport]
    beside: Beside | None
    files: int
    undone: tuple[Undone, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to do: every place reached, and no entry on its way to a log."""
        return not self.undone and (self.beside is None or not self.beside.kept.unrecorded)

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to erase, anywhere."""
        removed = 0 if self.beside is None else sum(self.beside.removed.values())
        return not (self.undone or self.logs or self.files or removed)


def erase(settings: Settings, years: tuple[int, ...], bsn: str, order: Order) -> Erasure:
    """Erase everything about a person, in the logs of these years and beside them.

    Shapes:  years: none means every year whose log is kept.
    Effects: an `erasure` entry in each log that had something sealed about the person.
    Raises:  SubjectInvalid, SettingsInvalid, KeysUnsafe; a failure of one place is told instead.
    """
    subject = parse_bsn(bsn)
    undone: list[Undone] = []
    logs: dict[int, ErasureReport] = {}
    for year in years or tuple(all_years(settings)):
        try:
            with open_keeper(settings, year) as keeper:
                logs[year] = keeper.erase(subject.as_bytes(), order)
        except NothingToErase:
            continue
        except AuditError as exc:
            undone.append(Undone(f"ledger {year}", type(exc).__name__))
    beside, files = _beside(settings, subject, undone), _files(settings, subject, undone)
    return Erasure(logs, beside, files, tuple(undone))


def _beside(settings: Settings, subject: Subject, undone: list[Undone]) -> Beside | None:
    try:
        with closing(open_case_store(settings.cases_url)) as book:
            return asyncio.run(erase_beside(book, subject, _counting(settings)))
    except (GatewayError, KeysUnsafe) as exc:
        undone.append(Undone("cases", type(exc).__name__))
        return None


def _counting(settings: Settings) -> bytes:
    secret = ensure_keys(settings.home / "keys", random=os_random).idempotency
    # Under another key nothing about anybody is found, and that would look like nothing to erase.
    require_one_key(settings.cases_url, secret)
    return counting_key(secret)


def _files(settings: Settings, subject: Subject, undone: list[Undone]) -> int:
    if settings.inform_folder is None:
        return 0
    try:
        return erase_files(settings.inform_folder, subject)
    except OSError as exc:
        undone.append(Undone(FILES, type(exc).__name__))
        return 0
