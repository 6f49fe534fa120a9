"""Witnesses as processes: they never cosign two histories, whatever happens to them."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Barrier, Timer

import httpx
import pytest

from audit.cosignature import read_cosignature
from audit.note import Signer, WitnessKey, parse_witness_vkey
from audit.witness.client import WitnessClient
from audit.witness.policy import parse_policy
from tests.fakes_witness import FORK, LOG, TREE, Tree, make_request

LOGS = tuple(Signer(f"log.example/{n}", b"%032d" % n) for n in range(6))
FORKED = 7  # Up to this size the two histories are one.
RACERS = 8
KILLS = 12
LONG = Tree(600)
LONG_FORK = Tree(600, forked=FORKED)


@dataclass
class Running:
    """A witness that runs in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    key: WitnessKey

    def add(self, http: httpx.Client, body: bytes) -> httpx.Response:
        """Ask for a cosignature."""
        return http.post(f"{self.url}/add-checkpoint", content=body)


def _start(folder: Path, *logs: Signer) -> Running:
    command = [sys.executable, "-m", "audit", "witness", "--json", "--listen", "127.0.0.1:0"]
    command += ["--key", str(folder / "key"), "--state", str(folder / "state.db")]
    command += ["--name", "witness.example/e2e"]
    command += [part for log in logs for part in ("--log", log.verifier.vkey)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    return Running(process, f"http://{told['address']}", parse_witness_vkey(told["vkey"]))


@contextmanager
def _running(folder: Path, *logs: Signer) -> Iterator[Running]:
    running = _start(folder, *logs)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


@dataclass
class Racer:
    """Pushes one history of one log to one of several witnesses, as far as it gets."""

    log: Signer
    tree: Tree
    witnesses: list[Running]
    random: Random
    cosigned: list[tuple[int, int]] = field(default_factory=list)

    def run(self, start: Barrier) -> None:
        """Try again and again, each time from the size that the witness told."""
        old = 0
        with httpx.Client(timeout=20) as http:
            start.wait()
            for _ in range(12):
                with suppress(httpx.HTTPError):  # On a busy machine a kept connection may end.
                    old = self._push(http, old)

    def _push(self, http: httpx.Client, old: int) -> int:
        size = min(old + self.random.randrange(1, 9), self.tree.size)
        path = self.tree.path(old, size) if old else []
        witness = self.random.choice(self.witnesses)
        answer = witness.add(http, make_request(old, path, self.tree.note(size, self.log)))
        if answer.status_code == 200:
            text = self.tree.text(size, self.log.name)
            at_s = read_cosignature(answer.content, text, witness.key).at_s
            self.cosigned.append((size, at_s))
            return size
        told = answer.headers["content-type"] == "text/x.tlog.size"
        return int(answer.text) if told else old


def test_racing_witnesses_never_cosign_a_fork(tmp_path: Path) -> None:
    """Two processes on one state, many callers, two histories: one history wins, each time."""
    with _running(tmp_path, *LOGS) as one, _running(tmp_path, *LOGS) as other:
        racers = [
            Racer(log, tree, [one, other], Random(number))  # noqa: S311  A race, no secret.
            for log in LOGS
            for number, tree in enumerate((TREE, FORK) * (RACERS // 2))
        ]
        start = Barrier(len(racers))
        with ThreadPoolExecutor(len(racers)) as pool:
            list(pool.map(lambda racer: racer.run(start), racers))

    histories = {
        log.name: {
            racer.tree is FORK
            for racer in racers
            if racer.log is log
            for size, _ in racer.cosigned
            if size > FORKED
        }
        for log in LOGS
    }
    assert {name: len(found) for name, found in histories.items()} == dict.fromkeys(histories, 1)


def test_racing_witnesses_cosign_in_the_order_of_time(tmp_path: Path) -> None:
    """No cosignature of a smaller tree is of a later time than one of a larger tree."""
    with _running(tmp_path, *LOGS[:1]) as one, _running(tmp_path, *LOGS[:1]) as other:
        racers = [
            Racer(LOGS[0], TREE, [one, other], Random(number))  # noqa: S311  A race, no secret.
            for number in range(RACERS)
        ]
        start = Barrier(RACERS)
        with ThreadPoolExecutor(RACERS) as pool:
            list(pool.map(lambda racer: racer.run(start), racers))
    cosigned = sorted(each for racer in racers for each in racer.cosigned)

    grown = [at for index, (size, at) in enumerate(cosigned) if size < TREE.size or not index]
    assert grown == sorted(grown)
    assert cosigned[-1][0] == TREE.size


def _known(witness: Running, http: httpx.Client) -> int:
    """Give the size that a witness tells; the question itself can never be granted."""
    answer = witness.add(http, make_request(LONG.size - 1, [], LONG.note(LONG.size)))
    return int(answer.text) if answer.status_code == 409 else LONG.size - 1


def _advance_until_killed(witness: Running, old: int) -> int:
    """Give the size of the last cosignature that arrived."""
    with suppress(httpx.HTTPError), httpx.Client(timeout=20) as http:
        for size in range(old + 1, LONG.size - 1):
            answer = witness.add(http, LONG.request(old, size))
            assert answer.status_code == 200
            old = size
    return old


def test_a_killed_witness_remembers_every_cosignature_that_left_it(tmp_path: Path) -> None:
    """SIGKILL at any moment: at the next start it knows at least what it answered, and no fork."""
    told = FORKED + 1  # Below it there is no fork yet.
    with _running(tmp_path, LOG) as witness, httpx.Client(timeout=20) as http:
        assert witness.add(http, LONG.request(0, told)).status_code == 200
    for kill in range(KILLS):
        with _running(tmp_path, LOG) as witness, httpx.Client(timeout=20) as http:
            known = _known(witness, http)
            fork = make_request(known, LONG_FORK.path(known, LONG.size), LONG_FORK.note(LONG.size))
            refused = witness.add(http, fork)
            killer = Timer(0.01 + 0.003 * kill, witness.process.kill)
            killer.start()
            before, told = told, _advance_until_killed(witness, known)
            killer.join()

        # The last answer may have been lost on its way.
        assert before <= known <= before + 1
        assert refused.status_code == 422
    assert told > FORKED + 1


def test_a_witness_stops_when_it_is_told(tmp_path: Path) -> None:
    """SIGTERM ends it cleanly, a kept connection or not."""
    with _running(tmp_path, LOG) as witness, httpx.Client(timeout=20) as http:
        assert witness.add(http, TREE.request(0, 5)).status_code == 200
        witness.process.send_signal(signal.SIGTERM)
        began = time.monotonic()

        assert witness.process.wait(timeout=20) == 0
        assert time.monotonic() - began < 15


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_client_gathers_a_quorum_from_running_witnesses(tmp_path: Path) -> None:
    """From the policy file to the verified quorum, over real connections; one of three is gone."""
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    with _running(folders[0], LOG) as a, _running(folders[1], LOG) as b:
        with _running(folders[2], LOG) as gone:
            lines = [f"log {LOG.verifier.vkey}"]
            names = zip("abc", (a, b, gone), strict=True)
            lines += [f"witness {name} {each.key.vkey} {each.url}" for name, each in names]
            lines += ["group most 2 a b c", "quorum most", ""]
            policy = parse_policy("\n".join(lines).encode())
        async with httpx.AsyncClient() as http:
            client = WitnessClient(policy, http, deadline_s=10.0)
            await client.gather(TREE.note(5), TREE.path)

            gathered = await client.gather(TREE.note(13), TREE.path)

    quorum = policy.check(gathered.note)
    assert quorum.size == 13
    assert sorted(quorum.witnessed) == ["a", "b"]
