"""How much of which column a purpose gets: a field of a purpose, as a frozen value."""

from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.catalogue.cells import Cells
from gateway.catalogue.words import Derive, FieldType, Need, Precision

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

    `key` is the column that names each pair; `against` is what a value is compared with, `one_of`
    are the texts that it is looked for among, and `other` is the table and column of the name that
    it is matched with. `labels` are all the texts that may leave; without them any text may.
    With `cells` it tells of groups: the persons behind it are counted in the source, and no row of
    any of them is read. `kind` is what the data dictionary says of the field: at exact precision
    nothing else leaves; without one anything plain may.
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
    one_of: tuple[str, ...] = ()
    other: tuple[str, str] | None = None
    labels: tuple[str, ...] = ()
    cells: Cells | None = None
    # Tables that were told are kept under the text of their rule, of which this is no part.
    kind: FieldType | None = field(default=None, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the table that must be read to make this field, and no other."""
        if self.derive is Derive.ACTIVE_PARTIES:
            return (*_named(self.column), "van", "tot")
        beside = None if self.other is None or self.elsewhere is not None else self.other[1]
        return (*_named(self.column), *_named(self.key), *_named(beside))

    @property
    def elsewhere(self) -> tuple[str, str] | None:
        """The table and column of another register that must be read too, whole."""
        return None if self.other is None or self.other[0] == self.table else self.other

    @property
    def other_key(self) -> str:
        """Where the name that it is matched with stands in a row."""
        if self.other is None:
            return ""
        return self.other[1] if self.elsewhere is None else ".".join(self.other)


def _named(column: str | None) -> tuple[str, ...]:
    return () if column is None else (column,)
