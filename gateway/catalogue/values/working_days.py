"""Working days as Dutch law counts them: no weekend, and no day that is generally kept."""

import datetime as dt
from collections.abc import Iterator

_SATURDAY = 5
_FIXED = frozenset({(1, 1), (5, 5), (12, 25), (12, 26)})
# Good Friday, Easter Monday, Ascension Day and Whit Monday, in days from Easter.
_FROM_EASTER = (-2, 1, 39, 50)


def is_working_day(day: dt.date) -> bool:
    """Tell whether people are expected to work on this day.

    Source: Algemene termijnenwet, articles 1 and 3.
    """
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _FIXED:
        return False
    return day not in set(_moving(day.year))


def add_working_days(day: dt.date, number: int) -> dt.date:
    """Return the day that lies this many working days after a day."""
    while number:
        day += dt.timedelta(days=1)
        number -= is_working_day(day)
    return day


def _moving(year: int) -> Iterator[dt.date]:
    easter = _easter(year)
    for days in _FROM_EASTER:
        yield easter + dt.timedelta(days=days)
    kings_day = dt.date(year, 4, 27)
    yield kings_day - dt.timedelta(days=kings_day.weekday() == _SATURDAY + 1)


def _easter(year: int) -> dt.date:
    """Return Easter Sunday.

    Source: the anonymous Gregorian algorithm (Nature, 20 April 1876), in its letters.
    """
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 19 * m) // 433
    month = (h + m - 7 * n + 90) // 25
    return dt.date(year, month, (h + m - 7 * n + 33 * month + 19) % 32)
