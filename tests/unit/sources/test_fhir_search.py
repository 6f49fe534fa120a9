"""What rows are chosen by is searched for at the server, where R4 has a parameter for it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.sources.mapped import MappedSources
from gateway.sources.source import Query
from gateway.subject import parse_bsn
from tests.builders import YUSUF
from tests.counterparts.fhir import FhirServer
from tests.counterparts.listening import listening
from tests.counterparts.registers import mapped

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
      titel: {{at: title, type: text}}
      status:
        at: status
        type: text
        search: status
        words: {{active: lopend, on-hold: lopend, completed: beeindigd}}
  doel:
    source: epd
    at: Goal
    subject: patient.identifier
    columns:
      titel: {{at: description.text, type: text}}
      status: {{at: lifecycleStatus, type: text, search: lifecycle-status}}
      soort: {{at: category.text, type: text}}
"""


def plan(status: str) -> dict[str, object]:
    """Return a plan that is as far as this, with its status in the title."""
    return {"resourceType": "CarePlan", "status": status, "title": status, "_of": YUSUF}


def goal(status: str, kind: str) -> dict[str, object]:
    """Return a goal that is as far as this, of a kind."""
    return {
        "resourceType": "Goal",
        "lifecycleStatus": status,
        "description": {"text": f"{status} {kind}"},
        "category": [{"text": kind}],
        "_of": YUSUF,
    }


RESOURCES = [
    *(plan(status) for status in ("active", "completed", "on-hold", "draft")),
    goal("active", "wonen"),
    goal("active", "werk"),
    goal("a,b", "werk"),
]


@pytest.fixture
def server() -> FhirServer:
    """Give a server with plans and goals of one person."""
    return FhirServer(RESOURCES)


@pytest.fixture
def url(server: FhirServer) -> Iterator[str]:
    """Give the address that the server listens on."""
    with listening(server) as web:
        server.base = f"{web.url}/r4"
        yield web.url


@pytest.fixture
async def source(url: str, tmp_path: Path) -> AsyncIterator[MappedSources]:
    """Give the server behind a mapping."""
    opened = mapped(MAPPING.format(url=url), tmp_path)
    yield opened
    await opened.aclose()


async def titles(source: MappedSources, table: str, *where: tuple[str, str]) -> list[object]:
    """Return the titles of the rows that are chosen so."""
    (rows,) = await source.rows(parse_bsn(YUSUF), [Query(table, ("titel",), where)])
    return [row["titel"] for row in rows]


async def test_a_word_is_searched_for_as_every_code_that_means_it(
    source: MappedSources, server: FhirServer
) -> None:
    """Plans that are over stay at the server."""
    found = await titles(source, "plan", ("status", "lopend"))

    assert found == ["active", "on-hold"]
    assert server.asked[-1]["status"] == "active,on-hold"


async def test_what_has_a_meaning_in_a_search_is_escaped(
    source: MappedSources, server: FhirServer
) -> None:
    """A comma in a value is no second value."""
    await titles(source, "doel", ("status", "a,b|c$d\\e"))

    assert server.asked[-1]["lifecycle-status"] == "a\\,b\\|c\\$d\\\\e"


async def test_what_has_no_parameter_is_compared_in_the_gateway(
    source: MappedSources, server: FhirServer
) -> None:
    """Both are chosen by, and only one of them goes along."""
    found = await titles(source, "doel", ("status", "active"), ("soort", "werk"))

    assert found == ["active werk"]
    assert set(server.asked[-1]) == {
        "patient.identifier", "_elements", "_count", "lifecycle-status"
    }  # fmt: skip


async def test_a_word_without_a_code_finds_nothing(
    source: MappedSources, server: FhirServer
) -> None:
    """What the server has no word for is not there, and is not searched for."""
    assert await titles(source, "plan", ("status", "gepland")) == []
    assert "status" not in server.asked[-1]


async def test_a_server_that_searches_for_more_is_not_believed(
    source: MappedSources, server: FhirServer
) -> None:
    """Where a server overlooks the parameter, the gateway still leaves out the rest."""
    server.overlooks = True

    assert await titles(source, "plan", ("status", "beeindigd")) == ["completed"]
    assert server.asked[-1]["status"] == "completed"


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("fhir, address: 'http://127.0.0.1:1'", "{at: status, type: boolean, search: status}"),
        ("sqlite, address: bron.db", "{at: status, type: text, search: status}"),
    ],
)
def test_a_search_parameter_elsewhere_is_a_finding(tmp_path: Path, kind: str, column: str) -> None:
    """Only a FHIR server searches, and only for texts."""
    text = f"""
        sources:
          bron: {{kind: {kind}}}
        tables:
          plan: {{source: bron, at: CarePlan, subject: bsn, columns: {{status: {column}}}}}
        """

    with pytest.raises(CatalogueInvalid, match="SEARCH_ELSEWHERE"):
        mapped(text, tmp_path)
