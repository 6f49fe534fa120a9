"""Calendar arithmetic on days, and on dates of which a source knows only part."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_YEARS = re.compile(r"P([0-9]{1,3})Y", re.ASCII)
_UNKNOWN = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A date as far as it is known: it is one of these days, first and last included."""

    first: dt.date
    last: dt.date


def span_of(value: object) -> Span | None:
    """Return between which days a date lies, written as 2011-05-14, 2011-05-00 or 2011-00-00.

    Source:  the BRP writes zeros for a month or a day that nobody knows.
    """
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    year, month, day = (int(part) for part in value.split("-"))
    if month == _UNKNOWN and day != _UNKNOWN:
        return None
    try:
        first = dt.date(year, month or 1, day or 1)
    except ValueError:
        return None
    last_month = month or 12
    last_day = day or calendar.monthrange(year, last_month)[1]
    return Span(first, dt.date(year, last_month, last_day))


def day_of(value: object) -> dt.date | None:
    """Return the day that an ISO text of exactly ten characters names, or None."""
    span = span_of(value)
    return span.first if span is not None and span.first == span.last else None


def age_on(birth_date: dt.date, day: dt.date) -> int:
    """Return the age in whole years; who is born on 29 February turns a year older on 1 March."""
    had_birthday = (day.month, day.day) >= (birth_date.month, birth_date.day)
    return day.year - birth_date.year - (0 if had_birthday else 1)


def ages_on(born: Span | None, day: dt.date) -> tuple[int, ...]:
    """Return every age that somebody may have on a day, from young to old.

    None is known without a birth date, nor where even its first day is still to come: that is a
    fault of the register, not somebody under every limit.
    """
    if born is None or born.first > day:
        return ()
    youngest = age_on(min(born.last, day), day)
    return tuple(range(youngest, age_on(born.first, day) + 1))


def ages_of(value: object, day: dt.date) -> tuple[int, ...]:
    """Return every age that a birth date leaves open on a day, or the one that a source counted.

    Shapes:  a birth date as `span_of` reads it, or an age as a duration: P14Y.
    Source:  ISO 8601-1 section 5.5.2 (durations).
    """
    counted = _YEARS.fullmatch(value) if isinstance(value, str) else None
    return ages_on(span_of(value), day) if counted is None else (int(counted.group(1)),)


def year_before(day: dt.date) -> dt.date:
    """Return the same day a year earlier; the day after 28 February has that day itself."""
    if (day.month, day.day) == (2, 29):
        return dt.date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1) if day.year > 1 else dt.date.min
