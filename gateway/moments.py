"""Moments and days as the gateway counts them: days where the people live, moments in UTC."""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

HOME: Final = ZoneInfo("Europe/Amsterdam")
"""Where a day begins and ends: the law counts terms and birthdays where the person lives."""

_MS: Final = 1_000


def home_day(at: dt.datetime) -> dt.date:
    """Return the day that it is, at this moment, where the people live."""
    return at.astimezone(HOME).date()


def midnight(day: dt.date) -> dt.datetime:
    """Return the moment at which this day begins where the people live."""
    return dt.datetime.combine(day, dt.time(), HOME)


def unix_ms(at: dt.datetime) -> int:
    """Return a moment as the ledger counts it.

    Units:   milliseconds since 1970.
    """
    return int(at.timestamp() * _MS)


def from_unix_ms(time_ms: int) -> dt.datetime:
    """Return the moment of an entry, as the clocks say it where the people live.

    Units:   milliseconds since 1970.
    """
    return dt.datetime.fromtimestamp(time_ms / _MS, HOME)


def instant_text(at: dt.datetime) -> str:
    """Return a moment as stores keep it, so that texts sort as moments do."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")
