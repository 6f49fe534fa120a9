"""Openings that came with a ledger: what was committed to, shown; check 16 of the verifier.

An opening is an object with `label`, `r` and `value`, the last two in base64. One of several
persons in an entry is shown by a proof of its own instead: audit/subjects.py.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from audit.errors import Defect, VerificationFailed
from audit.note import decode_base64
from audit.schema import COMMITMENT_LABELS
from audit.seal import KEY_BYTES, commit

_MEMBERS: Final = ("label", "r", "value")
_NOTHING: Final = ("", b"", b"")


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """What shows that a value is the one that an entry commits to.

    Shapes:  label: a member of the commitments of the entry. r: 32 bytes.
    Trust:   value is personal data, in the hands of whoever holds the opening.
    """

    index: int
    label: str
    r: bytes
    value: bytes


def format_opening(opening: Opening) -> bytes:
    """Give the bytes that stand behind the index of the entry."""
    members = (opening.label, b64encode(opening.r).decode(), b64encode(opening.value).decode())
    return json.dumps(dict(zip(_MEMBERS, members, strict=True)), separators=(",", ":")).encode()


def check_opening(index: int, data: bytes, leaf: bytes | None) -> None:
    """Prove that this opens the commitment in this leaf.

    Trust:   data may come from an attacker; leaf is one that was found sound, or absent.
    Raises:  VerificationFailed with OPENING.
    """
    label, r, value = _parsed(data)
    told = json.loads(leaf or b"{}")
    committed = told.get("commitments", {}).get(label)
    request_id = str(told.get("id", ""))
    if b64encode(commit(r, label, request_id, 0, value)).decode() != committed:  # 16
        raise VerificationFailed(
            index, Defect.OPENING, "what is shown is not what the entry commits to"
        )


def _parsed(data: bytes) -> tuple[str, bytes, bytes]:
    # What cannot be read opens nothing: an empty label is in no leaf.
    try:
        told = json.loads(data.decode())
        label, r, value = (told[name] for name in _MEMBERS)
        key = decode_base64(r)
        if len(key) == KEY_BYTES and label in COMMITMENT_LABELS:
            return str(label), key, decode_base64(value)
    except (ValueError, TypeError, KeyError, RecursionError):
        return _NOTHING
    return _NOTHING
