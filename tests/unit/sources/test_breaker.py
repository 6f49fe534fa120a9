"""The circuit breaker by itself: who may try a source that was left alone."""

import pytest

from gateway.errors import SourceFailed
from gateway.sources.breaker import Breaker


def test_only_one_question_tries_an_open_circuit() -> None:
    """While one tries, the others are refused; a withdrawn try leaves room for another."""
    at_s = [0.0]
    breaker = Breaker(lambda: at_s[0], failures=1, pause_s=1.0)
    breaker.fail()
    at_s[0] = 1.0
    breaker.enter()
    with pytest.raises(SourceFailed):
        breaker.enter()
    breaker.leave()

    breaker.enter()
    breaker.fail()

    with pytest.raises(SourceFailed):
        breaker.enter()
