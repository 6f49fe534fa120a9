"""A gateway over any kind of source, with the demo clients behind it, and ways to make it fail.

    ADAPTERS                                    sqlite, postgresql, brp, fhir, csv, json, parquet
    clients_behind(adapter, folder, register=, server=, secured=, only=)    context -> Behind
        the rows of `register` (an SQLite file as `load_clients` makes it, changed as a test likes)
        behind this adapter; what it cannot hold (`brp`: all but persons), and what `only` does not
        name, stays in a copy of `register`, which then is the second source of a request.
        `server` is a running PostgreSQL, for `postgresql` alone; `secured` is mutual TLS and OAuth,
        for `brp` and `fhir` alone.
    FAILURES                                    by adapter what can go wrong there, see `Failure`;
                                                a secured one can show a foreign certificate too
    Behind.failures, .fail(failure), .recover() the same of this one, and making it happen
    Behind.heard()                              what the counterpart was asked: SQL, fields, search
    Behind.elsewhere()                          what was heard where a redirect points to
    Behind.tables                               the tables that live behind the adapter
    Behind.mapping                              the mapping file (DOELPOORT_SOURCES)
    open_over(behind, home, monotonic_s=, **settings)   async context -> House, in this process
        `monotonic_s` replaces the clock of deadlines of SQLite and of pauses after failures
    serve_over(behind, folder, hats=)           context -> Served: `doelpoort serve`, asked by HTTP

In this process the day is `REFERENCE`: fill the register for that day. A served gateway lives
today: fill it for `utc_now().date()`.
"""

import os
import shutil
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from gateway.cases.finder import FactFinder
from gateway.identity.clients import Hat
from gateway.openings import registry_of
from gateway.settings import Settings
from gateway.sources.opening import open_sources
from tests.builders import (
    CONSULTANT,
    ROOT,
    TEAM,
    House,
    free_port,
    make_client,
    open_house,
    settings_of,
)
from tests.counterparts.clients import Table, mapping_of, plainly, tables_in
from tests.counterparts.clients_files import FilesClients
from tests.counterparts.clients_sql import PostgresClients, SqliteClients
from tests.counterparts.clients_web import PLAIN_FAILURES, BrpClients, FhirClients
from tests.counterparts.failing import Failure
from tests.postgresql_server import Server
from tests.serving import served, token_for

ADAPTERS = ("sqlite", "postgresql", "brp", "fhir", "csv", "json", "parquet")
FAILURES: Mapping[str, frozenset[Failure]] = {
    "sqlite": SqliteClients.failures,
    "postgresql": PostgresClients.failures,
    "brp": PLAIN_FAILURES,
    "fhir": PLAIN_FAILURES,
    "csv": FilesClients.failures,
    "json": FilesClients.failures,
    "parquet": FilesClients.failures,
}
_STANDARDS = Path(os.environ.get("DOELPOORT_SHARED", ROOT.parent / "shared")) / "standards"
# A test is slow on a busy machine; a source that does not answer is found out all the same.
_EACH_MS, _WHOLE_MS = 1_200, 3_000
_MAPPING = """deadline_ms: {whole}
sources:
  bron: {{{source}, deadline_ms: {each}}}
  register: {{kind: sqlite, address: '{register}', deadline_ms: {each}}}
tables:
{tables}"""


class Clients(Protocol):
    """What every counterpart can do."""

    @property
    def failures(self) -> frozenset[Failure]:
        """What can go wrong there."""
        ...

    def mapping(self) -> tuple[str, str]:
        """Return what a mapping file says of the source, and of its tables."""
        ...

    def heard(self) -> list[str]:
        """Return what it was asked; nothing where it cannot hear."""
        ...

    def elsewhere(self) -> list[str]:
        """Return what was heard at the place that a redirect points to."""
        ...

    def fail(self, failure: Failure) -> None:
        """Fail from now on."""
        ...

    def recover(self) -> None:
        """Be well again."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


@dataclass(frozen=True)
class Behind:
    """The demo clients behind one adapter; `register` holds what does not live there."""

    adapter: str
    mapping: Path
    register: Path
    tables: frozenset[str]
    clients: Clients

    @property
    def failures(self) -> frozenset[Failure]:
        """What can go wrong there."""
        return self.clients.failures

    def heard(self) -> list[str]:
        """Return what the counterpart was asked so far."""
        return self.clients.heard()

    def elsewhere(self) -> list[str]:
        """Return what was heard at the place that a redirect points to."""
        return self.clients.elsewhere()

    def fail(self, failure: Failure) -> None:
        """Let it go wrong from now on."""
        assert failure in self.failures
        self.clients.fail(failure)

    def recover(self) -> None:
        """Let all be well again."""
        self.clients.recover()


@contextmanager
def clients_behind(
    adapter: str,
    folder: Path,
    *,
    register: Path,
    server: Server | None = None,
    secured: bool = False,
    only: Collection[str] = (),
) -> Iterator[Behind]:
    """Give the clients of a register behind an adapter; see the top of this module."""
    folder.mkdir(exist_ok=True)
    tables = tables_in(register)
    rest = Path(shutil.copy(register, folder / "rest.db"))
    able = [table for table in tables if _lives_at(adapter, table)]
    there = [table for table in able if not only or table.name in only]
    clients = _counterpart(adapter, folder, there, server, secured=secured)
    try:
        source, mapped = clients.mapping()
        names = {table.name for table in there}
        here = [(each, each.name, plainly(each)) for each in tables if each.name not in names]
        text = _MAPPING.format(
            whole=_WHOLE_MS,
            each=_EACH_MS,
            source=source,
            register=rest,
            tables=mapped + mapping_of(here, source="register"),
        )
        path = folder / "sources.yaml"
        path.write_text(text, "utf-8")
        yield Behind(adapter, path, rest, frozenset(names), clients)
    finally:
        clients.close()


def _lives_at(adapter: str, table: Table) -> bool:
    return {"brp": table.name == "brp", "fhir": table.of_persons}.get(adapter, True)


def _counterpart(
    adapter: str, folder: Path, tables: Sequence[Table], server: Server | None, *, secured: bool
) -> Clients:
    match adapter:
        case "sqlite":
            return SqliteClients(folder, tables)
        case "postgresql":
            assert server is not None
            return PostgresClients(folder, tables, server)
        case "fhir":
            return FhirClients(folder, tables, secured=secured)
        case "brp":
            if not _STANDARDS.is_dir():
                pytest.skip("the published OpenAPI is not here")
            return BrpClients(folder, tables, standards=_STANDARDS, secured=secured)
        case _:
            return FilesClients(folder, tables, adapter)


@asynccontextmanager
async def open_over(
    behind: Behind,
    home: Path,
    *,
    monotonic_s: Callable[[], float] | None = None,
    **settings: object,
) -> AsyncIterator[House]:
    """Open a gateway over an adapter in this process, and close it at the end."""
    chosen: dict[str, object] = {"source_url": None, "sources": behind.mapping, **settings}
    async with open_house(home, source=behind.register, cases=behind.register, **chosen) as house:
        if monotonic_s is None:
            yield house
            return
        source = open_sources(behind.mapping, monotonic_s=monotonic_s)
        gate = house.services.gate
        facts = FactFinder(house.gateway.services.book, source)
        house.rewire(replace(house.services, gate=replace(gate, source=source, facts=facts)))
        try:
            yield house
        finally:
            await source.aclose()


@dataclass(frozen=True)
class Served:
    """A gateway in a process of its own, and how to ask it."""

    settings: Settings
    http: httpx.Client

    def ask(self, body: object, hat: Hat = CONSULTANT) -> httpx.Response:
        """Ask for data under this hat."""
        token = token_for(self.settings, hat)
        return self.http.post(
            "/v1/disclosures", json=body, headers={"authorization": f"Bearer {token}"}
        )


@contextmanager
def serve_over(
    behind: Behind, folder: Path, *, hats: frozenset[Hat] = TEAM, **changes: object
) -> Iterator[Served]:
    """Serve a gateway over an adapter as `doelpoort serve` does, until the end of the block."""
    port = free_port()
    chosen: dict[str, object] = {
        "source_url": None,
        "sources": behind.mapping,
        "public_url": f"http://127.0.0.1:{port}",
        "port": port,
        **changes,
    }
    settings = settings_of(folder / "home", source=behind.register, cases=behind.register, **chosen)
    registry_of(settings).add(make_client("team", hats))
    with served(settings), httpx.Client(base_url=settings.public_url) as http:
        yield Served(settings, http)
