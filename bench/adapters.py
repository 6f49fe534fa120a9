"""A whole disclosure over each kind of source beside a direct query for the same columns.

The gateway runs in this process with its real parts, and its application is called without a
network in between; the counterparts are those of the tests. Where the time goes is measured from
outside, by timing the calls into the parts of the gate: the product holds no timers. It is one
question again and again, so the engine answers it from memory; bench/decisions.py has new ones.
"""

import asyncio
import inspect
import json
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import httpx
import psycopg

from bench.rows import Row, percentile
from gateway.api.disclosures import asked_of
from gateway.api.schemas import DisclosureIn
from gateway.catalogue.occasion import Occasion
from gateway.catalogue.precision import minimise
from gateway.declaring import declare
from gateway.demo.data import load_clients
from gateway.sources.fhir import BSN_SYSTEM
from gateway.sources.mapping_file import load_mapping
from gateway.sources.reading import settled
from gateway.sources.source import plan
from tests.adapter_house import Behind, clients_behind, open_over
from tests.builders import REFERENCE, ROOT, YUSUF, Body, House, about, flag
from tests.postgresql_server import running

_ADAPTERS = ("sqlite", "postgresql", "brp", "fhir", "json")
_ROUNDS = 300
_WARM = 20
_MICROSECONDS = 1e6
# Counterparts of HTTP are threads of this process: five milliseconds, as Python gives a thread by
# itself, would be counted as waiting for the source.
_SWITCH_S = 0.0001
_STEPS = ("token", "declaration", "facts", "decision", "retrieval", "minimisation", "ledger")
_AGE: Body = {
    "task": "jeugd-toeleiding",
    "activity": "verkennen-hulpvraag",
    "purpose": "hulpvraag-jeugd-afbakenen",
    "subject": about(YUSUF),
    "fields": ["leeftijd_jaren"],
}
_SQL = "SELECT specialisatie_ingezet FROM jeugdhulp_traject WHERE bsn = {0} AND status = {0}"
_WHO = (YUSUF, "lopend")

Look = Callable[[], Awaitable[object]]


def measure(folder: Path) -> Iterator[Row]:
    """Measure every adapter, one after the other: the middle of many, one at a time."""
    folder.mkdir()
    register = folder / "register.db"
    load_clients(ROOT / "deploy" / "demo" / "clients.json", register, REFERENCE)
    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        for adapter in _ADAPTERS:
            with _behind(adapter, folder / adapter, register) as behind:
                yield from asyncio.run(_measured(behind))
    finally:
        sys.setswitchinterval(switch_s)


@contextmanager
def _behind(adapter: str, folder: Path, register: Path) -> Iterator[Behind]:
    only = {"brp"} if adapter == "brp" else {"jeugdhulp_traject"}
    if adapter != "postgresql":
        with clients_behind(adapter, folder, register=register, only=only) as behind:
            yield behind
        return
    with (
        running() as server,
        clients_behind(adapter, folder, register=register, server=server, only=only) as behind,
    ):
        yield behind


async def _measured(behind: Behind) -> list[Row]:
    """Return what a direct query takes, what a disclosure takes, and where the time goes."""
    body = _AGE if behind.adapter == "brp" else flag()
    async with (
        _ASKING[behind.adapter](behind) as look,
        open_over(behind, behind.mapping.parent / "home") as house,
    ):
        pure = await _pure_steps(house, body)
        took = await _in_turns(house, body, look)
    steps = {name: pure[name] if name in pure else _middle(took[name]) for name in _STEPS}
    direct, whole = _middle(took["direct"]), _middle(took["whole"])
    name = f"disclosure.{behind.adapter}"
    baseline = f"{name}.direct"
    return [
        Row(baseline, direct, "us"),
        Row(name, whole, "us", baseline),
        Row(f"{name}.overhead", whole - direct, "us", baseline),
        *(Row(f"{name}.{step}", value, "us", name) for step, value in steps.items()),
        Row(f"{name}.request-and-response", whole - sum(steps.values()), "us", name),
    ]


async def _in_turns(house: House, body: Body, look: Look) -> dict[str, list[float]]:
    """Ask directly and by a disclosure in turns, so that a slow moment hits both alike."""
    watch = _watched(house)
    token = house.token()
    took: dict[str, list[float]] = defaultdict(list)
    for _ in range(_WARM + _ROUNDS):
        took["direct"].append(await _timed(look))
        watch.took.clear()
        took["whole"].append(await _timed(lambda: _post(house, body, token)))
        for step, value in watch.took.items():
            took[step].append(value)
    return took


async def _pure_steps(house: House, body: Body) -> dict[str, float]:
    """Return what the steps take that call nobody; they are measured by themselves."""
    return {
        "declaration": _of_declaration(house, body),
        "minimisation": await _of_minimisation(house, body),
    }


async def _timed(look: Look) -> float:
    began = time.perf_counter()
    await look()
    return (time.perf_counter() - began) * _MICROSECONDS


def _middle(values: list[float]) -> float:
    return percentile(sorted(values[_WARM:]), 0.5)


@asynccontextmanager
async def _of_sqlite(behind: Behind) -> AsyncIterator[Look]:
    with closing(sqlite3.connect(_address(behind))) as connection:

        async def look() -> object:
            return connection.execute(_SQL.format("?"), _WHO).fetchall()

        yield look


@asynccontextmanager
async def _of_postgresql(behind: Behind) -> AsyncIterator[Look]:
    line = await psycopg.AsyncConnection.connect(_address(behind), autocommit=True)
    statement = _SQL.format("%s").encode()

    async def look() -> object:
        return await (await line.execute(statement, _WHO)).fetchall()

    async with line:
        yield look


@asynccontextmanager
async def _of_brp(behind: Behind) -> AsyncIterator[Look]:
    body = {
        "type": "RaadpleegMetBurgerservicenummer",
        "burgerservicenummer": [YUSUF],
        "fields": ["geboorte.datum"],
    }
    async with httpx.AsyncClient(trust_env=False) as client:

        async def look() -> object:
            return (await client.post(f"{_address(behind)}/personen", json=body)).json()

        yield look


@asynccontextmanager
async def _of_fhir(behind: Behind) -> AsyncIterator[Look]:
    form = {
        "patient.identifier": f"{BSN_SYSTEM}|{YUSUF}",
        "_elements": "extension,status",
        "status": "active",
    }
    async with httpx.AsyncClient(trust_env=False) as client:

        async def look() -> object:
            url = f"{_address(behind)}/CarePlan/_search"
            return (await client.post(url, data=form)).json()

        yield look


@asynccontextmanager
async def _of_json(behind: Behind) -> AsyncIterator[Look]:
    path = Path(_address(behind)) / "jeugdhulp_traject.json"

    async def look() -> object:
        rows = json.loads(path.read_bytes())
        return [row for row in rows if (row["bsn"], row["status"]) == _WHO]

    yield look


_ASKING: Mapping[str, Callable[[Behind], Any]] = {
    "sqlite": _of_sqlite,
    "postgresql": _of_postgresql,
    "brp": _of_brp,
    "fhir": _of_fhir,
    "json": _of_json,
}


def _address(behind: Behind) -> str:
    return load_mapping(behind.mapping).sources["bron"].address


@dataclass(frozen=True, slots=True)
class _Watch:
    """How long each step took in the request that is running, in microseconds."""

    took: dict[str, float]

    def over(self, part: object, **steps: str) -> Any:  # noqa: ANN401 (it stands in for any part)
        """Return what stands in for a part, and times these of its methods."""
        return _Timed(part, steps, self.took)


class _Timed:
    """A part of the gate whose named calls are timed; all else is the part itself."""

    def __init__(self, part: object, steps: Mapping[str, str], took: dict[str, float]) -> None:
        self._part, self._steps, self._took = part, steps, took

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the part has)
        found = getattr(self._part, name)
        step = self._steps.get(name)
        if step is None:
            return found
        return (
            self._awaited(found, step)
            if inspect.iscoroutinefunction(found)
            else self._called(found, step)
        )

    def _awaited(self, call: Callable[..., Awaitable[object]], step: str) -> Callable[..., Any]:
        async def timed(*args: object, **named: object) -> object:
            began = time.perf_counter()
            try:
                return await call(*args, **named)
            finally:
                self._took[step] += (time.perf_counter() - began) * _MICROSECONDS

        return timed

    def _called(self, call: Callable[..., object], step: str) -> Callable[..., Any]:
        def timed(*args: object, **named: object) -> object:
            began = time.perf_counter()
            try:
                return call(*args, **named)
            finally:
                self._took[step] += (time.perf_counter() - began) * _MICROSECONDS

        return timed


def _watched(house: House) -> _Watch:
    """Serve the same gate with every part of it timed."""
    watch = _Watch(defaultdict(float))
    services, gate = house.services, house.services.gate
    timed = replace(
        gate,
        facts=watch.over(gate.facts, gather="facts"),
        decider=watch.over(gate.decider, decide="decision"),
        source=watch.over(gate.source, rows="retrieval"),
        ledger=watch.over(gate.ledger, append="ledger"),
    )
    tokens = watch.over(services.tokens, verify="token")
    house.rewire(replace(services, gate=timed, tokens=tokens))
    return watch


def _of_declaration(house: House, body: Body) -> float:
    gate, request = house.services.gate, asked_of(DisclosureIn.model_validate(body))
    caller = house.services.tokens.verify(house.token(), now=house.clock())
    return _repeated(lambda: declare(gate.catalogue, gate.decider.parties, caller, request))


async def _of_minimisation(house: House, body: Body) -> float:
    gate, request = house.services.gate, asked_of(DisclosureIn.model_validate(body))
    fields = gate.catalogue.purposes[body["purpose"]].fields
    grants = [fields[name] for name in body.get("fields", [*fields][:1])]
    (rows,) = await gate.source.rows(request.subject, plan(grants))
    occasion = Occasion(REFERENCE)
    return _repeated(lambda: [minimise(*settled(grant, rows), occasion) for grant in grants])


def _repeated(call: Callable[[], object]) -> float:
    took: list[float] = []
    for _ in range(_WARM + _ROUNDS):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * _MICROSECONDS)
    return _middle(took)


async def _post(house: House, body: Body, token: str) -> None:
    """Call the application with one request, without a client or a network around it.

    Raises: RuntimeError unless the answer is a permit.
    """
    raw = json.dumps(body).encode()
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "content-length": str(len(raw)),
        "host": "poort.waterveen.example",
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/v1/disclosures",
        "raw_path": b"/v1/disclosures",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
    }
    said: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        said.append(cast("int", message.get("status", 0)))

    await house.app(scope, receive, send)
    if said[:1] != [200]:
        raise RuntimeError(f"a disclosure was answered with {said[:1]}")
