"""What a gateway does beside answering: each chore at its own pace, none able to stop another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from audit.errors import AuditError
from gateway.errors import GatewayError

_LOG: Final = logging.getLogger("doelpoort.chores")

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

    A failure that is foreseen is logged by its kind, and the chore is done again after its pause.
    A bug ends its own chore and no other.
    """
    tasks = [asyncio.create_task(_do_for_ever(chore, pause), name=chore.name) for chore in chores]
    try:
        pending = set(tasks)
        while pending:
            ended, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                _LOG.critical("%s ended: %s", task.get_name(), type(task.exception()).__name__)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _do_for_ever(chore: Chore, pause: Pause) -> None:
    failing = False
    while True:
        await pause(chore.every_s)
        try:
            await chore.do()
        except (AuditError, GatewayError, OSError) as exc:
            if not failing:  # Told once, not at every turn while it lasts.
                _LOG.error("%s failed: %s", chore.name, type(exc).__name__)
            failing = True
        else:
            failing = False
