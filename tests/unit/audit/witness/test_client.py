"""Asking the witnesses: what each answer comes to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from audit.cosignature import Cosignature
from audit.errors import NoteInvalid
from audit.note import Cosigner
from audit.witness.client import ALARMS, MAX_ANSWER_BYTES, Gathered, Reason, Refused, WitnessClient
from audit.witness.policy import Witness as Seer
from audit.witness.state import WitnessState
from audit.witness.witness import Witness, parse_request
from tests.fakes_witness import FORK, LOG, NOW_S, ORIGIN, TREE, WITNESSES, Tree, make_policy

pytestmark = pytest.mark.anyio

URL = "https://witness.example"
NAMES = tuple(witness.name[-1] for witness in WITNESSES)

Reply = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


def _respond(status: int, body: bytes, kind: str) -> httpx.Response:
    return httpx.Response(status, headers={"content-type": kind}, stream=httpx.ByteStream(body))


class Peers:
    """Three witnesses behind one transport; each can be replaced by any reply."""

    def __init__(self, folder: Path) -> None:
        self.states = {
            name: WitnessState.open(folder / f"{name}.db", create=True) for name in NAMES
        }
        self.asked: list[tuple[str, int]] = []
        self.replies: dict[str, Reply] = {}
        for cosigner in WITNESSES:
            self.replies[cosigner.name[-1]] = self.honest(cosigner)

    def honest(self, cosigner: Cosigner) -> Reply:
        """Give the reply of a real witness."""
        state = self.states[cosigner.name[-1]]
        witness = Witness(cosigner, {ORIGIN: [LOG.verifier]}, state, lambda: NOW_S)

        def reply(request: httpx.Request) -> httpx.Response:
            answer = witness.add_checkpoint(request.content)
            return _respond(answer.status, answer.body, answer.kind)

        return reply

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Give what one of the witnesses replies."""
        name = request.url.path.split("/")[1]
        assert request.url.path == f"/{name}/add-checkpoint"
        self.asked.append((name, parse_request(request.content).old))
        answer = self.replies[name](request)
        return answer if isinstance(answer, httpx.Response) else await answer


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[Peers]:
    """Give three honest witnesses."""
    found = Peers(tmp_path)
    yield found
    for state in found.states.values():
        state.close()


@pytest.fixture
async def client(peers: Peers) -> AsyncIterator[WitnessClient]:
    """Give a client of these witnesses."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(peers)) as http:
        yield WitnessClient(make_policy(url=URL), http, deadline_s=5.0)


async def _gather(client: WitnessClient, size: int, tree: Tree = TREE) -> Gathered:
    return await client.gather(tree.note(size), tree.path)


def _outcome(gathered: Gathered, name: str = "a") -> Cosignature | Refused:
    return next(outcome for witness, outcome in gathered.outcomes if witness.name == name)


async def test_all_witnesses_cosign(client: WitnessClient) -> None:
    """The note carries their lines and makes a quorum."""
    gathered = await _gather(client, 5)

    quorum = make_policy("all").check(gathered.note)
    assert quorum.witnessed == dict.fromkeys(NAMES, NOW_S * 1000)
    assert gathered.note.startswith(TREE.note(5))


async def test_the_next_checkpoint_starts_where_the_last_ended(
    client: WitnessClient, peers: Peers
) -> None:
    """The client remembers, and asks once."""
    await _gather(client, 5)
    peers.asked.clear()

    gathered = await _gather(client, 13)

    assert sorted(peers.asked) == [(name, 5) for name in NAMES]
    assert make_policy("all").check(gathered.note).size == 13


async def test_a_witness_that_knows_more_than_the_client_is_asked_again(
    client: WitnessClient, peers: Peers
) -> None:
    """After a restart the client learns the size from the witness."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(peers)) as http:
        await _gather(WitnessClient(make_policy(url=URL), http, 5.0), 9)
    peers.asked.clear()

    gathered = await _gather(client, 13)

    assert [old for name, old in peers.asked if name == "a"] == [0, 9]
    assert make_policy("all").check(gathered.note).size == 13


async def test_the_same_checkpoint_is_cosigned_again(client: WitnessClient) -> None:
    """A log without new entries renews its cosignatures, one line for each witness."""
    first = await _gather(client, 9)

    again = await client.gather(first.note, TREE.path)

    assert again.note == first.note


def _answer(
    status: int, body: bytes = b"", kind: str = "text/plain"
) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: _respond(status, body, kind)


def _size(text: bytes) -> Reply:
    return _answer(409, text, "text/x.tlog.size")


def _raise(error: Exception) -> Reply:
    def reply(_: httpx.Request) -> httpx.Response:
        raise error

    return reply


async def _never(_: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    return httpx.Response(200)


WRONG = WITNESSES[0].cosign(TREE.text(8), NOW_S)
FOREIGN = WITNESSES[1].cosign(TREE.text(9), NOW_S)


ANSWERS: dict[str, tuple[Reply, Reason]] = {
    "400": (_answer(400), Reason.BAD_REQUEST),
    "403": (_answer(403), Reason.FORBIDDEN),
    "404": (_answer(404), Reason.UNKNOWN_LOG),
    "422": (_answer(422), Reason.INCONSISTENT),
    "429": (_answer(429), Reason.BUSY),
    "503": (_answer(503), Reason.BUSY),
    "500": (_answer(500), Reason.OTHER_STATUS),
    "a redirect": (_answer(301), Reason.OTHER_STATUS),
    "nothing": (_answer(200), Reason.MALFORMED),
    "a page": (_answer(200, b"<html>hello</html>"), Reason.MALFORMED),
    "no text": (_answer(200, b"\xff\n"), Reason.MALFORMED),
    "over another text": (_answer(200, WRONG), Reason.WRONG_SIGNATURE),
    "by another": (_answer(200, FOREIGN), Reason.NOT_COSIGNED),
    "too long": (_answer(200, b"x" * (MAX_ANSWER_BYTES + 1)), Reason.TOO_LONG),
    "409 without a size": (_answer(409, b"5\n"), Reason.MALFORMED),
    "a size without newline": (_size(b"5"), Reason.MALFORMED),
    "a size with a leading zero": (_size(b"05\n"), Reason.MALFORMED),
    "a size and more": (_size(b"5\n\n"), Reason.MALFORMED),
    "the size that was sent": (_size(b"0\n"), Reason.MALFORMED),
    "the size that was sent again": (_size(b"5\n"), Reason.MALFORMED),
    "a size above ours": (_size(b"10\n"), Reason.AHEAD),
    "no connection": (_raise(httpx.ConnectError("gone")), Reason.UNREACHABLE),
    "a broken connection": (_raise(httpx.RemoteProtocolError("odd")), Reason.UNREACHABLE),
    "silence": (_raise(httpx.ReadTimeout("slow")), Reason.SLOW),
}


@pytest.mark.parametrize(("reply", "reason"), list(ANSWERS.values()), ids=list(ANSWERS))
async def test_a_witness_that_does_not_cosign_is_told_by_its_reason(
    client: WitnessClient, peers: Peers, reply: Reply, reason: Reason
) -> None:
    """Nothing it answered is in the note, and the others are not held up."""
    peers.replies["a"] = reply

    gathered = await _gather(client, 9)

    outcome = _outcome(gathered)
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
    assert sorted(make_policy().check(gathered.note).witnessed) == ["b", "c"]


async def test_a_slow_witness_is_not_waited_for(peers: Peers) -> None:
    """The deadline is for each witness; the quorum comes from the others."""
    peers.replies["a"] = _never
    async with httpx.AsyncClient(transport=httpx.MockTransport(peers)) as http:
        client = WitnessClient(make_policy(url=URL), http, deadline_s=0.2)

        gathered = await _gather(client, 9)

    assert _outcome(gathered) == Refused(Reason.SLOW)
    assert sorted(make_policy().check(gathered.note).witnessed) == ["b", "c"]


async def test_a_witness_at_another_size_twice_has_moved(
    client: WitnessClient, peers: Peers
) -> None:
    """Another gateway came first: no alarm, and no third attempt."""
    replies = iter([_size(b"5\n"), _size(b"7\n")])

    def reply(request: httpx.Request) -> httpx.Response | Awaitable[httpx.Response]:
        return next(replies)(request)

    peers.replies["a"] = reply

    gathered = await _gather(client, 9)

    assert _outcome(gathered) == Refused(Reason.MOVED, 7)
    assert Reason.MOVED not in ALARMS


async def test_an_older_checkpoint_than_the_last_is_no_alarm(client: WitnessClient) -> None:
    """We know ourselves that the witness is further."""
    await _gather(client, 9)

    assert _outcome(await _gather(client, 5)) == Refused(Reason.MOVED, 9)


async def test_a_witness_that_forgot_is_an_alarm(client: WitnessClient, peers: Peers) -> None:
    """It could cosign a fork of what it forgot, so it is not helped to."""
    await _gather(client, 9)
    peers.replies["a"] = _size(b"5\n")
    peers.asked.clear()

    gathered = await _gather(client, 13)

    assert _outcome(gathered) == Refused(Reason.FORGETFUL, 5)
    assert [old for name, old in peers.asked if name == "a"] == [9]
    assert Reason.FORGETFUL in ALARMS


async def test_a_fork_at_the_same_size_is_an_alarm(client: WitnessClient, peers: Peers) -> None:
    """The witness saw another root than ours."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(peers)) as http:
        await _gather(WitnessClient(make_policy(url=URL), http, 5.0), 9, FORK)

    outcome = _outcome(await _gather(client, 9))

    assert outcome == Refused(Reason.OTHER_ROOT)
    assert Reason.OTHER_ROOT in ALARMS


async def test_a_fork_below_is_an_alarm(client: WitnessClient, peers: Peers) -> None:
    """No proof leads from another history to ours."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(peers)) as http:
        await _gather(WitnessClient(make_policy(url=URL), http, 5.0), 9, FORK)

    assert _outcome(await _gather(client, 13)) == Refused(Reason.INCONSISTENT)


async def test_a_witness_without_an_address_is_not_asked(peers: Peers) -> None:
    """A policy for verifying alone needs no addresses."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(peers)) as http:
        gathered = await _gather(WitnessClient(make_policy(), http, 5.0), 9)

    assert {outcome for _, outcome in gathered.outcomes} == {Refused(Reason.NO_ADDRESS)}
    assert gathered.note == TREE.note(9)
    assert peers.asked == []


async def test_an_address_that_is_none_is_unreachable(peers: Peers) -> None:
    """A mistake in the policy does not stop the gateway."""
    policy = make_policy(url=URL)
    broken = {
        name: replace(found, url="https://a:port") if found is policy.witnesses[0] else found
        for name, found in policy.defined.items()
        if isinstance(found, Seer)
    }
    broken_policy = replace(policy, defined=broken)
    async with httpx.AsyncClient(transport=httpx.MockTransport(peers)) as http:
        gathered = await _gather(WitnessClient(broken_policy, http, 5.0), 9)

    assert _outcome(gathered) == Refused(Reason.UNREACHABLE)


async def test_only_checkpoints_are_submitted(client: WitnessClient, peers: Peers) -> None:
    """Anything else is our own mistake."""
    with pytest.raises(NoteInvalid):
        await client.gather(LOG.sign(b"hello\n"), TREE.path)

    assert peers.asked == []
