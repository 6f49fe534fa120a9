"""What a gateway does with what is kept for a while: end it, tell of its end, and erase it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from gateway.api.cases import desk_of
from gateway.api.state import Services
from gateway.chores import Chore
from gateway.inbox import flow as questions
from gateway.inbox.hooks import Hooks, Teller
from gateway.repeats import store as repeats
from gateway.table import flow as tables

_END_S: Final = 60.0
_TELL_S: Final = 5.0
_FORGET_S: Final = 3600.0


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
        return [
            Chore("terms of questions", _END_S, self._end),
            Chore("webhooks of clients", _TELL_S, self._tell),
            Chore("erasure of questions", _FORGET_S, self._forget),
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
