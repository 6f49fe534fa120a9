"""A note or form before it is written down, and what was found of it; no content in what is found.

A `Note` holds the text of its author and goes nowhere: it is not stored, not logged, not recorded.
A `CheckedNote` holds names, kinds and counts alone.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.catalogue.recording import Domain, Kind, Opening
from gateway.decision.model import Reason


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to record: the acting hat, and all hats of that person.

    Trust:   from a verified caller, or from somebody at the command line of the policy files.
    """

    organisation: str
    role: str
    hats: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of free text under a label; `repr` hides the text."""

    label: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wants to record, with the step and the purpose that is declared for it.

    Shapes:  domains: None asks for all life domains that are open, and none for none.
    """

    task: str
    activity: str
    purposes: tuple[str, ...]
    fields: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    domains: tuple[str, ...] | None = None
    help_question: str | None = None


class Verdict(StrEnum):
    """Whether something may be recorded; the first one is the kindest."""

    NECESSARY = "necessary"
    MOTIVATION = "motivation"
    NOT_NECESSARY = "not_necessary"


@dataclass(frozen=True, slots=True)
class FieldVerdict:
    """Whether one field may be recorded: how precisely and why, or why not and what instead."""

    name: str
    verdict: Verdict
    because: str | None = None
    precision: str | None = None
    needs_consent: bool = False
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """That a text seems to hold particulars of a kind that does not belong there.

    Units:   count: how many times something of the kind was seen.
    """

    kind: Kind
    count: int


@dataclass(frozen=True, slots=True)
class SectionVerdict:
    """What may stand under a label; `fields` is empty when nobody knows the label."""

    label: str
    verdict: Verdict
    fields: tuple[FieldVerdict, ...]
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class DomainVerdict:
    """Whether a life domain may be asked and scored; without an opening it may not.

    `domain` is None when the matrix does not know the name.
    """

    name: str
    domain: Domain | None
    opening: Opening | None


@dataclass(frozen=True, slots=True)
class CheckedNote:
    """What may be recorded of a note, and what may not; `labels` are all that the policy knows."""

    fields: tuple[FieldVerdict, ...]
    sections: tuple[SectionVerdict, ...]
    domains: tuple[DomainVerdict, ...]
    labels: tuple[str, ...]
    revision: str

    @property
    def may_stay(self) -> bool:
        """Whether nothing has to be taken out."""
        needless = Verdict.NOT_NECESSARY
        return (
            all(field.verdict is not needless for field in self.fields)
            and all(each.verdict is not needless and not each.found for each in self.sections)
            and all(domain.opening is not None for domain in self.domains)
        )
