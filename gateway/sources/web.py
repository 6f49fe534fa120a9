"""Asking a source over HTTP: bounded answers, one retry where it is safe, and no word of it kept.

The BSN travels in bodies only. No redirect is followed, no proxy of the environment is used, and an
answer is read up to its limit and no further.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote_plus

import httpx
import orjson

from gateway.errors import AnswerOdd, SourceFailed, SourceInvalid
from gateway.sources.mapping import OAuth, SourcePlace
from gateway.sources.register import without_values
from gateway.sources.secrets import read_secret

LARGEST = 1024 * 1024
"""Bytes; no answer about one person is larger, and a source cannot fill the memory."""

DEEPEST = 32
"""The deepest answer that any of the sources' specifications describes needs half of this."""

_CONNECTIONS = 20
# What says that a source cannot answer now; asking once more is safe, because reading is.
_AGAIN = frozenset({502, 503, 504})
_BROKEN = (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)
# A token is renewed this long before it ends, so that it does not end on its way.
_LEEWAY_S = 30.0
# When a token says nothing of its life, it has this much.
_LIFE_S = 60.0

# Whoever checks the sources reads these; none says where a source is.
_OUT_OF_REACH = (
    "de bron is niet te bereiken; kijk of het adres klopt, of de bron aan staat en of zijn"
    " certificaat te vertrouwen is (authority) / a source cannot be reached"
)
_LATE = (
    "de bron antwoordt niet op tijd; kijk of hij het druk heeft en wat bij deadline_ms staat"
    " / a source gave no answer in time"
)
_TURNED_AWAY = (
    "de bron gaf geen token; kijk of token_url, client_id, scope en het geheim kloppen"
    " / a source gave no token"
)
_NO_JSON = "hier antwoordt iets anders dan de bron; kijk of het adres klopt / a source gave no JSON"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the body is JSON or a form, and may hold a BSN; the address never does.

    Units:   largest: bytes of the answer that are read.
    """

    method: str
    url: str
    json: object = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    largest: int = LARGEST


@dataclass(frozen=True, slots=True)
class Said:
    """What came back; the body is the source's and may be anything."""

    status: int
    body: bytes

    def json(self) -> object:
        """Return the body as JSON of a bounded depth.

        Raises: AnswerOdd for an object with a flaw or too deep, SourceFailed for anything else.
        """
        try:
            value: object = orjson.loads(self.body)
        except orjson.JSONDecodeError as exc:
            # What begins as an object comes from the service itself, and not from a proxy.
            if self.body.lstrip().startswith(b"{"):
                raise AnswerOdd("a source gave JSON with a flaw") from without_values(exc)
            raise SourceFailed(_NO_JSON) from without_values(exc)
        if _deeper_than(value, DEEPEST):
            raise AnswerOdd("a source gave JSON that is nested too deeply")
        return value


def no_answer(what: str, said: Said) -> str:
    """Return what to tell of a status that is no answer; the body stays out of it."""
    advice = "kijk of hij aan staat en of het adres klopt"
    if said.status == httpx.codes.UNAUTHORIZED:
        advice = "hij kent deze gateway niet; kijk naar oauth, certificate en headers"
    return f"de {what} antwoordt met {said.status}; {advice} / the {what} gave no answer"


class Web:
    """A client of one source, with the certificate and the token that the mapping gives it."""

    def __init__(self, place: SourcePlace, *, monotonic_s: Callable[[], float]) -> None:
        self._oauth = place.oauth
        self._monotonic_s = monotonic_s
        self._token: str | None = None
        self._token_until = 0.0
        self._renewing = asyncio.Lock()
        self._client = httpx.AsyncClient(
            verify=_tls(place),
            headers={"accept-encoding": "identity", **place.headers},
            timeout=place.deadline_s,
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            follow_redirects=False,
            trust_env=False,
        )

    async def ask(self, asked: Asked) -> Said:
        """Return what the source says; a token that it does not take is renewed once.

        Raises: SourceFailed when it does not answer, AnswerOdd when it says more than the limit.
        """
        said = await self._send(asked, await self._authorised())
        if said.status == httpx.codes.UNAUTHORIZED and self._oauth is not None:
            self._token = None
            said = await self._send(asked, await self._authorised())
        return said

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._client.aclose()

    async def _send(self, asked: Asked, headers: Mapping[str, str]) -> Said:
        """Send, and once more when the connection broke or the source cannot answer now."""
        try:
            with suppress(*_BROKEN):
                said = await self._send_once(asked, headers)
                if said.status not in _AGAIN:
                    return said
            return await self._send_once(asked, headers)
        except httpx.TimeoutException as exc:
            raise SourceFailed(_LATE) from without_values(exc)
        except (httpx.HTTPError, OSError) as exc:
            raise SourceFailed(_OUT_OF_REACH) from without_values(exc)

    async def _send_once(self, asked: Asked, headers: Mapping[str, str]) -> Said:
        request = self._client.build_request(
            asked.method,
            asked.url,
            json=asked.json,
            data=asked.form,
            headers={**(asked.headers or {}), **headers},
        )
        answer = await self._client.send(request, stream=True)
        try:
            return Said(answer.status_code, await _body(answer, asked.largest))
        finally:
            await answer.aclose()

    async def _authorised(self) -> dict[str, str]:
        if self._oauth is None:
            return {}
        async with self._renewing:
            if self._token is None or self._monotonic_s() >= self._token_until:
                await self._renew(self._oauth)
        return {"authorization": f"Bearer {self._token}"}

    async def _renew(self, oauth: OAuth) -> None:
        """Get a token with client credentials.

        Source:  RFC 6749 sections 2.3.1 and 4.4.
        """
        secret = read_secret(oauth.secret_file)
        form = {"grant_type": "client_credentials"}
        if oauth.scope is not None:
            form["scope"] = oauth.scope
        pair = f"{quote_plus(oauth.client_id)}:{quote_plus(secret)}".encode()
        credentials = {"authorization": f"Basic {b64encode(pair).decode()}"}
        said = await self._send(Asked("POST", oauth.token_url, form=form), credentials)
        token, life = _token_in(said)
        self._token = token
        self._token_until = self._monotonic_s() + max(life - _LEEWAY_S, 0.0)


async def _body(answer: httpx.Response, largest: int) -> bytes:
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise SourceFailed("a source packed its answer unasked")
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > largest:
            raise AnswerOdd("a source gave more than anybody's data")
    return bytes(body)


def _token_in(said: Said) -> tuple[str, float]:
    if said.status != httpx.codes.OK:
        raise SourceFailed(_TURNED_AWAY)
    match said.json():
        case {"access_token": str() as token, "token_type": str() as kind, **rest} if (
            kind.lower() == "bearer" and token.isascii() and token.isprintable()
        ):
            life = rest.get("expires_in")
            return token, float(life) if isinstance(life, int) else _LIFE_S
    raise SourceFailed(_TURNED_AWAY)


def _tls(place: SourcePlace) -> ssl.SSLContext | bool:
    """Return whom to trust, and as whom to appear.

    Raises: SourceInvalid when a certificate or a key cannot be read.
    """
    if not place.address.startswith("https:"):
        return False
    try:
        context = ssl.create_default_context(cafile=place.authority)
        if place.certificate is not None:
            context.load_cert_chain(place.certificate, place.key)
    except OSError as exc:
        raise SourceInvalid(
            f"het certificaat van bron {place.name} is niet te gebruiken; kijk naar certificate,"
            f" key en authority / source {place.name} has no usable certificate"
        ) from exc
    return context


def _deeper_than(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def in_a_loop_of_its_own(ask: Callable[[], Awaitable[T]]) -> T:
    """Run a question where an event loop may already be running: at a start, or in a command."""

    async def run() -> T:
        return await ask()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, run()).result()
