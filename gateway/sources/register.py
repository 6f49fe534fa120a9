"""What an adapter does: answer looks in the words of its own source, with raw values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from gateway.errors import SourceFailed
from gateway.sources.groups import Group, GroupQuery
from gateway.sources.mapping import ColumnPlace, TablePlace
from gateway.sources.source import Predicate, Scalar
from gateway.subject import Subject

RawRows: TypeAlias = Sequence[Sequence[object]]
"""Rows with the values of a source as they are, in the order of the columns of the look."""

ROW_LIMIT = 1_000
"""More rows about one person than any register holds; what gives more was asked wrongly."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look into one mapped table: the columns to bring, and what the source itself compares.

    Of a predicate its outcome comes along, after the columns: see `predicate_text.outcome`.
    """

    table: TablePlace
    columns: tuple[ColumnPlace, ...]
    where: tuple[tuple[ColumnPlace, Scalar], ...] = ()
    predicates: tuple[tuple[ColumnPlace, Predicate], ...] = ()


@dataclass(frozen=True, slots=True)
class GroupLook:
    """One count over one mapped table of persons; see `GroupQuery` for what is counted how.

    Units:   deadline_s: seconds; counting takes longer than looking somebody up.
    """

    query: GroupQuery
    table: TablePlace
    per: tuple[ColumnPlace, ...]
    where: tuple[ColumnPlace, ...]
    period: ColumnPlace
    value: ColumnPlace | None = None
    until: ColumnPlace | None = None
    deadline_s: float = field(kw_only=True)

    @property
    def columns(self) -> tuple[ColumnPlace, ...]:
        """Every column that is looked at."""
        measured = (each for each in (self.value, self.until) if each is not None)
        return (*self.per, *self.where, self.period, *measured)


class Register(Protocol):
    """One source behind a mapping.

    `takes_conditions`: whether the source compares for itself; else the gateway does. `waits`:
    whether a question leaves the thread of the event loop.
    """

    @property
    def takes_conditions(self) -> bool:
        """Whether `where` may hold anything, and predicates may be asked."""
        ...

    @property
    def waits(self) -> bool:
        """Whether an answer takes longer than a look into a local file."""
        ...

    async def fetch(
        self, subject: Subject | None, looks: Sequence[Look]
    ) -> Sequence[RawRows] | None:
        """Return the rows of every look, in order, and read nothing that is not asked.

        None says that the source is well and does not answer this question: a mistake in the
        mapping or in what the gateway may ask, and no reason to leave the source alone.

        Trust:  the values are the source's own and may be of any type.
        Raises: SourceFailed when the source is ill, AnswerOdd when it is well and this one answer
                is no answer; see `breaker`. Their texts never hold what the source said.
        """
        ...

    async def count(self, look: GroupLook) -> Sequence[Group] | None:
        """Return every cell that holds anybody.

        The labels are those of the source where it takes conditions, and else as the mapping reads
        them.

        None says that this kind of source cannot count over persons.

        Raises: SourceFailed, AnswerOdd; their texts never hold what the source said.
        """
        ...

    def probe(self, tables: Sequence[TablePlace]) -> None:
        """Make sure that the live source has these tables and columns.

        Raises: SourceInvalid naming what is missing, SourceFailed when the source does not answer,
                AnswerOdd as when it is asked about somebody.
        """
        ...

    def close(self) -> None:
        """Let go of what can be let go of without an event loop."""
        ...

    async def aclose(self) -> None:
        """Let go of every connection."""
        ...


def bounded(rows: RawRows) -> RawRows:
    """Return the rows, unless there are more than any register holds about one person.

    Raises: SourceFailed.
    """
    if len(rows) > ROW_LIMIT:
        raise SourceFailed("a source gave more rows than anybody has")
    return rows


def without_values(exc: BaseException) -> Exception:
    """Return the kind of an error without its text, which may hold a row."""
    return SourceFailed(type(exc).__name__)
