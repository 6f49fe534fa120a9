"""What the policy engine hears of a field that a caller made up: that there is one, not its name.

A name that no catalogue has is free text, and questions stand in the memory of decisions and in the
decision log of a policy server. The answer names it again, for who asked only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateway.catalogue.model import Catalogue
from gateway.decision.model import Decision, Permit, Question, Reason

# No field can be asked under such a name, so this stands for none that somebody asks for.
_STRANGE = "?{}"


def without_own_words(question: Question, catalogue: Catalogue) -> Question:
    """Return the question with a stand-in for each asked field that no catalogue knows."""
    words = _stand_ins(question, catalogue)
    known = tuple(name for name in question.justified if name in catalogue.fields)
    if not words and known == question.justified:
        return question
    fields = question.fields and tuple(words.get(name, name) for name in question.fields)
    return replace(question, fields=fields, justified=known)


def with_own_words(decision: Decision, question: Question, catalogue: Catalogue) -> Decision:
    """Return the decision on such a question, its reasons about the fields as they were asked."""
    words = {stand_in: name for name, stand_in in _stand_ins(question, catalogue).items()}
    if not words:
        return decision
    if isinstance(decision, Permit):
        return replace(decision, withheld=_named(decision.withheld, words))
    return replace(decision, reasons=_named(decision.reasons, words))


def _stand_ins(question: Question, catalogue: Catalogue) -> dict[str, str]:
    asked = dict.fromkeys(question.fields or ())
    strange = [name for name in asked if name not in catalogue.fields]
    return {name: _STRANGE.format(number) for number, name in enumerate(strange, start=1)}


def _named(reasons: Iterable[Reason], words: Mapping[str, str]) -> tuple[Reason, ...]:
    return tuple(replace(each, field=words.get(each.field or "", each.field)) for each in reasons)
