"""What a gateway does with what has a term: end it, tell of its end, and erase it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from gateway.api.state import Services, desk_of
from gateway.background.chores import Chore
from gateway.background.unfinished import Unfinished
from gateway.inbox import flow as questions
from gateway.inbox.hooks import Hooks, Teller
from gateway.log.place import year_is_over
from gateway.repeats import store as repeats
from gateway.table import flow as tables

_LOG: Final = logging.getLogger("doelpoort.questioning")

_END_S: Final = 60.0
_TELL_S: Final = 5.0
_FORGET_S: Final = 3600.0
_YEAR_S: Final = 3600.0
_CORRECT_S: Final = 2.0


def hooks_path(home: Path) -> Path:
    """Return the file of the webhooks of the clients."""
    return home / "webhooks.json"


@dataclass(frozen=True, slots=True)
class Questioning:
    """The parts of it; the services are those in force when a chore is done."""

    home: Path
    http: httpx.AsyncClient
    services: Callable[[], Services]

    def chores(self) -> Sequence[Chore]:
        """Return what is to be done beside answering."""
        services = self.services()
        unfinished = Unfinished(services.log, services.personal)

        async def correct() -> None:
            await unfinished.look(desk_of(self.services()))

        return [
            Chore("terms of questions", _END_S, self._end),
            Chore("webhooks of clients", _TELL_S, self._tell),
            Chore("erasure of questions", _FORGET_S, self._forget),
            Chore("year of the log", _YEAR_S, self._tell_year),
            Chore("steps that a crash cut off", _CORRECT_S, correct),
        ]

    async def _end(self) -> None:
        await questions.expire(desk_of(self.services()))

    async def _tell(self) -> None:
        services = self.services()
        hooks = Hooks(hooks_path(self.home))
        await Teller(services.book, hooks, self.http, services.now).tell()

    async def _forget(self) -> None:
        desk = desk_of(self.services())
        await questions.forget(desk)
        await tables.forget(desk)
        await repeats.forget(desk.book, desk.moment().at)

    async def _tell_year(self) -> None:
        services = self.services()
        if year_is_over(services.log.origin, services.now()):
            _LOG.error("the year of the log is over: restart the gateway to begin a new one")
