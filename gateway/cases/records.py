"""The case store as plain records in a database: what a pilot or the demo set can start with."""

import datetime as dt
from collections.abc import Mapping, Sequence

from gateway.cases.model import Case, Confirmation, Consent, Party, Representation
from gateway.errors import SourceFailed
from gateway.sources.source import Query, Row, Source
from gateway.subject import Subject

_CASES = Query("casus", ("casus_id", "soort", "status"), ())
_PARTIES = Query("casus_partij", ("casus_id", "organisatie", "tot", "van"), ())
_CONSENT_COLUMNS = ("gegeven_door", "gegeven_op", "geldig_tot", "ingetrokken_op", "vorm")
_CONFIRMATION_COLUMNS = ("bevestigd_op", "geldig_tot")
_REPRESENTATIONS = Query("vertegenwoordiging", ("betreft", "soort", "tot", "vanaf"), ())

NEEDED = (
    _CASES,
    _PARTIES,
    Query("toestemming", _CONSENT_COLUMNS, (("verwerking", ""),)),
    Query("bron_bevestiging", _CONFIRMATION_COLUMNS, (("doel", ""),)),
    _REPRESENTATIONS,
)
"""What a source of records must be able to answer, for the check at the start."""


class RecordedCases:
    """Reads cases, consents, confirmations and representations from five tables of a source.

    Shapes:  `casus`, `casus_partij`, `toestemming`, `bron_bevestiging`, `vertegenwoordiging`; days
             as ISO texts.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    async def cases(self, subject: Subject) -> Sequence[Case]:
        """Return every case of this person; see `CaseStore.cases`."""
        cases, parties = await self._source.rows(subject, (_CASES, _PARTIES))
        members: dict[str, list[Party]] = {}
        for row in parties:
            members.setdefault(_text(row, "casus_id"), []).append(_party(row))
        return [
            Case(
                id=_text(row, "casus_id"),
                kind=_text(row, "soort"),
                is_open=_text(row, "status") == "open",
                parties=tuple(members.get(_text(row, "casus_id"), ())),
            )
            for row in cases
        ]

    async def consents(self, subject: Subject, processing: str) -> Sequence[Consent]:
        """Return the consents ever given for this processing; see `CaseStore.consents`."""
        query = Query("toestemming", _CONSENT_COLUMNS, (("verwerking", processing),))
        (rows,) = await self._source.rows(subject, (query,))
        return [
            Consent(
                processing=processing,
                given_by=frozenset(_text(row, "gegeven_door").split("+")),
                given_on=_day(row, "gegeven_op"),
                withdrawn_on=_day_or_none(row, "ingetrokken_op"),
                valid_until=_day_or_none(row, "geldig_tot"),
                form=None if row["vorm"] is None else _text(row, "vorm"),
            )
            for row in rows
        ]

    async def confirmations(self, subject: Subject, purpose: str) -> Sequence[Confirmation]:
        """Return the source holder's confirmations; see `CaseStore.confirmations`."""
        query = Query("bron_bevestiging", _CONFIRMATION_COLUMNS, (("doel", purpose),))
        (rows,) = await self._source.rows(subject, (query,))
        return [
            Confirmation(purpose, _day(row, "bevestigd_op"), _day_or_none(row, "geldig_tot"))
            for row in rows
        ]

    async def representations(self, subject: Subject) -> Sequence[Representation]:
        """Return the curators, administrators and mentors; see `CaseStore.representations`."""
        (rows,) = await self._source.rows(subject, (_REPRESENTATIONS,))
        return [
            Representation(
                _text(row, "soort"),
                _text(row, "betreft"),
                _day(row, "vanaf"),
                _day_or_none(row, "tot"),
            )
            for row in rows
        ]

    def close(self) -> None:
        """Let go of the connection."""
        self._source.close()


def _party(row: Row) -> Party:
    return Party(_text(row, "organisatie"), _day(row, "van"), _day_or_none(row, "tot"))


def _text(row: Mapping[str, object], column: str) -> str:
    value = row[column]
    if not isinstance(value, str) or not value:
        raise SourceFailed(f"the case store holds no text in {column}")
    return value


def _day(row: Mapping[str, object], column: str) -> dt.date:
    try:
        return dt.date.fromisoformat(_text(row, column))
    except ValueError as exc:
        raise SourceFailed(f"the case store holds no day in {column}") from exc.__class__()


def _day_or_none(row: Mapping[str, object], column: str) -> dt.date | None:
    return None if row[column] is None else _day(row, column)
