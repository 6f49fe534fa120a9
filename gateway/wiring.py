"""The only place that names concrete classes, reads the clock, and takes keys and randomness."""

import asyncio
import datetime as dt
import itertools
import logging
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI

from audit.entry import Draft, EntryType, new_request_id
from audit.ledger import Ledger, LedgerReader, LogSettings
from audit.note import Signer
from audit.seal import Seal, SealKeys
from audit.storage.tables import SCHEMA, SqlReader
from gateway.api.state import Services
from gateway.app import create_app
from gateway.cases.finder import FactFinder
from gateway.cases.records import NEEDED, RecordedCases
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import Catalogue
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.engine import Engine
from gateway.decision.opa import OpaEngine
from gateway.decision.parties import Parties
from gateway.disclosure import Gate
from gateway.errors import SettingsInvalid, SourceInvalid
from gateway.identity.assertions import AssertionVerifier
from gateway.identity.endpoint import TokenEndpoint
from gateway.identity.keys import KeyRing, ensure_keys
from gateway.identity.registry import Registry
from gateway.identity.tokens import TokenIssuer, TokenVerifier
from gateway.learning.tally import Tally
from gateway.reload import Reloader, Stamp, stamp_of
from gateway.settings import Settings
from gateway.sources.sql import SqlSource

_LOG = logging.getLogger("doelpoort.wiring")

_FIRST_EPOCH = 1
_LOOK_S = 2.0
_LOOKS_PER_SAVE = 30
_HTTPS_PORT = 443
_OPA_PORT = 8181


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


@dataclass(frozen=True, slots=True)
class _Log:
    """The writing and the reading side of one opened log."""

    ledger: Ledger
    reader: LedgerReader
    vkey: str
    path: Path


def load_policy(settings: Settings) -> tuple[Catalogue, Parties]:
    """Read the policy files; both raise an explanation when they are empty, broken or at odds."""
    catalogue = load_catalogue(settings.purposes, settings.policies)
    parties = Parties.load(
        settings.policies / "parties.conf", settings.policies / "parties.csv", catalogue
    )
    return catalogue, parties


def registry_of(settings: Settings) -> Registry:
    """Return the client registry of this gateway."""
    return Registry(settings.home / "clients.json")


def ledger_path(settings: Settings, year: int) -> Path:
    """Return the file of the log of this year: one log a year, so that each can be closed."""
    return settings.home / f"ledger-{year}.db"


def tally_path(home: Path) -> Path:
    """Return the file of the counts that are kept beside the ledger, without persons."""
    return home / "tally.json"


def open_gateway(settings: Settings) -> Gateway:
    """Open everything a gateway needs, in the order in which a start should fail.

    Effects: makes `home` and the keys on the first start; takes the ledger for this process alone.
    Raises:  the error of whatever is missing, weak or in use; what was opened before is closed.
    """
    with ExitStack() as opened:
        _make_home(settings.home)
        keys = ensure_keys(settings.home / "keys", random=os_random)
        registry = registry_of(settings)
        registry.load()
        registers = _open_registers(settings, opened)
        # Taken before the files are read, so that an edit during the start is not overlooked.
        stamp = stamp_of(settings.purposes, settings.policies)
        decider = build_decider(settings, registers.source)
        tally = Tally.open(tally_path(settings.home))
        opened.callback(_save, tally)
        log = _open_log(settings, keys, opened)
        gate = Gate(
            catalogue=decider.catalogue,
            decider=decider,
            facts=FactFinder(RecordedCases(registers.records), registers.source),
            source=registers.source,
            ledger=log.ledger,
            now=utc_now,
            note=tally.note,
        )
        services = _services(settings, keys, registry, gate, log.reader)
        kept = _Kept(registers.source, stamp, tally, opened.pop_all())
        return _gateway(settings, services, log, kept)
    raise AssertionError("an exit stack does not swallow exceptions")


@dataclass(frozen=True, slots=True)
class _Registers:
    """The source of data, and the source of the records that decisions rest on."""

    source: SqlSource
    records: SqlSource


@dataclass(frozen=True, slots=True)
class _Kept:
    """What lives as long as the gateway does."""

    source: SqlSource
    stamp: Stamp
    tally: Tally
    opened: ExitStack


def _open_registers(settings: Settings, opened: ExitStack) -> _Registers:
    source = _open_source("SOURCE_URL", settings.source_url)
    opened.callback(source.close)
    records = _open_source("CASES_URL", settings.cases_url)
    opened.callback(records.close)
    for query in NEEDED:
        records.require(query, of_persons=True)
    return _Registers(source, records)


def _gateway(settings: Settings, services: Services, log: _Log, kept: _Kept) -> Gateway:
    async def background(app: FastAPI) -> None:
        await _keep_up(app, settings, kept)

    async def close() -> None:
        await app.state.services.gate.decider.aclose()
        kept.opened.close()

    app = create_app(
        services, public_url=settings.public_url, background=background, on_close=close
    )
    return Gateway(app, services, log.vkey, log.path, close)


def build_decider(settings: Settings, source: SqlSource) -> Decider:
    """Read the policy files and make what decides by them, once the source can answer them all.

    Raises: CatalogueInvalid, PartiesInvalid, BundleInvalid, SourceInvalid.
    """
    catalogue, parties = load_policy(settings)
    source.check(catalogue)
    return Decider(catalogue, parties, _open_engine(settings, catalogue))


async def _keep_up(app: FastAPI, settings: Settings, kept: _Kept) -> None:
    """Look at the policy files every other second, and write the tally every minute."""

    async def build() -> Decider:
        return await asyncio.to_thread(build_decider, settings, kept.source)

    async def announce(revision: str) -> None:
        request_id = new_request_id(clock_ms(), os_random)
        entry = Draft(EntryType.POLICY, request_id, {"policy": revision})
        await app.state.services.gate.ledger.append(entry)

    def put(services: Services) -> None:
        app.state.services = services

    reloader = Reloader(
        lambda: app.state.services,
        put,
        stamp=lambda: stamp_of(settings.purposes, settings.policies),
        build=build,
        announce=announce,
        seen=kept.stamp,
    )
    try:
        for look in itertools.count(1):
            await asyncio.sleep(_LOOK_S)
            await reloader.refresh()
            if look % _LOOKS_PER_SAVE == 0:
                _save(kept.tally)
    finally:
        await reloader.aclose()


def _save(tally: Tally) -> None:
    """Write the counts; a disk that does not take them stops nothing else."""
    try:
        tally.save()
    except OSError as exc:
        _LOG.error("the tally is not written: %s", type(exc).__name__)


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise SettingsInvalid(f"DOELPOORT_HOME: {home} cannot be made into a folder") from exc


def _open_source(setting: str, url: str) -> SqlSource:
    try:
        return SqlSource(url)
    except SourceInvalid as exc:
        raise SourceInvalid(f"DOELPOORT_{setting}: {exc}") from exc


def _open_engine(settings: Settings, catalogue: Catalogue) -> Engine:
    if settings.engine == "embedded":
        return EmbeddedEngine.build(catalogue, settings.policies)
    if settings.opa_url is None:
        raise SettingsInvalid("the OPA engine needs the address of its server")
    url = urlsplit(settings.opa_url)
    tls = url.scheme == "https"
    token = None if settings.opa_token is None else settings.opa_token.get_secret_value()
    port = url.port or (_HTTPS_PORT if tls else _OPA_PORT)
    return OpaEngine(url.hostname or "", port, tls=tls, token=token)


def _open_log(settings: Settings, keys: KeyRing, opened: ExitStack) -> _Log:
    year = utc_now().year
    path = ledger_path(settings, year)
    origin = f"{settings.public_host}/disclosures/{year}"
    seed = keys.log.private_bytes_raw()
    seal_keys = SealKeys(_FIRST_EPOCH, keys.seal_epoch, keys.seal_period)
    ledger = Ledger.open(
        LogSettings(
            path=path,
            origin=origin,
            seed=seed,
            gateway_id=settings.gateway_id,
            keys=seal_keys,
            high_water=_mark_of(settings, year),
            schema=SCHEMA,
        )
    )
    opened.callback(ledger.close)
    store = SqlReader.open(path)
    opened.callback(store.close)
    seal = Seal(seal_keys, os_random)
    reader = LedgerReader(store, origin=origin, seal=seal, clock_ms=clock_ms)
    return _Log(ledger, reader, Signer(origin, seed).verifier.vkey, path)


def _mark_of(settings: Settings, year: int) -> Path:
    """Return the file of the high-water mark, whose folder must be there and writable."""
    mark = settings.high_water or settings.home / f"high-water-{year}"
    if not os.access(mark.parent, os.W_OK):
        raise SettingsInvalid(f"DOELPOORT_HIGH_WATER: {mark.parent} is no folder to write in")
    return mark


def _services(
    settings: Settings, keys: KeyRing, registry: Registry, gate: Gate, log: LedgerReader
) -> Services:
    public_url = settings.public_url
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
        log=log,
        status=lambda: gate.ledger.status,
        tokens=TokenVerifier(
            key=keys.token.public_key(), issuer=public_url, audience=public_url, registry=registry
        ),
        token_endpoint=TokenEndpoint(assertions=assertions, issuer=issuer),
        idempotency_key=keys.idempotency,
        random=os_random,
        now=utc_now,
        engine=settings.engine,
    )
