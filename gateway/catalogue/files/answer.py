"""Who answers the one question of a purpose: from YAML table to `Answering`, and its check."""

from gateway.catalogue.errors import Place
from gateway.catalogue.files.members import Findings, Table
from gateway.catalogue.model import (
    Answering,
    Catalogue,
    ConditionKind,
    Precision,
    Purpose,
    Requester,
)

_WITHIN_DAYS = 5
_LONGEST = 60


def read_answering(table: Table) -> Answering:
    """Return who answers; without a term the answer has five working days."""
    within = table.integer("within_days")
    return Answering(
        by=table.table("by", _professional),
        field=table.text("field"),
        within_days=_WITHIN_DAYS if within is None else within,
    )


def _professional(table: Table) -> Requester:
    return Requester(table.text("role"), table.text("organisation"))


def check_answering(
    purpose: Purpose, catalogue: Catalogue, place: Place, findings: Findings
) -> None:
    """Find what keeps an answer from being given, or from being the answer to the question."""
    answer = purpose.answer
    if answer is None:
        return
    known = catalogue.organisations.get(answer.by.organisation)
    if known is None or answer.by.role not in known.roles:
        nl = f"'{answer.by.role} ({answer.by.organisation})' is nergens bekend."
        en = f"'{answer.by.role} ({answer.by.organisation})' is known nowhere."
        findings.error(place, "UNKNOWN_REFERENCE", nl, en)
    if answer.by in purpose.requesters:
        nl, en = "Wie vraagt, geeft niet zelf het antwoord.", "Who asks does not answer."
        findings.error(place, "ANSWER_OWN", nl, en)
    grant = purpose.fields.get(answer.field)
    if grant is None or grant.precision is not Precision.FLAG:
        nl = "Het antwoord is ja of nee: noem een gegeven van dit doel met precision: flag."
        en = "The answer is yes or no: name a field of this purpose with precision: flag."
        findings.error(place, "ANSWER_FIELD", nl, en)
    if all(each.kind is not ConditionKind.SOURCE_CONFIRMATION for each in purpose.conditions):
        nl = "Zonder voorwaarde 'source_confirmation' valt er niets te beantwoorden."
        en = "Without a condition 'source_confirmation' there is nothing to answer."
        findings.error(place, "ANSWER_NEEDLESS", nl, en)
    if not 1 <= answer.within_days <= _LONGEST:
        nl, en = f"Een antwoord komt binnen 1 tot {_LONGEST} werkdagen.", "An answer has a term."
        findings.error(place, "ANSWER_TERM", nl, en)
