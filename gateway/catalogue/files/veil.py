"""Answers that must look the same: from YAML table to `Veil`, and what tears it."""

from collections.abc import Iterator
from typing import Final

from gateway.catalogue.errors import Place
from gateway.catalogue.files.members import Findings, Table
from gateway.catalogue.model import ConditionKind, Precision, Purpose
from gateway.catalogue.veil import Veil

_FLAGS: Final = frozenset({Precision.EXISTS, Precision.FLAG})
# What holds for the one who asks, and so tells nothing of the person.
_OF_ASKER: Final = frozenset({ConditionKind.CLAIM, ConditionKind.MANDATE})
# Below it, the work itself takes longer; above it, nobody waits for the answer.
_SHORTEST_MS: Final = 50
_LONGEST_MS: Final = 10_000


def read_veil(table: Table) -> Veil:
    """Return why answers must look the same, and how long they take."""
    return Veil(table.integer("answer_after_ms") or 0, table.text("because"))


def check_veil(purpose: Purpose, place: Place, findings: Findings) -> None:
    """Find everything by which somebody could tell one answer behind the veil from another."""
    if purpose.veil is not None:
        for nl, en in _torn(purpose, purpose.veil):
            findings.error(place, "INDISTINGUISHABLE", nl, en)


def _torn(purpose: Purpose, veil: Veil) -> Iterator[tuple[str, str]]:
    of_person = any(each.kind not in _OF_ASKER for each in purpose.conditions)
    if not _SHORTEST_MS <= veil.answer_after_ms <= _LONGEST_MS:
        yield _OUT_OF_TIME
    if any(grant.precision not in _FLAGS for grant in purpose.fields.values()):
        yield _NO_FLAG
    if of_person or purpose.needs_consent or purpose.answer is not None:
        yield _OF_PERSON
    if purpose.emergency or purpose.aggregated:
        yield _OTHER_WAY
    if not purpose.silence_is_unknown:
        yield _SILENCE_REFUSES


_OUT_OF_TIME: Final = (
    f"'answer_after_ms' ligt tussen {_SHORTEST_MS} en {_LONGEST_MS}.",
    f"'answer_after_ms' lies between {_SHORTEST_MS} and {_LONGEST_MS}.",
)
_NO_FLAG: Final = (
    "Gelijke antwoorden zijn ja of nee: gebruik alleen precision: exists of flag.",
    "Answers that look the same are yes or no: use precision: exists or flag only.",
)
_OF_PERSON: Final = (
    (
        "Wie hoort dat een voorwaarde over de inwoner ontbreekt, hoort dat de inwoner bekend is. "
        "Hier passen alleen voorwaarden over de vrager: claim en mandate."
    ),
    (
        "Who hears that a condition about the person is lacking hears that the person is known. "
        "Only conditions about the asker belong here: claim and mandate."
    ),
)
_OTHER_WAY: Final = (
    "Gelijke antwoorden gaan niet samen met 'emergency' of 'aggregated'.",
    "Answers that look the same do not go together with 'emergency' or 'aggregated'.",
)
_SILENCE_REFUSES: Final = (
    (
        "Een weigering omdat de bron zwijgt, verraadt dat de inwoner bekend is. "
        "Schrijf 'when_silent: unknown'."
    ),
    (
        "A refusal because the source is silent tells that the person is known. "
        "Write 'when_silent: unknown'."
    ),
)
