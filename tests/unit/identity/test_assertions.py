"""Client authentication: one good assertion, and every way in which one is not good."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt import PyJWS

from gateway.identity.assertions import AssertionVerifier
from gateway.identity.clients import Client, parse_public_key, thumbprint
from gateway.identity.errors import AssertionInvalid, IdentityUnavailable
from tests.unit.identity.world import HELPER, ISSUER, NOW, TOKEN_URL, World, sign

SECOND = timedelta(seconds=1)
ISSUED = int(NOW.timestamp())


def claims(**changes: object) -> dict[str, object]:
    """Return the claims of a good assertion with some changed; `...` takes one away."""
    good: dict[str, object] = {
        "iss": "gem-jeugd",
        "sub": "gem-jeugd",
        "aud": TOKEN_URL,
        "jti": "once",
        "iat": ISSUED,
        "exp": ISSUED + 60,
    }
    return {name: value for name, value in (good | changes).items() if value is not ...}


def test_a_good_assertion_tells_the_client(world: World) -> None:
    """The client that signed the assertion is the one that comes back."""
    assert world.assertions.verify(world.assertion(), now=NOW) == world.client


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ISSUER},
        {"exp": ISSUED + 300},
        {"iat": ISSUED + 10},
        {"nbf": ISSUED - 60},
        {"jti": "j" * 128},
        {"more": "claims"},
    ],
    ids=str,
)
def test_claims_within_the_profile_are_accepted(world: World, changes: dict[str, object]) -> None:
    """Everything that the profile leaves open is accepted."""
    assertion = sign(claims(**changes), world.client_key, {"typ": "JWT"})

    assert world.assertions.verify(assertion, now=NOW) == world.client


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"},
        {"aud": [TOKEN_URL]},
        {"aud": ...},
        {"iss": "unknown"},
        {"iss": ...},
        {"iss": ["gem-jeugd"]},
        {"sub": "unknown"},
        {"sub": ...},
        {"exp": ...},
        {"exp": ISSUED},
        {"exp": ISSUED + 301},
        {"exp": float(ISSUED + 60)},
        {"iat": ...},
        {"iat": ISSUED + 11},
        {"iat": ISSUED - 300},
        {"iat": "now"},
        {"nbf": ISSUED + 11},
        {"nbf": None},
        {"nbf": True},
        {"iat": ISSUED + 10, "exp": ISSUED + 305},
        {"jti": ...},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 129},
    ],
    ids=lambda value: str(value)[:40],
)
def test_claims_outside_the_profile_are_refused(world: World, changes: dict[str, object]) -> None:
    """A signed assertion with any claim missing, misshapen or out of bounds is refused."""
    assertion = sign(claims(**changes), world.client_key, {"typ": "JWT"})

    with pytest.raises(AssertionInvalid):
        world.assertions.verify(assertion, now=NOW)


def test_an_assertion_counts_once(world: World) -> None:
    """The same assertion is refused a second time."""
    assertion = world.assertion()
    world.assertions.verify(assertion, now=NOW)

    with pytest.raises(AssertionInvalid, match="before"):
        world.assertions.verify(assertion, now=NOW + SECOND)


def test_the_id_of_an_assertion_counts_once(world: World) -> None:
    """Another assertion with an id that was used is refused while the first would be good."""
    first = sign(claims(), world.client_key, {"typ": "JWT"})
    second = sign(claims(exp=ISSUED + 90), world.client_key, {"typ": "JWT"})
    world.assertions.verify(first, now=NOW)

    with pytest.raises(AssertionInvalid, match="before"):
        world.assertions.verify(second, now=NOW + 59 * SECOND)


def test_an_id_is_free_again_when_its_assertion_expired(world: World) -> None:
    """The memory lasts as long as the assertion, so it stays small."""
    world.assertions.verify(sign(claims(), world.client_key, {"typ": "JWT"}), now=NOW)
    later = claims(iat=ISSUED + 60, exp=ISSUED + 120)

    client = world.assertions.verify(
        sign(later, world.client_key, {"typ": "JWT"}), now=NOW + 60 * SECOND
    )

    assert client == world.client


def test_two_clients_may_use_the_same_id(world: World) -> None:
    """The ids of one client mean nothing for another."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(64, 96)))
    world.registry.add(client_with(key, "brug"))
    world.assertions.verify(sign(claims(), world.client_key, {"typ": "JWT"}), now=NOW)

    other = world.assertions.verify(
        sign(claims(iss="brug", sub="brug"), key, {"typ": "JWT"}), now=NOW
    )

    assert other.id == "brug"


def test_a_full_memory_refuses_rather_than_forgets(world: World) -> None:
    """A client with 1,024 live assertions waits; none of them can be used again."""
    first = world.assertion()
    world.assertions.verify(first, now=NOW)
    for _ in range(1023):
        world.assertions.verify(world.assertion(), now=NOW)

    with pytest.raises(IdentityUnavailable):
        world.assertions.verify(world.assertion(), now=NOW)
    with pytest.raises(AssertionInvalid, match="before"):
        world.assertions.verify(first, now=NOW)


def test_a_revoked_client_is_refused(world: World) -> None:
    """A revoked client proves itself in vain."""
    world.registry.revoke(world.client.id, at=NOW)

    with pytest.raises(AssertionInvalid):
        world.assertions.verify(world.assertion(), now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "at+jwt"},
        {"typ": None},
        {"typ": "JWT", "kid": "unknown"},
        {"typ": "JWT", "kid": 7},
        {"typ": "JWT", "crit": ["exp"], "exp": 1},
    ],
    ids=str,
)
def test_another_header_is_refused(world: World, header: dict[str, object]) -> None:
    """Another type, an unknown key or an extension that must be understood is refused."""
    body = base64url({"alg": "EdDSA"} | header) + "." + base64url(claims())
    signature = world.client_key.sign(body.encode())

    with pytest.raises(AssertionInvalid):
        world.assertions.verify(f"{body}.{base64url(signature)}", now=NOW)


@pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt"])
def test_both_types_of_assertion_are_accepted(world: World, typ: str) -> None:
    """The old type of assertion and the explicit new one both count."""
    assertion = sign(claims(), world.client_key, {"typ": typ})

    assert world.assertions.verify(assertion, now=NOW) == world.client


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES256", "PS256", "", 7, None])
def test_another_algorithm_than_that_of_the_key_is_refused(world: World, algorithm: object) -> None:
    """The key decides the algorithm; whatever else the header says is refused."""
    body = base64url({"alg": algorithm, "typ": "JWT"}) + "." + base64url(claims())
    signature = world.client_key.sign(body.encode())

    with pytest.raises(AssertionInvalid):
        world.assertions.verify(f"{body}.{base64url(signature)}", now=NOW)


def test_an_assertion_of_another_key_is_refused(world: World) -> None:
    """Nobody signs for a client but the holder of its key."""
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(range(64, 96)))
    kid = thumbprint(world.client_key.public_key())

    with pytest.raises(AssertionInvalid):
        world.assertions.verify(sign(claims(), stranger, {"typ": "JWT", "kid": kid}), now=NOW)


def test_an_access_token_is_no_assertion(world: World) -> None:
    """A token of the gateway does not prove a client to the token endpoint."""
    with pytest.raises(AssertionInvalid):
        world.assertions.verify(world.token(), now=NOW)


def test_two_keys_stand_for_a_rotation(world: World) -> None:
    """While a client has two keys, an assertion of either counts, named or not."""
    old = Ed25519PrivateKey.from_private_bytes(bytes(range(64, 96)))
    new = Ed25519PrivateKey.from_private_bytes(bytes(range(96, 128)))
    keys = (client_with(old, "x").public_keys[0], client_with(new, "x").public_keys[0])
    world.registry.add(Client("brug", "De Brug", keys, frozenset({HELPER})))
    body = claims(iss="brug", sub="brug")

    client = world.assertions.verify(sign(body, new, {"typ": "JWT"}), now=NOW)

    assert client.id == "brug"


@pytest.mark.parametrize("algorithm", ["ES256", "PS256"])
def test_other_kinds_of_key_count_too(world: World, algorithm: str) -> None:
    """Partners with P-256 or RSA keys can prove themselves, with ES256 and PS256."""
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    world.registry.add(client_with(key, "brug"))
    payload = json.dumps(claims(iss="brug", sub="brug")).encode()
    assertion = PyJWS().encode(payload, key, algorithm=algorithm, headers={"typ": "JWT"})

    assert world.assertions.verify(assertion, now=NOW).id == "brug"


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_causes_anything_but_a_refusal(world: World, assertion: str) -> None:
    """Whatever text a stranger sends, the answer is that the assertion is invalid."""
    with pytest.raises(AssertionInvalid):
        world.assertions.verify(assertion, now=NOW)


@pytest.mark.parametrize("audiences", [frozenset[str](), frozenset({""})], ids=["none", "empty"])
def test_an_audience_is_mandatory(world: World, audiences: frozenset[str]) -> None:
    """A verifier that would accept assertions for nobody in particular cannot be made."""
    with pytest.raises(ValueError, match="addressed"):
        AssertionVerifier(world.registry, audiences=audiences)


def base64url(value: object) -> str:
    """Return a part of a compact token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def client_with(
    key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, client_id: str
) -> Client:
    """Return a client that holds this key."""
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Client(client_id, "De Brug", (parse_public_key(pem.decode()),), frozenset({HELPER}))
