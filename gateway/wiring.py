"""The only place that reads the clock and takes keys and randomness; it puts a gateway together.

What a gateway does beside answering, and with what, stands in `background`.
"""

import asyncio
import datetime as dt
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from fastapi import FastAPI

from audit.errors import AuditError
from audit.ledger import Ledger
from audit.note import parse_vkey
from audit.witness.client import WitnessClient
from audit.witness.policy import parse_policy
from gateway.aggregates.figures import Figures
from gateway.aggregates.kept import SqlTables
from gateway.api.state import Services
from gateway.app import create_app
from gateway.background.reload import stamp_of
from gateway.background.running import Background, InForce, save
from gateway.background.witnessing import Witnessing, begin_watch
from gateway.cases.finder import FactFinder
from gateway.cases.records import SqlCases
from gateway.citizen.policies import KeptCatalogues
from gateway.decision.decide import Decider
from gateway.disclosure import Gate, Note, release_all
from gateway.errors import SettingsInvalid
from gateway.identity.assertions import AssertionVerifier
from gateway.identity.counting import counting_key
from gateway.identity.endpoint import TokenEndpoint
from gateway.identity.keys import KeyRing, ensure_keys
from gateway.identity.pseudonyms import Pseudonyms
from gateway.identity.registry import Registry
from gateway.identity.tokens import TokenIssuer, TokenVerifier
from gateway.learning.tally import Tally
from gateway.log.earlier import earlier_logs
from gateway.log.place import (
    LogPlace,
    LogReading,
    Machine,
    last_note,
    ledger_path,
    log_place,
    open_reading,
    open_writing,
)
from gateway.mosaic.one_key import require_one_key
from gateway.mosaic.store import SqlGuard
from gateway.openings import (
    OpenSource,
    build_decider,
    make_home,
    open_case_store,
    open_source,
    registry_of,
    tally_path,
)
from gateway.rates import Rates
from gateway.replay.revisions import keep_revision
from gateway.settings import Settings
from gateway.veil import Metronome

_WITNESS_DEADLINE_S = 10.0
_HTTP_TIMEOUT_S = 10.0


def utc_now() -> dt.datetime:
    """Return the time of this host, in UTC."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 (the one place that reads the clock)


def os_random(size: int) -> bytes:
    """Return this many bytes that nobody can predict."""
    return os.urandom(size)


def clock_ms() -> int:
    """Return the time of this host in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


_MACHINE: Final = Machine(clock_ms, os_random)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A wired gateway: the application, and what else a command may need of it."""

    app: FastAPI
    services: Services
    vkey: str
    ledger_path: Path
    close: Callable[[], Awaitable[None]]


def open_gateway(settings: Settings) -> Gateway:
    """Open everything a gateway needs, in the order in which a start should fail.

    Effects: makes `home` and the keys on the first start; takes its name in the ledger.
    Raises:  the error of whatever is missing, weak or in use; what was opened before is closed.
    """
    with ExitStack() as opened:
        make_home(settings.home)
        keys = ensure_keys(settings.home / "keys", random=os_random)
        registry = registry_of(settings)
        registry.load()
        registers = _open_registers(settings, keys, opened)
        # Taken before the files are read, so that an edit during the start is not overlooked.
        stamp = stamp_of(settings.purposes, settings.policies)
        decider = build_decider(settings, registers.source)
        tally = Tally.open(tally_path(settings.home))
        opened.callback(save, tally)
        year = utc_now().year
        place = log_place(settings, keys, year)
        ledger = _open_ledger(place, partial(last_note, settings, keys, year), opened)
        log = _open_log(settings, place, ledger, decider, opened)
        gate = _gate(keys, registers, decider, tally.note, log)
        services = _services(settings, keys, registry, _Parts(gate, registers.cases, log.reading))
        background = Background(
            settings=settings,
            origin=place.origin,
            machine=_MACHINE,
            source=registers.source,
            stamp=stamp,
            tally=tally,
            log=log.reading,
            witnessing=log.witnessing,
            http=log.http,
        )
        return _gateway(services, place, background, opened.pop_all())
    raise AssertionError("an exit stack does not swallow exceptions")


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the routes work with, besides identity."""

    gate: Gate
    cases: SqlCases
    log: LogReading


@dataclass(frozen=True, slots=True)
class _Registers:
    """The source of data, and the store of the cases that decisions rest on."""

    source: OpenSource
    cases: SqlCases


@dataclass(frozen=True, slots=True)
class _Log:
    """The writing and the reading side of the log, and what goes out about it."""

    ledger: Ledger
    reading: LogReading
    witnessing: Witnessing | None
    http: httpx.AsyncClient


def _open_registers(settings: Settings, keys: KeyRing, opened: ExitStack) -> _Registers:
    source = open_source(settings, monotonic_s=time.monotonic)
    opened.callback(source.close)
    cases = open_case_store(settings.cases_url)
    opened.callback(cases.close)
    require_one_key(settings.cases_url, keys.idempotency)
    return _Registers(source, cases)


def _gate(keys: KeyRing, registers: _Registers, decider: Decider, note: Note, log: _Log) -> Gate:
    return Gate(
        catalogue=decider.catalogue,
        decider=decider,
        facts=FactFinder(registers.cases, registers.source),
        source=registers.source,
        ledger=log.ledger,
        now=utc_now,
        note=note,
        hold=release_all if log.witnessing is None else log.witnessing.hold,
        guard=SqlGuard(registers.cases, counting_key(keys.idempotency)),
        pace=Metronome(time.monotonic, asyncio.sleep),
        pseudonyms=Pseudonyms.from_secret(keys.idempotency).known_to,
        figures=Figures(registers.source, SqlTables(registers.cases)),
    )


def _open_ledger(place: LogPlace, before: Callable[[], str | None], opened: ExitStack) -> Ledger:
    _require_folder(place)
    return open_writing(place, opened, before)


def _open_log(
    settings: Settings, place: LogPlace, ledger: Ledger, decider: Decider, opened: ExitStack
) -> _Log:
    """Open what is read of the log, keep the revision beside it, and find its witnesses."""
    reading = open_reading(place, _MACHINE, opened)
    revision = decider.catalogue.revision
    keep_revision(reading.annex, settings.purposes, settings.policies, revision=revision)
    http = httpx.AsyncClient(timeout=_HTTP_TIMEOUT_S)
    return _Log(ledger, reading, _open_witnessing(settings, place, reading, http), http)


def _open_witnessing(
    settings: Settings, place: LogPlace, log: LogReading, http: httpx.AsyncClient
) -> Witnessing | None:
    """Return the witnesses that the policy file names, if there is one.

    Raises: SettingsInvalid if the file is missing, malformed, or about another log.
    """
    if settings.witnesses is None:
        return None
    try:
        policy = parse_policy(settings.witnesses.read_bytes()).for_log(parse_vkey(place.vkey))
    except (OSError, AuditError) as exc:
        raise SettingsInvalid(f"DOELPOORT_WITNESSES: {settings.witnesses}: {exc}") from exc
    return Witnessing(
        policy=policy,
        client=WitnessClient(policy, http, _WITNESS_DEADLINE_S),
        watch=begin_watch(policy, log.reader, log.annex, clock_ms()),
        log=log.reader,
        annex=log.annex,
        clock_ms=clock_ms,
    )


def _gateway(
    services: Services, place: LogPlace, background: Background, opened: ExitStack
) -> Gateway:
    settings = background.settings

    def put(exchanged: Services) -> None:
        app.state.services = exchanged

    async def run(app: FastAPI) -> None:
        await background.run(InForce(lambda: app.state.services, put))

    async def close() -> None:
        await app.state.services.gate.decider.aclose()
        await background.http.aclose()
        await background.source.aclose()
        opened.close()

    app = create_app(services, public_url=settings.public_url, background=run, on_close=close)
    return Gateway(app, services, place.vkey, ledger_path(settings, utc_now().year), close)


def _require_folder(place: LogPlace) -> None:
    if not os.access(place.high_water.parent, os.W_OK):
        raise SettingsInvalid(
            f"DOELPOORT_HIGH_WATER: {place.high_water.parent} is no folder to write in"
        )


def _services(settings: Settings, keys: KeyRing, registry: Registry, parts: _Parts) -> Services:
    public_url, gate = settings.public_url, parts.gate
    issuer = TokenIssuer(
        key=keys.token,
        issuer=public_url,
        audience=public_url,
        oins={each.id: each.oin for each in gate.catalogue.organisations.values()},
        random=os_random,
    )
    assertions = AssertionVerifier(
        registry, audiences=frozenset({public_url, f"{public_url}/oauth/token"})
    )
    return Services(
        gate=gate,
        book=parts.cases,
        log=parts.log.reader,
        personal=parts.log.personal,
        annex=parts.log.annex,
        kept=KeptCatalogues(parts.log.annex.revision),
        earlier=earlier_logs(settings, keys, parts.log.reader, _MACHINE),
        status=lambda: gate.ledger.status,
        tokens=TokenVerifier(
            key=keys.token.public_key(), issuer=public_url, audience=public_url, registry=registry
        ),
        token_endpoint=TokenEndpoint(assertions=assertions, issuer=issuer),
        idempotency_key=keys.idempotency,
        rates=Rates(settings.looks_per_minute, time.monotonic),
        random=os_random,
        now=utc_now,
        engine=settings.engine,
    )
