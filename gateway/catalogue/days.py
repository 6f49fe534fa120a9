"""Calendar arithmetic on days and on what a source says is a day."""

import datetime as dt
import re

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def day_of(value: object) -> dt.date | None:
    """Return the day that an ISO text of exactly ten characters names, or None."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return None


def age_on(birth_date: dt.date, day: dt.date) -> int:
    """Return the age in whole years; who is born on 29 February turns a year older on 1 March."""
    had_birthday = (day.month, day.day) >= (birth_date.month, birth_date.day)
    return day.year - birth_date.year - (0 if had_birthday else 1)


def year_before(day: dt.date) -> dt.date:
    """Return the same day a year earlier; the day after 28 February has that day itself."""
    if (day.month, day.day) == (2, 29):
        return dt.date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1) if day.year > 1 else dt.date.min
