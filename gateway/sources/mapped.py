"""Several sources as one: each question goes where the mapping says, under one deadline."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from gateway.catalogue.errors import CatalogueInvalid, Severity
from gateway.catalogue.model import Catalogue
from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.breaker import Breaker
from gateway.sources.demand import findings_of
from gateway.sources.groups import Group, GroupQuery, bounded_cells
from gateway.sources.mapping import ColumnPlace, SourceMap, TablePlace
from gateway.sources.register import GroupLook, Look, RawRows, Register
from gateway.sources.source import Query, Row, Scalar
from gateway.sources.together import together
from gateway.sources.values import MISFIT, read_value
from gateway.subject import Subject

_LOG = logging.getLogger("doelpoort.sources")

T = TypeVar("T")

# An adapter that does not stop when its time is up gets this much more, and is then left behind.
_GRACE_S = 0.05


@dataclass(frozen=True, slots=True)
class _Question:
    """A query with where it goes, and what the gateway compares because the source does not."""

    query: Query
    look: Look
    compared: tuple[tuple[int, Scalar], ...]


class MappedSources:
    """A `Source` over registers of several kinds; what it is made of stands in a mapping file.

    Values are read as what the mapping says they are; one that does not fit is unknown, and counted
    in the log without being shown. A request that one source cannot answer has no answer.
    """

    def __init__(
        self,
        mapping: SourceMap,
        registers: Mapping[str, Register],
        *,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._mapping = mapping
        self._registers = registers
        self._breakers = {name: Breaker(monotonic_s) for name in registers}
        self._questioned = lru_cache(maxsize=4_096)(self._question)

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return the rows of every query; see `Source.rows`."""
        questions = [self._questioned(query, subject is not None) for query in queries]
        asked: dict[str, list[int]] = {}
        for number, question in enumerate(questions):
            asked.setdefault(question.look.table.source, []).append(number)
        parts = {name: [questions[number].look for number in each] for name, each in asked.items()}
        answers = await self._fetch_all(subject, parts)
        found: list[Sequence[Row]] = [()] * len(questions)
        for name, numbers in asked.items():
            for number, raw in zip(numbers, answers[name], strict=True):
                found[number] = _shaped(questions[number], raw)
        return found

    async def groups(self, query: GroupQuery) -> Sequence[Group]:
        """Return every cell that holds anybody; see `GroupSource.groups`."""
        look = _group_look(self._place(query.table, of_person=True), query)
        name = look.table.source
        register = self._registers[name]
        if register.takes_conditions and not all(map(_counts, look.columns)):
            raise SourceFailed("a source cannot count over a column that the gateway translates")
        cells = bounded_cells(await self._asked(name, lambda: register.count(look)))
        return _labelled(look, cells) if register.takes_conditions else cells

    def check(self, catalogue: Catalogue) -> None:
        """Make sure that the mapping has what the catalogue names, and the sources what it says.

        A source that does not answer now is logged and borne: it may be back when it is asked.

        Raises: CatalogueInvalid with every finding, SourceInvalid naming what a source lacks.
        """
        findings = findings_of(self._mapping, catalogue)
        errors = tuple(each for each in findings if each.severity is Severity.ERROR)
        if errors:
            raise CatalogueInvalid(errors)
        for name in self._registers:
            try:
                self.probe(name)
            except SourceFailed:
                _LOG.warning("source %s does not answer now", name)

    def probe(self, name: str) -> None:
        """Make sure that one live source has what the mapping says it has.

        Raises: SourceInvalid naming what is missing, SourceFailed when it does not answer.
        """
        self._registers[name].probe(self._mapping.tables_of(name))

    def close(self) -> None:
        """Let go of what can be let go of without an event loop."""
        for register in self._registers.values():
            register.close()

    async def aclose(self) -> None:
        """Let go of every connection."""
        for register in self._registers.values():
            await register.aclose()

    async def _fetch_all(
        self, subject: Subject | None, parts: Mapping[str, list[Look]]
    ) -> dict[str, Sequence[RawRows]]:
        if not any(self._registers[name].waits for name in parts):
            return {name: await self._fetch(name, subject, looks) for name, looks in parts.items()}
        questions = [self._fetch(name, subject, looks) for name, looks in parts.items()]
        answers = await together(questions, self._mapping.deadline_s + _GRACE_S)
        return dict(zip(parts, answers, strict=True))

    async def _fetch(
        self, name: str, subject: Subject | None, looks: Sequence[Look]
    ) -> Sequence[RawRows]:
        return await self._asked(name, lambda: self._registers[name].fetch(subject, looks))

    async def _asked(self, name: str, ask: Callable[[], Awaitable[T | None]]) -> T:
        """Ask one source, and note how it went: a source that keeps failing is left alone."""
        breaker, place = self._breakers[name], self._mapping.sources[name]
        breaker.enter()
        try:
            async with asyncio.timeout(min(place.deadline_s, self._mapping.deadline_s)):
                answer = await ask()
        except TimeoutError:
            breaker.fail()
            raise SourceFailed(f"source {name} gave no answer in time") from None
        except SourceFailed:
            breaker.fail()
            raise
        except SourceInvalid as exc:
            breaker.fail()
            raise SourceFailed(f"source {name} is no longer what the mapping says") from exc
        except BaseException:
            breaker.leave()
            raise
        breaker.succeed()
        if answer is None:
            raise SourceFailed(f"source {name} does not answer this question")
        return answer

    def _question(self, query: Query, of_person: bool) -> _Question:  # noqa: FBT001
        """Return where a query goes.

        Raises: SourceFailed where the mapping has no place for it, or where persons are asked of
                figures, or figures of persons.
        """
        table = self._place(query.table, of_person=of_person)
        columns = [_column(table, name) for name in query.columns]
        takes = self._registers[table.source].takes_conditions
        pushed: list[tuple[ColumnPlace, Scalar]] = []
        compared: list[tuple[int, Scalar]] = []
        for name, value in query.where:
            column = _column(table, name)
            settled = takes and column.as_is
            if settled or column.search is not None:
                pushed.append((column, value))
            if not settled:
                # Also where a server was told what to look for: one may not know the parameter.
                compared.append((len(columns), value))
                columns.append(column)
        return _Question(query, Look(table, tuple(columns), tuple(pushed)), tuple(compared))

    def _place(self, name: str, *, of_person: bool) -> TablePlace:
        table = self._mapping.tables.get(name)
        if table is None:
            raise SourceFailed("no source has this table")
        if (table.subject is not None) is not of_person:
            raise SourceFailed("a table holds persons or figures, and was asked for the other")
        return table


def _group_look(table: TablePlace, query: GroupQuery) -> GroupLook:
    measured = query.measured
    until = None if measured is None else measured.until
    return GroupLook(
        query,
        table,
        per=tuple(_column(table, name) for name in query.per),
        where=tuple(_column(table, name) for name, _ in query.where),
        period=_column(table, query.period),
        value=None if measured is None else _column(table, measured.column),
        until=None if until is None else _column(table, until),
    )


def _counts(column: ColumnPlace) -> bool:
    """Tell whether a source can count over a column as it has it."""
    return column.form is None and not column.words and column.absent is None


def _labelled(look: GroupLook, cells: Sequence[Group]) -> Sequence[Group]:
    """Return the cells with labels of the types that they should have; others are left out."""
    misfits: Counter[str] = Counter()
    found = []
    for cell in cells:
        pairs = zip(look.per, cell.labels, strict=True)
        labels = tuple(_value(column, raw, misfits) for column, raw in pairs)
        if None not in labels:
            found.append(replace(cell, labels=labels))
    _log_misfits(look.table, misfits)
    return found


def _column(table: TablePlace, name: str) -> ColumnPlace:
    column = table.columns.get(name)
    if column is None:
        raise SourceFailed("no source has this column")
    return column


def _shaped(question: _Question, raw: RawRows) -> Sequence[Row]:
    """Return the asked columns of the rows that fit, each value as the type that it should have."""
    look, wanted = question.look, question.query.columns
    misfits: Counter[str] = Counter()
    found: list[Row] = []
    for row in raw:
        # A source gives each row something to hold, even where no column was asked for.
        pairs = zip(look.columns, row, strict=False)
        values = [_value(column, each, misfits) for column, each in pairs]
        if all(_same(values[number], value) for number, value in question.compared):
            found.append(dict(zip(wanted, values, strict=False)))
    _log_misfits(look.table, misfits)
    return found


def _log_misfits(table: TablePlace, misfits: Counter[str]) -> None:
    for column, count in misfits.items():
        _LOG.warning("%d values of %s.%s have another type", count, table.name, column)


def _value(column: ColumnPlace, raw: object, misfits: Counter[str]) -> object:
    value = read_value(column, raw)
    if value is MISFIT:
        misfits[column.name] += 1
        return None
    return value


def _same(value: object, wanted: Scalar) -> bool:
    """Compare types too: 1 is not yes."""
    return type(value) is type(wanted) and value == wanted
