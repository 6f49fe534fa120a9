"""Access tokens: issued for one client wearing one hat, and checked again at every use."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.identity.clients import Client, Hat, thumbprint
from gateway.identity.errors import (
    AudienceWrong,
    ClientRevoked,
    ClientUnknown,
    HatWithdrawn,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
)
from gateway.identity.jose import (
    CLOCK_SKEW_S,
    TOKEN_LIMIT,
    JoseInvalid,
    Opened,
    open_token,
    seconds,
    sign_token,
    text,
)
from gateway.identity.registry import Registry

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - the media type of RFC 9068, no secret
MAX_LIFE_S: Final = 600

_JTI_BYTES: Final = 16
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A fresh access token and the seconds it is good for."""

    token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class VerifiedCaller:
    """Who is calling, for whom and in which role; only `TokenVerifier.verify` makes one.

    Trust: `professional` is the partner's own opaque id of the acting person; the partner vouches.
    """

    client_id: str
    organisation: str
    role: str
    professional: str
    hats: frozenset[Hat]


class TokenIssuer:
    """Makes access tokens for clients that proved who they are."""

    def __init__(
        self,
        *,
        key: Ed25519PrivateKey,
        issuer: str,
        audience: str,
        oins: Mapping[str, str],
        random: Callable[[int], bytes],
    ) -> None:
        _require_names(issuer, audience)
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._oins = oins
        self._random = random
        self._header = {"typ": TOKEN_TYPE, "kid": thumbprint(key.public_key())}

    def issue(self, client: Client, hat: Hat, professional: str, *, now: datetime) -> AccessToken:
        """Return a token for one of the client's own hats, good for ten minutes from `now`.

        Trust:  the client is authenticated, the hat is one of its own, `professional` is checked.
        Source: RFC 9068 section 2.2; `act` as in RFC 8693 section 4.1.
        """
        issued = int(now.timestamp())
        claims: dict[str, object] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": client.id,
            "client_id": client.id,
            "iat": issued,
            "nbf": issued,
            "exp": issued + MAX_LIFE_S,
            "jti": self._random(_JTI_BYTES).hex(),
            "organisation": hat.organisation,
            "role": hat.role,
            "act": {"sub": professional},
        }
        if hat.organisation in self._oins:
            claims["oin"] = self._oins[hat.organisation]
        token = sign_token(claims, key=self._key, header=self._header)
        return AccessToken(token, MAX_LIFE_S)


@dataclass(frozen=True, slots=True)
class _Claims:
    """What a genuine token says."""

    client_id: str
    hat: Hat
    professional: str
    starts: int
    expires: int


@dataclass(frozen=True, slots=True)
class _Known:
    """A genuine token, the client as it stood when last looked at, and the caller that makes."""

    claims: _Claims
    client: Client
    caller: VerifiedCaller


class TokenVerifier:
    """Tells who is calling, from a token that this gateway issued for itself.

    The signature of a token is checked once and remembered under the whole text of the token;
    its time, the client and the hat are checked at every use.
    """

    def __init__(
        self,
        *,
        key: Ed25519PublicKey,
        issuer: str,
        audience: str,
        registry: Registry,
        cache_size: int = 4096,
    ) -> None:
        _require_names(issuer, audience)
        self._key = key
        self._header = {"alg": "EdDSA", "kid": thumbprint(key), "typ": TOKEN_TYPE}
        self._issuer = issuer
        self._audience = audience
        self._registry = registry
        self._cache_size = cache_size
        self._cache: OrderedDict[str, _Known] = OrderedDict()
        self._lock = Lock()

    def verify(self, token: str, *, now: datetime) -> VerifiedCaller:
        """Return the caller that the token was issued to, as the registry has it at this moment.

        Trust:  the token is a stranger's text; more than 4 KiB of it is refused unread.
        Raises: a leaf of Unauthenticated; IdentityUnavailable while the registry is broken.
        Source: RFC 9068 section 4, RFC 8725 section 3.
        """
        if len(token) > TOKEN_LIMIT:
            raise TokenInvalid("the token is too long to be one of this gateway")
        known = self._recall(token)
        claims = self._open(token) if known is None else known.claims
        _check_time(claims, now.timestamp())
        client = self._registered(claims)
        if known is not None and known.client is client:
            return known.caller
        caller = VerifiedCaller(
            claims.client_id,
            claims.hat.organisation,
            claims.hat.role,
            claims.professional,
            client.hats,
        )
        self._remember(token, _Known(claims, client, caller))
        return caller

    def _open(self, token: str) -> _Claims:
        try:
            return self._parse(open_token(token, key=self._key, algorithm="EdDSA"))
        except JoseInvalid as exc:
            raise TokenInvalid("the token was not issued by this gateway") from exc

    def _parse(self, opened: Opened) -> _Claims:
        if opened.header != self._header:
            raise JoseInvalid("another kind of token, or another key")
        if text(opened.claims, "iss") != self._issuer:
            raise JoseInvalid("another issuer")
        if opened.claims.get("aud") != self._audience:
            raise AudienceWrong("the token was issued for another service")
        return _parse_claims(opened.claims)

    def _registered(self, claims: _Claims) -> Client:
        client = self._registry.find(claims.client_id)
        if client is None:
            raise ClientUnknown("the client of this token is not registered")
        if client.revoked_at is not None:
            raise ClientRevoked("the client of this token was revoked")
        if claims.hat not in client.hats:
            raise HatWithdrawn("the client may no longer speak for this organisation and role")
        return client

    def _recall(self, token: str) -> _Known | None:
        with self._lock:
            known = self._cache.get(token)
            if known is not None:
                self._cache.move_to_end(token)
            return known

    def _remember(self, token: str, known: _Known) -> None:
        with self._lock:
            self._cache[token] = known
            if len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)


def parse_bearer(header: str | None) -> str:
    """Return the token of an Authorization header.

    Raises: TokenMissing without a bearer token; TokenInvalid when it is not of the form of one.
    Source: RFC 6750 section 2.1; the name of the scheme is not case sensitive.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenMissing("an Authorization header with a bearer token is needed")
    if len(token) > TOKEN_LIMIT or not _TOKEN.fullmatch(token):
        raise TokenInvalid("the bearer token is not of the form of one")
    return token


def _parse_claims(claims: Mapping[str, object]) -> _Claims:
    issued, starts, expires = (seconds(claims, name) for name in ("iat", "nbf", "exp"))
    actor = claims.get("act")
    if not isinstance(actor, dict) or not issued <= starts < expires <= issued + MAX_LIFE_S:
        raise JoseInvalid("no acting person, or a life that this gateway does not give")
    client_id = text(claims, "client_id")
    if text(claims, "sub") != client_id:
        raise JoseInvalid("subject and client differ")
    hat = Hat(text(claims, "organisation"), text(claims, "role"))
    return _Claims(client_id, hat, text(actor, "sub"), starts, expires)


def _check_time(claims: _Claims, second: float) -> None:
    if second >= claims.expires:
        raise TokenExpired("the token has expired; ask for a new one")
    if second < claims.starts - CLOCK_SKEW_S:
        raise TokenInvalid("the token begins in the future")


def _require_names(issuer: str, audience: str) -> None:
    if not issuer or not audience:
        raise ValueError("tokens name their issuer and their audience")
