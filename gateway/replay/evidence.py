"""What others hand in to be held against the ledger: receipts of recipients, logs of sources.

Receipts are a folder with a tlog-proof in each file, or a file with JSON lines of which each has a
`proof`, and a `request_id` if the recipient kept it. A query log is a file with JSON lines of which
each has a `time` (RFC 3339, or milliseconds since 1970) and the `trace` that the query came with.
"""

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, parse_checkpoint
from audit.entry import parse_leaf
from audit.errors import (
    KeyMismatch,
    LeafInvalid,
    NoteInvalid,
    ProofInvalid,
    SignatureInvalid,
)
from audit.merkle import leaf_hash
from audit.note import parse_vkey, split_note
from audit.proof import MAX_PROOF_BYTES, parse_proof, verify_receipt
from gateway.errors import EvidenceInvalid
from gateway.moments import unix_ms

_MAX_QUERY_BYTES: Final = 65_536
# As JSON a proof takes a little more room than by itself: its lines are escaped.
_MAX_LINE_BYTES: Final = 2 * MAX_PROOF_BYTES
_UNPROVEN: Final = (KeyMismatch, LeafInvalid, NoteInvalid, ProofInvalid, SignatureInvalid)


@dataclass(frozen=True, slots=True)
class Proven:
    """What a receipt proves: this entry at this index, in the log as it was signed then.

    Shapes:  leaf_hash: 32 bytes.
    """

    index: int
    leaf_hash: bytes
    signed: Checkpoint


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt as it was handed in; `proven` is None when it proves nothing under the key.

    Shapes:  place: the name of its file, or the number of its line.
    """

    place: str
    proven: Proven | None
    is_of_other_log: bool = False


@dataclass(frozen=True, slots=True)
class SourceQuery:
    """One query that a source answered; `trace` is None when it came with none.

    Units:   line counts from one; time in ms since 1970.
    """

    line: int
    time: int
    trace: str | None


def read_receipts(path: Path, vkey: str) -> Iterator[Receipt]:
    """Give the receipts in this folder or file, each checked under the key.

    Trust:   what is in it comes from recipients; vkey comes from the one who asks.
    Raises:  EvidenceInvalid when something cannot be read; KeyInvalid.
    """
    name = parse_vkey(vkey).name
    for place, request_id, proof in _proofs(path):
        yield _receipt(place, request_id, proof, name, vkey)


def read_queries(path: Path) -> Iterator[SourceQuery]:
    """Give the queries in this log.

    Trust:   the log comes from a source.
    Raises:  EvidenceInvalid when a line cannot be read.
    """
    for number, members in _lines(path, _MAX_QUERY_BYTES):
        trace = members.get("trace")
        at = _time_of(members.get("time"), number)
        yield SourceQuery(number, at, trace if isinstance(trace, str) else None)


def _proofs(path: Path) -> Iterator[tuple[str, str | None, bytes]]:
    if path.is_dir():
        yield from _files(path)
        return
    for number, members in _lines(path, _MAX_LINE_BYTES):
        proof, request_id = members.get("proof"), members.get("request_id")
        if not isinstance(proof, str):
            raise EvidenceInvalid(f"line {number} of the receipts has no proof")
        yield f"{number}", request_id if isinstance(request_id, str) else None, proof.encode()


def _files(folder: Path) -> Iterator[tuple[str, None, bytes]]:
    try:
        with os.scandir(folder) as found:
            for each in found:
                if each.is_file(follow_symlinks=False):
                    with open(each.path, "rb") as file:  # noqa: PTH123 - a DirEntry is no Path
                        yield each.name, None, file.read(MAX_PROOF_BYTES + 1)
    except OSError as exc:
        raise EvidenceInvalid("a receipt in the folder cannot be read") from exc


def _lines(path: Path, limit: int) -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(limit + 1):
                number += 1
                if line.strip():
                    yield number, _members(line, number, limit)
    except OSError as exc:
        raise EvidenceInvalid("a file of receipts or queries cannot be read") from exc


def _members(line: bytes, number: int, limit: int) -> Mapping[str, object]:
    try:
        members = json.loads(line) if len(line) <= limit else None
    except (ValueError, RecursionError) as exc:
        raise EvidenceInvalid(f"line {number} is no JSON") from exc
    if not isinstance(members, dict):
        raise EvidenceInvalid(f"line {number} is no JSON object, or far too long")
    return members


def _receipt(place: str, request_id: str | None, proof: bytes, name: str, vkey: str) -> Receipt:
    try:
        signed = parse_checkpoint(split_note(parse_proof(proof).checkpoint)[0])
        if signed.origin != name:
            return Receipt(place, None, is_of_other_log=True)
        leaf = verify_receipt(proof, vkey)
    except _UNPROVEN:
        return Receipt(place, None)
    if request_id not in {None, parse_leaf(leaf).get("id")}:
        return Receipt(place, None)
    return Receipt(place, Proven(parse_proof(proof).index, leaf_hash(leaf), signed))


def _time_of(value: object, number: int) -> int:
    if type(value) is int:
        return value
    try:
        at = dt.datetime.fromisoformat(str(value))
    except ValueError as exc:
        raise EvidenceInvalid(f"line {number} of the queries has no time") from exc
    if at.tzinfo is None:
        raise EvidenceInvalid(f"line {number} of the queries has a time without a time zone")
    return unix_ms(at)
