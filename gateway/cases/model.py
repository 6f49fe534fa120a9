"""What the case store knows about one person, as frozen values."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation that takes part in a case (partij); its first and last day count."""

    organisation: str
    since: dt.date
    until: dt.date | None

    def takes_part_on(self, day: dt.date) -> bool:
        """Tell whether the membership runs on this day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Case:
    """The running matter of one person (casus): its kind, its state and who takes part in it."""

    id: str
    kind: str
    is_open: bool
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class Consent:
    """A permission (toestemming) for one processing: who gave it, in which form, when it holds."""

    processing: str
    given_by: frozenset[str]
    given_on: dt.date
    withdrawn_on: dt.date | None
    valid_until: dt.date | None
    form: str | None = None


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
