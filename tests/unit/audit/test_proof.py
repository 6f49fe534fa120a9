"""Receipts as text."""

import pytest

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.entry import canonical
from audit.errors import AuditError, KeyMismatch, LeafInvalid, ProofInvalid
from audit.merkle import Frontier, grow, leaf_hash
from audit.proof import TlogProof, format_proof, parse_proof, verify_receipt
from tests.fakes_audit import ORIGIN, VKEY, make_signer

LEAF = canonical({"a": 1})
GROWTH = grow(Frontier(), [leaf_hash(leaf) for leaf in (b"0", LEAF, b"{}")])
NOTE = make_signer().sign(format_checkpoint(Checkpoint(ORIGIN, 3, GROWTH.frontier.root)))
PROOF = TlogProof(1, GROWTH.path(1), NOTE, LEAF)
TEXT = format_proof(PROOF)


def test_a_receipt_proves_its_leaf() -> None:
    """The leaf comes out of a sound receipt."""
    assert verify_receipt(TEXT, VKEY) == LEAF


def test_a_proof_has_one_text() -> None:
    """Formatting and parsing undo each other."""
    assert parse_proof(TEXT) == PROOF
    assert format_proof(parse_proof(TEXT)) == TEXT


def test_a_receipt_of_another_log_is_refused() -> None:
    """The auditor's key decides."""
    with pytest.raises(KeyMismatch):
        verify_receipt(TEXT, make_signer(b"o" * 32).verifier.vkey)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        TEXT[:40],
        b"x" + TEXT,
        TEXT.replace(b"index 1", b"index 01"),
        TEXT.replace(b"index 1", b"index -1"),
        TEXT.replace(b"index 1\n", b""),
        TEXT.replace(b"index 1", b"index 1 "),
        TEXT.replace(b"extra ", b"extra !"),
        TEXT.replace(b"index 1\n", b"index 1\nAAAA\n"),
        TEXT.replace(b"index 1\n", b"index 1\n" + b"A" * 43 + b"=\n" * 1 + b"x\n"),
        b"c2sp.org/tlog-proof@v1\nextra QQ==\n\nnote\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\nnote\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n\n",
        TEXT + b"x" * 1_100_000,
    ],
)
def test_a_malformed_proof_is_refused(text: bytes) -> None:
    """Every line has one form."""
    with pytest.raises(ProofInvalid):
        parse_proof(text)


@pytest.mark.parametrize("index", [0, 2, 3, 9])
def test_a_receipt_at_another_index_is_refused(index: int) -> None:
    """The index is bound by the path and the signed size."""
    with pytest.raises(ProofInvalid):
        verify_receipt(format_proof(TlogProof(index, PROOF.hashes, NOTE, LEAF)), VKEY)


def test_a_receipt_whose_leaf_is_not_canonical_is_refused() -> None:
    """Also a leaf that stands in the tree must be in the one form."""
    growth = grow(Frontier(), [leaf_hash(b"{ }")])
    note = make_signer().sign(format_checkpoint(Checkpoint(ORIGIN, 1, growth.frontier.root)))

    with pytest.raises(LeafInvalid):
        verify_receipt(format_proof(TlogProof(0, [], note, b"{ }")), VKEY)


@pytest.mark.parametrize("position", range(0, len(TEXT), 7))
def test_one_flipped_bit_is_refused(position: int) -> None:
    """No byte of a receipt can change unnoticed."""
    altered = bytearray(TEXT)
    altered[position] ^= 1

    with pytest.raises(AuditError):
        verify_receipt(bytes(altered), VKEY)
