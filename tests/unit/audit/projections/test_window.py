"""Looking through a part of the log: by trace, by purpose, by person."""

import pytest

from audit.projections.record import Context
from audit.projections.window import Wanted, matching
from tests.fakes_projections import (
    CONTEXT,
    PURPOSE,
    SANNE,
    TRACE,
    URL,
    YUSUF,
    ListedLog,
    make_leaf,
    make_log,
    make_policy,
    make_refusal,
)

OTHER_TRACE = "f" * 32


def make_mixed() -> ListedLog:
    """Return a log of which the first entry was pruned; entry i is of second i."""
    return make_log(
        (None, ()),
        (make_leaf(1), (YUSUF,)),
        (make_policy(2), ()),
        (make_leaf(3, trace=OTHER_TRACE), (SANNE,)),
        (make_refusal(4, purpose="hulpvraag-afbakenen"), (SANNE,)),
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), [1, 3, 4]),
        (Wanted(trace=TRACE), [1, 4]),
        (Wanted(trace=OTHER_TRACE), [3]),
        (Wanted(purpose=PURPOSE), [1, 3]),
        (Wanted(pseudonym=SANNE), [3, 4]),
        (Wanted(trace=TRACE, pseudonym=SANNE), [4]),
        (Wanted(trace=OTHER_TRACE, purpose="hulpvraag-afbakenen"), []),
        (Wanted(pseudonym="c" * 32), []),
    ],
)
def test_what_is_wanted_is_found(wanted: Wanted, expected: list[int]) -> None:
    """Only decisions that are all that is wanted come out, in order."""
    found = [each.index for each in matching(make_mixed(), range(5), wanted)]

    assert found == expected


def test_only_the_period_is_looked_through() -> None:
    """Nothing outside the period is read."""
    found = [each.index for each in matching(make_mixed(), range(1, 3), Wanted(trace=TRACE))]

    assert found == [1]


def test_the_key_of_nobody_is_nobody() -> None:
    """What is sealed about nobody is sealed under a key too, which finds no decision."""
    log = make_log((make_refusal(0, subjects=0), (YUSUF,)), (make_leaf(1), (YUSUF,)))

    assert [each.index for each in matching(log, range(2), Wanted(pseudonym=YUSUF))] == [1]


def test_a_person_is_found_in_a_long_log() -> None:
    """Pages in which the person does not occur are passed by, and nothing after them is missed."""
    log = make_log(
        *((make_leaf(index), (SANNE if index == 1100 else YUSUF,)) for index in range(1200))
    )

    assert [each.index for each in matching(log, range(1200), Wanted(pseudonym=SANNE))] == [1100]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{URL}/v1/purposes/{PURPOSE}", PURPOSE),
        (f"{URL}/v1/purposes", None),
        (f"https://elsewhere.example/v1/purposes/{PURPOSE}", None),
        ("", None),
    ],
)
def test_a_purpose_is_found_in_its_address(url: str, expected: str | None) -> None:
    """The address of a purpose of this gateway gives the purpose; any other gives none."""
    assert CONTEXT.find_purpose(url) == expected
    assert Context("https://b.example").find_purpose(f"{URL}/v1/purposes/{PURPOSE}") is None
