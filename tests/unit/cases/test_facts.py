"""From records to outcomes: who may consent, what a source says, what is only claimed."""

import datetime as dt
from dataclasses import replace

import pytest

from gateway.cases.facts import (
    Place,
    Voice,
    age_outcome,
    case_outcome,
    claim_outcome,
    column_outcome,
    confirmation_outcome,
    consent_outcome,
    group_outcome,
    is_represented,
    mandate_outcome,
    term_outcome,
)
from gateway.cases.model import Case, Confirmation, Consent, Party, Representation
from gateway.catalogue.model import Condition, ConditionKind, Phase

DAY = dt.date(2026, 3, 2)
YESTERDAY, TOMORROW = dt.date(2026, 3, 1), dt.date(2026, 3, 3)
RUNNING = Phase.RUNNING
LEFT = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
ADULT = Voice(37, is_represented=False)


def consent(*givers: str, **more: dt.date | str | None) -> Consent:
    """Return a consent of long ago that runs on."""
    members: dict[str, dt.date | str | None] = {
        "given_on": dt.date(2025, 1, 1),
        "withdrawn_on": None,
        "valid_until": None,
        **more,
    }
    return Consent("verwerking", frozenset(givers), **members)  # type: ignore[arg-type]


def case(kind: str = "hulp", *, is_open: bool = True, **party: dt.date | None) -> Case:
    """Return a case in which "team" takes part."""
    since, until = party.get("since", dt.date(2025, 1, 1)), party.get("until")
    assert since is not None
    return Case("C-1", kind, RUNNING if is_open else Phase.CLOSED, (Party("team", since, until),))


@pytest.mark.parametrize(
    ("cases", "organisation", "case_id", "outcome"),
    [
        ([case()], "team", None, "met"),
        ([case()], "team", "C-1", "met"),
        ([case()], "team", "C-2", "CASE_MISSING"),
        ([case("anders")], "team", None, "CASE_MISSING"),
        ([], "team", None, "SUBJECT_UNKNOWN"),
        ([case()], "vreemde", None, "NOT_PARTY"),
        ([case(is_open=False)], "team", None, "CASE_CLOSED"),
        ([case(until=DAY)], "team", None, "met"),
        ([case(until=YESTERDAY)], "team", None, "CASE_MEMBERSHIP_EXPIRED"),
        ([case(since=TOMORROW)], "team", None, "CASE_MEMBERSHIP_NOT_STARTED"),
        ([case(is_open=False), case()], "team", None, "met"),
    ],
)
def test_only_a_running_part_in_an_open_case_counts(
    cases: list[Case], organisation: str, case_id: str | None, outcome: str
) -> None:
    """Every other standing has its own code; of several cases the best one counts."""
    assert case_outcome(cases, Place(organisation, "rol", ("hulp",), case_id), DAY) == outcome


def in_phase(phase: Phase, **party: object) -> Case:
    """Return a case in this phase, with one party."""
    return Case("C-1", "hulp", phase, (replace(Party("team", DAY, None), **party),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        (in_phase(Phase.WORK_PLAN), "met"),
        (in_phase(Phase.EXPLORATION), "CASE_PHASE"),
        (in_phase(Phase.CLOSED), "CASE_CLOSED"),
        (in_phase(Phase.WORK_PLAN, tasks=("taak",)), "met"),
        (in_phase(Phase.WORK_PLAN, tasks=("andere-taak",)), "CASE_TASK"),
        (in_phase(Phase.WORK_PLAN, role="rol"), "met"),
        (in_phase(Phase.WORK_PLAN, role="andere-rol"), "NOT_PARTY"),
        (in_phase(Phase.WORK_PLAN, left_at=LEFT), "CASE_MEMBERSHIP_EXPIRED"),
    ],
)
def test_what_may_be_asked_differs_per_phase_and_per_party(case: Case, outcome: str) -> None:
    """The phase of the case, the role and tasks of the party, and having left all count."""
    place = Place("team", "rol", ("hulp",), None, (Phase.WORK_PLAN,), "taak")

    assert case_outcome([case], place, DAY) == outcome


def test_a_purpose_without_phases_is_for_all_of_them() -> None:
    """The twin: where the purpose names no phase, none is asked for; nor a task where none is."""
    case = in_phase(Phase.EXPLORATION, tasks=("andere-taak",))

    assert case_outcome([case], Place("team", None, ("hulp",)), DAY) == "met"


def test_a_case_is_found_by_its_label_too() -> None:
    """What people call a case names it as well as its id does."""
    case = Case("0" * 32, "hulp", RUNNING, (Party("team", DAY, None),), label="C-1")

    assert case_outcome([case], Place("team", None, ("hulp",), "C-1"), DAY) == "met"


@pytest.mark.parametrize(
    ("consent", "purpose", "fields", "covers"),
    [
        (consent("betrokkene"), "doel", {"a"}, True),
        (consent("betrokkene", purpose="doel"), "doel", {"a"}, True),
        (consent("betrokkene", purpose="doel"), "ander-doel", {"a"}, False),
        (replace(consent("betrokkene"), fields=frozenset({"a", "b"})), "doel", {"a"}, True),
        (replace(consent("betrokkene"), fields=frozenset({"a"})), "doel", {"a", "b"}, False),
    ],
)
def test_a_consent_reaches_as_far_as_it_was_given(
    consent: Consent, purpose: str, fields: set[str], *, covers: bool
) -> None:
    """Its purpose and its fields bound it; where it names none, there is no bound."""
    assert consent.covers(purpose, frozenset(fields)) is covers


@pytest.mark.parametrize(
    ("age", "outcome"),
    [(15, "AGE_OUT_OF_RANGE"), (16, "met"), (26, "met"), (27, "AGE_OUT_OF_RANGE")],
)
def test_both_ends_of_an_age_count(age: int, outcome: str) -> None:
    """The limits themselves are inside."""
    assert age_outcome(age, Condition("age", ConditionKind.AGE, 16, 26)) == outcome


def test_an_unknown_age_is_unknown() -> None:
    """Without a birth date nobody is taken for an adult, or for a child."""
    assert consent_outcome([consent("betrokkene")], None, DAY) == "unknown"


@pytest.mark.parametrize(
    ("age", "givers", "outcome"),
    [
        (11, ("ouder",), "met"),
        (11, ("jeugdige",), "CONSENT_WRONG_PERSON"),
        (12, ("ouder",), "CONSENT_WRONG_PERSON"),
        (12, ("jeugdige",), "CONSENT_WRONG_PERSON"),
        (15, ("jeugdige", "ouder"), "met"),
        (16, ("ouder",), "CONSENT_WRONG_PERSON"),
        (16, ("jeugdige",), "met"),
        (37, ("betrokkene",), "met"),
        (37, ("bewindvoerder",), "CONSENT_WRONG_PERSON"),
    ],
)
def test_consent_is_given_by_whom_the_age_demands(
    age: int, givers: tuple[str, ...], outcome: str
) -> None:
    """The parent, both, or the youngster alone: it turns on the twelfth and the sixteenth."""
    assert consent_outcome([consent(*givers)], Voice(age, is_represented=False), DAY) == outcome


@pytest.mark.parametrize(
    ("givers", "outcome"),
    [(("betrokkene",), "CONSENT_WRONG_PERSON"), (("bewindvoerder",), "met"), (("curator",), "met")],
)
def test_a_representative_consents_for_who_is_represented(
    givers: tuple[str, ...], outcome: str
) -> None:
    """Under curatele or bewind the person alone does not consent."""
    assert consent_outcome([consent(*givers)], Voice(37, is_represented=True), DAY) == outcome


@pytest.mark.parametrize(
    ("kind", "domain", "asked", "day", "expected"),
    [
        ("beschermingsbewind", "financien", "financien", DAY, True),
        ("beschermingsbewind", "financien", None, DAY, False),
        ("beschermingsbewind", "financien", "zorg", DAY, False),
        ("mentorschap", "zorg", "zorg", DAY, True),
        ("curatele", "alles", None, DAY, True),
        ("curatele", "alles", None, dt.date(2025, 2, 28), False),
        ("curatele", "alles", None, dt.date(2026, 3, 11), False),
    ],
)
def test_a_representative_has_a_domain_and_a_term(
    kind: str, domain: str, asked: str | None, day: dt.date, *, expected: bool
) -> None:
    """A curator decides on everything, an administrator on money; and only while appointed."""
    appointed = Representation(kind, domain, dt.date(2025, 3, 1), dt.date(2026, 3, 10))

    assert is_represented([appointed], asked, day) is expected


@pytest.mark.parametrize(
    ("consents", "outcome"),
    [
        ([], "CONSENT_MISSING"),
        ([consent("betrokkene", given_on=TOMORROW)], "CONSENT_MISSING"),
        ([consent("betrokkene", withdrawn_on=DAY)], "CONSENT_WITHDRAWN"),
        ([consent("betrokkene", withdrawn_on=TOMORROW)], "CONSENT_WITHDRAWN"),
        ([consent("betrokkene", valid_until=DAY)], "met"),
        ([consent("betrokkene", valid_until=YESTERDAY)], "CONSENT_EXPIRED"),
        ([consent("betrokkene", withdrawn_on=DAY), consent("betrokkene")], "met"),
    ],
)
def test_a_consent_holds_from_its_day_until_it_is_withdrawn(
    consents: list[Consent], outcome: str
) -> None:
    """A withdrawal works on its own day; a later consent stands beside an earlier one."""
    assert consent_outcome(consents, ADULT, DAY) == outcome


@pytest.mark.parametrize(
    ("form", "outcome"),
    [("overeenkomst", "met"), ("schriftelijk", "CONSENT_MISSING"), (None, "CONSENT_MISSING")],
)
def test_a_consent_has_the_form_that_is_asked(form: str | None, outcome: str) -> None:
    """Where an agreement is needed, another form is no consent for it."""
    given = [consent("betrokkene", form=form)]

    assert consent_outcome(given, ADULT, DAY, "overeenkomst") == outcome


@pytest.mark.parametrize(
    ("until", "day", "outcome"),
    [(None, DAY, "met"), (DAY, DAY, "met"), (YESTERDAY, DAY, "CONDITION_NOT_MET")],
)
def test_a_confirmation_holds_for_its_term(
    until: dt.date | None, day: dt.date, outcome: str
) -> None:
    """The answer of the source holder counts until its last day; without one there is none."""
    answers = [Confirmation("doel", dt.date(2026, 1, 1), until)]

    assert confirmation_outcome(answers, day) == outcome
    assert confirmation_outcome([], day) == "CONDITION_NOT_MET"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [(True, "met"), (False, "CONDITION_NOT_MET"), ("ja", "CONDITION_NOT_MET")],
)
def test_a_claim_is_made_outright_or_not(said: str | bool, outcome: str) -> None:  # noqa: FBT001
    """Only a plain yes is a claim; silence is none."""
    condition = Condition("stappen", ConditionKind.CLAIM)

    assert claim_outcome({"stappen": said}, condition) == outcome
    assert claim_outcome({}, condition) == "CONDITION_NOT_MET"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [("zorgmijding", "met"), ("lastig", "CONDITION_NOT_MET"), (True, "CONDITION_NOT_MET")],
)
def test_a_claim_of_degree_uses_the_words_that_count(
    said: str | bool,  # noqa: FBT001
    outcome: str,
) -> None:
    """Where the law names degrees, another word or a yes is not enough."""
    condition = Condition("ernst", ConditionKind.CLAIM, one_of=("zorgmijding",))

    assert claim_outcome({"ernst": said}, condition) == outcome


def test_a_mandate_is_held_or_missing() -> None:
    """The policy files say who holds it; the caller has no say."""
    condition = Condition("mandaat", ConditionKind.MANDATE)

    assert mandate_outcome(frozenset({"mandaat"}), condition) == "met"
    assert mandate_outcome(frozenset({"ander"}), condition) == "MANDATE_MISSING"


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([True], "met"),
        ([True, True], "met"),
        ([True, False], "CONDITION_NOT_MET"),
        ([None], "CONDITION_NOT_MET"),
        ([], "CONDITION_NOT_MET"),
        (["ja"], "unknown"),
        ([1], "unknown"),
    ],
)
def test_a_source_says_yes_or_it_does_not(values: list[object], outcome: str) -> None:
    """Silence is not a yes, and what is no yes or no at all is unknown."""
    assert column_outcome(values) == outcome


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        (["2026-03-02"], "met"),
        (["2026-03-01"], "CONDITION_NOT_MET"),
        (["2026-03-05", "2026-03-01"], "CONDITION_NOT_MET"),
        ([None], "CONDITION_NOT_MET"),
        ([], "CONDITION_NOT_MET"),
        (["straks"], "unknown"),
    ],
)
def test_a_term_runs_on_its_last_day(values: list[object], outcome: str) -> None:
    """The earliest day counts; no day is no term, and nonsense is unknown."""
    assert term_outcome(values, DAY) == outcome


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([10], "met"),
        ([9], "GROUP_TOO_SMALL"),
        (["veel"], "unknown"),
        ([], "unknown"),
        ([10, 10], "unknown"),
        ([True], "unknown"),
    ],
)
def test_a_group_is_large_enough_or_nothing_is_said(values: list[object], outcome: str) -> None:
    """Ten is ten; a size that is not clear refuses."""
    assert group_outcome(values, Condition("g", ConditionKind.GROUP_SIZE, 10)) == outcome
