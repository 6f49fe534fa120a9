"""Properties of deciding: restrictions never widen, and the memo forgets no part of its key."""

import re
from dataclasses import fields, replace
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.catalogue.model import Catalogue, Purpose
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import (
    Code,
    Decision,
    OverAsking,
    Permit,
    Question,
    Refuse,
    Standing,
    SubjectCheck,
)
from gateway.decision.parties import Parties
from tests.fakes_decision import POLICIES, catalogue, echoing, flag_question

PURPOSE = "hulpvraag-afbakenen"
NAMES = [*catalogue().purposes[PURPOSE].fields, "diagnose", "schuldenlast_totaal", "onbekend"]
OUTCOMES = ["met", "unknown", "CONSENT_MISSING"]
slowly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# For every member of a question: another value that is allowed there.
CHANGES: dict[str, object] = {
    "organisation": "gem-toegang-wmo",
    "role": "consulent-wmo",
    "standing": Standing.WRONG_HAT,
    "task": "wmo-onderzoek",
    "activity": "vraagverheldering",
    "purposes": ("hulpvraag-afbakenen",),
    "subject": SubjectCheck.INVALID,
    "fields": None,
    "justified": ("specialisatie_ingezet",),
    "over_asking": OverAsking.WITHHOLD,
    "facts": (("age", "met"), ("bron_bevestigd", "met"), ("case", "NOT_PARTY")),
    "date": "2026-03-03",
    "emergency": True,
}

questions = st.builds(
    lambda asked, justified, over_asking, consent, case: Question(
        organisation="gem-toegang-wmo",
        role="consulent-wmo",
        standing=Standing.HOLDS,
        task="wmo-onderzoek",
        activity="vraagverheldering",
        purposes=(PURPOSE,),
        subject=SubjectCheck.VALID,
        fields=None if asked is None else tuple(asked),
        justified=tuple(justified),
        over_asking=over_asking,
        facts=(("case", case), ("consent", consent)),
        date="2026-03-02",
    ),
    st.none() | st.lists(st.sampled_from(NAMES), max_size=5),
    st.lists(st.sampled_from(NAMES), max_size=4, unique=True),
    st.sampled_from(OverAsking),
    st.sampled_from(OUTCOMES),
    st.sampled_from(["met", "met", "met", "NOT_PARTY"]),
)


def _with(policy: Catalogue, purpose: Purpose) -> Catalogue:
    return replace(policy, purposes=MappingProxyType({**policy.purposes, purpose.id: purpose}))


def _decider(policy: Catalogue) -> Decider:
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", policy)
    return Decider(policy, parties, EmbeddedEngine.build(policy, POLICIES), 0)


def _given(decision: Decision) -> set[str]:
    return set(decision.fields) if isinstance(decision, Permit) else set()


def _run(decider: Decider, question: Question) -> Decision:
    """Decide without an event loop: the embedded engine never waits."""
    running = decider.decide(question)
    with pytest.raises(StopIteration) as stopped:
        running.send(None)
    decision: Decision = stopped.value.value
    return decision


@pytest.fixture(scope="module")
def as_written() -> Decider:
    """Return the decision over the policy as it is."""
    return _decider(catalogue())


@pytest.fixture(scope="module")
def more_never() -> Decider:
    """Return the decision with one granted field moved to the never list."""
    purpose = catalogue().purposes[PURPOSE]
    granted = {n: g for n, g in purpose.fields.items() if n != "hulpvraag_categorie"}
    never = (*purpose.never, "hulpvraag_categorie")
    stricter = replace(purpose, fields=MappingProxyType(granted), never=never)
    return _decider(_with(catalogue(), stricter))


@pytest.fixture(scope="module")
def both_never_and_given() -> Decider:
    """Return the decision where a field stands on both lists, as no file that loads can say."""
    purpose = catalogue().purposes[PURPOSE]
    return _decider(_with(catalogue(), replace(purpose, never=tuple(purpose.fields))))


@slowly
@given(question=questions)
def test_a_stricter_purpose_never_gives_more(
    as_written: Decider, more_never: Decider, question: Question
) -> None:
    """Removing a grant and adding it to the never list widens no answer to a named field list."""
    named = replace(question, fields=question.fields or ("hulpvraag_categorie",))

    before, after = _run(as_written, named), _run(more_never, named)

    assert _given(after) <= _given(before)
    assert "hulpvraag_categorie" not in _given(after)


@slowly
@given(question=questions)
def test_never_wins_over_a_grant(both_never_and_given: Decider, question: Question) -> None:
    """Where never and a grant meet, nothing leaves."""
    assert _given(_run(both_never_and_given, question)) == set()


@slowly
@given(question=questions)
def test_what_is_given_was_asked_granted_and_not_refused(
    as_written: Decider, question: Question
) -> None:
    """No answer holds a field that was not asked, is never given, or lacks its motivation."""
    purpose = catalogue().purposes[PURPOSE]

    given_fields = _given(_run(as_written, question))

    asked = set(purpose.minimal if question.fields is None else question.fields)
    reasoned = set(purpose.minimal) | set(question.justified)
    assert given_fields <= asked & purpose.fields.keys() & reasoned


@pytest.mark.anyio
async def test_an_empty_catalogue_refuses() -> None:
    """Where nobody wrote a policy, nothing is permitted."""
    empty = replace(catalogue(), purposes=MappingProxyType({}))
    engine = EmbeddedEngine.build(empty, POLICIES)

    answer = await engine.evaluate(flag_question().canonical())

    assert isinstance(answer, dict)
    assert answer["outcome"] == "refuse"
    assert answer["reasons"] == [{"code": Code.NOT_CONFIGURED.value, "step": 0}]


def test_every_member_of_a_question_is_in_the_list_of_changes() -> None:
    """A new member of the question cannot be forgotten here."""
    assert set(CHANGES) == {member.name for member in fields(Question)}


@pytest.mark.anyio
@pytest.mark.parametrize("member", sorted(CHANGES))
async def test_no_two_questions_share_a_remembered_answer(member: str) -> None:
    """A question that differs in any one member is asked anew and gets its own answer."""
    engine = echoing(catalogue().revision)
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", catalogue())
    decider = Decider(catalogue(), parties, engine)
    question = flag_question()
    other = replace(question, **{member: CHANGES[member]})  # type: ignore[arg-type]

    first = await decider.decide(question)
    second = await decider.decide(other)

    assert isinstance(first, Refuse)
    assert first != second
    assert len(engine.asked) == 2


@slowly
@given(question=questions)
def test_a_question_holds_no_number_of_a_person(question: Question) -> None:
    """No nine digits in a row ever reach an engine, a memo or a replay."""
    assert re.search(rb"[0-9]{9}", question.canonical()) is None
