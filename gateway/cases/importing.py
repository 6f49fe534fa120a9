"""Taking over cases that were kept as plain rows, such as those of the invented clients.

Shapes:  `casus` with its `casus_partij`, `werkplan`, `toestemming`, `bron_bevestiging`,
         `vertegenwoordiging`; days as ISO texts. A case without a phase of its own is simply
         running, or closed. A line of a werkplan is that of the case of this kind of its person.
"""

import datetime as dt
import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from gateway.cases.migrate import migrate
from gateway.cases.model import (
    Agreement,
    Case,
    CaseRecord,
    Confirmation,
    Consent,
    ConsentRecord,
    Party,
    Progress,
    Representation,
)
from gateway.cases.rows import (
    case_row,
    confirmation_row,
    consent_row,
    party_row,
    representation_row,
)
from gateway.cases.tables import METADATA, Statements
from gateway.catalogue.model import Phase
from gateway.catalogue.own_tables import CASES, PARTIES, WORK_PLAN
from gateway.subject import Subject, parse_bsn

_WITH_A_PLAN: Final = "werkplan"
"""The kind of case in which parties make agreements."""

Row = Mapping[str, object]
Tables = Mapping[str, Sequence[Row]]


def import_rows(tables: Tables, database: Path) -> None:
    """Add the cases, consents, confirmations and representations in these rows to a case store.

    Effects: makes the tables of the store in `database` when they are not there.
    Raises:  ValueError, KeyError or TypeError for rows that are none; SubjectInvalid.
    """
    migrate(f"sqlite:///{database}")
    with closing(sqlite3.connect(database)) as connection, connection:
        _add_all(connection, tables)


def refill(tables: Tables, database: Path) -> None:
    """Put these rows in the place of everything that a case store in a file holds.

    Effects: nothing of it is durable before the operating system writes it: for invented clients.
    """
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        for table in reversed(METADATA.sorted_tables):
            connection.execute(f"DELETE FROM {table.name}")  # noqa: S608 (the tables of this store)
        _add_all(connection, tables)


def _add_all(connection: sqlite3.Connection, tables: Tables) -> None:
    say = Statements.written_for("sqlite")
    records = [_record(row, tables) for row in tables.get(CASES, ())]
    parties = [
        party_row(record.case, place)
        for record in records
        for place in range(len(record.case.parties))
    ]
    for statement, rows in (
        (say.add_case, [case_row(record) for record in records]),
        (say.add_party, parties),
        (say.add_consent, _numbered(tables, "toestemming", _consent)),
        (say.add_confirmation, _numbered(tables, "bron_bevestiging", _confirmation)),
        (say.add_representation, _numbered(tables, "vertegenwoordiging", _representation)),
    ):
        connection.executemany(statement.text, [statement.values(row) for row in rows])


def _numbered(
    tables: Tables, name: str, read: Callable[[str, Row], Mapping[str, object]]
) -> list[Mapping[str, object]]:
    return [read(f"{name}-{place}", row) for place, row in enumerate(tables.get(name, ()))]


def _record(row: Row, tables: Tables) -> CaseRecord:
    label, kind = str(row["casus_id"]), str(row["soort"])
    running = Phase(str(row.get("fase") or Phase.RUNNING))
    members = tuple(
        Party(str(each["organisatie"]), _day(each["van"]), _maybe_day(each["tot"]))
        for each in tables.get(PARTIES, ())
        if each["casus_id"] == label
    )
    plan = [each for each in tables.get(WORK_PLAN, ()) if each["bsn"] == row["bsn"]]
    return CaseRecord(
        case=Case(
            id=_key("case", label),
            kind=kind,
            phase=running if row["status"] == "open" else Phase.CLOSED,
            parties=members,
            label=label,
            # When it got stuck was not kept; that it was stuck is what matters.
            stalled_on=_day(row["datum_start"]) if row.get("samenwerking_stagneert") else None,
        ),
        subject=_subject(row),
        ledger_key=_key("ledger", label),
        version=1,
        began_on=_day(row["datum_start"]),
        agreements=tuple(_agreements(plan)) if kind == _WITH_A_PLAN else (),
    )


def _agreements(plan: Iterable[Row]) -> Iterator[Agreement]:
    for number, row in enumerate(plan, start=1):
        status, next_on = Progress(str(row["status"])), _maybe_day(row["volgende_datum"])
        yield Agreement(number, str(row["partij"]), str(row["actie"]), None, status, next_on)


def _consent(name: str, row: Row) -> Mapping[str, object]:
    form = row["vorm"]
    consent = Consent(
        processing=str(row["verwerking"]),
        given_by=frozenset(str(row["gegeven_door"]).split("+")),
        given_on=_day(row["gegeven_op"]),
        withdrawn_on=_maybe_day(row["ingetrokken_op"]),
        valid_until=_maybe_day(row["geldig_tot"]),
        form=None if form is None else str(form),
    )
    keys = (_key("consent", name), _key("ledger", name))
    return consent_row(ConsentRecord(*keys, _subject(row), consent, recorded_by="import"))


def _confirmation(name: str, row: Row) -> Mapping[str, object]:
    given = Confirmation(str(row["doel"]), _day(row["bevestigd_op"]), _maybe_day(row["geldig_tot"]))
    return confirmation_row(_key("confirmation", name), _subject(row), given)


def _representation(name: str, row: Row) -> Mapping[str, object]:
    made = Representation(
        str(row["soort"]), str(row["betreft"]), _day(row["vanaf"]), _maybe_day(row["tot"])
    )
    return representation_row(_key("representation", name), _subject(row), made)


def _key(kind: str, name: str) -> str:
    """Return a key that follows from the name, so that the same rows make the same store."""
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()[:32]


def _subject(row: Row) -> Subject:
    return parse_bsn(str(row["bsn"]))


def _day(value: object) -> dt.date:
    return dt.date.fromisoformat(str(value))


def _maybe_day(value: object) -> dt.date | None:
    return None if value is None else _day(value)
