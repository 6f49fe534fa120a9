"""Everything that the decision can ever release, found by asking the decision itself.

The combinations of party, task, activity, purpose, field and outcomes of conditions are too many
to ask one by one, so each class of equal ones is asked once. Nothing is left out, because:

1. Who: a party that the party policy does not let declare a step gets nothing from `Decider`, which
   checks that by itself, whatever the Rego says. The parties are therefore every role of every
   organisation; anybody else is a stranger to the party policy, and one stranger stands for all.
2. What: each party is asked about every purpose at every step that it may declare, also where the
   purpose belongs to another step or another requester. It asks for all fields of the purpose, each
   with a motivation, and takes what it gets. `parse_answer` lets no field through that the purpose
   does not name, and asking less, or without a motivation, never gives more.
3. When: that question has every fact met on a day on which task and purpose are valid. Meeting less
   never gives more, so what it does not release, no combination of outcomes releases.
4. What is released is asked again with what the Rego alone must see: the case and consent met, not
   met or unknown, the person named rightly, wrongly or not at all, the day before and after. That a
   condition of the purpose is not met leaves nothing: `parse_answer` demands each of them met.

5. In danger: the same once more as an emergency, also with what that waives not met: the case, what
   the requester claims, what a source holder says. Only for purposes that know emergencies, since
   `parse_answer` lets nothing through for others, whatever the Rego says.

That more facts, more motivation and fewer fields never give less is held as a property of the Rego
by the tests (monotony), as is every random question being within what was found here.
"""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.catalogue.lints.invariants import (
    EMERGENCY,
    GROUP,
    IN_FORCE,
    ORDINARY,
    PERSON,
    Release,
)
from gateway.catalogue.model import Catalogue, Purpose, Requester, Task
from gateway.catalogue.outcomes import CASE, CONSENT, MET, NOT_MET, UNKNOWN
from gateway.decision.answer import TAKES_TIME
from gateway.decision.decide import Decider
from gateway.decision.model import OverAsking, Permit, Question, SubjectCheck

NOBODY = Requester("no-role", "no-organisation")
"""Stands for whoever the policy files do not know."""

_OUTCOMES = {
    CASE: (MET, "NOT_PARTY", UNKNOWN),
    CONSENT: (MET, "CONSENT_MISSING", UNKNOWN),
}
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reach:
    """What can be released, and how many questions it took to know that."""

    releases: tuple[Release, ...]
    asked: int


@dataclass(frozen=True, slots=True)
class _Step:
    """A party at a step of the work that the party policy lets it declare."""

    requester: Requester
    task: str
    activity: str


async def reach_of(decider: Decider) -> Reach:
    """Return everything that this policy can release."""
    asked, found = 0, []
    for step in _steps(decider):
        for purpose in decider.catalogue.purposes.values():
            for situation in (ORDINARY, *([EMERGENCY] if purpose.emergency else [])):
                best = _best(decider, step, purpose, situation)
                asked += 1
                if not await _released(decider, best):
                    continue
                for question, unmet in _variants(best, purpose, decider.catalogue):
                    asked += 1
                    found += await _releases(decider, question, unmet)
    return Reach(tuple(found), asked)


async def _releases(decider: Decider, question: Question, unmet: frozenset[str]) -> list[Release]:
    about = GROUP if question.subject is SubjectCheck.MISSING else PERSON
    return [
        Release(
            Requester(question.role, question.organisation),
            question.task,
            question.activity,
            question.purposes[0],
            field,
            about,
            unmet,
            EMERGENCY if question.emergency else ORDINARY,
        )
        for field in await _released(decider, question)
    ]


def _steps(decider: Decider) -> Iterator[_Step]:
    """Give every step that anybody may declare, and those of one stranger, to be sure."""
    catalogue = decider.catalogue
    for requester in (*requesters_of(catalogue), NOBODY):
        acting = (requester.organisation, requester.role)
        for task, activity in steps_of(catalogue):
            if requester is NOBODY or decider.parties.may_declare(acting, task, activity):
                yield _Step(requester, task, activity)


def requesters_of(catalogue: Catalogue) -> Iterator[Requester]:
    """Give every role of every organisation."""
    for organisation in catalogue.organisations.values():
        for role in organisation.roles:
            yield Requester(role, organisation.id)


def steps_of(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Give every activity with its task."""
    for task in catalogue.tasks.values():
        for activity in task.activities:
            yield task.id, activity


def _best(decider: Decider, step: _Step, purpose: Purpose, situation: str) -> Question:
    """Return the question that gets the most: all facts met, all motivated, on a good day."""
    acting = (step.requester.organisation, step.requester.role)
    facts = {CASE, CONSENT, *(condition.name for condition in purpose.conditions)}
    return Question(
        organisation=step.requester.organisation,
        role=step.requester.role,
        standing=decider.parties.standing(frozenset({acting}), acting, step.task, step.activity),
        task=step.task,
        activity=step.activity,
        purposes=(purpose.id,),
        subject=SubjectCheck.MISSING if purpose.aggregated else SubjectCheck.VALID,
        fields=tuple(purpose.fields),
        justified=tuple(sorted(purpose.fields)),
        over_asking=OverAsking.WITHHOLD,
        facts=tuple((name, MET) for name in sorted(facts)),
        date=_window(decider.catalogue.tasks[step.task], purpose)[0].isoformat(),
        emergency=situation == EMERGENCY,
    )


def _window(task: Task, purpose: Purpose) -> tuple[dt.date, dt.date]:
    """Return the first and the last day on which both the task and the purpose are valid."""
    ends = [end for end in (task.valid_until, purpose.valid_until) if end is not None]
    return max(task.valid_from, purpose.valid_from), min(ends, default=dt.date.max)


def _variants(
    best: Question, purpose: Purpose, catalogue: Catalogue
) -> Iterator[tuple[Question, frozenset[str]]]:
    """Give the best question with less met, and with the names of what is not met in it."""
    waived = _waived(best, purpose)
    facts = [{}, waived] if waived else [{}]
    for case, consent, less in itertools.product(_OUTCOMES[CASE], _OUTCOMES[CONSENT], facts):
        outcomes = {**dict(best.facts), CASE: case, CONSENT: consent, **less}
        unmet = frozenset(name for name, outcome in outcomes.items() if outcome != MET)
        yield replace(best, facts=tuple(sorted(outcomes.items()))), unmet
    for subject in (each for each in SubjectCheck if each is not best.subject):
        yield replace(best, subject=subject), frozenset()
    first, last = _window(catalogue.tasks[best.task], purpose)
    outside = [first - _DAY] if first > dt.date.min else []
    outside += [last + _DAY] if last < dt.date.max else []
    for day in outside:
        yield replace(best, date=day.isoformat()), frozenset({IN_FORCE})


def _waived(best: Question, purpose: Purpose) -> dict[str, str]:
    """Return the conditions that an emergency does without, none of them met."""
    kinds = TAKES_TIME if best.emergency else frozenset()
    return {each.name: NOT_MET for each in purpose.conditions if each.kind in kinds}


async def _released(decider: Decider, question: Question) -> tuple[str, ...]:
    decision = await decider.decide(question)
    return decision.fields if isinstance(decision, Permit) else ()
