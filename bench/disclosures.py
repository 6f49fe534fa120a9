"""Requests per second of a permitted disclosure and of a refusal, beside the bare route."""

import datetime as dt
import json
import os
import shutil
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.load import Run, fire, post
from bench.rows import Row
from bench.servers import Server, bare_server, gateway_server, opa_server
from gateway.catalogue.load import load_catalogue
from gateway.decision.bundle import write_bundle
from gateway.demo.serving import free_port
from gateway.demo.stage import CONSULTANT, Stage, set_stage
from gateway.partner import Hat

ROUNDS = 3
COUNT = 6_000
CONNECTIONS = 32
_HOST = "127.0.0.1"
_PATH = "/v1/disclosures"
_PERMIT = {
    "task": "jeugd-toeleiding",
    "activity": "criteria-toetsen-zwaarte",
    "purpose": "lichte-of-zware-hulp",
    "subject": {"type": "bsn", "value": "999911235"},
    "fields": ["specialisatie_ingezet"],
}
_REFUSE = {**_PERMIT, "fields": ["behandelplan_tekst"]}


def measure(root: Path, folder: Path) -> Iterator[Row]:
    """Measure in rounds that alternate, so that a slow moment hits all of them alike."""
    stage = set_stage(root, folder, (_HOST, free_port(_HOST, 0)), now=_now, random=os.urandom)
    with _gateway(stage) as server:
        token = stage.partner.token(Hat(CONSULTANT.organisation, CONSULTANT.role, "bench"))
        permit = post(_PATH, json.dumps(_PERMIT).encode(), token)
        refuse = post(_PATH, json.dumps(_REFUSE).encode(), token)
        size = fire(server.port, permit, count=500, connections=CONNECTIONS).answer_size
        fire(server.port, refuse, count=500, connections=CONNECTIONS)
        with ExitStack() as stack:
            bare = stack.enter_context(bare_server(free_port(_HOST, 0), size))
            fire(bare.port, permit, count=500, connections=CONNECTIONS)
            targets = {
                "bare-route": (bare.port, permit),
                "disclosure.permit": (server.port, permit),
                "disclosure.refuse": (server.port, refuse),
            }
            targets |= _peer(stack, root, folder)
            runs = _rounds(targets)
        yield from _rows(runs)
        yield Row("gateway.start", server.start_s, "s")
        yield Row("gateway.memory", server.memory_mib(), "MiB")
        stage.partner.close()


@contextmanager
def _gateway(stage: Stage) -> Iterator[Server]:
    settings = stage.settings.model_dump(mode="json", exclude_none=True)
    environment = {f"DOELPOORT_{name.upper()}": str(value) for name, value in settings.items()}
    with gateway_server(stage.settings.port, environment) as server:
        yield server


def _peer(stack: ExitStack, root: Path, folder: Path) -> dict[str, tuple[int, bytes]]:
    """Start an OPA server with the same policy, where there is one on this machine."""
    opa = shutil.which("opa") or shutil.which("opa", path=str(Path.home() / "go" / "bin"))
    if opa is None:
        return {}
    catalogue = load_catalogue(root / "purposes", root / "policies")
    write_bundle(catalogue, root / "policies", folder / "bundle")
    port = free_port(_HOST, 0)
    server = opa_server(Path(opa), port, folder / "bundle", folder / "opa.log")
    stack.enter_context(server)
    question = {
        "input": {
            "organisation": CONSULTANT.organisation,
            "role": CONSULTANT.role,
            "standing": "holds",
            "declared": {
                "task": _PERMIT["task"],
                "activity": _PERMIT["activity"],
                "purposes": [_PERMIT["purpose"]],
            },
            "subject": "valid",
            "fields": _PERMIT["fields"],
            "justified": [],
            "over_asking": "refuse",
            "facts": {"case": "met", "age": "met", "bron_bevestigd": "met"},
            "date": _now().date().isoformat(),
        }
    }
    request = post("/v1/data/doelpoort/disclosure/answer", json.dumps(question).encode())
    return {"peer.opa-check": (port, request)}


def _rounds(targets: dict[str, tuple[int, bytes]]) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in targets}
    for _ in range(ROUNDS):
        for name, (port, request) in targets.items():
            run = fire(port, request, count=COUNT, connections=CONNECTIONS)
            runs[name].append(run)
    return runs


def _rows(runs: dict[str, list[Run]]) -> Iterator[Row]:
    expected = {"disclosure.refuse": 403}
    for name, rounds in runs.items():
        baseline = None if name == "bare-route" else "bare-route"
        statuses = {status for run in rounds for status in run.statuses}
        if statuses != {expected.get(name, 200)}:
            raise RuntimeError(f"{name} answered {sorted(statuses)}")
        yield Row(name, statistics.median(run.per_second for run in rounds), "1/s", baseline)
        for share, label in ((0.5, "p50"), (0.99, "p99")):
            value = statistics.median(run.at(share) for run in rounds)
            against = None if baseline is None else f"{baseline}.{label}"
            yield Row(f"{name}.{label}", value, "ms", against)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)  # noqa: TID251 (a measurement runs now)
