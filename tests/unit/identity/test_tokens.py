"""Access tokens: what verifies, and everything that must not."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt import PyJWS

from gateway.identity.errors import (
    AudienceWrong,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    Unauthenticated,
)
from gateway.identity.tokens import (
    MAX_LIFE_S,
    AccessToken,
    TokenIssuer,
    TokenVerifier,
    VerifiedCaller,
    parse_bearer,
)
from tests.unit.identity.world import (
    AUDIENCE,
    CONSULENT,
    HELPER,
    ISSUER,
    NOW,
    World,
    public_pem,
    sign,
)

SECOND = timedelta(seconds=1)


def segment(value: object) -> str:
    """Return a part of a compact token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_fresh_token_names_client_hat_and_person(world: World) -> None:
    """A token that the gateway issued gives back exactly what it was issued for."""
    caller = world.verifier.verify(world.token(), now=NOW)

    assert caller == VerifiedCaller(
        "gem-jeugd",
        "gem-toegang-jeugd",
        "consulent-jeugd",
        "medewerker-17",
        frozenset({CONSULENT, HELPER}),
    )


def test_the_claims_are_those_of_the_profile(world: World) -> None:
    """A token carries the members of RFC 9068, the hat, the acting person and the OIN."""
    header, payload, _ = world.token().split(".")

    assert json.loads(base64.urlsafe_b64decode(header + "==")) == world.header(alg="EdDSA")
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == world.claims(
        jti="00" * 16, oin="00000099000000001000"
    )


def test_an_organisation_without_oin_gets_a_token_without_that_claim(world: World) -> None:
    """The OIN claim is absent where no OIN is known, never empty."""
    payload = world.token(HELPER).split(".")[1]

    assert "oin" not in json.loads(base64.urlsafe_b64decode(payload + "=="))


def test_the_token_stays_out_of_the_representation(world: World) -> None:
    """A token that is logged by accident does not show."""
    token = world.issuer.issue(world.client, CONSULENT, "x", now=NOW)

    assert repr(token) == f"AccessToken(expires_in={MAX_LIFE_S})"
    assert isinstance(token, AccessToken)


def test_a_token_counts_until_its_last_second(world: World) -> None:
    """A token still counts one second before its end."""
    token = world.token()

    caller = world.verifier.verify(token, now=NOW + MAX_LIFE_S * SECOND - SECOND)

    assert caller.client_id == world.client.id


@pytest.mark.parametrize("seen_before", [False, True])
def test_an_expired_token_is_refused(world: World, *, seen_before: bool) -> None:
    """A token is refused from its expiry on, whether or not it was seen while it was good."""
    token = world.token()
    if seen_before:
        world.verifier.verify(token, now=NOW)

    with pytest.raises(TokenExpired):
        world.verifier.verify(token, now=NOW + MAX_LIFE_S * SECOND)


def test_a_token_from_the_future_is_refused(world: World) -> None:
    """A token that begins after the tolerated difference of clocks is refused."""
    token = world.token(now=NOW + 11 * SECOND)

    with pytest.raises(TokenInvalid):
        world.verifier.verify(token, now=NOW)


def test_a_small_difference_of_clocks_is_tolerated(world: World) -> None:
    """A token that begins within the tolerated difference of clocks counts."""
    token = world.token(now=NOW + 10 * SECOND)

    caller = world.verifier.verify(token, now=NOW)

    assert caller.client_id == world.client.id


@pytest.mark.parametrize("audience", ["https://other.example", [AUDIENCE], ..., "", AUDIENCE + "/"])
def test_a_token_for_another_audience_is_refused(world: World, audience: object) -> None:
    """The audience is one text, and exactly this gateway's."""
    token = sign(world.claims(aud=audience), world.gateway_key, world.header())

    with pytest.raises(AudienceWrong):
        world.verifier.verify(token, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": ...},
        {"exp": ...},
        {"exp": "1772443200"},
        {"exp": 1772443200.5},
        {"exp": True},
        {"exp": -1},
        {"exp": 10**300},
        {"exp": int(NOW.timestamp()) + MAX_LIFE_S + 1},
        {"exp": int(NOW.timestamp())},
        {"nbf": ...},
        {"nbf": int(NOW.timestamp()) - 1},
        {"iat": ...},
        {"sub": "somebody-else"},
        {"sub": ...},
        {"client_id": ...},
        {"organisation": ...},
        {"organisation": ["gem-toegang-jeugd"]},
        {"role": ""},
        {"act": ...},
        {"act": "medewerker-17"},
        {"act": {}},
        {"act": {"sub": 17}},
    ],
    ids=str,
)
def test_signed_claims_out_of_form_are_refused(world: World, changes: dict[str, object]) -> None:
    """Even the gateway's own signature does not make up for a missing or misshapen claim."""
    token = sign(world.claims(**changes), world.gateway_key, world.header())

    with pytest.raises(TokenInvalid):
        world.verifier.verify(token, now=NOW)


def test_the_unchanged_claims_are_accepted(world: World) -> None:
    """The claims from which the refused ones are made do count by themselves."""
    token = sign(world.claims(), world.gateway_key, world.header())

    caller = world.verifier.verify(token, now=NOW)

    assert caller.client_id == world.client.id


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "AT+JWT"},
        {"kid": "another-key"},
        {"jku": "https://evil.example/keys"},
        {"cty": "JWT"},
    ],
    ids=str,
)
def test_a_header_other_than_ours_is_refused(world: World, changes: dict[str, object]) -> None:
    """The header is exactly the one that this gateway writes: type, algorithm and key."""
    token = sign(world.claims(), world.gateway_key, world.header(**changes))

    with pytest.raises(TokenInvalid):
        world.verifier.verify(token, now=NOW)


def test_a_header_without_key_name_is_refused(world: World) -> None:
    """A token without the name of the key is not one of this gateway."""
    token = sign(world.claims(), world.gateway_key, {"typ": "at+jwt"})

    with pytest.raises(TokenInvalid):
        world.verifier.verify(token, now=NOW)


def test_a_token_of_another_key_is_refused(world: World, client_key: Ed25519PrivateKey) -> None:
    """A token signed by anybody else is refused, even under our key's name."""
    token = sign(world.claims(), client_key, world.header())

    with pytest.raises(TokenInvalid):
        world.verifier.verify(token, now=NOW)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None], ids=repr)
@pytest.mark.parametrize("signature", ["", "AA"])
def test_an_unsigned_token_is_refused(world: World, algorithm: str | None, signature: str) -> None:
    """No spelling of the algorithm none makes a token count."""
    header = world.header(alg=algorithm)
    token = f"{segment(header)}.{segment(world.claims())}.{signature}"

    with pytest.raises(TokenInvalid):
        world.verifier.verify(token, now=NOW)


@pytest.mark.parametrize("form", ["pem", "raw"])
def test_a_token_signed_with_the_public_key_as_secret_is_refused(world: World, form: str) -> None:
    """HMAC under our public key, in either of its forms, is no signature of ours."""
    public = world.gateway_key.public_key().public_bytes_raw()
    secret = public if form == "raw" else public_pem(world.gateway_key).encode()
    body = f"{segment(world.header(alg='HS256'))}.{segment(world.claims())}"
    mac = hmac.new(secret, body.encode(), hashlib.sha256).digest()

    with pytest.raises(TokenInvalid):
        world.verifier.verify(f"{body}.{segment(mac)}", now=NOW)


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_tampered_payload_is_refused(world: World, *, seen_before: bool) -> None:
    """Other claims under a good signature are refused, also when that signature is remembered."""
    header, _, signature = (token := world.token()).split(".")
    if seen_before:
        world.verifier.verify(token, now=NOW)
    payload = segment(world.claims(role="jeugdhulpverlener", organisation="jeugdhulp-de-brug"))

    with pytest.raises(TokenInvalid):
        world.verifier.verify(f"{header}.{payload}.{signature}", now=NOW)


@pytest.mark.parametrize(
    "payload",
    [b"[]", b'"text"', b"{", b"", b"\xff", b'{"exp": NaN}', b'{"a": 1, "a": 2}', b"[" * 2900],
    ids=lambda value: value[:8],
)
def test_a_signed_payload_that_is_no_strict_object_is_refused(world: World, payload: bytes) -> None:
    """A payload counts only when it is one JSON object, without repeats, NaN or depth bombs."""
    token = PyJWS().encode(payload, world.gateway_key, algorithm="EdDSA", headers=world.header())

    with pytest.raises(TokenInvalid):
        world.verifier.verify(token, now=NOW)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "\ud800", segment(b"[" * 2900) + ".e30.AA"],
    ids=lambda value: ascii(value[:8]),
)
def test_a_text_that_is_no_token_is_refused(world: World, token: str) -> None:
    """Any other text is refused as an invalid token, never with another failure."""
    with pytest.raises(TokenInvalid):
        world.verifier.verify(token, now=NOW)


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_causes_anything_but_a_refusal(world: World, token: str) -> None:
    """Whatever text a stranger sends, the answer is Unauthenticated."""
    with pytest.raises(Unauthenticated):
        world.verifier.verify(token, now=NOW)


def test_every_flipped_character_spoils_the_token(world: World) -> None:
    """A genuine token with any one character changed counts no longer."""
    token = world.token()
    world.verifier.verify(token, now=NOW)
    spoiled = [
        token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token))
    ]

    accepted = [text for text in spoiled if accepts(world.verifier, text)]

    assert accepted == []


def accepts(verifier: TokenVerifier, token: str) -> bool:
    """Tell whether the verifier takes the token now."""
    try:
        verifier.verify(token, now=NOW)
    except Unauthenticated:
        return False
    return True


def test_an_oversized_token_is_refused_unread(world: World) -> None:
    """A text over 4 KiB is refused, even when it is a genuine token."""
    token = sign(world.claims(padding="x" * 4096), world.gateway_key, world.header())

    with pytest.raises(TokenInvalid, match="too long"):
        world.verifier.verify(token, now=NOW)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_header_gives_its_token(scheme: str) -> None:
    """The scheme is read in any case, the token as it stands."""
    assert parse_bearer(f"{scheme} abc.DEF-1_~+/==") == "abc.DEF-1_~+/=="


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc", "DPoP abc"])
def test_a_header_without_bearer_token_is_refused(header: str | None) -> None:
    """No bearer token is something else than a bad one."""
    with pytest.raises(TokenMissing):
        parse_bearer(header)


@pytest.mark.parametrize(
    "token", ["a b", " abc", "abc ", "a,b", "é", "a=b", "=", "a\n", "a" * 4097], ids=ascii
)
def test_a_header_with_a_misshapen_token_is_refused(token: str) -> None:
    """A token of other characters, or too long, is refused at the header."""
    with pytest.raises(TokenInvalid):
        parse_bearer(f"Bearer {token}")


@pytest.mark.parametrize(("issuer", "audience"), [("", AUDIENCE), (ISSUER, "")])
def test_issuer_and_audience_are_mandatory(world: World, issuer: str, audience: str) -> None:
    """Neither side of a token can be set up without an issuer and an audience."""
    key = world.gateway_key

    with pytest.raises(ValueError, match="audience"):
        TokenIssuer(key=key, issuer=issuer, audience=audience, oins={}, random=bytes)
    with pytest.raises(ValueError, match="audience"):
        TokenVerifier(
            key=key.public_key(), issuer=issuer, audience=audience, registry=world.registry
        )
