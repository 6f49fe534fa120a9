"""Whether a FHIR server searches by the person is seen before anybody is searched for."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.breaker import FAILURES
from gateway.sources.fhir_bundle import BSN_SYSTEM
from gateway.sources.fhir_proof import AGAIN_S, NOBODY
from gateway.sources.mapped import MappedSources
from gateway.sources.mapping_file import read_mapping
from gateway.sources.opening import sources_of
from gateway.sources.source import Query, Row
from gateway.subject import parse_bsn
from tests.builders import HENK, YUSUF
from tests.counterparts.fhir import FhirServer, Manner, Resource
from tests.counterparts.listening import Listening, Reply, listening

pytestmark = pytest.mark.anyio

BY = "patient.identifier"
MAPPING = """
deadline_ms: 30000
sources:
  epd: {{kind: fhir, address: '{url}/r4', deadline_ms: 30000}}
tables:
  plan:
    source: epd
    at: CarePlan
    subject: {by}
    columns:
      status: {{at: status, type: text}}
"""
ASK = Query("plan", ("status",), ())


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def __call__(self) -> float:
        """Return the time that the test set."""
        return self.at_s


def plan(number: str, status: str = "active", **more: object) -> Resource:
    """Return a plan of a person."""
    return {"resourceType": "CarePlan", "status": status, "_of": number, **more}


def identified(number: str) -> dict[str, object]:
    """Return a reference to a person that holds the number."""
    return {"identifier": {"system": BSN_SYSTEM, "value": number}}


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
def server() -> FhirServer:
    """Give a server that does as HAPI does, with plans of two persons."""
    return FhirServer([plan(YUSUF), plan(HENK, "completed")], manner=Manner.HAPI)


@pytest.fixture
def web(server: FhirServer) -> Iterator[Listening]:
    """Give the server on an address of its own."""
    with listening(server) as opened:
        server.base = f"{opened.url}/r4"
        yield opened


@pytest.fixture
async def opened(
    web: Listening, clock: Clock, tmp_path: Path
) -> AsyncIterator[Callable[[str], MappedSources]]:
    """Give what opens the adapter over the server, by a search parameter."""
    made: list[MappedSources] = []

    def open_by(by: str) -> MappedSources:
        text = MAPPING.format(url=web.url, by=by).encode()
        mapping = read_mapping(text, "sources.yaml", tmp_path)
        made.append(sources_of(mapping, monotonic_s=clock))
        return made[-1]

    yield open_by
    for source in made:
        await source.aclose()


@pytest.fixture
def source(opened: Callable[[str], MappedSources]) -> MappedSources:
    """Give the adapter over the server, by the number of the patient."""
    return opened(BY)


async def rows(source: MappedSources, number: str = YUSUF) -> list[Row]:
    """Ask for the plans of a person."""
    (found,) = await source.rows(parse_bsn(number), [ASK])
    return list(found)


async def refused(source: MappedSources) -> str:
    """Ask and return the text of the refusal."""
    with pytest.raises(SourceFailed) as caught:
        await rows(source)
    return str(caught.value)


@pytest.mark.parametrize("manner", [Manner.SPEC, Manner.HAPI, Manner.LENIENT])
async def test_a_server_that_searches_by_the_person_is_believed(
    source: MappedSources, server: FhirServer, manner: Manner
) -> None:
    """One that names what it searched by, and one that refuses what it does not know."""
    server.manner = manner
    source.probe("epd")

    assert await rows(source) == [{"status": "active"}]


async def test_what_is_silent_is_tried_with_parameters_that_do_not_exist(
    source: MappedSources, server: FhirServer, web: Listening
) -> None:
    """The question is that of every day: about nobody, by POST, with each step made up in turn."""
    await rows(source)

    assert [(set(form) - {"_elements", "_count"}) for form in server.tried] == [
        {"patient.identifier"},
        {"doelpoort-bestaat-niet.identifier"},
        {"patient.doelpoort-bestaat-niet"},
    ]
    assert {form["_elements"] for form in server.tried} == {"id"}
    assert {(heard.method, heard.path) for heard in web.heard} == {("POST", "/r4/CarePlan/_search")}
    assert {heard.headers["prefer"] for heard in web.heard} == {"handling=strict"}


async def test_the_kind_in_a_step_stays_where_it_is(
    opened: Callable[[str], MappedSources], server: FhirServer
) -> None:
    """Only the name of a step is made up."""
    await rows(opened("patient:Patient.identifier"))

    assert "doelpoort-bestaat-niet:Patient.identifier" in server.tried[1]


@pytest.mark.parametrize("manner", [Manner.LENIENT, Manner.IGNORING])
async def test_a_server_that_overlooks_the_person_is_never_asked_about_one(
    source: MappedSources, server: FhirServer, web: Listening, manner: Manner
) -> None:
    """It would give everybody's plans: what it gives for nobody shows it."""
    server.manner, server.known = manner, frozenset({"patient"})

    said = await refused(source)

    assert "does not answer this question" in said
    assert server.asked == []
    assert not any(YUSUF.encode() in heard.body for heard in web.heard)


@pytest.mark.parametrize("manner", [Manner.LENIENT, Manner.IGNORING])
async def test_a_server_without_anything_of_anybody_shows_nothing_by_that(
    source: MappedSources, server: FhirServer, manner: Manner
) -> None:
    """Where nothing is found because there is nothing, it is still not believed."""
    server.manner, server.known, server.resources = manner, frozenset({"patient"}), []

    await refused(source)

    assert server.asked == []


async def test_a_silent_server_that_takes_any_parameter_is_not_believed(
    source: MappedSources, server: FhirServer
) -> None:
    """It may search by the person, and nothing shows it."""
    server.manner = Manner.IGNORING

    await refused(source)

    assert server.asked == []


@pytest.mark.parametrize(
    "overlooked", [b"doelpoort-bestaat-niet.identifier", b"patient.doelpoort-bestaat-niet"]
)
async def test_every_step_of_a_chain_counts(
    source: MappedSources, server: FhirServer, web: Listening, overlooked: bytes
) -> None:
    """A server that looks at one step of a chain and overlooks the other is not believed."""
    empty = Reply(200, b'{"resourceType": "Bundle", "type": "searchset"}')
    web.say = lambda heard: empty if overlooked in heard.body else server(heard)

    await refused(source)

    assert server.asked == []


@pytest.mark.parametrize("status", [403, 404, 405])
async def test_a_refusal_for_another_reason_proves_nothing(
    source: MappedSources, server: FhirServer, web: Listening, status: int
) -> None:
    """Only what is said to an unknown parameter counts, as 400 and 422 are."""
    web.say = lambda heard: Reply(status) if b"bestaat-niet" in heard.body else server(heard)

    await refused(source)

    assert server.asked == []


async def test_a_server_that_refuses_everything_proves_nothing(
    source: MappedSources, web: Listening
) -> None:
    """The question about nobody must be answered, or a refusal of another says nothing."""
    web.say = lambda _heard: Reply(400)

    await refused(source)

    assert len(web.heard) == 1


async def test_a_server_that_fails_when_it_is_tried_has_failed(
    source: MappedSources, server: FhirServer, web: Listening
) -> None:
    """No answer shows nothing, and counts as any other failure."""
    web.say = lambda heard: Reply(500) if b"bestaat-niet" in heard.body else server(heard)
    for _ in range(FAILURES):
        await refused(source)

    assert "left alone" in await refused(source)


async def test_what_was_shown_is_kept_for_a_while(
    source: MappedSources, server: FhirServer, clock: Clock
) -> None:
    """A second question costs no more than itself; long after, a server shows it again."""
    await rows(source)
    await rows(source)
    soon = len(server.tried)
    clock.at_s += AGAIN_S

    await rows(source)

    assert (soon, len(server.tried)) == (3, 6)


async def test_what_the_start_has_seen_is_not_asked_again(
    source: MappedSources, server: FhirServer
) -> None:
    """The first person waits for no proof."""
    source.probe("epd")
    tried = len(server.tried)

    await rows(source)

    assert len(server.tried) == tried == 3


async def test_a_server_that_falls_silent_is_not_believed_until_it_shows_it_otherwise(
    source: MappedSources, server: FhirServer
) -> None:
    """Who named the parameters once and no longer does is another server now."""
    server.manner = Manner.SPEC
    await rows(source)
    server.manner = Manner.HAPI

    await refused(source)

    assert await rows(source) == [{"status": "active"}]


async def test_a_silent_server_that_names_other_parameters_is_not_believed(
    source: MappedSources, server: FhirServer
) -> None:
    """What it says of the very question goes before what it once showed."""
    await rows(source)
    server.manner, server.known = Manner.LENIENT, frozenset({"patient"})

    await refused(source)

    assert len(server.asked) == 2


async def test_the_pages_of_hapi_are_followed(source: MappedSources, server: FhirServer) -> None:
    """They live at the address of the server itself, behind a question mark."""
    server.resources, server.page = [plan(YUSUF, str(n)) for n in range(25)], 10

    assert [row["status"] for row in await rows(source)] == [str(n) for n in range(25)]


@pytest.mark.parametrize(
    "about",
    [
        {"subject": identified(HENK)},
        {"patient": identified(HENK)},
        {"subject": [{"reference": "Patient/1"}, identified(HENK)]},
    ],
)
async def test_a_resource_about_another_person_refuses_the_request(
    source: MappedSources, server: FhirServer, about: Resource
) -> None:
    """What a resource says of whom it is about goes before what the server says."""
    server.manner = Manner.SPEC
    server.gives_all, server.resources = True, [plan(YUSUF, **about), plan(HENK)]

    said = await refused(source)

    assert "about another person" in said
    assert HENK not in said


async def test_odd_answers_about_one_person_close_nothing_for_others(
    source: MappedSources, server: FhirServer
) -> None:
    """However often they come, the next person has an answer."""
    server.resources = [plan(YUSUF, subject=identified(HENK)), plan(HENK)]
    for _ in range(FAILURES + 1):
        await refused(source)

    assert await rows(source, HENK) == [{"status": "active"}]


@pytest.mark.parametrize(
    "subject",
    [
        identified(YUSUF),
        {"identifier": [{"value": HENK}, {"system": BSN_SYSTEM, "value": YUSUF}]},
        {"identifier": {"system": "urn:oid:elders", "value": HENK}},
        {"identifier": {"system": BSN_SYSTEM, "value": 3}},
        {"reference": "Patient/1"},
        "geheim",
        None,
    ],
)
async def test_a_resource_about_this_person_or_that_does_not_say_is_read(
    source: MappedSources, server: FhirServer, subject: object
) -> None:
    """The twin: the right number, numbers of another kind, a reference, nothing."""
    server.resources = [plan(YUSUF, subject=subject)]

    assert await rows(source) == [{"status": "active"}]


@pytest.mark.parametrize(("number", "good"), [(YUSUF, True), (HENK, False)])
async def test_a_patient_says_who_it_is(
    web: Listening, server: FhirServer, clock: Clock, tmp_path: Path, number: str, *, good: bool
) -> None:
    """The number of the patient itself counts where that is what was searched by."""
    text = f"""
sources:
  epd: {{kind: fhir, address: '{web.url}/r4'}}
tables:
  mens:
    source: epd
    at: Patient
    subject: identifier
    columns: {{wie: {{at: "identifier.where(system = 'x').value", type: text}}}}
"""
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": BSN_SYSTEM, "value": number}, {"system": "x", "value": "een"}],
        "_of": YUSUF,
    }
    server.resources = [patient]
    source = sources_of(read_mapping(text.encode(), "s.yaml", tmp_path), monotonic_s=clock)

    try:
        answer = await source.rows(parse_bsn(YUSUF), [Query("mens", ("wie",), ())])
    except SourceFailed as exc:
        answer = [[{"wie": str(exc)}]]
    await source.aclose()

    told = "een" if good else "a FHIR server gave a resource about another person"
    assert answer == [[{"wie": told}]]


@pytest.mark.parametrize(
    ("manner", "fault"),
    [
        (Manner.LENIENT, "does not show that it searches CarePlan by patient.identifier$"),
        (Manner.IGNORING, "does not show that it searches CarePlan by patient.identifier$"),
        (Manner.HAPI, "refuses to search CarePlan by patient.identifier$"),
    ],
)
async def test_the_probe_tells_what_a_server_does_not_show(
    source: MappedSources, server: FhirServer, manner: Manner, fault: str
) -> None:
    """An operator learns it before a professional does."""
    server.manner, server.known = manner, frozenset({"patient"})

    with pytest.raises(SourceInvalid, match=fault):
        source.probe("epd")

    assert all(NOBODY in str(form) for form in server.tried)
