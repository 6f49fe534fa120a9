"""Clients and their keys: which are accepted, and under which name a key goes."""

import base64
from collections.abc import Callable
from datetime import datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from gateway.identity.clients import Client, Hat, PublicKey, parse_public_key, thumbprint
from gateway.identity.errors import RegistryInvalid
from tests.unit.identity.world import HELPER

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
# The modulus of the key in RFC 7638 section 3.1.
RFC_7638_N = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJE"
    "CPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q"
    "vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6"
    "WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
)


def pem(key: PublicKeyTypes) -> str:
    """Return the key as a partner would send it in."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def ed25519(first: int = 0) -> PublicKey:
    """Return a good key."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(first, first + 32)))
    return parse_public_key(pem(private.public_key()))


def client(**changes: object) -> Client:
    """Return a good client with some members changed."""
    members: dict[str, object] = {
        "id": "brug",
        "name": "De Brug",
        "public_keys": (ed25519(),),
        "hats": frozenset({HELPER}),
    }
    return Client(**(members | changes))  # type: ignore[arg-type]  # the wrong shapes are the point


def test_the_name_of_an_ed25519_key_is_its_thumbprint() -> None:
    """The thumbprint of the key of RFC 8037 is the one printed there."""
    x = base64.urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")

    name = thumbprint(Ed25519PublicKey.from_public_bytes(x))

    assert name == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_name_of_an_rsa_key_is_its_thumbprint() -> None:
    """The thumbprint of the key of RFC 7638 is the one printed there."""
    modulus = int.from_bytes(base64.urlsafe_b64decode(RFC_7638_N + "=="), "big")

    key = parse_public_key(pem(rsa.RSAPublicNumbers(65537, modulus).public_key()))

    assert (key.kid, key.algorithm) == ("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "PS256")


def test_a_p256_key_signs_with_es256() -> None:
    """A key on P-256 is accepted for ES256, with a name of its own."""
    key = parse_public_key(pem(ec.generate_private_key(ec.SECP256R1()).public_key()))

    assert (len(key.kid), key.algorithm) == (43, "ES256")


def test_reading_what_was_written_gives_the_same_key() -> None:
    """The PEM of a key gives that key again."""
    key = ed25519()

    assert parse_public_key(key.pem) == key


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP384R1()).public_key(),
        lambda: ec.generate_private_key(ec.SECP256K1()).public_key(),
        lambda: rsa.RSAPublicNumbers(65537, 2**1024 - 1).public_key(),
        lambda: rsa.RSAPublicNumbers(3, 2**2048 - 1).public_key(),
        lambda: rsa.RSAPublicNumbers(65537, 2**8193 - 1).public_key(),
        lambda: ed448.Ed448PrivateKey.generate().public_key(),
    ],
    ids=["P-384", "secp256k1", "RSA 1024", "RSA e=3", "RSA 8193", "Ed448"],
)
def test_other_kinds_of_key_are_refused(make: Callable[[], PublicKeyTypes]) -> None:
    """Keys of other kinds, weak ones and oversized ones are refused."""
    text = pem(make())

    with pytest.raises(RegistryInvalid):
        parse_public_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a key",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "\ud800",
        "x" * 4097,
    ],
    ids=lambda value: ascii(value[:12]),
)
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    """Any other text is refused, whatever it holds."""
    with pytest.raises(RegistryInvalid):
        parse_public_key(text)


def test_a_private_key_is_refused() -> None:
    """A partner that sends its private key by mistake is told to send the other half."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    with pytest.raises(RegistryInvalid, match="PUBLIC KEY"):
        parse_public_key(private.decode())


def order_eight() -> int:
    """Return the y coordinate of a point of order eight, worked out from the curve equation.

    Doubling such a point gives y = 0, so x^2 = -y^2; with the curve that is d y^4 + 2 y^2 - 1 = 0.
    """
    root_minus_one = pow(2, (P - 1) // 4, P)
    for s in (square_root(1 + D, root_minus_one), -square_root(1 + D, root_minus_one)):
        squared = (-1 + s) * pow(D, P - 2, P) % P
        if pow(squared, (P - 1) // 2, P) == 1:
            return square_root(squared, root_minus_one)
    raise AssertionError


def square_root(value: int, root_minus_one: int) -> int:
    """Return a square root modulo P."""
    root = pow(value % P, (P + 3) // 8, P)
    return root if root * root % P == value % P else root * root_minus_one % P


@pytest.mark.parametrize("sign", [0, 2**255], ids=["even", "odd"])
@pytest.mark.parametrize(
    "y",
    [0, 1, P - 1, P, P + 1, order_eight(), P - order_eight()],
    ids=["order 4", "order 1", "order 2", "order 4'", "order 1'", "order 8", "order 8'"],
)
def test_a_key_of_small_order_is_refused(y: int, sign: int) -> None:
    """Under a key of small order anybody can sign, so no encoding of one is accepted."""
    prefix = bytes.fromhex("302a300506032b6570032100")
    body = base64.b64encode(prefix + (y + sign).to_bytes(32, "little")).decode()

    with pytest.raises(RegistryInvalid):
        parse_public_key(f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")


def test_a_client_in_order_is_accepted() -> None:
    """A client with four different keys and a long name is within the bounds."""
    keys = tuple(ed25519(first) for first in range(4))

    assert client(public_keys=keys, name="n" * 200).public_keys == keys


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "a b"},
        {"id": "x" * 65},
        {"id": "x\n"},
        {"name": ""},
        {"name": "n" * 201},
        {"public_keys": ()},
        {"public_keys": (ed25519(),) * 2},
        {"public_keys": tuple(ed25519(first) for first in range(5))},
        {"hats": frozenset()},
        {"hats": frozenset({Hat("", "rol")})},
        {"hats": frozenset({Hat("school", "rol met spaties")})},
        {"revoked_at": datetime(2026, 3, 2)},  # noqa: DTZ001 - the missing zone is the point
    ],
    ids=lambda value: str(value)[:24] + str(len(str(value))),
)
def test_a_client_out_of_order_cannot_be_made(changes: dict[str, object]) -> None:
    """A client without key, hat or proper id does not exist, not even in memory."""
    with pytest.raises(RegistryInvalid):
        client(**changes)
