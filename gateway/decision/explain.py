"""The four steps of a question in plain words: what was declared, what the policy says, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.catalogue.model import (
    Catalogue,
    Condition,
    ConditionKind,
    Field,
    FieldGrant,
    Need,
    Precision,
    Purpose,
    RestsOn,
)
from gateway.catalogue.pages.cells_words import groups_sentences
from gateway.catalogue.pages.grant_words import measure_words
from gateway.catalogue.pages.guard_words import guard_sentences
from gateway.catalogue.veil import NO_MEANS
from gateway.decision.condition_words import Words, condition_words
from gateway.decision.decide import Decider
from gateway.decision.model import Decision, Permit, Question, Reason


class StepState(StrEnum):
    """How far a question came."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the plan: its title, what was declared, the sentences about it.

    Units:   number: 0 technical, 1 task, 2 activity and case, 3 purpose and fields, 4 legal basis.
    """

    number: int
    title: Words
    declared: tuple[str, ...]
    says: tuple[Words, ...]
    state: StepState


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with its steps; a dry run, so nothing was recorded and no data was read."""

    decision: Decision
    steps: tuple[Step, ...]


_TITLES = (
    Words("Persoon", "Person"),
    Words("Taak", "Task"),
    Words("Activiteit en casus", "Activity and case"),
    Words("Doel en gegevens", "Purpose and fields"),
    Words("Grondslag en voorwaarden", "Legal basis and conditions"),
)


async def explain(decider: Decider, question: Question) -> Explanation:
    """Decide the question and tell for each step what was declared and what the policy says."""
    decision = await decider.decide(question)
    reasons = decision.withheld if isinstance(decision, Permit) else decision.reasons
    failed = None if isinstance(decision, Permit) else decision.step
    declared = _declared(question)
    says = _says(question, decider.catalogue)
    steps = (
        Step(
            number=number,
            title=title,
            declared=declared[number],
            says=(*says[number], *_refusals(reasons, number)),
            state=_state(number, failed),
        )
        for number, title in enumerate(_TITLES)
    )
    return Explanation(decision, tuple(steps))


def _state(number: int, failed: int | None) -> StepState:
    if failed is None or number < failed:
        return StepState.PASSED
    return StepState.FAILED if number == failed else StepState.NOT_REACHED


def _declared(question: Question) -> tuple[tuple[str, ...], ...]:
    return (
        (question.subject.value,),
        (question.organisation, question.role, question.task),
        (question.activity,),
        (*question.purposes, *(question.fields or ())),
        (),
    )


def _says(question: Question, catalogue: Catalogue) -> tuple[tuple[Words, ...], ...]:
    """Return what the policy files say on each step, as far as the declared names are known."""
    known = [p for p in map(catalogue.purposes.get, question.purposes) if p is not None]
    purpose = known[0] if len(known) == len(question.purposes) == 1 else None
    return (
        (),
        tuple(_of_task(question.task, catalogue)),
        tuple(_of_activity(question, catalogue)),
        () if purpose is None else tuple(_of_fields(purpose, question, catalogue)),
        () if purpose is None else tuple(_of_basis(purpose)),
    )


def _of_task(name: str, catalogue: Catalogue) -> Iterable[Words]:
    task = catalogue.tasks.get(name)
    if task is not None:
        text = f"{task.title} ({task.law} {task.article})."
        yield Words(text, text)


def _of_activity(question: Question, catalogue: Catalogue) -> Iterable[Words]:
    task = catalogue.tasks.get(question.task)
    activity = task.activities.get(question.activity) if task is not None else None
    if activity is not None:
        yield Words(f"{activity.title}.", f"{activity.title}.")


def _of_fields(purpose: Purpose, question: Question, catalogue: Catalogue) -> Iterable[Words]:
    yield Words(f"Doel: {purpose.title}", f"Purpose: {purpose.title_en}")
    yield Words(
        f"De vraag die u moet beantwoorden: {purpose.question}",
        f"The question you must answer, in Dutch: {purpose.question}",
    )
    if purpose.veil is not None:
        yield Words(*NO_MEANS)
    for name in purpose.minimal if question.fields is None else question.fields:
        grant = purpose.fields.get(name)
        if grant is None:
            yield _not_necessary(name, catalogue)
        else:
            yield _necessary(grant, catalogue.fields[name])
    groups = () if purpose.groups is None else groups_sentences(purpose.groups)
    for nl, en in (*groups, *guard_sentences(catalogue, purpose)):
        yield Words(nl, en)


def _necessary(grant: FieldGrant, field: Field) -> Words:
    level = _LEVELS[grant.precision]
    if grant.need is Need.ALWAYS:
        nl, en = "altijd nodig", "always necessary"
    else:
        nl, en = "nodig als u uitlegt waarom", "necessary if you explain why"
    measure = measure_words(grant)
    by = ("", "") if measure is None else (f", {measure[0]}", f", {measure[1]}")
    return Words(
        f"{grant.name} ({level.nl}{by[0]}): {nl}. {grant.because} Wat het is: {field.meaning}",
        f"{grant.name} ({level.en}{by[1]}): {en}. In Dutch: {grant.because}",
    )


_LEVELS = {
    Precision.ABSENT: Words("niets", "nothing"),
    Precision.EXISTS: Words("alleen of het er is", "only whether it is there"),
    Precision.FLAG: Words("alleen ja, nee of onbekend", "only yes, no or unknown"),
    Precision.COUNT: Words("alleen een aantal", "only a number"),
    Precision.BAND: Words("alleen een groep", "only a range"),
    Precision.YEAR: Words("alleen in hele jaren", "only in whole years"),
    Precision.QUARTER: Words("alleen het kwartaal", "only the quarter"),
    Precision.POSTCODE4: Words(
        "alleen de vier cijfers van de postcode", "only the four digits of the postcode"
    ),
    Precision.PSEUDONYM: Words(
        "alleen een codenaam, die bij een ander doel anders is",
        "only a pseudonym, which is another one for another purpose",
    ),
    Precision.EXACT: Words("de waarde zelf", "the value itself"),
}


def _not_necessary(name: str, catalogue: Catalogue) -> Words:
    """Say what a field is that is not given; why it is refused follows with the refusals."""
    field = catalogue.fields.get(name)
    if field is None:
        return Words(f"{name}: dit gegeven kennen wij niet.", f"{name}: we do not know this field.")
    return Words(
        f"{name}: {field.meaning} De vraag is te beantwoorden zonder dit gegeven.",
        f"{name}: the question can be answered without it. In Dutch: {field.meaning}",
    )


def _of_basis(purpose: Purpose) -> Iterable[Words]:
    for basis in purpose.legal_basis:
        ground, note = ground_words(basis.gdpr), f" {basis.note}" if basis.note else ""
        law = "" if basis.law == "AVG" else f"{basis.law} {basis.article}, "
        yield Words(f"{law}{ground.nl}.{note}", f"{law}{ground.en}.{note}")
    for condition in purpose.conditions:
        words, trust = condition_sentence(condition), rests_on_sentence(condition)
        yield Words(f"Voorwaarde: {words.nl} ({trust.nl}).", f"Condition: {words.en} ({trust.en}).")


def ground_words(ground: str) -> Words:
    """Return a ground of the GDPR as people write it; what does not apply says so."""
    article, _, letter = ground.partition("-")
    paragraph, _, letter = letter.partition("-")
    if not letter:
        return Words(
            f"geen bijzondere gegevens (AVG artikel {article})",
            f"no special data (GDPR article {article})",
        )
    return Words(
        f"AVG artikel {article} lid {paragraph} letter {letter}",
        f"GDPR article {article}({paragraph})({letter})",
    )


def condition_sentence(condition: Condition) -> Words:
    """Return what must hold, as a clause that follows "condition:"."""
    match condition.kind:
        case ConditionKind.AGE:
            return _age(condition)
        case ConditionKind.CONSENT:
            return _consent(condition)
        case ConditionKind.MANDATE:
            return Words(
                "u hebt mandaat voor dit besluit", "you hold the mandate for this decision"
            )
        case ConditionKind.GROUP_SIZE:
            least = condition.minimum
            return Words(
                f"de groep telt minstens {least} mensen", f"the group has at least {least} people"
            )
        case ConditionKind.SOURCE_CONFIRMATION:
            return Words(
                "de professional van de bronhouder heeft het antwoord bevestigd",
                "the professional of the source holder has confirmed the answer",
            )
        case _:
            return condition_words(condition.name)


def rests_on_sentence(condition: Condition) -> Words:
    """Return how the gateway comes to believe it, so that a claim is seen to be one."""
    return _RESTS_ON[condition.rests_on]


_RESTS_ON = {
    RestsOn.FACT: Words("dit zoeken wij zelf op", "we look this up ourselves"),
    RestsOn.RECORDED_ACT: Words("dit is eerder vastgelegd", "this was recorded earlier"),
    RestsOn.SOURCE_CONFIRMATION: Words(
        "de bronhouder antwoordt zelf", "the source holder answers in person"
    ),
    RestsOn.CLAIM: Words(
        "dit zegt u zelf; het wordt vastgelegd en soms nagekeken",
        "this is your own word; it is recorded and sometimes checked",
    ),
}


def _consent(condition: Condition) -> Words:
    if condition.form is None:
        return Words("er is geldige toestemming voor dit doel", "there is valid consent")
    return Words(
        f"er is geldige toestemming voor dit doel, in deze vorm: {condition.form}",
        f"there is valid consent, in this form: {condition.form}",
    )


def _age(condition: Condition) -> Words:
    least = [] if condition.minimum is None else [str(condition.minimum)]
    most = [] if condition.maximum is None else [str(condition.maximum)]
    nl = [*(f"minstens {age}" for age in least), *(f"hoogstens {age}" for age in most)]
    en = [*(f"at least {age}" for age in least), *(f"at most {age}" for age in most)]
    return Words(f"de leeftijd is {' en '.join(nl)} jaar", f"the age is {' and '.join(en)} years")


def _refusals(reasons: Iterable[Reason], number: int) -> Iterable[Words]:
    for reason in reasons:
        if reason.step == number:
            name = f"{reason.field}: " if reason.field else ""
            nl, en = f"{name}{reason.message_nl}", f"{name}{reason.message_en}"
            if reason.instead:
                offered = ", ".join(reason.instead)
                nl, en = (
                    f"{nl} Vraag in plaats daarvan: {offered}.",
                    f"{en} Ask instead: {offered}.",
                )
            yield Words(nl, en)
