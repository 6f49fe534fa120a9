"""Several sources as one: each question goes where the mapping says, under one deadline."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from gateway.catalogue.errors import CatalogueInvalid, Severity
from gateway.catalogue.model import Catalogue, Derive
from gateway.errors import AnswerOdd, SourceFailed, SourceInvalid
from gateway.sources.breaker import Breaker
from gateway.sources.demand import findings_of
from gateway.sources.foreseen import unforeseen
from gateway.sources.groups import Group, GroupQuery, bounded_cells
from gateway.sources.mapping import ColumnPlace, Form, SourceMap, TablePlace, ValueKind
from gateway.sources.register import (
    GroupLook,
    Look,
    RawRows,
    Register,
    bounded,
    without_values,
)
from gateway.sources.source import Predicate, Query, Row, Scalar
from gateway.sources.together import together
from gateway.sources.values import MISFIT, read_value
from gateway.subject import Subject

_LOG = logging.getLogger("doelpoort.sources")

T = TypeVar("T")

_NUMBERS = frozenset({ValueKind.INTEGER, ValueKind.DECIMAL})
# By the type of what is compared with, and whether it is that or nothing.
_OF_TYPE: Mapping[tuple[type, bool], frozenset[ValueKind]] = MappingProxyType(
    {
        (str, True): frozenset({ValueKind.TEXT}),
        (str, False): frozenset({ValueKind.TEXT}),
        (int, True): frozenset({ValueKind.INTEGER}),
        (int, False): _NUMBERS,
    }
)
# An adapter that does not stop when its time is up gets this much more, and is then left behind.
_GRACE_S = 0.05


@dataclass(frozen=True, slots=True)
class _Question:
    """Where a query goes, and what the gateway makes of each row that comes of it.

    `read` says how each value is read, and `names` what those are called that somebody asked for;
    `compared` is what the gateway compares because the source does not.
    """

    look: Look
    read: tuple[ColumnPlace, ...]
    names: tuple[str, ...]
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
        look = self._group_look(query)
        name = look.table.source
        register = self._registers[name]
        if register.takes_conditions and any(column.translated for column in look.columns):
            raise SourceFailed("a source cannot count over a column that the gateway translates")
        limit_s = self._mapping.deadline_s + _GRACE_S
        cells = bounded_cells(await self._asked(name, lambda: register.count(look), limit_s))
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
        try:
            self._registers[name].probe(self._mapping.tables_of(name))
        except AnswerOdd as exc:
            raise SourceFailed(str(exc)) from exc

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
        limit_s = min(self._mapping.sources[name].deadline_s, self._mapping.deadline_s)
        register = self._registers[name]
        answers = await self._asked(name, lambda: register.fetch(subject, looks), limit_s)
        # The source is well: one person of whom it holds too much does not close it for others.
        return [bounded(rows) for rows in answers]

    async def _asked(self, name: str, ask: Callable[[], Awaitable[T | None]], limit_s: float) -> T:
        """Ask one source, and note how it went: a source that keeps failing is left alone."""
        breaker = self._breakers[name]
        breaker.enter()
        try:
            async with asyncio.timeout(limit_s):
                answer = await ask()
        except TimeoutError:
            breaker.fail()
            raise SourceFailed(f"source {name} gave no answer in time") from None
        except AnswerOdd as exc:
            # It answered, and others are asked about as before.
            breaker.succeed()
            raise SourceFailed(str(exc)) from exc
        except SourceFailed:
            breaker.fail()
            raise
        except SourceInvalid as exc:
            breaker.fail()
            raise SourceFailed(f"source {name} is no longer what the mapping says") from exc
        except Exception as exc:  # noqa: BLE001 (raised again, without its values)
            breaker.fail()
            raise unforeseen(f"source {name}", exc) from without_values(exc)
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
        takes = self._registers[table.source].takes_conditions
        settled = all(_column(table, name).as_is for name, _ in query.where)
        predicates = _taken(table, query.predicates) if takes and settled else ()
        names = _kept(query.columns, predicates)
        columns = [_column(table, name) for name in names]
        pushed: list[tuple[ColumnPlace, Scalar]] = []
        compared: list[tuple[int, Scalar]] = []
        for name, value in query.where:
            column = _column(table, name)
            takes_it = takes and column.as_is
            if takes_it or column.search is not None:
                pushed.append((column, value))
            if not takes_it:
                # Also where a server was told what to look for: one may not know the parameter.
                compared.append((len(columns), value))
                columns.append(column)
        look = Look(table, tuple(columns), tuple(pushed), predicates)
        names += tuple(asked.name for _, asked in predicates)
        return _Question(look, _read_as(look), names, tuple(compared))

    def _group_look(self, query: GroupQuery) -> GroupLook:
        """Return where a count goes; it may take all the time that a request has."""
        table, measured = self._place(query.table, of_person=True), query.measured
        until = None if measured is None else measured.until
        return GroupLook(
            query,
            table,
            per=tuple(_column(table, name) for name in query.per),
            where=tuple(_column(table, name) for name, _ in query.where),
            period=_column(table, query.period),
            value=None if measured is None else _column(table, measured.column),
            until=None if until is None else _column(table, until),
            deadline_s=self._mapping.deadline_s,
        )

    def _place(self, name: str, *, of_person: bool) -> TablePlace:
        table = self._mapping.tables.get(name)
        if table is None:
            raise SourceFailed("no source has this table")
        if (table.subject is not None) is not of_person:
            raise SourceFailed("a table holds persons or figures, and was asked for the other")
        return table


def _taken(
    table: TablePlace, predicates: Sequence[Predicate]
) -> tuple[tuple[ColumnPlace, Predicate], ...]:
    """Return the predicates that a source can answer; a column needed for another one comes."""
    placed = [(_column(table, asked.column), asked) for asked in predicates]
    kept = {asked.column for column, asked in placed if not _answers(column, asked)}
    return tuple((column, asked) for column, asked in placed if asked.column not in kept)


def _answers(column: ColumnPlace, asked: Predicate) -> bool:
    """Tell whether a source compares this column the way the gateway does."""
    kinds = _OF_TYPE[type(asked.against[0]), asked.derive is Derive.EQUALS]
    return not column.translated and column.kind in kinds


def _kept(
    columns: tuple[str, ...], predicates: Sequence[tuple[ColumnPlace, Predicate]]
) -> tuple[str, ...]:
    """Return the columns that must come, because the source answers no predicate for them."""
    answered = {asked.column for _, asked in predicates}
    return tuple(name for name in columns if name not in answered)


def _read_as(look: Look) -> tuple[ColumnPlace, ...]:
    """Return how each value of a row is read; what no predicate can be made of is a misfit."""
    outcomes = (
        ColumnPlace(asked.column, "", ValueKind.BOOLEAN, form=Form.ZERO_ONE)
        for _, asked in look.predicates
    )
    return (*look.columns, *outcomes)


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
    misfits: Counter[str] = Counter()
    found: list[Row] = []
    for row in raw:
        # A source gives each row something to hold, even where no column was asked for.
        pairs = zip(question.read, row, strict=False)
        values = [_value(column, each, misfits) for column, each in pairs]
        if all(_same(values[number], value) for number, value in question.compared):
            found.append(dict(zip(question.names, values, strict=False)))
    _log_misfits(question.look.table, misfits)
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
