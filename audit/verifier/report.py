"""The outcome of a verification in words: Dutch first, English beside it, and as plain members."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from audit.entry import EntryType
from audit.verifier.verify import Summary

Told = dict[str, str | int]

_COUNTED: Final = {
    "disclosures": EntryType.DISCLOSURE,
    "emergencies": EntryType.BREAK_GLASS,
    "refusals": EntryType.REFUSAL,
    "corrections": EntryType.CORRECTION,
    "erasures": EntryType.ERASURE,
    "looks": EntryType.ACCESS,
}
_SUMMARY: Final = """\
{verdict}
  Het logboek heeft {size} regels, in de volgorde en de vorm waarin ze zijn ondertekend.
  Er zijn {disclosures} verstrekkingen en {refusals} weigeringen vastgelegd, van {first} tot {last}.
  Ook vastgelegd: {emergencies} verstrekkingen in acuut gevaar, {corrections} verbeteringen,
  {looks} keer inzage in de achterliggende gegevens,
  en {erasures} keer het wissen van de gegevens van een persoon.
  {absent_nl}
  {witness_nl}
  {stamp_nl}
  {recent_nl}
  {before_nl}
  Bewijsstukken die ook in het logboek staan: {receipts}.
  Aangetoonde waarden die kloppen met het logboek: {openings}.

{verdict_en}
  The ledger has {size} entries, in the order and the form in which they were signed.
  {disclosures} disclosures and {refusals} refusals are recorded, from {first} to {last}.
  Recorded as well: {emergencies} disclosures in immediate danger, {corrections} corrections,
  {looks} looks into the data behind the entries, and {erasures} erasures of the data of a person.
  {absent_en}
  {witness_en}
  {stamp_en}
  {recent_en}
  {before_en}
  Receipts that the ledger holds as well: {receipts}.
  Values that were shown and agree with the ledger: {openings}.

key         {vkey}
log         {origin}
size        {size}
root        {root}
checkpoints {checkpoints}"""
_VERDICTS: Final = (
    ("Het logboek is in orde.", "The ledger is sound."),
    (
        "Wat van het logboek is meegegeven, is in orde. Niet alles is meegegeven.",
        "What was handed over of the ledger is sound. Not all of it was handed over.",
    ),
)
_PRUNED: Final = """\
Van {absent} regels is de inhoud er niet meer: de bewaartermijn is voorbij, en dat is
  vastgelegd. Hun plaats en hun vingerafdruk kloppen. Hun inhoud kon niet worden bekeken."""
_PRUNED_EN: Final = """\
The content of {absent} entries is gone: their retention period is over, and that is
  recorded. Their place and their fingerprint are right. What they said was not checked."""
_WITHHELD: Final = """\
Van {absent} regels is alleen de vingerafdruk meegegeven. Hun plaats klopt. Niet bekeken
  zijn hun inhoud en tijd, en of er in die regels iets ontbreekt of dubbel staat."""
_WITHHELD_EN: Final = """\
Of {absent} entries only the fingerprint was handed over. Their place is right. Not
  checked are their content and time, and whether any of them is missing or stands twice."""
_NEWEST: Final = """\
Het nieuwste tijdstip is {newest}. Wat daarna is gebeurd, staat hier niet in.
  Vergelijk met een bewijsstuk dat u zelf hebt bewaard."""
_NEWEST_EN: Final = """\
The newest moment is {newest}. What happened after it is not in here.
  Compare with a receipt that you kept yourself."""
_ABSENT: Final = (
    ("Alle regels zijn zelf gelezen.", "All entries were read themselves."),
    (_PRUNED, _PRUNED_EN),
    (_WITHHELD, _WITHHELD_EN),
)
_WITNESS: Final = (
    (
        "Of getuigen dit logboek hebben gezien, is niet gevraagd (--policy).",
        "Whether witnesses saw this ledger was not asked (--policy).",
    ),
    (
        "Genoeg getuigen zagen de eerste {witnessed} regels; na hen komen er nog {unwitnessed}.",
        "Enough witnesses saw the first {witnessed} entries; {unwitnessed} come after those.",
    ),
)
_STAMP: Final = (
    (
        "Of een tijdstempeldienst dit logboek heeft gezien, is niet gevraagd (--tsa-root).",
        "Whether a time stamp authority saw this ledger was not asked (--tsa-root).",
    ),
    (
        "Een tijdstempeldienst zag de eerste {stamped} regels op {stamped_at}.",
        "A time stamp authority saw the first {stamped} entries at {stamped_at}.",
    ),
)
_RECENT: Final = (
    (
        "De nieuwste regel is niet leesbaar. Hoe nieuw het logboek is, is niet te zeggen.",
        "The newest entry cannot be read. How recent the ledger is cannot be told.",
    ),
    (_NEWEST, _NEWEST_EN),
)
_BEFORE: Final = (
    (
        "Dit logboek zegt niet dat er een logboek aan voorafging.",
        "This ledger does not say that another came before it.",
    ),
    (
        """\
Het gaat verder na {continues}: dat logboek moet bij {continues_size} regels
  de wortel {continues_root} hebben.""",
        """\
It comes after {continues}: at {continues_size} entries that ledger must have
  the root {continues_root}.""",
    ),
)
_DEFECTS: Final = {
    "defect": """\
Het logboek klopt niet. Eerste fout bij regel {index}, soort: {defect}.
  Deze regel of wat erbij hoort is na het ondertekenen veranderd, weggehaald of toegevoegd,
  of is al verkeerd ondertekend.

The ledger is not sound. First defect at entry {index}, class: {defect}.
  {message}.
""",
    "no-quorum": """\
De handtekening van het logboek klopt, maar te weinig getuigen hebben meegetekend.
  De rest is niet gecontroleerd.

The ledger is signed, but too few witnesses cosigned. Nothing else was checked.
  {message}.
""",
    "stale": """\
Het logboek is niet aantoonbaar recent genoeg. Vraag een nieuwere kopie.
  De rest is niet gecontroleerd.

Nothing shows that the ledger is recent enough. Ask for a newer copy. Nothing else was checked.
  {message}.
""",
    "receipt": """\
Het logboek is op zichzelf in orde, maar een bewijsstuk klopt niet, of het logboek bevat niet wat
  het bewijst. Dan is het logboek afgekapt, of u kreeg een ander logboek te zien.

The ledger is sound by itself, but a receipt is not, or the ledger does not hold what it proves.
  Then the ledger was cut off, or you were shown another one.
  {message}.
""",
    "other-key": """\
Dit logboek is niet met deze sleutel ondertekend. Controleer de sleutel.

This ledger was not signed with this key. Check the key.
""",
    "unusable": """\
De controle kon niet beginnen. Een bestand is niet leesbaar, of de sleutel of het beleid voor de
  getuigen is niet goed geschreven.

The verification could not start: {message}.
""",
}


def members_of(summary: Summary) -> Told:
    """Give what a sound ledger holds, as plain members."""
    told: Told = {
        "vkey": summary.vkey,
        "origin": summary.origin,
        "size": summary.size,
        "root": b64encode(summary.root).decode(),
        "checkpoints": summary.checkpoints,
        **{name: summary.counts.get(kind, 0) for name, kind in _COUNTED.items()},
        "first": instant(summary.first_ms),
        "last": instant(summary.last_ms),
        "partial": summary.partial,
        "absent": summary.absent,
        "pruned_below": summary.pruned_below,
        "openings": summary.openings,
    }
    dated = summary.dated
    if dated.newest_ms is not None:
        told["newest"] = instant(dated.newest_ms)
    if dated.quorum is not None:
        told["witnessed"] = dated.quorum.size
        told["unwitnessed"] = summary.size - dated.quorum.size
    if dated.stamped is not None:
        told["stamped"] = dated.stamped.size
        told["stamped_at"] = instant(dated.stamped.at_ms)
    before = summary.continues
    if before is not None:
        told["continues"] = before.origin
        told["continues_size"] = before.size
        told["continues_root"] = b64encode(before.root).decode()
    return told


def summary_text(told: Mapping[str, str | int]) -> str:
    """Give the summary of a sound ledger, for somebody who is no engineer."""
    absent = 0 if not told["absent"] else 2 if told["partial"] else 1
    parts = {
        "verdict": _VERDICTS[bool(told["partial"])],
        "absent": _ABSENT[absent],
        "witness": _WITNESS["witnessed" in told],
        "stamp": _STAMP["stamped" in told],
        "recent": _RECENT["newest" in told],
        "before": _BEFORE["continues" in told],
    }
    texts = {"verdict": parts["verdict"][0], "verdict_en": parts["verdict"][1]}
    for name, (dutch, english) in parts.items():
        texts |= {f"{name}_nl": dutch.format(**told), f"{name}_en": english.format(**told)}
    return _SUMMARY.format(**{**told, **texts})


def defect_text(outcome: str, told: Mapping[str, str | int]) -> str:
    """Give what is wrong, for somebody who is no engineer."""
    return _DEFECTS[outcome].format(**told)


def instant(ms: int) -> str:
    """Give a moment as RFC 3339 in UTC; as a number where no calendar has it."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return f"{ms} ms"
