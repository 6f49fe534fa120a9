"""Gathering facts: those that a purpose names and no others, and unknown where no answer comes."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from gateway.cases.finder import FactFinder, Inquiry
from gateway.cases.model import Case, Confirmation, Consent, Party, Representation
from gateway.catalogue.model import Condition, ConditionKind, Phase, Purpose
from gateway.subject import parse_bsn
from tests.fakes_cases import MemoryCases, MemorySource
from tests.fakes_decision import catalogue

DAY = dt.date(2026, 3, 2)
LONG_AGO = dt.date(2025, 1, 1)
PERSON = parse_bsn("999915563")
BORN = {"brp": [{"geboortedatum": "1989-01-22"}]}


def _purpose(name: str) -> Purpose:
    return catalogue().purposes[name]


def _inquiry(purpose: Purpose) -> Inquiry:
    requester = purpose.requesters[0]
    return Inquiry(PERSON, requester.organisation, purpose.case_kinds, None, DAY)


def _in_case(purpose: Purpose, **more: Any) -> MemoryCases:  # noqa: ANN401
    party = Party(purpose.requesters[0].organisation, LONG_AGO, None)
    phase = purpose.phases[0] if purpose.phases else Phase.RUNNING
    case = Case("C-1", purpose.case_kinds[0], phase, (party,))
    return replace(MemoryCases((case,)), **more)


def _consent(purpose: Purpose, giver: str = "betrokkene") -> Consent:
    return Consent(purpose.processing, frozenset({giver}), LONG_AGO, None, None)


@pytest.mark.anyio
async def test_only_what_the_purpose_names_is_fetched() -> None:
    """A purpose without conditions asks for the case and reads no register."""
    purpose = _purpose("vervoersvoorziening-beoordelen")
    cases, registers = _in_case(purpose), MemorySource({})

    outcomes = await FactFinder(cases, registers).gather(_inquiry(purpose), purpose, ())

    assert outcomes == {"case": "met"}
    assert (cases.asked, registers.asked) == (["cases"], [])


@pytest.mark.anyio
async def test_a_stranger_gets_no_further_than_the_case() -> None:
    """Who does not stand in the case has nothing else fetched for him."""
    purpose = _purpose("volledig-bedrag-op-de-eerste")
    cases, registers = MemoryCases(), MemorySource(BORN)

    outcomes = await FactFinder(cases, registers).gather(_inquiry(purpose), purpose, ())

    assert outcomes == {"case": "SUBJECT_UNKNOWN"}
    assert (cases.asked, registers.asked) == (["cases"], [])


@pytest.mark.anyio
async def test_without_a_mandate_not_even_the_case_is_looked_up() -> None:
    """A mandate is about the caller, so its absence tells nothing about the person."""
    purpose = _purpose("eenmalige-doorbraakuitgave")
    cases = _in_case(purpose)

    outcomes = await FactFinder(cases, MemorySource({})).gather(_inquiry(purpose), purpose, ())

    assert outcomes == {"mandaat_bijzondere_bijstand": "MANDATE_MISSING"}
    assert cases.asked == []


@pytest.mark.anyio
async def test_with_the_mandate_the_case_counts() -> None:
    """The twin: with the mandate the caller comes as far as the case."""
    purpose = _purpose("eenmalige-doorbraakuitgave")
    inquiry = replace(_inquiry(purpose), mandates=frozenset({"mandaat_bijzondere_bijstand"}))

    outcomes = await FactFinder(_in_case(purpose), MemorySource({})).gather(inquiry, purpose, ())

    assert outcomes == {"mandaat_bijzondere_bijstand": "met", "case": "met"}


@pytest.mark.anyio
async def test_consent_of_the_right_person_is_met() -> None:
    """The age, the consents and who represents are fetched, each once."""
    purpose = _purpose("volledig-bedrag-op-de-eerste")
    cases = _in_case(purpose, given=(_consent(purpose),))

    outcomes = await FactFinder(cases, MemorySource(BORN)).gather(_inquiry(purpose), purpose, ())

    assert outcomes == {"case": "met", "consent": "met"}
    assert cases.asked == ["cases", "consents", "representations"]


@pytest.mark.anyio
async def test_an_administrator_of_money_consents_for_a_purpose_about_money() -> None:
    """The twin: under bewind the consent of the person alone is that of the wrong person."""
    purpose = _purpose("volledig-bedrag-op-de-eerste")
    appointed = (Representation("beschermingsbewind", "financien", LONG_AGO, None),)
    cases = _in_case(purpose, given=(_consent(purpose),), appointed=appointed)

    outcomes = await FactFinder(cases, MemorySource(BORN)).gather(_inquiry(purpose), purpose, ())

    assert outcomes["consent"] == "CONSENT_WRONG_PERSON"


@pytest.mark.anyio
async def test_the_consent_of_one_field_is_fetched_when_it_is_asked() -> None:
    """A field that needs consent of its own brings the fact; without it nothing is fetched."""
    purpose = _purpose("hulpvraag-afbakenen")
    cases = _in_case(purpose, given=(_consent(purpose),))
    finder = FactFinder(cases, MemorySource(BORN))

    with_field = await finder.gather(_inquiry(purpose), purpose, ("lopende_schuldhulp",))
    without = await finder.gather(_inquiry(purpose), purpose, ("hulpvraag_categorie",))

    assert with_field == {"case": "met", "consent": "met"}
    assert without == {"case": "met"}


@pytest.mark.anyio
async def test_facts_and_claims_come_out_by_name() -> None:
    """A yes at the source, a term that runs and a claim are three outcomes of one purpose."""
    purpose = _purpose("zes-maanden-vaste-lasten")
    registers = MemorySource(
        {"inburgering": [{"asielstatushouder": True, "ontzorgen_einddatum": "2026-07-19"}]}
    )
    inquiry = replace(_inquiry(purpose), claims={"uitleg_begrijpelijke_taal": True})

    outcomes = await FactFinder(_in_case(purpose), registers).gather(inquiry, purpose, ())

    assert outcomes == {
        "case": "met",
        "asielstatushouder": "met",
        "ontzorgen_einddatum": "met",
        "uitleg_begrijpelijke_taal": "met",
    }


@pytest.mark.anyio
async def test_a_register_that_does_not_answer_makes_a_fact_unknown() -> None:
    """No answer is no yes; and a claim does not help."""
    purpose = _purpose("zes-maanden-vaste-lasten")

    outcomes = await FactFinder(_in_case(purpose), MemorySource({})).gather(
        replace(_inquiry(purpose), claims={"asielstatushouder": True}), purpose, ()
    )

    assert outcomes["asielstatushouder"] == "unknown"
    assert outcomes["uitleg_begrijpelijke_taal"] == "CONDITION_NOT_MET"


@pytest.mark.anyio
async def test_a_group_is_asked_for_without_a_person() -> None:
    """Figures are read without naming anybody."""
    purpose = _purpose("doorlooptijd-participatieladder")
    registers = MemorySource({"aggregaat": [{"groepsgrootte": 80}]})
    inquiry = replace(_inquiry(purpose), subject=None)

    outcomes = await FactFinder(MemoryCases(), registers).gather(inquiry, purpose, ())

    assert outcomes == {"groepsgrootte": "met"}
    assert registers.asked == [(None, "aggregaat")]


@pytest.mark.anyio
async def test_a_purpose_about_a_person_knows_nothing_without_one() -> None:
    """Without a person neither a case nor a consent can be found."""
    purpose = _purpose("volledig-bedrag-op-de-eerste")
    nobody = replace(_inquiry(purpose), subject=None)
    no_case = replace(nobody, case_kinds=())
    finder = FactFinder(_in_case(purpose), MemorySource(BORN))

    assert await finder.gather(nobody, purpose, ()) == {"case": "unknown"}
    assert await finder.gather(no_case, purpose, ()) == {"consent": "unknown"}


@pytest.mark.anyio
async def test_a_case_store_that_does_not_answer_makes_the_case_unknown() -> None:
    """A failure of the store is told from a person without a case."""
    purpose = _purpose("vervoersvoorziening-beoordelen")
    cases = _in_case(purpose, fails=frozenset({"cases"}))

    outcomes = await FactFinder(cases, MemorySource({})).gather(_inquiry(purpose), purpose, ())

    assert outcomes == {"case": "unknown"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "tables",
    [
        {},
        {"brp": []},
        {"brp": [{"geboortedatum": "onbekend"}]},
        {"brp": [{"geboortedatum": "2000-01-01"}, {"geboortedatum": "2000-01-01"}]},
    ],
)
async def test_an_age_that_cannot_be_had_is_unknown(
    tables: dict[str, list[dict[str, object]]],
) -> None:
    """No register, no row, no date, or two rows: each leaves the age unknown, read once."""
    purpose = _purpose("levensonderhoud-overbruggen")
    cases = _in_case(purpose, given=(_consent(purpose),))
    registers = MemorySource(tables)

    outcomes = await FactFinder(cases, registers).gather(_inquiry(purpose), purpose, ())

    assert outcomes == {"case": "met", "age": "unknown", "consent": "unknown"}
    assert len(registers.asked) == 1


@pytest.mark.anyio
async def test_the_answer_of_the_source_holder_is_for_one_purpose() -> None:
    """A confirmation for this purpose counts; for another purpose it does not."""
    purpose = _purpose("lichte-of-zware-hulp")
    young = MemorySource({"brp": [{"geboortedatum": "2011-05-14"}]})
    mine = _in_case(purpose, confirmed=(Confirmation(purpose.id, LONG_AGO, None),))
    other = _in_case(purpose, confirmed=(Confirmation("ander-doel", LONG_AGO, None),))

    confirmed = await FactFinder(mine, young).gather(_inquiry(purpose), purpose, ())
    unconfirmed = await FactFinder(other, young).gather(_inquiry(purpose), purpose, ())

    assert confirmed["bron_bevestigd"] == "met"
    assert unconfirmed["bron_bevestigd"] == "CONDITION_NOT_MET"


@pytest.mark.anyio
async def test_a_vague_purpose_brings_the_case_only() -> None:
    """As long as the purpose is not clear, nothing beside the case is looked up."""
    purpose = _purpose("volledig-bedrag-op-de-eerste")

    outcomes = await FactFinder(_in_case(purpose), MemorySource({})).gather(
        _inquiry(purpose), None, ()
    )

    assert outcomes == {"case": "met"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("phase", "outcome"),
    [(Phase.WORK_PLAN, "met"), (Phase.EXPLORATION, "CASE_PHASE"), (Phase.CLOSED, "CASE_CLOSED")],
)
async def test_the_phase_of_the_case_decides(phase: Phase, outcome: str) -> None:
    """Progress of agreements is asked once there is a work plan, and no longer when it closed."""
    purpose = _purpose("voortgang-afspraken")
    party = Party(purpose.requesters[0].organisation, LONG_AGO, None)
    cases = MemoryCases((Case("C-1", "werkplan", phase, (party,)),))

    outcomes = await FactFinder(cases, MemorySource(BORN)).gather(_inquiry(purpose), purpose, ())

    assert outcomes["case"] == outcome


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fields", "asked", "outcome"),
    [
        ((), ("actie_statussen",), "met"),
        (("actie_statussen",), ("actie_statussen",), "met"),
        (("actie_statussen",), ("actie_statussen", "actieve_partijen"), "CONSENT_MISSING"),
    ],
)
async def test_a_consent_for_some_fields_is_none_for_others(
    fields: tuple[str, ...], asked: tuple[str, ...], outcome: str
) -> None:
    """Who asks more than the person consented to has no consent for it."""
    purpose = _purpose("voortgang-afspraken")
    given = replace(_consent(purpose), fields=frozenset(fields), purpose=purpose.id)
    cases = _in_case(purpose, given=(given,))

    outcomes = await FactFinder(cases, MemorySource(BORN)).gather(_inquiry(purpose), purpose, asked)

    assert outcomes["consent"] == outcome


def _born(date: str) -> MemorySource:
    return MemorySource({"brp": [{"geboortedatum": date}]})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("born", "outcome"),
    [
        ("2008-00-00", "unknown"),
        ("2008-03-00", "unknown"),
        ("2008-02-00", "met"),
        ("2007-00-00", "met"),
        ("2009-00-00", "AGE_OUT_OF_RANGE"),
        ("2027-00-00", "unknown"),
    ],
)
async def test_an_age_limit_holds_where_every_birthday_agrees(born: str, outcome: str) -> None:
    """Who may have turned 18 or not is neither let in nor taken for a child: it is unknown."""
    purpose = _purpose("levensonderhoud-overbruggen")
    limit = Condition("age", ConditionKind.AGE, 18)
    purpose = replace(purpose, conditions=(limit,))

    outcomes = await FactFinder(_in_case(purpose), _born(born)).gather(
        _inquiry(purpose), purpose, ()
    )

    assert outcomes["age"] == outcome


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("born", "giver", "outcome"),
    [
        ("2010-00-00", "betrokkene", "unknown"),
        ("2010-00-00", "ouder", "CONSENT_WRONG_PERSON"),
        ("2009-00-00", "betrokkene", "met"),
        ("2014-00-00", "ouder", "unknown"),
        ("2015-00-00", "ouder", "met"),
        ("onbekend", "betrokkene", "unknown"),
    ],
)
async def test_a_voice_counts_where_every_birthday_gives_it(
    born: str, giver: str, outcome: str
) -> None:
    """Consent holds where it holds at each age that somebody may have, and else is unknown."""
    purpose = _purpose("levensonderhoud-overbruggen")
    consent = Condition("consent", ConditionKind.CONSENT)
    purpose = replace(purpose, conditions=(consent,))
    cases = _in_case(purpose, given=(_consent(purpose, giver),))

    outcomes = await FactFinder(cases, _born(born)).gather(_inquiry(purpose), purpose, ())

    assert outcomes["consent"] == outcome
