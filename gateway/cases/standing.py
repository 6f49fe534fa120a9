"""The sources as somebody may read them who stands in a case: its own tables are of that case.

What a case says decides, so it comes from where the steps in it were recorded, and not from a
register. Another case of the same person is not there for who takes no part in it today.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

from gateway.cases.facts import Place, standing_in
from gateway.cases.model import Case
from gateway.cases.store import CaseStore
from gateway.catalogue.model import Catalogue
from gateway.catalogue.own_tables import CASES, OWN_TABLES
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
        cases = await self._standing(subject)
        found = iter(await self._registers.rows(subject, others) if others else ())
        return [
            _rows(query, cases, self._day) if query.table in OWN_TABLES else next(found)
            for query in queries
        ]

    def check(self, catalogue: Catalogue) -> None:
        """Make sure that the registers have the rest; see `Source.check`."""
        self._registers.check(catalogue)

    def close(self) -> None:
        """Leave registers and cases open: they belong to all callers."""

    async def _standing(self, subject: Subject | None) -> Sequence[Case]:
        if subject is None:
            raise SourceFailed("cases are about persons, and figures were asked")
        return standing_in(await self._cases.cases(subject), self._place, self._day)


def _rows(query: Query, cases: Sequence[Case], day: dt.date) -> Sequence[Row]:
    made = _of_cases(cases) if query.table == CASES else _of_parties(cases, day)
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
