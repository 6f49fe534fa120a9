"""Says of a note or form, before it is written down, what is necessary for its purpose."""

# To say what may be recorded we need, in this order:
#   1. a person who may declare the step: the same standing as for a disclosure   (decision/parties)
#   2. the one decision on the names of fields, those behind labels and kinds too (decision/decide)
#   3. per field, section and life domain what that decision, or the matrix, means (here)
#   4. in the text of each section the kinds that the purpose does not need        (detect)
# No person is named and no source is asked: it is supposed that there is a case and that every
# condition about a person is met, so that the answer speaks of necessity alone. The mandate is the
# asker's own and is not supposed.

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from gateway.catalogue.model import Catalogue, ConditionKind, Purpose
from gateway.catalogue.outcomes import all_met
from gateway.catalogue.recording import Kind
from gateway.decision.decide import Decider
from gateway.decision.model import (
    Code,
    OverAsking,
    Permit,
    Question,
    Reason,
    Refuse,
    SubjectCheck,
)
from gateway.recording.detect import ALWAYS, found_in
from gateway.recording.model import (
    Asker,
    CheckedNote,
    DomainVerdict,
    FieldVerdict,
    Note,
    Section,
    SectionVerdict,
    Verdict,
)

# What stands in the question for a word that the catalogue does not know: free text goes nowhere.
_UNKNOWN_WORD = "unknown"
# The policy decides on so many fields at once, and refuses more.
_AT_ONCE = 100
_KINDEST_FIRST = tuple(Verdict)

Verdicts = Mapping[str, FieldVerdict]


async def check_note(
    decider: Decider, asker: Asker, note: Note, day: dt.date
) -> CheckedNote | Refuse:
    """Return what of the note may be recorded, or the refusal of who may not declare its step.

    Effects: none: nothing of the note is stored, logged or entered in the ledger.
    Trust:   the note is the asker's own word; only names out of it reach the decision.
    """
    catalogue = decider.catalogue
    kinds = (*ALWAYS, *catalogue.recording.kinds.values())
    groups = (
        tuple(name for kind in kinds for name in kind.fields),
        note.fields,
        *(_behind(section.label, catalogue) for section in note.sections),
    )
    decided: list[Verdicts] = []
    for names in groups:
        verdicts = await _decide(decider, asker, note, names, day)
        if isinstance(verdicts, Refuse):
            return verdicts
        decided.append(verdicts)
    watched, fields, *behind = decided
    unwanted = tuple(kind for kind in kinds if not _may_hold(kind, watched))
    return CheckedNote(
        fields=tuple(fields.values()),
        sections=tuple(
            _section(section, tuple(verdicts.values()), unwanted)
            for section, verdicts in zip(note.sections, behind, strict=True)
        ),
        domains=tuple(_domains(note, catalogue)),
        labels=tuple(sorted(catalogue.recording.labels)),
        revision=catalogue.revision,
    )


def _behind(label: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the fields that belong under a label; the name of a field is a label as well."""
    known = catalogue.recording.labels.get(label)
    if known is not None:
        return known.fields
    return (label,) if label in catalogue.fields else ()


async def _decide(
    decider: Decider, asker: Asker, note: Note, names: tuple[str, ...], day: dt.date
) -> Verdicts | Refuse:
    """Return the verdict on each of these names, or the refusal of the question as a whole.

    A group is decided by itself: what is offered instead of a field is not what is asked beside it.
    """
    once = tuple(dict.fromkeys(names))
    verdicts: dict[str, FieldVerdict] = {}
    for start in range(0, len(once), _AT_ONCE):
        part = once[start : start + _AT_ONCE]
        decision = await decider.decide(_question(decider, asker, note, part, day))
        reasons = decision.withheld if isinstance(decision, Permit) else decision.reasons
        failed = {reason.field: reason for reason in reasons}
        if isinstance(decision, Refuse) and None in failed:
            return decision
        purpose = decider.catalogue.purposes[note.purposes[0]]
        verdicts |= {name: _verdict(name, failed.get(name), purpose) for name in part}
    return verdicts


def _question(
    decider: Decider, asker: Asker, note: Note, names: tuple[str, ...], day: dt.date
) -> Question:
    """Return the question about these names, on this day, as if about a person who fits."""
    catalogue = decider.catalogue
    acting = (asker.organisation, asker.role)
    purpose = catalogue.purposes.get(note.purposes[0])
    about_group = purpose is not None and purpose.aggregated
    return Question(
        organisation=asker.organisation,
        role=asker.role,
        standing=decider.parties.standing(asker.hats, acting, note.task, note.activity),
        task=_known_word(note.task, catalogue.tasks),
        activity=_known_word(note.activity, _activities(catalogue)),
        purposes=tuple(dict.fromkeys(_known_word(p, catalogue.purposes) for p in note.purposes)),
        subject=SubjectCheck.MISSING if about_group else SubjectCheck.VALID,
        fields=names,
        justified=(),
        over_asking=OverAsking.WITHHOLD,
        facts=tuple(sorted(_supposed(purpose, catalogue.mandates_of(*acting)).items())),
        date=day.isoformat(),
    )


def _known_word(word: str, known: Iterable[str]) -> str:
    return word if word in known else _UNKNOWN_WORD


def _activities(catalogue: Catalogue) -> set[str]:
    return {name for task in catalogue.tasks.values() for name in task.activities}


def _supposed(purpose: Purpose | None, mandates: frozenset[str]) -> dict[str, str]:
    """Return the outcome of each condition, all of them met but a mandate that is not held."""
    conditions = () if purpose is None else purpose.conditions
    lacking = {
        condition.name
        for condition in conditions
        if condition.kind is ConditionKind.MANDATE and condition.name not in mandates
    }
    return all_met(conditions) | dict.fromkeys(lacking, Code.MANDATE_MISSING.value)


def _verdict(name: str, reason: Reason | None, purpose: Purpose) -> FieldVerdict:
    if reason is not None and reason.code is not Code.MOTIVATION_MISSING:
        return FieldVerdict(name, Verdict.NOT_NECESSARY, reason=reason)
    grant = purpose.fields[name]
    return FieldVerdict(
        name,
        Verdict.NECESSARY if reason is None else Verdict.MOTIVATION,
        because=grant.because,
        precision=grant.precision.label,
        needs_consent=grant.consent,
        reason=reason,
    )


def _may_hold(kind: Kind, verdicts: Verdicts) -> bool:
    """Tell whether the purpose needs anything of this kind: then words of it are in place."""
    return any(verdicts[name].verdict is not Verdict.NOT_NECESSARY for name in kind.fields)


def _section(
    section: Section, fields: tuple[FieldVerdict, ...], unwanted: Iterable[Kind]
) -> SectionVerdict:
    verdicts = [Verdict.NOT_NECESSARY, *(each.verdict for each in fields)]
    return SectionVerdict(
        label=section.label,
        verdict=min(verdicts, key=_KINDEST_FIRST.index),
        fields=fields,
        found=found_in(section.text, unwanted),
    )


def _domains(note: Note, catalogue: Catalogue) -> Iterator[DomainVerdict]:
    """Yield what holds for each life domain that is asked, or for all that are open."""
    open_now = catalogue.recording.openings(note.purposes[0], note.help_question)
    for name in dict.fromkeys(open_now if note.domains is None else note.domains):
        yield DomainVerdict(name, catalogue.recording.domains.get(name), open_now.get(name))
