"""Cases, consents and what else decisions about one person rest on, as frozen values."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from gateway.catalogue.model import Beginning, Phase
from gateway.subject import Subject


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step: an organisation in one role, and the partner's own id of the person."""

    organisation: str
    role: str
    professional: str


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation that takes part in a case (partij); its first and last day count.

    Without a role every role of the organisation takes part. `mandate` says in words what for;
    `tasks` narrows what the party may declare, and none named narrows nothing. `trajectory` is the
    help that is the reason to take part; `left_at` is when the party left, at once and for good.
    """

    organisation: str
    since: dt.date
    until: dt.date | None
    role: str | None = None
    mandate: str | None = None
    tasks: tuple[str, ...] = ()
    trajectory: str | None = None
    left_at: dt.datetime | None = None

    def takes_part_on(self, day: dt.date) -> bool:
        """Tell whether the membership runs on this day.

        Who left is out by the record of it, whatever a clock that runs behind makes of the moment.
        """
        in_term = self.since <= day and (self.until is None or day <= self.until)
        return in_term and self.left_at is None

    def is_for(self, organisation: str, role: str | None) -> bool:
        """Tell whether this membership is that of the organisation, in this role of it."""
        return self.organisation == organisation and self.role in {None, role}


@dataclass(frozen=True, slots=True)
class Case:
    """The running matter of one person (casus): its kind, its phase and who takes part in it.

    `stalled_on` is when the coordinator noted that working together is stuck, and `decided_on` when
    it was decided what the person gets; neither says what about.
    Shapes:  id: 32 random hex digits; label: what people call it, when they call it anything.
    """

    id: str
    kind: str
    phase: Phase
    parties: tuple[Party, ...]
    beginning: Beginning = Beginning.OWN_REQUEST
    label: str | None = None
    stalled_on: dt.date | None = None
    decided_on: dt.date | None = None

    @property
    def is_open(self) -> bool:
        """Whether the case still runs."""
        return self.phase is not Phase.CLOSED

    def has_party(self, organisation: str, role: str, day: dt.date) -> bool:
        """Tell whether this role at this organisation takes part on this day."""
        return any(
            party.is_for(organisation, role) and party.takes_part_on(day) for party in self.parties
        )


@dataclass(frozen=True, slots=True)
class Signal:
    """What must be on record before a case begins over somebody's head (gesprek geprobeerd).

    Units:   attempts: how often somebody tried to talk with the person first, once at least.
    """

    tried_on: dt.date
    tried_by: str
    attempts: int
    severity: str


SEVERITIES = ("ernstige-overlast", "zorgmijding", "ernstig-nadeel")
"""How bad it must be for a professional to signal; the words of the purpose that rests on it."""


class Progress(StrEnum):
    """How far an agreement is, in the words that purposes read."""

    PLANNED = "gepland"
    RUNNING = "loopt"
    DONE = "gereed"


@dataclass(frozen=True, slots=True)
class Agreement:
    """One line of the werkplan: which party does what, until when; never what it is about.

    A reference to a running plan elsewhere is an agreement without a term: the werkplan replaces no
    other plan and holds nothing of it. `next_on` is the next day on which something happens.
    """

    number: int
    organisation: str
    action: str
    until: dt.date | None
    status: Progress = Progress.PLANNED
    next_on: dt.date | None = None

    @property
    def is_done(self) -> bool:
        """Whether it was kept."""
        return self.status is Progress.DONE


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case with everything that the store keeps of it.

    Shapes:  ledger_key: 32 random hex digits that stand for the case in the ledger; version rises
             by one with every step, from one.
    """

    case: Case
    subject: Subject
    ledger_key: str
    version: int
    began_on: dt.date
    signal: Signal | None = None
    agreements: tuple[Agreement, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """A permission (toestemming) for one processing: who gave it, in which form, when it holds.

    `purpose` narrows it to one purpose of the processing, `fields` to these fields of it; without
    either it stands for all. Whether it was withdrawn tells; the day of it is for the record.
    """

    processing: str
    given_by: frozenset[str]
    given_on: dt.date
    withdrawn_on: dt.date | None
    valid_until: dt.date | None
    form: str | None = None
    purpose: str | None = None
    fields: frozenset[str] = frozenset()

    def covers(self, purpose: str, fields: frozenset[str]) -> bool:
        """Tell whether it reaches this purpose and all of these fields."""
        return self.purpose in {None, purpose} and (not self.fields or fields <= self.fields)


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A consent with everything that the store keeps of it.

    Shapes:  id and ledger_key: 32 random hex digits.
    """

    id: str
    ledger_key: str
    subject: Subject
    consent: Consent
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Representation:
    """That a curator, administrator or mentor decides for somebody, in one domain of life."""

    kind: str
    domain: str
    since: dt.date
    until: dt.date | None

    def runs_on(self, day: dt.date) -> bool:
        """Tell whether it holds on this day; the first and the last day count."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The answer of the source holder's own professional (bronbevestiging), for one purpose."""

    purpose: str
    confirmed_on: dt.date
    valid_until: dt.date | None
