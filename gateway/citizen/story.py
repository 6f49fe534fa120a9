"""One entry in words for the person it is about: who asked what, why, and what they got.

Told are words of the catalogue and of the entry, which holds no value; so nothing of another person
and nothing of the data itself can come along.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit.entry import EntryType, Json
from gateway.catalogue.model import Catalogue
from gateway.catalogue.roles import role_called
from gateway.citizen.embargo import time_of
from gateway.decision.explain import ground_words
from gateway.moments import HOME

_MONTHS: Final = (
    ("januari", "January"),
    ("februari", "February"),
    ("maart", "March"),
    ("april", "April"),
    ("mei", "May"),
    ("juni", "June"),
    ("juli", "July"),
    ("augustus", "August"),
    ("september", "September"),
    ("oktober", "October"),
    ("november", "November"),
    ("december", "December"),
)
_PRECISIONS: Final[Mapping[str, tuple[str, str]]] = {
    "absent": ("niets", "nothing"),
    "exists": ("alleen ja of nee", "only yes or no"),
    "flag": ("alleen ja, nee of onbekend", "only yes, no or unknown"),
    "count": ("alleen een aantal", "only a number"),
    "band": ("alleen een groep", "only a range"),
    "year": ("alleen in hele jaren", "only in whole years"),
    "quarter": ("alleen het kwartaal", "only the quarter"),
    "postcode4": ("alleen de cijfers van de postcode", "only the digits of the postcode"),
    "pseudonym": ("alleen een codenaam", "only a pseudonym"),
    "exact": ("precies", "exactly"),
}
_PLAIN: Final[Mapping[str, tuple[str, str]]] = {
    "6-1-a": ("er is toestemming gegeven", "consent was given"),
    "6-1-c": ("de wet verplicht dit", "the law demands this"),
    "6-1-d": ("het leven of de gezondheid van iemand is in gevaar", "somebody is in danger"),
    "6-1-e": ("dit hoort bij een publieke taak", "this belongs to a public task"),
    "9-2-a": (
        "er is toestemming gegeven voor gevoelige gegevens",
        "consent was given for sensitive data",
    ),
    "9-2-c": ("het leven of de gezondheid van iemand is in gevaar", "somebody is in danger"),
    "9-2-g": (
        "gevoelige gegevens mogen voor een groot algemeen belang",
        "sensitive data may be used for a substantial public interest",
    ),
    "9-2-h": (
        "gevoelige gegevens mogen voor zorg en hulp",
        "sensitive data may be used for care and help",
    ),
}
"""What the grounds of the GDPR that people meet most mean in plain words."""

_NO_GROUND: Final = "(9-none)"
"""How a ground ends that only says that article 9 does not apply; it allows nothing."""

_UNSAID: Final = ("niet gezegd", "not said")

TOLD: Final = frozenset(
    {EntryType.DISCLOSURE.value, EntryType.REFUSAL.value, EntryType.BREAK_GLASS.value}
)
"""The types of entry in which somebody asked something about a person."""


@dataclass(frozen=True, slots=True)
class Told:
    """The same in Dutch and in English."""

    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class Got:
    """A field that was given: what it is, and how precisely; never its value."""

    field: str
    words: Told


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody did who looked at something, with a place for {who}, and why they may."""

    did: Told
    why: Told


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, told.

    Shapes:  outcome: "given", "refused" or "waiting"; "looked" for a look, which asked for nothing
             and has the words of it in `look`; "undelivered" for an answer that is known not
             to have arrived, "undone" for one that did not go through. review: the word of how an
             emergency was judged, once it was.
    """

    at: dt.datetime
    organisation: str
    role: Told
    task: str | None
    purpose: Told
    basis: tuple[Told, ...]
    outcome: str
    got: tuple[Got, ...]
    emergency: bool
    others: bool
    veiled: bool = False
    review: str | None = None
    look: Look | None = None

    @property
    def text(self) -> Told:
        """The whole line as a few plain sentences."""
        said = self._asked() if self.look is None else self._looked(self.look)
        return Told(" ".join(each.nl for each in said), " ".join(each.en for each in said))

    def _looked(self, look: Look) -> list[Told]:
        when, who = moment_words(self.at), self._who()
        return [
            Told(
                f"Op {when.nl} {look.did.nl.format(who=who.nl)}",
                f"On {when.en} {look.did.en.format(who=who.en)}",
            ),
            Told(
                f"Waar het over gaat: {self.purpose.nl}",
                f"What it is about: {self.purpose.en}",
            ),
            look.why,
            *(
                Told(f"De wet daarbij: {each.nl}.", f"The law behind it: {each.en}.")
                for each in self.basis
            ),
        ]

    def _asked(self) -> list[Told]:
        when, who = moment_words(self.at), self._who()
        return [
            Told(
                f"Op {when.nl} heeft {who.nl} gegevens over u gevraagd.",
                f"On {when.en} {who.en} asked for data about you.",
            ),
            Told(f"Waarvoor: {self.purpose.nl}", f"What for: {self.purpose.en}"),
            *self._allowed(),
            self._heard() if self.outcome == "given" else _NOTHING[self.outcome],
            *self._more(),
        ]

    def _who(self) -> Told:
        return Told(
            f"{self.organisation} (rol: {self.role.nl})",
            f"{self.organisation} (role: {self.role.en})",
        )

    def _allowed(self) -> list[Told]:
        if not self.basis:
            return []
        nl = "; ".join(each.nl for each in self.basis)
        en = "; ".join(each.en for each in self.basis)
        return [Told(f"Dit mag volgens: {nl}.", f"The law allows this: {en}.")]

    def _heard(self) -> Told:
        nl = " ".join(each.words.nl for each in self.got)
        en = " ".join(each.words.en for each in self.got)
        heard = _YES_OR_NO if self.veiled else _LEARNED
        return Told(f"{heard.nl}: {nl}", f"{heard.en} (in Dutch): {en}")

    def _more(self) -> Sequence[Told]:
        return [
            words
            for holds, words in (
                (self.veiled, _VEILED),
                (self.emergency, _JUDGED.get(self.review or "", _IN_DANGER)),
                (self.others, _WITH_OTHERS),
            )
            if holds
        ]


_YES_OR_NO: Final = Told("Zij hoorden ja of nee", "They heard yes or no")
_LEARNED: Final = Told("Dit kregen zij te weten", "This is what they learned")
_NOTHING: Final[Mapping[str, Told]] = {
    "refused": Told(
        "De vraag is geweigerd. Zij kregen niets te weten.",
        "The question was refused. They learned nothing.",
    ),
    "waiting": Told(
        "De vraag ging eerst naar iemand die het antwoord weet. Toen kregen zij nog niets te "
        "weten. Kregen zij later antwoord, dan staat dat apart in dit overzicht.",
        "The question first went to somebody who knows the answer. At that moment they learned "
        "nothing. If they got an answer later, that stands apart in this overview.",
    ),
    "undelivered": Told(
        "Het antwoord is verstuurd. Maar voor zover wij weten is het niet aangekomen.",
        "The answer was sent. But as far as we know it did not arrive.",
    ),
    "undone": Told(
        "Dit is daarna niet doorgegaan. Zij kregen niets te weten.",
        "This did not go through after all. They learned nothing.",
    ),
}
_VEILED: Final = Told(
    "Een nee kan ook betekenen dat wij niets van u weten, of dat zij het niet mogen weten. "
    "In dat laatste geval is er bij geen enkele bron gekeken.",
    "A no may also mean that we know nothing of you, or that they may not know. "
    "In that last case no source was looked into.",
)
_IN_DANGER: Final = Told(
    "Dit ging om direct gevaar. Iemand anders beoordeelt of het nodig was.",
    "This was about immediate danger. Somebody else judges whether it was necessary.",
)
_JUDGED: Final[Mapping[str, Told]] = {
    "justified": Told(
        "Dit ging om direct gevaar. Iemand anders heeft het beoordeeld: het was nodig.",
        "This was about immediate danger. Somebody else judged it: it was necessary.",
    ),
    "partly_justified": Told(
        "Dit ging om direct gevaar. Iemand anders heeft het beoordeeld: het was niet allemaal "
        "nodig.",
        "This was about immediate danger. Somebody else judged it: not all of it was necessary.",
    ),
    "not_justified": Told(
        "Er is gezegd dat er direct gevaar was. Iemand anders heeft het beoordeeld: het was niet "
        "nodig.",
        "It was said that there was immediate danger. Somebody else judged it: it was not "
        "necessary.",
    ),
}
_REVIEW: Final = "review_"
_UNDONE: Final = {"undelivered": "undelivered", "not_carried_out": "undone"}
"""The outcome of a line, by the reason of the entry that corrects it."""
_WITH_OTHERS: Final = Told(
    "De vraag ging ook over anderen. Over hen staat hier niets.",
    "The question was about others too. Nothing about them stands here.",
)


def tell(leaf: Mapping[str, Json], catalogue: Catalogue, corrections: Sequence[str] = ()) -> Line:
    """Return one entry in which somebody asked something, told to the person it is about.

    Shapes:  corrections: the reasons of the entries that say what came of this one.
    """
    purpose = catalogue.purposes.get(str(leaf.get("purpose", "")))
    task = catalogue.tasks.get(str(leaf.get("task", "")))
    titles = _UNSAID if purpose is None else (purpose.title, purpose.title_en)
    return Line(
        at=time_of(leaf),
        organisation=name_of(str(leaf["organisation"]), catalogue),
        role=role_words(str(leaf["role"]), catalogue),
        task=None if task is None else task.title,
        purpose=Told(*map(ended, titles)),
        basis=tuple(
            _basis(str(ground))
            for ground in _items(leaf, "legal_basis")
            if not str(ground).endswith(_NO_GROUND)
        ),
        outcome=_outcome(leaf, corrections),
        got=tuple(_got(each, catalogue) for each in _items(leaf, "released")),
        emergency=leaf["type"] == EntryType.BREAK_GLASS.value,
        others=int(str(leaf["subjects"])) > 1,
        veiled=leaf.get("veiled") is True,
        review=next(
            (each.removeprefix(_REVIEW) for each in corrections if each.startswith(_REVIEW)), None
        ),
    )


def _outcome(leaf: Mapping[str, Json], corrections: Sequence[str]) -> str:
    if leaf["type"] != EntryType.REFUSAL.value:
        return next((_UNDONE[each] for each in corrections if each in _UNDONE), "given")
    return "waiting" if leaf.get("outcome") == "pending" else "refused"


def _items(leaf: Mapping[str, Json], name: str) -> Sequence[Json]:
    found = leaf.get(name, ())
    return found if isinstance(found, list | tuple) else ()


def name_of(oin: str, catalogue: Catalogue) -> str:
    """Return the name of an organisation, or its number where the policy knows it no more."""
    names = [each.name for each in catalogue.organisations.values() if each.oin == oin]
    return names[0] if names else f"de organisatie met nummer {oin}"


def _got(given: Json, catalogue: Catalogue) -> Got:
    members = given if isinstance(given, Mapping) else {}
    name, precision = str(members.get("field", "")), str(members.get("precision", ""))
    field = catalogue.fields.get(name)
    meaning = ended(_spaced(name) if field is None else field.meaning)
    nl, en = _PRECISIONS.get(precision, (precision, precision))
    return Got(name, Told(f"{meaning[:-1]} ({nl}).", f"{meaning[:-1]} ({en})."))


def _basis(ground: str) -> Told:
    """Return a ground of an entry, such as "Jeugdwet 2.3 (6-1-e)", as people write it."""
    law, _, gdpr = ground.removesuffix(")").rpartition(" (")
    return basis_words(law, gdpr)


def basis_words(law: str, gdpr: str) -> Told:
    """Return a law and a ground of the GDPR, with what that ground means in plain words."""
    words, plain = ground_words(gdpr), _PLAIN.get(gdpr)
    # A ground of the GDPR alone would be named twice.
    before = "" if law.startswith("AVG ") else f"{law}, "
    nl, en = ("", "") if plain is None else (f" ({plain[0]})", f" ({plain[1]})")
    return Told(f"{before}{words.nl}{nl}", f"{before}{words.en}{en}")


def role_words(name: str, catalogue: Catalogue) -> Told:
    """Return what a role is called; where the policy does not say, its name as words."""
    role = role_called(catalogue.roles, name)
    return Told(role.title, role.title_en)


def ended(sentence: str) -> str:
    """Return a sentence with its full stop."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def _spaced(name: str) -> str:
    return name.replace("-", " ").replace("_", " ")


def moment_words(at: dt.datetime) -> Told:
    """Return a moment as people here write it."""
    return Told(_when(at, 0), _when(at, 1))


def _when(at: dt.datetime, language: int) -> str:
    local = at.astimezone(HOME)
    month = _MONTHS[local.month - 1][language]
    between = ("om", "at")[language]
    return f"{local.day} {month} {local.year} {between} {local:%H:%M}"
