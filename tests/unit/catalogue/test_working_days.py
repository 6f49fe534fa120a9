"""Working days as the law counts them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.values.working_days import add_working_days, is_working_day

DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 1))


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-01",
        "2026-04-03",
        "2026-04-06",
        "2026-04-27",
        "2026-05-05",
        "2026-05-14",
        "2026-05-25",
        "2026-12-25",
        "2027-12-26",
        "2025-04-26",
        "2026-03-07",
        "2026-03-08",
    ],
)
def test_nobody_works_on_a_day_that_is_kept(day: str) -> None:
    """Weekends and the days that are generally kept are no working days."""
    assert not is_working_day(dt.date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2026-01-02", "2026-04-07", "2025-04-28", "2026-12-24"])
def test_people_work_on_the_days_beside_them(day: str) -> None:
    """The days around them are ordinary ones; the King's day moves away from a Sunday."""
    assert is_working_day(dt.date.fromisoformat(day))


@pytest.mark.parametrize("year", range(2000, 2101))
def test_easter_is_where_everybody_has_it(year: int) -> None:
    """Good Friday, Easter Monday, Ascension Day and Whit Monday go with Easter, for a century."""
    easter = easter_of_gauss(year)

    kept = [easter + dt.timedelta(days=days) for days in (-2, 1, 39, 50)]
    assert not any(map(is_working_day, kept))
    assert is_working_day(easter - dt.timedelta(days=6))
    assert is_working_day(easter - dt.timedelta(days=5))


@pytest.mark.parametrize(
    "easter",
    [
        "2000-04-23",
        "2008-03-23",
        "2011-04-24",
        "2024-03-31",
        "2025-04-20",
        "2026-04-05",
        "2038-04-25",
        "2049-04-18",
        "2076-04-19",
        "2100-03-28",
    ],
)
def test_the_other_way_to_find_easter_finds_the_known_ones(easter: str) -> None:
    """What the test above rests on gives the earliest, the latest and the exceptional Easters."""
    day = dt.date.fromisoformat(easter)

    assert easter_of_gauss(day.year) == day


def easter_of_gauss(year: int) -> dt.date:
    """Return Easter Sunday by the rule of Gauss, with his two exceptions; from 1900 to 2199."""
    age = (19 * (year % 19) + 24) % 30
    week = (2 * (year % 4) + 4 * (year % 7) + 6 * age + (5 if year < 2100 else 6)) % 7
    day = dt.date(year, 3, 22) + dt.timedelta(days=age + week)
    is_late = day == dt.date(year, 4, 26)
    is_again = day == dt.date(year, 4, 25) and age == 28 and week == 6 and year % 19 > 10
    return day - dt.timedelta(days=7) if is_late or is_again else day


@given(DAYS, st.integers(0, 30))
def test_a_term_counts_working_days_only(day: dt.date, number: int) -> None:
    """Between a day and the end of a term lie exactly so many working days, the last included."""
    end = add_working_days(day, number)

    between = (day + dt.timedelta(days=n) for n in range(1, (end - day).days + 1))
    assert sum(map(is_working_day, between)) == number
    assert number == 0 or is_working_day(end)
