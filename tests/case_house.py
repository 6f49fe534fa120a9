"""A house in which steps of cases are taken: any hat may come in, and its ledger is in memory."""

from dataclasses import replace
from typing import Any, cast

import httpx

from audit.ledger import Ledger
from gateway.identity.clients import Hat
from gateway.identity.tokens import VerifiedCaller
from tests.builders import House
from tests.fakes_cases import MemoryLedger

COORDINATOR = Hat("gem-regie", "casuscoordinator")
TEAM = Hat("wijkteam-noord", "regisseur-wijkteam")
CARE = Hat("ggz-rivierzicht", "spv-ggz")


class Tokens:
    """Verifies a token that names a hat in plain words."""

    def verify(self, token: str, *, now: object) -> VerifiedCaller:
        """Return the caller with this hat."""
        del now
        organisation, role = token.split("/")
        hat = Hat(organisation, role)
        return VerifiedCaller("team", organisation, role, "medewerker-7", frozenset({hat}))


def recording(house: House) -> MemoryLedger:
    """Let this house record in memory and know every hat; return its ledger."""
    made = MemoryLedger()
    gate = replace(house.services.gate, ledger=cast("Ledger", made))
    house.rewire(replace(house.services, gate=gate, tokens=cast("Any", Tokens())))
    return made


async def post(
    house: House, path: str, body: object, hat: Hat = COORDINATOR, version: int | None = None
) -> httpx.Response:
    """Send a request under this hat, from a version where it names one."""
    headers = bearer(hat)
    if version is not None:
        headers["if-match"] = f'"{version}"'
    return await house.http.post(path, json=body, headers=headers)


async def look(house: House, case: str, hat: Hat = COORDINATOR) -> httpx.Response:
    """Look at a case under this hat."""
    return await house.http.get(f"/v1/cases/{case}", headers=bearer(hat))


def bearer(hat: Hat) -> dict[str, str]:
    """Return the headers of a caller with this hat."""
    return {"authorization": f"Bearer {hat.organisation}/{hat.role}"}
