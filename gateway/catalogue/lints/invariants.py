"""Sentences that hold for the whole catalogue, whatever a single purpose file says.

An invariant names combinations in which nothing may ever be released, and the exceptions to it.
Both are lists of selectors: every key of a selector must fit, and a key fits when one of its words
does. The keys are the closed list in `KEYS`; a word that the catalogue does not know is an error,
because a sentence about a misspelt field would hold without anybody checking anything.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from gateway.catalogue.errors import CatalogueInvalid, Place
from gateway.catalogue.files.members import Findings, Table
from gateway.catalogue.files.yaml_subset import parse_yaml
from gateway.catalogue.model import (
    Catalogue,
    FieldGrant,
    FieldType,
    OrganisationType,
    Precision,
    Requester,
    RestsOn,
    Sensitivity,
)
from gateway.catalogue.outcomes import CASE, CONSENT

Selector: TypeAlias = Mapping[str, tuple[str, ...]]

PERSON, GROUP = "person", "group"
REQUESTER, STRANGER = "requester", "stranger"
IN_FORCE = "in_force"
ORDINARY, EMERGENCY = "ordinary", "emergency"

_FILE = "invariants.yaml"


@dataclass(frozen=True, slots=True)
class Release:
    """One combination in which the decision lets a field go.

    `unmet` names the facts that do not hold in it: the case, consent, conditions, laws in force.
    """

    requester: Requester
    task: str
    activity: str
    purpose: str
    field: str
    about: str
    unmet: frozenset[str]
    situation: str = ORDINARY


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence in Dutch and English, with what it forbids and what it leaves out.

    What fits one of the selectors in `never` and none of the exceptions must not exist.
    """

    sentence: str
    sentence_en: str
    never: tuple[Selector, ...]
    exceptions: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """A combination that an invariant forbids."""

    invariant: Invariant
    release: Release


@dataclass(frozen=True, slots=True)
class _Key:
    """What a key of a selector looks at, and the words that it may hold."""

    words: Callable[[Release, Catalogue], Collection[str]]
    known: Callable[[Catalogue], Collection[str]]


def violations(
    invariants: Iterable[Invariant], releases: Iterable[Release], catalogue: Catalogue
) -> tuple[Violation, ...]:
    """Return every combination that one of the sentences forbids, in the order of the sentences."""
    found = tuple(releases)
    return tuple(
        Violation(invariant, release)
        for invariant in invariants
        for release in found
        if any(_fits(each, release, catalogue) for each in invariant.never)
        and not any(_fits(each, release, catalogue) for each in invariant.exceptions)
    )


def _fits(selector: Selector, release: Release, catalogue: Catalogue) -> bool:
    return all(
        not set(words).isdisjoint(KEYS[key].words(release, catalogue))
        for key, words in selector.items()
    )


def load_invariants(policies_dir: Path, catalogue: Catalogue) -> tuple[Invariant, ...]:
    """Return the sentences in `invariants.yaml`.

    Raises:  CatalogueInvalid with every finding: no sentence at all, a key or word that is unknown.
    """
    findings = Findings()
    label = f"policies/{_FILE}"
    try:
        raw = (policies_dir / _FILE).read_bytes()
    except OSError as exc:
        nl = "Dit bestand ontbreekt of is niet te lezen."
        findings.error(Place(label), "FILE_UNREADABLE", nl, "Missing or unreadable file.")
        raise CatalogueInvalid(findings.all()) from exc
    table = Table(parse_yaml(raw, label), findings)
    invariants = table.tables("invariants", lambda each: _invariant(each, catalogue))
    table.close()
    if not invariants:
        nl, en = "Er staat geen enkele zin in dit bestand.", "There is no sentence in this file."
        findings.error(Place(label), "EMPTY", nl, en)
    if findings.all():
        raise CatalogueInvalid(findings.all())
    return invariants


def _invariant(table: Table, catalogue: Catalogue) -> Invariant:
    exceptions = (
        table.tables("except", lambda each: _selector(each, catalogue))
        if table.has("except")
        else ()
    )
    return Invariant(
        sentence=table.text("sentence"),
        sentence_en=table.text("sentence_en"),
        never=table.tables("never", lambda each: _selector(each, catalogue)),
        exceptions=exceptions,
    )


def _selector(table: Table, catalogue: Catalogue) -> Selector:
    """Read a selector; an empty one would fit everything and is an error."""
    selector = {key: table.texts(key) for key in KEYS if table.has(key)}
    for key, words in selector.items():
        for word in sorted(set(words) - set(KEYS[key].known(catalogue))):
            nl = f"Het woord '{word}' kennen wij niet bij '{key}'."
            en = f"The word '{word}' is unknown for '{key}'."
            table.error("WORD_UNKNOWN", nl, en, table.place_of(key))
    if not any(selector.values()):
        table.error("EMPTY", "Noem minstens een kenmerk.", "Name at least one feature.")
    return MappingProxyType(selector)


def _grant(release: Release, catalogue: Catalogue) -> FieldGrant:
    return catalogue.purposes[release.purpose].fields[release.field]


def _grants(catalogue: Catalogue) -> Iterable[FieldGrant]:
    return (grant for each in catalogue.purposes.values() for grant in each.fields.values())


def _party(release: Release, catalogue: Catalogue) -> tuple[str]:
    named = release.requester in catalogue.purposes[release.purpose].requesters
    return (REQUESTER if named else STRANGER,)


def _type_of_party(release: Release, catalogue: Catalogue) -> tuple[str, ...]:
    organisation = catalogue.organisations.get(release.requester.organisation)
    return () if organisation is None else (organisation.type.value,)


def _sources(grant: FieldGrant) -> tuple[str, ...]:
    other = () if grant.other is None else (grant.other[0], ".".join(grant.other))
    return (grant.table, f"{grant.table}.{grant.column}", *other)


def _filters(grant: FieldGrant) -> tuple[str, ...]:
    return tuple(f"{name}={str(value).lower()}" for name, value in grant.where)


def _rests_on(release: Release, catalogue: Catalogue) -> set[str]:
    conditions = catalogue.purposes[release.purpose].conditions
    bases = {condition.rests_on.value for condition in conditions}
    if _grant(release, catalogue).consent:
        bases.add(RestsOn.RECORDED_ACT.value)
    return bases


def _facts(catalogue: Catalogue) -> set[str]:
    named = {c.name for each in catalogue.purposes.values() for c in each.conditions}
    return named | {CASE, CONSENT, IN_FORCE}


def _roles(catalogue: Catalogue) -> set[str]:
    return {role for each in catalogue.organisations.values() for role in each.roles}


def _activities(catalogue: Catalogue) -> set[str]:
    return {name for task in catalogue.tasks.values() for name in task.activities}


KEYS: Mapping[str, _Key] = MappingProxyType(
    {
        "organisation": _Key(lambda r, _: (r.requester.organisation,), lambda c: c.organisations),
        "organisation_type": _Key(_type_of_party, lambda _: tuple(OrganisationType)),
        "role": _Key(lambda r, _: (r.requester.role,), _roles),
        "party": _Key(_party, lambda _: (REQUESTER, STRANGER)),
        "task": _Key(lambda r, _: (r.task,), lambda c: c.tasks),
        "law": _Key(
            lambda r, c: (c.tasks[r.task].law,), lambda c: {t.law for t in c.tasks.values()}
        ),
        "activity": _Key(lambda r, _: (r.activity,), _activities),
        "purpose": _Key(lambda r, _: (r.purpose,), lambda c: c.purposes),
        "about": _Key(lambda r, _: (r.about,), lambda _: (PERSON, GROUP)),
        "unmet": _Key(lambda r, _: r.unmet, _facts),
        "situation": _Key(lambda r, _: (r.situation,), lambda _: (ORDINARY, EMERGENCY)),
        "rests_on": _Key(_rests_on, lambda _: tuple(RestsOn)),
        "field": _Key(lambda r, _: (r.field,), lambda c: c.fields),
        "holder": _Key(
            lambda r, c: (c.fields[r.field].holder,),
            lambda c: {f.holder for f in c.fields.values()},
        ),
        "sensitivity": _Key(
            lambda r, c: (c.fields[r.field].sensitivity.value,), lambda _: tuple(Sensitivity)
        ),
        "type": _Key(lambda r, c: (c.fields[r.field].type.value,), lambda _: tuple(FieldType)),
        "special": _Key(
            lambda r, c: (_grant(r, c).special or "",),
            lambda c: {grant.special or "" for grant in _grants(c)},
        ),
        "source": _Key(
            lambda r, c: _sources(_grant(r, c)),
            lambda c: {name for grant in _grants(c) for name in _sources(grant)},
        ),
        "where": _Key(
            lambda r, c: _filters(_grant(r, c)),
            lambda c: {name for grant in _grants(c) for name in _filters(grant)},
        ),
        "precision": _Key(
            lambda r, c: (_grant(r, c).precision.label,), lambda _: {p.label for p in Precision}
        ),
    }
)
