"""Signed notes and their keys, as C2SP signed-note and tlog-cosignature define them.

Two types of key: 0x01 signs a text (a log), 0x04 signs a time and a text (a witness). They are two
classes, because a witness must never pass for a log. Every other type is refused by name.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.errors import KeyInvalid, KeyMismatch, NoteInvalid, SignatureInvalid

MAX_NOTE_BYTES: Final = 1_000_000  # A checkpoint has a few hundred; the reference stops here too.
MAX_SIGNATURES: Final = 100  # Each costs a signature check: the same bound as the reference.
MAX_TIME_S: Final = 2**63 - 1  # C2SP tlog-cosignature, "Format".
_TYPE_LOG: Final = 1
_TYPE_WITNESS: Final = 4
_TYPE_ML_DSA: Final = 6
_SEED_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_PRIVATE_PREFIX: Final = "PRIVATE+KEY+"

_KEY = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")

# The y coordinates of the eight points whose order divides 8. Under such a key a signature can be
# forged without any secret, and the library below does not refuse it (RFC 8032 does not either).
_P: Final = 2**255 - 19
_Y_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER_Y: Final = frozenset({0, 1, _P - 1, _Y_ORDER_8, _P - _Y_ORDER_8})


@dataclass(frozen=True, slots=True)
class _PublicKey:
    TYPE: ClassVar[int]

    name: str
    key_id: bytes
    public: bytes

    @property
    def vkey(self) -> str:
        """The text form: name, key id and key."""
        return _key_text(self.name, self.key_id, self.TYPE, self.public)

    def _verify(self, message: bytes, signature: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature as error:
            raise SignatureInvalid("a signature is wrong") from error


class Verifier(_PublicKey):
    """A public key of a log with the name it signs under: the origin.

    Trust:   comes from the one who verifies, never from what is verified.
    """

    __slots__ = ()
    TYPE = _TYPE_LOG

    def verify(self, text: bytes, signature: bytes) -> None:
        """Prove that the holder of the key signed this text.

        Raises:  SignatureInvalid.
        """
        self._verify(text, signature)


class WitnessKey(_PublicKey):
    """A public key of a witness with the name it cosigns under.

    Trust:   comes from the one who verifies, never from what is verified.
    """

    __slots__ = ()
    TYPE = _TYPE_WITNESS

    def verify(self, text: bytes, signature: bytes) -> None:
        """Prove that the witness cosigned this text at the time that the signature tells.

        Shapes:  signature: 72 bytes, a big-endian u64 and an Ed25519 signature.
        Raises:  SignatureInvalid.
        Source:  C2SP tlog-cosignature, "Ed25519 signed message".
        """
        at_s = read_time(signature)
        if len(signature) != _TIME_BYTES + _SIGNATURE_BYTES or at_s > MAX_TIME_S:
            raise SignatureInvalid("a cosignature is malformed")
        self._verify(_cosigned(text, at_s), signature[_TIME_BYTES:])


NoteKey = Verifier | WitnessKey


class _PrivateKey:
    __slots__ = ("_key", "_seed", "key_id", "name", "public")
    TYPE: ClassVar[int]

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != _SEED_BYTES:
            raise KeyInvalid("a signing key has 32 bytes")
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.name = name
        self.public = self._key.public_key().public_bytes_raw()
        self.key_id = _key_id(name, self.TYPE, self.public)

    def skey(self) -> str:
        """Give the text form of the private key, to be kept where only its owner can read."""
        return _PRIVATE_PREFIX + _key_text(self.name, self.key_id, self.TYPE, self._seed)


class Signer(_PrivateKey):
    """A private key of a log with the name it signs under; the secret stays inside."""

    __slots__ = ("_line", "verifier")
    TYPE = _TYPE_LOG

    def __init__(self, name: str, seed: bytes) -> None:
        super().__init__(name, seed)
        self.verifier = parse_vkey(_key_text(name, self.key_id, self.TYPE, self.public))
        self._line = f"\n— {name} ".encode()

    def sign(self, text: bytes) -> bytes:
        """Give the note: the text, a blank line and one signature line.

        Raises:  NoteInvalid if the text cannot stand in a note.
        """
        _check_text(text)
        signature = self.key_id + self._key.sign(text)
        return text + self._line + b64encode(signature) + b"\n"


class Cosigner(_PrivateKey):
    """A private key of a witness with the name it cosigns under; the secret stays inside."""

    __slots__ = ("key",)
    TYPE = _TYPE_WITNESS

    def __init__(self, name: str, seed: bytes) -> None:
        super().__init__(name, seed)
        self.key = parse_witness_vkey(_key_text(name, self.key_id, self.TYPE, self.public))

    def cosign(self, text: bytes, at_s: int) -> bytes:
        """Give the signature line over a checkpoint text and a time.

        Units:   at_s in whole seconds since 1970, at least 1.
        Trust:   the text is that of a checkpoint which was found consistent with all before it.
        """
        signature = self._key.sign(_cosigned(text, at_s))
        blob = self.key_id + at_s.to_bytes(_TIME_BYTES, "big") + signature
        return f"— {self.name} {b64encode(blob).decode()}\n".encode()


def parse_vkey(vkey: str) -> Verifier:
    """Read the verifier key of a log, of the form `name+id+base64`.

    Raises:  KeyInvalid if it is malformed, of another type than 0x01, or of small order.
    Source:  C2SP signed-note, "Verifier keys".
    """
    return Verifier(*_parse_public(vkey, _TYPE_LOG))


def parse_witness_vkey(vkey: str) -> WitnessKey:
    """Read the verifier key of a witness, of the form `name+id+base64`.

    Raises:  KeyInvalid if it is malformed, of another type than 0x04, or of small order.
    Source:  C2SP tlog-cosignature, "Format".
    """
    return WitnessKey(*_parse_public(vkey, _TYPE_WITNESS))


def parse_skey(skey: str) -> Signer:
    """Read the signer key of a log, of the form `PRIVATE+KEY+name+id+base64`.

    Raises:  KeyInvalid if it is malformed or its parts contradict each other.
    """
    name, key_id, seed = _parse_private(skey, _TYPE_LOG)
    signer = Signer(name, seed)
    _check_id(key_id, signer.key_id)
    return signer


def parse_witness_skey(skey: str) -> Cosigner:
    """Read the signer key of a witness, of the same form as that of a log.

    Raises:  KeyInvalid if it is malformed or its parts contradict each other.
    """
    name, key_id, seed = _parse_private(skey, _TYPE_WITNESS)
    cosigner = Cosigner(name, seed)
    _check_id(key_id, cosigner.key_id)
    return cosigner


def open_note(note: bytes, keys: Sequence[str]) -> bytes:
    """Give the text of a note that at least one of these keys signed.

    Shapes:  keys: verifier keys as text, of logs and of witnesses. The text ends with a newline.
    Trust:   note may come from an attacker; keys come from the one who verifies.
    Raises:  NoteInvalid if the note is malformed.
             SignatureInvalid if a signature by one of the keys is wrong.
             KeyMismatch if no line was signed by any of the keys.
             KeyInvalid if one of the keys is malformed or two of them cannot be told apart.
    Source:  C2SP signed-note.
    """
    return open_with(note, [_parse_either(key) for key in keys])


def open_with(note: bytes, keys: Sequence[NoteKey]) -> bytes:
    """Do as `open_note`, with keys that were read before."""
    return open_signatures(note, keys).text


@dataclass(frozen=True, slots=True)
class Opened:
    """A note that verified: its text, and the signature of each given key that stands below it."""

    text: bytes
    signatures: Mapping[NoteKey, bytes]


def open_signatures(note: bytes, keys: Sequence[NoteKey]) -> Opened:
    """Do as `open_note`, and tell which of the keys signed."""
    known = {(key.name, key.key_id): key for key in keys}
    if len(known) != len(keys):
        raise KeyInvalid("two keys share a name and an id")
    text, lines = split_note(note)
    verified: dict[NoteKey, bytes] = {}
    for name, key_id, signature in map(parse_signature_line, lines):
        key = known.get((name, key_id))
        if key is not None and key not in verified:
            key.verify(text, signature)
            verified[key] = signature
    if not verified:
        raise KeyMismatch("no signature by a given key")
    return Opened(text, verified)


def read_time(signature: bytes) -> int:
    """Give the time that a cosignature tells, in whole seconds since 1970."""
    return int.from_bytes(signature[:_TIME_BYTES], "big")


def decode_base64(text: str | bytes) -> bytes:
    """Read base64 that has exactly one spelling.

    Raises:  ValueError on foreign characters, missing padding or loose trailing bits.
    """
    data = b64decode(text, validate=True)
    if b64encode(data) != (text.encode() if isinstance(text, str) else text):
        raise ValueError("not the canonical base64 of these bytes")
    return data


def split_note(note: bytes) -> tuple[bytes, list[str]]:
    """Cut a note into its text and its signature lines, nothing verified yet.

    Raises:  NoteInvalid unless it is a text, a blank line and at least one line below it.
    """
    if len(note) > MAX_NOTE_BYTES:
        raise NoteInvalid("the note is too long")
    _check_text(note)
    body, blank, signatures = note.rpartition(b"\n\n")
    if not blank or not signatures:
        raise NoteInvalid("a note is a text, a blank line and signature lines")
    lines = signatures.decode().split("\n")[:-1]
    if len(lines) > MAX_SIGNATURES:
        raise NoteInvalid("too many signature lines")
    return body + b"\n", lines


def parse_signature_line(line: str) -> tuple[str, bytes, bytes]:
    """Read the name, the key id and the signature of one line, nothing verified yet.

    Raises:  NoteInvalid.
    """
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise NoteInvalid("a signature line is malformed")
    try:
        blob = decode_base64(match[2])
    except ValueError as error:
        raise NoteInvalid("a signature is not base64") from error
    if len(blob) <= _ID_BYTES:
        raise NoteInvalid("a signature is too short")
    return match[1], blob[:_ID_BYTES], blob[_ID_BYTES:]


def _cosigned(text: bytes, at_s: int) -> bytes:
    return b"cosignature/v1\ntime %d\n%s" % (at_s, text)


def _check_text(text: bytes) -> None:
    try:
        characters = text.decode()
    except UnicodeDecodeError as error:
        raise NoteInvalid("the text is not UTF-8") from error
    if not characters.endswith("\n") or _CONTROL.search(characters):
        raise NoteInvalid("the text has a control character or no final newline")


def _parse_either(vkey: str) -> NoteKey:
    *_, kind, _material = _parse_key(vkey)
    return parse_witness_vkey(vkey) if kind == _TYPE_WITNESS else parse_vkey(vkey)


def _parse_public(vkey: str, wanted: int) -> tuple[str, bytes, bytes]:
    name, key_id, kind, public = _parse_key(vkey)
    _check_kind(kind, wanted, public)
    _check_id(key_id, _key_id(name, kind, public))
    y = int.from_bytes(public, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL_ORDER_Y:
        raise KeyInvalid("the public key is of small order or not canonical")
    return name, key_id, public


def _parse_private(skey: str, wanted: int) -> tuple[str, bytes, bytes]:
    if not skey.startswith(_PRIVATE_PREFIX):
        raise KeyInvalid("a signing key begins with PRIVATE+KEY+")
    name, key_id, kind, seed = _parse_key(skey.removeprefix(_PRIVATE_PREFIX))
    _check_kind(kind, wanted, seed)
    return name, key_id, seed


def _parse_key(text: str) -> tuple[str, bytes, int, bytes]:
    match = _KEY.fullmatch(text)
    if match is None:
        raise KeyInvalid("a key is name+id+base64")
    try:
        blob = decode_base64(match[3])
    except ValueError as error:
        raise KeyInvalid("the key is not base64") from error
    return match[1], bytes.fromhex(match[2]), blob[0], blob[1:]


def _check_kind(kind: int, wanted: int, key: bytes) -> None:
    if kind == _TYPE_ML_DSA:
        raise KeyInvalid("keys of type 6 (ML-DSA-44) are not supported")
    if kind != wanted or len(key) != _SEED_BYTES:
        raise KeyInvalid(f"only Ed25519 keys of type {wanted} are known here")


def _check_id(told: bytes, true: bytes) -> None:
    if told != true:
        raise KeyInvalid("the key id does not belong to the key")


def _key_id(name: str, kind: int, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:_ID_BYTES]


def _key_text(name: str, key_id: bytes, kind: int, key: bytes) -> str:
    return f"{name}+{key_id.hex()}+{b64encode(bytes([kind]) + key).decode()}"
