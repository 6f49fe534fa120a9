"""A time stamp over the checkpoint: asked of an authority, verified, and only then kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from audit.errors import StampInvalid
from audit.timestamp import MAX_STAMP_BYTES, verify_stamp
from gateway.background.witnessing import Stamping
from gateway.wiring import clock_ms, utc_now
from tests.builders import House, flag
from tests.stamp_authority import StampAuthority, require_openssl

pytestmark = pytest.mark.anyio

URL = "https://stamps.example/tsr"


@dataclass
class Stamped:
    """A house whose checkpoints are stamped, and how often the authority was asked."""

    house: House
    authority: StampAuthority
    alter: Callable[[bytes], bytes] = lambda response: response
    status: int = 200
    asked: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._reply))
        services = self.house.services
        chain = self.authority.chain
        self.stamping = Stamping(URL, chain, http, services.log, services.annex, clock_ms)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        response = self.alter(self.authority.stamp(request.content))
        return httpx.Response(self.status, stream=httpx.ByteStream(response))

    @property
    def kept(self) -> list[tuple[int, bytes]]:
        """The stamps that are kept beside the log."""
        return list(self.house.services.annex.stamps())


@pytest.fixture
def stamped(house: House, tmp_path: Path) -> Stamped:
    """Give a house with an authority of its own."""
    require_openssl()
    folder = tmp_path / "authority"
    folder.mkdir()
    return Stamped(house, StampAuthority(folder, utc_now()))


async def test_a_stamp_over_the_newest_checkpoint_is_kept(stamped: Stamped) -> None:
    """The stamp proves the checkpoint as the log signed it, and no other note."""
    await stamped.stamping.ask()

    [(size, response)] = stamped.kept
    note, chain = stamped.house.services.log.checkpoint(), stamped.authority.chain
    assert size == stamped.house.size
    verify_stamp(response, note, chain=chain, now_ms=clock_ms())
    with pytest.raises(StampInvalid):
        verify_stamp(response, note + b"x", chain=chain, now_ms=clock_ms())


async def test_a_checkpoint_is_stamped_once(stamped: Stamped) -> None:
    """A quiet log asks nothing more; one that grew asks again."""
    await stamped.stamping.ask()
    await stamped.stamping.ask()
    quiet = stamped.asked
    await stamped.house.ask(flag())

    await stamped.stamping.ask()

    assert (quiet, len(stamped.kept)) == (1, 2)


@pytest.mark.parametrize(
    "alter",
    [
        lambda response: response[:-1] + bytes([response[-1] ^ 1]),
        lambda _: b"",
        lambda _: b"\x30" * (MAX_STAMP_BYTES + 10),
    ],
    ids=["flipped", "empty", "endless"],
)
async def test_a_stamp_that_does_not_verify_is_not_kept(
    stamped: Stamped, alter: Callable[[bytes], bytes]
) -> None:
    """What an authority, or somebody in between, sends is checked before it is kept."""
    stamped.alter = alter

    await stamped.stamping.ask()

    assert stamped.kept == []


async def test_an_authority_that_fails_stops_nothing(stamped: Stamped) -> None:
    """Without a stamp the gateway goes on, and asks again at the next time."""
    stamped.status = 503
    await stamped.stamping.ask()
    without = stamped.kept
    stamped.status = 200

    await stamped.stamping.ask()

    assert (without, len(stamped.kept)) == ([], 1)
