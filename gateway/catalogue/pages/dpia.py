"""A DPIA in the form of the Rijksmodel, filled in as far as the catalogue knows the answers.

Only what stands in the policy files is answered; weighing it stays with people, so no question is
marked as done, and risks and measures are left open.

Source: Rijksmodel DPIA 3.0, assessment-output.v2: answers by the id of their question. A group that
        is repeated for each processing has one element for each, in the same order everywhere.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gateway.catalogue.model import (
    Catalogue,
    Condition,
    Field,
    FieldGrant,
    LegalBasis,
    Purpose,
    Sensitivity,
)
from gateway.catalogue.pages.grant_words import measure_words
from gateway.catalogue.pages.grounds import (
    GROUNDS,
    KIND_OF_DATA,
    basis_words,
    duration_of,
    grounds_of,
)
from gateway.catalogue.pages.limit_words import limit_sentences
from gateway.catalogue.pages.picture import LEVEL_WORDS

Say: TypeAlias = Callable[[Condition], tuple[str, str]]
"""What says a condition in plain Dutch and English."""

_SCHEMA = (
    "https://github.com/MinBZK/par-dpia-form/blob/main/schemas/assessment-output.v2.schema.json"
)
_URN = "urn:nl:dpia:3.0"
_HEALTH = "Type bijzondere persoonsgegevens: Gegevens over gezondheid"
_BY_LAW = "Toelaatbaar op grond van Unie- of lidstaatrechtelijk recht"
_PERSON = "inwoner om wie het gaat"
_GROUP = "inwoners die in een groep worden geteld"

_Answer: TypeAlias = dict[str, object]
_Texts: TypeAlias = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class _Assessed:
    """The purposes of one assessment with what explains them."""

    purposes: Sequence[Purpose]
    catalogue: Catalogue
    say: Say
    at: str


def prefilled(
    purposes: Sequence[Purpose], catalogue: Catalogue, say: Say, made_at: dt.datetime
) -> dict[str, object]:
    """Return the assessment of these purposes, ready to be opened and finished by people.

    Units:   made_at is an aware time.
    """
    assessed = _Assessed(purposes, catalogue, say, made_at.isoformat())
    answers: dict[str, object] = {
        key: _answer(value, assessed) for key, value in _singles(assessed).items()
    }
    for key, elements in _groups(assessed).items():
        answers[key] = [
            {"_index": index, **{name: _answer(value, assessed) for name, value in texts.items()}}
            for index, texts in enumerate(elements)
        ]
    return {
        "$schema": _SCHEMA,
        "metadata": {"urn": _URN, "createdAt": assessed.at},
        "answers": answers,
    }


def _answer(value: str | list[str], assessed: _Assessed) -> _Answer:
    return {"value": value, "lastEditedAt": assessed.at}


def _singles(assessed: _Assessed) -> _Texts:
    """Return the answers that stand once."""
    special, criminal = _special(assessed), _sensitive(assessed, Sensitivity.CRIMINAL)
    national = _sensitive(assessed, Sensitivity.NATIONAL_ID)
    return {
        "0": (
            "Vooraf ingevuld uit de beleidsbestanden, revisie "
            f"{assessed.catalogue.revision}. Nog door mensen te doen: de risico's en maatregelen "
            "(16 en 17), de locaties (8), de belangen (7) en de rechten van betrokkenen (15)."
        ),
        "1.1": _lines(
            f"{p.label}: {p.title} De vraag die beantwoord moet worden: {p.question}"
            for p in assessed.purposes
        ),
        "4": (
            "Het gegeven wordt per vraag bij de bron opgehaald, teruggebracht tot de precisie die "
            "het doel nodig heeft en verstrekt met een bewijs. Er wordt niets over de inwoner "
            "automatisch besloten en er wordt geen profiel gemaakt."
        ),
        "12.1.1": _yes(special),
        "12.2.1": _yes(criminal),
        "12.3.1": _yes(national),
        "14.1": _lines(_subsidiarity(p) for p in assessed.purposes),
        "14.2": _lines(_proportionality(p, assessed.catalogue) for p in assessed.purposes),
        "15.8.1": _yes([p for p in assessed.purposes if p.inform_subject.required]),
        "15.8.2": _lines(f"{p.label}: {p.inform_subject.how}" for p in assessed.purposes),
    }


def _groups(assessed: _Assessed) -> dict[str, list[_Texts]]:
    """Return the answers that are repeated: for each field, each processing, each special field."""
    groups: dict[str, list[_Texts]] = {
        "2.1": _personal_data(assessed),
        "3.1": [_processing(p, assessed) for p in assessed.purposes],
        "5.1": [{"5.1.1": f"{p.title} {p.question}"} for p in assessed.purposes],
        "6.1.1": [_parties(p, assessed) for p in assessed.purposes],
        "9.1.1": [_framework(p, assessed) for p in assessed.purposes],
        "10.1.1": [_retention(p) for p in assessed.purposes],
        "11.1.1": [_ground(p, assessed) for p in assessed.purposes],
        "13.1.1": [_binding(p) for p in assessed.purposes],
        "12.1.2": _special(assessed),
        "12.2.2": [
            {**_where_used("12.2.2", p, names), "12.2.2.4": _bases(p.legal_basis)}
            for p, names in _sensitive(assessed, Sensitivity.CRIMINAL)
        ],
        "12.3.2": [
            {**_where_used("12.3.2", p, names), "12.3.2.4": _bases(p.legal_basis)}
            for p, names in _sensitive(assessed, Sensitivity.NATIONAL_ID)
        ],
    }
    return {key: elements for key, elements in groups.items() if elements}


def _personal_data(assessed: _Assessed) -> list[_Texts]:
    """Return every field at every level that it has, each once."""
    found: dict[str, _Texts] = {}
    for purpose in assessed.purposes:
        for grant in purpose.fields.values():
            field = assessed.catalogue.fields[grant.name]
            found.setdefault(
                _label(grant),
                {
                    "2.1.1": _label(grant),
                    "2.1.2": _whom(purpose),
                    "2.1.3": field.meaning,
                    "2.1.4": KIND_OF_DATA[_sensitivity(field, grant)],
                    "2.1.5": f"Taak van de bronhouder: {purpose.source_holder}",
                    "2.1.6": "true",
                    "2.1.7": field.holder,
                    "2.1.8": f"tabel {grant.table}",
                    "2.1.9": _bases(purpose.legal_basis),
                },
            )
    return list(found.values())


def _label(grant: FieldGrant) -> str:
    return f"{_words(grant.name)} ({LEVEL_WORDS[grant.precision]})"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _whom(purpose: Purpose) -> str:
    return _GROUP if purpose.aggregated else _PERSON


def _sensitivity(field: Field, grant: FieldGrant) -> Sensitivity:
    """Return how sensitive a field is here: what is about health here, is special."""
    strong = {Sensitivity.CRIMINAL, Sensitivity.NATIONAL_ID}
    if grant.special is not None and field.sensitivity not in strong:
        return Sensitivity.SPECIAL
    return field.sensitivity


def _processing(purpose: Purpose, assessed: _Assessed) -> _Texts:
    task = assessed.catalogue.tasks[purpose.task]
    step = task.activities[purpose.activity].title
    conditions = "; ".join(assessed.say(condition)[0] for condition in purpose.conditions)
    return {
        "3.1.1": purpose.label,
        "3.1.2": f"{task.title}; {step}. {purpose.title} Voorwaarden: {conditions or 'geen'}.",
        "3.1.3": [_label(grant) for grant in purpose.fields.values()],
    }


def _parties(purpose: Purpose, assessed: _Assessed) -> _Texts:
    names = dict.fromkeys(
        assessed.catalogue.organisations[each.organisation].name for each in purpose.requesters
    )
    return {
        "6.1.1.1": f"{', '.join(names)} (ontvanger); {purpose.source_holder} (verstrekker)",
        "6.1.1.2": ["Verwerkingsverantwoordelijke", "Ontvanger", "Verstrekker"],
        "6.1.1.3": ", ".join(dict.fromkeys(each.role for each in purpose.requesters)),
        "6.1.1.4": [_label(grant) for grant in purpose.fields.values()],
        "6.1.1.5": [_whom(purpose)],
    }


def _framework(purpose: Purpose, assessed: _Assessed) -> _Texts:
    task = assessed.catalogue.tasks[purpose.task]
    laws = dict.fromkeys((task.law, *(basis.law for basis in purpose.legal_basis)))
    articles = [
        f"{task.law} {task.article}",
        *(f"{b.law} {b.article}" for b in purpose.legal_basis),
    ]
    if purpose.secrecy is not None:
        articles.append(f"{purpose.secrecy.law} {purpose.secrecy.article} (geheimhouding)")
    return {"9.1.1.1": ", ".join(laws), "9.1.1.2": "; ".join(dict.fromkeys(articles))}


def _retention(purpose: Purpose) -> _Texts:
    keep = purpose.retention
    texts: _Texts = {
        "10.1.1.1": purpose.title,
        "10.1.1.2": [_whom(purpose)],
        "10.1.1.3": [_label(grant) for grant in purpose.fields.values()],
        "10.1.1.5": f"{keep.term}. Grond: {keep.ground}. In de poort blijft: {keep.gateway}.",
    }
    duration = duration_of(keep)
    if duration is not None and duration.endswith("Y"):
        texts["10.1.1.4"] = "Jaar" if duration == "P1Y" else "Aantal jaren"
    return texts


def _ground(purpose: Purpose, assessed: _Assessed) -> _Texts:
    """Return the ground, and how its conditions are met; the first ground named leads."""
    conditions = [f"Voorwaarde: {assessed.say(c)[0]}." for c in purpose.conditions]
    texts: _Texts = {"11.1.1.2": _lines((_bases(purpose.legal_basis), *conditions))}
    for ground in grounds_of(purpose)[:1]:
        texts["11.1.1.1"] = GROUNDS[ground].assessment
    return texts


def _binding(purpose: Purpose) -> _Texts:
    return {
        "13.1.1.1": [_whom(purpose)],
        "13.1.1.2": [_label(grant) for grant in purpose.fields.values()],
        "13.1.1.3": purpose.title,
        "13.1.1.4": f"Taak van de bronhouder: {purpose.source_holder}",
        "13.1.1.5": _BY_LAW,
        "13.1.1.6": _bases(purpose.legal_basis),
    }


def _special(assessed: _Assessed) -> list[_Texts]:
    """Return where special categories are used, with the exception of article 9 that allows it."""
    found: list[_Texts] = []
    for purpose, names in _sensitive(assessed, Sensitivity.SPECIAL):
        bases = [basis for basis in purpose.legal_basis if basis.gdpr.startswith("9-2-")]
        texts = {**_where_used("12.1.2", purpose, names), "12.1.2.5": _bases(bases)}
        if any(grant.special == "gezondheid" for grant in purpose.fields.values()):
            texts["12.1.2.4"] = _HEALTH
        found.append(texts)
    return found


def _where_used(group: str, purpose: Purpose, names: list[str]) -> _Texts:
    return {f"{group}.1": [purpose.label], f"{group}.2": [_whom(purpose)], f"{group}.3": names}


def _sensitive(assessed: _Assessed, level: Sensitivity) -> list[tuple[Purpose, list[str]]]:
    """Return the purposes that use fields of this sensitivity, with the names of those."""
    fields = assessed.catalogue.fields
    found = [
        (
            purpose,
            [
                _label(grant)
                for grant in purpose.fields.values()
                if _sensitivity(fields[grant.name], grant) is level
            ],
        )
        for purpose in assessed.purposes
    ]
    return [(purpose, names) for purpose, names in found if names]


def _subsidiarity(purpose: Purpose) -> str:
    asked = purpose.over_ask.asked
    stop = "" if asked.endswith(("?", "!", ".")) else "."
    return (
        f"{purpose.label}: gevraagd wordt vaak: {asked}{stop} Genoeg is: "
        f"{_words(purpose.over_ask.offered)}. {purpose.over_ask.why}. "
        f"Nooit verstrekt: {', '.join(map(_words, purpose.never)) or 'geen gegeven genoemd'}."
    )


def _proportionality(purpose: Purpose, catalogue: Catalogue) -> str:
    """Return why each field is needed, how little of it leaves, and every limit beside that."""
    grants = purpose.fields.values()
    reasons = (f"{_label(grant)}{_measure(grant)}: {grant.because}" for grant in grants)
    limits = (nl for nl, _ in limit_sentences(catalogue, purpose))
    return f"{purpose.label}. {' '.join((*reasons, *limits))}"


def _measure(grant: FieldGrant) -> str:
    words = measure_words(grant)
    return "" if words is None else f", {words[0]}"


def _bases(bases: Iterable[LegalBasis]) -> str:
    return "; ".join(
        basis_words(basis) + (f", {basis.note.rstrip('.')}" if basis.note else "")
        for basis in bases
    )


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)


def _yes(found: Sequence[object]) -> str:
    return "true" if found else "false"
