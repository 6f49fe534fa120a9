"""Signed JSON tokens, opened with one key and one algorithm that the reader chooses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWS
from jwt.exceptions import PyJWTError

from gateway.identity.clients import Algorithm, VerifyingKey
from gateway.identity.strict_json import parse_object

TOKEN_LIMIT: Final = 4096  # characters; our own tokens take about 700, a PS256 assertion 1,300
CLOCK_SKEW_S: Final = 10  # two hosts that keep time by NTP differ by far less

_JWS: Final = PyJWS()
_LAST_SECOND: Final = 253402300799  # the end of the year 9999


class JoseInvalid(ValueError):
    """The text is no token that this key signed; always translated by the caller."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A header and claims; trusted only when they come from `open_token`."""

    header: Mapping[str, object]
    claims: Mapping[str, object]


def sign_token(
    claims: Mapping[str, object], *, key: Ed25519PrivateKey, header: Mapping[str, str]
) -> str:
    """Return the claims as a compact token signed with Ed25519; `header` holds `typ` and `kid`."""
    payload = json.dumps(claims, separators=(",", ":")).encode("ascii")
    return _JWS.encode(payload, key, algorithm="EdDSA", headers=dict(header))


def open_token(token: str, *, key: VerifyingKey, algorithm: Algorithm) -> Opened:
    """Return what the holder of `key` signed.

    Trust:  the algorithm is the reader's choice; what the header says must agree with it.
    Raises: JoseInvalid for anything else.
    """
    return _open(token, key, [algorithm])


def peek_token(token: str) -> Opened:
    """Return what the token says of itself, to find the key that must have signed it.

    Trust:  nothing in it is proved.
    Raises: JoseInvalid when it is no token at all.
    """
    return _open(token, None, [])


def seconds(claims: Mapping[str, object], name: str) -> int:
    """Return a time claim in whole seconds since 1970.

    Raises: JoseInvalid when it is missing or no such number.
    """
    value = claims.get(name)
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        raise JoseInvalid(f"{name} is a time in whole seconds")
    return value


def text(claims: Mapping[str, object], name: str) -> str:
    """Return a text claim that is not empty.

    Raises: JoseInvalid when it is missing or something else.
    """
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise JoseInvalid(f"{name} is a text")
    return value


def _open(token: str, key: VerifyingKey | None, algorithms: list[Algorithm]) -> Opened:
    # The bound comes first: nothing of an oversized text is decoded.
    if len(token) > TOKEN_LIMIT or not token.isascii():
        raise JoseInvalid("a token is a short ASCII text")
    try:
        if key is None:
            parts = _JWS.decode_complete(token, options={"verify_signature": False})
        else:
            parts = _JWS.decode_complete(token, key, algorithms=algorithms)
        return Opened(parts["header"], parse_object(parts["payload"]))
    except (PyJWTError, ValueError, TypeError) as exc:
        raise JoseInvalid("the text is no token of this key") from exc
