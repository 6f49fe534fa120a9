"""What the policy files say, as frozen values: organisations, tasks, fields, purposes, a catalogue.

Nothing here reads a file or a clock; `load` builds these values and `lint` judges them.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.catalogue.answering import Answering, Requester
from gateway.catalogue.cells import Groups
from gateway.catalogue.grant import Band, FieldGrant, Scalar
from gateway.catalogue.guard import Mosaic, Repeat
from gateway.catalogue.recording import Recording
from gateway.catalogue.roles import Role
from gateway.catalogue.values.working_days import add_working_days
from gateway.catalogue.veil import Veil
from gateway.catalogue.words import (
    LEVELS,
    RESTS_ON,
    Beginning,
    ConditionKind,
    Derive,
    FieldType,
    LawStatus,
    Need,
    OrganisationType,
    Phase,
    Precision,
    RestsOn,
    Sensitivity,
)

__all__ = [
    "LEVELS",
    "RESTS_ON",
    "Activity",
    "Answering",
    "Band",
    "Beginning",
    "CaseKind",
    "CaseStart",
    "Catalogue",
    "Condition",
    "ConditionKind",
    "Derive",
    "Example",
    "Field",
    "FieldGrant",
    "FieldType",
    "InformSubject",
    "LawStatus",
    "LegalBasis",
    "Need",
    "Organisation",
    "OrganisationType",
    "Origin",
    "OverAsk",
    "Phase",
    "Precision",
    "Purpose",
    "Requester",
    "RestsOn",
    "Retention",
    "Scalar",
    "Secrecy",
    "Sensitivity",
    "Task",
    "Veil",
]


@dataclass(frozen=True, slots=True)
class Organisation:
    """A party that may ask for data or hold it, with the roles that its people may act in.

    Shapes:  oin: 20 digits; mandates: by role, the decisions it may take for the college.
    """

    id: str
    name: str
    oin: str
    type: OrganisationType
    roles: tuple[str, ...]
    mandates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activity:
    """One step of the work process of a task (UPP step 2)."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Task:
    """A statutory task (taak, UPP step 1) with the law that gives it and its activities.

    `bill_checked` is the day on which somebody last looked whether a bill has become law; such a
    task has no first day yet, which is written as the last date there is.
    Units:   valid_from and valid_until are dates, both inclusive.
    """

    id: str
    title: str
    law: str
    article: str
    gdpr: str
    responsible: tuple[str, ...]
    status: LawStatus
    valid_from: dt.date
    valid_until: dt.date | None
    activities: Mapping[str, Activity]
    bill_checked: dt.date | None = None

    def in_force_on(self, day: dt.date) -> bool:
        """Tell whether the law behind this task holds on that day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True)
class Field:
    """One logical field of the data dictionary (gegeven)."""

    name: str
    type: FieldType
    holder: str
    sensitivity: Sensitivity
    secrecy: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class CaseStart:
    """One way in which a kind of case may begin: the task whose law allows it, and by whom."""

    task: str
    by: tuple[Requester, ...]


@dataclass(frozen=True, slots=True)
class CaseKind:
    """A kind of case (soort casus): its phases in order, who coordinates, how it may begin.

    `consent` is the purpose whose consent the parties need to see each other's part in it.
    Units:   term_days: how long a membership lasts at most, and when nobody names its
             last day; decide_within: working days from the day it begins, 0 for that day itself.
    """

    id: str
    title: str
    phases: tuple[Phase, ...]
    coordinators: tuple[Requester, ...]
    starts: Mapping[Beginning, CaseStart]
    term_days: int | None = None
    consent: str | None = None
    decide_within: int | None = None

    def decide_by(self, began_on: dt.date) -> dt.date | None:
        """Return the last day to decide in a case that began on this day, if there is one."""
        if self.decide_within is None:
            return None
        return add_working_days(began_on, self.decide_within)

    def coordinated_by(self, organisation: str, role: str) -> bool:
        """Tell whether this role at this organisation coordinates such cases."""
        return Requester(role, organisation) in self.coordinators


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must hold before anything leaves (voorwaarde), by a unique name.

    `form` is the form a consent must have, `one_of` what a claim may say, `note` why it is there;
    table and column are where a fact stands.
    Units:   minimum and maximum in whole years on the decision date, or in persons; inclusive.
    """

    name: str
    kind: ConditionKind
    minimum: int | None = None
    maximum: int | None = None
    form: str | None = None
    one_of: tuple[str, ...] = ()
    table: str | None = None
    column: str | None = None
    note: str | None = None

    @property
    def rests_on(self) -> RestsOn:
        """What makes the gateway believe that it is met."""
        return RESTS_ON[self.kind]


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """One ground (grondslag): the article, and the article of the GDPR it fills in."""

    law: str
    article: str
    gdpr: str
    status: LawStatus
    note: str | None


@dataclass(frozen=True, slots=True)
class Secrecy:
    """The professional secrecy (beroepsgeheim) that the purpose meets, and what it asks."""

    law: str
    article: str
    note: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the receiver keeps the answer, on which ground, and what the gateway keeps."""

    term: str
    ground: str
    status: LawStatus
    gateway: str


@dataclass(frozen=True, slots=True)
class InformSubject:
    """Whether and how the person concerned hears of it, and for how long it would do harm.

    Units:   embargo_days: whole days from the entry in which nobody tells the person.
    """

    required: bool
    how: str
    embargo_days: int = 0


@dataclass(frozen=True, slots=True)
class OverAsk:
    """The question that people tend to ask, and the one that suffices."""

    asked: str
    offered: str
    why: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the purpose was heard: the words of practice that it stands for."""

    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the answer it must get; run as a test.

    `facts` names only what differs from "everything is met".
    """

    ask: tuple[str, ...]
    justified: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    permitted: bool
    step: int | None
    code: str | None
    instead: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose (doel, UPP step 3) with everything that a decision about it needs.

    `processing` is the id of the processing (verwerking) to which consents refer. An `aggregated`
    purpose is about no person at all. `representation` is the domain in which a curator or
    administrator consents for the person. `phases` are those of the case in which it may be
    declared; none named is all of them. In an `emergency` it may do without what takes time.
    `answer` names whom the one question goes to where the word of the source holder decides.
    Where `silence_is_unknown`, a flag whose source does not answer is unknown; else it refuses.
    `repeat` says how often it may be asked; none named is what the catalogue says of all.
    `groups` is what holds for its tables of persons, if it tells any.
    Behind a `veil`, nobody can tell "no" from "not known" or "not yours".
    Units:   valid_from and valid_until are dates, both inclusive.
    """

    id: str
    processing: str
    task: str
    activity: str
    label: str
    title: str
    title_en: str
    question: str
    requesters: tuple[Requester, ...]
    source_holder: str
    case_kinds: tuple[str, ...]
    fields: Mapping[str, FieldGrant]
    never: tuple[str, ...]
    instead: Mapping[str, tuple[str, ...]]
    legal_basis: tuple[LegalBasis, ...]
    secrecy: Secrecy | None
    conditions: tuple[Condition, ...]
    inform_subject: InformSubject
    retention: Retention
    valid_from: dt.date
    valid_until: dt.date | None
    review_by: dt.date
    over_ask: OverAsk
    origin: Origin
    examples: tuple[Example, ...]
    aggregated: bool = False
    representation: str | None = None
    phases: tuple[Phase, ...] = ()
    emergency: bool = False
    answer: Answering | None = None
    silence_is_unknown: bool = False
    repeat: Repeat | None = None
    veil: Veil | None = None
    groups: Groups | None = None

    @property
    def minimal(self) -> tuple[str, ...]:
        """The fields that are always necessary: what a request without a field list gets."""
        return tuple(g.name for g in self.fields.values() if g.need is Need.ALWAYS)

    @property
    def needs_consent(self) -> bool:
        """Whether any part of the purpose rests on consent, the whole or one field."""
        whole = any(c.kind is ConditionKind.CONSENT for c in self.conditions)
        return whole or any(grant.consent for grant in self.fields.values())


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All policy files of one revision.

    Shapes:  revision: sha256 in hex over the content of every policy file, the Rego included.
    Trust:   only `load.load_catalogue` makes one, after every check has passed.
    """

    revision: str
    organisations: Mapping[str, Organisation]
    tasks: Mapping[str, Task]
    fields: Mapping[str, Field]
    purposes: Mapping[str, Purpose]
    case_kinds: Mapping[str, CaseKind] = field(default_factory=dict)
    recording: Recording = field(default_factory=Recording)
    mosaic: Mosaic = field(default_factory=Mosaic)
    roles: Mapping[str, Role] = field(default_factory=dict)
    _by_activity: Mapping[tuple[str, str], tuple[Purpose, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        index: dict[tuple[str, str], tuple[Purpose, ...]] = {}
        for purpose in self.purposes.values():
            key = (purpose.task, purpose.activity)
            index[key] = (*index.get(key, ()), purpose)
        object.__setattr__(self, "_by_activity", index)

    def purposes_of(self, task: str, activity: str) -> tuple[Purpose, ...]:
        """Return the purposes of that activity of that task, in the order of their ids."""
        return self._by_activity.get((task, activity), ())

    def repeat_of(self, purpose: Purpose) -> Repeat | None:
        """Return how often this may be asked; None where there is no limit."""
        return self.mosaic.default if purpose.repeat is None else purpose.repeat

    def coordinates(self, organisation: str, role: str, kind: str) -> bool:
        """Tell whether this role at this organisation coordinates cases of this kind."""
        known = self.case_kinds.get(kind)
        return known is not None and known.coordinated_by(organisation, role)

    def mandates_of(self, organisation: str, role: str) -> frozenset[str]:
        """Return the mandates that the organisation gives to people in this role."""
        known = self.organisations.get(organisation)
        return frozenset() if known is None else frozenset(known.mandates.get(role, ()))
