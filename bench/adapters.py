"""A whole disclosure over each kind of source beside a direct query for the same columns.

The gateway runs in this process with its real parts, and its application is called without a
network in between; the counterparts are those of the tests, and what listens does so in a process
of its own. Both questions are asked in pairs, in either order by turns; the overhead is the median
of their differences, with the interval that it lies in. Where the time goes is measured from
outside, by timing the calls into the parts of the gate: the product holds no timers. It is one
question again and again, so the engine answers it from memory; bench/decisions.py has new ones.
"""

import asyncio
import inspect
import json
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

import httpx
import psycopg

from bench.rows import Row, interval_of_median, percentile
from gateway.api.disclosures import asked_of
from gateway.api.schemas import DisclosureIn
from gateway.catalogue.occasion import Occasion
from gateway.catalogue.precision import minimise
from gateway.declaring import declare
from gateway.demo.data import load_clients
from gateway.sources.fhir_bundle import BSN_SYSTEM
from gateway.sources.mapping_file import load_mapping
from gateway.sources.reading import settled
from gateway.sources.source import plan
from tests.adapter_house import clients_behind
from tests.builders import REFERENCE, ROOT, YUSUF, Body, House, about, flag, open_house
from tests.postgresql_server import running

_ADAPTERS = ("sqlite", "postgresql", "brp", "fhir", "json")
_ROUNDS = 300
_WARM = 20
_MICROSECONDS = 1e6
_END_S = 10.0
_STEPS = ("token", "declaration", "facts", "decision", "retrieval", "minimisation", "ledger")
_AGE: Body = {
    "task": "jeugd-toeleiding",
    "activity": "verkennen-hulpvraag",
    "purpose": "hulpvraag-jeugd-afbakenen",
    "subject": about(YUSUF),
    "fields": ["leeftijd_jaren"],
}
_TABLE = "jeugdhulp_traject"
_SQL = "SELECT specialisatie_ingezet FROM jeugdhulp_traject WHERE bsn = {0} AND status = {0}"
_WHO = (YUSUF, "lopend")

Look = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Place:
    """One table of the demo behind an adapter, and the register that holds the rest."""

    adapter: str
    mapping: Path
    register: Path

    @property
    def address(self) -> str:
        """Where the source is."""
        return load_mapping(self.mapping).sources["bron"].address


def measure(folder: Path) -> Iterator[Row]:
    """Measure every adapter, one after the other: the middle of many, one at a time."""
    folder.mkdir()
    for adapter in _ADAPTERS:
        # One for each: a case store belongs to the keys of one gateway.
        register = folder / f"{adapter}.db"
        load_clients(ROOT / "deploy" / "demo" / "clients.json", register, REFERENCE)
        with _mapping_of(adapter, folder / adapter, register) as mapping:
            # What a stranger's machine has not got says so itself, and has no rows.
            if mapping is not None:
                yield from asyncio.run(_measured(_Place(adapter, mapping, register)))


@contextmanager
def _mapping_of(adapter: str, folder: Path, register: Path) -> Iterator[Path | None]:
    """Open a counterpart and give its mapping file: what listens is no part of this process."""
    match adapter:
        case "brp" | "fhir":
            with _apart(adapter, folder, register) as mapping:
                yield mapping
        case "postgresql":
            with (
                running() as server,
                clients_behind(
                    adapter, folder, register=register, server=server, only={_TABLE}
                ) as behind,
            ):
                yield behind.mapping
        case _:
            with clients_behind(adapter, folder, register=register, only={_TABLE}) as behind:
                yield behind.mapping


@contextmanager
def _apart(adapter: str, folder: Path, register: Path) -> Iterator[Path | None]:
    table = "brp" if adapter == "brp" else _TABLE
    places = (str(folder), str(register))
    command = [sys.executable, "-m", "bench.counterpart", adapter, *places, table]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        said, heard = cast("IO[str]", process.stdout), cast("IO[str]", process.stdin)
        line = said.readline().strip()
        try:
            yield Path(line) if line else None
        finally:
            heard.close()
            process.wait(_END_S)


async def _measured(place: _Place) -> list[Row]:
    """Return what a direct query takes, what a disclosure takes, and where the time goes."""
    body = _AGE if place.adapter == "brp" else flag()
    home = place.mapping.parent / "home"
    chosen: dict[str, object] = {"source_url": None, "sources": place.mapping}
    async with (
        _ASKING[place.adapter](place) as look,
        open_house(home, source=place.register, cases=place.register, **chosen) as house,
    ):
        pure = await _pure_steps(house, body)
        took = await _in_turns(house, body, look)
    name = f"disclosure.{place.adapter}"
    baseline = f"{name}.direct"
    low, high = interval_of_median(took["difference"][_WARM:])
    steps = {step: pure[step] if step in pure else _middle(took[step]) for step in _STEPS}
    steps["request-and-response"] = _middle(took["rest"]) - sum(pure.values())
    return [
        Row(baseline, _middle(took["direct"]), "us"),
        Row(name, _middle(took["whole"]), "us", baseline),
        Row(f"{name}.overhead", _middle(took["difference"]), "us", baseline),
        Row(f"{name}.overhead.at-least", low, "us", baseline),
        Row(f"{name}.overhead.at-most", high, "us", baseline),
        *(Row(f"{name}.{step}", value, "us", name) for step, value in steps.items()),
    ]


async def _in_turns(house: House, body: Body, look: Look) -> dict[str, list[float]]:
    """Ask directly and by a disclosure in pairs, so that a slow moment hits both alike."""
    watch = _watched(house)
    token = house.token()
    took: dict[str, list[float]] = defaultdict(list)
    asking = {"direct": look, "whole": lambda: _post(house, body, token)}
    for number in range(_WARM + _ROUNDS):
        watch.took.clear()
        # Who comes second finds the source warm; so each is second every other time.
        for name in sorted(asking, reverse=number % 2 == 1):
            took[name].append(await _timed(asking[name]))
        took["difference"].append(took["whole"][-1] - took["direct"][-1])
        took["rest"].append(took["whole"][-1] - sum(watch.took.values()))
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
async def _of_sqlite(place: _Place) -> AsyncIterator[Look]:
    with closing(sqlite3.connect(place.address)) as connection:

        async def look() -> object:
            return connection.execute(_SQL.format("?"), _WHO).fetchall()

        yield look


@asynccontextmanager
async def _of_postgresql(place: _Place) -> AsyncIterator[Look]:
    line = await psycopg.AsyncConnection.connect(place.address, autocommit=True)
    statement = _SQL.format("%s").encode()

    async def look() -> object:
        return await (await line.execute(statement, _WHO)).fetchall()

    async with line:
        yield look


@asynccontextmanager
async def _of_brp(place: _Place) -> AsyncIterator[Look]:
    body = {
        "type": "RaadpleegMetBurgerservicenummer",
        "burgerservicenummer": [YUSUF],
        "fields": ["geboorte.datum"],
    }
    url = f"{place.address}/personen"
    async with httpx.AsyncClient(trust_env=False) as client:

        async def look() -> object:
            return (await client.post(url, json=body)).json()

        yield look


@asynccontextmanager
async def _of_fhir(place: _Place) -> AsyncIterator[Look]:
    form = {
        "patient.identifier": f"{BSN_SYSTEM}|{YUSUF}",
        "_elements": "extension,status",
        "status": "active",
    }
    url = f"{place.address}/CarePlan/_search"
    async with httpx.AsyncClient(trust_env=False) as client:

        async def look() -> object:
            return (await client.post(url, data=form)).json()

        yield look


@asynccontextmanager
async def _of_json(place: _Place) -> AsyncIterator[Look]:
    path = Path(place.address) / "jeugdhulp_traject.json"

    async def look() -> object:
        rows = json.loads(path.read_bytes())
        return [row for row in rows if (row["bsn"], row["status"]) == _WHO]

    yield look


_ASKING: Mapping[str, Callable[[_Place], Any]] = {
    "sqlite": _of_sqlite,
    "postgresql": _of_postgresql,
    "brp": _of_brp,
    "fhir": _of_fhir,
    "json": _of_json,
}


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
