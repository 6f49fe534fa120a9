"""The text of a checkpoint: origin, size and root, as C2SP tlog-checkpoint defines them."""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from audit.errors import NoteInvalid
from audit.merkle import HASH_BYTES, RootHash
from audit.note import Verifier, decode_base64, open_with

_NUMBER = re.compile(rb"0|[1-9][0-9]{0,18}")
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What one signature covers: the whole log up to `size`.

    Shapes:  root: 32 bytes.
    Units:   size in leaves.
    """

    origin: str
    size: int
    root: RootHash


def format_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Give the text that is signed."""
    root = b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n".encode()


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read the text of a checkpoint; our logs have no extension lines, so any is refused.

    Raises:  NoteInvalid unless every byte is accounted for.
    """
    lines = text.split(b"\n")
    if len(lines) != _LINES + 1 or lines[-1] or not lines[0]:
        raise NoteInvalid("a checkpoint is an origin, a size and a root, each on its line")
    try:
        size, root = parse_number(lines[1]), decode_base64(lines[2])
        origin = lines[0].decode()
    except ValueError as error:
        raise NoteInvalid("the size or the root of a checkpoint is malformed") from error
    if len(root) != HASH_BYTES:
        raise NoteInvalid("the root of a checkpoint is 32 bytes")
    return Checkpoint(origin, size, RootHash(root))


def open_checkpoint(note: bytes, verifier: Verifier) -> Checkpoint:
    """Give the checkpoint that this log key signed, under an origin equal to the key's name.

    Trust:   note may come from an attacker; verifier comes from the one who verifies.
    Raises:  NoteInvalid, SignatureInvalid, KeyMismatch.
    """
    checkpoint = parse_checkpoint(open_with(note, [verifier]))
    if checkpoint.origin != verifier.name:
        raise NoteInvalid("the checkpoint is of another log")
    return checkpoint


def parse_number(text: bytes) -> int:
    """Read a decimal number that has exactly one spelling.

    Raises:  ValueError; `int` itself accepts signs, underscores, spaces and foreign digits.
    """
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("not a plain decimal number")
    return int(text)
