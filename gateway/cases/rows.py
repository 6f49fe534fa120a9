"""Rows of the case store into values, and back; a row that is none is a failure of the store."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache

import orjson

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
    Signal,
)
from gateway.catalogue.model import Beginning, Phase
from gateway.errors import SourceFailed, SubjectInvalid
from gateway.subject import Subject, parse_bsn

Row = Sequence[object]
Named = dict[str, object]

# Where the columns of a party begin in a row of a case, and those that the store keeps of the case.
_PARTY_AT, _KEPT_AT = 7, 15
_CONSENT_WIDTH = 8


@contextmanager
def readable() -> Iterator[None]:
    """Turn a row that is none into a failure of the store, without what the row holds."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, SubjectInvalid) as exc:
        raise SourceFailed("the case store holds a row that is none") from SourceFailed(
            type(exc).__name__
        )


def key_of(subject: Subject) -> str:
    """Return how a person is named in the store."""
    return f"{subject.type}:{subject.value}"


def cases_of(rows: Iterable[Row]) -> list[Case]:
    """Return the cases in these rows, which hold one party each and stand case by case."""
    by_case: dict[object, list[Row]] = {}
    for row in rows:
        by_case.setdefault(row[0], []).append(row)
    return [_case(group) for group in by_case.values()]


def record_of(rows: Sequence[Row]) -> CaseRecord:
    """Return the one case in these rows with everything that is kept of it."""
    subject, ledger_key, version, began_on, signal, agreements = rows[0][_KEPT_AT:]
    if not isinstance(version, int):
        raise TypeError("a version is a number")
    return CaseRecord(
        case=_case(rows),
        subject=_subject(subject),
        ledger_key=_text(ledger_key),
        version=version,
        began_on=_day(began_on),
        signal=None if signal is None else _signal(_text(signal)),
        agreements=agreements_of(agreements),
    )


def agreements_of(value: object) -> tuple[Agreement, ...]:
    """Return the agreements in this column, in their order."""
    return tuple(_agreement(each) for each in orjson.loads(_text(value)))


def waiting_of(rows: Iterable[Row]) -> dict[dt.date, int]:
    """Return how many cases there are in these rows, by the day on which they began."""
    return {_day(began_on): int(str(count)) for began_on, count in rows}


def _case(rows: Sequence[Row]) -> Case:
    identity, label, kind, phase, beginning, stalled_on, decided_on = rows[0][:_PARTY_AT]
    return Case(
        id=_text(identity),
        kind=_text(kind),
        phase=Phase(_text(phase)),
        parties=tuple(_party(row) for row in rows if row[_PARTY_AT] is not None),
        beginning=Beginning(_text(beginning)),
        label=_maybe_text(label),
        stalled_on=_maybe_day(stalled_on),
        decided_on=_maybe_day(decided_on),
    )


def _party(row: Row) -> Party:
    organisation, since, until, role, mandate, tasks, trajectory, left_at = row[_PARTY_AT:_KEPT_AT]
    return Party(
        organisation=_text(organisation),
        since=_day(since),
        until=_maybe_day(until),
        role=_maybe_text(role),
        mandate=_maybe_text(mandate),
        tasks=_words(tasks),
        trajectory=_maybe_text(trajectory),
        left_at=None if left_at is None else dt.datetime.fromisoformat(_text(left_at)),
    )


def _signal(text: str) -> Signal:
    kept = orjson.loads(text)
    return Signal(_day(kept["tried_on"]), kept["tried_by"], kept["attempts"], kept["severity"])


def _agreement(kept: dict[str, object]) -> Agreement:
    number = kept["number"]
    if not isinstance(number, int):
        raise TypeError("an agreement has a number")
    return Agreement(
        number,
        _text(kept["organisation"]),
        _text(kept["action"]),
        _maybe_day(kept["until"]),
        Progress(_text(kept["status"])),
        _maybe_day(kept["next_on"]),
    )


def consent_of(row: Row) -> Consent:
    """Return the consent in this row."""
    processing, by, given_on, withdrawn_on, valid_until, form, purpose, fields = row[
        :_CONSENT_WIDTH
    ]
    return Consent(
        processing=_text(processing),
        given_by=frozenset(_text(by).split("+")),
        given_on=_day(given_on),
        withdrawn_on=_maybe_day(withdrawn_on),
        valid_until=_maybe_day(valid_until),
        form=_maybe_text(form),
        purpose=_maybe_text(purpose),
        fields=frozenset(_words(fields)),
    )


def consent_record_of(row: Row) -> ConsentRecord:
    """Return the consent in this row with everything that is kept of it."""
    identity, ledger_key, subject, recorded_by = row[_CONSENT_WIDTH:]
    return ConsentRecord(
        id=_text(identity),
        ledger_key=_text(ledger_key),
        subject=_subject(subject),
        consent=consent_of(row),
        recorded_by=_text(recorded_by),
    )


def confirmation_of(purpose: str, row: Row) -> Confirmation:
    """Return the confirmation for this purpose in this row."""
    confirmed_on, valid_until = row
    return Confirmation(purpose, _day(confirmed_on), _maybe_day(valid_until))


def representation_of(row: Row) -> Representation:
    """Return the appointment in this row."""
    kind, domain, since, until = row
    return Representation(_text(kind), _text(domain), _day(since), _maybe_day(until))


def case_row(record: CaseRecord) -> Named:
    """Return the columns of a case, without its parties."""
    case, signal = record.case, record.signal
    return {
        "id": case.id,
        "ledger_key": record.ledger_key,
        "subject": key_of(record.subject),
        "label": case.label,
        "kind": case.kind,
        "phase": case.phase.value,
        "beginning": case.beginning.value,
        "began_on": record.began_on.isoformat(),
        "version": record.version,
        "signal": None if signal is None else _json(asdict(signal)),
        "agreements": _json([asdict(each) for each in record.agreements]),
        "stalled_on": _iso(case.stalled_on),
        "decided_on": _iso(case.decided_on),
    }


def party_row(case: Case, place: int) -> Named:
    """Return the columns of one party of a case."""
    party = case.parties[place]
    return {
        "case_id": case.id,
        "place": place,
        "organisation": party.organisation,
        "role": party.role,
        "since": party.since.isoformat(),
        "until": _iso(party.until),
        "mandate": party.mandate,
        "tasks": " ".join(party.tasks),
        "trajectory": party.trajectory,
        "left_at": _iso(party.left_at),
    }


def consent_row(record: ConsentRecord) -> Named:
    """Return the columns of a consent."""
    consent = record.consent
    return {
        "id": record.id,
        "ledger_key": record.ledger_key,
        "subject": key_of(record.subject),
        "processing": consent.processing,
        "purpose": consent.purpose,
        "fields_only": " ".join(sorted(consent.fields)),
        "given_by": "+".join(sorted(consent.given_by)),
        "given_on": consent.given_on.isoformat(),
        "valid_until": _iso(consent.valid_until),
        "withdrawn_on": _iso(consent.withdrawn_on),
        "form": consent.form,
        "recorded_by": record.recorded_by,
    }


def confirmation_row(identity: str, subject: Subject, given: Confirmation) -> Named:
    """Return the columns of a confirmation."""
    return {
        "id": identity,
        "subject": key_of(subject),
        "purpose": given.purpose,
        "confirmed_on": given.confirmed_on.isoformat(),
        "valid_until": _iso(given.valid_until),
    }


def representation_row(identity: str, subject: Subject, made: Representation) -> Named:
    """Return the columns of an appointment."""
    return {
        "id": identity,
        "subject": key_of(subject),
        "kind": made.kind,
        "domain": made.domain,
        "since": made.since.isoformat(),
        "until": _iso(made.until),
    }


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _iso(moment: dt.date | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _subject(value: object) -> Subject:
    kind, _, number = _text(value).partition(":")
    if kind != "bsn":
        raise ValueError("a person is named by a BSN")
    return parse_bsn(number)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a text is expected")
    return value


def _maybe_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _words(value: object) -> tuple[str, ...]:
    return tuple(_text(value).split()) if value else ()


@lru_cache(maxsize=4_096)
def _day_of(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _day(value: object) -> dt.date:
    return _day_of(_text(value))


def _maybe_day(value: object) -> dt.date | None:
    return None if value is None else _day(value)
