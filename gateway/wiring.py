"""The only place that names concrete classes, reads the clock, and takes keys and randomness."""

import asyncio
import datetime as dt
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
from fastapi import FastAPI

from audit.entry import Draft, EntryType, new_request_id
from audit.errors import AuditError
from audit.ledger import Ledger
from audit.note import parse_vkey
from audit.projections.lines import Kind
from audit.projections.record import Context
from audit.witness.client import WitnessClient
from audit.witness.policy import parse_policy
from gateway.aggregates.figures import Figures
from gateway.aggregates.kept import SqlTables
from gateway.api.cases import desk_of
from gateway.api.state import Services
from gateway.app import create_app
from gateway.cases.expiry import expire_consents
from gateway.cases.finder import FactFinder
from gateway.cases.records import SqlCases
from gateway.chores import Chore, do_chores
from gateway.citizen.policies import KeptCatalogues
from gateway.decision.decide import Decider
from gateway.disclosure import Gate, release_all
from gateway.earlier import earlier_logs
from gateway.errors import SettingsInvalid
from gateway.identity.assertions import AssertionVerifier
from gateway.identity.counting import counting_key
from gateway.identity.endpoint import TokenEndpoint
from gateway.identity.keys import KeyRing, ensure_keys
from gateway.identity.pseudonyms import Pseudonyms
from gateway.identity.registry import Registry
from gateway.identity.tokens import TokenIssuer, TokenVerifier
from gateway.informing import Informing
from gateway.learning.tally import Tally
from gateway.log_place import (
    LogPlace,
    LogReading,
    Machine,
    last_note,
    ledger_path,
    log_place,
    open_reading,
    open_writing,
)
from gateway.mosaic.rules import longest_reach
from gateway.mosaic.store import SqlGuard, sweep
from gateway.openings import (
    OpenSource,
    build_decider,
    make_home,
    open_case_store,
    open_source,
    registry_of,
    tally_path,
)
from gateway.otlp import Exporter, Target
from gateway.questioning import Questioning
from gateway.rates import Rates
from gateway.reload import Reloader, Stamp, stamp_of
from gateway.replay.revisions import keep_revision
from gateway.settings import Settings
from gateway.veil import Metronome
from gateway.witnessing import Stamping, Witnessing, begin_watch

_LOG = logging.getLogger("doelpoort.wiring")

_LOOK_S = 2.0
_SAVE_S = 60.0
_EXPIRE_S = 600.0
_WITNESS_S = 60.0
_WITNESS_DEADLINE_S = 10.0
_STAMP_S = 3600.0
_SWEEP_S = 3600.0
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
        registers = _open_registers(settings, opened)
        # Taken before the files are read, so that an edit during the start is not overlooked.
        stamp = stamp_of(settings.purposes, settings.policies)
        decider = build_decider(settings, registers.source)
        tally = Tally.open(tally_path(settings.home))
        opened.callback(_save, tally)
        year = utc_now().year
        place = log_place(settings, keys, year)
        ledger = _open_ledger(place, partial(last_note, settings, keys, year), opened)
        log = _open_log(settings, place, ledger, decider, opened)
        gate = Gate(
            catalogue=decider.catalogue,
            decider=decider,
            facts=FactFinder(registers.cases, registers.source),
            source=registers.source,
            ledger=log.ledger,
            now=utc_now,
            note=tally.note,
            hold=release_all if log.witnessing is None else log.witnessing.hold,
            guard=SqlGuard(registers.cases, counting_key(keys.idempotency)),
            pace=Metronome(time.monotonic, asyncio.sleep),
            pseudonyms=Pseudonyms.from_secret(keys.idempotency).known_to,
            figures=Figures(registers.source, SqlTables(registers.cases)),
        )
        services = _services(settings, keys, registry, _Parts(gate, registers.cases, log.reading))
        kept = _Kept(registers.source, stamp, tally, log, opened.pop_all())
        return _gateway(settings, services, place, kept)
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


@dataclass(frozen=True, slots=True)
class _Kept:
    """What lives as long as the gateway does."""

    source: OpenSource
    stamp: Stamp
    tally: Tally
    log: _Log
    opened: ExitStack


def _open_registers(settings: Settings, opened: ExitStack) -> _Registers:
    source = open_source(settings, monotonic_s=time.monotonic)
    opened.callback(source.close)
    cases = open_case_store(settings.cases_url)
    opened.callback(cases.close)
    return _Registers(source, cases)


def _open_ledger(place: LogPlace, before: Callable[[], str | None], opened: ExitStack) -> Ledger:
    _require_folder(place)
    return open_writing(place, opened, before)


def _open_log(
    settings: Settings, place: LogPlace, ledger: Ledger, decider: Decider, opened: ExitStack
) -> _Log:
    """Open what is read of the log, keep the revision beside it, and find its witnesses."""
    reading = open_reading(place, Machine(clock_ms, os_random), opened)
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


def _gateway(settings: Settings, services: Services, place: LogPlace, kept: _Kept) -> Gateway:
    async def settle() -> None:
        # A step that took effect before its entry could be made is recorded as soon as it can be.
        await desk_of(app.state.services).settle()

    async def end_consents() -> None:
        await expire_consents(desk_of(app.state.services))

    async def stop_counting() -> None:
        services: Services = app.state.services
        await sweep(services.book, utc_now() - longest_reach(services.gate.catalogue))

    async def background(app: FastAPI) -> None:
        reloader = _reloader(app, settings, kept)
        try:
            informing = Informing(settings, place.origin, kept.log.http, lambda: app.state.services)
            chores = (
                *_chores(settings, place, reloader, kept),
                Chore("entries of steps in cases", _LOOK_S, settle),
                Chore("consents that ran out", _EXPIRE_S, end_consents),
                Chore("answers that no longer count", _SWEEP_S, stop_counting),
                *informing.chores(),
                *Questioning(settings.home, kept.log.http, lambda: app.state.services).chores(),
            )
            await do_chores(chores, asyncio.sleep)
        finally:
            await reloader.aclose()

    async def close() -> None:
        await app.state.services.gate.decider.aclose()
        await kept.log.http.aclose()
        await kept.source.aclose()
        kept.opened.close()

    app = create_app(
        services, public_url=settings.public_url, background=background, on_close=close
    )
    return Gateway(app, services, place.vkey, ledger_path(settings, utc_now().year), close)


def _chores(
    settings: Settings, place: LogPlace, reloader: Reloader, kept: _Kept
) -> Sequence[Chore]:
    """Return what this gateway does beside answering, as far as it is set up for it."""

    async def save() -> None:
        _save(kept.tally)

    chores = [
        Chore("reload of the policy", _LOOK_S, reloader.refresh),
        Chore("tally", _SAVE_S, save),
    ]
    log, http = kept.log.reading, kept.log.http
    if kept.log.witnessing is not None:
        chores.append(Chore("witnesses", _WITNESS_S, kept.log.witnessing.ask))
    if settings.timestamp_url is not None and settings.timestamp_roots is not None:
        chain = settings.timestamp_roots.read_bytes()
        stamping = Stamping(settings.timestamp_url, chain, http, log.reader, log.annex, clock_ms)
        chores.append(Chore("time stamps", _STAMP_S, stamping.ask))
    if settings.otlp_url is not None:
        year, context = place.origin.rpartition("/")[2], Context(settings.public_url)
        for kind in (Kind.LDV, Kind.ADL):
            position = settings.home / f"otlp-{kind.value}-{year}.position"
            exporter = Exporter(
                http,
                Target(settings.otlp_url, kind, position),
                records=log.reader,
                context=context,
                pause=asyncio.sleep,
                random=os_random,
            )
            chores.append(
                Chore(f"export of {kind.value} lines", _LOOK_S, _exporting(exporter, log))
            )
    return chores


def _exporting(exporter: Exporter, log: LogReading) -> Callable[[], Awaitable[None]]:
    async def export() -> None:
        await exporter.run(lambda: log.reader.head().size)

    return export


def _reloader(app: FastAPI, settings: Settings, kept: _Kept) -> Reloader:
    """Return what puts edited policy files in force; their revision is kept before it is used."""

    async def build() -> Decider:
        return await asyncio.to_thread(build_decider, settings, kept.source)

    async def announce(revision: str) -> None:
        folders, annex = (settings.purposes, settings.policies), kept.log.reading.annex
        await asyncio.to_thread(keep_revision, annex, *folders, revision=revision)
        request_id = new_request_id(clock_ms(), os_random)
        entry = Draft(EntryType.POLICY, request_id, {"policy": revision})
        await app.state.services.gate.ledger.append(entry)

    def put(services: Services) -> None:
        app.state.services = services

    return Reloader(
        lambda: app.state.services,
        put,
        stamp=lambda: stamp_of(settings.purposes, settings.policies),
        build=build,
        announce=announce,
        seen=kept.stamp,
    )


def _save(tally: Tally) -> None:
    """Write the counts; a disk that does not take them stops nothing else."""
    try:
        tally.save()
    except OSError as exc:
        _LOG.error("the tally is not written: %s", type(exc).__name__)


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
        earlier=earlier_logs(settings, keys, parts.log.reader, Machine(clock_ms, os_random)),
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
