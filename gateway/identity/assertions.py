"""Client authentication with a signed assertion (`private_key_jwt`), each good for one use."""

from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.identity.clients import Client, PublicKey, thumbprint
from gateway.identity.errors import AssertionInvalid, IdentityUnavailable
from gateway.identity.jose import (
    CLOCK_SKEW_S,
    JoseInvalid,
    Opened,
    open_token,
    peek_token,
    seconds,
    sign_token,
    text,
)
from gateway.identity.registry import Registry

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_LIFE_S: Final = 300

_TYPES: Final = frozenset({"jwt", "client-authentication+jwt"})
_MAX_JTI: Final = 128
_MAX_LIVE: Final = 1024  # per client: more than three sign-ons a second, five minutes long


def sign_assertion(
    key: Ed25519PrivateKey,
    *,
    client_id: str,
    audience: str,
    jti: str,
    now: datetime,
) -> str:
    """Return the assertion with which a client proves who it is, good for one minute and one use.

    Source: RFC 7523 section 3; what a partner's own software does with its private key.
    """
    issued = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": jti,
        "iat": issued,
        "exp": issued + 60,
    }
    return sign_token(claims, key=key, header={"typ": "JWT", "kid": thumbprint(key.public_key())})


class AssertionVerifier:
    """Tells which registered client sent an assertion, and accepts each assertion once."""

    def __init__(self, registry: Registry, *, audiences: frozenset[str]) -> None:
        if not audiences or "" in audiences:
            raise ValueError("an assertion is addressed to somebody")
        self._registry = registry
        self._audiences = audiences
        self._used = _UsedAssertions()

    def verify(self, assertion: str, *, now: datetime) -> Client:
        """Return the client that signed the assertion for this gateway, for its first use.

        Trust:   everything in the assertion comes from a stranger until its signature is checked.
        Effects: the assertion is remembered for as long as it would be good.
        Raises:  AssertionInvalid, with one text for every reason that could help to guess;
                 IdentityUnavailable while the registry is broken or the client's memory is full.
        Source:  RFC 7523 section 3, RFC 8725 section 3.
        """
        try:
            client, claims = self._authenticate(assertion)
            second = now.timestamp()
            expires = _check_life(claims, second)
            jti = text(claims, "jti")
        except JoseInvalid as exc:
            raise AssertionInvalid("the client assertion is not valid") from exc
        if len(jti) > _MAX_JTI:
            raise AssertionInvalid(f"the jti of an assertion has at most {_MAX_JTI} characters")
        self._used.remember(client.id, jti, expires=expires, second=second)
        return client

    def _authenticate(self, assertion: str) -> tuple[Client, Mapping[str, object]]:
        peeked = peek_token(assertion)
        client = self._registry.find(text(peeked.claims, "iss"))
        if client is None or client.revoked_at is not None:
            raise JoseInvalid("no such client")
        opened = _open_with_any(assertion, _candidates(client, peeked))
        if text(opened.claims, "sub") != client.id:
            raise JoseInvalid("issuer and subject are the client")
        if text(opened.header, "typ").lower() not in _TYPES:
            raise JoseInvalid("another kind of token")
        if text(opened.claims, "aud") not in self._audiences:
            raise JoseInvalid("addressed to somebody else")
        return client, opened.claims


class _UsedAssertions:
    """The ids of assertions that were used and would still be good, bounded per client."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._expiry: dict[str, dict[str, int]] = {}

    def remember(self, client_id: str, jti: str, *, expires: int, second: float) -> None:
        with self._lock:
            live = {j: e for j, e in self._expiry.get(client_id, {}).items() if e > second}
            if jti in live:
                raise AssertionInvalid("the client assertion was used before")
            if len(live) >= _MAX_LIVE:
                raise IdentityUnavailable("too many assertions of one client; try again later")
            live[jti] = expires
            self._expiry[client_id] = live


def _candidates(client: Client, peeked: Opened) -> list[PublicKey]:
    kid = peeked.header.get("kid")
    return [key for key in client.public_keys if kid is None or key.kid == kid]


def _open_with_any(assertion: str, keys: list[PublicKey]) -> Opened:
    for key in keys:
        try:
            return open_token(assertion, key=key.key, algorithm=key.algorithm)
        except JoseInvalid:
            continue
    raise JoseInvalid("no key of the client signed it")


def _check_life(claims: Mapping[str, object], second: float) -> int:
    issued, expires = seconds(claims, "iat"), seconds(claims, "exp")
    starts = seconds(claims, "nbf") if "nbf" in claims else issued
    if max(issued, starts) > second + CLOCK_SKEW_S:
        raise AssertionInvalid("the client assertion begins in the future; check the clock")
    if expires <= second:
        raise AssertionInvalid("the client assertion has expired")
    if expires > second + MAX_LIFE_S or expires > issued + MAX_LIFE_S:
        raise AssertionInvalid(f"a client assertion lives at most {MAX_LIFE_S} seconds")
    return expires
