"""The dead-man stop."""

from typing import Final

import pytest

from audit.witness.policy import Quorum
from audit.witness.watch import MAX_SILENCE_MS, Unwatched, Watch, Watched

T0: Final = 1_772_442_000_000
HOUR: Final = 3_600_000


def _quorum(at_ms: int | None) -> Quorum:
    return Quorum("gemeente.example/disclosures/2026", 9, {}, at_ms)


def test_four_hours_without_a_quorum_are_allowed() -> None:
    """To the millisecond."""
    watch = Watch(T0, T0)

    assert watch.state(T0 + HOUR) == Watched(T0, 3 * HOUR)
    assert watch.state(T0 + MAX_SILENCE_MS) == Watched(T0, 0)


def test_more_than_four_hours_stop_the_releases() -> None:
    """The twin."""
    assert Watch(T0, T0).state(T0 + MAX_SILENCE_MS + 1) == Unwatched(T0)


def test_a_quorum_starts_the_releases_again() -> None:
    """The next quorum is all it takes."""
    watch = Watch(T0, T0)
    watch.state(T0 + 9 * HOUR)

    watch.note_quorum(_quorum(T0 + 9 * HOUR), T0 + 9 * HOUR + 5)

    assert watch.state(T0 + 10 * HOUR) == Watched(T0 + 9 * HOUR, 3 * HOUR)


def test_a_quorum_of_long_ago_gains_nothing() -> None:
    """The stamps of the witnesses count: an old cosigned checkpoint can be shown at any time."""
    watch = Watch(T0, T0)

    watch.note_quorum(_quorum(T0 - HOUR), T0 + 5 * HOUR)

    assert watch.state(T0 + 5 * HOUR) == Unwatched(T0)


def test_stamps_from_the_future_gain_nothing() -> None:
    """Our clock counts too: witnesses that are days ahead buy us four hours and no more."""
    watch = Watch(T0, T0)

    watch.note_quorum(_quorum(T0 + 90 * HOUR), T0 + HOUR)

    assert watch.state(T0 + 5 * HOUR) == Watched(T0 + HOUR, 0)
    assert watch.state(T0 + 5 * HOUR + 1) == Unwatched(T0 + HOUR)


def test_a_stored_quorum_from_the_future_gains_nothing() -> None:
    """So it is at the start."""
    assert Watch(T0 + 90 * HOUR, T0).state(T0 + 5 * HOUR) == Unwatched(T0)


def test_our_clock_going_back_gains_nothing() -> None:
    """The latest time that was seen counts."""
    watch = Watch(T0, T0)
    watch.state(T0 + 5 * HOUR)

    assert watch.state(T0 + HOUR) == Unwatched(T0)


def test_a_quorum_says_what_time_it_is() -> None:
    """After a leap of our clock and back, the next quorum puts things right."""
    watch = Watch(T0, T0)
    watch.state(T0 + 900 * HOUR)

    watch.note_quorum(_quorum(T0 + HOUR), T0 + HOUR)

    assert watch.state(T0 + 2 * HOUR) == Watched(T0 + HOUR, 3 * HOUR)


def test_a_policy_without_witnesses_has_no_watch() -> None:
    """There is nothing to wait for."""
    with pytest.raises(ValueError, match="no watch"):
        Watch(T0, T0).note_quorum(_quorum(None), T0)


@pytest.mark.parametrize("state", [Watched(T0, 1), Unwatched(T0)])
def test_a_state_has_no_truth(state: Watched | Unwatched) -> None:
    """It is matched, not tested."""
    with pytest.raises(TypeError):
        bool(state)
