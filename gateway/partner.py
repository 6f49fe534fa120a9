"""What a partner's own software does: prove who it is, get a token, ask."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import PartnerFailed
from gateway.identity.assertions import ASSERTION_TYPE, sign_assertion
from gateway.identity.endpoint import GRANT_TYPE

_TIMEOUT_S = 10.0
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Hat:
    """In which organisation and role somebody acts, and who that is (an opaque id)."""

    organisation: str | None
    role: str | None
    professional: str


class Partner:
    """A registered client of a gateway.

    Trust: `url` is the gateway's public address; the key never leaves this process.
    """

    def __init__(
        self,
        *,
        url: str,
        client_id: str,
        key: Ed25519PrivateKey,
        now: Callable[[], dt.datetime],
        random: Callable[[int], bytes],
    ) -> None:
        self._url = url
        self._client_id = client_id
        self._key = key
        self._now = now
        self._random = random
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT_S)

    def ask(self, hat: Hat, request: Mapping[str, object]) -> httpx.Response:
        """Ask for data under this hat and return the gateway's response, refusals included.

        Raises: PartnerFailed when the gateway cannot be reached or gives no token.
        """
        return self.send(hat, "POST", "/v1/disclosures", request)

    def send(
        self,
        hat: Hat,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request under this hat and return the gateway's response, refusals included.

        Raises: PartnerFailed when the gateway cannot be reached or gives no token.
        """
        sent = {"authorization": f"Bearer {self.token(hat)}", **(headers or {})}
        content = None if body is None else dict(body)
        try:
            return self._http.request(method, path, json=content, headers=sent)
        except httpx.HTTPError as exc:
            raise PartnerFailed("the gateway cannot be reached") from exc

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def token(self, hat: Hat) -> str:
        """Return a fresh access token for this hat.

        Raises: PartnerFailed when the gateway gives none.
        """
        form = {
            "grant_type": GRANT_TYPE,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_assertion(
                self._key,
                client_id=self._client_id,
                audience=f"{self._url}/oauth/token",
                jti=self._random(16).hex(),
                now=self._now(),
            ),
            "professional": hat.professional,
        }
        named = {"organisation": hat.organisation, "role": hat.role}
        form |= {name: value for name, value in named.items() if value is not None}
        try:
            answer = self._http.post("/oauth/token", data=form).json()
        except (httpx.HTTPError, ValueError) as exc:
            raise PartnerFailed("the gateway gave no token") from exc
        match answer:
            case {"access_token": str(token)}:
                return token
            case {"error_description": str(why)}:
                raise PartnerFailed(f"no token: {why}")
            case _:
                raise PartnerFailed("the gateway gave no token")


def load_key(path: Path) -> Ed25519PrivateKey:
    """Return the client's private key from a PEM file.

    Raises: PartnerFailed when the file is no Ed25519 private key.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as exc:
        raise PartnerFailed("the key file cannot be read as a private key") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise PartnerFailed("the key file holds no Ed25519 key")
    return key


def make_key(random: Callable[[int], bytes]) -> Ed25519PrivateKey:
    """Return a new private key for a client."""
    return Ed25519PrivateKey.from_private_bytes(random(_KEY_BYTES))


def public_pem(key: Ed25519PrivateKey) -> str:
    """Return the public half of a key, the way a gateway registers it."""
    raw = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return raw.decode("ascii")


def private_pem(key: Ed25519PrivateKey) -> bytes:
    """Return the key as the PEM text for the partner's own safe."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
