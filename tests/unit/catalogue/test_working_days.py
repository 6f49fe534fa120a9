"""Working days as the law counts them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.working_days import add_working_days, is_working_day

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


@given(DAYS, st.integers(0, 30))
def test_a_term_counts_working_days_only(day: dt.date, number: int) -> None:
    """Between a day and the end of a term lie exactly so many working days, the last included."""
    end = add_working_days(day, number)

    between = (day + dt.timedelta(days=n) for n in range(1, (end - day).days + 1))
    assert sum(map(is_working_day, between)) == number
    assert number == 0 or is_working_day(end)
