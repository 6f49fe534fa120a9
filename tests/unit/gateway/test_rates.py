"""How often one system may look: a burst, then its pace, and nobody in the way of another."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import TooManyLooks
from gateway.rates import Look, Rates


@dataclass
class Seconds:
    """A clock that goes when a test says so."""

    at: float = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.at


def passed(rates: Rates, count: int, client: str = "team", look: Look = Look.CASE) -> int:
    """Look this often, and return how many of them passed."""
    return sum(_passes(rates, client, look) for _ in range(count))


def _passes(rates: Rates, client: str, look: Look) -> bool:
    try:
        rates.take(client, look)
    except TooManyLooks:
        return False
    return True


def test_who_kept_quiet_may_look_for_a_minute_at_once() -> None:
    """After that there is none left."""
    assert passed(Rates(60, Seconds()), 100) == 60


def test_it_comes_back_at_the_pace_that_was_set() -> None:
    """Sixty a minute is one each second, and never more than a full bucket."""
    clock = Seconds()
    rates = Rates(60, clock)
    passed(rates, 60)

    clock.at = 3
    soon = passed(rates, 10)
    clock.at = 10_000
    later = passed(rates, 100)

    assert (soon, later) == (3, 60)


def test_the_error_says_when_there_is_one_again() -> None:
    """Waiting that long is enough; the seconds are whole, and never none."""
    clock = Seconds()
    rates = Rates(6, clock)
    passed(rates, 6)

    with pytest.raises(TooManyLooks) as refused:
        rates.take("team", Look.CASE)
    clock.at += refused.value.after_s

    assert refused.value.after_s == 10
    assert passed(rates, 2) == 1


@pytest.mark.parametrize(("client", "look"), [("school", Look.CASE), ("team", Look.REVIEW)])
def test_nobody_stands_in_the_way_of_another(client: str, look: Look) -> None:
    """Another client has buckets of its own, and so has another kind of look."""
    rates = Rates(1, Seconds())
    passed(rates, 5)

    assert passed(rates, 1, client, look) == 1


@given(st.lists(st.floats(0, 30), max_size=40), st.integers(1, 100))
def test_no_period_holds_more_than_its_share(pauses: list[float], per_minute: int) -> None:
    """However the looks are spread, no more pass than a full bucket and what came in since."""
    clock = Seconds()
    rates = Rates(per_minute, clock)
    done = 0
    for pause in pauses:
        clock.at += pause
        done += passed(rates, 5)

    assert done <= per_minute * (1 + clock.at / 60) + 1e-6
