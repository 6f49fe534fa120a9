"""A recorded request as the question that it was, as far as its leaf tells, to be decided again.

A leaf tells how it was asked and what came out, not what fell away before it mattered. So where it
is silent, a question is made that differs from the asked one only in what cannot change what comes
out: another field that was necessary too, another word that the catalogue does not know, another of
the fine codes that look alike from outside. The tests hold that over the whole catalogue.
"""

from collections.abc import Iterator, Sequence

from gateway.cases.facts import mandate_outcome
from gateway.catalogue.model import Catalogue, ConditionKind, Need, Purpose
from gateway.catalogue.outcomes import CASE, CONSENT, MET
from gateway.decision.model import Code, OverAsking, Question, Standing, SubjectCheck
from gateway.learning.records import Asking, Record
from gateway.moments import from_unix_ms

FAILED = frozenset(
    {
        Code.SOURCE_FAILED,
        Code.ENGINE_FAILED,
        Code.WITNESSES_MISSING,
        Code.TABLE_REFUSED,
        Code.ANSWER_NARROWED,
        Code.ASKED_TOO_OFTEN,
        Code.COOLING_DOWN,
        Code.NOT_TOGETHER,
        Code.BUDGET_SPENT,
        Code.COUNT_MISSING,
    }
)
"""Refusals that no rule gave over this request alone: what was needed to decide or to release was
not there, or had been given before."""

_UNKNOWN_WORD = "unknown"
_UNKNOWN_FIELD = "unknown-field-"
# One more than any request may name: beyond it, more of them make no difference.
_MANY = 101
_FIELD_STEP, _CONDITION_STEP = 3, 4
_CASE_CODES = frozenset(
    {
        Code.SUBJECT_UNKNOWN,
        Code.CASE_MISSING,
        Code.NOT_PARTY,
        Code.CASE_CLOSED,
        Code.CASE_MEMBERSHIP_EXPIRED,
        Code.CASE_MEMBERSHIP_NOT_STARTED,
        Code.CASE_PHASE,
        Code.CASE_TASK,
    }
)
_CONSENT_CODES = frozenset(
    {
        Code.CONSENT_MISSING,
        Code.CONSENT_WITHDRAWN,
        Code.CONSENT_EXPIRED,
        Code.CONSENT_WRONG_PERSON,
    }
)


def find_organisation(record: Record, catalogue: Catalogue) -> str | None:
    """Return who asked; None when the catalogue does not tell one organisation by its OIN."""
    found = [each for each in catalogue.organisations.values() if each.oin == record.organisation]
    if len(found) > 1:
        found = [each for each in found if record.role in each.roles]
    return found[0].id if len(found) == 1 else None


def question_of(record: Record, then: Catalogue, organisation: str) -> Question:
    """Return the question that this record answers.

    `then` is the catalogue under which it was decided, `organisation` who asked it.
    """
    asking = record.asking or _guess(record, then)
    purpose = _fitting(record, then, asking)
    fields, motivated = _fields(record, asking, purpose)
    facts = _facts(record, then, organisation, purpose, asking.standing)
    return Question(
        organisation=organisation,
        role=record.role,
        standing=asking.standing,
        task=_word(record, record.task, Code.TASK_MISSING),
        activity=_word(record, record.activity, Code.ACTIVITY_MISSING),
        purposes=tuple(_purposes(record, asking)),
        subject=_subject(record),
        fields=fields,
        justified=tuple(sorted({*asking.justified, *motivated})),
        over_asking=asking.over_asking,
        facts=tuple(sorted(facts.items())),
        date=from_unix_ms(record.time).date().isoformat(),
        emergency=asking.emergency,
    )


def _guess(record: Record, then: Catalogue) -> Asking:
    """Take an older entry so that it asked no more than it shows.

    A permit is taken to have asked not to receive a part, a refused field to have had no
    motivation, and asking exactly the minimal set is taken for leaving the list out.
    """
    purpose = then.purposes.get(record.purpose or "")
    minimal = set() if purpose is None else set(purpose.minimal)
    passed = {*record.released, *(p.field for p in record.refused if p.step == _CONDITION_STEP)}
    grants = () if purpose is None else purpose.fields.values()
    return Asking(
        is_minimal=not record.asked or record.asked == minimal,
        over_asking=OverAsking.WITHHOLD if record.outcome == "partial" else OverAsking.REFUSE,
        purposes=1,
        standing=Standing.HOLDS,
        justified=tuple(
            sorted(g.name for g in grants if g.need is Need.JUDGEMENT and g.name in passed)
        ),
    )


def _fitting(record: Record, then: Catalogue, asking: Asking) -> Purpose | None:
    """Return the one declared purpose, if it belongs to the declared step."""
    purpose = then.purposes.get(record.purpose or "")
    if purpose is None or asking.purposes != 1:
        return None
    fits = (purpose.task, purpose.activity) == (record.task, record.activity)
    return purpose if fits else None


def _word(record: Record, known: str | None, missing: Code) -> str:
    """Return a declared word; what the catalogue did not know is not in a leaf."""
    if known is not None:
        return known
    return "" if any(part.code == missing for part in record.refused) else _UNKNOWN_WORD


def _purposes(record: Record, asking: Asking) -> Iterator[str]:
    known = () if record.purpose is None else (record.purpose,)
    yield from known
    for number in range(len(known), min(asking.purposes, 2)):
        yield f"{_UNKNOWN_WORD}-{number}"


def _subject(record: Record) -> SubjectCheck:
    if record.about_a_person:
        return SubjectCheck.VALID
    invalid = any(part.code == Code.SUBJECT_INVALID_BSN for part in record.refused)
    return SubjectCheck.INVALID if invalid else SubjectCheck.MISSING


def _fields(
    record: Record, asking: Asking, purpose: Purpose | None
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the fields as asked, None being the minimal set, and which are sure to be motivated.

    Of a refusal for some of its fields only those are known; the others made no difference.
    """
    if asking.is_minimal:
        return None, ()
    named = [*record.released, *(part.field for part in record.refused if part.field is not None)]
    codes = {part.code for part in record.refused}
    unknown = sum(part.count for part in record.refused if part.code == Code.FIELD_UNKNOWN)
    if Code.TOO_MANY_FIELDS in codes:
        unknown = _MANY
    if named or unknown or Code.NO_FIELDS in codes:
        made_up = (f"{_UNKNOWN_FIELD}{number}" for number in range(min(unknown, _MANY)))
        unnamed = _unnamed_consent(record, named, purpose)
        return (*named, *made_up, *unnamed), unnamed
    necessary = () if purpose is None else _necessary(record, purpose)
    return necessary or None, necessary


def _unnamed_consent(
    record: Record, named: Sequence[str], purpose: Purpose | None
) -> tuple[str, ...]:
    """Return a field for the consent that was asked, if the entry had no room to name one."""
    if purpose is None or not _asks_consent_of_fields(record, purpose):
        return ()
    consenting = [name for name, grant in purpose.fields.items() if grant.consent]
    return () if set(consenting).intersection(named) else tuple(consenting[:1])


def _necessary(record: Record, purpose: Purpose) -> tuple[str, ...]:
    """Return fields in place of those that a condition kept out of the leaf.

    They were necessary, or the conditions had not been asked, and needed the same consent as these.
    """
    by_field = _asks_consent_of_fields(record, purpose)
    whole = any(condition.name == CONSENT for condition in purpose.conditions)
    fitting = [n for n, grant in purpose.fields.items() if whole or grant.consent is by_field]
    always = [name for name in fitting if purpose.fields[name].need is Need.ALWAYS]
    return tuple(always or fitting)


def _asks_consent_of_fields(record: Record, purpose: Purpose) -> bool:
    """Tell whether a consent was asked that not the whole purpose but one of its fields needs."""
    whole = any(condition.name == CONSENT for condition in purpose.conditions)
    return CONSENT in record.conditions and not whole


def _facts(
    record: Record, then: Catalogue, organisation: str, purpose: Purpose | None, standing: Standing
) -> dict[str, str]:
    """Return the outcomes as recorded; who came as far as the fields had the case it takes."""
    facts = dict(record.conditions)
    if record.released or facts or any(part.step >= _FIELD_STEP for part in record.refused):
        facts[CASE] = MET
    for part in record.refused:
        if part.code in _CASE_CODES:
            facts[CASE] = part.code
        elif part.code in _CONSENT_CODES:
            facts.setdefault(CONSENT, part.code)
    about_group = purpose is not None and purpose.aggregated
    if (
        purpose is not None
        and standing is Standing.HOLDS
        and about_group is not record.about_a_person
    ):
        facts |= _mandates(purpose, then.mandates_of(organisation, record.role))
    return facts


def _mandates(purpose: Purpose, held: frozenset[str]) -> dict[str, str]:
    """Return the outcomes that are no facts of a person but policy, so that they are found anew."""
    return {
        condition.name: mandate_outcome(held, condition)
        for condition in purpose.conditions
        if condition.kind is ConditionKind.MANDATE
    }
