"""Those who come together at a FHIR server: one look for all of them, and nobody is held up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.errors import SourceFailed
from gateway.sources.mapped import MappedSources
from gateway.sources.mapping_file import read_mapping
from gateway.sources.opening import sources_of
from gateway.sources.source import Query, Row
from gateway.subject import parse_bsn
from tests.builders import YUSUF
from tests.counterparts.fhir import FhirServer, Manner
from tests.counterparts.listening import Listening, listening

pytestmark = pytest.mark.anyio

MAPPING = """
deadline_ms: 30000
sources:
  epd: {{kind: fhir, address: '{url}/r4', deadline_ms: 30000}}
tables:
  plan:
    source: epd
    at: CarePlan
    subject: patient.identifier
    columns:
      status: {{at: status, type: text}}
"""
ACTIVE = {"resourceType": "CarePlan", "status": "active", "_of": YUSUF}


@dataclass
class Epd:
    """An adapter over a server that does as HAPI does, and a clock that a test moves."""

    web: Listening
    server: FhirServer
    at_s: float = 1_000.0
    source: MappedSources = field(init=False)

    def asked(self) -> "asyncio.Task[list[Row]]":
        """Ask for the plans of a person, beside whatever else goes on."""
        return asyncio.create_task(self._rows())

    async def tried(self) -> None:
        """Wait until the server is asked about nobody."""
        while not self.server.tried:  # noqa: ASYNC110 (it answers in a thread of its own)
            await asyncio.sleep(0.01)

    async def _rows(self) -> list[Row]:
        (found,) = await self.source.rows(parse_bsn(YUSUF), [Query("plan", ("status",), ())])
        return list(found)


@pytest.fixture
async def epd(tmp_path: Path) -> AsyncIterator[Epd]:
    """Give the adapter over its server."""
    server = FhirServer([ACTIVE], manner=Manner.HAPI)
    with listening(server) as web:
        server.base = f"{web.url}/r4"
        made = Epd(web, server)
        mapping = read_mapping(MAPPING.format(url=web.url).encode(), "sources.yaml", tmp_path)
        made.source = sources_of(mapping, monotonic_s=lambda: made.at_s)
        yield made
        await made.source.aclose()


async def test_who_looks_at_the_start_and_who_asks_do_not_wait_for_each_other(epd: Epd) -> None:
    """A policy that is reloaded while somebody asks holds nobody up, now or later."""
    epd.web.gate.clear()
    asking = epd.asked()
    await epd.tried()
    looking = asyncio.create_task(asyncio.to_thread(epd.source.probe, "epd"))
    await asyncio.sleep(0.05)
    epd.web.gate.set()

    found = await asyncio.wait_for(asyncio.gather(asking, epd.asked()), 8)
    await asyncio.wait_for(looking, 8)

    assert [*found, await epd.asked()] == [[{"status": "active"}]] * 3


async def test_those_who_wait_together_take_what_the_first_was_shown(epd: Epd) -> None:
    """A server that is not believed is asked once for all of them, and closes for nobody else."""
    epd.server.manner = Manner.IGNORING
    epd.web.gate.clear()
    asking = [epd.asked() for _ in range(20)]
    await epd.tried()
    epd.at_s += 1.0
    epd.web.gate.set()

    ends = await asyncio.gather(*asking, return_exceptions=True)

    assert {type(end) for end in ends} == {SourceFailed}
    assert (epd.server.asked, len(epd.server.tried)) == ([], 2)
