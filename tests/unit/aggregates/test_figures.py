"""Figures asked, mixed and kept: once told, the same table is told again."""

import asyncio
import datetime as dt
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from gateway.aggregates.figures import NO_FIGURES, Figures, name_of, query_of, require_noise
from gateway.aggregates.kept import KeptTables, NothingKept, SqlTables
from gateway.cases.opening import open_cases
from gateway.cases.store import CaseBook
from gateway.catalogue.cells import Noise, Tell
from gateway.catalogue.model import FieldGrant, Purpose
from gateway.errors import CasesUnavailable, NoiseUnavailable, SourceFailed
from gateway.sources.groups import Group, GroupQuery, Measured
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio

NAME = "duur-en-maatwerk-per-trede"
DAY = dt.date(2026, 3, 2)
NOISE = Noise("0.5", 3)


@dataclass
class Counter:
    """A source with so many persons in each cell; remembers what it was asked."""

    persons: int = 40
    asked: list[GroupQuery] = field(default_factory=list)

    async def groups(self, query: GroupQuery) -> Sequence[Group]:
        """Return a cell per year and step."""
        self.asked.append(query)
        if self.persons < 0:
            raise SourceFailed("made to fail")
        cells = [(year, step) for year in range(2022, 2026) for step in range(1, 7)]
        number = 100.0 * self.persons
        return [Group(labels, self.persons, number, 100.0, 100.0) for labels in cells]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptTables]:
    """Give a store in a database of its own."""
    with closing(open_cases(f"sqlite:///{tmp_path / 'cases.db'}")) as book:
        yield SqlTables(book)


def purpose(noise: Noise | None = None) -> Purpose:
    """Return the purpose, with or without chance mixed in."""
    found = catalogue().purposes[NAME]
    assert found.groups is not None
    cells = found.fields["duur_per_trede"].cells
    assert cells is not None
    bounded = replace(
        found.fields["duur_per_trede"], cells=replace(cells, tell=Tell.MEAN, low=0, high=60)
    )
    return replace(
        found,
        groups=replace(found.groups, noise=noise),
        fields={**found.fields, bounded.name: bounded},
    )


def grant(name: str = "deelnemers_per_trede") -> FieldGrant:
    """Return a field of the purpose."""
    return purpose().fields[name]


async def test_a_table_that_was_told_is_told_again(kept: KeptTables) -> None:
    """A row that is corrected in a closed year changes nothing for who asks again."""
    source = Counter(persons=40)
    figures = Figures(source, kept)
    before = await figures.read(purpose(), [grant()], DAY)

    source.persons = 41
    after = await figures.read(purpose(), [grant()], DAY)

    assert after == before
    assert len(source.asked) == 1


async def test_chance_is_drawn_once(kept: KeptTables) -> None:
    """Who asks a hundred times has no hundred draws to average."""
    figures = Figures(Counter(), kept)

    tables = [await figures.read(purpose(NOISE), [grant()], DAY) for _ in range(100)]

    assert all(table == tables[0] for table in tables)


async def test_without_keeping_chance_would_be_drawn_anew() -> None:
    """Where nothing is kept, the same question has another answer each time."""
    figures = Figures(Counter(), NothingKept())
    fields = [purpose(NOISE).fields["duur_per_trede"], grant()]

    tables = [await figures.read(purpose(NOISE), fields, DAY) for _ in range(5)]

    assert any(table != tables[0] for table in tables)


async def test_of_two_at_once_one_table_is_told(kept: KeptTables) -> None:
    """Two gateways that count at the same time tell the table of the first."""
    one, other = Figures(Counter(40), kept), Figures(Counter(50), kept)

    tables = await asyncio.gather(
        *(figures.read(purpose(), [grant()], DAY) for figures in (one, other) * 4)
    )

    assert all(table == tables[0] for table in tables)


@pytest.mark.parametrize("day", [dt.date(2027, 1, 1), dt.date(2025, 12, 31)])
async def test_another_year_is_another_table(kept: KeptTables, day: dt.date) -> None:
    """A period that has just closed is counted."""
    source = Counter()
    figures = Figures(source, kept)

    await figures.read(purpose(), [grant()], DAY)
    await figures.read(purpose(), [grant()], day)

    assert [query.years for query in source.asked] == [(2022, 2025), (day.year - 4, day.year - 1)]


def test_another_rule_is_another_table_and_another_reason_is_not() -> None:
    """The name holds all that makes the table, and nothing that is only said about it."""
    one = purpose()
    assert one.groups is not None
    told = grant()
    name = name_of(one, told, one.groups, 2026)

    assert name_of(one, replace(told, because="Omdat."), one.groups, 2026) == name
    assert name_of(one, told, replace(one.groups, smallest=20), 2026) != name
    assert name_of(one, replace(told, where=(("wijk", "noord"),)), one.groups, 2026) != name


def test_the_source_is_asked_for_closed_years_within_limits() -> None:
    """Limits in months are asked in days, and with noise a person counts in so many cells."""
    mixed = purpose(NOISE)
    assert mixed.groups is not None

    query = query_of(mixed.fields["duur_per_trede"], mixed.groups, 2026)

    assert query == GroupQuery(
        table="participatieladder",
        per=("jaar", "trede"),
        where=(),
        period="jaar",
        years=(2022, 2025),
        measured=Measured("begindatum", "einddatum", 0, 60 * 30.4375),
        most_cells=3,
    )


async def test_a_source_that_fails_tells_nothing(kept: KeptTables) -> None:
    """Nothing is kept of what was not counted."""
    source = Counter(persons=-1)
    figures = Figures(source, kept)

    with pytest.raises(SourceFailed):
        await figures.read(purpose(), [grant()], DAY)

    source.persons = 40
    assert await figures.read(purpose(), [grant()], DAY)


class FullBook:
    """A case store that reads, and takes nothing more."""

    kind = "sqlite"

    async def fetch(self, statement: object, named: object) -> list[list[str]]:  # noqa: ARG002
        """Find nothing."""
        return []

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Fail, as a full disk does."""
        raise CasesUnavailable("made to fail")
        yield


async def test_what_cannot_be_kept_is_not_told() -> None:
    """A table that would be told and forgotten could be asked for again."""
    figures = Figures(Counter(), SqlTables(cast("CaseBook", FullBook())))

    with pytest.raises(SourceFailed, match="not be told"):
        await figures.read(purpose(), [grant()], DAY)


async def test_a_gate_without_a_source_tells_no_figures() -> None:
    """Nothing is made up; and what is no table is left to others."""
    with pytest.raises(SourceFailed):
        await NO_FIGURES.read(purpose(), [grant()], DAY)

    plain = replace(grant(), cells=None)
    assert await NO_FIGURES.read(purpose(), [plain], DAY) == {}


def test_without_the_library_a_purpose_with_noise_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The start says what to install; a policy without noise needs nothing."""
    monkeypatch.setitem(sys.modules, "gateway.aggregates.noise", None)
    mixed = replace(catalogue(), purposes={NAME: purpose(NOISE)})

    require_noise(catalogue())
    with pytest.raises(NoiseUnavailable, match="extra 'noise'"):
        require_noise(mixed)


def test_with_the_library_it_does() -> None:
    """A purpose with noise starts where the library is."""
    require_noise(replace(catalogue(), purposes={NAME: purpose(NOISE)}))
