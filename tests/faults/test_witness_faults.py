"""Witnesses that are slow, wrong or gone: for four hours releases go on, then they stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from audit.note import Cosigner, parse_vkey
from audit.storage.annex import SqlAnnex
from audit.storage.connect import open_annex
from audit.storage.place import sqlite_url
from audit.witness.client import WitnessClient
from audit.witness.policy import Policy, parse_policy
from audit.witness.state import WitnessState
from audit.witness.watch import MAX_SILENCE_MS, Watch
from audit.witness.witness import Witness
from gateway.background.witnessing import Witnessing, begin_watch
from tests.builders import House, flag

pytestmark = pytest.mark.anyio

COSIGNER = Cosigner("witness.example/ap", b"w" * 32)
URL = "https://witness.example/ap"
DEADLINE_S = 0.2

Reply = Callable[[httpx.Request], Awaitable[httpx.Response]]


@dataclass
class Seen:
    """A house whose log is watched by one witness, which replies as the test says."""

    house: House
    state: WitnessState
    annex: SqlAnnex
    policy: Policy
    now_ms: int
    reply: Reply = field(init=False)
    witnessing: Witnessing = field(init=False)

    def __post_init__(self) -> None:
        self.reply = self.honest
        transport = httpx.MockTransport(self._replied)
        http = httpx.AsyncClient(transport=transport)
        log = self.house.services.log
        watch = begin_watch(self.policy, log, self.annex, self.now_ms)
        client = WitnessClient(self.policy, http, DEADLINE_S)
        self.witnessing = Witnessing(
            self.policy, client, watch, log, self.annex, lambda: self.now_ms
        )
        gate = replace(self.house.services.gate, hold=self.witnessing.hold)
        self.house.rewire(replace(self.house.services, gate=gate))

    async def _replied(self, request: httpx.Request) -> httpx.Response:
        return await self.reply(request)

    async def honest(self, request: httpx.Request) -> httpx.Response:
        """Reply as a sound witness does."""
        log = parse_vkey(self.house.gateway.vkey)
        witness = Witness(COSIGNER, {log.name: [log]}, self.state, lambda: self.now_ms // 1000)
        answer = witness.add_checkpoint(request.content)
        headers = {"content-type": answer.kind}
        stream = httpx.ByteStream(answer.body)
        return httpx.Response(answer.status, headers=headers, stream=stream)

    async def pass_by(self, ms: int) -> None:
        """Let so much time pass, at the end of which the witness is asked."""
        self.now_ms += ms
        await self.witnessing.ask()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[WitnessState]:
    """Give the memory of a witness."""
    opened = WitnessState.open(tmp_path / "witness.db", create=True)
    yield opened
    opened.close()


@pytest.fixture
async def seen(house: House, state: WitnessState) -> AsyncIterator[Seen]:
    """Give a house that a sound witness has just seen."""
    origin = parse_vkey(house.gateway.vkey).name
    annex = open_annex(sqlite_url(house.gateway.ledger_path), origin)
    text = f"log {house.gateway.vkey}\nwitness ap {COSIGNER.key.vkey} {URL}\nquorum ap\n"
    policy = parse_policy(text.encode())
    # A witness tells whole seconds.
    now_ms = (house.services.log.begun_ms() // 1000 + 1) * 1000
    found = Seen(house, state, annex, policy, now_ms)
    await found.pass_by(0)
    yield found
    await found.witnessing.client._http.aclose()
    annex.close()


async def slow(_request: httpx.Request) -> httpx.Response:
    """Reply too late."""
    await asyncio.sleep(10 * DEADLINE_S)
    return httpx.Response(200)


async def gone(request: httpx.Request) -> httpx.Response:
    """Be unreachable."""
    raise httpx.ConnectError("gone", request=request)


async def wrong(_request: httpx.Request) -> httpx.Response:
    """Reply with a cosignature of the right form that signs nothing."""
    line = COSIGNER.cosign(b"something else\n1\nAAAA\n", 1)
    return httpx.Response(200, stream=httpx.ByteStream(line))


async def endless(_request: httpx.Request) -> httpx.Response:
    """Reply with far more than a witness has to say."""
    return httpx.Response(200, stream=httpx.ByteStream(b"\xe2\x80\x94 " * 1_000_000))


async def other(_request: httpx.Request) -> httpx.Response:
    """Claim to know another history."""
    headers = {"content-type": "text/x.tlog.size"}
    return httpx.Response(409, headers=headers, stream=httpx.ByteStream(b"999999\n"))


@pytest.mark.parametrize("reply", [slow, gone, wrong, endless, other])
async def test_witness_slow_wrong_or_gone(seen: Seen, reply: Reply) -> None:
    """Until four hours have passed releases go on, then a refusal is recorded; a quorum ends it."""
    seen.reply = reply
    await seen.pass_by(MAX_SILENCE_MS)
    within = await seen.house.ask(flag())
    await seen.pass_by(1)
    before = seen.house.size
    beyond = await seen.house.ask(flag())
    [leaf] = seen.house.leaves(before)
    seen.reply = seen.honest
    await seen.pass_by(1)

    again = await seen.house.ask(flag())

    assert (within.status_code, beyond.status_code, again.status_code) == (200, 403, 200)
    assert leaf["type"] == "refusal"
    assert "released" not in beyond.json()
    assert beyond.json()["receipt"]["proof"]


async def test_a_clock_that_goes_back_does_not_lift_the_stop(seen: Seen) -> None:
    """Once four hours have passed without a quorum, no step of the clock helps."""
    seen.reply = gone
    await seen.pass_by(MAX_SILENCE_MS + 1)
    stopped = await seen.house.ask(flag())
    await seen.pass_by(-MAX_SILENCE_MS)

    still = await seen.house.ask(flag())

    assert (stopped.status_code, still.status_code) == (403, 403)


async def test_a_restart_does_not_lift_the_stop(seen: Seen) -> None:
    """A gateway that starts anew counts from the last quorum that was kept."""
    log = seen.house.services.log
    watch: Watch = begin_watch(seen.policy, log, seen.annex, seen.now_ms + MAX_SILENCE_MS + 2000)
    seen.witnessing = replace(seen.witnessing, watch=watch)
    gate = replace(seen.house.services.gate, hold=seen.witnessing.hold)
    seen.house.rewire(replace(seen.house.services, gate=gate))
    seen.now_ms += MAX_SILENCE_MS + 2000

    response = await seen.house.ask(flag())

    assert response.status_code == 403
