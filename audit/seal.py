"""Commitments, and the sealing of what must never stand in a leaf; erasing a key erases it all.

Each subject has a data key of their own under a random key id; the newest epoch key wraps it. What
has no subject (a refused request about nobody known) is sealed under the data key of nobody, which
is wrapped like the others. So a rotation that wraps every key anew reaches all that is sealed.
"""

import hmac
import json
import struct
from binascii import b2a_base64
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.errors import KeyInvalid, SealInvalid
from audit.note import decode_base64
from audit.storage.contract import SubjectKey

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 16
CACHED_KEYS: Final = 10_000  # About 5 MB: the clients of a municipality on a busy day.
FIRST_EPOCH: Final = 1
_MAX_EPOCH: Final = 2**32 - 1  # It is bound to each wrapped key as 32 bits.
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_COMMIT: Final = b"doelpoort/commit/v1\x00"
_LOOKUP: Final = b"doelpoort/lookup/v1\x00"
_NOBODY: Final = b"doelpoort/nobody/v1\x00"  # No lookup of a subject begins like this.
_WRAP: Final = b"doelpoort/wrap/v1\x00"
_SEAL: Final = b"doelpoort/seal/v1\x00"
PARTICULARS: Final = b"particulars\x00"
REPLAY: Final = b"replay\x00"
_UNNAMED: Final = b""
_TWO_NUMBERS: Final = struct.Struct(">II").pack


def commit(r: bytes, label: str, request_id: str, i: int, value: bytes) -> bytes:
    """Give the commitment that hides `value` until `r` is shown, and means nothing without `r`.

    Shapes:  r: 32 fresh random bytes. request_id: 32 hex digits, hashed as 16 bytes. Result: 32.
    Units:   i counts the subjects of one entry from 0.
    Source:  HMAC-SHA-256 (RFC 2104) under r over tag, u8 length and label, request id, u32 i,
             u32 length and value; integers big-endian.
    """
    place = bytes.fromhex(request_id) + _TWO_NUMBERS(i, len(value))
    return hmac.digest(r, _tag(label) + place + value, "sha256")


@lru_cache(maxsize=64)
def _tag(label: str) -> bytes:
    name = label.encode()
    return b"%s%c%s" % (_COMMIT, len(name), name)


@dataclass(frozen=True, slots=True, repr=False)
class SealKeys:
    """The secrets of a sealing period; refuses keys that are not 32 bytes each and all different.

    Shapes:  epochs: by number the keys that wrap data keys; the newest wraps, the others are there
             for what they wrapped before. period_key makes the lookup of a subject.
    """

    epochs: Mapping[int, bytes]
    period_key: bytes

    def __post_init__(self) -> None:
        keys = [*self.epochs.values(), self.period_key]
        if any(len(key) != KEY_BYTES for key in keys):
            raise KeyInvalid("a sealing key has 32 bytes")
        if len(set(keys)) != len(keys):
            raise KeyInvalid("the sealing keys must differ")
        if not self.epochs or not all(FIRST_EPOCH <= e <= _MAX_EPOCH for e in self.epochs):
            raise KeyInvalid("the epochs of sealing keys count from 1, and there is at least one")

    @property
    def newest(self) -> int:
        """The epoch whose key wraps."""
        return max(self.epochs)


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """A key ready for sealing, with its random id."""

    key_id: bytes
    cipher: AESGCM


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """What binds one of several persons to the one commitment of their entry.

    Shapes:  content: the commitment to what was released about this person, 32 bytes. path: from
             this person's leaf to the root that the entry commits to.
    """

    content: bytes
    path: Sequence[bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Particulars:
    """What stands behind the commitments of one entry, beside the entry and never in it.

    Shapes:  openings: per label the r of 32 bytes. values: the professional and the justification.
             part: present for one of several persons.
    """

    subject: bytes | None
    openings: Mapping[str, bytes]
    values: Mapping[str, bytes]
    part: Part | None = None


def format_particulars(particulars: Particulars) -> bytes:
    """Give the bytes to be sealed."""
    rest = b""
    if particulars.subject is not None:
        rest = b',"subject":%s' % _text(particulars.subject)
    if particulars.part is not None:
        path = b",".join(map(_text, particulars.part.path))
        rest = b'%s,"part":{"content":%s,"path":[%s]}' % (
            rest,
            _text(particulars.part.content),
            path,
        )
    openings, values = _object(particulars.openings), _object(particulars.values)
    return b'{"openings":%s,"values":%s%s}' % (openings, values, rest)


def parse_particulars(data: bytes) -> Particulars:
    """Read particulars that were just unsealed, and so are known to be our own."""
    value = json.loads(data)
    subject, part = value.get("subject"), value.get("part")
    return Particulars(
        None if subject is None else decode_base64(subject),
        {label: decode_base64(r) for label, r in value["openings"].items()},
        {label: decode_base64(v) for label, v in value["values"].items()},
        part and Part(decode_base64(part["content"]), list(map(decode_base64, part["path"]))),
    )


class Seal:
    """Seals and unseals under the keys of one period.

    Trust:   random gives unpredictable bytes; every nonce and every data key comes from it.
    """

    def __init__(self, keys: SealKeys, random: Callable[[int], bytes]) -> None:
        self._lookup = hmac.new(keys.period_key, _LOOKUP, "sha256")
        self._random = random
        self._wrapping = {epoch: AESGCM(key) for epoch, key in keys.epochs.items()}
        self.epoch = keys.newest
        self.nobody = hmac.digest(keys.period_key, _NOBODY, "sha256")

    def lookup(self, subject: bytes) -> bytes:
        """Give the 32 bytes under which the key of this subject is found; `nobody` is none."""
        mac = self._lookup.copy()  # It has hashed the key and the tag already.
        mac.update(subject)
        return mac.digest()

    def new_key(self, lookup: bytes) -> tuple[SubjectKey, DataKey]:
        """Make the data key of a subject: the row to store, and the key to use."""
        key_id, secret = self._random(KEY_ID_BYTES), self._random(KEY_BYTES)
        return self._wrap(key_id, lookup, secret), DataKey(key_id, AESGCM(secret))

    def unwrap(self, row: SubjectKey) -> DataKey:
        """Give the data key in a stored row.

        Raises:  SealInvalid if the row was wrapped under other keys or altered.
        """
        return DataKey(row.key_id, AESGCM(self._secret(row)))

    def rewrap(self, row: SubjectKey) -> SubjectKey:
        """Give the row with the same data key under the newest epoch.

        Raises:  SealInvalid if the row was wrapped under other keys or altered.
        """
        return self._wrap(row.key_id, row.lookup, self._secret(row))

    def find_key(
        self, key_id: bytes, row_of: Callable[[bytes], SubjectKey | None]
    ) -> DataKey | None:
        """Give the data key of this id from where the wrapped keys are kept; none if it was erased.

        Raises:  SealInvalid if the row was wrapped under other keys or altered.
        """
        if key_id == _UNNAMED:
            # Version 0.1.0 sealed what is about nobody under its one epoch key itself. That stays
            # readable for as long as this key is held; wrapping the key anew would keep it alive.
            cipher = self._wrapping.get(FIRST_EPOCH)
            return None if cipher is None else DataKey(_UNNAMED, cipher)
        row = row_of(key_id)
        return None if row is None else self.unwrap(row)

    def seal(self, key: DataKey, kind: bytes, request_id: str, data: bytes) -> bytes:
        """Seal these bytes to one kind, one request and one key."""
        return self._encrypt(key.cipher, data, _context(kind, request_id, key.key_id))

    def unseal(self, key: DataKey, kind: bytes, request_id: str, sealed: bytes) -> bytes:
        """Give back what was sealed to this kind, request and key.

        Raises:  SealInvalid if anything differs.
        """
        return _decrypt(key.cipher, sealed, _context(kind, request_id, key.key_id))

    def _wrap(self, key_id: bytes, lookup: bytes, secret: bytes) -> SubjectKey:
        context = _wrap_context(self.epoch, key_id)
        wrapped = self._encrypt(self._wrapping[self.epoch], secret, context)
        return SubjectKey(key_id, lookup, wrapped, self.epoch)

    def _secret(self, row: SubjectKey) -> bytes:
        cipher = self._wrapping.get(row.epoch)
        if cipher is None:
            raise SealInvalid("the key was wrapped in an epoch whose key is not held")
        return _decrypt(cipher, row.wrapped, _wrap_context(row.epoch, row.key_id))

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

    def clear(self) -> None:
        """Forget every key."""
        self._keys.clear()


def _object(members: Mapping[str, bytes]) -> bytes:
    # Labels are words of ours and base64 needs no escapes, so JSON can be joined by hand.
    parts = [
        b'"%s":"%s"' % (label.encode(), b2a_base64(value, newline=False))
        for label, value in members.items()
    ]
    return b"{%s}" % b",".join(parts)


def _text(value: bytes) -> bytes:
    return b'"%s"' % b2a_base64(value, newline=False)


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
