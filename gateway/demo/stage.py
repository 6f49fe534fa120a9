"""Sets the stage of the demo: a fresh home, the invented clients, one registered partner."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.data import load_clients
from gateway.identity.clients import Client, Hat, parse_public_key
from gateway.moments import home_day
from gateway.openings import registry_of
from gateway.partner import Partner, make_key, private_pem, public_pem
from gateway.settings import Settings, load_settings

CLIENT_ID = "wijkteam-systeem"
# One person with two roles: consultant for the municipality, youth care worker for the provider.
CONSULTANT = Hat("gem-toegang-jeugd", "consulent-jeugd")
CARE_WORKER = Hat("jeugdhulp-de-brug", "jeugdhulpverlener")


@dataclass(frozen=True, slots=True)
class Stage:
    """What the story is told with."""

    settings: Settings
    partner: Partner
    key_file: Path


def set_stage(
    root: Path,
    folder: Path,
    address: tuple[str, int],
    *,
    now: Callable[[], dt.datetime],
    random: Callable[[int], bytes],
) -> Stage:
    """Fill the source, write the settings and register the partner.

    Effects: files below `folder`, which is the demo's own.
    Raises:  DemoInvalid when the demo set under `root` cannot be loaded.
    """
    database = folder / "bron.db"
    today = home_day(now())
    load_clients(root / "deploy" / "demo" / "clients.json", database, today)
    settings = _settings(root, folder / "home", database, address)
    key = make_key(random)
    key_file = folder / "partner.pem"
    key_file.touch(mode=0o600)
    key_file.write_bytes(private_pem(key))
    registry_of(settings).add(
        Client(
            id=CLIENT_ID,
            name="Systeem van het wijkteam (demo)",
            public_keys=(parse_public_key(public_pem(key)),),
            hats=frozenset({CONSULTANT, CARE_WORKER}),
        )
    )
    url = settings.public_url
    partner = Partner(url=url, client_id=CLIENT_ID, key=key, now=now, random=random)
    return Stage(settings, partner, key_file)


def _settings(root: Path, home: Path, database: Path, address: tuple[str, int]) -> Settings:
    host, port = address
    return load_settings(
        home=home,
        public_url=f"http://{host}:{port}",
        source_url=f"sqlite:///{database}",
        cases_url=f"sqlite:///{database}",
        purposes=root / "purposes",
        policies=root / "policies",
        engine="embedded",
        opa_url=None,
        host=host,
        port=port,
    )
