"""Who else asks at a gateway: the portal of the persons, and who judges emergencies."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import httpx

from gateway.citizen.embargo import time_of
from gateway.citizen.follower import Follower
from gateway.citizen.store import Message, SqlMessages
from gateway.identity.clients import Hat
from gateway.openings import registry_of
from tests.builders import CARE_WORKER, HENK, Body, House, about, make_client

OFFICER = Hat("gem-functionaris-gegevensbescherming", "functionaris-gegevensbescherming")
PORTAL = Hat("gem-portaal", "inwonersportaal")
WORDS = "De buren horen nu geschreeuw en een kind dat om hulp roept; de deur is op slot."
JUDGED = "Het gevaar was er echt en er is niet meer gevraagd dan nodig was."


def danger(**changes: object) -> Body:
    """Return the request of somebody who reports to Veilig Thuis about Henk and cannot wait."""
    body: Body = {
        "task": "vt-meldrecht",
        "activity": "melding-doen",
        "purpose": "veiligheid-laten-beoordelen",
        "subject": about(HENK),
        "reason": "violence_now",
        "words": WORDS,
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def enrol(house: House) -> None:
    """Register the systems of the portal and of the officer at this gateway."""
    registry = registry_of(house.settings)
    registry.load()
    found = dict(house.clients)
    for name, hat in (("portaal", PORTAL), ("toezicht", OFFICER)):
        found[name] = make_client(name, frozenset({hat}))
        if registry.find(name) is None:
            registry.add(found[name])
    house.clients = found


async def send(
    house: House, path: str, body: object, hat: Hat, professional: str = "medewerker-7"
) -> httpx.Response:
    """Post a body under this hat."""
    headers = {"authorization": f"Bearer {house.token(hat, professional)}"}
    return await house.http.post(path, json=body, headers=headers)


async def break_glass(house: House, **changes: object) -> httpx.Response:
    """Ask in an emergency as a care worker."""
    return await send(house, "/v1/emergency-disclosures", danger(**changes), CARE_WORKER)


def follower(house: House) -> Follower:
    """Return what follows the log of this gateway."""
    services = house.services
    return Follower(
        services.log.head().origin,
        services.log,
        services.personal,
        SqlMessages(services.book),
        lambda: services.gate.catalogue,
        services.kept,
    )


def last_at(house: House) -> dt.datetime:
    """Return the time of the last entry, which is that of the machine."""
    leaf: dict[str, Any] = house.leaves(house.size - 1)[0]
    return time_of(leaf)


@dataclass
class Courier:
    """A way out that remembers what it was given, and takes it when a test says so."""

    takes: bool = True
    sent: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> bool:
        """Remember the message."""
        self.sent.append(message)
        return self.takes
