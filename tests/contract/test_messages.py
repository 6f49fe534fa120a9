"""Messages and reviews, in a file and in a database server alike."""

import datetime as dt
from collections.abc import Iterator

import pytest

from gateway.cases.opening import open_cases
from gateway.citizen.store import Message, SqlMessages, State
from gateway.emergency.model import Review

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
REVIEW = Review("a" * 32, NOW, "0" * 20, "rol", "doel", "violence_now", "m-7", NOW)


@pytest.fixture
def messages(url: str) -> Iterator[SqlMessages]:
    """Give an empty store of each kind in turn."""
    store = open_cases(url)
    yield SqlMessages(store)
    store.close()


async def test_position_and_rows_move_together(messages: SqlMessages) -> None:
    """What one turn wrote down the next one finds; two logs are followed apart."""
    async with messages.following("log") as turn:
        await turn.add_message(Message("b" * 32, "inform", "{}", NOW))
        await turn.move(7)

    async with messages.following("log") as again:
        here = again.position
    async with messages.following("other") as other:
        elsewhere = other.position
    assert (here, elsewhere) == (7, 0)
    assert [each.id for each in await messages.due(NOW, 10)] == ["b" * 32]


async def test_a_message_is_claimed_once_and_settled(messages: SqlMessages) -> None:
    """An attempt is counted and keeps others off; what arrived or was given up is not due."""
    async with messages.following("log") as turn:
        await turn.add_message(Message("b" * 32, "inform", "{}", NOW))
    (found,) = await messages.due(NOW, 10)
    later = NOW + dt.timedelta(minutes=1)

    claims = [await messages.claim(found, later), await messages.claim(found, later)]
    (again,) = await messages.due(later, 10)
    await messages.settle(again, State.DEAD)

    assert claims == [True, False]
    assert again.attempts == 1
    assert await messages.dead() == 1
    assert list(await messages.due(later, 10)) == []


async def test_a_review_is_open_until_it_is_judged(messages: SqlMessages) -> None:
    """It is overdue from its term on, comes back as it was, and forgets who used it."""
    async with messages.following("log") as turn:
        await turn.add_review(REVIEW)
    late = NOW + dt.timedelta(seconds=1)
    before = [await messages.overdue(NOW), await messages.overdue(late)]
    opened = list(await messages.reviews())

    async with messages.judging(REVIEW.entry) as held:
        await held.judge(REVIEW, "justified")

    judged = await messages.find_review(REVIEW.entry)
    assert (before, opened) == ([0, 1], [REVIEW])
    assert judged is not None
    assert (judged.verdict, judged.used_by) == ("justified", "")
    assert list(await messages.reviews()) == []
    assert await messages.find_review("f" * 32) is None
