"""The sources as somebody may read them who stands in a case: its own tables are of that case.

What a case says decides, so it comes from where the steps in it were recorded, and not from a
register. Another case of the same person is not there for who takes no part in it today.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from gateway.cases.facts import Place, standing_in
from gateway.cases.model import Agreement, Case
from gateway.cases.store import CaseStore
from gateway.catalogue.model import Catalogue
from gateway.catalogue.own_tables import CASES, OWN_TABLES, PARTIES, WORK_PLAN
from gateway.errors import SourceFailed
from gateway.sources.source import Query, Row, Source
from gateway.subject import Subject


class StandingSource:
    """The registers, with the cases that one caller stands in on one day beside them."""

    def __init__(self, cases: CaseStore, registers: Source, place: Place, day: dt.date) -> None:
        self._cases = cases
        self._registers = registers
        self._place = place
        self._day = day

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return the rows of every query; see `Source.rows`."""
        others = [query for query in queries if query.table not in OWN_TABLES]
        if len(others) == len(queries):
            return await self._registers.rows(subject, queries)
        tables = await self._standing(subject, {query.table for query in queries})
        found = iter(await self._registers.rows(subject, others) if others else ())
        return [
            _rows(query, tables[query.table]) if query.table in OWN_TABLES else next(found)
            for query in queries
        ]

    def check(self, catalogue: Catalogue) -> None:
        """Make sure that the registers have the rest; see `Source.check`."""
        self._registers.check(catalogue)

    def close(self) -> None:
        """Leave registers and cases open: they belong to all callers."""

    async def _standing(
        self, subject: Subject | None, asked: set[str]
    ) -> Mapping[str, Sequence[Row]]:
        """Return the tables of the cases that the caller stands in; agreements when asked for."""
        if subject is None:
            raise SourceFailed("cases are about persons, and figures were asked")
        cases = standing_in(await self._cases.cases(subject), self._place, self._day)
        plans = await self._cases.plans(subject) if WORK_PLAN in asked else {}
        return {
            CASES: list(_of_cases(cases)),
            PARTIES: list(_of_parties(cases, self._day)),
            WORK_PLAN: list(_of_plans(cases, plans, self._day)),
        }


def _rows(query: Query, made: Sequence[Row]) -> Sequence[Row]:
    named = {*query.columns, *(name for name, _ in query.where)}
    if not named <= OWN_TABLES[query.table]:
        raise SourceFailed("the case store has no such column")
    return [
        {name: row[name] for name in query.columns}
        for row in made
        if all(row[name] == value for name, value in query.where)
    ]


def _of_cases(cases: Sequence[Case]) -> Iterator[Row]:
    for case in cases:
        yield {
            "soort": case.kind,
            "fase": case.phase.value,
            "samenwerking_stagneert": case.stalled_on is not None,
        }


def _of_parties(cases: Sequence[Case], day: dt.date) -> Iterator[Row]:
    """Give who takes part on this day: who left is out at once, whatever day the part had left."""
    for case in cases:
        for party in (each for each in case.parties if each.takes_part_on(day)):
            yield {
                "soort": case.kind,
                "organisatie": party.organisation,
                "van": party.since.isoformat(),
                "tot": None if party.until is None else party.until.isoformat(),
            }


def _of_plans(
    cases: Sequence[Case], plans: Mapping[str, Sequence[Agreement]], day: dt.date
) -> Iterator[Row]:
    """Give who does something and how far it is; what it is stays in the case."""
    for case in cases:
        for each in plans.get(case.id, ()):
            # A day that has passed is no next day, though nobody may have set another one yet.
            is_to_come = each.next_on is not None and each.next_on >= day
            yield {
                "soort": case.kind,
                "partij": each.organisation,
                "status": each.status.value,
                "volgende_datum": each.next_on.isoformat() if each.next_on and is_to_come else None,
            }
