"""Invented people on the participation ladder, for figures: the same ones in every run."""

import datetime as dt
from collections.abc import Iterator

Row = dict[str, object]

PEOPLE = 400
_FIRST_NUMBER = 99_995_000
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2)
_YEARS = 5
_HIGHEST = 6
_THEMES = ("wonen", "wonen", "wonen", "inkomen", "inkomen", "identiteit", "zorg")
_DISTRICTS = ("centrum", "noord", "oost", "zuid")


def ladder_tables(today: dt.date) -> dict[str, list[Row]]:
    """Return the tables of figures about persons, as they are today.

    Shapes:  participatieladder: a row for each year in which somebody stood on a step, with the day
             it was left in the year in which that was; doorbraak: a row for each breakthrough.
    """
    numbers = _numbers()
    ladder: list[Row] = []
    breakthroughs: list[Row] = []
    for n in range(PEOPLE):
        bsn = next(numbers)
        ladder += _steps(n, bsn, today)
        breakthroughs += _breakthroughs(n, bsn, today.year)
    return {"participatieladder": ladder, "doorbraak": breakthroughs}


def _numbers() -> Iterator[str]:
    """Give test numbers that pass the elfproef, which nobody has."""
    for first in range(_FIRST_NUMBER, _FIRST_NUMBER + 2 * PEOPLE):
        digits = f"{first:08}"
        weighed = zip(_WEIGHTS, digits, strict=True)
        last = sum(weight * int(digit) for weight, digit in weighed) % 11
        if last <= 9:  # noqa: PLR2004 (one digit)
            yield f"{digits}{last}"


def _steps(n: int, bsn: str, today: dt.date) -> Iterator[Row]:
    """Give where somebody stood, year by year, until today."""
    begin = dt.date(today.year - _YEARS, 1, 1) + dt.timedelta(days=n * 37 % 1_100)
    first = 1 + n % 3
    for step in range(first, min(first + 2 + n % 3, _HIGHEST) + 1):
        end = begin + dt.timedelta(days=60 + (n * 53 + step * 97) % 400)
        for year in range(begin.year, min(end.year, today.year) + 1):
            if begin <= today:
                ended = end.year == year and end <= today
                yield {
                    "bsn": bsn,
                    "jaar": year,
                    "trede": step,
                    "wijk": _DISTRICTS[n % len(_DISTRICTS)],
                    "begindatum": begin.isoformat(),
                    "einddatum": end.isoformat() if ended else None,
                }
        begin = end


def _breakthroughs(n: int, bsn: str, year: int) -> Iterator[Row]:
    if n % 3 == 0:
        yield {
            "bsn": bsn,
            "jaar": year - 1 - n % _YEARS,
            "thema": _THEMES[n * 5 % len(_THEMES)],
            "wijk": _DISTRICTS[n % len(_DISTRICTS)],
        }
