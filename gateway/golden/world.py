"""What a case changes in the world for itself: rows, mandates, a bill made law."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from gateway.cases.importing import Tables
from gateway.catalogue.model import Catalogue, Phase
from gateway.decision.model import OverAsking
from gateway.golden.cases import Case, CaseCaller
from gateway.sources.source import Query, Row, Source
from gateway.subject import Subject


class CaseSource:
    """The registers with the rows that one case puts in place of those of the client."""

    def __init__(self, clients: Source, case: Case) -> None:
        self._clients = clients
        self._case = case
        self._replaced = dict(_replaced(case))

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return the rows of every query; see `Source.rows`."""
        return [await self._look(subject, query) for query in queries]

    def check(self, catalogue: Catalogue) -> None:
        """Make sure that the tables and columns exist; see `Source.check`."""
        self._clients.check(catalogue)

    def close(self) -> None:
        """Leave the clients open: they belong to all cases."""

    async def _look(self, subject: Subject | None, query: Query) -> Sequence[Row]:
        rows = self._replaced.get(query.table)
        if rows is None:
            (found,) = await self._clients.rows(subject, (query,))
            return found
        if query.table == "vroegsignaal":
            rows = [{**await self._stored(subject, query), **row} for row in rows]
        return [
            {name: row.get(name) for name in query.columns}
            for row in rows
            if all(row.get(name) == value for name, value in query.where)
        ]

    async def _stored(self, subject: Subject | None, query: Query) -> Row:
        """Return what the client has, so that a case may name only what is different."""
        (found,) = await self._clients.rows(subject, (query,))
        return found[0] if found else {}


def _replaced(case: Case) -> Iterator[tuple[str, list[Row]]]:
    """Yield each table that the context speaks for, with its rows."""
    context = case.context
    figures = _rows(context.get("aggregaat")) or [{}]
    yield (
        "aggregaat",
        [{"groepsgrootte": context.get("groepsgrootte"), **_flat(row)} for row in figures],
    )
    if "vroegsignaal" in context:
        yield "vroegsignaal", _rows(context["vroegsignaal"])


def records_of(case: Case, people: Tables) -> Tables:
    """Return what is recorded about the person of this case: their own rows, or what it names.

    Who imagines the bill to be law imagines its exploration still to be going on.
    """
    subject = case.request(OverAsking.REFUSE).subject
    bsn = "" if subject is None else subject.value
    mine: dict[str, list[Row]] = {
        name: [row for row in rows if row.get("bsn") == bsn] for name, rows in people.items()
    }
    for name, rows in _recorded(case):
        mine[name] = [{"bsn": bsn, **row} for row in rows] if bsn else []
    if case.bills_in_force:
        mine["casus"] = [_in_exploration(row) for row in mine.get("casus", ())]
    return mine


def _recorded(case: Case) -> Iterator[tuple[str, list[Row]]]:
    """Yield each kind of record that the context speaks for, with its rows."""
    context = case.context
    confirmed = case.purposes if context.get("bron_bevestigd") is True else ()
    today = case.day.isoformat()
    answers: list[Row] = [
        {"doel": name, "bevestigd_op": today, "geldig_tot": None} for name in confirmed
    ]
    yield "bron_bevestiging", answers
    if "toestemmingen" in context:
        yield "toestemming", [_consent(row) for row in _rows(context["toestemmingen"])]
    if "vertegenwoordiging" in context:
        yield "vertegenwoordiging", _rows(context["vertegenwoordiging"])


def _in_exploration(row: Row) -> Row:
    explores = row.get("fase") == Phase.COORDINATION
    return {**row, "fase": Phase.EXPLORATION} if explores else row


def _consent(row: Row) -> Row:
    """Return a consent as the case store keeps it; where no form is named, form is no matter."""
    givers = row.get("gegeven_door")
    joined = "+".join(givers) if isinstance(givers, list) else givers
    return {"vorm": "overeenkomst", **row, "gegeven_door": joined}


def _flat(row: Row) -> Row:
    return {k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()}


def _rows(value: object) -> list[Row]:
    items = value if isinstance(value, list) else [value]
    return [each for each in items if isinstance(each, Mapping)]


def bills_in_force(catalogue: Catalogue) -> Catalogue:
    """Return the catalogue as it would be with every bill in it made law long ago."""
    tasks = {
        name: replace(task, valid_from=dt.date.min) if task.bill_checked else task
        for name, task in catalogue.tasks.items()
    }
    return replace(catalogue, tasks=MappingProxyType(tasks))


def with_mandates(catalogue: Catalogue, caller: CaseCaller) -> Catalogue:
    """Return the catalogue with the mandates of the caller in place of those of the policy."""
    organisation = catalogue.organisations.get(caller.organisation)
    if caller.mandates is None or organisation is None:
        return catalogue
    mandates = {caller.role: tuple(sorted(caller.mandates))}
    changed = replace(organisation, mandates=MappingProxyType(mandates))
    organisations = {**catalogue.organisations, organisation.id: changed}
    return replace(catalogue, organisations=MappingProxyType(organisations))
