"""Remarks on one field of a purpose: its reason, its ground, and whether it is not too much."""

import math
import re
from collections.abc import Iterable

from gateway.catalogue.cells import USUAL_SMALLEST
from gateway.catalogue.lints.remark import Remark, error
from gateway.catalogue.model import (
    Catalogue,
    Derive,
    Field,
    FieldGrant,
    FieldType,
    Precision,
    Purpose,
    Sensitivity,
)

_WHOLE = {FieldType.DOCUMENT, FieldType.FREE_TEXT}
_PLAIN = {FieldType.BOOLEAN, FieldType.INTEGER, FieldType.DECIMAL, FieldType.DATE}
_TOLD = {Precision.COUNT, Precision.EXACT}
_MEASURED = {FieldType.INTEGER, FieldType.DECIMAL, FieldType.DATE}
_SPECIAL = {Sensitivity.SPECIAL, Sensitivity.CRIMINAL}
_WORD = re.compile(r"[^\W_]+")
_FILLERS = frozenset(
    [
        "de",
        "het",
        "een",
        "is",
        "om",
        "te",
        "nodig",
        "voor",
        "van",
        "dit",
        "deze",
        "dat",
        "wordt",
        "gegeven",
    ]
)
# A question that asks what, which or how much may need a value; any other is answered yes or no.
_OPEN = frozenset(
    [
        "wat",
        "welk",
        "welke",
        "wie",
        "wiens",
        "waar",
        "waarom",
        "wanneer",
        "hoe",
        "hoeveel",
        "hoelang",
    ]
)


def field_remarks(grant: FieldGrant, purpose: Purpose, catalogue: Catalogue) -> Iterable[Remark]:
    """Return what is to be said of one granted field."""
    field = catalogue.fields[grant.name]
    yield from _reason(grant)
    yield from _too_much(grant, field)
    yield from _too_precise(grant, field, purpose)
    yield from _pseudonym(grant, field, purpose)
    yield from _of_group(grant, field, purpose)
    yield from _grounds(grant, field, purpose)


def _reason(grant: FieldGrant) -> Iterable[Remark]:
    """Ask for a reason that is more than the name of the field."""
    where = ("fields", grant.name)
    if not grant.because:
        yield error(where, "BECAUSE_MISSING", "Waarom is dit nodig?", "Why is this necessary?")
    elif words(grant.because) - _FILLERS <= words(grant.name):
        nl = "Deze reden herhaalt alleen de naam van het gegeven."
        yield error(where, "BECAUSE_REPEATS", nl, "This reason only repeats the field's name.")


def words(text: str) -> set[str]:
    """Return the words of a text or a name, in lower case."""
    return set(_WORD.findall(text.lower().replace("_", " ")))


def _too_much(grant: FieldGrant, field: Field) -> Iterable[Remark]:
    """Object to a national id, a whole document or free text that is released."""
    where = ("fields", grant.name)
    if field.sensitivity is Sensitivity.NATIONAL_ID:
        nl = "Een burgerservicenummer wordt nooit gegeven."
        yield error(where, "NATIONAL_ID", nl, "A national id is never released.")
    if field.type in _WHOLE and grant.precision > Precision.FLAG:
        nl = "Een heel document of vrije tekst is nooit nodig; geef het antwoord."
        en = "A whole document or free text is never necessary; give the answer."
        yield error(where, "WHOLE_TEXT", nl, en)


def _too_precise(grant: FieldGrant, field: Field, purpose: Purpose) -> Iterable[Remark]:
    """Object to an exact value where the question is answered by yes, no or a range."""
    if grant.precision is not Precision.EXACT:
        return
    where = ("fields", grant.name)
    if field.type is FieldType.BOOLEAN:
        nl = "Dit gegeven is ja of nee; precision: flag is genoeg."
        yield error(where, "TOO_PRECISE", nl, "This field is yes or no; precision: flag will do.")
    elif field.type in _MEASURED and not words(purpose.question) & _OPEN:
        nl = "De vraag van dit doel is met ja of nee te beantwoorden; geef een vlag of een band."
        en = "The question of this purpose is answered by yes or no; give a flag or a band."
        yield error(where, "TOO_PRECISE", nl, en)


def _pseudonym(grant: FieldGrant, field: Field, purpose: Purpose) -> Iterable[Remark]:
    """Object to a pseudonym that can be guessed, and to one where no persons are meant."""
    if grant.precision is not Precision.PSEUDONYM:
        return
    if field.type is not FieldType.STRING or purpose.aggregated:
        nl = "Een codenaam past bij wat iemand aanwijst; dit is te raden of gaat over een groep."
        en = "A pseudonym is for what names somebody; this can be guessed or is about a group."
        yield error(("fields", grant.name), "PSEUDONYM", nl, en)


def _of_group(grant: FieldGrant, field: Field, purpose: Purpose) -> Iterable[Remark]:
    """Object to words that nobody listed, and to small numbers, in what is told of a group.

    A table (`cells`) has its labels and its smallest group in `groups`.
    """
    where, code = ("fields", grant.name), "GROUP_OPEN"
    if not purpose.aggregated or grant.cells is not None:
        return
    if grant.precision in _TOLD and field.type not in _PLAIN and not grant.labels:
        nl = "Noem bij 'labels' alle woorden waarnaar dit cijfer verdeeld mag zijn."
        en = "Name in 'labels' all the words that this figure may be divided by."
        yield error(where, code, nl, en)
    elif _tells_small(grant, field):
        nl = "Dit kan een aantal onder de 10 zijn; neem derive: figure met precision: count."
        en = "This can be a number below 10; take derive: figure with precision: count."
        yield error(where, code, nl, en)


def _tells_small(grant: FieldGrant, field: Field) -> bool:
    """Tell whether one number below the smallest group can be told from another."""
    if grant.precision is Precision.COUNT:
        return grant.derive is not Derive.FIGURE
    exact = grant.precision is Precision.EXACT
    return field.type is FieldType.INTEGER and (exact or _first_limit(grant) < USUAL_SMALLEST)


def _first_limit(grant: FieldGrant) -> float:
    """Return the lowest number that an answer tells from the one before it."""
    if grant.band is not None:
        return min(grant.band.limits, default=math.inf)
    if not isinstance(grant.against, int):
        return math.inf
    return grant.against + (grant.derive is Derive.AT_MOST)


def _grounds(grant: FieldGrant, field: Field, purpose: Purpose) -> Iterable[Remark]:
    """Ask for the ground that lets a special or secret field through."""
    where = ("fields", grant.name)
    special = field.sensitivity in _SPECIAL or grant.special is not None
    article_9 = any(basis.gdpr.startswith("9-2-") for basis in purpose.legal_basis)
    if special and not article_9:
        nl = "Dit is een bijzonder gegeven; noem de grond van AVG artikel 9."
        yield error(where, "SPECIAL_GROUND", nl, "A special field needs a ground of article 9.")
    if field.secrecy and purpose.secrecy is None:
        nl = "Dit gegeven valt onder geheimhouding; zeg bij 'secrecy' waarom het mag."
        yield error(where, "SECRECY_GROUND", nl, "A secret field needs 'secrecy'.")
