"""How often something may be asked, and what does not go together: the guard against mosaics.

One small answer tells little; the same one every day tells when it changes, and two answers
together may tell what no policy gives. Nothing here reads a file or a clock.
"""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often one organisation gets an answer (herhaling): about one person, or about a group.

    What only a professional can answer counts when it is asked, and not again when it is given.

    Units:   at most `answers` in any `days` of 24 hours, and two of them never closer together than
             `cool_down_hours`.
    """

    answers: int
    days: int
    because: str
    cool_down_hours: int = 0

    @property
    def period(self) -> dt.timedelta:
        """The period in which the answers are counted."""
        return dt.timedelta(days=self.days)

    @property
    def cool_down(self) -> dt.timedelta:
        """The pause between two answers."""
        return dt.timedelta(hours=self.cool_down_hours)


@dataclass(frozen=True, slots=True)
class Combination:
    """What one organisation never gets all of about one person within a period (niet samen).

    Shapes:  purposes or fields, two names or more of one of the two; the other is empty.
    Units:   days of 24 hours.
    """

    purposes: frozenset[str]
    fields: frozenset[str]
    days: int
    because: str

    @property
    def period(self) -> dt.timedelta:
        """The period in which they do not go together."""
        return dt.timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Mosaic:
    """What `mosaic.yaml` says: the limit where a purpose names none, and what never goes together.

    Without the file there is no limit but those of the purposes.
    """

    default: Repeat | None = None
    never_together: tuple[Combination, ...] = ()
