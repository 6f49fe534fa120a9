"""The terms and the reasons of an emergency."""

import datetime as dt

import pytest

from gateway.emergency.model import review_by, says_something


@pytest.mark.parametrize(
    ("used", "until"),
    [
        ("2026-03-02T09:30:00+00:00", "2026-03-04T22:59:59+00:00"),  # Monday, until Wednesday.
        ("2026-03-06T09:30:00+00:00", "2026-03-10T22:59:59+00:00"),  # Friday, until Tuesday.
        ("2026-03-07T09:30:00+00:00", "2026-03-10T22:59:59+00:00"),  # Saturday, until Tuesday.
        ("2026-03-27T22:30:00+00:00", "2026-03-31T21:59:59+00:00"),  # Over the change of the clock.
        ("2026-03-02T23:30:00+00:00", "2026-03-05T22:59:59+00:00"),  # Past midnight where it is.
        ("2026-04-02T09:30:00+00:00", "2026-04-08T21:59:59+00:00"),  # Over Easter.
    ],
)
def test_the_term_ends_with_the_second_working_day(used: str, until: str) -> None:
    """Weekends and days that are kept do not count; days are those of where the people live."""
    assert review_by(dt.datetime.fromisoformat(used)) == dt.datetime.fromisoformat(until)


@pytest.mark.parametrize(
    ("words", "enough"),
    [
        ("De buren horen nu geschreeuw en een kind dat om hulp roept.", True),
        ("gevaar", False),
        ("", False),
        (" " * 100, False),
        ("nu " * 50, False),
        ("a b c d e f g", False),
        ("Nu is er een groot gevaar " + " " * 40, False),
    ],
)
def test_a_reason_says_something(words: str, enough: bool) -> None:  # noqa: FBT001
    """A sentence of real length is a reason; filling and repetition are none."""
    assert says_something(words) is enough
