"""What a registered client is: the keys it proves itself with and the hats it may wear."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.identity.errors import RegistryInvalid

Algorithm = Literal["EdDSA", "ES256", "PS256"]
VerifyingKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_NAME: Final = 200
MAX_KEYS: Final = 4  # room for a rotation, and a bound on the work of one assertion

_RSA_BITS = range(2048, 8193)  # below is weak, above costs more time than a caller may take
_RSA_EXPONENT = 65537  # smaller exponents have a history of forgeries
_PEM_LIMIT = 4096

# The y coordinates, sign bit cleared, of every encoding of a point of small order on Curve25519:
# under such a key anybody can sign.  Source: the contributory list that libsodium refuses.
_P = 2**255 - 19
_ORDER_EIGHT = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER = frozenset({0, 1, _ORDER_EIGHT, _P - _ORDER_EIGHT, _P - 1, _P, _P + 1})


@dataclass(frozen=True, slots=True, order=True)
class Hat:
    """One organisation and role that a client may speak for."""

    organisation: str
    role: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that a client signs its assertions with.

    Source: `kid` is the thumbprint of RFC 7638, so that both sides can compute it.
    """

    kid: str
    algorithm: Algorithm
    pem: str
    key: VerifyingKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Client:
    """A registered system of a partner; revoked for good as soon as `revoked_at` is set."""

    id: str
    name: str
    public_keys: tuple[PublicKey, ...]
    hats: frozenset[Hat]
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        if not (ID.fullmatch(self.id) and 0 < len(self.name) <= MAX_NAME):
            raise RegistryInvalid("a client has an id of letters, digits, . _ - and a short name")
        if not 0 < len(self.public_keys) <= MAX_KEYS:
            raise RegistryInvalid(f"a client has one to {MAX_KEYS} public keys")
        if len({key.kid for key in self.public_keys}) != len(self.public_keys):
            raise RegistryInvalid("a client holds the same public key twice")
        if not self.hats:
            raise RegistryInvalid("a client speaks for at least one organisation and role")
        if not all(ID.fullmatch(h.organisation) and ID.fullmatch(h.role) for h in self.hats):
            raise RegistryInvalid("organisation and role are ids of letters, digits, . _ -")
        if self.revoked_at is not None and self.revoked_at.tzinfo is None:
            raise RegistryInvalid("a revocation has a time with its zone")


def parse_public_key(pem: str) -> PublicKey:
    """Return the key of a PEM text, when it is of a kind and size that assertions may use.

    Trust:  the text may come from a partner.
    Raises: RegistryInvalid for any other kind, a weak or an oversized key.
    """
    if len(pem) > _PEM_LIMIT:
        raise RegistryInvalid("a public key is a short PEM text")
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise RegistryInvalid("a public key is a PEM text of the type PUBLIC KEY") from exc
    match key:
        case Ed25519PublicKey():
            return _named(key, "EdDSA", _okp_members(key))
        case EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            return _named(key, "ES256", _ec_members(key))
        case RSAPublicKey() if key.key_size in _RSA_BITS and _exponent(key) >= _RSA_EXPONENT:
            return _named(key, "PS256", _rsa_members(key))
        case _:
            raise RegistryInvalid("a public key is Ed25519, P-256, or RSA of 2048 to 8192 bits")


def thumbprint(key: Ed25519PublicKey) -> str:
    """Return the name under which an Ed25519 key stands in the headers of tokens.

    Source: RFC 7638 section 3, RFC 8037 section 2.
    """
    return _digest(_okp_members(key))


def _named(key: VerifyingKey, algorithm: Algorithm, members: dict[str, str]) -> PublicKey:
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(_digest(members), algorithm, pem.decode("ascii"), key)


def _okp_members(key: Ed25519PublicKey) -> dict[str, str]:
    raw = key.public_bytes_raw()
    if int.from_bytes(raw, "little") % 2**255 in _SMALL_ORDER:
        raise RegistryInvalid("a public key of small order proves nothing")
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}


def _ec_members(key: EllipticCurvePublicKey) -> dict[str, str]:
    point = key.public_numbers()
    x, y = (_base64url(number.to_bytes(32, "big")) for number in (point.x, point.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def _rsa_members(key: RSAPublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    e, n = (
        _base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))
        for number in (numbers.e, numbers.n)
    )
    return {"e": e, "kty": "RSA", "n": n}


def _exponent(key: RSAPublicKey) -> int:
    return key.public_numbers().e


def _digest(members: dict[str, str]) -> str:
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(text.encode("ascii")).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
