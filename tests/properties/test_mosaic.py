"""The guard under any order of asks, failures and time: never one too many, never one too few.

What must hold is written down here a second time, as a judgement over a whole list of answers.
"""

import asyncio
import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cases.records import SqlCases
from gateway.catalogue.guard import Combination, Repeat
from gateway.mosaic.rules import Answered, Bid, Held, Place, Rules, judge
from gateway.mosaic.store import Guard, SqlGuard
from gateway.subject import Subject
from tests.fakes_cases import new_store
from tests.fakes_mosaic import BECAUSE, NOW, SANNE, YUSUF, MemoryGuard

HOME = ZoneInfo("Europe/Amsterdam")
PAIR = Combination(frozenset({"een", "twee"}), frozenset(), 3, BECAUSE)
FIELDS = Combination(frozenset(), frozenset({"x", "y"}), 2, BECAUSE)
RULES = {
    "een": Rules(Repeat(2, 4, BECAUSE, 12), (PAIR, FIELDS)),
    "twee": Rules(Repeat(1, 3, BECAUSE), (PAIR,)),
    "drie": Rules(Repeat(3, 2, BECAUSE), (FIELDS,)),
}
GIVES = {"een": ("x",), "twee": ("z",), "drie": ("y", "z")}
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlCases]:
    """Give a database that all histories share, each under organisations of its own."""
    made = new_store(tmp_path_factory.mktemp("telling"))
    yield made
    made.close()


@dataclass(frozen=True)
class Ask:
    """A request, and what comes of it once it has a place."""

    purpose: str
    organisation: str
    subject: Subject | None
    end: str
    hours: int


ASKS = st.lists(
    st.builds(
        Ask,
        purpose=st.sampled_from(sorted(RULES)),
        organisation=st.sampled_from(["gemeente", "school"]),
        subject=st.sampled_from([YUSUF, SANNE, None]),
        end=st.sampled_from(["released", "released", "failed", "crashed", "urgent"]),
        hours=st.integers(0, 30),
    ),
    max_size=30,
)


@dataclass
class Account:
    """What was asked so far, in plain lists."""

    places: list[Bid] = field(default_factory=list)
    released: list[Bid] = field(default_factory=list)

    def fits(self, bid: Bid, among: Sequence[Bid]) -> bool:
        """Tell whether this answer breaks no rule after those."""
        rules = RULES[bid.purpose]
        same = [
            each
            for each in among
            if (each.organisation, each.subject) == (bid.organisation, bid.subject)
            and (bid.subject is not None or each.purpose == bid.purpose)
        ]
        return fits_limit(rules, bid, same) and all(
            fits_together(each, bid, same) for each in rules.together
        )


def fits_limit(rules: Rules, bid: Bid, same: Sequence[Bid]) -> bool:
    """Tell whether the period that ends with this answer holds few enough, far enough apart."""
    repeat = rules.repeat
    assert repeat is not None
    times = [each.at for each in same if each.purpose == bid.purpose] + [bid.at]
    within = [at for at in times if bid.at - at < dt.timedelta(days=repeat.days)]
    gaps = [bid.at - at for at in times[:-1]]
    pause = dt.timedelta(hours=repeat.cool_down_hours)
    return len(within) <= repeat.answers and all(gap >= pause for gap in gaps)


def fits_together(combination: Combination, bid: Bid, same: Sequence[Bid]) -> bool:
    """Tell whether not all of a combination was given in the period that ends with this answer."""
    if bid.subject is None:
        return True
    recent = [each for each in same if bid.at - each.at < dt.timedelta(days=combination.days)]
    all_of_it = combination.purposes | combination.fields
    given = {name for each in [*recent, bid] for name in (each.purpose, *each.fields)} & all_of_it
    adds = ({bid.purpose} | set(bid.fields)) & all_of_it
    return not adds or given != all_of_it


async def run(guard: Guard, asks: Sequence[Ask]) -> None:
    """Ask all of this, and hold what comes of it against the account."""
    account, at = Account(), NOW
    base = next(NUMBERS)
    for number, ask in enumerate(asks):
        at += dt.timedelta(hours=ask.hours)
        bid = Bid(
            f"{base:016x}{number:016x}",
            f"{ask.organisation}-{base}",
            ask.purpose,
            GIVES[ask.purpose],
            ask.subject,
            at,
            ask.end == "urgent" and ask.subject is not None,
        )
        rules = RULES[ask.purpose] if ask.subject else replace(RULES[ask.purpose], together=())
        found = await guard.reserve(rules, bid)
        fits = account.fits(bid, account.places)
        assert isinstance(found, Place) is (fits or bid.is_emergency)
        if isinstance(found, Held):
            continue
        assert account.fits(bid, account.released) or bid.is_emergency
        if ask.end == "failed":
            await guard.give_back(found)
            continue
        account.places.append(bid)
        if ask.end != "crashed":
            account.released.append(bid)


@given(asks=ASKS)
@settings(max_examples=2_000, deadline=None)
def test_no_rule_is_ever_broken_and_nothing_else_refused(asks: list[Ask]) -> None:
    """Over thousands of histories a place is given if and only if the account finds it fits."""
    with pytest.raises(StopIteration):
        # A guard in memory never waits, so nothing but the history itself takes time.
        run(MemoryGuard(), asks).send(None)


@given(asks=ASKS)
@settings(max_examples=40, deadline=None)
def test_the_database_keeps_the_same_account(store: SqlCases, asks: list[Ask]) -> None:
    """The rows of the database come to the same as the plain lists."""
    asyncio.run(run(SqlGuard(store, b"k" * 32), asks))


@given(
    ago=st.lists(st.tuples(st.integers(1, 5_000), st.sampled_from(sorted(RULES))), max_size=8),
    purpose=st.sampled_from(sorted(RULES)),
)
@settings(max_examples=500, deadline=None)
def test_from_the_day_that_is_told_it_may_be_asked(
    ago: list[tuple[int, str]], purpose: str
) -> None:
    """Who comes back in the first minute of that day, and nobody asked since, gets an answer."""
    before = [
        Answered(name, frozenset(GIVES[name]), NOW - dt.timedelta(minutes=minutes))
        for minutes, name in ago
    ]
    bid = Bid("1" * 32, "gemeente", purpose, GIVES[purpose], YUSUF, NOW)

    found = judge(RULES[purpose], bid, before)

    if isinstance(found, Held):
        then = dt.datetime.combine(found.again, dt.time(), HOME).astimezone(dt.UTC)
        assert then > NOW
        assert isinstance(judge(RULES[purpose], replace(bid, at=then), before), Place)
