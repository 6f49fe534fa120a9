"""What a gateway does beside answering: each chore at its own pace, none able to stop another."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field

import pytest

from audit.errors import StorageBroken
from gateway.background.chores import Chore, do_chores

pytestmark = pytest.mark.anyio

TURNS = 5


@dataclass
class Day:
    """Chores that count how often they were done, and a pause that ends the day."""

    done: Counter[str] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def chore(self, name: str, failure: Exception | None = None) -> Chore:
        """Give a chore that counts, and then fails in this way."""

        async def do() -> None:
            self.done[name] += 1
            if failure is not None:
                raise failure

        return Chore(name, 1.0, do)

    async def pause(self, _seconds: float) -> None:
        """Let the others have their turn; the day ends when the steady chore was done enough."""
        if self.done["steady"] >= TURNS:
            self.over.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    async def spend(self, *chores: Chore) -> None:
        """Do these chores until the day is over."""
        work = asyncio.create_task(do_chores(chores, self.pause))
        await self.over.wait()
        work.cancel()
        await asyncio.wait([work])


@pytest.fixture
def day() -> Day:
    """Give a new day."""
    return Day()


async def test_every_chore_is_done_again_and_again(day: Day) -> None:
    """Two chores take turns until the gateway stops."""
    await day.spend(day.chore("steady"), day.chore("other"))

    assert day.done["steady"] == TURNS
    assert day.done["other"] >= TURNS - 1


async def test_a_chore_that_fails_is_told_once_and_tried_again(
    day: Day, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure that is foreseen stops nothing, and fills no log while it lasts."""
    failing = day.chore("witnesses", StorageBroken("with a secret"))

    await day.spend(day.chore("steady"), failing)

    assert day.done["witnesses"] >= TURNS - 1
    assert [r.getMessage() for r in caplog.records] == ["witnesses failed: StorageBroken"]


async def test_a_bug_ends_no_chore(day: Day, caplog: pytest.LogCaptureFixture) -> None:
    """What nobody foresaw is told by its kind, louder, and tried again as well."""
    await day.spend(day.chore("steady"), day.chore("reload", ValueError("with a secret")))

    assert day.done["reload"] >= TURNS - 1
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (logging.CRITICAL, "reload failed: ValueError")
    ]
