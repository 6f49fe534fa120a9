"""What holds for every leaf, note, checkpoint, proof and draft."""

import string

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from audit.entry import MAX_INT, MAX_LEAF_BYTES, Json, canonical, parse_leaf
from audit.errors import AuditError, LeafInvalid
from audit.merkle import RootHash
from audit.note import open_note
from audit.proof import TlogProof, format_proof, parse_proof
from audit.seal import commit
from tests.fakes_audit import ORIGIN, VKEY, make_signer

KEYS = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SCALARS = TEXTS | st.integers(-MAX_INT, MAX_INT) | st.booleans()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
LEAVES = st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3), max_size=8)
HASHES = st.binary(min_size=32, max_size=32)


@given(LEAVES)
def test_canonical_form_comes_back(leaf: dict[str, Json]) -> None:
    """What was made canonical is read as it was, and written again to the same bytes."""
    data = canonical(leaf)

    assert parse_leaf(data) == leaf
    assert canonical(parse_leaf(data)) == data


@given(LEAVES)
def test_the_fast_encoder_agrees(leaf: dict[str, Json]) -> None:
    """The encoder of the sequencer writes the bytes of the strict one."""
    assert orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS) == canonical(leaf)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_deep_values_come_back_or_are_refused(leaf: dict[str, Json]) -> None:
    """There is no third outcome."""
    try:
        again = parse_leaf(canonical(leaf))
    except LeafInvalid:
        again = leaf

    assert again == leaf


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_what_is_read_is_canonical(data: bytes) -> None:
    """No other bytes than the canonical ones are ever read."""
    try:
        again = canonical(parse_leaf(data))
    except LeafInvalid:
        again = None

    assert again in {None, data}


@given(st.integers(0, MAX_LEAF_BYTES), LEAVES.filter(bool))
def test_an_inserted_space_is_refused_outside_texts(at: int, leaf: dict[str, Json]) -> None:
    """A space outside of a text makes another spelling; inside one it makes another leaf."""
    data = canonical(leaf)
    spaced = data[: at % len(data)] + b" " + data[at % len(data) :]
    try:
        found = parse_leaf(spaced)
    except LeafInvalid:
        found = None

    assert found != leaf


@given(st.integers(0, 10**18), HASHES)
def test_a_checkpoint_comes_back(size: int, root: bytes) -> None:
    """Text and checkpoint are two forms of one thing."""
    checkpoint = Checkpoint(ORIGIN, size, RootHash(root))

    assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint


@given(st.binary(max_size=300))
def test_no_checkpoint_has_two_texts(data: bytes) -> None:
    """What is read as a checkpoint is written to the same bytes."""
    try:
        again = format_checkpoint(parse_checkpoint(data))
    except AuditError:
        again = data

    assert again == data


@given(st.integers(0, 2**60), st.lists(HASHES, max_size=63), st.binary(max_size=50))
def test_a_proof_comes_back(index: int, hashes: list[bytes], extra: bytes) -> None:
    """Text and proof are two forms of one thing."""
    proof = TlogProof(index, hashes, b"note\n", extra)

    assert parse_proof(format_proof(proof)) == proof


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80))
def test_a_note_opens_to_what_was_signed(text: str) -> None:
    """Whatever letters a text has, separators of other systems included."""
    signed = make_signer().sign(f"{text}\n".encode())

    assert open_note(signed, [VKEY]) == f"{text}\n".encode()


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_closes_a_note(at: int, bit: int) -> None:
    """No bit of a note can change unnoticed."""
    note = bytearray(make_signer().sign(b"text\n"))
    note[at % len(note)] ^= 1 << bit

    with pytest.raises(AuditError):
        open_note(bytes(note), [VKEY])


@given(st.tuples(HASHES, st.text(max_size=20), st.integers(0, 2**32 - 1), st.binary(max_size=80)))
def test_commitments_never_meet(parts: tuple[bytes, str, int, bytes]) -> None:
    """Moving a byte from the label to the value gives another commitment."""
    r, label, i, value = parts
    whole = commit(r, label, "0c" * 16, i, value)

    assert whole != commit(r, label + "x", "0c" * 16, i, value)
    assert whole != commit(r, label, "0c" * 16, i, value + b"\x00")
    assert whole == commit(r, label, "0c" * 16, i, value)
