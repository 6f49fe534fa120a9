"""What follows from the log: every message and review, each once, also after a crash."""

import datetime as dt
import json
import re
from dataclasses import replace

import pytest

from gateway.citizen.store import Message, SqlMessages
from gateway.errors import CasesUnavailable
from tests.builders import HENK, YUSUF, House, about, flag
from tests.fakes_informing import WORDS, break_glass, enrol, follower, last_at

pytestmark = pytest.mark.anyio

FAR = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def opened(house: House) -> House:
    """Give a gateway that knows a reviewer and a portal."""
    enrol(house)
    return house


async def waiting(house: House, now: dt.datetime = FAR) -> list[Message]:
    """Return the messages that wait by then."""
    return list(await SqlMessages(house.services.book).due(now, 1_000))


async def cut_off(house: House) -> None:
    """Follow the log halfway, and fail."""
    messages = SqlMessages(house.services.book)
    async with messages.following(house.services.log.head().origin) as turn:
        await turn.add_message(Message("f" * 32, "inform", "{}", FAR))
        await turn.move(house.size)
        raise CasesUnavailable("made to fail")


async def test_a_release_becomes_one_message_to_the_person(opened: House) -> None:
    """The message says who asked what and why, and is addressed inside, never outside."""
    await opened.ask(flag())

    await follower(opened).follow()

    (message,) = await waiting(opened)
    said = json.loads(message.payload)
    assert said["to"] == {"type": "bsn", "value": YUSUF}
    assert said["id"] == message.id
    assert "Gemeente Waterveen, toegang jeugd" in said["text"]
    assert "u mag" in said["text"].lower()
    assert YUSUF not in message.id + said["text"] + said["text_en"]


async def test_a_refusal_asks_for_no_message(opened: House) -> None:
    """Nothing was released, so there is nothing to inform of; a report tells it all the same."""
    await opened.ask(flag(fields=["diagnose_code"]))

    await follower(opened).follow()

    assert await waiting(opened) == []


async def test_following_again_makes_nothing_twice(opened: House) -> None:
    """A restart goes on where the last turn ended."""
    await opened.ask(flag())
    await follower(opened).follow()
    await follower(opened).follow()

    assert len(await waiting(opened)) == 1


async def test_what_happened_while_nobody_followed_is_caught_up(opened: House) -> None:
    """Entries of before a crash become messages after it, all of them."""
    for number in range(3):
        await opened.ask(flag(case=f"C-{number}"))
    await opened.ask(flag())

    await follower(opened).follow()

    ledger = [leaf for leaf in opened.leaves() if "inform_subject" in leaf.get("obligations", ())]
    assert len(await waiting(opened)) == len(ledger)


async def test_a_turn_that_is_cut_off_leaves_nothing_half_done(opened: House) -> None:
    """Rows and position move together, so the next turn does all of it again."""
    await opened.ask(flag())
    with pytest.raises(CasesUnavailable):
        await cut_off(opened)

    await follower(opened).follow()

    (message,) = await waiting(opened)
    assert json.loads(message.payload)["to"]["value"] == YUSUF


async def test_two_that_follow_make_each_message_once(opened: House) -> None:
    """A second gateway finds the position moved, and nothing left to do."""
    one, two = follower(opened), follower(opened)
    await opened.ask(flag())
    await one.follow()
    await opened.ask(flag(case="C-9"))
    await two.follow()
    await one.follow()

    identities = [message.id for message in await waiting(opened)]
    assert len(identities) == len(set(identities))


async def test_an_emergency_is_announced_at_once_and_told_later(opened: House) -> None:
    """The reviewer hears of it now, the person when the embargo ends; neither hears the reason."""
    await break_glass(opened)
    await follower(opened).follow()
    at = last_at(opened)

    now = await waiting(opened, at)
    later = await waiting(opened, at + dt.timedelta(days=28))

    assert [message.kind for message in now] == ["review"]
    assert sorted(message.kind for message in later) == ["inform", "review"]
    assert HENK not in now[0].payload
    assert WORDS not in "".join(message.payload for message in later)


async def test_who_must_review_is_named_by_the_policy(opened: House) -> None:
    """The announcement goes to every role with the mandate."""
    await break_glass(opened)
    await follower(opened).follow()

    (announced,) = [each for each in await waiting(opened) if each.kind == "review"]

    assert json.loads(announced.payload)["to"] == [
        {
            "organisation": "gem-functionaris-gegevensbescherming",
            "role": "functionaris-gegevensbescherming",
        }
    ]


async def test_the_term_of_a_review_is_said_as_people_write_it(opened: House) -> None:
    """A reviewer reads a day and a time of here; the time of machines stands beside it."""
    await break_glass(opened)
    await follower(opened).follow()

    (announced,) = [each for each in await waiting(opened) if each.kind == "review"]
    said = json.loads(announced.payload)

    assert re.search(r"uiterlijk op [0-9]{1,2} [a-z]+ [0-9]{4} om 23:59\.$", said["text"])
    assert said["review_by"].endswith("Z")


async def test_a_long_log_is_followed_in_turns(opened: House) -> None:
    """More entries than one turn takes are all followed before it ends."""
    for _ in range(3):
        await opened.ask(flag(subject=about("999900007")))
    short = follower(opened)
    steps = replace(short, most=2)
    await opened.ask(flag())

    await steps.follow()

    assert len(await waiting(opened)) == 1
