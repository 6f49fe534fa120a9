"""What keeps an answer from telling more, and where that gives way, for who reads the policy."""

from collections.abc import Iterator
from typing import Final

from gateway.catalogue.model import Catalogue, Purpose
from gateway.catalogue.pages.cells_words import groups_sentences
from gateway.catalogue.pages.guard_words import guard_sentences
from gateway.catalogue.veil import Veil

Sentence = tuple[str, str]
"""Dutch, and the same in English."""

_IN_DANGER: Final = (
    "Bij direct gevaar mag het zonder casus, bevestiging en verklaring; een ander kijkt dat na.",
    "In immediate danger it may do without a case, a confirmation and a claim; another reviews it.",
)


def limit_sentences(catalogue: Catalogue, purpose: Purpose) -> tuple[Sentence, ...]:
    """Return every limit of a purpose: on small groups, on telling who is known, on asking again.

    Where it gives way is told after them. What holds for one of its fields stands with that field.
    """
    return tuple(_sentences(catalogue, purpose))


def _sentences(catalogue: Catalogue, purpose: Purpose) -> Iterator[Sentence]:
    if purpose.groups is not None:
        yield from groups_sentences(purpose.groups)
    if purpose.veil is not None:
        yield veil_sentence(purpose.veil)
    yield from guard_sentences(catalogue, purpose)
    yield from exception_sentences(purpose)


def exception_sentences(purpose: Purpose) -> Iterator[Sentence]:
    """Give what holds in danger, while a source is silent, and before the person is told."""
    if purpose.emergency:
        yield _IN_DANGER
    if purpose.silence_is_unknown and purpose.veil is None:
        yield (
            "Geeft de bron geen antwoord, dan is een ja of nee onbekend.",
            "Where the source gives no answer, a yes or no is unknown.",
        )
    days = purpose.inform_subject.embargo_days
    if days:
        yield (
            f"De inwoner hoort het pas na {days} dagen.",
            f"The person hears of it after {days} days only.",
        )


def veil_sentence(veil: Veil) -> Sentence:
    """Return what a "no" means here, and that nobody can tell which of its meanings it has."""
    after, within = veil.answer_after_ms, veil.source_within_ms
    nl = (
        "Nee betekent: niet zo, niet bekend, of niet aan de vrager om te weten. Welke van de drie "
        f"het is, is niet te zien. Elk antwoord komt na {after} milliseconden. Geeft de bron "
        f"binnen {within} milliseconden geen antwoord, dan is het ook nee. {veil.because}"
    )
    en = (
        "No means: not so, not known, or not the asker's to know. Which of the three it is cannot "
        f"be seen. Every answer comes after {after} milliseconds. Where the source gives no answer "
        f"within {within} milliseconds, it is no as well. In Dutch: {veil.because}"
    )
    return nl, en
