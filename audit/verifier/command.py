"""The command `python -m audit verify`: the whole of a ledger or a bundle, offline and read-only.

Exit status:
  0  all is well; of a bundle of some entries: all that can be checked is well
  1  a defect was found
  2  wrong usage, or a file or a key that cannot be read
  3  the ledger was signed by another key than the given one
  4  all signatures are well, but too few witnesses cosigned
  5  nothing shows that the ledger is recent enough, or that it was stamped in time
  6  the ledger is well, but a receipt is not, or the ledger does not hold what it proves
"""

import argparse
import json
import re
import sys
import time
from argparse import Namespace, _SubParsersAction
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from audit.errors import (
    Defect,
    KeyInvalid,
    KeyMismatch,
    LedgerUnreadable,
    PolicyInvalid,
    StampToolMissing,
    VerificationFailed,
)
from audit.proof import MAX_PROOF_BYTES
from audit.timestamp import verify_stamp
from audit.verifier.file import LedgerFile
from audit.verifier.folder import BundleFolder
from audit.verifier.reader import Reader
from audit.verifier.report import defect_text, members_of, summary_text
from audit.verifier.signed import CheckStamp, Demands
from audit.verifier.verify import Progress, Summary, verify_kept_receipt, verify_ledger
from audit.witness.policy import MAX_POLICY_BYTES, parse_policy

SOUND: Final = 0
DEFECT: Final = 1
UNUSABLE: Final = 2
OTHER_KEY: Final = 3
NO_QUORUM: Final = 4
STALE: Final = 5
RECEIPT: Final = 6
_STATUS: Final = {
    Defect.QUORUM: NO_QUORUM,
    Defect.STALE: STALE,
    Defect.STAMP: STALE,
    Defect.RECEIPT: RECEIPT,
}
_OUTCOME: Final = {
    DEFECT: "defect",
    UNUSABLE: "unusable",
    OTHER_KEY: "other-key",
    NO_QUORUM: "no-quorum",
    STALE: "stale",
    RECEIPT: "receipt",
}
_PROGRESS_STEP: Final = 5000  # Entries between two signs of life: a few a second.
_MAX_CHAIN_BYTES: Final = 1_000_000
_MS: Final = 1000
_NS_PER_MS: Final = 1_000_000
_AGE: Final = re.compile("([1-9][0-9]{0,5})([smhd])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command to the parser of the auditor's command."""
    parser = commands.add_parser(
        "verify",
        help="verify a whole ledger or an audit bundle",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("ledger", type=Path, help="a bundle, or the SQLite file of a ledger")
    parser.add_argument("--key", required=True, help="the verifier key: name+id+base64")
    parser.add_argument("--policy", type=Path, help="the file that says which witnesses suffice")
    parser.add_argument("--max-age", type=parse_age, metavar="AGE", help="such as 90m, 24h or 7d")
    parser.add_argument("--tsa-root", type=Path, help="certificates of a time stamp authority")
    parser.add_argument("--whole", action="store_true", help="refuse a bundle of some entries")
    parser.add_argument("--json", action="store_true", help="tell the outcome as one JSON object")
    parser.add_argument(
        "--receipt",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a receipt that the ledger must hold; may be given again",
    )
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Verify, tell the outcome, and give the exit status."""
    try:
        summary = _verify(options)
    except VerificationFailed as error:
        status = _STATUS.get(error.defect, DEFECT)
        told = {"index": error.index, "defect": error.defect.value, "message": error.message}
        return _tell(status, told, as_json=options.json)
    except KeyMismatch as error:
        return _tell(OTHER_KEY, {"message": str(error)}, as_json=options.json)
    except (KeyInvalid, LedgerUnreadable, PolicyInvalid, StampToolMissing) as error:
        return _tell(UNUSABLE, {"message": str(error)}, as_json=options.json)
    told = members_of(summary) | {"receipts": len(options.receipt)}
    outcome = "sound-in-part" if summary.partial else "sound"
    text = json.dumps({"outcome": outcome, **told}) if options.json else summary_text(told)
    sys.stdout.write(f"{text}\n")
    return SOUND


def parse_age(text: str) -> int:
    """Read an age such as `24h`, in ms.

    Raises:  ArgumentTypeError.
    """
    match = _AGE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("an age is a number and s, m, h or d")
    return int(match[1]) * _SECONDS[match[2]] * _MS


@contextmanager
def open_ledger(path: Path) -> Iterator[Reader]:
    """Open a bundle or a ledger file, whichever this is.

    Raises:  LedgerUnreadable, also within the block.
    """
    if path.is_dir():
        yield BundleFolder(path)
    else:
        with LedgerFile.open(path) as file:
            yield file


def progress_on(stream: TextIO) -> Progress | None:
    """Give what shows progress on this stream, if somebody is watching it."""
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


def read_file(path: Path, limit: int) -> bytes:
    """Read a file that the auditor named, if it is no larger than it can be.

    Raises:  LedgerUnreadable.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise LedgerUnreadable("a file that was named cannot be read") from error
    if len(data) > limit:
        raise LedgerUnreadable("a file that was named is too large")
    return data


def _verify(options: Namespace) -> Summary:
    proofs = [read_file(path, MAX_PROOF_BYTES) for path in options.receipt]
    now_ms = time.time_ns() // _NS_PER_MS
    policy = None
    if options.policy is not None:
        policy = parse_policy(read_file(options.policy, MAX_POLICY_BYTES))
    demands = Demands(
        policy, now_ms, options.max_age, _stamp_check(options.tsa_root, now_ms), options.whole
    )
    progress = progress_on(sys.stderr)
    with open_ledger(options.ledger) as reader:
        summary = verify_ledger(reader, vkey=options.key, demands=demands, progress=progress)
        for proof in proofs:
            verify_kept_receipt(reader, proof, vkey=options.key)
    return summary


def _stamp_check(path: Path | None, now_ms: int) -> CheckStamp | None:
    if path is None:
        return None
    chain = read_file(path, _MAX_CHAIN_BYTES)
    return lambda note, response: verify_stamp(response, note, chain=chain, now_ms=now_ms).at_ms


def _tell(status: int, told: dict[str, str | int], *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"outcome": _OUTCOME[status], **told}) + "\n")
    else:
        stream = sys.stderr if status in {UNUSABLE, OTHER_KEY} else sys.stdout
        stream.write(defect_text(_OUTCOME[status], told))
    return status
