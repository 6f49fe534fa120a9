"""Cosignatures: what a witness signs, and what is taken from its answer."""

from base64 import b64encode
from struct import pack

import pytest

from audit.cosignature import add_cosignatures, read_cosignature
from audit.errors import KeyInvalid, KeyMismatch, NoteInvalid, SignatureInvalid
from audit.note import (
    MAX_TIME_S,
    Cosigner,
    open_note,
    open_signatures,
    parse_vkey,
    parse_witness_skey,
    parse_witness_vkey,
    read_time,
)
from tests.fakes_witness import LOG, NOW_S, TREE, WITNESSES

WITNESS, OTHER, _ = WITNESSES
TEXT = TREE.text(9)
NOTE = TREE.note(9)
LINE = WITNESS.cosign(TEXT, NOW_S)


def _signed(at_s: int, signature: bytes) -> bytes:
    blob = WITNESS.key_id + pack(">Q", at_s) + signature
    return f"— {WITNESS.name} {b64encode(blob).decode()}\n".encode()


def test_a_cosigned_note_opens_with_the_key_of_the_witness_alone() -> None:
    """Keys of both types open a note, together and each by itself."""
    assert open_note(NOTE + LINE, [WITNESS.key.vkey]) == TEXT
    assert open_note(NOTE + LINE, [LOG.verifier.vkey, WITNESS.key.vkey]) == TEXT


def test_the_time_of_a_cosignature_is_told() -> None:
    """What was verified says when it was made."""
    opened = open_signatures(NOTE + LINE, [LOG.verifier, WITNESS.key])

    assert read_time(opened.signatures[WITNESS.key]) == NOW_S
    assert LOG.verifier in opened.signatures


def test_the_time_is_signed() -> None:
    """The same signature under another time is wrong."""
    blob = open_signatures(NOTE + LINE, [WITNESS.key]).signatures[WITNESS.key]

    with pytest.raises(SignatureInvalid):
        read_cosignature(_signed(NOW_S + 1, blob[8:]), TEXT, WITNESS.key)


@pytest.mark.parametrize("signature", [b"", b"x" * 63, b"x" * 65])
def test_a_cosignature_has_72_bytes(signature: bytes) -> None:
    """Anything else is refused before the key is asked."""
    with pytest.raises(SignatureInvalid, match="malformed"):
        read_cosignature(_signed(NOW_S, signature), TEXT, WITNESS.key)


def test_a_time_that_no_clock_can_show_is_refused() -> None:
    """The specification bounds the time, also of a signature that is right otherwise."""
    line = WITNESS.cosign(TEXT, MAX_TIME_S + 1)

    with pytest.raises(SignatureInvalid, match="malformed"):
        read_cosignature(line, TEXT, WITNESS.key)


def test_a_witness_must_tell_a_time() -> None:
    """Time zero says nothing about now."""
    with pytest.raises(SignatureInvalid, match="time"):
        read_cosignature(WITNESS.cosign(TEXT, 0), TEXT, WITNESS.key)


def test_foreign_lines_in_an_answer_are_left_out() -> None:
    """Only the line by the key of the policy is taken."""
    answer = OTHER.cosign(TEXT, NOW_S) + LINE + b"\xe2\x80\x94 witness.example/z AAAAAAAA\n"

    cosignature = read_cosignature(answer, TEXT, WITNESS.key)

    assert cosignature.line == LINE
    assert cosignature.at_s == NOW_S


def test_an_answer_by_others_only_is_no_cosignature() -> None:
    """The twin: without a line by this witness there is nothing to take."""
    with pytest.raises(KeyMismatch):
        read_cosignature(OTHER.cosign(TEXT, NOW_S), TEXT, WITNESS.key)


def test_a_cosignature_over_another_text_is_refused() -> None:
    """An answer cannot bring a text of its own along."""
    other = TREE.text(8)

    with pytest.raises(NoteInvalid, match="more than signature lines"):
        read_cosignature(b"\n" + WITNESS.cosign(TEXT + b"\n", NOW_S), TEXT, WITNESS.key)
    with pytest.raises(SignatureInvalid):
        read_cosignature(WITNESS.cosign(other, NOW_S), TEXT, WITNESS.key)


@pytest.mark.parametrize("answer", [b"", b"\n", LINE[:-1], b"no line\n" + LINE, b"\xff\n"])
def test_an_answer_that_is_no_list_of_lines_is_refused(answer: bytes) -> None:
    """Every byte of an answer is accounted for."""
    with pytest.raises(NoteInvalid):
        read_cosignature(answer, TEXT, WITNESS.key)


def test_a_newer_cosignature_takes_the_place_of_the_older() -> None:
    """A note holds one line per key, the other lines as they were."""
    older, newer, other = (
        read_cosignature(WITNESS.cosign(TEXT, NOW_S), TEXT, WITNESS.key),
        read_cosignature(WITNESS.cosign(TEXT, NOW_S + 60), TEXT, WITNESS.key),
        read_cosignature(OTHER.cosign(TEXT, NOW_S), TEXT, OTHER.key),
    )

    first = add_cosignatures(NOTE, [(WITNESS.key, older), (OTHER.key, other)])
    second = add_cosignatures(first, [(WITNESS.key, newer)])

    assert first == NOTE + older.line + other.line
    assert second == NOTE + other.line + newer.line
    assert add_cosignatures(NOTE, []) == NOTE


def test_the_keys_of_a_witness_have_one_text_form() -> None:
    """They are read back as they were, and never as the key of a log."""
    assert parse_witness_skey(WITNESS.skey()).skey() == WITNESS.skey()
    assert parse_witness_vkey(WITNESS.key.vkey) == WITNESS.key
    with pytest.raises(KeyInvalid):
        parse_vkey(WITNESS.key.vkey)
    with pytest.raises(KeyInvalid):
        parse_witness_vkey(LOG.verifier.vkey)
    with pytest.raises(KeyInvalid):
        parse_witness_skey(LOG.skey())


def test_the_two_types_of_one_key_are_two_keys() -> None:
    """A log and a witness with one secret and one name differ in id and in class."""
    same = Cosigner(LOG.name, b"s" * 32)

    assert same.key.public == LOG.verifier.public
    assert same.key.key_id != LOG.verifier.key_id
    assert len({same.key, LOG.verifier}) == 2


def test_a_key_of_another_kind_is_refused_by_name() -> None:
    """ML-DSA keys are not taken for malformed ones."""
    key = b64encode(b"\x06" + b"k" * 1312).decode()

    with pytest.raises(KeyInvalid, match="ML-DSA"):
        open_note(NOTE, [f"witness.example/pq+00000000+{key}"])
