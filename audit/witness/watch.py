"""The dead-man stop: how long ago a quorum of witnesses saw this log; pure.

A log that no witness has seen for four hours may be one that only its owner sees. From then on
releases stop, until a quorum is reached again.
"""

from dataclasses import dataclass
from typing import Final, NoReturn

from audit.witness.policy import Quorum

MAX_SILENCE_MS: Final = 4 * 60 * 60 * 1000  # What the design of the ledger allows.


class _NotABool:
    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise TypeError("match a state of the watch, do not test its truth")


@dataclass(frozen=True, slots=True)
class Watched(_NotABool):
    """A quorum saw the log lately: releases go on.

    Units:   since_ms: when, in ms since 1970; left_ms: how long until releases stop.
    """

    since_ms: int
    left_ms: int


@dataclass(frozen=True, slots=True)
class Unwatched(_NotABool):
    """No quorum saw the log for more than four hours: releases stop.

    Units:   since_ms: when one last did, in ms since 1970.
    """

    since_ms: int


class Watch:
    """Remembers when a quorum last saw the log.

    Two clocks are heard, and the earlier one counts: the witnesses' own stamps (replaying an old
    cosigned checkpoint gains nothing) and ours (a witness with a clock that is ahead gains us
    nothing either). Our clock going back gains nothing: the latest time that was seen counts, until
    a new quorum says what time it is.
    """

    __slots__ = ("_latest_ms", "_since_ms")

    def __init__(self, since_ms: int, now_ms: int) -> None:
        """Begin with the last quorum that is stored, or with the genesis of a log without one.

        Units:   since_ms: ms since 1970: `at_ms` of the stored quorum, or the time of the genesis.
        """
        self._since_ms = min(since_ms, now_ms)
        self._latest_ms = now_ms

    def note_quorum(self, quorum: Quorum, now_ms: int) -> None:
        """Take a quorum as the newest sign of life.

        Trust:   the quorum comes from `Policy.check` of a checkpoint of this very log.
        Raises:  ValueError if the policy asks for no witness: then there is nothing to watch.
        """
        if quorum.at_ms is None:
            raise ValueError("a policy without witnesses needs no watch")
        at_ms = min(quorum.at_ms, now_ms)
        if at_ms > self._since_ms:
            self._since_ms = at_ms
            self._latest_ms = now_ms

    def state(self, now_ms: int) -> Watched | Unwatched:
        """Tell whether releases may go on."""
        self._latest_ms = max(self._latest_ms, now_ms)
        left_ms = self._since_ms + MAX_SILENCE_MS - self._latest_ms
        if left_ms < 0:
            return Unwatched(self._since_ms)
        return Watched(self._since_ms, left_ms)
