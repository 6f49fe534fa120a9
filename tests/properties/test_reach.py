"""No question whatever gets more than the reach of the policy, and less never gives more."""

from dataclasses import replace
from functools import cache

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.catalogue.model import Purpose, Requester
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import OverAsking, Permit, Question, Standing, SubjectCheck
from gateway.decision.parties import Parties
from gateway.reach import NOBODY, requesters_of, steps_of
from tests.fakes_decision import POLICIES, catalogue

PARTIES = (*requesters_of(catalogue()), NOBODY)
STEPS = tuple(steps_of(catalogue()))
FIELDS = tuple(sorted(catalogue().fields))
DAYS = ("2026-03-02", "2014-01-01", "2035-01-01", "9999-12-31")
OUTCOMES = ("met", "unknown", "NOT_PARTY", "CONSENT_MISSING", "CONDITION_NOT_MET")
slowly = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def decider() -> Decider:
    """Return a decider over the project's policy."""
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", catalogue())
    return Decider(catalogue(), parties, EmbeddedEngine.build(catalogue(), POLICIES))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a question, more often than not by a requester of the purpose at its own step."""
    purpose: Purpose = catalogue().purposes[draw(st.sampled_from(sorted(catalogue().purposes)))]
    party: Requester = draw(st.sampled_from(purpose.requesters) | st.sampled_from(PARTIES))
    own = st.just((purpose.task, purpose.activity))
    task, activity = draw(own | own | st.sampled_from(STEPS))
    named = st.sampled_from((*purpose.fields, *purpose.never))
    names = st.lists(named | named | st.sampled_from(FIELDS), max_size=5, unique=True)
    facts = {"case", "consent", *(condition.name for condition in purpose.conditions)}
    hat = (party.organisation, party.role)
    plain = Question(
        organisation=party.organisation,
        role=party.role,
        standing=decider().parties.standing(frozenset({hat}), hat, task, activity),
        task=task,
        activity=activity,
        purposes=(purpose.id,),
        subject=SubjectCheck.MISSING if purpose.aggregated else SubjectCheck.VALID,
        fields=draw(st.none() | names.map(tuple)),
        justified=tuple(sorted(purpose.fields)),
        over_asking=draw(st.sampled_from(OverAsking)),
        facts=tuple((name, "met") for name in sorted(facts)),
        date=DAYS[0],
    )
    # Half of the questions meet everything: drawn apart, hardly any would be permitted.
    return plain if draw(st.booleans()) else _with_less(draw, plain, named)


def _with_less(draw: st.DrawFn, plain: Question, named: st.SearchStrategy[str]) -> Question:
    """Return the question with any of its facts, motivations, day and person drawn anew."""
    return replace(
        plain,
        subject=draw(st.sampled_from(SubjectCheck)),
        justified=tuple(sorted(draw(st.sets(named, max_size=3)))),
        facts=tuple((name, draw(st.sampled_from(OUTCOMES))) for name, _ in plain.facts),
        date=draw(st.sampled_from(DAYS)),
    )


def released(question: Question) -> frozenset[str]:
    """Return the fields that the decision lets go."""
    decision = anyio.run(decider().decide, question)
    return frozenset(decision.fields if isinstance(decision, Permit) else ())


def most(question: Question) -> Question:
    """Return the question that `gateway.reach` takes to get the most of this one."""
    purpose = catalogue().purposes[question.purposes[0]]
    task = catalogue().tasks[question.task]
    return replace(
        question,
        subject=SubjectCheck.MISSING if purpose.aggregated else SubjectCheck.VALID,
        fields=tuple(purpose.fields),
        justified=tuple(sorted(purpose.fields)),
        over_asking=OverAsking.WITHHOLD,
        facts=tuple((name, "met") for name, _ in question.facts),
        date=max(task.valid_from, purpose.valid_from).isoformat(),
    )


@slowly
@given(questions())
def test_the_best_question_gets_whatever_a_lesser_one_gets(question: Question) -> None:
    """Fewer fields, facts, motivations or days never give a field that the best one misses."""
    assert released(question) <= released(most(question))


@slowly
@given(questions(), st.sampled_from(Standing))
def test_nobody_gets_more_than_the_purpose_gives_its_requesters(
    question: Question, claimed: Standing
) -> None:
    """Whatever standing is claimed, only a named requester at the right step gets a named field."""
    purpose = catalogue().purposes[question.purposes[0]]
    at_its_step = (question.task, question.activity) == (purpose.task, purpose.activity)
    listed = Requester(question.role, question.organisation) in purpose.requesters

    found = released(replace(question, standing=claimed))

    assert found <= purpose.fields.keys()
    assert not found or (at_its_step and listed)
