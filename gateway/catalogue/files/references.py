"""Whether the policy files agree with each other: every name that one uses, another explains."""

import re
from collections.abc import Iterable

from gateway.catalogue.cells import USUAL_SMALLEST
from gateway.catalogue.errors import Place
from gateway.catalogue.files.cells import check_groups
from gateway.catalogue.files.hints import Words, meant
from gateway.catalogue.files.members import Findings, Table
from gateway.catalogue.files.purpose import PurposeFile
from gateway.catalogue.files.veil import check_veil
from gateway.catalogue.model import (
    Catalogue,
    Condition,
    ConditionKind,
    Example,
    Purpose,
    Task,
)

NAME = re.compile(r"(?!(?:[^0-9]*[0-9]){5})[a-z][a-z0-9]*([-_][a-z0-9]+)*")
"""What an id looks like; a BSN, a date or a sentence does not.

At most four digits: requests take no name with more, because a name may be told again.
"""

# Task, activity and case, fields, conditions: the steps at which a decision refuses.
_LAST_STEP = 4


def check_task(task: Task, catalogue: Catalogue, table: Table) -> None:
    """Find what is wrong with a task as a whole; it goes to the findings of its table."""
    for name in task.activities:
        if not NAME.fullmatch(name):
            table.error("NAME", *name_words(name), table.place_of("activities", name))
    for organisation in task.responsible:
        if organisation not in catalogue.organisations:
            words = (f"bekende organisatie (bij '{task.id}')", f"organisation (of '{task.id}')")
            nl, en = _unknown_words(organisation, words, catalogue.organisations)
            table.error("UNKNOWN_REFERENCE", nl, en, table.place_of("responsible"))
    if not task.activities:
        nl = f"De taak '{task.id}' heeft geen enkele activiteit."
        en = f"The task '{task.id}' has no activity."
        table.error("TASK_EMPTY", nl, en, table.place_of("activities"))


def check_purpose(file: PurposeFile, catalogue: Catalogue, findings: Findings) -> None:
    """Find every name in a purpose that nothing else explains, and every contradiction in it."""
    purpose = file.purpose
    if not NAME.fullmatch(purpose.id):
        _name_wrong(file.at("id"), purpose.id, findings)
    _check_task_of(file, catalogue, findings)
    _check_requesters(file, catalogue, findings)
    _check_fields(file, catalogue, findings)
    _check_shape(file, findings)
    check_groups(purpose, file.at("groups"), findings)
    check_veil(purpose, file.at("indistinguishable"), findings)
    for example in purpose.examples:
        _check_example(example, file, findings)


def _check_task_of(file: PurposeFile, catalogue: Catalogue, findings: Findings) -> None:
    purpose = file.purpose
    task = catalogue.tasks.get(purpose.task)
    if task is None:
        words = ("bekende taak", "task")
        _unknown(file.at("task"), purpose.task, words, catalogue.tasks, findings)
    elif purpose.activity not in task.activities:
        words = ("bekende activiteit van deze taak", "activity of this task")
        _unknown(file.at("activity"), purpose.activity, words, task.activities, findings)


def _check_requesters(file: PurposeFile, catalogue: Catalogue, findings: Findings) -> None:
    for requester in file.purpose.requesters:
        organisation = catalogue.organisations.get(requester.organisation)
        place = file.at("requesters")
        if organisation is None:
            words = ("bekende organisatie", "organisation")
            _unknown(place, requester.organisation, words, catalogue.organisations, findings)
        elif requester.role not in organisation.roles:
            words = ("bekende rol van deze organisatie", "role of this organisation")
            _unknown(place, requester.role, words, organisation.roles, findings)


def _check_fields(file: PurposeFile, catalogue: Catalogue, findings: Findings) -> None:
    purpose = file.purpose
    for member, names in _names_by_member(purpose):
        for name in names:
            if name not in catalogue.fields:
                words = ("bekend gegeven", "field")
                _unknown(file.at(member, name), name, words, catalogue.fields, findings)
    for name in sorted(purpose.fields.keys() & set(purpose.never)):
        nl = f"'{name}' staat bij de gegevens en ook bij 'never'."
        findings.error(
            file.at("never"), "NEVER_AND_GIVEN", nl, f"'{name}' is given and never given."
        )
    for name, offered in purpose.instead.items():
        for other in sorted(set(offered) - purpose.fields.keys()):
            nl = f"'{other}' is geen gegeven van dit doel; bied het niet aan."
            en = f"'{other}' is no field of this purpose; do not offer it."
            findings.error(file.at("instead", name), "INSTEAD_NOT_GIVEN", nl, en)
        if name in purpose.fields:
            nl = f"'{name}' wordt gegeven; een ander aanbod is niet nodig."
            en = f"'{name}' is given; it needs no counter-offer."
            findings.error(file.at("instead", name), "INSTEAD_OF_GIVEN", nl, en)


def _names_by_member(purpose: Purpose) -> Iterable[tuple[str, Iterable[str]]]:
    return (
        ("fields", purpose.fields),
        ("never", purpose.never),
        ("instead", purpose.instead),
    )


def _check_shape(file: PurposeFile, findings: Findings) -> None:
    purpose = file.purpose
    for member, content in (("fields", purpose.fields), ("requesters", purpose.requesters)):
        if not content:
            nl, en = f"'{member}' is leeg.", f"'{member}' is empty."
            findings.error(file.at(member), "EMPTY", nl, en)
    names = [condition.name for condition in purpose.conditions]
    if len(set(names)) < len(names):
        nl, en = "Een voorwaarde staat er dubbel.", "A condition stands here twice."
        findings.error(file.at("conditions"), "CONDITION_TWICE", nl, en)
    for condition in purpose.conditions:
        if not NAME.fullmatch(condition.name):
            _name_wrong(file.at("conditions"), condition.name, findings)
        if not _limits_fit(condition):
            nl = "Een leeftijd heeft min, max of beide; een groep min: 10 of meer; de rest niets."
            en = "An age has min or max or both, rising; a group a min from 10; the rest neither."
            findings.error(file.at("conditions"), "CONDITION_LIMITS", nl, en)
    _check_persons(file, findings)


def _limits_fit(condition: Condition) -> bool:
    limits = [n for n in (condition.minimum, condition.maximum) if n is not None]
    if condition.kind is ConditionKind.GROUP_SIZE:
        return condition.maximum is None and min(limits, default=0) >= USUAL_SMALLEST
    return (condition.kind is ConditionKind.AGE) == bool(limits) and limits == sorted(limits)


def _check_persons(file: PurposeFile, findings: Findings) -> None:
    """Demand a case for what is about a person, and a smallest group for what is about a group."""
    purpose = file.purpose
    of_group = any(c.kind is ConditionKind.GROUP_SIZE for c in purpose.conditions)
    if purpose.aggregated != (of_group or purpose.groups is not None):
        nl = "Een doel over een groep heeft 'aggregated: true' en een kleinste groep: 'groups'."
        en = "A purpose about a group has 'aggregated: true' and a smallest group: 'groups'."
        findings.error(file.at("conditions"), "GROUP", nl, en)
    if purpose.aggregated and (purpose.needs_consent or purpose.case_kinds):
        nl = "Een doel over een groep kent geen casus en geen toestemming."
        en = "A purpose about a group knows no case and no consent."
        findings.error(file.at("aggregated"), "GROUP", nl, en)
    if not purpose.aggregated and not purpose.case_kinds:
        nl = "Noem bij 'case_kinds' in welke soort casus de vrager partij moet zijn."
        en = "Name in 'case_kinds' the kind of case in which the asker must be a party."
        findings.error(file.at("case_kinds"), "CASE_KIND_MISSING", nl, en)
    if purpose.emergency and (purpose.needs_consent or purpose.aggregated):
        nl = "Gevaar vervangt geen toestemming, en cijfers kennen geen gevaar: geen 'emergency'."
        en = "Danger replaces no consent, and figures know no danger: no 'emergency' here."
        findings.error(file.at("emergency"), "EMERGENCY", nl, en)
    if (purpose.representation is not None) and not purpose.needs_consent:
        nl = "'representation' hoort bij een doel dat toestemming vraagt."
        en = "'representation' belongs to a purpose that needs consent."
        findings.error(file.at("representation"), "REPRESENTATION", nl, en)


def _check_example(example: Example, file: PurposeFile, findings: Findings) -> None:
    if example.permitted and (example.code or example.step is not None or example.instead):
        nl = "Een voorbeeld dat mag, heeft geen step, code of instead."
        en = "An example that is permitted has no step, code or instead."
        findings.error(file.at("examples"), "EXAMPLE", nl, en)
    if example.step is not None and not 1 <= example.step <= _LAST_STEP:
        nl = f"Een 'step' is een getal van 1 tot en met {_LAST_STEP}."
        en = f"A 'step' is a number from 1 to {_LAST_STEP}."
        findings.error(file.at("examples"), "EXAMPLE", nl, en)
    if not example.permitted and (example.code is None or example.step is None):
        nl = "Een voorbeeld dat niet mag, noemt step en code."
        en = "An example that is refused names step and code."
        findings.error(file.at("examples"), "EXAMPLE", nl, en)


def _unknown(
    place: Place, name: str, words: Words, known: Iterable[str], findings: Findings
) -> None:
    findings.error(place, "UNKNOWN_REFERENCE", *_unknown_words(name, words, known))


def _unknown_words(name: str, words: Words, known: Iterable[str]) -> Words:
    nl, en = meant(name, known)
    return f"'{name}' is geen {words[0]}.{nl}", f"'{name}' is no known {words[1]}.{en}"


def _name_wrong(place: Place, name: str, findings: Findings) -> None:
    findings.error(place, "NAME", *name_words(name))


def name_words(name: str) -> tuple[str, str]:
    """Return what a name looks like, in Dutch and in English, for one that does not."""
    nl = "kleine letters, hoogstens vier cijfers, - en _, en een letter voorop"
    en = "lower case, at most four digits, - and _, and a letter first"
    return f"'{name}' kan geen naam zijn: {nl}.", f"'{name}' cannot be a name: {en}."
