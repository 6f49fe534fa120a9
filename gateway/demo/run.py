"""`doelpoort demo`: sets the stage, serves, tells the story, and keeps serving."""

import datetime as dt
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from gateway.demo.serving import free_port, serving
from gateway.demo.stage import CLIENT_ID, Stage, set_stage
from gateway.demo.story import Log, Story
from gateway.wiring import open_gateway

_HOST = "127.0.0.1"
_PORT = 8080


def run_demo(
    console: Console,
    root: Path,
    *,
    once: bool,
    now: Callable[[], dt.datetime],
    random: Callable[[int], bytes],
) -> bool:
    """Run the demo of the checkout at `root`; true when every scene came out as told.

    Effects: a temporary folder for sources, keys and ledger, gone at the end; a server on this
             host, until interrupted unless `once`.
    Raises:  DemoInvalid, and whatever keeps a gateway from starting.
    """
    console.print("[bold]Doelpoort[/]  de minste gegevens die een taak nodig heeft, met bewijs")
    console.print("[dim]the least data that a task needs, with a receipt[/]\n")
    with tempfile.TemporaryDirectory(prefix="doelpoort-demo-") as folder:
        address = (_HOST, free_port(_HOST, _PORT))
        console.print("[dim]1/3[/] bron vullen met verzonnen inwoners [dim](filling the source)[/]")
        stage = set_stage(root, Path(folder), address, now=now, random=random)
        console.print("[dim]2/3[/] poort starten [dim](starting the gateway)[/]")
        gateway = open_gateway(stage.settings)
        with serving(gateway.app, *address) as server:
            console.print(f"[dim]3/3[/] de poort luistert op {stage.settings.public_url}\n")
            log = Log(gateway.ledger_path, gateway.vkey, stage.settings.public_url)
            as_told = Story(console, stage.partner, log).tell()
            stage.partner.close()
            if not once:
                _show_addresses(console, stage, log)
                _wait_for_interrupt(server.join)
    return as_told


def _show_addresses(console: Console, stage: Stage, log: Log) -> None:
    url = stage.settings.public_url
    console.print("[bold]De poort blijft aan.[/] [dim](Still serving; stop with Ctrl-C.)[/]")
    console.print(f"   API-documentatie   {url}/docs")
    console.print(f"   checkpoint         {url}/log/checkpoint")
    console.print(f"   gezondheid         {url}/v1/health")
    console.print(f"   ledger             {log.path}", highlight=False, soft_wrap=True)
    console.print(f"   sleutel (vkey)     {log.vkey}", highlight=False, soft_wrap=True)
    console.print("   zelf vragen        ", end="")
    console.print(
        f"echo 999911235 | .venv/bin/doelpoort ask jeugd-toeleiding criteria-toetsen-zwaarte "
        f"lichte-of-zware-hulp --url {url} --client {CLIENT_ID} --key {stage.key_file} "
        "--organisation gem-toegang-jeugd --role consulent-jeugd --professional medewerker-7",
        highlight=False,
        soft_wrap=True,
    )


def _wait_for_interrupt(join: Callable[[float | None], None]) -> None:
    """Return when the operator interrupts or the process is asked to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        join(None)
    except KeyboardInterrupt:
        return
