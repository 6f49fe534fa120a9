"""What an emergency gives and asks: the closed reasons, the terms, the review afterwards."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.catalogue.values.working_days import add_working_days
from gateway.moments import home_day, midnight

MAY_REVIEW: Final = "noodinzage_beoordelen"
"""The mandate of who judges disclosures in an emergency; the policy says which role has it."""

VALID_FOR: Final = dt.timedelta(hours=4)
"""How long an answer may be used: long enough to act on a danger that is there now."""

REVIEW_DAYS: Final = 2
"""Within how many working days somebody else judges it."""

FEWEST_CHARACTERS: Final = 40
FEWEST_WORDS: Final = 6
"""What a reason in own words has at least; whether it is a good one is for the review."""


class Danger(StrEnum):
    """Why somebody cannot wait; the words stand in the ledger, so new ones come last."""

    LIFE_IN_DANGER = "life_in_danger"
    VIOLENCE_NOW = "violence_now"
    CHILD_UNSAFE_NOW = "child_unsafe_now"


class Verdict(StrEnum):
    """How an emergency is judged; the words stand in the ledger, so new ones come last."""

    JUSTIFIED = "justified"
    PARTLY_JUSTIFIED = "partly_justified"
    NOT_JUSTIFIED = "not_justified"


@dataclass(frozen=True, slots=True)
class Review:
    """A disclosure in an emergency that somebody else judges; nothing about the person.

    Shapes:  entry: the id of its entry in the ledger; organisation: its OIN; used_by: the partner's
             own id of the professional, as long as the review is open.
    """

    entry: str
    used_at: dt.datetime
    organisation: str
    role: str
    purpose: str
    reason: str
    used_by: str
    review_by: dt.datetime
    verdict: str | None = None


def review_by(used_at: dt.datetime) -> dt.datetime:
    """Return the last moment of the term: the end of the second working day after the use."""
    day = add_working_days(home_day(used_at), REVIEW_DAYS)
    end = midnight(day + dt.timedelta(days=1))
    return end.astimezone(dt.UTC) - dt.timedelta(seconds=1)


def says_something(words: str) -> bool:
    """Tell whether a reason in somebody's own words is long enough to be judged by."""
    said = words.split()
    return len(" ".join(said)) >= FEWEST_CHARACTERS and len(set(said)) >= FEWEST_WORDS
