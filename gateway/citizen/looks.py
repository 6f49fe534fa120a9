"""A look at what is about one person, in words for that person: at a case, or at a question.

A search that finds a case is recorded as a look at that case. What finds nothing, and a list in
which nobody is named, is an entry about no person, or none: `SCOPE` says so to who reads a report.
"""

from collections.abc import Mapping
from typing import Final

from audit.entry import EntryType, Json
from gateway.cases.entries import QUESTION_READ
from gateway.cases.machine import Step
from gateway.catalogue.model import Beginning, Catalogue, Task
from gateway.citizen.embargo import time_of
from gateway.citizen.story import Line, Look, Told, basis_words, ended, name_of, role_words

_CASE: Final = Look(
    Told(
        "heeft {who} uw casus bekeken of opgezocht.", "{who} looked at your case or looked it up."
    ),
    Told(
        "Dit mag omdat zij meedoen in deze casus.",
        "They may do this because they take part in this case.",
    ),
)
_QUESTION: Final = Look(
    Told("heeft {who} een vraag over u gelezen.", "{who} read a question about you."),
    Told(
        "Dit mag omdat zij het antwoord op die vraag kunnen weten.",
        "They may do this because they may know the answer to that question.",
    ),
)
_LOOKS: Final[Mapping[str, Look]] = {Step.READ.value: _CASE, QUESTION_READ: _QUESTION}

SCOPE: Final = Told(
    "Hier staat wie iets over u vroeg, en wie uw casus of een vraag over u bekeek. Wie zocht en "
    "niets over u vond, staat er niet bij: daar is niets van vastgelegd. Wie een lijst opende "
    "waarop uw casus of een vraag over u stond, staat er ook niet bij. Op zo'n lijst staat geen "
    "naam, en van uw burgerservicenummer hooguit het eind.",
    "This tells who asked something about you, and who looked at your case or at a question about "
    "you. Who searched and found nothing about you is not told: nothing of that was recorded. Nor "
    "is who opened a list with your case or a question about you on it. Such a list has no name, "
    "and of your citizen service number the end at most.",
)
"""What stands in a report and what does not."""


def is_look(leaf: Mapping[str, Json]) -> bool:
    """Tell whether an entry is a look at what is about a person."""
    return leaf["type"] == EntryType.CASE.value and leaf.get("step") in _LOOKS


def tell_look(leaf: Mapping[str, Json], catalogue: Catalogue) -> Line:
    """Return one look, told to the person it is about: who, when, at what and why it is allowed."""
    task = _task(leaf, catalogue)
    return Line(
        at=time_of(leaf),
        organisation=name_of(str(leaf["organisation"]), catalogue),
        role=role_words(str(leaf["role"]), catalogue),
        task=None if task is None else task.title,
        purpose=_what(leaf, catalogue),
        basis=() if task is None else (_basis(task),),
        outcome="looked",
        got=(),
        emergency=False,
        others=False,
        look=_LOOKS[str(leaf["step"])],
    )


def _what(leaf: Mapping[str, Json], catalogue: Catalogue) -> Told:
    """Return what was looked at: the kind of case, or what the question is for."""
    kind = catalogue.case_kinds.get(str(leaf.get("kind", "")))
    purpose = catalogue.purposes.get(str(leaf.get("purpose", "")))
    if kind is not None:
        return Told(ended(kind.title), ended(kind.title))
    if purpose is not None:
        return Told(ended(purpose.title), ended(purpose.title_en))
    return Told("niet gezegd.", "not said.")


def _task(leaf: Mapping[str, Json], catalogue: Catalogue) -> Task | None:
    """Return the task that makes it lawful: that of how the case began, or of the question."""
    kind = catalogue.case_kinds.get(str(leaf.get("kind", "")))
    purpose = catalogue.purposes.get(str(leaf.get("purpose", "")))
    if purpose is not None:
        return catalogue.tasks.get(purpose.task)
    begun = {way.value: way for way in Beginning}.get(str(leaf.get("beginning", "")))
    start = None if kind is None or begun is None else kind.starts.get(begun)
    return None if start is None else catalogue.tasks.get(start.task)


def _basis(task: Task) -> Told:
    return basis_words(f"{task.law} {task.article}", task.gdpr)
