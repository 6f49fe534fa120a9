"""Consents: given by the person, recorded by a party of a case, withdrawn at once.

Consent is recorded only for what rests on it: it never widens a purpose whose basis is a public
task, and is never the basis of a field that the catalogue gives on another ground, or never gives.
"""

import datetime as dt
from dataclasses import dataclass, replace

from audit.entry import Receipt
from gateway.cases.desk import Desk, Keep, keep_nothing
from gateway.cases.entries import GIVEN, WITHDRAWN, consent_draft
from gateway.cases.facts import GIVERS
from gateway.cases.finder import needing_consent
from gateway.cases.model import Actor, Consent, ConsentRecord
from gateway.cases.refusals import CaseCode
from gateway.cases.store import CasePen
from gateway.catalogue.model import Catalogue, Purpose
from gateway.errors import CaseRefused, NotFound
from gateway.subject import Subject


@dataclass(frozen=True, slots=True)
class Giving:
    """What somebody consents to: one purpose, all of it or some fields, by whom, until when."""

    subject: Subject
    purpose: str
    given_by: frozenset[str]
    fields: frozenset[str] = frozenset()
    form: str | None = None
    valid_until: dt.date | None = None


async def give(
    desk: Desk, actor: Actor, giving: Giving, keep: Keep[ConsentRecord] = keep_nothing
) -> tuple[ConsentRecord, Receipt]:
    """Record a consent, in the ledger before it holds.

    Raises: CaseRefused; NotFound for who takes no part in a case of this person that the purpose is
            for; CasesUnavailable, an AuditError; what is raised by `keep`.
    """
    day = desk.moment().day
    purpose = check_giving(desk.catalogue, giving, day)
    cases = await desk.cases_with(actor, giving.subject)
    if not any(case.kind in purpose.case_kinds for case in cases):
        raise NotFound("no case of this party in which the consent is of use")
    consent = Consent(
        processing=purpose.processing,
        given_by=giving.given_by,
        given_on=day,
        withdrawn_on=None,
        valid_until=giving.valid_until,
        form=giving.form,
        purpose=purpose.id,
        fields=giving.fields,
    )
    record = ConsentRecord(
        desk.new_key(), desk.new_key(), giving.subject, consent, actor.organisation
    )
    draft = consent_draft(desk.catalogue, actor, record, GIVEN, desk.new_entry_id())

    also = await keep(record, draft.request_id)

    async def write(pen: CasePen) -> None:
        await also(pen)
        await pen.give(record)

    return record, await desk.record_then_write(draft, write)


def check_giving(catalogue: Catalogue, giving: Giving, day: dt.date) -> Purpose:
    """Return the purpose that this consent is for, if consent can be what it rests on.

    Raises: CaseRefused.
    """
    purpose = catalogue.purposes.get(giving.purpose)
    if purpose is None:
        raise CaseRefused(CaseCode.PURPOSE_UNKNOWN)
    if not purpose.needs_consent:
        raise CaseRefused(CaseCode.CONSENT_NOT_THE_BASIS)
    if not giving.fields <= needing_consent(purpose, purpose.fields) - set(purpose.never):
        raise CaseRefused(CaseCode.FIELD_WITHOUT_CONSENT)
    if not giving.given_by or not giving.given_by <= GIVERS:
        raise CaseRefused(CaseCode.GIVER_WRONG)
    if giving.valid_until is not None and giving.valid_until < day:
        raise CaseRefused(CaseCode.TERM_WRONG)
    return purpose


async def withdraw(
    desk: Desk, actor: Actor, consent_id: str
) -> tuple[ConsentRecord, Receipt | None]:
    """Withdraw a consent, in effect before it is recorded; any party of the person may do it.

    Raises: NotFound, CaseRefused when it has been withdrawn before, CasesUnavailable.
    """
    record = await desk.find_consent(consent_id)
    if record is None or not await _may_withdraw(desk, actor, record):
        raise NotFound("no such consent for this party")
    if record.consent.withdrawn_on is not None:
        raise CaseRefused(CaseCode.CONSENT_ENDED)
    return await _end(desk, actor, record)


async def withdraw_all(
    desk: Desk, actor: Actor, subject: Subject, purpose_id: str
) -> list[tuple[ConsentRecord, Receipt | None]]:
    """Withdraw every consent of a person for one purpose, also those that came from elsewhere.

    Raises: NotFound when there is none that this party may withdraw, CasesUnavailable.
    """
    purpose = desk.catalogue.purposes.get(purpose_id)
    found = [] if purpose is None else await desk.standing_consents(subject, purpose.processing)
    meant = [
        record
        for record in found
        if record.consent.purpose in {None, purpose_id} and await _may_withdraw(desk, actor, record)
    ]
    if not meant:
        raise NotFound("no consent of this person for this purpose, for this party")
    return [await _end(desk, actor, record) for record in meant]


async def _end(
    desk: Desk, actor: Actor, record: ConsentRecord
) -> tuple[ConsentRecord, Receipt | None]:
    ended = replace(record, consent=replace(record.consent, withdrawn_on=desk.moment().day))
    draft = consent_draft(desk.catalogue, actor, ended, WITHDRAWN, desk.new_entry_id())

    async def write(pen: CasePen) -> None:
        await pen.withdraw(ended)

    return ended, await desk.write_then_record(draft, write)


async def _may_withdraw(desk: Desk, actor: Actor, record: ConsentRecord) -> bool:
    recorded_it = record.recorded_by == actor.organisation
    return recorded_it or bool(await desk.cases_with(actor, record.subject))
