"""One small world of identity: two partners, a registry on disk, a gateway that issues tokens."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWS

from gateway.identity.assertions import ASSERTION_TYPE, AssertionVerifier, sign_assertion
from gateway.identity.clients import Client, Hat, parse_public_key, thumbprint
from gateway.identity.endpoint import TokenEndpoint
from gateway.identity.registry import Registry
from gateway.identity.tokens import TokenIssuer, TokenVerifier

ISSUER = "https://poort.waterveen.example"
AUDIENCE = "https://poort.waterveen.example/v1"
TOKEN_URL = "https://poort.waterveen.example/oauth/token"  # noqa: S105 - an address
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CONSULENT = Hat("gem-toegang-jeugd", "consulent-jeugd")
HELPER = Hat("jeugdhulp-de-brug", "jeugdhulpverlener")


def public_pem(key: Ed25519PrivateKey) -> str:
    """Return the public half as a partner would send it in."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def make_client(key: Ed25519PrivateKey, client_id: str = "gem-jeugd", *hats: Hat) -> Client:
    """Return a client with one hat unless more are given."""
    return Client(
        client_id,
        "Toegang jeugd",
        (parse_public_key(public_pem(key)),),
        frozenset(hats or [HELPER]),
    )


@dataclass
class World:
    """A gateway and one registered client, at a fixed time."""

    registry: Registry
    client: Client
    client_key: Ed25519PrivateKey
    gateway_key: Ed25519PrivateKey
    assertions: AssertionVerifier
    issuer: TokenIssuer
    verifier: TokenVerifier
    endpoint: TokenEndpoint
    numbers: "count[int]"

    def token(self, hat: Hat = CONSULENT, now: datetime = NOW) -> str:
        """Return a good token of the client."""
        return self.issuer.issue(self.client, hat, "medewerker-17", now=now).token

    def assertion(self, now: datetime = NOW) -> str:
        """Return a good assertion that was not used yet."""
        return sign_assertion(
            self.client_key,
            client_id=self.client.id,
            audience=TOKEN_URL,
            jti=f"jti-{next(self.numbers)}",
            now=now,
        )

    def form(self, **changes: str) -> list[tuple[str, str]]:
        """Return a good form for the token endpoint, with some values changed."""
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(),
            "organisation": CONSULENT.organisation,
            "role": CONSULENT.role,
            "professional": "medewerker-17",
        }
        return list((fields | changes).items())

    def claims(self, **changes: object) -> dict[str, object]:
        """Return the claims of a good access token, with some changed; `...` takes one away."""
        issued = int(NOW.timestamp())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": self.client.id,
            "client_id": self.client.id,
            "iat": issued,
            "nbf": issued,
            "exp": issued + 600,
            "jti": "00",
            "organisation": CONSULENT.organisation,
            "role": CONSULENT.role,
            "act": {"sub": "medewerker-17"},
        }
        return {name: v for name, v in (claims | changes).items() if v is not ...}

    def header(self, **changes: object) -> dict[str, object]:
        """Return the header of a good access token, with some members changed."""
        return {"typ": "at+jwt", "kid": thumbprint(self.gateway_key.public_key())} | changes


def sign(claims: object, key: Ed25519PrivateKey, header: dict[str, object]) -> str:
    """Return whatever was asked for as a token with a good Ed25519 signature."""
    return PyJWS().encode(json.dumps(claims).encode(), key, algorithm="EdDSA", headers=header)
