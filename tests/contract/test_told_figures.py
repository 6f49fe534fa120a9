"""Keeping figures that were told, in a file and in a database server: two gateways, one table."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from gateway.aggregates.figures import Figures, name_of
from gateway.aggregates.kept import SqlTables
from gateway.cases.records import SqlCases
from gateway.catalogue.cells import Noise
from gateway.catalogue.model import Purpose
from gateway.sources.groups import Group, GroupQuery
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio

NAME, FIELD = "duur-en-maatwerk-per-trede", "deelnemers_per_trede"
DAY = dt.date(2026, 3, 2)
YEARS, STEPS = range(2022, 2026), range(1, 7)


@pytest.fixture
def two(pair: tuple[SqlCases, SqlCases]) -> tuple[SqlTables, SqlTables]:
    """Give an empty database of each kind in turn, as two gateways open it."""
    one, other = pair
    return SqlTables(one), SqlTables(other)


@dataclass
class Register:
    """A source that answers only when as many gateways ask at once as a test says."""

    together: int = 1
    asked: int = 0
    all_here: asyncio.Event = field(default_factory=asyncio.Event)

    async def groups(self, query: GroupQuery) -> Sequence[Group]:
        """Wait for the others, and count forty persons in each cell."""
        assert query.years == (2022, 2025)
        self.asked += 1
        if self.asked == self.together:
            self.all_here.set()
        await self.all_here.wait()
        return [Group((y, s), 40, 40.0, 1.0, 1.0) for y in YEARS for s in STEPS]


def mixed() -> Purpose:
    """Return the purpose with so much chance in it that two tables are never the same."""
    purpose = catalogue().purposes[NAME]
    assert purpose.groups is not None
    return replace(purpose, groups=replace(purpose.groups, noise=Noise("0.05", 3)))


async def told(kept: SqlTables, register: Register) -> object:
    """Ask one gateway for the table."""
    purpose = mixed()
    return (await Figures(register, kept).read(purpose, [purpose.fields[FIELD]], DAY))[FIELD]


async def test_two_gateways_at_once_tell_one_table(two: tuple[SqlTables, SqlTables]) -> None:
    """Both counted and both drew their own chance; what the first one kept is what both tell."""
    one, other = two
    register = Register(together=8)

    tables = await asyncio.gather(*(told(kept, register) for kept in (one, other) * 4))

    assert register.asked == 8
    assert all(table == tables[0] for table in tables)


async def test_apart_they_would_have_told_two(two: tuple[SqlTables, SqlTables]) -> None:
    """The twin: a table that was drawn again, under another name, is another table."""
    one, _ = two
    purpose = mixed()
    assert purpose.groups is not None
    name = name_of(purpose, purpose.fields[FIELD], purpose.groups, DAY.year)
    first = await told(one, Register())
    assert await one.find(name)

    fewer = replace(purpose, groups=replace(purpose.groups, smallest=11))
    again = await Figures(Register(), one).read(fewer, [fewer.fields[FIELD]], DAY)

    assert again[FIELD] != first


async def test_the_other_gateway_tells_what_the_first_has_kept(
    two: tuple[SqlTables, SqlTables],
) -> None:
    """Whoever asks later, wherever, is not counted for again."""
    one, other = two
    register = Register()
    first = await told(one, register)

    assert await told(other, register) == first
    assert register.asked == 1


async def test_of_two_tables_under_one_name_the_first_stays(
    two: tuple[SqlTables, SqlTables],
) -> None:
    """Who comes second hears what is kept; another name is free."""
    one, other = two

    kept = [await one.keep("a", "[1]"), await other.keep("a", "[2]"), await other.keep("b", "[3]")]

    assert kept == ["[1]", "[1]", "[3]"]
    assert [await one.find(name) for name in ("a", "b", "c")] == ["[1]", "[3]", None]
