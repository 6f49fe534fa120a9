"""Gateways in processes of their own, for tests that end them the hard way."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from audit.verifier.file import LedgerFile
from gateway.demo.data import load_clients
from gateway.identity.clients import Hat
from gateway.identity.keys import ensure_keys
from gateway.identity.tokens import TokenIssuer
from gateway.openings import registry_of
from gateway.server import server_config
from gateway.settings import Settings
from gateway.wiring import open_gateway, utc_now
from tests.builders import CONSULTANT, ROOT, TEAM, make_client, settings_of

START_S = 30.0


def prepare(folder: Path, port: int, **changes: object) -> Settings:
    """Fill a register for today, register one client, and return the settings over both."""
    register = folder / "bron.db"
    today = utc_now().date()
    load_clients(ROOT / "deploy" / "demo" / "clients.json", register, today)
    settings = settings_of(
        folder / "home",
        source=register,
        cases=register,
        public_url=f"http://127.0.0.1:{port}",
        port=port,
        **changes,
    )
    registry_of(settings).add(make_client("team", TEAM))
    return settings


def serve_settings(settings: Settings) -> None:
    """Serve in this process until it is ended."""
    gateway = open_gateway(settings)
    uvicorn.Server(server_config(gateway.app, settings.host, settings.port)).run()


def token_for(settings: Settings, hat: Hat = CONSULTANT) -> str:
    """Return a good token, made with the gateway's own key."""
    issuer = TokenIssuer(
        key=ensure_keys(settings.home / "keys", random=os.urandom).token,
        issuer=settings.public_url,
        audience=settings.public_url,
        oins={},
        random=os.urandom,
    )
    return issuer.issue(make_client("team", TEAM), hat, "medewerker-7", now=utc_now()).token


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment in which the command line finds these settings."""
    own = {f"DOELPOORT_{name.upper()}": str(value) for name, value in settings if value is not None}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("DOELPOORT_")}
    return inherited | own | {"PYTHONPATH": str(ROOT)}


def command(*arguments: str) -> list[str]:
    """Return the command line that runs `doelpoort` with these arguments."""
    return [sys.executable, "-c", "from gateway.cli.main import main; main()", *arguments]


@contextmanager
def served(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Run `doelpoort serve` until the end of the block."""
    process = subprocess.Popen(
        command("serve"),
        env=environment_of(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        await_health(settings.public_url)
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def await_health(url: str) -> None:
    """Return once the gateway answers."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/v1/health").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            continue
    pytest.fail("the gateway did not come up")


def vkey_in(ledger: Path) -> str:
    """Return the verification key that the first entry of a ledger names."""
    with LedgerFile.open(ledger) as reader:
        genesis = reader.entry(0) or b""
    return str(json.loads(genesis)["vkey"])
