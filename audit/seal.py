"""Commitments, and the sealing of what must never stand in a leaf; erasing a key erases it all.

Each subject has a data key of their own under a random key id; the epoch key wraps it. What has no
subject (a refused request about nobody known) is sealed under the epoch key itself.
"""

import hmac
import json
import struct
from binascii import b2a_base64
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.entry import Draft
from audit.errors import KeyInvalid, SealInvalid
from audit.note import decode_base64
from audit.storage.contract import SubjectKey

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 16
CACHED_KEYS: Final = 10_000  # About 5 MB: the clients of a municipality on a busy day.
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_COMMIT: Final = b"doelpoort/commit/v1\x00"
_LOOKUP: Final = b"doelpoort/lookup/v1\x00"
_WRAP: Final = b"doelpoort/wrap/v1\x00"
_SEAL: Final = b"doelpoort/seal/v1\x00"
PARTICULARS: Final = b"particulars\x00"
REPLAY: Final = b"replay\x00"
_KEPT_VALUES: Final = ("professional", "justification", "log_codes")


def commit(r: bytes, label: str, request_id: str, i: int, value: bytes) -> bytes:
    """Give the commitment that hides `value` until `r` is shown, and means nothing without `r`.

    Shapes:  r: 32 fresh random bytes. request_id: 32 hex digits, hashed as 16 bytes. Result: 32.
    Units:   i counts the subjects of one entry from 0.
    Source:  HMAC-SHA-256 (RFC 2104) under r over tag, u8 length and label, request id, u32 i,
             u32 length and value; integers big-endian.
    """
    name = label.encode()
    message = b"%s%c%s%s%s%s" % (
        _COMMIT,
        len(name),
        name,
        bytes.fromhex(request_id),
        struct.pack(">II", i, len(value)),
        value,
    )
    return hmac.digest(r, message, "sha256")


@dataclass(frozen=True, slots=True, repr=False)
class SealKeys:
    """The two secrets of a sealing period; refuses anything but 32 bytes each.

    Shapes:  epoch_key wraps data keys, period_key makes the lookup of a subject: 32 bytes each.
    """

    epoch: int
    epoch_key: bytes
    period_key: bytes

    def __post_init__(self) -> None:
        if len(self.epoch_key) != KEY_BYTES or len(self.period_key) != KEY_BYTES:
            raise KeyInvalid("a sealing key has 32 bytes")
        if self.epoch_key == self.period_key:
            raise KeyInvalid("the sealing keys must differ")


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """A key ready for sealing, with its random id; empty for the epoch key itself."""

    key_id: bytes
    cipher: AESGCM


@dataclass(frozen=True, slots=True, repr=False)
class Particulars:
    """What stands behind the commitments of one entry, beside the entry and never in it.

    Shapes:  openings: per label the r of 32 bytes. values: the professional and the justification.
    """

    subject: bytes | None
    openings: Mapping[str, bytes]
    values: Mapping[str, bytes]


def particulars_of(draft: Draft, openings: Mapping[str, bytes]) -> bytes:
    """Give the bytes to be sealed beside this draft."""
    values = {label: value for label, value in draft.committed.items() if label in _KEPT_VALUES}
    subject = b""
    if draft.subject is not None:
        subject = b',"subject":"%s"' % b2a_base64(draft.subject, newline=False)
    return b'{"openings":%s,"values":%s%s}' % (_object(openings), _object(values), subject)


def parse_particulars(data: bytes) -> Particulars:
    """Read particulars that were just unsealed, and so are known to be our own."""
    value = json.loads(data)
    subject = value.get("subject")
    return Particulars(
        None if subject is None else decode_base64(subject),
        {label: decode_base64(r) for label, r in value["openings"].items()},
        {label: decode_base64(v) for label, v in value["values"].items()},
    )


class Seal:
    """Seals and unseals under the keys of one period.

    Trust:   random gives unpredictable bytes; every nonce and every data key comes from it.
    """

    def __init__(self, keys: SealKeys, random: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._random = random
        self._epoch_cipher = AESGCM(keys.epoch_key)
        self.epoch_key = DataKey(b"", self._epoch_cipher)

    def lookup(self, subject: bytes) -> bytes:
        """Give the 32 bytes under which the key of this subject is found."""
        return hmac.digest(self._keys.period_key, _LOOKUP + subject, "sha256")

    def new_key(self, lookup: bytes) -> tuple[SubjectKey, DataKey]:
        """Make the data key of a subject: the row to store, and the key to use."""
        key_id, secret = self._random(KEY_ID_BYTES), self._random(KEY_BYTES)
        epoch = self._keys.epoch
        wrapped = self._encrypt(self._epoch_cipher, secret, _wrap_context(epoch, key_id))
        return SubjectKey(key_id, lookup, wrapped, epoch), DataKey(key_id, AESGCM(secret))

    def unwrap(self, row: SubjectKey) -> DataKey:
        """Give the data key in a stored row.

        Raises:  SealInvalid if the row was wrapped under other keys or altered.
        """
        secret = _decrypt(self._epoch_cipher, row.wrapped, _wrap_context(row.epoch, row.key_id))
        return DataKey(row.key_id, AESGCM(secret))

    def seal(self, key: DataKey, kind: bytes, request_id: str, data: bytes) -> bytes:
        """Seal these bytes to one kind, one request and one key."""
        return self._encrypt(key.cipher, data, _context(kind, request_id, key.key_id))

    def unseal(self, key: DataKey, kind: bytes, request_id: str, sealed: bytes) -> bytes:
        """Give back what was sealed to this kind, request and key.

        Raises:  SealInvalid if anything differs.
        """
        return _decrypt(key.cipher, sealed, _context(kind, request_id, key.key_id))

    def _encrypt(self, cipher: AESGCM, data: bytes, context: bytes) -> bytes:
        nonce = self._random(_NONCE_BYTES)
        return _VERSION + nonce + cipher.encrypt(nonce, data, context)


class KeyCache:
    """The data keys used last, at most 10,000 of them; belongs to one thread."""

    def __init__(self) -> None:
        self._keys: OrderedDict[bytes, DataKey] = OrderedDict()

    def find(self, lookup: bytes) -> DataKey | None:
        """Give the key of this lookup, and keep it among the newest."""
        key = self._keys.get(lookup)
        if key is not None:
            self._keys.move_to_end(lookup)
        return key

    def add(self, lookup: bytes, key: DataKey) -> None:
        """Remember a key that is in the store."""
        self._keys[lookup] = key
        if len(self._keys) > CACHED_KEYS:
            self._keys.popitem(last=False)


def _object(members: Mapping[str, bytes]) -> bytes:
    # Labels are words of ours and base64 needs no escapes, so JSON can be joined by hand.
    parts = [
        b'"%s":"%s"' % (label.encode(), b2a_base64(value, newline=False))
        for label, value in members.items()
    ]
    return b"{%s}" % b",".join(parts)


def _decrypt(cipher: AESGCM, sealed: bytes, context: bytes) -> bytes:
    start = len(_VERSION) + _NONCE_BYTES
    if not sealed.startswith(_VERSION) or len(sealed) < start:
        raise SealInvalid("sealed bytes of another version")
    try:
        return cipher.decrypt(sealed[len(_VERSION) : start], sealed[start:], context)
    except InvalidTag as error:
        raise SealInvalid("sealed under other keys, for another request, or altered") from error


def _context(kind: bytes, request_id: str, key_id: bytes) -> bytes:
    return b"%s%s%s%s" % (_SEAL, kind, request_id.encode(), key_id)


def _wrap_context(epoch: int, key_id: bytes) -> bytes:
    return b"%s%s%s" % (_WRAP, struct.pack(">I", epoch), key_id)
