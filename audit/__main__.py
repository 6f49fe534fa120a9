"""The auditor's command: `python -m audit verify LEDGER --key VKEY`, offline and read-only.

Exit status: 0 all is well, 1 a defect was found, 2 wrong usage or an unreadable file, 3 the ledger
was signed by another key than the given one.
"""

import argparse
import json
import sys
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from audit.entry import EntryType
from audit.errors import KeyInvalid, KeyMismatch, LedgerUnreadable, VerificationFailed
from audit.proof import MAX_PROOF_BYTES
from audit.verifier.file import LedgerFile
from audit.verifier.verify import Progress, Summary, verify_kept_receipt, verify_ledger

SOUND: Final = 0
DEFECT: Final = 1
UNUSABLE: Final = 2
OTHER_KEY: Final = 3
_PROGRESS_STEP: Final = 5000  # Entries between two signs of life: a few a second.

_SUMMARY: Final = """\
Het logboek is in orde.
  Alle {size} regels staan er, in volgorde, en precies zoals ze zijn ondertekend.
  Er zijn {disclosures} verstrekkingen en {refusals} weigeringen vastgelegd,
  van {first} tot {last}.
  Bewijsstukken die ook in het logboek staan: {receipts}.
  Dit zegt niets over regels na het laatste controlepunt: vergelijk dat met een eigen kopie.

The ledger is sound.
  All {size} entries are there, in order, and exactly as they were signed.
  {disclosures} disclosures and {refusals} refusals are recorded,
  from {first} to {last}.
  Receipts that the ledger holds as well: {receipts}.
  This says nothing about entries after the newest checkpoint: compare it with a copy of your own.

key         {vkey}
log         {origin}
size        {size}
root        {root}
checkpoints {checkpoints}
"""
_DEFECT: Final = """\
Het logboek klopt niet. Eerste fout bij regel {index}, soort: {defect}.
  Deze regel of wat erbij hoort is na het ondertekenen veranderd, weggehaald of toegevoegd.

The ledger is not sound. First defect at entry {index}, class: {defect}.
  {message}.
"""
_OTHER_KEY: Final = """\
Dit logboek is niet met deze sleutel ondertekend. Controleer de sleutel.

This ledger was not signed with this key. Check the key.
"""
_UNUSABLE: Final = """\
De controle kon niet beginnen: een bestand is niet leesbaar of de sleutel is niet goed geschreven.

The verification could not start: {message}.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    options = _parser().parse_args(arguments)
    try:
        summary = _verify(options.ledger, options.key, options.receipt)
    except VerificationFailed as error:
        told = {"index": error.index, "defect": error.defect.value, "message": error.message}
        return _tell(DEFECT, told, None if options.json else _DEFECT)
    except KeyMismatch as error:
        return _tell(OTHER_KEY, {"message": str(error)}, None if options.json else _OTHER_KEY)
    except (KeyInvalid, LedgerUnreadable) as error:
        return _tell(UNUSABLE, {"message": str(error)}, None if options.json else _UNUSABLE)
    told = _told(summary) | {"receipts": len(options.receipt)}
    return _tell(SOUND, told, None if options.json else _SUMMARY)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    commands = parser.add_subparsers(required=True)
    verify = commands.add_parser("verify", help="verify a whole ledger, offline and read-only")
    verify.add_argument("ledger", type=Path, help="the SQLite file of the ledger")
    verify.add_argument("--key", required=True, help="the verifier key: name+id+base64")
    verify.add_argument("--json", action="store_true", help="tell the outcome as one JSON object")
    verify.add_argument(
        "--receipt",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a receipt that the ledger must hold; may be given again",
    )
    return parser


def _verify(ledger: Path, vkey: str, receipts: Sequence[Path]) -> Summary:
    proofs = [_read(path) for path in receipts]
    with LedgerFile.open(ledger) as reader:
        summary = verify_ledger(reader, vkey=vkey, progress=_progress(sys.stderr))
        for proof in proofs:
            verify_kept_receipt(reader, proof, vkey=vkey)
    return summary


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_PROOF_BYTES + 1)
    except OSError as error:
        raise LedgerUnreadable("a receipt file cannot be read") from error


def _progress(stream: TextIO) -> Progress | None:
    if not stream.isatty():
        return None
    shown = 0

    def show(done: int, total: int) -> None:
        nonlocal shown
        if done - shown >= _PROGRESS_STEP or done == total:
            shown = done
            end = "\n" if done == total else ""
            stream.write(f"\r{done} / {total}{end}")
            stream.flush()

    return show


def _told(summary: Summary) -> dict[str, str | int]:
    return {
        "vkey": summary.vkey,
        "origin": summary.origin,
        "size": summary.size,
        "root": b64encode(summary.root).decode(),
        "checkpoints": summary.checkpoints,
        "disclosures": summary.counts.get(EntryType.DISCLOSURE, 0),
        "refusals": summary.counts.get(EntryType.REFUSAL, 0),
        "first": _instant(summary.first_ms),
        "last": _instant(summary.last_ms),
    }


def _instant(ms: int) -> str:
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return f"{ms} ms"


def _tell(status: int, told: dict[str, str | int], text: str | None) -> int:
    outcome = {SOUND: "sound", DEFECT: "defect", UNUSABLE: "unusable", OTHER_KEY: "other-key"}
    if text is None:
        sys.stdout.write(json.dumps({"outcome": outcome[status], **told}) + "\n")
    else:
        (sys.stdout if status in {SOUND, DEFECT} else sys.stderr).write(text.format(**told))
    return status


if __name__ == "__main__":
    sys.exit(main())
