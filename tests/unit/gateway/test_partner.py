"""What a partner's software does: one token, one request, and plain words when that fails."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.errors import PartnerFailed
from gateway.partner import Hat, Partner, load_key, private_pem
from tests.builders import NOW, URL, client_key, flag

HAT = Hat("gem-toegang-jeugd", "consulent-jeugd", "medewerker-7")
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def partner() -> Iterator[Partner]:
    """Give a partner whose gateway each test plays."""
    made = Partner(
        url=URL, client_id="team", key=client_key("team"), now=lambda: NOW, random=os.urandom
    )
    made.close()
    yield made
    made.close()


def played_by(partner: Partner, handler: Handler) -> Partner:
    """Let this function be the gateway of the partner."""
    partner._http = httpx.Client(base_url=URL, transport=httpx.MockTransport(handler))
    return partner


def granting(request: httpx.Request) -> httpx.Response:
    """Play a gateway that gives a token and answers."""
    if request.url.path == "/oauth/token":
        return httpx.Response(200, json={"access_token": "token-1"})
    return httpx.Response(403, json={"authorization": request.headers["authorization"]})


def test_a_partner_asks_with_a_fresh_token(partner: Partner) -> None:
    """The token goes in the header; a refusal is an answer and no failure."""
    response = played_by(partner, granting).ask(HAT, flag())

    assert response.json() == {"authorization": "Bearer token-1"}


def test_the_form_names_the_hat_and_the_professional(partner: Partner) -> None:
    """What is not known of the hat is left out."""
    forms: list[str] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        forms.append(request.content.decode())
        return httpx.Response(200, json={"access_token": "t"})

    played_by(partner, gateway).token(Hat(None, "rol", "medewerker-7"))

    assert "role=rol" in forms[0]
    assert "professional=medewerker-7" in forms[0]
    assert "organisation=" not in forms[0]


def down(request: httpx.Request) -> httpx.Response:
    """Play a gateway that is not there."""
    raise httpx.ConnectError("nobody", request=request)


def refusing(request: httpx.Request) -> httpx.Response:
    """Play a gateway that does not know the client."""
    assert request.url.path == "/oauth/token"
    return httpx.Response(401, json={"error": "invalid_client", "error_description": "onbekend"})


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (down, "no token"),
        (refusing, "onbekend"),
        (lambda _: httpx.Response(502, text="<html>"), "no token"),
        (lambda _: httpx.Response(200, json={}), "no token"),
        (lambda _: httpx.Response(200, json=[]), "no token"),
        (lambda _: httpx.Response(500, json=[]), "no token"),
    ],
    ids=["down", "refused", "a page", "no member", "a list", "an error list"],
)
def test_without_a_token_the_partner_says_why(
    partner: Partner, handler: Handler, words: str
) -> None:
    """Whatever comes instead of a token is one kind of failure."""
    with pytest.raises(PartnerFailed, match=words):
        played_by(partner, handler).ask(HAT, flag())


def test_a_gateway_that_goes_away_is_told(partner: Partner) -> None:
    """Going away between token and answer is a failure of its own."""

    def gateway(request: httpx.Request) -> httpx.Response:
        return granting(request) if request.url.path == "/oauth/token" else down(request)

    with pytest.raises(PartnerFailed, match="cannot be reached"):
        played_by(partner, gateway).ask(HAT, flag())


def test_a_key_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """The file that `private_pem` makes is the file that `load_key` reads."""
    (tmp_path / "key.pem").write_bytes(private_pem(client_key("team")))

    loaded = load_key(tmp_path / "key.pem")

    assert loaded.private_bytes_raw() == client_key("team").private_bytes_raw()


def p256() -> bytes:
    """Return a private key of another kind."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize("content", [None, b"", b"geen sleutel", p256()])
def test_a_key_that_is_none_is_told(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, broken or of another kind is no key."""
    if content is not None:
        (tmp_path / "key.pem").write_bytes(content)

    with pytest.raises(PartnerFailed):
        load_key(tmp_path / "key.pem")
