"""Cosignatures: reading what a witness answered, and adding it to a checkpoint; pure."""

from dataclasses import dataclass

from audit.errors import NoteInvalid, SignatureInvalid
from audit.note import (
    NoteKey,
    WitnessKey,
    open_signatures,
    parse_signature_line,
    read_time,
    split_note,
)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """One verified cosignature; `read_cosignature` makes it.

    Units:   at_s in whole seconds since 1970, by the witness's clock.
    """

    line: bytes
    at_s: int


def read_cosignature(answer: bytes, text: bytes, key: WitnessKey) -> Cosignature:
    """Give the cosignature by this witness that stands among these signature lines.

    Trust:   answer may come from an attacker; the text is the one that was sent, the key comes from
             the policy. Lines by other keys are ignored.
    Raises:  NoteInvalid, SignatureInvalid, KeyMismatch if no line is by this key.
    Source:  C2SP tlog-witness, "add-checkpoint".
    """
    opened = open_signatures(text + b"\n" + answer, [key])
    if opened.text != text:  # An answer with a blank line of its own would move the border.
        raise NoteInvalid("the answer is more than signature lines")
    at_s = read_time(opened.signatures[key])
    if at_s < 1:
        raise SignatureInvalid("a cosignature of a witness tells its time")
    return Cosignature(_line_of(answer, key), at_s)


def add_cosignatures(note: bytes, cosignatures: list[tuple[WitnessKey, Cosignature]]) -> bytes:
    """Give the note with these lines below it, each in the place of an older one by the same key.

    Trust:   the note is the one that was sent to the witnesses.
    Raises:  NoteInvalid.
    """
    text, lines = split_note(note)
    places = {(key.name, key.key_id) for key, _ in cosignatures}
    kept = [line for line in lines if parse_signature_line(line)[:2] not in places]
    added = [cosignature.line for _, cosignature in cosignatures]
    return b"%s\n%s%s" % (text, b"".join(f"{line}\n".encode() for line in kept), b"".join(added))


def _line_of(answer: bytes, key: NoteKey) -> bytes:
    # The first line by the key is the one that was verified.
    lines = answer.decode().split("\n")[:-1]
    place = (key.name, key.key_id)
    return next(f"{line}\n".encode() for line in lines if parse_signature_line(line)[:2] == place)
