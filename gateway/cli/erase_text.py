"""How an erasure is told: what went from where, what stays and why, and what is left to do."""

from collections.abc import Iterator, Mapping
from typing import Final

from audit.keeping import ErasureReport
from gateway.cases.holdings import Holdings
from gateway.cli.erase_commands import Erasure, Undone
from gateway.decision.condition_words import Words
from gateway.erasing import COUNTS, FILES, MESSAGES, QUESTIONS, VIEWS

_REMOVED: Final[Mapping[str, Words]] = {
    QUESTIONS: Words("vragen aan professionals", "questions to professionals"),
    VIEWS: Words("klaargezette antwoorden van een tafel", "waiting views of a table"),
    MESSAGES: Words("berichten die nog weg moesten", "messages not yet sent"),
    COUNTS: Words("tellingen van hoe vaak er iets is gevraagd", "counts of how often was asked"),
    FILES: Words("berichten in de map", "messages in the folder"),
}
_KEPT: Final[Mapping[str, Words]] = {
    "open_cases": Words("lopende casussen", "open cases"),
    "closed_cases": Words("gesloten casussen", "closed cases"),
    "consents": Words("toestemmingen", "consents"),
    "confirmations": Words("bevestigingen door een bron", "confirmations by a source"),
    "representations": Words("vertegenwoordigingen", "representations"),
}


def erased_text(erasure: Erasure) -> str:
    """Say what was erased where, what is kept and why, and what is still to be done."""
    return "\n".join(_lines(erasure))


def _lines(erasure: Erasure) -> Iterator[str]:
    if erasure.is_nothing:
        yield "Er was niets te wissen. There was nothing to erase."
    for year, report in sorted(erasure.logs.items()):
        yield from _of_log(year, report)
    if erasure.beside is not None:
        yield from _removed({**erasure.beside.removed, FILES: erasure.files})
        if not erasure.beside.emptied:
            yield from _COPY
        yield from _kept(erasure.beside.kept)
    if erasure.logs:
        yield from _BACKUP
    yield from _left(erasure)


def _of_log(year: int, report: ErasureReport) -> Iterator[str]:
    yield (
        f"Register {year}: sleutel {report.key_id.hex()} gewist, regel {report.receipt.index}.\n"
        f"Ledger {year}: that key was erased, recorded as entry {report.receipt.index}."
    )
    if not report.emptied:
        yield from _COPY


_COPY: Final = (
    "In de database kan nog een oude kopie staan, tot zij is opgeruimd (VACUUM) of niemand leest.",
    "The database may hold an older copy until it is vacuumed, or its readers are done.",
)
_BACKUP: Final = (
    "Een oude back-up is pas onleesbaar na `doelpoort audit rotate`.",
    "A backup made before is unreadable only after `doelpoort audit rotate`.",
)
_WHY: Final = (
    "  want daarop rusten besluiten, met een eigen bewaartermijn; wis ze volgens die wet.",
    "  because decisions rest on them, with a retention period of their own in the law.",
)


def _removed(removed: Mapping[str, int]) -> Iterator[str]:
    for name, count in removed.items():
        words = _REMOVED[name]
        yield f"Gewist (erased): {count} {words.nl} ({words.en})"


def _kept(kept: Holdings) -> Iterator[str]:
    found = {name: count for name in _KEPT if (count := int(getattr(kept, name)))}
    for name, count in found.items():
        words = _KEPT[name]
        yield f"Bewaard (kept): {count} {words.nl} ({words.en})"
    if found:
        yield from _WHY


def _left(erasure: Erasure) -> Iterator[str]:
    for each in erasure.undone:
        yield _undone(each)
    waiting = 0 if erasure.beside is None else erasure.beside.kept.unrecorded
    if waiting:
        yield (
            f"NOG TE DOEN (left to do): {waiting} regels van stappen staan nog niet in het "
            "register.\nEntries of steps do not stand in the ledger yet."
        )
    if not erasure.is_whole:
        yield (
            "Verhelp dit en geef de opdracht opnieuw. Mend this and give the command again: "
            "it does the rest."
        )


def _undone(each: Undone) -> str:
    return f"NOG TE DOEN (left to do): {each.place} niet bereikt (not reached): {each.failure}"
