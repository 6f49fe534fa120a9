"""A program that asks its own gateway for one thing, and is killed once the entry of it stands.

Run as `python -m tests.dying_step HOME SOURCE CASES_URL PATH BODY KEY`: it posts the JSON body to
the path under this key, as the coordinator of a team. The process ends by SIGKILL, between the
ledger and the commit of the case store; it prints the status if that does not happen.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import orjson

from audit.entry import Draft, Receipt
from audit.ledger import Ledger
from gateway.identity.clients import Hat
from tests.builders import House, open_house
from tests.case_house import COORDINATOR, TEAM, Tokens, bearer


@dataclass
class LastEntry:
    """The ledger of a process that does not outlive its next entry."""

    ledger: Ledger

    async def append(self, draft: Draft) -> Receipt:
        """Record the entry, and die."""
        await self.ledger.append(draft)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody outlives a SIGKILL")


def any_hat(house: House, ledger: object) -> None:
    """Let anybody come in under any hat, and let this ledger be written to."""
    gate = replace(house.services.gate, ledger=cast("Ledger", ledger))
    house.rewire(replace(house.services, gate=gate, tokens=cast("Any", Tokens())))


def hat_for(path: str) -> Hat:
    """Return who asks for this: a table is shared by its coordinator."""
    return COORDINATOR if path == "/v1/tables" else TEAM


async def main() -> None:
    """Ask, and do not hear the answer."""
    home, source, url, path, body, key = sys.argv[1:]
    async with open_house(
        Path(home), source=Path(source), cases=Path(source), cases_url=url
    ) as house:
        any_hat(house, LastEntry(house.services.gate.ledger))
        headers = bearer(hat_for(path)) | {"idempotency-key": key}
        response = await house.http.post(path, json=orjson.loads(body), headers=headers)
        sys.stdout.write(f"{response.status_code} {response.text}\n")


if __name__ == "__main__":
    asyncio.run(main())
