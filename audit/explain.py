"""The command `python -m audit explain`: what one receipt proves, in plain Dutch and English.

With `--person` the proof or opening for one person is checked as well. Whom it should be about is
the first line of the standard input (such as bsn:999911235), so that no list of commands shows it.

Exit status: 0 the receipt was told (and is sound, if a key was given), 1 it is not sound, 2 wrong
usage or an unreadable file, 3 it was signed by another key than the given one.
"""

import argparse
import sys
from argparse import Namespace, _SubParsersAction
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from audit.checkpoint import Checkpoint, parse_checkpoint
from audit.entry import EntryType, Json, parse_leaf
from audit.errors import (
    KeyInvalid,
    KeyMismatch,
    LeafInvalid,
    LedgerUnreadable,
    NoteInvalid,
    ProofInvalid,
    SignatureInvalid,
)
from audit.note import split_note
from audit.proof import MAX_PROOF_BYTES, parse_proof, verify_receipt
from audit.schema import PERSONS, check_schema
from audit.subjects import MAX_PERSON_PROOF_BYTES, verify_person
from audit.verifier.command import read_file

TOLD: Final = 0
UNSOUND: Final = 1
UNUSABLE: Final = 2
OTHER_KEY: Final = 3
_MAX_SUBJECT_BYTES: Final = 256

Words: TypeAlias = tuple[str, str]  # Dutch and English.

_MONTHS: Final = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)
_MONTHS_EN: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_KINDS: Final[Mapping[str, Words]] = {
    EntryType.GENESIS: ("het begin van het logboek", "the beginning of the ledger"),
    EntryType.DISCLOSURE: ("een verstrekking van gegevens", "a disclosure of data"),
    EntryType.REFUSAL: (
        "een weigering: er zijn geen gegevens verstrekt",
        "a refusal: no data were disclosed",
    ),
    EntryType.BREAK_GLASS: (
        "een verstrekking in acuut gevaar, die daarna door een ander wordt beoordeeld",
        "a disclosure in immediate danger, which somebody else judges afterwards",
    ),
    EntryType.CASE: ("een stap in een casus", "a step in a case"),
    EntryType.CONSENT: (
        "toestemming die is gegeven of ingetrokken",
        "consent that was given or withdrawn",
    ),
    EntryType.CORRECTION: (
        "een verbetering van een eerdere regel",
        "a correction of an earlier entry",
    ),
    EntryType.POLICY: ("een nieuw beleid dat ging gelden", "a new policy that came into force"),
    EntryType.KEYSET: ("een wisseling van sleutels", "a change of keys"),
    EntryType.ERASURE: (
        "het wissen van de gegevens van een persoon",
        "the erasure of the data of a person",
    ),
    EntryType.RETENTION: (
        "het opruimen van oude regels na hun bewaartermijn",
        "the removal of old entries after their retention period",
    ),
    EntryType.ACCESS: (
        "inzage in de gegevens achter een regel",
        "a look into the data behind an entry",
    ),
    EntryType.FREEZE: ("het afsluiten van het logboek", "the closing of the ledger"),
}
_VEILED: Final[Words] = (
    "een antwoord met ja of nee; een nee kan zijn gegeven zonder ergens te kijken",
    "an answer of yes or no; a no may have been given without looking anywhere",
)
_PRECISIONS: Final[Mapping[str, Words]] = {
    "absent": ("niets", "nothing"),
    "exists": ("alleen of er iets bekend is", "only whether anything is known"),
    "flag": ("alleen ja of nee", "only yes or no"),
    "count": ("alleen een aantal", "only a number"),
    "band": ("alleen een klasse, zoals een leeftijdsgroep", "only a range, such as an age group"),
    "year": ("alleen het jaar", "only the year"),
    "quarter": ("alleen het kwartaal", "only the quarter"),
    "postcode4": ("alleen de cijfers van de postcode", "only the digits of the postcode"),
    "pseudonym": ("alleen een codenaam", "only a pseudonym"),
    "exact": ("de waarde zelf", "the value itself"),
}
_OUTCOMES: Final[Mapping[str, Words]] = {
    "met": ("aan voldaan", "met"),
    "not_met": ("niet aan voldaan", "not met"),
    "unknown": ("niet bekend", "not known"),
}
_LABELS: Final[Mapping[str, Words]] = {
    "organisation": ("organisatie (OIN)", "organisation (OIN)"),
    "role": ("rol", "role"),
    "task": ("taak", "task"),
    "activity": ("activiteit", "activity"),
    "purpose": ("doel", "purpose"),
    "subjects": ("aantal personen", "number of persons"),
    "policy": ("versie van het beleid", "policy revision"),
    "reason": ("reden", "reason"),
    "ground": ("grond", "ground"),
    "below": ("opgeruimd tot regel", "removed up to entry"),
    "trace": ("kenmerk van de aanvraag", "trace of the request"),
}
_HEADINGS: Final[Mapping[str, Words]] = {
    "legal_basis": ("wettelijke grondslag", "legal basis"),
    "released": ("verstrekt", "released"),
    "refused": ("niet verstrekt", "not released"),
    "conditions": ("voorwaarden", "conditions"),
    "obligations": ("verplichtingen van de ontvanger", "obligations of the recipient"),
}
_TEXT: Final[Words] = (
    """\
Dit bewijsstuk hoort bij regel {index} van het logboek {origin}.
{verified}

Wat er staat
  {kind},
  op {when} (UTC).
{members}
Wat dit bewijst{once}
  Deze regel stond precies zo in het logboek toen het {size} regels had.
  Niemand kan de regel daarna veranderen of weghalen zonder dat dit te zien is.

Wat dit niet bewijst
  Wie de persoon is: er staan geen gegevens van de persoon in, en ook niet wat er is verstrekt.
  Daarvan is alleen een verzegeld kenmerk vastgelegd.{persons}
  Of de gegevens juist waren, en wat de ontvanger ermee deed.
  Of het logboek er nog is: vraag daarvoor het logboek of een bundel, en geef dit bewijsstuk erbij:
  python -m audit verify LOGBOEK --key SLEUTEL --receipt BEWIJSSTUK
""",
    """\
This receipt belongs to entry {index} of the ledger {origin}.
{verified}

What it says
  {kind},
  on {when} (UTC).
{members}
What this proves{once}
  This entry stood in the ledger exactly like this when the ledger had {size} entries.
  Nobody can change it or take it away after that without being noticed.

What this does not prove
  Who the person is: no data of the person are in it, nor what was released.
  Only a sealed mark of those was recorded.{persons}
  Whether the data were right, and what the recipient did with them.
  Whether the ledger is still there: ask for the ledger or a bundle, and add this receipt:
  python -m audit verify LEDGER --key KEY --receipt RECEIPT
""",
)
_VERIFIED: Final[Words] = (
    "De handtekening en het bewijs zijn gecontroleerd met de sleutel die u gaf. Ze kloppen.",
    "The signature and the proof were verified with the key that you gave. They are sound.",
)
_UNVERIFIED: Final[Words] = (
    "LET OP: niet gecontroleerd (not verified). Zonder sleutel bewijst dit niets. Gebruik --key.",
    "NOTE: not verified. Without a key this proves nothing. Use --key.",
)
_ONCE: Final[Words] = (", zodra het is gecontroleerd", ", once it is verified")
_SEVERAL: Final[Words] = (
    "\n  Deze regel gaat over meer personen. Ieder van hen kan een eigen bewijs krijgen.",
    "\n  This entry is about several persons. Each of them can get a proof of their own.",
)
_THIS_PERSON: Final[Words] = (
    "\n  Het persoonlijke bewijs klopt: deze regel gaat (ook) over de persoon die u noemde.",
    "\n  The proof of the person is sound: this entry is (also) about the person you named.",
)
_FAILURES: Final[Mapping[int, str]] = {
    UNSOUND: """\
Dit bewijsstuk klopt niet. Het is veranderd, of het is niet door dit logboek gegeven.

This receipt is not sound: {message}.
""",
    UNUSABLE: """\
Dit bewijsstuk is niet te lezen, of de sleutel is niet goed geschreven.

This receipt cannot be read, or the key is malformed: {message}.
""",
    OTHER_KEY: """\
Dit bewijsstuk is niet met deze sleutel ondertekend. Controleer de sleutel.

This receipt was not signed with this key. Check the key.
""",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A receipt that was read.

    Trust:   verified says whether a key of the reader's own bore it out; person, whether the proof
             of a person did.
    """

    index: int
    checkpoint: Checkpoint
    leaf: Mapping[str, Json]
    verified: bool
    person: bool = False


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command to the parser of the auditor's command."""
    parser = commands.add_parser(
        "explain",
        help="tell what one receipt proves",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("receipt", type=Path, help="the file of the receipt")
    parser.add_argument("--key", help="the verifier key of the ledger, to verify first")
    parser.add_argument(
        "--person",
        type=Path,
        metavar="PROOF",
        help="the proof or opening for a person, who is named on standard input; needs --key",
    )
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Tell the receipt, and give the exit status."""
    try:
        receipt = read_file(options.receipt, MAX_PROOF_BYTES)
        told = read_receipt(receipt, options.key)
        if options.person is not None:
            told = _about_person(told, receipt, options)
    except KeyMismatch as error:
        return _fail(OTHER_KEY, error)
    except (LedgerUnreadable, KeyInvalid) as error:
        return _fail(UNUSABLE, error)
    except (ProofInvalid, NoteInvalid, SignatureInvalid, LeafInvalid) as error:
        return _fail(UNUSABLE if options.key is None else UNSOUND, error)
    sys.stdout.write(explain(told))
    return TOLD


def read_receipt(proof: bytes, vkey: str | None) -> Told:
    """Read a receipt, and verify it first if a key is given.

    Trust:   proof may come from an attacker; vkey comes from the reader.
    Raises:  ProofInvalid, NoteInvalid, SignatureInvalid, KeyMismatch, KeyInvalid, LeafInvalid.
    """
    if vkey is not None:
        verify_receipt(proof, vkey)
    parsed = parse_proof(proof)
    leaf = parse_leaf(parsed.extra)
    check_schema(leaf)
    checkpoint = parse_checkpoint(split_note(parsed.checkpoint)[0])
    return Told(parsed.index, checkpoint, leaf, vkey is not None)


def _about_person(told: Told, receipt: bytes, options: Namespace) -> Told:
    if options.key is None:
        raise KeyInvalid("the proof of a person is checked with the key of the ledger")
    subject = sys.stdin.buffer.readline(_MAX_SUBJECT_BYTES).strip()
    proof = read_file(options.person, MAX_PERSON_PROOF_BYTES)
    verify_person(proof, receipt, options.key, subject=subject)
    return replace(told, person=True)


def explain(told: Told) -> str:
    """Give the whole story, Dutch first, then English."""
    return "\n".join(_told_in(told, language) for language in (0, 1))


def _told_in(told: Told, language: int) -> str:
    leaf = told.leaf
    committed = leaf.get("commitments", {})
    several = isinstance(committed, Mapping) and PERSONS in committed
    return _TEXT[language].format(
        index=told.index,
        origin=told.checkpoint.origin,
        size=told.checkpoint.size,
        verified=(_VERIFIED if told.verified else _UNVERIFIED)[language],
        once="" if told.verified else _ONCE[language],
        kind=(_VEILED if leaf.get("veiled") else _KINDS[str(leaf["type"])])[language],
        when=_moment(int(str(leaf["time"])), language),
        members="".join(f"  {line}\n" for line in _lines(leaf, language)),
        persons=_persons(told, several)[language],
    )


def _persons(told: Told, several: bool) -> Words:  # noqa: FBT001
    if told.person:
        return _THIS_PERSON
    return _SEVERAL if several else ("", "")


def _lines(leaf: Mapping[str, Json], language: int) -> Iterator[str]:
    for name, label in _LABELS.items():
        if name in leaf:
            yield f"{label[language]}: {leaf[name]}"
    for name, heading in _HEADINGS.items():
        items = leaf.get(name)
        if isinstance(items, Sequence) and items:
            yield f"{heading[language]}:"
            yield from (f"  - {_item(name, each, language)}" for each in items)


def _item(name: str, item: object, language: int) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    match name:
        case "released":
            words = _PRECISIONS.get(item["precision"])
            told = item["precision"] if words is None else words[language]
            return f"{item['field']}: {told}"
        case "conditions":
            return f"{item['name']}: {_OUTCOMES[item['outcome']][language]}"
        case _:
            field = f" ({item['field']})" if "field" in item else ""
            times = f" x {item['count']}" if "count" in item else ""
            return f"{item['code']}{field}{times}"


def _moment(ms: int, language: int) -> str:
    try:
        at = datetime.fromtimestamp(ms / 1000, UTC)
    except (ValueError, OverflowError):
        return f"{ms} ms"
    month = (_MONTHS, _MONTHS_EN)[language][at.month - 1]
    return f"{at.day} {month} {at.year}, {at:%H:%M:%S}"


def _fail(status: int, error: Exception) -> int:
    sys.stderr.write(_FAILURES[status].format(message=error))
    return status
