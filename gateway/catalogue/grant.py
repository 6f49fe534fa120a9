"""How much of which column a purpose gets: a field of a purpose, as a frozen value."""

from dataclasses import dataclass
from typing import TypeAlias

from gateway.catalogue.words import Derive, Need, Precision

Scalar: TypeAlias = str | int | bool
"""What a condition on a source row may compare with."""


@dataclass(frozen=True, slots=True)
class Band:
    """Named ranges; each limit is the lower bound of the next range.

    Shapes:  limits strictly rising; one label more than there are limits.
    """

    limits: tuple[int, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldGrant:
    """That a purpose needs a field: from where, how precisely, when and why.

    `key` is the column that names each pair; `against` is what a value is compared with.
    """

    name: str
    table: str
    column: str | None
    where: tuple[tuple[str, Scalar], ...]
    derive: Derive
    precision: Precision
    band: Band | None
    need: Need
    because: str
    consent: bool
    special: str | None
    key: str | None = None
    against: Scalar | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that must be read to make this field, and no other."""
        if self.derive is Derive.ACTIVE_PARTIES:
            return (*_named(self.column), "van", "tot")
        return (*_named(self.column), *_named(self.key))


def _named(column: str | None) -> tuple[str, ...]:
    return () if column is None else (column,)
