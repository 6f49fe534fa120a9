"""The catalogue as one page for the intranet: task, activity, purpose, fields, and the picture."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gateway.catalogue.compare import Policy
from gateway.catalogue.model import (
    Catalogue,
    Derive,
    FieldGrant,
    LawStatus,
    LegalBasis,
    Need,
    Precision,
    Purpose,
    RestsOn,
    Sensitivity,
    Task,
)
from gateway.catalogue.pages.cells_words import groups_sentences
from gateway.catalogue.pages.dpia import Say
from gateway.catalogue.pages.grant_words import measure_words
from gateway.catalogue.pages.grounds import (
    basis_words,
    dpv_terms,
    ground_words,
    grounds_of,
    special_grounds_of,
)
from gateway.catalogue.pages.guard_words import guard_sentences
from gateway.catalogue.pages.html import render
from gateway.catalogue.pages.limit_words import (
    exception_sentences,
    limit_sentences,
    veil_sentence,
)
from gateway.catalogue.pages.picture import CELL, LEVEL_WORDS, MARKS, overview, panels
from gateway.catalogue.roles import role_called

_DERIVED: Mapping[Derive, str] = MappingProxyType(
    {
        Derive.ANY: "geldt het ergens",
        Derive.LIST: "een lijst",
        Derive.ITEMS: "een lijst",
        Derive.PAIRS: "een lijst, per partij",
        Derive.ACTIVE_PARTIES: "wie er nu meedoet",
        Derive.SUM: "bij elkaar opgeteld",
        Derive.EARLIEST: "de vroegste datum",
        Derive.AGE: "de leeftijd",
        Derive.AGE_FROM: "of de leeftijd bereikt is",
        Derive.LAST_12_MONTHS: "in de laatste 12 maanden",
        Derive.CLASH: "of er iets botst",
        Derive.EQUALS: "of het overeenkomt",
        Derive.ONE_OF: "of het een van deze is",
        Derive.AT_MOST: "of het niet te veel is",
        Derive.AT_LEAST: "of het genoeg is",
        Derive.MATCH: "of de namen overeenkomen",
        Derive.FIGURE: "een cijfer over een groep",
    }
)
_SENSITIVE: Mapping[Sensitivity, str] = MappingProxyType(
    {
        Sensitivity.SPECIAL: "bijzonder",
        Sensitivity.CRIMINAL: "strafrechtelijk",
        Sensitivity.NATIONAL_ID: "burgerservicenummer",
    }
)
_RESTS_ON: Mapping[RestsOn, str] = MappingProxyType(
    {
        RestsOn.FACT: "de poort zoekt dit op",
        RestsOn.RECORDED_ACT: "dit is eerder vastgelegd",
        RestsOn.SOURCE_CONFIRMATION: "de professional van de bron bevestigt dit",
        RestsOn.CLAIM: "de vrager verklaart dit; het komt in de steekproef",
    }
)
_UNCHECKED = {LawStatus.RECALLED: "wettekst nog nakijken", LawStatus.OLDER: "oudere wettekst"}


@dataclass(frozen=True, slots=True)
class _Step:
    """An activity of a task with its purposes."""

    title: str
    purposes: tuple[Purpose, ...]


@dataclass(frozen=True, slots=True)
class _Chapter:
    """A task with the activities for which there is a purpose."""

    task: Task
    in_force: bool
    responsible: str
    steps: tuple[_Step, ...]


def catalogue_page(policy: Policy, say: Say, today: dt.date) -> str:
    """Return the page of the whole catalogue, Dutch first with English beside it."""
    catalogue = policy.catalogue
    return render(
        "catalogue.html.j2",
        catalogue=catalogue,
        chapters=tuple(_chapters(catalogue, today)),
        overview=overview(policy),
        panels=panels(policy),
        cell=CELL,
        levels=[(level.value, LEVEL_WORDS[level], MARKS[level]) for level in Precision if level],
        say=say,
        words=_Words(catalogue),
        today=today,
    )


def register_page(policy: Policy, purposes: Sequence[Purpose], say: Say, today: dt.date) -> str:
    """Return the register of these processing activities as a page to read or print."""
    catalogue = policy.catalogue
    return render(
        "register.html.j2",
        catalogue=catalogue,
        purposes=purposes,
        say=say,
        words=_Words(catalogue),
        today=today,
    )


def _chapters(catalogue: Catalogue, today: dt.date) -> Iterator[_Chapter]:
    for task in catalogue.tasks.values():
        steps = tuple(
            _Step(activity.title, catalogue.purposes_of(task.id, activity.id))
            for activity in task.activities.values()
            if catalogue.purposes_of(task.id, activity.id)
        )
        if steps:
            names = (catalogue.organisations[name].name for name in task.responsible)
            yield _Chapter(task, task.in_force_on(today), ", ".join(names), steps)


@dataclass(frozen=True, slots=True)
class _Words:
    """What the templates ask: each method says one thing of the catalogue in plain Dutch."""

    catalogue: Catalogue

    def field(self, name: str) -> str:
        """Return a field's name as words."""
        return name.replace("_", " ")

    def meaning(self, name: str) -> str:
        """Return the sentence of the data dictionary."""
        return self.catalogue.fields[name].meaning

    def level(self, grant: FieldGrant) -> str:
        """Return what leaves of the field."""
        derived = _DERIVED.get(grant.derive)
        return LEVEL_WORDS[grant.precision] + (f" ({derived})" if derived else "")

    def measure(self, grant: FieldGrant) -> str:
        """Return what the value is compared with, or all the texts that may leave, or nothing."""
        words = measure_words(grant)
        return "" if words is None else words[0]

    def need(self, grant: FieldGrant) -> str:
        """Return when the field is necessary."""
        when = "altijd" if grant.need is Need.ALWAYS else "als u uitlegt waarom"
        return f"{when}, met toestemming" if grant.consent else when

    def marks(self, grant: FieldGrant) -> tuple[str, ...]:
        """Return what makes the field delicate: its category, and professional secrecy."""
        field = self.catalogue.fields[grant.name]
        special = grant.special or _SENSITIVE.get(field.sensitivity)
        secret = "beroepsgeheim" if field.secrecy else None
        return tuple(word for word in (special, secret) if word)

    def rests_on(self, basis: RestsOn) -> str:
        """Return what makes the gateway believe a condition."""
        return _RESTS_ON[basis]

    def ground(self, code: str) -> str:
        """Return a ground of the GDPR in words."""
        return ground_words(code)

    def basis(self, basis: LegalBasis) -> str:
        """Return a legal basis in words."""
        return basis_words(basis)

    def unchecked(self, status: LawStatus) -> str:
        """Return the warning on a law text that somebody must still look up, or nothing."""
        return _UNCHECKED.get(status, "")

    def requesters(self, purpose: Purpose) -> tuple[tuple[str, str], ...]:
        """Return each organisation that may ask, with what its roles are called."""
        by_name: dict[str, list[str]] = {}
        for requester in purpose.requesters:
            name = self.catalogue.organisations[requester.organisation].name
            role = role_called(self.catalogue.roles, requester.role)
            by_name.setdefault(name, []).append(role.title)
        return tuple((name, ", ".join(roles)) for name, roles in by_name.items())

    def limits(self, purpose: Purpose) -> tuple[str, ...]:
        """Return how often this may be asked, and with what its answer does not go together."""
        return tuple(nl for nl, _ in guard_sentences(self.catalogue, purpose))

    def small_groups(self, purpose: Purpose) -> tuple[str, ...]:
        """Return what keeps persons out of sight in the tables of a purpose."""
        groups = purpose.groups
        return () if groups is None else tuple(nl for nl, _ in groups_sentences(groups))

    def veil(self, purpose: Purpose) -> str:
        """Return what a "no" means where answers look the same, or nothing."""
        return "" if purpose.veil is None else veil_sentence(purpose.veil)[0]

    def exceptions(self, purpose: Purpose) -> tuple[str, ...]:
        """Return what holds in danger, while a source is silent, and before the person is told."""
        return tuple(nl for nl, _ in exception_sentences(purpose))

    def measures(self, purpose: Purpose) -> tuple[str, ...]:
        """Return every limit of a purpose, for who wants them in one list."""
        return tuple(nl for nl, _ in limit_sentences(self.catalogue, purpose))

    def terms(self, purpose: Purpose) -> str:
        """Return the DPV terms of the grounds of a purpose."""
        return ", ".join(dpv_terms((*grounds_of(purpose), *special_grounds_of(purpose))))
