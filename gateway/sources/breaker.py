"""A circuit breaker: a source that keeps failing is left alone for a while, and then tried once.

Only an ill source is left alone. What one person has, or one question, closes it for nobody else:

    what comes back                                      the source is   counts as
    nothing in time; no connection; it broke off         ill             failure
    a certificate that nobody trusts; no token           ill             failure
    401, 429, 5xx, a redirect, any status without rules  ill             failure
    packed unasked; no JSON at all (a page of a proxy)   ill             failure
    JSON that is no answer of its API                    ill             failure
    a table or column that is gone; a lost secret        ill             failure
    an error that nobody foresaw, of the adapter         ill             failure
    400, 403, 404 and the like: it refuses this question well            answer
    a FHIR server that overlooks the person              well            answer
    more pages or rows than anybody has                  well            answer
    over 1 MiB; nested too deeply; JSON with a flaw      well            answer (AnswerOdd)
    several persons for one number in the BRP            well            answer (AnswerOdd)
    a resource of another kind, or of another person     well            answer (AnswerOdd)
    a next page elsewhere, or with the person in it      well            answer (AnswerOdd)
    an expression of the mapping without an outcome      well            answer (AnswerOdd)
    a row of SQLite with text that is no UTF-8           well            answer (AnswerOdd)
    the one who asked withdrew                           unknown         nothing

What counts as an answer is refused all the same: that one request gets nothing of it.
"""

from collections.abc import Callable

from gateway.errors import SourceFailed

FAILURES = 5
"""So many failures in a row are no accident."""

PAUSE_S = 5.0
"""Long enough for a source to breathe, short enough for people not to give up."""


class Breaker:
    """Closed while a source answers; open for a pause after failures in a row; then one try.

    Units:   monotonic_s and pause_s in seconds.
    """

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        *,
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._monotonic_s = monotonic_s
        self._limit = failures
        self._pause_s = pause_s
        self._failures = 0
        self._open_until: float | None = None
        self._trying = False

    def enter(self) -> None:
        """Let a question pass, or not.

        Raises: SourceFailed while the source is left alone, or while another question tries it.
        """
        if self._open_until is None:
            return
        if self._trying or self._monotonic_s() < self._open_until:
            raise SourceFailed("a source that failed is left alone for a while")
        self._trying = True

    def succeed(self) -> None:
        """Note an answer: whatever went wrong before is forgotten."""
        self._failures = 0
        self._open_until = None
        self._trying = False

    def fail(self) -> None:
        """Note a failure; the last one that is borne opens the circuit."""
        self._failures += 1
        self._trying = False
        if self._failures >= self._limit:
            self._open_until = self._monotonic_s() + self._pause_s

    def leave(self) -> None:
        """Note that a question was withdrawn: it says nothing about the source."""
        self._trying = False
