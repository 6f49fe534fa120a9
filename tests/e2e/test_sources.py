"""One request over every kind of source at once, each a server or a file that really is there."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.errors import SourceFailed
from gateway.sources.mapped import MappedSources
from gateway.sources.source import Query
from gateway.subject import parse_bsn
from tests.builders import ROOT
from tests.counterparts.brp import BrpApi
from tests.counterparts.fhir import FhirServer
from tests.counterparts.listening import Listening, Reply, listening
from tests.counterparts.oauth import CLIENT, CLIENT_SECRET, Guarded
from tests.counterparts.registers import mapped
from tests.postgresql_server import Server, running

pytestmark = pytest.mark.anyio

SHARED = Path(os.environ.get("DOELPOORT_SHARED", ROOT.parent / "shared")) / "standards"
SUZANNE = "999993653"
CANARY = "kanarie-3b1d"

MAPPING = """
deadline_ms: 2000
sources:
  brp:
    kind: brp
    address: '{brp}'
    deadline_ms: 1500
    oauth: {{token_url: '{brp}/token', client_id: {client}, secret_file: geheim, scope: lezen}}
  epd: {{kind: fhir, address: '{epd}', deadline_ms: 1500}}
  zorg: {{kind: postgresql, address: '{zorg}', deadline_ms: 1500}}
  proef: {{kind: files, address: .}}
tables:
  brp:
    source: brp
    at: personen
    subject: burgerservicenummer
    columns:
      geboortedatum: {{at: geboorte.datum, type: date, form: brp_date}}
  plan:
    source: epd
    at: CarePlan
    subject: patient.identifier
    columns:
      status: {{at: status, type: text}}
  traject:
    source: zorg
    at: traject
    subject: bsn
    columns:
      lopend: {{sql: "einde IS NULL", type: boolean}}
  school:
    source: proef
    at: school.csv
    subject: bsn
    columns:
      ingeschreven: {{at: ingeschreven, type: boolean, words: {{J: true, N: false}}}}
"""
QUERIES = [
    Query("school", ("ingeschreven",), ()),
    Query("traject", ("lopend",), ()),
    Query("plan", ("status",), ()),
    Query("brp", ("geboortedatum",), ()),
]
ANSWERS = [
    [{"ingeschreven": True}],
    [{"lopend": True}],
    [{"status": "active"}],
    [{"geboortedatum": "1985-12-01"}],
]


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """Give a PostgreSQL server with one table and a role that reads it."""
    with running() as server:
        with psycopg.connect(server.url(), autocommit=True) as owner:
            owner.execute("CREATE TABLE traject (bsn text, einde date, plan text)")
            owner.execute("INSERT INTO traject VALUES (%s, NULL, %s)", (SUZANNE, CANARY))
            owner.execute("CREATE ROLE lezer LOGIN")
            owner.execute("GRANT SELECT ON traject TO lezer")
        yield server


@pytest.fixture
def brp() -> Iterator[Listening]:
    """Give the BRP API behind a token endpoint."""
    if not SHARED.is_dir():
        pytest.skip("the published standards are not here")
    with listening(Guarded(BrpApi(SHARED / "brp"))) as web:
        yield web


@pytest.fixture
def epd() -> Iterator[Listening]:
    """Give a FHIR server with one plan."""
    plan = {"resourceType": "CarePlan", "status": "active", "_of": SUZANNE, "description": CANARY}
    with listening(FhirServer([plan])) as web:
        yield web


@pytest.fixture
async def source(
    brp: Listening, epd: Listening, database: Server, tmp_path: Path
) -> AsyncIterator[MappedSources]:
    """Give all of them behind one mapping, as they are after a start."""
    (tmp_path / "geheim").write_text(CLIENT_SECRET)
    (tmp_path / "school.csv").write_text(f"bsn;ingeschreven;notitie\n{SUZANNE};J;{CANARY}\n")
    text = MAPPING.format(brp=brp.url, epd=epd.url, zorg=database.url(user="lezer"), client=CLIENT)
    opened = mapped(text, tmp_path)
    for name in ("brp", "epd", "zorg", "proef"):
        await asyncio.to_thread(opened.probe, name)
    yield opened
    await opened.aclose()


async def test_one_request_brings_together_what_lives_in_four_places(
    source: MappedSources, caplog: pytest.LogCaptureFixture
) -> None:
    """Every source gives its part, and nothing of a person reaches the log."""
    caplog.set_level(logging.DEBUG)

    found = await source.rows(parse_bsn(SUZANNE), QUERIES)

    assert found == ANSWERS
    assert CANARY not in f"{found}{caplog.text}"
    assert SUZANNE not in caplog.text


async def test_many_requests_at_once_do_not_mix(source: MappedSources) -> None:
    """Sixteen at a time all get the same, each from four sources."""
    asked = [source.rows(parse_bsn(SUZANNE), QUERIES) for _ in range(16)]

    assert await asyncio.gather(*asked) == [ANSWERS] * 16


async def test_one_silent_source_refuses_in_time_and_comes_back(
    source: MappedSources, epd: Listening
) -> None:
    """While one does not answer there is no half answer; afterwards all is as before."""
    epd.gate.clear()
    began = asyncio.get_running_loop().time()
    with pytest.raises(SourceFailed):
        await source.rows(parse_bsn(SUZANNE), QUERIES)
    took = asyncio.get_running_loop().time() - began
    epd.gate.set()

    assert took < 2.5
    assert await source.rows(parse_bsn(SUZANNE), QUERIES) == ANSWERS


async def test_what_a_source_says_of_its_trouble_goes_nowhere(
    source: MappedSources, brp: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    """A problem document that repeats the question and a row is not passed on."""
    caplog.set_level(logging.DEBUG)
    problem = {"code": CANARY, "detail": f"{SUZANNE} {CANARY}", "invalidParams": [{"name": CANARY}]}
    brp.say = lambda _heard: Reply(400, json.dumps(problem).encode())

    with pytest.raises(SourceFailed) as caught:
        await source.rows(parse_bsn(SUZANNE), QUERIES)

    told = f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}{caplog.text}"
    assert CANARY not in told
    assert SUZANNE not in told
