"""Who decides for an adult, entered and ended beside the gateways: in a file and in a server."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from audit.entry import Draft
from gateway.cases.finder import Inquiry
from gateway.cases.model import Actor, Consent, ConsentRecord
from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from gateway.cases.representing import Appointment, Registrar, appoint, discharge
from gateway.errors import CaseRefused, CasesUnavailable, NotFound, RoleNotMandated
from gateway.subject import parse_bsn
from tests.fakes_cases import Clock, counted, desk_over
from tests.fakes_decision import catalogue

pytestmark = pytest.mark.anyio

PERSON, OTHER = parse_bsn("999925799"), parse_bsn("999911235")
NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
TODAY = NOW.date()
TOMORROW = TODAY + dt.timedelta(days=1)
CLERK = Actor("gem-regie", "casuscoordinator", "medewerker-1")
BEWIND = Appointment.ADMINISTRATOR
ABOUT_MONEY = "volledig-bedrag-op-de-eerste"


@pytest.fixture
def store(url: str) -> Iterator[SqlCases]:
    """Give an empty store."""
    opened = open_cases(url)
    yield opened
    opened.close()


@pytest.fixture
def registrar(store: SqlCases) -> Registrar:
    """Give somebody at the municipality."""
    return Registrar(catalogue(), store, CLERK, NOW, counted())


async def consented(store: SqlCases, *givers: str) -> None:
    """Let these give a consent for the purpose about money."""
    processing = catalogue().purposes[ABOUT_MONEY].processing
    given = Consent(processing, frozenset(givers), TODAY, None, None)
    async with store.writing() as pen:
        await pen.give(ConsentRecord("c" * 32, "d" * 32, PERSON, given, "gem-regie"))


async def outcome(store: SqlCases, day: dt.date = TODAY) -> str:
    """Return how the consent comes out for who asks about money."""
    desk, _ = desk_over(store, catalogue(), Clock(NOW))
    purpose = catalogue().purposes[ABOUT_MONEY]
    inquiry = Inquiry(PERSON, purpose.requesters[0].organisation, (), None, day)
    return (await desk.facts.gather(inquiry, purpose, purpose.minimal))["consent"]


@pytest.mark.parametrize("kind", [BEWIND, Appointment.CURATOR])
async def test_the_consent_of_a_representative_counts_as_long_as_that_is_one(
    store: SqlCases, registrar: Registrar, kind: Appointment
) -> None:
    """It counts from the appointment and stops with it, without a restart of anything."""
    await consented(store, "bewindvoerder")
    before = await outcome(store)

    await appoint(registrar, PERSON, kind, TODAY, None)
    during = await outcome(store)
    await discharge(registrar, PERSON, kind)

    assert (before, during) == ("CONSENT_WRONG_PERSON", "met")
    assert await outcome(store) == "CONSENT_WRONG_PERSON"


async def test_the_consent_of_the_person_counts_otherwise(
    store: SqlCases, registrar: Registrar
) -> None:
    """The twin: that of the person alone counts until the appointment, and again after it."""
    await consented(store, "betrokkene")
    before = await outcome(store)

    await appoint(registrar, PERSON, BEWIND, TODAY, None)
    during = await outcome(store)
    await discharge(registrar, PERSON, BEWIND)

    assert (before, during, await outcome(store)) == ("met", "CONSENT_WRONG_PERSON", "met")


async def test_an_appointment_counts_on_its_days_and_in_its_domain(
    store: SqlCases, registrar: Registrar
) -> None:
    """It begins and ends by itself; a mentor decides nothing about money."""
    await consented(store, "bewindvoerder")
    await appoint(registrar, PERSON, Appointment.MENTOR, TODAY, None)

    await appoint(registrar, PERSON, BEWIND, TOMORROW, TOMORROW)

    days = [TODAY, TOMORROW, TOMORROW + dt.timedelta(days=1)]
    assert [await outcome(store, day) for day in days] == [
        "CONSENT_WRONG_PERSON",
        "met",
        "CONSENT_WRONG_PERSON",
    ]


async def test_each_step_is_an_entry_that_says_nothing_of_the_person(
    store: SqlCases, registrar: Registrar
) -> None:
    """Which measure it is, is sealed; a gateway puts the entry into its ledger, once."""
    await appoint(registrar, PERSON, BEWIND, TODAY, TOMORROW)
    await discharge(registrar, PERSON, BEWIND)
    desk, ledger = desk_over(store, catalogue(), Clock(NOW))

    left = await desk.settle()

    first, second = ledger.drafts
    assert (left, ledger.steps) == (0, ["represented", "representation_ended"])
    assert first.members == {
        "step": "represented",
        "organisation": catalogue().organisations["gem-regie"].oin,
        "role": "casuscoordinator",
        "policy": catalogue().revision,
    }
    assert first.committed["subject"] == first.subject == PERSON.as_bytes()
    assert first.committed["professional"] == b"medewerker-1"
    assert said(first) == {
        "kind": "beschermingsbewind",
        "domain": "financien",
        "since": "2026-03-02",
        "until": "2026-03-03",
    }
    assert said(second) == {"kind": "beschermingsbewind", "until": "2026-03-01"}


def said(draft: Draft) -> object:
    """Return what an entry seals."""
    return orjson.loads(draft.committed["content"])


@pytest.mark.parametrize(
    "actor",
    [
        replace(CLERK, organisation="onbekend"),
        replace(CLERK, organisation="ggz-rivierzicht", role="spv-ggz"),
        replace(CLERK, role="onbekend"),
    ],
)
async def test_only_a_role_at_a_municipality_enters_or_ends_it(
    store: SqlCases, registrar: Registrar, actor: Actor
) -> None:
    """Anybody else is refused, and nothing changes."""
    await appoint(registrar, PERSON, BEWIND, TODAY, None)
    stranger = replace(registrar, actor=actor)

    with pytest.raises(RoleNotMandated):
        await appoint(stranger, PERSON, Appointment.CURATOR, TODAY, None)
    with pytest.raises(RoleNotMandated):
        await discharge(stranger, PERSON, BEWIND)

    [kept] = await store.representations(PERSON)
    assert (kept.kind, kept.until) == ("beschermingsbewind", None)
    assert len(await store.unrecorded()) == 1


@pytest.mark.parametrize(
    ("since", "until"),
    [(dt.date(2020, 1, 1), dt.date(2026, 3, 1)), (dt.date(2026, 5, 1), dt.date(2026, 4, 30))],
)
async def test_a_term_that_never_runs_is_refused(
    store: SqlCases, registrar: Registrar, since: dt.date, until: dt.date
) -> None:
    """A last day that is past or before the first is a slip of who types it."""
    with pytest.raises(CaseRefused, match="TERM_WRONG"):
        await appoint(registrar, PERSON, BEWIND, since, until)

    assert (await store.representations(PERSON), await store.unrecorded()) == ([], [])


async def test_what_is_not_there_is_not_ended(store: SqlCases, registrar: Registrar) -> None:
    """One of another kind, of another person, or that ended before stays; no entry is made."""
    await appoint(registrar, PERSON, BEWIND, TODAY, None)
    await appoint(registrar, PERSON, Appointment.MENTOR, TODAY, None)
    await discharge(registrar, PERSON, Appointment.MENTOR)

    with pytest.raises(NotFound):
        await discharge(registrar, PERSON, Appointment.MENTOR)
    with pytest.raises(NotFound):
        await discharge(registrar, PERSON, Appointment.CURATOR)
    with pytest.raises(NotFound):
        await discharge(registrar, OTHER, BEWIND)

    kept = {each.kind: each.until for each in await store.representations(PERSON)}
    assert kept == {"beschermingsbewind": None, "mentorschap": dt.date(2026, 3, 1)}
    assert len(await store.unrecorded()) == 3


async def test_an_entry_that_cannot_be_kept_leaves_no_appointment(
    store: SqlCases, registrar: Registrar
) -> None:
    """Both stand in one transaction, so nothing counts of which there is no entry."""
    await appoint(registrar, PERSON, BEWIND, TODAY, None)
    same = replace(registrar, random=counted())

    with pytest.raises(CasesUnavailable):
        await appoint(same, PERSON, Appointment.CURATOR, TODAY, None)

    assert [each.kind for each in await store.representations(PERSON)] == ["beschermingsbewind"]
