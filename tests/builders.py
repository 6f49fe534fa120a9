"""Requests that are in order until a test changes them, and a gateway to send them to."""

import datetime as dt
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from audit.entry import parse_leaf
from gateway.api.state import Services
from gateway.app import create_app
from gateway.identity.clients import Client, Hat, parse_public_key
from gateway.identity.keys import ensure_keys
from gateway.identity.tokens import TokenIssuer
from gateway.openings import registry_of
from gateway.partner import public_pem
from gateway.settings import Settings, load_settings
from gateway.wiring import Gateway, open_gateway
from tests.fakes import FixedClock

ROOT = Path(__file__).resolve().parent.parent
URL = "https://poort.waterveen.example"
REFERENCE = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)

YUSUF, SANNE, HENK, LISA, BRAM = "999911235", "999912410", "999914121", "999913372", "999932159"
NOBODY = "999900006"

CONSULTANT = Hat("gem-toegang-jeugd", "consulent-jeugd")
CARE_WORKER = Hat("jeugdhulp-de-brug", "jeugdhulpverlener")
SCHOOL = Hat("school-het-baken", "zorgcoordinator-school")
OTHER_SCHOOL = Hat("basisschool-de-linde", "zorgcoordinator-school")
WMO = Hat("gem-toegang-wmo", "consulent-wmo")
SUPERVISOR = Hat("autoriteit-persoonsgegevens", "toezichthouder")
TEAM = frozenset({CONSULTANT, CARE_WORKER, WMO})
SCHOOLS = frozenset({SCHOOL, OTHER_SCHOOL})
SUPERVISORS = frozenset({SUPERVISOR})
HATS = {"team": TEAM, "school": SCHOOLS, "supervisor": SUPERVISORS}

MOTIVATION = "De verordening noemt de duur als criterium."
Body = dict[str, Any]


def flag(**changes: object) -> Body:
    """Return the request for the specialisation flag of Yusuf; `...` takes a member away."""
    return _changed(
        ("jeugd-toeleiding", "criteria-toetsen-zwaarte", "lichte-of-zware-hulp", YUSUF), changes
    )


def feedback(**changes: object) -> Body:
    """Return the request of the school that reported Yusuf."""
    names = ("onderwijs-zorgplicht", "opvolgen-aanmelding", "weten-dat-leerling-geholpen-wordt")
    return _changed((*names, YUSUF), changes)


def scooter(**changes: object) -> Body:
    """Return the request about the report of Henk, who asks for a mobility scooter."""
    return _changed(("wmo-onderzoek", "vraagverheldering", "hulpvraag-afbakenen", HENK), changes)


def about(bsn: object) -> dict[str, object]:
    """Return a subject."""
    return {"type": "bsn", "value": bsn}


def _changed(names: tuple[str, str, str, str], changes: Mapping[str, object]) -> Body:
    task, activity, purpose, bsn = names
    body: Body = {"task": task, "activity": activity, "purpose": purpose, "subject": about(bsn)}
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


@dataclass
class House:
    """A gateway in this process: real ledger, engine, registry and register, a clock that stands.

    The clock stands still for decisions and tokens; the ledger keeps the time of the machine.
    """

    settings: Settings
    gateway: Gateway
    clock: FixedClock
    clients: Mapping[str, Client]
    issuer: TokenIssuer
    services: Services = field(init=False)
    app: FastAPI = field(init=False)
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        gate = replace(self.gateway.services.gate, now=self.clock)
        self.rewire(replace(self.gateway.services, gate=gate, now=self.clock))

    def rewire(self, services: Services) -> None:
        """Serve these services from now on, in a new application."""
        self.services = services
        self.app = create_app(services, public_url=URL)
        transport = httpx.ASGITransport(self.app)
        self.http = httpx.AsyncClient(transport=transport, base_url=URL)

    def token(self, hat: Hat = CONSULTANT, professional: str = "medewerker-7") -> str:
        """Return a good token for a hat, of the client that may wear it."""
        (client,) = (each for each in self.clients.values() if hat in each.hats)
        return self.issuer.issue(client, hat, professional, now=self.clock()).token

    def headers(self, hat: Hat = CONSULTANT, **more: str) -> dict[str, str]:
        """Return the headers of a caller with this hat; underscores stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"authorization": f"Bearer {self.token(hat)}"} | named

    async def ask(self, body: object, hat: Hat = CONSULTANT, **headers: str) -> httpx.Response:
        """Ask for data under this hat."""
        return await self.http.post(
            "/v1/disclosures", json=body, headers=self.headers(hat, **headers)
        )

    async def get(self, path: str, hat: Hat = CONSULTANT) -> httpx.Response:
        """Read something under this hat."""
        return await self.http.get(path, headers=self.headers(hat))

    @property
    def size(self) -> int:
        """How many entries the ledger has."""
        return self.services.status().size

    def leaves(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the entries from this index on, as anybody may read them."""
        entries = self.services.log.entries(since, self.size)
        return [dict(parse_leaf(entry.leaf or b"")) for entry in entries]


@asynccontextmanager
async def open_house(
    home: Path, *, source: Path, cases: Path, **settings: object
) -> AsyncIterator[House]:
    """Open a gateway with its registered clients, and close it at the end."""
    chosen = settings_of(home, source=source, cases=cases, **settings)
    clients = {name: make_client(name, hats) for name, hats in HATS.items()}
    registry = registry_of(chosen)
    for client in clients.values():
        if registry.find(client.id) is None:
            registry.add(client)
    gateway = open_gateway(chosen)
    issuer = TokenIssuer(
        key=ensure_keys(home / "keys", random=os.urandom).token,
        issuer=chosen.public_url,
        audience=chosen.public_url,
        oins={},
        random=os.urandom,
    )
    house = House(chosen, gateway, FixedClock(NOW), clients, issuer)
    try:
        yield house
    finally:
        await house.http.aclose()
        await gateway.close()


def settings_of(home: Path, *, source: Path, cases: Path, **changes: object) -> Settings:
    """Return the settings of a gateway over these files and the project's own policy."""
    chosen: dict[str, object] = {
        "home": home,
        "public_url": URL,
        "source_url": f"sqlite:///{source}",
        "cases_url": f"sqlite:///{cases}",
        "purposes": ROOT / "purposes",
        "policies": ROOT / "policies",
    }
    return load_settings(**(chosen | changes))


def make_client(client_id: str, hats: frozenset[Hat]) -> Client:
    """Return a client whose key follows from its id."""
    return Client(client_id, f"Systeem {client_id}", (parse_public_key(pem_of(client_id)),), hats)


def client_key(client_id: str) -> Ed25519PrivateKey:
    """Return the private key of a client: the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(client_id.encode().ljust(32, b"."))


def pem_of(client_id: str) -> str:
    """Return the public key of a client as it is registered."""
    return public_pem(client_key(client_id))


def free_port() -> int:
    """Return a port of this host that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def texts_in(value: object) -> Iterator[str]:
    """Give every text in a JSON value, names of members included."""
    match value:
        case str():
            yield value
        case dict():
            for name, member in value.items():
                yield name
                yield from texts_in(member)
        case list():
            for item in value:
                yield from texts_in(item)
