"""What every webhook has: a signature, an answer that counts, and pauses that grow."""

import datetime as dt
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from gateway.webhooks import Webhook, pause_after, signature, told

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
TO = Webhook("https://portaal.example/in", b"0123456789abcdef01234567")


@dataclass
class Receiver:
    """The other end of a webhook."""

    status: int = 204
    got: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Take the request, or break the connection when a test says so."""
        self.got.append(request)
        if not self.status:
            raise httpx.ConnectError("made to fail")
        return httpx.Response(self.status, headers={"location": "https://elders.example/"})


async def tell(receiver: Receiver) -> bool:
    """Tell this receiver something, by a client that would follow redirects."""
    transport = httpx.MockTransport(receiver)
    async with httpx.AsyncClient(transport=transport, follow_redirects=True) as http:
        return await told(http, TO, "m-1", NOW, b'{"a":1}')


@pytest.mark.parametrize(
    ("status", "taken"),
    [(200, True), (204, True), (302, False), (400, False), (410, False), (503, False), (0, False)],
)
async def test_a_webhook_has_taken_what_it_says_it_took(status: int, taken: bool) -> None:  # noqa: FBT001
    """Anything but a success is no delivery, and a redirect is not followed."""
    receiver = Receiver(status)

    assert await tell(receiver) is taken
    assert len(receiver.got) == 1


async def test_a_webhook_is_signed_and_its_address_says_nothing() -> None:
    """Id, time and body are under the signature; the address is the same for everybody."""
    receiver = Receiver()

    await tell(receiver)

    (request,) = receiver.got
    at = request.headers["webhook-timestamp"]
    expected = signature(TO.secret, "m-1", at, request.content)
    assert (str(request.url), at) == (TO.url, str(int(NOW.timestamp())))
    assert request.headers["webhook-id"] == "m-1"
    assert request.headers["webhook-signature"] == f"v1,{expected}"


async def test_of_an_answer_nothing_is_read_but_its_head() -> None:
    """A receiver that goes on talking costs us nothing."""
    sent = 0

    async def talk() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 65_536

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=talk())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        taken = await told(http, TO, "m-1", NOW, b"{}")

    assert (taken, sent) == (True, 0)


def test_the_signature_is_the_published_one() -> None:
    """The example of the Standard Webhooks specification comes out as it stands there."""
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')

    assert made == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_not_shown() -> None:
    """Whoever logs a webhook by accident logs no secret."""
    assert "0123456789" not in repr(TO)


@pytest.mark.parametrize("attempts", range(40))
def test_pauses_grow_and_have_an_end(attempts: int) -> None:
    """Nobody is asked more often than before, and nobody waits longer than six hours."""
    assert pause_after(attempts) <= pause_after(attempts + 1) <= dt.timedelta(hours=6)
