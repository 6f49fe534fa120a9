"""What a ground and a term of the policy files are called in the vocabularies of others.

Source: W3C Data Privacy Vocabulary 2.1 with its GDPR extension; the LDV register of processing
        activities; the Rijksmodel DPIA 3.0, whose option for a contract misses its last letter.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.catalogue.model import LegalBasis, Purpose, Retention, Sensitivity


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground of GDPR article 6 in plain Dutch and English and in each vocabulary."""

    nl: str
    en: str
    register: str
    purpose: str
    assessment: str


GROUNDS: Mapping[str, Ground] = MappingProxyType(
    {
        "6-1-a": Ground(
            "toestemming",
            "consent",
            "Consent",
            "dpv:RequestedServiceProvision",
            "Rechtsgrond toestemming",
        ),
        "6-1-b": Ground(
            "overeenkomst",
            "contract",
            "Contract",
            "dpv:ServiceProvision",
            "Rechtsgrond noodzakelijk voor de uitvoering van een overeenkoms",
        ),
        "6-1-c": Ground(
            "wettelijke verplichting",
            "legal obligation",
            "LegalObligation",
            "dpv:LegalCompliance",
            "Rechtsgrond wettelijke verplichting",
        ),
        "6-1-d": Ground(
            "vitaal belang",
            "vital interest",
            "VitalInterest",
            "dpv:FulfilmentOfObligation",
            "Rechtsgrond vitaal belang",
        ),
        "6-1-e": Ground(
            "taak van algemeen belang",
            "task in the public interest",
            "PublicInterest",
            "dpv:PublicBenefit",
            "Rechtsgrond taak van algemeen belang",
        ),
        "6-1-f": Ground(
            "gerechtvaardigd belang",
            "legitimate interest",
            "LegitimateInterest",
            "dpv:ServiceProvision",
            "Rechtsgrond gerechtvaardigd belang",
        ),
    }
)

SPECIAL_GROUNDS: Mapping[str, str] = MappingProxyType(
    {
        "9-2-a": "uitdrukkelijke toestemming",
        "9-2-b": "arbeidsrecht en sociale zekerheid",
        "9-2-c": "vitale belangen",
        "9-2-d": "eigen leden van een vereniging",
        "9-2-e": "door de persoon zelf openbaar gemaakt",
        "9-2-f": "rechtsvordering",
        "9-2-g": "zwaarwegend algemeen belang",
        "9-2-h": "gezondheidszorg of sociale diensten",
        "9-2-i": "volksgezondheid",
        "9-2-j": "archief, onderzoek of statistiek",
        "9-none": "artikel 9 is niet van toepassing",
    }
)

KIND_OF_DATA: Mapping[Sensitivity, str] = MappingProxyType(
    {
        Sensitivity.ORDINARY: "gewoon",
        Sensitivity.SENSITIVE: "gevoelig",
        Sensitivity.SPECIAL: "bijzonder",
        Sensitivity.CRIMINAL: "strafrechtelijk",
        Sensitivity.NATIONAL_ID: "nationaal identificatienummer",
    }
)
"""What the assessment calls each level of sensitivity."""

_UNITS = {"jaar": "Y", "maand": "M", "maanden": "M", "week": "W", "weken": "W"}
_TERM = re.compile(rf"([1-9][0-9]{{0,2}}) ({'|'.join(_UNITS)})\b")


def grounds_of(purpose: Purpose) -> tuple[str, ...]:
    """Return the grounds of article 6 that the purpose names, each once."""
    return tuple(dict.fromkeys(b.gdpr for b in purpose.legal_basis if b.gdpr in GROUNDS))


def special_grounds_of(purpose: Purpose) -> tuple[str, ...]:
    """Return the grounds of article 9 that the purpose names, each once."""
    return tuple(dict.fromkeys(b.gdpr for b in purpose.legal_basis if b.gdpr.startswith("9-2-")))


def dpv_terms(codes: Iterable[str]) -> list[str]:
    """Return the terms of the GDPR extension for these grounds, such as eu-gdpr:A6-1-e."""
    return [f"eu-gdpr:A{code}" for code in codes]


def duration_of(retention: Retention) -> str | None:
    """Return the term as an ISO 8601 duration when it begins with one; words are not guessed at."""
    match = _TERM.match(retention.term)
    return None if match is None else f"P{match[1]}{_UNITS[match[2]]}"


def basis_words(basis: LegalBasis) -> str:
    """Return a basis as a person reads it: the law with its article, and the ground of the GDPR."""
    ground = ground_words(basis.gdpr)
    return ground if basis.law == "AVG" else f"{basis.law} {basis.article}, {ground}"


def ground_words(code: str) -> str:
    """Return a ground as a person reads it: the article of the GDPR, and what it says."""
    article, _, rest = code.partition("-")
    clause = f" lid {rest.replace('-', ' ')}" if rest != "none" else ""
    words = GROUNDS[code].nl if code in GROUNDS else SPECIAL_GROUNDS[code]
    return f"AVG {article}{clause}: {words}"
