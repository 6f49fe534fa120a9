"""Consents at the desk: recorded before they hold, and at an end before that is recorded."""

import datetime as dt
from dataclasses import replace

import pytest

from audit.errors import LedgerBusy
from gateway.cases.consents import Giving, give, withdraw
from gateway.cases.desk import Desk
from gateway.cases.model import Actor
from gateway.errors import (
    CaseRefused,
    NotFound,
)
from tests.case_steps import CONSENT, PERSON, with_care
from tests.fakes_cases import (
    CARE,
    LANDLORD,
    STRANGER,
    TEAM,
    MemoryLedger,
)
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio


async def test_a_consent_is_an_entry_without_a_person(desk: Desk, ledger: MemoryLedger) -> None:
    """What it is for stands in the ledger under a key of its own; recorded before it holds."""
    await with_care(desk)
    ledger.failures = [LedgerBusy("scripted")]
    with pytest.raises(LedgerBusy):
        await give(desk, CARE, CONSENT)

    record, _ = await give(desk, CARE, replace(CONSENT, fields=frozenset({"actie_statussen"})))

    assert await desk.book.consents(PERSON, "werkplan-coordinatie") == [record.consent]
    assert ledger.drafts[-1].members == {
        "consent": record.ledger_key,
        "fields": ["actie_statussen"],
        "processing": "werkplan-coordinatie",
        "purpose": "voortgang-afspraken",
        "step": "given",
        "organisation": catalogue().organisations["ggz-rivierzicht"].oin,
        "role": "spv-ggz",
        "policy": catalogue().revision,
    }


@pytest.mark.parametrize(
    ("giving", "code"),
    [
        (replace(CONSENT, purpose="onbekend"), "PURPOSE_UNKNOWN"),
        (replace(CONSENT, purpose="lichte-of-zware-hulp"), "CONSENT_NOT_THE_BASIS"),
        (replace(CONSENT, fields=frozenset({"diagnose"})), "FIELD_WITHOUT_CONSENT"),
        (
            replace(
                CONSENT, purpose="hulpvraag-afbakenen", fields=frozenset({"hulpvraag_categorie"})
            ),
            "FIELD_WITHOUT_CONSENT",
        ),
        (replace(CONSENT, given_by=frozenset()), "GIVER_WRONG"),
        (replace(CONSENT, given_by=frozenset({"buurman"})), "GIVER_WRONG"),
        (replace(CONSENT, valid_until=dt.date(2026, 3, 1)), "TERM_WRONG"),
    ],
)
async def test_consent_is_not_recorded_for_what_it_cannot_carry(
    desk: Desk, ledger: MemoryLedger, giving: Giving, code: str
) -> None:
    """It widens no public task, reaches no field on another ground, and somebody must give it."""
    await with_care(desk)
    before = len(ledger.drafts)

    with pytest.raises(CaseRefused) as refused:
        await give(desk, CARE, giving)

    assert refused.value.code == code
    assert len(ledger.drafts) == before


@pytest.mark.parametrize("actor", [STRANGER, LANDLORD])
async def test_who_takes_no_part_records_and_withdraws_no_consent(desk: Desk, actor: Actor) -> None:
    """A stranger learns neither whether the person is known nor whether the consent is."""
    await with_care(desk)
    given, _ = await give(desk, CARE, CONSENT)

    with pytest.raises(NotFound):
        await give(desk, actor, CONSENT)
    with pytest.raises(NotFound):
        await withdraw(desk, actor, given.id)
    with pytest.raises(NotFound):
        await withdraw(desk, CARE, "0" * 32)


async def test_a_withdrawal_takes_effect_though_the_ledger_is_down(
    desk: Desk, ledger: MemoryLedger
) -> None:
    """It counts at once, is recorded as soon as can be, and happens once."""
    await with_care(desk)
    given, _ = await give(desk, CARE, CONSENT)
    ledger.failures = [LedgerBusy("scripted")]

    ended, receipt = await withdraw(desk, TEAM, given.id)

    (consent,) = await desk.book.consents(PERSON, "werkplan-coordinatie")
    assert (receipt, consent.withdrawn_on) == (None, dt.date(2026, 3, 2))
    assert ended.consent == consent
    with pytest.raises(CaseRefused, match="CONSENT_ENDED"):
        await withdraw(desk, TEAM, given.id)
    assert await desk.settle() == 0
    assert ledger.steps[-1] == "withdrawn"
