"""One of several persons in an entry: how the entry commits to each, and the proof for one alone.

The entry commits to the root of a Merkle tree (RFC 6962) with one leaf per person. Whoever gets a
proof learns from it their own place and how many persons there are, and nothing of the others: a
leaf of the tree is a hash over two commitments, which say nothing without their openings.

The proof is text: the header, `position` and a number, `subject` and the opening of the first
commitment, `content` and the second commitment, `opening` and its opening, and then the path from
leaf to root, one hash a line; all bytes in base64, every line ended by a newline.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from audit.checkpoint import parse_number
from audit.entry import CanonicalBytes
from audit.errors import ProofInvalid
from audit.merkle import HASH_BYTES, LeafHash, leaf_hash, verify_inclusion
from audit.note import decode_base64
from audit.proof import verify_receipt
from audit.schema import PERSONS, check_schema
from audit.seal import Particulars, commit

MAX_PERSONS: Final = 1000  # One such entry keeps the writer as long as a full batch of others.
PERSON_LABELS: Final = ("subject", "content")
_MAX_PATH: Final = (MAX_PERSONS - 1).bit_length()
MAX_PERSON_PROOF_BYTES: Final = 1024  # Ten hashes of 45 and four lines are some 650.
_HEADER: Final = b"doelpoort/person-proof@v1"
_NAMES: Final = (b"position ", b"subject ", b"content ", b"opening ")


@dataclass(frozen=True, slots=True, repr=False)
class PersonProof:
    """What shows that an entry is about one person among several.

    Shapes:  subject, content: the openings of the two commitments of this person; commitment: the
             second of them; every hash of path: 32 bytes each.
    Units:   position counts the persons of the entry from 0.
    Trust:   whoever holds it and the receipt can find out by trying whom it is about. It is
             personal data of that person, and of nobody else.
    """

    position: int
    subject: bytes
    commitment: bytes
    content: bytes
    path: Sequence[bytes]


def person_leaf(subject: bytes, content: bytes) -> LeafHash:
    """Give the leaf of one person, from the two commitments of 32 bytes that it stands for."""
    return leaf_hash(subject + content)


def prove_person(particulars: Particulars, position: int) -> bytes:
    """Give the proof for the person of these particulars, as text.

    Raises:  ProofInvalid if they are not those of one of several persons.
    """
    part = particulars.part
    if part is None:
        raise ProofInvalid("these particulars are not those of one of several persons")
    subject, content = (particulars.openings[label] for label in PERSON_LABELS)
    told = (b"%d" % position, *map(b64encode, (subject, part.content, content)))
    lines = [_HEADER, *(name + value for name, value in zip(_NAMES, told, strict=True))]
    return b"\n".join([*lines, *map(b64encode, part.path), b""])


def parse_person_proof(text: bytes) -> PersonProof:
    """Read a proof to its last byte.

    Trust:   text may come from an attacker.
    Raises:  ProofInvalid if it is malformed.
    """
    lines = text.split(b"\n") if len(text) <= MAX_PERSON_PROOF_BYTES else []
    head, rest = lines[: 1 + len(_NAMES)], lines[1 + len(_NAMES) :]
    if not rest or rest.pop() or len(rest) > _MAX_PATH or head[0] != _HEADER:
        raise ProofInvalid("a proof for a person is a header, four named lines and a path")
    try:
        position, *values = map(_value_of, head[1:], _NAMES)
        number, hashes = parse_number(position), [decode_base64(v) for v in (*values, *rest)]
    except ValueError as error:
        raise ProofInvalid("a line of the proof for a person is malformed") from error
    if number >= MAX_PERSONS or any(len(h) != HASH_BYTES for h in hashes):
        raise ProofInvalid("a number, an opening or a hash of the proof for a person is malformed")
    subject, commitment, content, *path = hashes
    return PersonProof(number, subject, commitment, content, path)


def verify_person(
    proof: bytes, receipt: bytes, vkey: str, *, subject: bytes, content: bytes | None = None
) -> CanonicalBytes:
    """Give the leaf that this receipt and this proof show to be about this person, among others.

    Where the entry is about one person only, the proof is the opening of its subject in base64.

    Shapes:  content: what was released about this person, checked too where it is given.
    Trust:   proof and receipt may come from an attacker; vkey, subject and content come from the
             one who verifies.
    Raises:  ProofInvalid, LeafInvalid; what `verify_receipt` raises.
    """
    if not proof.startswith(_HEADER):
        return _verify_only_person(proof, receipt, vkey, subject)
    told = parse_person_proof(proof)
    leaf = verify_receipt(receipt, vkey)
    members = json.loads(leaf)
    check_schema(members)
    root = members.get("commitments", {}).get(PERSONS)
    if root is None:
        raise ProofInvalid("the entry is not about several persons")
    count, place, request_id = members["subjects"], told.position, members["id"]
    if place >= count:
        raise ProofInvalid("the entry is about fewer persons than the proof says")
    of_subject, of_content = PERSON_LABELS
    own = commit(told.subject, of_subject, request_id, place, subject)
    verify_inclusion(
        leaf=person_leaf(own, told.commitment),
        index=place,
        size=count,
        path=told.path,
        root=decode_base64(root),
    )
    if content is not None:
        opened = commit(told.content, of_content, request_id, place, content)
        if not compare_digest(opened, told.commitment):
            raise ProofInvalid("what was released about this person is something else")
    return leaf


def _verify_only_person(proof: bytes, receipt: bytes, vkey: str, subject: bytes) -> CanonicalBytes:
    try:
        opening = decode_base64(proof.strip())
    except ValueError as error:
        raise ProofInvalid("this is neither a proof for a person nor an opening") from error
    leaf = verify_receipt(receipt, vkey)
    members = json.loads(leaf)
    check_schema(members)
    label = PERSON_LABELS[0]
    committed = members.get("commitments", {}).get(label, "")
    opened = b64encode(commit(opening, label, members["id"], 0, subject)).decode()
    if not compare_digest(opened, committed):
        raise ProofInvalid("the entry is not about this person alone")
    return leaf


def _value_of(line: bytes, name: bytes) -> bytes:
    if not line.startswith(name):
        raise ValueError("a line has another name")
    return line[len(name) :]
