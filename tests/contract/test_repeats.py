"""What is made once under a key, and messages that are put back: in a file and in a server."""

import asyncio
import datetime as dt
from collections.abc import Iterator

import pytest

from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from gateway.citizen.given_up import GivenUp, given_up, put_back
from gateway.citizen.store import Message, SqlMessages, State
from gateway.errors import CasesUnavailable, KeyReused, KeySpent
from gateway.repeats.store import TERM, Key, find_answer, forget, keep_answer

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
KEY = Key("a" * 64, "b" * 64)
OTHER = Key(KEY.identity, "c" * 64)
MESSAGE = Message("d" * 32, "inform", '{"to":"iemand"}', NOW)


@pytest.fixture
def book(url: str) -> Iterator[SqlCases]:
    """Give an empty store."""
    store = open_cases(url)
    yield store
    store.close()


async def keep(book: SqlCases, key: Key, answer: str) -> None:
    """Keep an answer in a transaction of its own."""
    async with book.writing() as pen:
        await keep_answer(pen, book.kind, key, answer, NOW)


async def test_an_answer_comes_back_as_it_was(book: SqlCases) -> None:
    """Under its own key and request it is found, and under no key that was never used."""
    await keep(book, KEY, '{"één": 1}')

    assert await find_answer(book, KEY, NOW) == '{"één": 1}'
    assert await find_answer(book, Key("f" * 64, KEY.digest), NOW) is None


async def test_another_request_under_the_key_is_refused(book: SqlCases) -> None:
    """It neither sees the answer nor takes its place."""
    await keep(book, KEY, "{}")

    with pytest.raises(KeyReused):
        await find_answer(book, OTHER, NOW)
    with pytest.raises(KeySpent):
        await keep(book, OTHER, '{"other": 1}')
    assert await find_answer(book, KEY, NOW) == "{}"


async def test_what_is_undone_leaves_the_key_free(book: SqlCases) -> None:
    """An answer stands or falls with what was made in the same transaction."""
    with pytest.raises(CasesUnavailable):
        await keep_and_fail(book)

    await keep(book, KEY, "{}")

    assert await find_answer(book, KEY, NOW) == "{}"


async def keep_and_fail(book: SqlCases) -> None:
    """Keep an answer in a transaction that fails."""
    async with book.writing() as pen:
        await keep_answer(pen, book.kind, KEY, '{"lost": 1}', NOW)
        raise CasesUnavailable("scripted")


async def test_of_two_gateways_at_once_one_makes_it(url: str, book: SqlCases) -> None:
    """The second waits for the first and then keeps nothing; both find one answer."""
    second = open_cases(url)

    ended = await asyncio.gather(
        keep(book, KEY, '"first"'), keep(second, KEY, '"second"'), return_exceptions=True
    )
    found = {await find_answer(each, KEY, NOW) for each in (book, second)}
    second.close()

    assert sorted(type(each).__name__ for each in ended) == ["KeySpent", "NoneType"]
    assert len(found) == 1


async def test_an_answer_is_kept_for_its_term(book: SqlCases) -> None:
    """After a day it is not told any more; once it is erased its key is as new."""
    await keep(book, KEY, "{}")
    late = NOW + TERM
    before = await find_answer(book, KEY, late - dt.timedelta(seconds=1))
    after = await find_answer(book, KEY, late)

    await forget(book, late + dt.timedelta(seconds=1))
    await keep(book, OTHER, '{"new": 1}')

    assert (before, after) == ("{}", None)
    assert await find_answer(book, OTHER, NOW) == '{"new": 1}'


async def test_a_message_that_was_given_up_is_put_back(book: SqlCases) -> None:
    """It is listed without what it says, and due again with all its attempts before it."""
    messages = SqlMessages(book)
    async with messages.following("log") as turn:
        await turn.add_message(MESSAGE)
    await messages.claim(MESSAGE, NOW)
    (tried,) = await messages.due(NOW, 1)
    await messages.settle(tried, State.DEAD)
    listed = list(await given_up(book))

    done = await put_back(book, MESSAGE.id, NOW)

    (again,) = await messages.due(NOW, 1)
    assert listed == [GivenUp(MESSAGE.id, "inform", NOW, 1)]
    assert done
    assert again == MESSAGE
    assert list(await given_up(book)) == []


async def test_only_what_was_given_up_is_put_back(book: SqlCases) -> None:
    """A message that waits keeps its pause, and one that is not there is not made."""
    messages = SqlMessages(book)
    later = NOW + dt.timedelta(hours=1)
    async with messages.following("log") as turn:
        await turn.add_message(Message(MESSAGE.id, "inform", "{}", later))

    done = [await put_back(book, of, NOW) for of in (MESSAGE.id, "e" * 32)]

    assert done == [False, False]
    assert list(await messages.due(NOW, 1)) == []
