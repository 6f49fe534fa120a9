"""What a gateway does beside answering: each chore at its own pace, none able to stop another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from audit.errors import AuditError
from gateway.errors import GatewayError

_LOG: Final = logging.getLogger("doelpoort.chores")

_FORESEEN: Final = (AuditError, GatewayError, OSError)

Pause = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that is done again and again.

    Units:   every_s: the pause before each time, in seconds.
    """

    name: str
    every_s: float
    do: Callable[[], Awaitable[None]]


async def do_chores(chores: Sequence[Chore], pause: Pause) -> None:
    """Do every chore at its pace until cancelled.

    A failure is logged by its kind, and the chore is done again after its pause: a bug that one
    turn met does not end the reload of the policy, or the message to a person, for good.
    """
    async with asyncio.TaskGroup() as group:
        for chore in chores:
            group.create_task(_do_for_ever(chore, pause), name=chore.name)


async def _do_for_ever(chore: Chore, pause: Pause) -> None:
    failing = False
    while True:
        await pause(chore.every_s)
        try:
            await chore.do()
        except Exception as exc:  # noqa: BLE001 (what nobody foresaw must not end a chore)
            if not failing:  # Told once, not at every turn while it lasts.
                level = logging.ERROR if isinstance(exc, _FORESEEN) else logging.CRITICAL
                _LOG.log(level, "%s failed: %s", chore.name, type(exc).__name__)
            failing = True
        else:
            failing = False
