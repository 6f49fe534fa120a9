"""Counting answers, in memory, in a file and in a database server alike; and two gateways at once.

Two stores over one database are two gateways: nothing but the database keeps them apart.
"""

import asyncio
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import text

from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from gateway.cases.tables import Kind, prepare
from gateway.decision.reasons import Code
from gateway.errors import CasesUnavailable
from gateway.mosaic.rules import Budget, Held, Place, Rules
from gateway.mosaic.store import FreeGuard, Guard, SqlGuard, forget, hash_of, sweep
from tests.fakes_mosaic import FIELDS, NOW, ONCE, PAIR, SANNE, TWICE, YUSUF, MemoryGuard, bid
from tests.stores import migrated_in_file, migrated_on

pytestmark = pytest.mark.anyio

KEY = b"k" * 32
ALL = {kind: prepare(text("SELECT * FROM counted_answer"), kind) for kind in get_args(Kind)}
SPOILT = prepare(text("UPDATE counted_answer SET at = 'z'"), "sqlite")
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """Two gateways over one database."""

    one: SqlCases
    other: SqlCases


@contextmanager
def opened(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Pair]:
    """Open an empty database of this kind, as two gateways do."""
    is_file = kind == "sqlite"
    url = migrated_in_file(folder) if is_file else migrated_on(request.getfixturevalue("server"))
    stores = Pair(open_cases(url), open_cases(url))
    yield stores
    stores.one.close()
    stores.other.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Give an empty database of each kind in turn, as two gateways open it."""
    with opened(request.param, request, tmp_path) as stores:
        yield stores


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def guard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guard]:
    """Give a guard in memory, and one over each database."""
    if request.param == "memory":
        yield MemoryGuard()
        return
    with opened(request.param, request, tmp_path) as stores:
        yield SqlGuard(stores.one, KEY)


async def test_an_answer_takes_a_place_until_there_is_none(guard: Guard) -> None:
    """The limit is for one organisation, one person and one purpose."""
    rules = Rules(ONCE, ())
    first = await guard.reserve(rules, bid(1))
    again = await guard.reserve(rules, bid(2, at=NOW + DAY))
    others = [
        await guard.reserve(rules, bid(3, subject=SANNE)),
        await guard.reserve(rules, bid(4, organisation="school")),
        await guard.reserve(rules, bid(5, purpose="twee")),
        await guard.reserve(rules, bid(6, at=NOW + 30 * DAY)),
    ]

    assert first == Place(bid(1).id)
    assert again == Held(Code.ASKED_TOO_OFTEN, dt.date(2026, 4, 2))
    assert others == [Place(bid(number).id) for number in (3, 4, 5, 6)]


async def test_what_was_answered_counts_for_combinations(guard: Guard) -> None:
    """Purposes and fields of earlier answers are remembered, in whatever order they came."""
    rules = Rules(None, (PAIR, FIELDS))
    await guard.reserve(rules, bid(1, fields=("z", "x")))

    purposes = await guard.reserve(rules, bid(2, purpose="twee", fields=("z",)))
    fields = await guard.reserve(rules, bid(3, purpose="drie", fields=("y", "z")))
    neither = await guard.reserve(rules, bid(4, purpose="drie", fields=("z",)))

    assert [type(each) for each in (purposes, fields, neither)] == [Held, Held, Place]


async def test_a_budget_of_a_group_is_told_as_it_is_taken(guard: Guard) -> None:
    """Every answer about a group says how many are taken; another group has a budget of its own."""
    rules = Rules(replace(TWICE, cool_down_hours=0), ())
    found = [await guard.reserve(rules, bid(number, subject=None)) for number in (1, 2, 3)]
    other = await guard.reserve(rules, bid(4, subject=None, purpose="twee"))

    assert found == [
        Place(bid(1).id, Budget(1, 2, 30)),
        Place(bid(2).id, Budget(2, 2, 30)),
        Held(Code.BUDGET_SPENT, dt.date(2026, 4, 2)),
    ]
    assert other == Place(bid(4).id, Budget(1, 2, 30))


async def test_a_place_that_is_given_back_is_free(guard: Guard) -> None:
    """Where no answer came, the next may come at once."""
    rules = Rules(ONCE, ())
    taken = await guard.reserve(rules, bid(1))
    assert isinstance(taken, Place)
    await guard.give_back(taken)

    assert isinstance(await guard.reserve(rules, bid(2)), Place)


async def test_the_same_request_takes_one_place(guard: Guard) -> None:
    """A repeat has the place of the first, and one that fails leaves it to the other."""
    rules = Rules(ONCE, ())
    first = await guard.reserve(rules, bid(1))
    repeat = await guard.reserve(rules, bid(1, at=NOW + DAY))
    assert isinstance(repeat, Place)
    await guard.give_back(repeat)

    assert first == repeat
    assert isinstance(await guard.reserve(rules, bid(2, at=NOW + DAY)), Held)


async def test_an_emergency_is_counted_and_not_held(guard: Guard) -> None:
    """It passes a limit that was reached, and the next answer meets it."""
    rules = Rules(replace(TWICE, cool_down_hours=0), ())
    passed = [await guard.reserve(rules, bid(number, is_emergency=True)) for number in (1, 2, 3)]

    assert [type(each) for each in passed] == [Place] * 3
    assert isinstance(await guard.reserve(rules, bid(4)), Held)


@pytest.mark.parametrize(
    "changes",
    [{"subject": SANNE}, {"purpose": "twee"}, {"organisation": "school"}],
)
async def test_another_request_does_not_hide_behind_an_id(
    shared: Pair, changes: dict[str, object]
) -> None:
    """Under an id that stands for another answer nothing is counted, and so nothing is given."""
    guard = SqlGuard(shared.one, KEY)
    await guard.reserve(Rules(ONCE, ()), bid(1))

    with pytest.raises(CasesUnavailable):
        await guard.reserve(Rules(ONCE, ()), bid(1, **changes))


async def test_a_place_is_for_all_that_was_asked_under_it(shared: Pair) -> None:
    """Where the answer to come turns out to be about more, all of it counts from then on."""
    guard, rules = SqlGuard(shared.one, KEY), Rules(None, (FIELDS,))
    await guard.reserve(rules, bid(1, fields=("z",)))

    more = await guard.reserve(rules, bid(1, fields=("x",)))
    other = await guard.reserve(rules, bid(2, fields=("y",)))

    assert (type(more), type(other)) == (Place, Held)


async def test_a_place_that_grows_is_judged_again(shared: Pair) -> None:
    """The twin: for what it was not taken for it may be too late by then."""
    guard, rules = SqlGuard(shared.one, KEY), Rules(None, (FIELDS,))
    await guard.reserve(rules, bid(1, fields=("z",)))
    await guard.reserve(rules, bid(2, fields=("y",)))

    assert isinstance(await guard.reserve(rules, bid(1, fields=("x", "z"))), Held)


async def test_a_place_that_is_held_is_not_judged_again(guard: Guard) -> None:
    """Who was let in keeps the place, whoever came after; who came after has none to spare."""
    rules = Rules(TWICE, ())
    await guard.reserve(rules, bid(1))
    await guard.reserve(rules, bid(2, at=NOW + DAY))

    first = await guard.reserve(rules, bid(1, at=NOW + DAY))
    third = await guard.reserve(rules, bid(3, at=NOW + 3 * DAY))

    assert (type(first), type(third)) == (Place, Held)


async def test_a_place_within_a_transaction_is_taken_with_it(shared: Pair) -> None:
    """Undone together with what was written beside it, it is free; kept, it is taken."""
    guard, rules = SqlGuard(shared.one, KEY), Rules(ONCE, ())
    with pytest.raises(CasesUnavailable):
        await undone(shared.one, guard, rules)
    async with shared.one.writing() as pen:
        kept = await guard.reserve_with(pen, rules, bid(2))

    assert isinstance(kept, Place)
    assert isinstance(await guard.reserve(rules, bid(3)), Held)


async def undone(store: SqlCases, guard: SqlGuard, rules: Rules) -> None:
    """Take a place in a transaction that comes to nothing."""
    async with store.writing() as pen:
        await guard.reserve_with(pen, rules, bid(1))
        raise CasesUnavailable("scripted")


async def test_two_gateways_at_once_never_pass_a_limit_of_one(shared: Pair) -> None:
    """Of many that come at the same time through two gateways exactly one has the place."""
    guards = [SqlGuard(shared.one, KEY), SqlGuard(shared.other, KEY)]

    found = await asyncio.gather(
        *(guards[number % 2].reserve(Rules(ONCE, ()), bid(number)) for number in range(1, 17))
    )

    assert sum(isinstance(each, Place) for each in found) == 1


async def test_two_halves_at_once_never_come_together(shared: Pair) -> None:
    """Two purposes that do not go together, asked at once at two gateways: one of them waits."""
    guards = [SqlGuard(shared.one, KEY), SqlGuard(shared.other, KEY)]
    rules = Rules(None, (PAIR,))

    found = await asyncio.gather(
        guards[0].reserve(rules, bid(1)), guards[1].reserve(rules, bid(2, purpose="twee"))
    )

    assert sorted(type(each).__name__ for each in found) == ["Held", "Place"]


async def test_no_person_stands_in_the_rows(shared: Pair) -> None:
    """A row names its person by a keyed hash, which says nothing without the key."""
    await SqlGuard(shared.one, KEY).reserve(Rules(ONCE, ()), bid(1))

    async with shared.other.writing() as pen:
        rows = await pen.run(ALL[shared.one.kind], {})

    assert YUSUF.value not in str(rows)
    assert hash_of(YUSUF, KEY) in str(rows)
    assert hash_of(YUSUF, KEY) != hash_of(YUSUF, b"x" * 32)


async def test_a_person_can_be_forgotten(shared: Pair) -> None:
    """What was answered about the person is erased and counted; others stay as they are."""
    guard = SqlGuard(shared.one, KEY)
    for number, subject in enumerate((YUSUF, YUSUF, SANNE, None)):
        await guard.reserve(Rules(None, (PAIR,)), bid(number, subject=subject))

    erased = await forget(shared.other, KEY, YUSUF)

    assert erased == 2
    assert await forget(shared.other, KEY, YUSUF) == 0
    assert await forget(shared.other, KEY, SANNE) == 1


async def test_what_no_longer_counts_is_swept_away(shared: Pair) -> None:
    """Rows from before a moment go; a row of that very moment stays."""
    guard = SqlGuard(shared.one, KEY)
    for number, days in enumerate((31, 30, 0)):
        await guard.reserve(Rules(None, (PAIR,)), bid(number, at=NOW - days * DAY))

    await sweep(shared.one, NOW - 30 * DAY)

    assert await forget(shared.one, KEY, YUSUF) == 2


async def test_without_the_database_there_is_no_place(tmp_path: Path) -> None:
    """A store that takes nothing raises, so that nothing is answered; giving back only warns."""
    path = tmp_path / "zaken.db"
    store = open_cases(f"sqlite:///{path}")
    path.unlink()

    with pytest.raises(CasesUnavailable):
        await SqlGuard(store, KEY).reserve(Rules(ONCE, ()), bid(1))
    await SqlGuard(store, KEY).give_back(Place(bid(1).id))
    store.close()


async def test_a_row_that_is_none_holds_the_answer(tmp_path: Path) -> None:
    """A row that cannot be read is a store that gives no answer."""
    store = open_cases(f"sqlite:///{tmp_path / 'zaken.db'}")
    guard = SqlGuard(store, KEY)
    await guard.reserve(Rules(ONCE, ()), bid(1))
    async with store.writing() as pen:
        await pen.run(SPOILT, {})

    with pytest.raises(CasesUnavailable):
        await guard.reserve(Rules(ONCE, ()), bid(2))
    store.close()


async def test_a_free_guard_takes_no_place_in_a_transaction(tmp_path: Path) -> None:
    """There it has a place for everybody as well, and writes nothing."""
    store = open_cases(f"sqlite:///{tmp_path / 'zaken.db'}")
    async with store.writing() as pen:
        places = [
            await FreeGuard().reserve_with(pen, Rules(ONCE, ()), bid(number)) for number in (1, 2)
        ]
        rows = await pen.run(ALL["sqlite"], {})
    store.close()

    assert [type(each) for each in places] == [Place, Place]
    assert rows == []


async def test_a_free_guard_counts_nothing() -> None:
    """It has a place for everybody, and giving one back changes nothing."""
    guard = FreeGuard()
    place = await guard.reserve(Rules(ONCE, ()), bid(1))
    assert isinstance(place, Place)
    await guard.give_back(place)

    assert isinstance(await guard.reserve(Rules(ONCE, ()), bid(2)), Place)
