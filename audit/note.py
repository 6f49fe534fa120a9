"""Signed notes and their keys, as C2SP signed-note defines them; Ed25519 (type 0x01) only."""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.errors import KeyInvalid, KeyMismatch, NoteInvalid, SignatureInvalid

MAX_NOTE_BYTES: Final = 1_000_000  # A checkpoint has a few hundred; the reference stops here too.
MAX_SIGNATURES: Final = 100  # Each costs a signature check: the same bound as the reference.
_TYPE_ED25519: Final = 1
_SEED_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_ID_BYTES: Final = 4
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
class Verifier:
    """A public key with the name it signs under.

    Trust:   comes from the one who verifies, never from what is verified.
    """

    name: str
    key_id: bytes
    public: bytes

    @property
    def vkey(self) -> str:
        """The text form: name, key id and key."""
        return _key_text(self.name, self.key_id, self.public)

    def verify(self, text: bytes, signature: bytes) -> None:
        """Prove that the holder of the key signed this text.

        Raises:  SignatureInvalid.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature as error:
            raise SignatureInvalid("a signature is wrong") from error


class Signer:
    """A private key with the name it signs under; the secret stays inside."""

    __slots__ = ("_key", "_line", "_seed", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != _SEED_BYTES:
            raise KeyInvalid("a signing key has 32 bytes")
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes_raw()
        key_id = _key_id(name, public)
        self.verifier = parse_vkey(_key_text(name, key_id, public))
        self._line = f"\n— {name} ".encode()

    @property
    def name(self) -> str:
        """The name that signatures carry."""
        return self.verifier.name

    def skey(self) -> str:
        """Give the text form of the private key, to be kept where only the gateway can read."""
        return _PRIVATE_PREFIX + _key_text(self.name, self.verifier.key_id, self._seed)

    def sign(self, text: bytes) -> bytes:
        """Give the note: the text, a blank line and one signature line.

        Raises:  NoteInvalid if the text cannot stand in a note.
        """
        _check_text(text)
        signature = self.verifier.key_id + self._key.sign(text)
        return text + self._line + b64encode(signature) + b"\n"


def parse_vkey(vkey: str) -> Verifier:
    """Read a verifier key of the form `name+id+base64`.

    Raises:  KeyInvalid if it is malformed, of another type than Ed25519, or of small order.
    Source:  C2SP signed-note, "Verifier keys".
    """
    name, key_id, public = _parse_key(vkey)
    if key_id != _key_id(name, public):
        raise KeyInvalid("the key id does not belong to the key")
    y = int.from_bytes(public, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL_ORDER_Y:
        raise KeyInvalid("the public key is of small order or not canonical")
    return Verifier(name, key_id, public)


def parse_skey(skey: str) -> Signer:
    """Read a signer key of the form `PRIVATE+KEY+name+id+base64`.

    Raises:  KeyInvalid if it is malformed or its parts contradict each other.
    """
    if not skey.startswith(_PRIVATE_PREFIX):
        raise KeyInvalid("a signing key begins with PRIVATE+KEY+")
    name, key_id, seed = _parse_key(skey.removeprefix(_PRIVATE_PREFIX))
    signer = Signer(name, seed)
    if signer.verifier.key_id != key_id:
        raise KeyInvalid("the key id does not belong to the key")
    return signer


def open_note(note: bytes, keys: Sequence[str]) -> bytes:
    """Give the text of a note that at least one of these keys signed.

    Shapes:  keys: verifier keys as text. The text ends with a newline.
    Trust:   note may come from an attacker; keys come from the one who verifies.
    Raises:  NoteInvalid if the note is malformed.
             SignatureInvalid if a signature by one of the keys is wrong.
             KeyMismatch if no line was signed by any of the keys.
             KeyInvalid if one of the keys is malformed or two of them cannot be told apart.
    Source:  C2SP signed-note.
    """
    return open_with(note, [parse_vkey(key) for key in keys])


def open_with(note: bytes, verifiers: Sequence[Verifier]) -> bytes:
    """Do as `open_note`, with keys that were read before."""
    known = {(v.name, v.key_id): v for v in verifiers}
    if len(known) != len(verifiers):
        raise KeyInvalid("two keys share a name and an id")
    text, lines = _split(note)
    verified = set()
    for line in lines:
        name, blob = _parse_signature_line(line)
        place = (name, blob[:_ID_BYTES])
        if place in known and place not in verified:
            known[place].verify(text, blob[_ID_BYTES:])
            verified.add(place)
    if not verified:
        raise KeyMismatch("no signature by a given key")
    return text


def decode_base64(text: str | bytes) -> bytes:
    """Read base64 that has exactly one spelling.

    Raises:  ValueError on foreign characters, missing padding or loose trailing bits.
    """
    data = b64decode(text, validate=True)
    if b64encode(data) != (text.encode() if isinstance(text, str) else text):
        raise ValueError("not the canonical base64 of these bytes")
    return data


def _split(note: bytes) -> tuple[bytes, list[str]]:
    if len(note) > MAX_NOTE_BYTES:
        raise NoteInvalid("the note is too long")
    body, blank, signatures = note.rpartition(b"\n\n")
    text = body + b"\n"
    if not blank or not signatures.endswith(b"\n"):
        raise NoteInvalid("a note is a text, a blank line and signature lines")
    _check_text(text)
    try:
        lines = signatures.decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise NoteInvalid("the signature lines are not UTF-8") from error
    if len(lines) > MAX_SIGNATURES:
        raise NoteInvalid("too many signature lines")
    return text, lines


def _check_text(text: bytes) -> None:
    try:
        characters = text.decode()
    except UnicodeDecodeError as error:
        raise NoteInvalid("the text is not UTF-8") from error
    if not characters.endswith("\n") or _CONTROL.search(characters):
        raise NoteInvalid("the text has a control character or no final newline")


def _parse_signature_line(line: str) -> tuple[str, bytes]:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise NoteInvalid("a signature line is malformed")
    try:
        blob = decode_base64(match[2])
    except ValueError as error:
        raise NoteInvalid("a signature is not base64") from error
    if len(blob) <= _ID_BYTES:
        raise NoteInvalid("a signature is too short")
    return match[1], blob


def _parse_key(text: str) -> tuple[str, bytes, bytes]:
    match = _KEY.fullmatch(text)
    if match is None:
        raise KeyInvalid("a key is name+id+base64")
    try:
        blob = decode_base64(match[3])
    except ValueError as error:
        raise KeyInvalid("the key is not base64") from error
    if len(blob) != 1 + _SEED_BYTES or blob[0] != _TYPE_ED25519:
        raise KeyInvalid("only Ed25519 keys of type 1 are known")
    return match[1], bytes.fromhex(match[2]), blob[1:]


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([_TYPE_ED25519]) + public).digest()[:_ID_BYTES]


def _key_text(name: str, key_id: bytes, key: bytes) -> str:
    return f"{name}+{key_id.hex()}+{b64encode(bytes([_TYPE_ED25519]) + key).decode()}"
