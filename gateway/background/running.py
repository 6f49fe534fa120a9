"""What a gateway does beside answering requests: which chores there are, and how often.

policy   edited files come in force, once their revision is kept and recorded
tally    what was counted is written down
log      witnesses are asked, the time is stamped on it, its lines are exported
cases    steps in effect are recorded, consents run out, answers stop counting
people   hear what was asked about them; who waits for a professional is told (both elsewhere)
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

import httpx

from audit.entry import Draft, EntryType, new_request_id
from audit.projections.lines import Kind
from audit.projections.record import Context
from gateway.api.state import Services, desk_of
from gateway.background.chores import Chore, do_chores
from gateway.background.informing import Informing
from gateway.background.otlp import Exporter, Target
from gateway.background.questioning import Questioning
from gateway.background.reload import Reloader, Stamp, stamp_of
from gateway.background.witnessing import Stamping, Witnessing
from gateway.cases.expiry import expire_consents
from gateway.decision.decide import Decider
from gateway.learning.tally import Tally
from gateway.log.place import LogReading, Machine
from gateway.mosaic.rules import longest_reach
from gateway.mosaic.store import sweep
from gateway.openings import OpenSource, build_decider
from gateway.replay.revisions import keep_revision
from gateway.settings import Settings

_LOG: Final = logging.getLogger("doelpoort.background")

_LOOK_S: Final = 2.0
_SAVE_S: Final = 60.0
_EXPIRE_S: Final = 600.0
_WITNESS_S: Final = 60.0
_STAMP_S: Final = 3600.0
_SWEEP_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class InForce:
    """The services that requests meet from now on: how to get them, and how to put others there."""

    get: Callable[[], Services]
    put: Callable[[Services], None]


@dataclass(frozen=True, slots=True)
class Background:
    """What the chores of one gateway work with, as long as it is open.

    `stamp` is that of the policy files as they were read at the start.
    """

    settings: Settings
    origin: str
    machine: Machine
    source: OpenSource
    stamp: Stamp
    tally: Tally
    log: LogReading
    witnessing: Witnessing | None
    http: httpx.AsyncClient

    async def run(self, services: InForce) -> None:
        """Do every chore at its pace until cancelled."""
        reloader = self._reloader(services)
        chores = (
            Chore("reload of the policy", _LOOK_S, reloader.refresh),
            Chore("tally", _SAVE_S, self._save_tally),
            *self._about_the_log(),
            *_about_cases(services),
            *Informing(self.settings, self.origin, self.http, services.get).chores(),
            *Questioning(self.settings.home, self.http, services.get).chores(),
        )
        try:
            await do_chores(chores, asyncio.sleep)
        finally:
            await reloader.aclose()

    def _reloader(self, services: InForce) -> Reloader:
        """Return what puts edited policy files in force."""
        folders = (self.settings.purposes, self.settings.policies)

        async def build() -> Decider:
            return await asyncio.to_thread(build_decider, self.settings, self.source)

        async def announce(revision: str) -> None:
            await asyncio.to_thread(keep_revision, self.log.annex, *folders, revision=revision)
            request_id = new_request_id(self.machine.clock_ms(), self.machine.random)
            entry = Draft(EntryType.POLICY, request_id, {"policy": revision})
            await services.get().gate.ledger.append(entry)

        return Reloader(
            services.get,
            services.put,
            stamp=lambda: stamp_of(*folders),
            build=build,
            announce=announce,
            seen=self.stamp,
        )

    async def _save_tally(self) -> None:
        save(self.tally)

    def _about_the_log(self) -> Iterator[Chore]:
        """Give what goes out about the log, as far as the settings say where to."""
        settings, log = self.settings, self.log
        if self.witnessing is not None:
            yield Chore("witnesses", _WITNESS_S, self.witnessing.ask)
        if settings.timestamp_url is not None and settings.timestamp_roots is not None:
            chain, clock_ms = settings.timestamp_roots.read_bytes(), self.machine.clock_ms
            url, reader, annex = settings.timestamp_url, log.reader, log.annex
            stamping = Stamping(url, chain, self.http, reader, annex, clock_ms)
            yield Chore("time stamps", _STAMP_S, stamping.ask)
        if settings.otlp_url is not None:
            for kind in (Kind.LDV, Kind.ADL):
                export = self._export(settings.otlp_url, kind)
                yield Chore(f"export of {kind.value} lines", _LOOK_S, export)

    def _export(self, url: str, kind: Kind) -> Callable[[], Awaitable[None]]:
        log, year = self.log, self.origin.rpartition("/")[2]
        position = self.settings.home / f"otlp-{kind.value}-{year}.position"
        exporter = Exporter(
            self.http,
            Target(url, kind, position),
            records=log.reader,
            context=Context(self.settings.public_url),
            pause=asyncio.sleep,
            random=self.machine.random,
        )

        async def export() -> None:
            await exporter.run(lambda: log.reader.head().size)

        return export


def _about_cases(services: InForce) -> Iterator[Chore]:
    async def settle() -> None:
        # A step that took effect before its entry could be made is recorded as soon as it can be.
        await desk_of(services.get()).settle()

    async def end_consents() -> None:
        await expire_consents(desk_of(services.get()))

    async def stop_counting() -> None:
        now = services.get()
        await sweep(now.book, now.now() - longest_reach(now.gate.catalogue))

    yield Chore("entries of steps in cases", _LOOK_S, settle)
    yield Chore("consents that ran out", _EXPIRE_S, end_consents)
    yield Chore("answers that no longer count", _SWEEP_S, stop_counting)


def save(tally: Tally) -> None:
    """Write the counts; a disk that does not take them stops nothing else."""
    try:
        tally.save()
    except OSError as exc:
        _LOG.error("the tally is not written: %s", type(exc).__name__)
