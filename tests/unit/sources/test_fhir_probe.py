"""What a FHIR server says that it searches by, held against what a mapping names."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import SourceInvalid
from gateway.sources.web import LARGEST
from tests.counterparts.fhir import FhirServer
from tests.counterparts.listening import Heard, Listening, Reply, Say, listening
from tests.counterparts.registers import mapped


@pytest.fixture
def web() -> Iterator[Listening]:
    """Give the server on a port, saying what a test lets it say."""
    with listening(FhirServer([])) as listener:
        yield listener


SEARCH: dict[str, object] = {"code": "search-type"}


def capabilities(search: object = SEARCH, **parameters: object) -> Say:
    """Return a server that says of itself what it searches, and by what."""
    resources = [
        {"type": kind, "interaction": [{"code": "read"}, search], "searchParam": listed}
        for kind, listed in parameters.items()
    ]
    said = {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", "resource": resources}],
    }
    server = FhirServer([])

    def say(heard: Heard) -> Reply:
        if heard.path.endswith("/metadata"):
            return Reply(200, json.dumps(said).encode())
        return server(heard)

    return say


IDENTIFIER, STATUS = {"name": "identifier"}, {"name": "status"}
PERSON = {"name": "patient"}
SEARCHED = """
sources:
  epd: {{kind: fhir, address: '{url}/r4'}}
tables:
  plan:
    source: epd
    at: CarePlan
    subject: {subject}
    columns:
      status: {{at: status, type: text, search: {search}}}
"""


@pytest.mark.parametrize("subject", ["patient.identifier", "patient:Patient.identifier"])
def test_what_a_server_searches_by_is_there(web: Listening, tmp_path: Path, subject: str) -> None:
    """A parameter of the kind itself, and in a chain one of any kind, is enough."""
    source = mapped(SEARCHED.format(url=web.url, subject=subject, search="status"), tmp_path)
    web.say = capabilities(Patient=[IDENTIFIER], CarePlan=[PERSON, STATUS])

    source.probe("epd")

    assert [heard.path for heard in web.heard] == ["/r4/metadata", "/r4/CarePlan/_search"]


@pytest.mark.parametrize("words", ["Zoeken.", "x" * LARGEST])
def test_a_server_may_say_more_of_its_searching(web: Listening, tmp_path: Path, words: str) -> None:
    """R4 lets it explain each interaction, and a server with every kind says more than a person."""
    source = mapped(
        SEARCHED.format(url=web.url, subject="patient.identifier", search="status"), tmp_path
    )
    explained = {**SEARCH, "documentation": words}
    web.say = capabilities(explained, Patient=[IDENTIFIER], CarePlan=[PERSON, STATUS])

    source.probe("epd")

    assert len(web.heard) == 2


@pytest.mark.parametrize("search", ["search-type", {"code": "search-system"}, {}])
def test_what_is_no_search_is_none(web: Listening, tmp_path: Path, search: object) -> None:
    """The twin: only the word of R4 for it counts."""
    source = mapped(
        SEARCHED.format(url=web.url, subject="patient.identifier", search="status"), tmp_path
    )
    web.say = capabilities(search, Patient=[IDENTIFIER], CarePlan=[PERSON, STATUS])

    with pytest.raises(SourceInvalid, match=r"does not search CarePlan$"):
        source.probe("epd")


@pytest.mark.parametrize(
    ("subject", "search"),
    [
        ("patient.identifer", "status"),
        ("pateint.identifier", "status"),
        ("identifier", "status"),
        ("identifier:not", "status"),
        ("patient:not", "status"),
        ("patient.", "status"),
        ("patient.identifier", "statuss"),
    ],
)
def test_what_a_server_does_not_search_by_is_told(
    web: Listening, tmp_path: Path, subject: str, search: str
) -> None:
    """A parameter that a server might overlook is named, and nobody is searched for."""
    source = mapped(SEARCHED.format(url=web.url, subject=subject, search=search), tmp_path)
    web.say = capabilities(Patient=[IDENTIFIER], CarePlan=[PERSON, STATUS])
    lacking = subject if search == "status" else search

    with pytest.raises(SourceInvalid, match=f"does not search CarePlan by {lacking}$"):
        source.probe("epd")

    assert [heard.path for heard in web.heard] == ["/r4/metadata"]


@pytest.mark.parametrize("listed", [None, {}, ["patient"], [{"name": 3}], []])
def test_a_server_that_lists_no_parameters_cannot_be_checked(
    web: Listening, tmp_path: Path, listed: object
) -> None:
    """What a server does not say in the form of R4, it does not say: there is no telling."""
    mapping = SEARCHED.format(url=web.url, subject="patient.identifier", search="status")
    source = mapped(mapping, tmp_path)
    web.say = capabilities(Patient=[IDENTIFIER], Goal=[PERSON], CarePlan=listed)

    with pytest.raises(SourceInvalid, match="does not say by what it searches CarePlan"):
        source.probe("epd")
