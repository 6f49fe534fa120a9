"""The same request again, across a kill of the sequencer and a restart of the gateway."""

import os
import signal
from pathlib import Path

import pytest

from tests.builders import flag, open_house
from tests.fakes_audit import pid_of

pytestmark = pytest.mark.anyio

KEY = "een-sleutel"


async def test_replay_of_a_request_across_a_kill(tmp_path: Path, register: Path) -> None:
    """The same key and content give the same answer and receipt; other content is a conflict."""
    home = tmp_path / "home"
    async with open_house(home, source=register, cases=register) as house:
        first = await house.ask(flag(), idempotency_key=KEY)
        size = house.size
        os.kill(pid_of(house.services.gate.ledger), signal.SIGKILL)
        down = await house.ask(flag(), idempotency_key="een-andere")
    async with open_house(home, source=register, cases=register) as house:
        again = await house.ask(flag(), idempotency_key=KEY)
        other = await house.ask(flag(fields=["specialisatie_ingezet"]), idempotency_key=KEY)
        after = house.size

    assert (first.status_code, down.status_code, again.status_code) == (200, 503, 200)
    assert again.content == first.content
    assert other.status_code == 409
    assert "receipt" not in other.json()
    assert after == size
