"""Who asks and who answers: a role at an organisation, by their names in the policy files."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requester:
    """A role at an organisation that may declare a purpose (verzoeker)."""

    role: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Answering:
    """Which professional of the source holder answers the one question, and in how much time.

    `field` is the flag that the answer becomes.
    Units:   within_days in working days.
    """

    by: Requester
    field: str
    within_days: int
