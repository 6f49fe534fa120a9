"""The veil of a purpose: who asks cannot tell "no" from "not known" or "not yours"."""

from dataclasses import dataclass
from typing import Final

NO_MEANS: Final = (
    "Nee betekent hier: niet zo, niet bekend, of niet aan u om te weten.",
    "No means here: not so, not known, or not yours to know.",
)
"""What every answer behind a veil says of itself, in Dutch and in English."""


_TO_READ: Final = 0.4
"""The entry is made at half of the time; what is left before it, is for making it."""


@dataclass(frozen=True, slots=True)
class Veil:
    """That answers must look the same, why, and how long every one of them takes.

    Units:   answer_after_ms, source_within_ms: milliseconds from the arrival of a request.
    """

    answer_after_ms: int
    because: str

    @property
    def source_within_ms(self) -> int:
        """How long a source has: what it has not told by then counts as no."""
        return int(self.answer_after_ms * _TO_READ)
