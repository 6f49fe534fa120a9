"""Figures about groups: the cells of a table, and what keeps the persons in them out of sight."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

USUAL_SMALLEST: Final = 10
"""Persons; what statistics bureaus and the councils hold on to, less needs a law that says so."""


class Unit(StrEnum):
    """In what a duration is told; a month is a twelfth of 365.25 days."""

    DAYS = "days"
    MONTHS = "months"


class Tell(StrEnum):
    """What is told of a cell: how many persons, or the mean or median of something over them."""

    PERSONS = "persons"
    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class Cells:
    """How a field is told per group: what, and the columns that make the cells.

    `until` is the column with the day on which the duration ends that begins at the column of the
    field. A value under `low` or over `high` counts as `low` or `high`.
    Shapes:  per: one or two columns of the table.
    Units:   low and high as the answer is told: days, months, or what the column holds.
    """

    tell: Tell
    per: tuple[str, ...]
    until: str | None = None
    unit: Unit | None = None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Noise:
    """How much chance is mixed in (differential privacy): less of epsilon is more chance.

    Units:   epsilon: a decimal number as text, for all fields of the purpose together, per closed
             period; most_cells: in how many cells of a table one person counts at most.
    """

    epsilon: str
    most_cells: int


@dataclass(frozen=True, slots=True)
class Groups:
    """What holds for every table of a purpose about groups (kleine aantallen).

    `period` is the column with the year; only years that are over are told. `labels` are all labels
    that a column may have: what a source holds beside them is not told. `law` says why a cell may
    be smaller than is usual.
    Units:   smallest in persons; years: how many; largest_share in percent of the total of a cell.
    """

    smallest: int
    period: str
    years: int
    labels: tuple[tuple[str, tuple[str, ...]], ...]
    largest_share: int | None = None
    noise: Noise | None = None
    law: str | None = None

    def labels_of(self, column: str, year: int) -> tuple[str, ...]:
        """Return every label of a column in this year, in order: the period has its closed years.

        Raises: KeyError for a column that has none.
        """
        if column == self.period:
            return tuple(str(year - back) for back in range(self.years, 0, -1))
        return dict(self.labels)[column]
