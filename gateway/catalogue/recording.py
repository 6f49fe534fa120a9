"""What the policy says about recording: labels of notes, kinds to look for, and life domains."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class DomainUse(IntEnum):
    """What may be done with a life domain; the smaller one wins."""

    ASK = 1
    SCORE = 2

    @property
    def label(self) -> str:
        """The word that stands in the policy files and in the answers."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Domain:
    """A life domain (leefgebied) of the matrix, with the fields in which it would end up."""

    id: str
    title: str
    title_en: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """How far a help question opens a life domain, and why."""

    use: DomainUse
    because: str


@dataclass(frozen=True, slots=True)
class HelpQuestion:
    """What a citizen asks (hulpvraag), the purposes it belongs to, the life domains it opens."""

    id: str
    title: str
    title_en: str
    purposes: tuple[str, ...]
    opens: Mapping[str, Opening]


@dataclass(frozen=True, slots=True)
class Label:
    """A heading under which a note may be written, with the fields that belong there."""

    id: str
    title: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of particulars that a text may give away, by words that tell of it.

    Shapes:  words: lower case, without accents; one that ends in * has any ending.
    """

    id: str
    title: str
    title_en: str
    fields: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """All that the policy says about recording; without a file nothing is opened."""

    domains: Mapping[str, Domain] = field(default_factory=dict)
    help_questions: Mapping[str, HelpQuestion] = field(default_factory=dict)
    labels: Mapping[str, Label] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    def openings(self, purpose: str, help_question: str | None) -> Mapping[str, Opening]:
        """Return the life domains that the help question opens for this purpose.

        Without a help question it is what every help question of the purpose opens; a help question
        of another purpose opens nothing.
        """
        questions = [each for each in self.help_questions.values() if purpose in each.purposes]
        if help_question is not None:
            questions = [each for each in questions if each.id == help_question]
        if not questions:
            return {}
        shared = set.intersection(*(set(each.opens) for each in questions))
        return {
            name: min((each.opens[name] for each in questions), key=lambda opening: opening.use)
            for name in self.domains
            if name in shared
        }
