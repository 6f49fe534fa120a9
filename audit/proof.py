"""The receipt as text: c2sp.org/tlog-proof@v1, with the leaf as its extra data."""

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.checkpoint import open_checkpoint, parse_number
from audit.entry import CanonicalBytes, parse_leaf
from audit.errors import ProofInvalid
from audit.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from audit.note import decode_base64, parse_vkey

MAX_PROOF_BYTES: Final = 1_100_000  # A note of the largest size and a path of the longest.
_HEADER: Final = b"c2sp.org/tlog-proof@v1\n"
_MAX_PATH: Final = 63  # No tree with a 63-bit size has a longer one.
_EXTRA: Final = b"extra "
_INDEX: Final = b"index "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """One inclusion proof with the signed checkpoint that it leads to.

    Shapes:  hashes: 32 bytes each, leaf to root. checkpoint: a signed note, not verified yet.
    """

    index: int
    hashes: Sequence[bytes]
    checkpoint: bytes
    extra: bytes = b""


def format_proof(proof: TlogProof) -> bytes:
    """Give the text form of a proof."""
    path = b"".join(map(b2a_base64, proof.hashes))
    return format_proof_around(proof.index, path, proof.checkpoint, proof.extra)


def format_proof_around(index: int, path: bytes, checkpoint: bytes, extra: bytes) -> bytes:
    """Give the text form of a proof of which the path is text already.

    Shapes:  path: one line of base64 for each hash, leaf to root.
    """
    # b2a_base64 ends with the newline that the format wants; this runs once per disclosure.
    told = _EXTRA + b2a_base64(extra) if extra else b""
    return b"%s%s%s%d\n%s\n%s" % (_HEADER, told, _INDEX, index, path, checkpoint)


def parse_proof(text: bytes) -> TlogProof:
    """Read a proof to its last byte; the checkpoint inside is not verified.

    Trust:   text may come from an attacker.
    Raises:  ProofInvalid if it is malformed.
    Source:  C2SP tlog-proof.
    """
    head, blank, checkpoint = text.partition(b"\n\n")
    if len(text) > MAX_PROOF_BYTES or not head.startswith(_HEADER) or not (blank and checkpoint):
        raise ProofInvalid("a proof is a header, an index, a path, a blank line and a checkpoint")
    lines = head[len(_HEADER) :].split(b"\n")
    try:
        extra = decode_base64(lines.pop(0)[len(_EXTRA) :]) if lines[0].startswith(_EXTRA) else b""
        if not lines or not lines[0].startswith(_INDEX):
            raise ProofInvalid("the proof has no index")
        index = parse_number(lines[0][len(_INDEX) :])
        hashes = [decode_base64(line) for line in lines[1:]]
    except ValueError as error:
        raise ProofInvalid("a line of the proof is malformed") from error
    if len(hashes) > _MAX_PATH or any(len(h) != HASH_BYTES for h in hashes):
        raise ProofInvalid("the path of the proof is malformed")
    return TlogProof(index, hashes, checkpoint, extra)


def verify_receipt(proof: bytes, vkey: str) -> CanonicalBytes:
    """Give the leaf that this receipt proves to stand in the log of this key.

    Trust:   proof may come from an attacker; vkey comes from the one who verifies.
    Raises:  ProofInvalid, NoteInvalid, SignatureInvalid, KeyMismatch, KeyInvalid, LeafInvalid.
    """
    parsed = parse_proof(proof)
    checkpoint = open_checkpoint(parsed.checkpoint, parse_vkey(vkey))
    if parsed.index >= checkpoint.size:
        raise ProofInvalid("the index lies outside the tree of the checkpoint")
    verify_inclusion(
        leaf=leaf_hash(parsed.extra),
        index=parsed.index,
        size=checkpoint.size,
        path=parsed.hashes,
        root=checkpoint.root,
    )
    parse_leaf(parsed.extra)
    return CanonicalBytes(parsed.extra)
