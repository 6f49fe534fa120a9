"""The wire shape of a checked note: verdicts in plain words, Dutch first, and no content of it."""

from gateway.catalogue.recording import DomainUse
from gateway.decision.condition_words import Words
from gateway.recording.model import (
    CheckedNote,
    DomainVerdict,
    FieldVerdict,
    Found,
    SectionVerdict,
    Verdict,
)

Json = dict[str, object]

_OF_FIELD = {
    Verdict.NECESSARY: Words(
        "Dit is nodig voor dit doel; leg het niet preciezer vast dan hier staat.",
        "This is necessary for this purpose; record it no more precisely than it says here.",
    ),
    Verdict.MOTIVATION: Words(
        "Leg dit alleen vast als u erbij schrijft waarom het in dit geval nodig is.",
        "Record this only together with why it is necessary in this case.",
    ),
    Verdict.NOT_NECESSARY: Words(
        "Dit is niet nodig voor dit doel. Leg het niet vast.",
        "This is not necessary for this purpose. Do not record it.",
    ),
}
_OF_SECTION = {
    Verdict.NECESSARY: Words(
        "Schrijf hier alleen op wat bij de genoemde gegevens hoort.",
        "Write down only what belongs to the fields that are named.",
    ),
    Verdict.MOTIVATION: Words(
        "Schrijf hier alleen iets op als u erbij zegt waarom het in dit geval nodig is.",
        "Write here only together with why it is necessary in this case.",
    ),
    Verdict.NOT_NECESSARY: Words(
        "Laat dit deel weg: niets onder deze kop is nodig voor dit doel.",
        "Leave this part out: nothing under this label is necessary for this purpose.",
    ),
}
_NO_LABEL = Words(
    "Deze kop kennen wij niet. Kies een kop uit de lijst.",
    "We do not know this label. Choose one of the list.",
)
_NO_DOMAIN = Words("Dit leefgebied kennen wij niet.", "We do not know this life domain.")
_CLOSED = Words(
    "Dit leefgebied hoort niet bij de hulpvraag. Vraag er niet naar en geef geen score.",
    "This life domain does not belong to the help question. Do not ask and do not score.",
)
_ASK = Words(
    "Dit leefgebied mag u uitvragen, zonder score.",
    "You may ask about this life domain, without a score.",
)
_SCORE = Words(
    "Dit leefgebied mag u uitvragen en een score geven.",
    "You may ask about this life domain and score it.",
)


def note_out(checked: CheckedNote) -> Json:
    """Return a checked note as JSON."""
    return {
        "outcome": "may_stay" if checked.may_stay else "take_out",
        "fields": [_field_out(each) for each in checked.fields],
        "sections": [_section_out(each, checked.labels) for each in checked.sections],
        "domains": [_domain_out(each) for each in checked.domains],
        "policy_revision": checked.revision,
    }


def _field_out(field: FieldVerdict) -> Json:
    members: Json = {
        "name": field.name,
        "verdict": field.verdict.value,
        **_said(_OF_FIELD[field.verdict]),
    }
    if field.because is not None:
        members |= {"because": field.because, "precision": field.precision}
        members["needs_consent"] = field.needs_consent
    if field.reason is not None:
        members["code"] = field.reason.outward
        if field.reason.instead:
            members["instead"] = list(field.reason.instead)
    return members


def _section_out(section: SectionVerdict, labels: tuple[str, ...]) -> Json:
    members: Json = {
        "label": section.label,
        "verdict": section.verdict.value,
        **_said(_OF_SECTION[section.verdict] if section.fields else _NO_LABEL),
        "fields": [_field_out(each) for each in section.fields],
        "found": [_found_out(each) for each in section.found],
    }
    if not section.fields:
        members["instead"] = list(labels)
    return members


def _found_out(found: Found) -> Json:
    kind = found.kind
    said = Words(
        f"In dit deel lijkt {kind.title} te staan. Dat mag voor dit doel niet worden vastgelegd.",
        f"This part seems to hold {kind.title_en}, which this purpose may not record.",
    )
    return {"kind": kind.id, "count": found.count, **_said(said)}


def _domain_out(verdict: DomainVerdict) -> Json:
    domain, opening = verdict.domain, verdict.opening
    may_score = opening is not None and opening.use is DomainUse.SCORE
    members: Json = {
        "domain": verdict.name,
        "title": None if domain is None else domain.title,
        "title_en": None if domain is None else domain.title_en,
        "may_ask": opening is not None,
        "may_score": may_score,
        **_said(_words_of(verdict, may_score=may_score)),
    }
    if opening is not None:
        members["because"] = opening.because
    return members


def _words_of(verdict: DomainVerdict, *, may_score: bool) -> Words:
    if verdict.domain is None:
        return _NO_DOMAIN
    if verdict.opening is None:
        return _CLOSED
    return _SCORE if may_score else _ASK


def _said(words: Words) -> Json:
    return {"message": words.nl, "message_en": words.en}
