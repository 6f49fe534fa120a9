"""What an answer depends on besides the grant and the rows: the day, and who is to receive it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

Pseudonymise: TypeAlias = Callable[[str], str]
"""Gives a value the token by which one organisation knows it, for one purpose."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """The day of the decision, and how values are named to who asks; without either, unknown.

    Trust: a maker of pseudonyms serves one organisation and one purpose, and holds a key.
    """

    day: dt.date | None = None
    pseudonym: Pseudonymise | None = None


NO_OCCASION: Final = Occasion()
"""For what depends on neither the day nor the receiver."""
