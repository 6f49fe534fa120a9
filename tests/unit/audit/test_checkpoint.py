"""The text of a checkpoint."""

import pytest

from audit.checkpoint import Checkpoint, format_checkpoint, open_checkpoint, parse_checkpoint
from audit.errors import KeyMismatch, NoteInvalid
from audit.merkle import RootHash
from tests.fakes_audit import ORIGIN, make_signer

POINT = Checkpoint(ORIGIN, 123, RootHash(b"r" * 32))
TEXT = format_checkpoint(POINT)
ROOT = b"cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI="


def test_a_checkpoint_has_one_text() -> None:
    """What is written is read back, byte for byte."""
    assert ORIGIN.encode() + b"\n123\n" + ROOT + b"\n" == TEXT
    assert parse_checkpoint(TEXT) == POINT


@pytest.mark.parametrize(
    "text",
    [
        b"",
        TEXT[:-1],
        TEXT + b"extension\n",
        b"\n" + TEXT,
        TEXT.replace(b"123", b"0123"),
        TEXT.replace(b"123", b"+123"),
        TEXT.replace(b"123", b"1_23"),
        TEXT.replace(b"123", " ١٢٣".encode()),
        TEXT.replace(b"123", b"9" * 20),
        TEXT.replace(b"I=", b"J="),
        TEXT.replace(b"I=", b"I"),
        b"a\n1\ncnI=\n",
        b"\xff\n1\n" + ROOT + b"\n",
    ],
)
def test_another_spelling_is_refused(text: bytes) -> None:
    """Each number and each root has one spelling, and nothing follows."""
    with pytest.raises(NoteInvalid):
        parse_checkpoint(text)


def test_a_checkpoint_opens_under_its_own_key() -> None:
    """The key of the log opens it."""
    signer = make_signer()

    assert open_checkpoint(signer.sign(TEXT), signer.verifier) == POINT


def test_a_checkpoint_of_another_log_is_refused() -> None:
    """The origin must be the name of the key, also when the signature is right."""
    signer = make_signer(name="other.example")

    with pytest.raises(NoteInvalid):
        open_checkpoint(signer.sign(TEXT), signer.verifier)


def test_a_checkpoint_by_another_key_is_told_apart() -> None:
    """A key of another log is no defect of this one."""
    with pytest.raises(KeyMismatch):
        open_checkpoint(make_signer(b"o" * 32).sign(TEXT), make_signer().verifier)
