"""The process is killed between ledger and answer, again and again: nothing lost, nothing twice."""

import multiprocessing
import random
import threading
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from pathlib import Path

import httpx
import pytest

from audit.verifier.file import LedgerFile
from audit.verifier.verify import Summary, verify_kept_receipt, verify_ledger
from gateway.settings import Settings
from tests.builders import flag, free_port
from tests.serving import await_health, prepare, serve_settings, token_for, vkey_in

KILLS = 24


class Caller:
    """A partner that asks under fresh keys until the gateway is gone, and remembers all answers."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.public_url
        self._headers = {"authorization": f"Bearer {token_for(settings)}"}
        self.answers: dict[str, bytes] = {}
        self.in_flight: list[str] = []

    def ask(self, http: httpx.Client, key: str) -> httpx.Response:
        """Ask under this key."""
        headers = self._headers | {"idempotency-key": key}
        return http.post(f"{self._url}/v1/disclosures", json=flag(), headers=headers)

    def ask_on(self, name: str, enough: threading.Event) -> None:
        """Ask until the connection breaks; what was not answered then is in flight."""
        with httpx.Client() as http, suppress(httpx.TransportError):
            for number in range(10_000):
                self.in_flight.append(f"{name}-{number}")
                response = self.ask(http, f"{name}-{number}")
                assert response.status_code == 200
                self.answers[self.in_flight.pop()] = response.content
                enough.set()

    def ask_again(self) -> tuple[bytes, ...]:
        """Ask what was in flight once more, and every tenth of what was answered."""
        with httpx.Client() as http:
            for key in self.in_flight:
                response = self.ask(http, key)
                assert response.status_code == 200
                self.answers[key] = response.content
            self.in_flight.clear()
            some = sorted(self.answers)[::10]
            return tuple(
                key.encode() for key in some if self.ask(http, key).content != self.answers[key]
            )


def verified(settings: Settings, answers: dict[str, bytes]) -> Summary:
    """Verify the ledger, and every receipt that was ever handed out."""
    (path,) = settings.home.glob("ledger-*.db")
    vkey = vkey_in(path)
    with LedgerFile.open(path) as reader:
        summary = verify_ledger(reader, vkey=vkey)
        for content in answers.values():
            proof = httpx.Response(200, content=content).json()["receipt"]["proof"]
            verify_kept_receipt(reader, proof.encode(), vkey=vkey)
    return summary


@pytest.fixture
def context() -> ForkServerContext:
    """Give a way to start processes that have imported the gateway already."""
    started = multiprocessing.get_context("forkserver")
    started.set_forkserver_preload(["tests.serving"])
    return started


def test_no_answer_is_lost_and_none_is_given_twice(
    tmp_path: Path, context: ForkServerContext
) -> None:
    """After each kill, the same key gives the same disclosure, or a fresh one if none stands."""
    settings = prepare(tmp_path, free_port())
    chance = random.Random(7)  # noqa: S311 (a delay, no secret)
    caller: Caller | None = None
    changed: tuple[bytes, ...] = ()
    for number in range(KILLS):
        process = context.Process(target=serve_settings, args=(settings,))
        process.start()
        await_health(settings.public_url)
        caller = caller or Caller(settings)
        changed += caller.ask_again()
        enough = threading.Event()
        asking = threading.Thread(target=caller.ask_on, args=(f"ronde-{number}", enough))
        asking.start()
        assert enough.wait(20)
        process.join(chance.uniform(0, 0.03))
        process.kill()
        process.join()
        asking.join()

    assert caller is not None
    summary = verified(settings, caller.answers)
    assert changed == ()
    assert len(caller.answers) >= KILLS
    # Everything in the ledger was handed out, but for what was in flight at the last kill.
    assert 0 <= summary.size - 1 - len(caller.answers) <= len(caller.in_flight) == 1
