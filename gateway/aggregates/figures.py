"""The fields of a purpose that tell of groups: asked of the source, mixed, hidden, and kept.

A table is made once for each closed period and kept as it was told. Whoever asks again gets the
same table: chance that is drawn anew could be averaged away, and a row that is corrected later
would show by the difference. A correction is seen in the next period, and in a period that is over
only when the policy for the table changes, which makes it another table.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from gateway.aggregates.kept import KeptTables, NothingKept
from gateway.aggregates.telling import DAYS_IN_MONTH, CellOut, counted, keys_of, told
from gateway.catalogue.cells import Groups, Unit
from gateway.catalogue.model import Catalogue, FieldGrant, Need, Purpose
from gateway.errors import NoiseUnavailable
from gateway.sources.groups import GroupQuery, GroupSource, Measured, NoGroups


@dataclass(frozen=True, slots=True)
class Figures:
    """Where figures about groups come from, and where they are kept once told."""

    source: GroupSource
    kept: KeptTables

    async def read(
        self, purpose: Purpose, grants: Sequence[FieldGrant], day: dt.date
    ) -> dict[str, object]:
        """Return the table of each of these fields, by name.

        Effects: a table that is new is kept before it is told.
        Raises:  SourceFailed; then none of the tables is told.
        """
        tables: dict[str, object] = {}
        for grant in grants:
            if grant.cells is not None and purpose.groups is not None:
                tables[grant.name] = await self._table(purpose, grant, purpose.groups, day.year)
        return tables

    async def _table(
        self, purpose: Purpose, grant: FieldGrant, groups: Groups, year: int
    ) -> list[CellOut]:
        name = name_of(purpose, grant, groups, year)
        table = await self.kept.find(name)
        if table is None:
            made = await self._made(purpose, grant, groups, year)
            table = await self.kept.keep(name, orjson.dumps(made).decode())
        found: list[CellOut] = orjson.loads(table)
        return found

    async def _made(
        self, purpose: Purpose, grant: FieldGrant, groups: Groups, year: int
    ) -> list[CellOut]:
        query = query_of(grant, groups, year)
        cells = counted(grant, await self.source.groups(query), keys_of(grant, groups, year))
        if groups.noise is not None and grant.cells is not None:
            # Only who mixes chance in has the library for it.
            from gateway.aggregates.noise import noisy  # noqa: PLC0415

            cells = noisy(cells, grant.cells, query.measured, groups.noise, tables_of(purpose))
        return told(grant, groups, cells)


NO_FIGURES = Figures(NoGroups(), NothingKept())
"""The figures of a gate that has no source to count in."""


def tables_of(purpose: Purpose) -> int:
    """Return how many tables a purpose tells: they divide the epsilon."""
    return sum(grant.cells is not None for grant in purpose.fields.values())


def query_of(grant: FieldGrant, groups: Groups, year: int) -> GroupQuery:
    """Return what is asked of the source: the years before this one, and nothing finer."""
    cells = grant.cells
    return GroupQuery(
        table=grant.table,
        per=() if cells is None else cells.per,
        where=grant.where,
        period=groups.period,
        years=(year - groups.years, year - 1),
        measured=_measured(grant),
        most_cells=None if groups.noise is None else groups.noise.most_cells,
    )


def _measured(grant: FieldGrant) -> Measured | None:
    cells = grant.cells
    if cells is None or grant.column is None:
        return None
    size = DAYS_IN_MONTH if cells.unit is Unit.MONTHS else 1
    low, high = (None if limit is None else limit * size for limit in (cells.low, cells.high))
    return Measured(grant.column, cells.until, low, high)


def name_of(purpose: Purpose, grant: FieldGrant, groups: Groups, year: int) -> str:
    """Return the name of a table: another rule, another column or another year is another table."""
    plain = replace(grant, because="", special=None, need=Need.ALWAYS)
    rule = repr((plain, groups, tables_of(purpose)))
    digest = hashlib.sha256(rule.encode()).hexdigest()
    return f"{purpose.id}/{grant.name}/{year}/{digest}"


def require_noise(catalogue: Catalogue) -> None:
    """Make sure that chance can be mixed in where the policy says so, before anything is asked.

    Raises: NoiseUnavailable without the library that does it.
    """
    if any(
        p.groups is not None and p.groups.noise is not None for p in catalogue.purposes.values()
    ):
        try:
            import gateway.aggregates.noise  # noqa: F401, PLC0415 (an optional library)
        except ImportError as exc:
            text = "a purpose mixes chance into its figures: install the extra 'noise'"
            raise NoiseUnavailable(text) from exc
