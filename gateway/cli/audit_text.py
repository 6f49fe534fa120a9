"""How the outcomes of `doelpoort audit ...` are told: in Dutch first, in English beside it."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Final

from audit.entry import Json
from audit.keeping import Look, RetentionReport
from gateway.decision.condition_words import Words
from gateway.log.access import Rotation
from gateway.replay.reconcile import ALARMS, Finding, Reconciliation
from gateway.replay.replay import Difference, Report, Undecided

_SHOWN: Final = 20
"""So many differences and places a person reads; JSON has more of them."""

_UNDECIDED: Final[Mapping[Undecided, Words]] = {
    Undecided.PRUNED: Words(
        "inhoud verwijderd na de bewaartermijn", "content gone after its retention period"
    ),
    Undecided.REVISION_MISSING: Words(
        "het beleid van toen is niet bewaard", "the policy of its time was not kept"
    ),
    Undecided.FAILED_THEN: Words(
        "toen geweigerd door een storing, niet door een regel",
        "refused then by a failure, not by a rule",
    ),
    Undecided.ORGANISATION_AMBIGUOUS: Words(
        "twee organisaties met hetzelfde OIN", "two organisations with the same OIN"
    ),
    Undecided.NOT_RECORDED: Words(
        "de regel vertelt niet hoe er is gevraagd", "the entry does not tell how it was asked"
    ),
}
_FINDINGS: Final[Mapping[Finding, Words]] = {
    Finding.RECEIPT_WITHOUT_ENTRY: Words(
        "ontvangstbewijs zonder dezelfde regel in het register: er is een regel kwijt of veranderd",
        "receipt without the same entry in the ledger: an entry was lost or changed",
    ),
    Finding.LEDGER_FORKED: Words(
        "ontvangstbewijs uit een andere geschiedenis van dit register: er zijn er twee ondertekend",
        "receipt from another history of this ledger: two of them were signed",
    ),
    Finding.RECEIPT_UNPROVEN: Words(
        "ontvangstbewijs dat met deze sleutel niets bewijst: het is nagemaakt, of het register is "
        "door een ander ondertekend",
        "receipt that proves nothing under this key: it was made up, or somebody else signed the "
        "ledger",
    ),
    Finding.QUERY_WITHOUT_ENTRY: Words(
        "vraag aan de bron zonder regel in het register: gegevens zijn buiten de poort om gehaald",
        "query of the source without an entry: data were fetched outside the gate",
    ),
    Finding.DISCLOSURE_WITHOUT_RECEIPT: Words(
        "verstrekking zonder ontvangstbewijs: niet ingeleverd of niet aangekomen",
        "disclosure without a receipt: not handed in, or not delivered",
    ),
    Finding.UNDELIVERED: Words(
        "verstrekking waarvan bekend is dat zij niet is aangekomen",
        "disclosure that is known not to have arrived",
    ),
    Finding.DISCLOSURE_WITHOUT_QUERY: Words(
        "verstrekking zonder vraag aan deze bron: die kwam uit een andere bron",
        "disclosure without a query of this source: it came from another one",
    ),
    Finding.RECEIPT_OF_OTHER_LOG: Words(
        "ontvangstbewijs van een ander register, bijvoorbeeld van een ander jaar",
        "receipt of another ledger, such as that of another year",
    ),
}


def moment(time_ms: object) -> str | None:
    """Return a time of an entry as RFC 3339; None when there is none."""
    if not isinstance(time_ms, int):
        return None
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).isoformat(timespec="milliseconds")


def exported(count: int, where: str, vkey: str) -> str:
    """Say what was exported, and how it is checked."""
    return (
        f"{count} regels staan leesbaar in {where}; van alle andere staat de hash er.\n"
        f"{count} entries can be read in it; of all others the hash is there.\n"
        f"Controleren (verify): python -m audit verify {where} --key {vkey}\n"
        "Geef de sleutel langs een andere weg. Hand over the key by another way."
    )


def replayed_text(report: Report) -> str:
    """Say what deciding again came to, for a person."""
    return "\n".join(_replayed(report))


def replayed_out(report: Report) -> dict[str, object]:
    """Return the same for a program."""
    return {
        "same": report.same,
        "different": report.different,
        "undecided": {reason.value: count for reason, count in sorted(report.undecided.items())},
        "differences": [
            {
                "index": each.index,
                "request_id": each.request_id,
                "members": list(each.members),
                "recorded": dict(each.recorded),
                "again": dict(each.again),
            }
            for each in report.differences
        ],
    }


def _replayed(report: Report) -> Iterator[str]:
    yield (
        f"{report.same} besluiten komen opnieuw hetzelfde uit, {report.different} anders.\n"
        f"{report.same} decisions come out the same again, {report.different} otherwise."
    )
    for reason, count in sorted(report.undecided.items()):
        words = _UNDECIDED[reason]
        yield f"{count} niet opnieuw besloten: {words.nl} ({words.en})"
    for difference in report.differences[:_SHOWN]:
        yield from _difference(difference)
    if report.different > _SHOWN:
        yield f"... {report.different - _SHOWN} meer (more); --output json"


def _difference(difference: Difference) -> Iterator[str]:
    members = ", ".join(difference.members)
    yield f"regel (entry) {difference.index}, {difference.request_id}: {members}"
    for name in difference.members:
        if name in difference.recorded or name in difference.again:
            yield f"  {name} vastgelegd (recorded): {_shown(difference.recorded.get(name))}"
            yield f"  {name} opnieuw (again):       {_shown(difference.again.get(name))}"


def _shown(value: Json | None) -> str:
    return "-" if value is None else json.dumps(value, ensure_ascii=False)


def reconciled_text(found: Reconciliation) -> str:
    """Say what the comparison showed, for a person, the alarms first."""
    return "\n".join(_reconciled(found))


def reconciled_out(found: Reconciliation) -> dict[str, object]:
    """Return the same for a program."""
    return {
        "entries": found.entries,
        "receipts": found.receipts,
        "queries": found.queries,
        "alarm": found.is_alarm,
        "found": {
            finding.value: {"count": count, "places": list(places)}
            for finding, (count, places) in found.found.items()
        },
    }


def _reconciled(found: Reconciliation) -> Iterator[str]:
    yield (
        f"Vergeleken (compared): {found.entries} regels (entries), {found.receipts} "
        f"ontvangstbewijzen (receipts), {found.queries} vragen aan bronnen (source queries)."
    )
    for finding, (count, places) in found.found.items():
        words = _FINDINGS[finding]
        alarm = "ALARM " if finding in ALARMS else ""
        yield f"{alarm}{count} x {words.nl}\n  {words.en}"
        more = " ..." if count > _SHOWN else ""
        yield f"  {', '.join(places[:_SHOWN])}{more}"
    if not found.found:
        yield "Alles klopt met elkaar. Everything agrees."


def retained(report: RetentionReport) -> str:
    """Say what a retention run took away."""
    return (
        f"De inhoud van de regels voor {report.below} is weg; de bewijzen blijven.\n"
        f"The content of the entries below {report.below} is gone; the proofs stay.\n"
        f"Vastgelegd als regel (recorded as entry) {report.receipt.index}."
    )


def rotated(rotation: Rotation) -> str:
    """Say what a rotation did, and what the operator does next."""
    gone = ", ".join(str(epoch) for epoch in rotation.destroyed) or "-"
    return (
        f"Alle sleutels staan nu onder periode {rotation.epoch}; vernietigd: {gone}.\n"
        f"All keys are wrapped in epoch {rotation.epoch}; destroyed: {gone}.\n"
        "Start de gateways opnieuw, en vernietig kopieen van de oude sleutel in back-ups.\n"
        "Start the gateways again, and destroy copies of the old key in backups."
    )


def seen_text(look: Look) -> str:
    """Show what was sealed beside an entry, to who may see it."""
    shown = json.dumps(seen_out(look), ensure_ascii=False, indent=2)
    return (
        f"Deze inzage is vastgelegd als regel {look.receipt.index}. "
        f"This look is recorded as entry {look.receipt.index}.\n{shown}"
    )


def seen_out(look: Look) -> list[dict[str, object]]:
    """Return what was sealed, by person; bytes that are no text are shown in hex."""
    return [
        {
            "position": position,
            "subject": None if each.subject is None else _readable(each.subject),
            "values": {label: _readable(value) for label, value in each.values.items()},
        }
        for position, each in look.seen.items()
    ]


def _readable(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def status_text(status: Mapping[str, str | int | None]) -> str:
    """Say how a log stands, a line for each thing."""
    return "\n".join(
        f"{name:9} {'-' if value is None else value}" for name, value in status.items()
    )
