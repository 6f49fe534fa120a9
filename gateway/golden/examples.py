"""The examples in the purpose files, run as tests, and how much of each purpose they cover.

Whatever a purpose does not list must be refused for it: that is asked of every field there is.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.catalogue.model import Catalogue, Example, Purpose
from gateway.catalogue.outcomes import all_met
from gateway.decision.decide import Decider
from gateway.decision.engine import Engine
from gateway.decision.model import (
    Code,
    Decision,
    OverAsking,
    Permit,
    Question,
    Reason,
    Refuse,
    SubjectCheck,
)
from gateway.decision.parties import Parties
from gateway.golden.running import Difference
from gateway.golden.world import bills_in_force

LAW = "law"
"""The name under which an example says that the law itself is not in force."""

# The Rego refuses a longer list outright, which would say nothing about its fields.
_AT_ONCE = 90


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the examples of a purpose permit and refuse a field that it names."""

    purpose: str
    field: str
    is_granted: bool
    permitted: int
    refused: int

    @property
    def is_covered(self) -> bool:
        """Whether an example shows the outcome that the purpose promises for this field."""
        return (self.permitted if self.is_granted else self.refused) > 0


@dataclass(frozen=True, slots=True)
class ExampleReport:
    """What came of the examples of all purposes, and of asking for what is not listed."""

    examples: int
    questions: int
    differences: tuple[Difference, ...]
    coverage: tuple[Coverage, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every example holds and every field is covered."""
        return not self.differences and not self.gaps

    @property
    def gaps(self) -> tuple[Coverage, ...]:
        """The fields that no example shows in the way the purpose promises."""
        return tuple(each for each in self.coverage if not each.is_covered)

    @property
    def text(self) -> str:
        """The outcome for a person, Dutch first."""
        told = [difference.text for difference in self.differences]
        open_ends = [
            f"{gap.purpose}: geen voorbeeld voor {gap.field} (no example)" for gap in self.gaps
        ]
        granted = sum(each.is_granted for each in self.coverage)
        covered = sum(each.is_covered for each in self.coverage)
        covered = sum(each.is_covered for each in self.coverage)
        wrong, fields = len(self.differences), len(self.coverage)
        totals = [
            f"{self.examples} voorbeelden, {self.questions} vragen naar wat een doel niet noemt:",
            f"{wrong} anders dan beloofd; {covered} van {fields} gegevens met een voorbeeld,",
            f"waarvan {granted} gegeven en {fields - granted} geweigerd.",
            f"{self.examples} examples and {self.questions} questions for what is not listed:",
            f"{wrong} not as promised; {covered} of {fields} fields with an example.",
        ]
        return "\n".join((*told, *open_ends, *totals))


async def run_examples(
    catalogue: Catalogue, policies: Path, engine_of: Callable[[Catalogue], Engine]
) -> ExampleReport:
    """Run every example of every purpose, and ask for everything that a purpose does not list.

    An example of a purpose whose law is still a bill imagines the bill to be law, except where it
    is about just that.
    Effects: makes at most two engines and closes them.
    """
    imagined = bills_in_force(catalogue)
    real, supposed = (
        Decider(policy, _parties(policies, policy), engine_of(policy))
        for policy in (catalogue, imagined)
    )
    purposes = catalogue.purposes.values()
    try:
        differences = [
            d for purpose in purposes for d in await _of_examples(purpose, real, supposed)
        ]
        unlisted = [question for purpose in purposes for question in _unlisted(purpose, supposed)]
        for question in unlisted:
            differences += _refused(question, await supposed.decide(question))
    finally:
        await real.aclose()
        await supposed.aclose()
    return ExampleReport(
        examples=sum(len(purpose.examples) for purpose in purposes),
        questions=len(unlisted),
        differences=tuple(differences),
        coverage=tuple(row for purpose in purposes for row in _coverage(purpose)),
    )


async def _of_examples(purpose: Purpose, real: Decider, supposed: Decider) -> list[Difference]:
    differences: list[Difference] = []
    for number, example in enumerate(purpose.examples, start=1):
        decider = real if LAW in dict(example.facts) else supposed
        decision = await decider.decide(_asked(example, purpose, decider))
        differences += _compared(purpose, number, example, decision)
    return differences


def _parties(policies: Path, catalogue: Catalogue) -> Parties:
    return Parties.load(policies / "parties.conf", policies / "parties.csv", catalogue)


def _asked(example: Example, purpose: Purpose, decider: Decider) -> Question:
    facts = {name: outcome for name, outcome in example.facts if name != LAW}
    return _question(purpose, decider, example.ask, example.justified, facts)


def _question(
    purpose: Purpose,
    decider: Decider,
    fields: Sequence[str],
    justified: Sequence[str],
    facts: Mapping[str, str],
) -> Question:
    requester = purpose.requesters[0]
    acting = (requester.organisation, requester.role)
    task, activity = purpose.task, purpose.activity
    return Question(
        organisation=requester.organisation,
        role=requester.role,
        standing=decider.parties.standing(frozenset({acting}), acting, task, activity),
        task=task,
        activity=activity,
        purposes=(purpose.id,),
        subject=SubjectCheck.MISSING if purpose.aggregated else SubjectCheck.VALID,
        fields=tuple(fields),
        justified=tuple(sorted(justified)),
        over_asking=OverAsking.REFUSE,
        facts=tuple(sorted((all_met(purpose.conditions) | dict(facts)).items())),
        date=purpose.valid_from.isoformat(),
    )


def _compared(
    purpose: Purpose, number: int, example: Example, decision: Decision
) -> Iterator[Difference]:
    refusal = decision if isinstance(decision, Refuse) else None
    first = None if refusal is None else refusal.reasons[0]
    actual = {
        "expect": "permit" if refusal is None else "refuse",
        "step": None if refusal is None else refusal.step,
        "code": None if first is None else first.code.value,
        "instead": [] if refusal is None else _offers(refusal.reasons),
    }
    expected = {
        "expect": "permit" if example.permitted else "refuse",
        "step": example.step,
        "code": example.code,
        "instead": list(example.instead),
    }
    for member, wanted in expected.items():
        if wanted != actual[member]:
            yield Difference(
                purpose.id,
                f"voorbeeld {number}",
                ", ".join(example.ask),
                member,
                wanted,
                actual[member],
            )


def _offers(reasons: Sequence[Reason]) -> list[str]:
    return list(dict.fromkeys(name for reason in reasons for name in reason.instead))


def _unlisted(purpose: Purpose, decider: Decider) -> Iterator[Question]:
    """Yield questions for every field of the dictionary that the purpose does not give."""
    names = [name for name in decider.catalogue.fields if name not in purpose.fields]
    for start in range(0, len(names), _AT_ONCE):
        batch = names[start : start + _AT_ONCE]
        yield _question(purpose, decider, batch, batch, {})


def _refused(question: Question, decision: Decision) -> Iterator[Difference]:
    """Yield a difference for every field that was asked and not refused as unnecessary."""
    reasons = decision.withheld if isinstance(decision, Permit) else decision.reasons
    unnecessary = (Code.FIELD_NEVER, Code.FIELD_NOT_NECESSARY)
    refused = {reason.field for reason in reasons if reason.code in unnecessary}
    for name in question.fields or ():
        if name not in refused:
            yield Difference(
                question.purposes[0], "niet in dit doel", name, "expect", "refuse", "permit"
            )


def _coverage(purpose: Purpose) -> Iterator[Coverage]:
    permitted = Counter(n for e in purpose.examples if e.permitted for n in e.ask)
    refused = Counter(n for e in purpose.examples if not e.permitted for n in e.ask)
    names = dict.fromkeys((*purpose.fields, *purpose.never, *purpose.instead))
    for name in names:
        granted = name in purpose.fields
        yield Coverage(purpose.id, name, granted, permitted[name], refused[name])
