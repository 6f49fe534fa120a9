"""Days are those of the place where the people live; moments are counted and kept in UTC."""

import datetime as dt

import pytest

from gateway.moments import from_unix_ms, home_day, instant_text, midnight, unix_ms

LATE_IN_WINTER = dt.datetime(2026, 2, 28, 23, 30, tzinfo=dt.UTC)
LATE_IN_SUMMER = dt.datetime(2026, 6, 30, 22, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (LATE_IN_WINTER, dt.date(2026, 3, 1)),
        (LATE_IN_WINTER - dt.timedelta(minutes=31), dt.date(2026, 2, 28)),
        (LATE_IN_SUMMER, dt.date(2026, 7, 1)),
        (LATE_IN_SUMMER - dt.timedelta(minutes=31), dt.date(2026, 6, 30)),
    ],
)
def test_a_day_begins_where_the_people_live(at: dt.datetime, day: dt.date) -> None:
    """One hour before midnight UTC in winter, and two in summer, it is the next day here."""
    assert home_day(at) == day


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (dt.date(2026, 1, 5), 24),
        (dt.date(2026, 3, 29), 23),
        (dt.date(2026, 10, 25), 25),
    ],
)
def test_a_day_lasts_until_the_next_one_begins(day: dt.date, hours: int) -> None:
    """Also the two days of the year on which the clocks are set."""
    length_ms = unix_ms(midnight(day + dt.timedelta(days=1))) - unix_ms(midnight(day))

    assert length_ms == hours * 3_600_000


def test_a_moment_survives_being_counted() -> None:
    """What the ledger counts is the same moment when it is read, to the millisecond."""
    at = LATE_IN_SUMMER.replace(microsecond=123_000)

    assert from_unix_ms(unix_ms(at)) == at
    assert from_unix_ms(unix_ms(at)).date() == home_day(at)


def test_kept_moments_sort_as_time_does() -> None:
    """The text is that of UTC, whole seconds included, so that no zone or form mixes the order."""
    moments = [LATE_IN_WINTER, LATE_IN_WINTER.replace(microsecond=1), midnight(dt.date(2026, 3, 2))]

    texts = [instant_text(at) for at in moments]

    assert texts == sorted(texts)
    assert [dt.datetime.fromisoformat(text) for text in texts] == moments
