"""Fixtures of identity: a partner's key, and a gateway with that partner registered."""

from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.identity.assertions import AssertionVerifier
from gateway.identity.endpoint import TokenEndpoint
from gateway.identity.registry import Registry
from gateway.identity.tokens import TokenIssuer, TokenVerifier
from tests.unit.identity.world import (
    AUDIENCE,
    CONSULENT,
    HELPER,
    ISSUER,
    TOKEN_URL,
    World,
    make_client,
)


@pytest.fixture(scope="session")
def client_key() -> Ed25519PrivateKey:
    """Give the partner's private key."""
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def registry_path(tmp_path: Path) -> Path:
    """Give the place of the registry file."""
    return tmp_path / "identity" / "clients.json"


@pytest.fixture
def world(registry_path: Path, client_key: Ed25519PrivateKey) -> World:
    """Give a gateway with one client that has two hats."""
    registry = Registry(registry_path)
    client = make_client(client_key, "gem-jeugd", CONSULENT, HELPER)
    registry.add(client)
    gateway_key = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
    assertions = AssertionVerifier(registry, audiences=frozenset({TOKEN_URL, ISSUER}))
    issuer = TokenIssuer(
        key=gateway_key,
        issuer=ISSUER,
        audience=AUDIENCE,
        oins={CONSULENT.organisation: "00000099000000001000"},
        random=bytes,
    )
    verifier = TokenVerifier(
        key=gateway_key.public_key(), issuer=ISSUER, audience=AUDIENCE, registry=registry
    )
    return World(
        registry,
        client,
        client_key,
        gateway_key,
        assertions,
        issuer,
        verifier,
        TokenEndpoint(assertions=assertions, issuer=issuer),
        count(),
    )
