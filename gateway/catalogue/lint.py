"""What a careful privacy officer would remark on policy files that do load."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.catalogue.errors import Finding, Severity
from gateway.catalogue.load import Reading, read_catalogue
from gateway.catalogue.model import (
    Catalogue,
    FieldGrant,
    FieldType,
    LawStatus,
    Precision,
    Purpose,
    Sensitivity,
)
from gateway.catalogue.purpose_file import PurposeFile

_WHOLE = {FieldType.DOCUMENT, FieldType.FREE_TEXT}
_SPECIAL = {Sensitivity.SPECIAL, Sensitivity.CRIMINAL}
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class _Remark:
    """A remark on a member of one purpose; `where` is the member and the name inside it."""

    where: tuple[str, str]
    code: str
    severity: Severity
    nl: str
    en: str


def lint_folders(purposes_dir: Path, policies_dir: Path, today: dt.date) -> tuple[Finding, ...]:
    """Return every finding on these folders: of reading them, and if they can be read, of lint."""
    reading = read_catalogue(purposes_dir, policies_dir)
    return (*reading.findings, *(lint(reading, today) if reading.usable else ()))


def lint(reading: Reading, today: dt.date) -> tuple[Finding, ...]:
    """Return the remarks on a catalogue that loads, in the order of file and line."""
    findings = [
        _placed(file, remark)
        for file in reading.files.values()
        for remark in _remarks(file.purpose, reading.catalogue, today)
    ]
    return tuple(sorted(findings, key=lambda f: (f.file, f.line, f.column, f.code)))


def _placed(file: PurposeFile, remark: _Remark) -> Finding:
    at = file.at(*remark.where)
    return Finding(at.file, at.line, at.column, remark.code, remark.severity, remark.nl, remark.en)


def _remarks(purpose: Purpose, catalogue: Catalogue, today: dt.date) -> Iterable[_Remark]:
    for grant in purpose.fields.values():
        yield from _reasons_given(grant)
        yield from _released(grant, catalogue)
        yield from _grounds(grant, purpose, catalogue)
    yield from _offers(purpose)
    yield from _laws(purpose, catalogue)
    yield from _upkeep(purpose, today)


def _reasons_given(grant: FieldGrant) -> Iterable[_Remark]:
    """Ask for a reason that is more than the name of the field."""
    where = ("fields", grant.name)
    if not grant.because:
        yield _error(where, "BECAUSE_MISSING", "Waarom is dit nodig?", "Why is this necessary?")
    elif _words(grant.because) <= _words(grant.name):
        nl = "Deze reden herhaalt alleen de naam van het gegeven."
        yield _error(where, "BECAUSE_REPEATS", nl, "This reason only repeats the field's name.")


def _words(text: str) -> set[str]:
    fillers = {"de", "het", "een", "is", "om", "te", "nodig", "voor", "van", "dit", "deze"}
    return set(_WORD.findall(text.lower().replace("_", " "))) - fillers


def _released(grant: FieldGrant, catalogue: Catalogue) -> Iterable[_Remark]:
    """Object to a national id, a whole document or free text that is released."""
    field, where = catalogue.fields[grant.name], ("fields", grant.name)
    if field.sensitivity is Sensitivity.NATIONAL_ID:
        nl = "Een burgerservicenummer wordt nooit gegeven."
        yield _error(where, "NATIONAL_ID", nl, "A national id is never released.")
    if field.type in _WHOLE and grant.precision > Precision.FLAG:
        nl = "Een heel document of vrije tekst is nooit nodig; geef het antwoord."
        en = "A whole document or free text is never necessary; give the answer."
        yield _error(where, "WHOLE_TEXT", nl, en)


def _grounds(grant: FieldGrant, purpose: Purpose, catalogue: Catalogue) -> Iterable[_Remark]:
    """Ask for the ground that lets a special or secret field through."""
    field, where = catalogue.fields[grant.name], ("fields", grant.name)
    special = field.sensitivity in _SPECIAL or grant.special is not None
    article_9 = any(basis.gdpr.startswith("9-2-") for basis in purpose.legal_basis)
    if special and not article_9:
        nl = "Dit is een bijzonder gegeven; noem de grond van AVG artikel 9."
        yield _error(where, "SPECIAL_GROUND", nl, "A special field needs a ground of article 9.")
    if field.secrecy and purpose.secrecy is None:
        nl = "Dit gegeven valt onder geheimhouding; zeg bij 'secrecy' waarom het mag."
        yield _error(where, "SECRECY_GROUND", nl, "A secret field needs 'secrecy'.")


def _offers(purpose: Purpose) -> Iterable[_Remark]:
    """Ask what may be asked instead of a field that is never given."""
    for name in purpose.never:
        if not purpose.instead.get(name):
            nl = f"Wat kan iemand vragen in plaats van '{name}'?"
            en = f"What can be asked instead of '{name}'?"
            yield _warning(("never", ""), "NO_COUNTER_OFFER", nl, en)


def _laws(purpose: Purpose, catalogue: Catalogue) -> Iterable[_Remark]:
    """Point at laws from memory, and at a missing ground of article 6."""
    statuses = {
        "task": catalogue.tasks[purpose.task].status,
        "retention": purpose.retention.status,
        "legal_basis": _weakest(basis.status for basis in purpose.legal_basis),
    }
    for member, status in statuses.items():
        if status is LawStatus.RECALLED:
            nl = "Deze wettekst is niet nagekeken (R)."
            yield _warning((member, ""), "LAW_RECALLED", nl, "This law text was recalled (R).")
    if not any(basis.gdpr.startswith("6-1-") for basis in purpose.legal_basis):
        nl = "Noem de grond van AVG artikel 6."
        yield _error(("legal_basis", ""), "GROUND_MISSING", nl, "Name the ground of article 6.")


def _weakest(statuses: Iterable[LawStatus]) -> LawStatus:
    found = set(statuses)
    return LawStatus.RECALLED if LawStatus.RECALLED in found else LawStatus.CURRENT


def _upkeep(purpose: Purpose, today: dt.date) -> Iterable[_Remark]:
    """Ask for a review in time, and for examples of both outcomes."""
    if purpose.review_by < today:
        nl, en = "De datum van herziening is voorbij.", "The review date has passed."
        yield _warning(("valid", "review_by"), "REVIEW_PASSED", nl, en)
    for permitted, nl, en in (
        (True, "Er is geen voorbeeld dat mag.", "There is no example that is permitted."),
        (False, "Er is geen voorbeeld dat niet mag.", "There is no example that is refused."),
    ):
        if all(example.permitted is not permitted for example in purpose.examples):
            yield _error(("examples", ""), "EXAMPLE_MISSING", nl, en)


def _error(where: tuple[str, str], code: str, nl: str, en: str) -> _Remark:
    return _Remark(where, code, Severity.ERROR, nl, en)


def _warning(where: tuple[str, str], code: str, nl: str, en: str) -> _Remark:
    return _Remark(where, code, Severity.WARNING, nl, en)
