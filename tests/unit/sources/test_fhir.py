"""The adapter of FHIR servers, over the published examples."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.breaker import FAILURES
from gateway.sources.fhirpath import element_of, evaluate, verify_expression
from gateway.sources.mapped import MappedSources
from gateway.sources.source import Query, Row
from gateway.sources.values import MISFIT
from gateway.subject import parse_bsn
from tests.builders import HENK, NOBODY, ROOT, YUSUF
from tests.counterparts.fhir import FhirServer, Resource, read_example
from tests.counterparts.listening import Listening, Reply, listening
from tests.counterparts.registers import mapped

pytestmark = pytest.mark.anyio

SHARED = Path(os.environ.get("DOELPOORT_SHARED", ROOT.parent / "shared")) / "standards" / "fhir"

MAPPING = """
sources:
  epd: {{kind: fhir, address: '{url}/r4'}}
tables:
  plan:
    source: epd
    at: CarePlan
    subject: patient.identifier
    columns:
      status: {{at: status, type: text}}
      bezig: {{at: "activity.where(detail.status = 'in-progress').exists()", type: boolean}}
      wat: {{at: activity.detail.description, type: list}}
      hoe: {{at: activity.detail.description, type: text}}
  doel:
    source: epd
    at: Goal
    subject: patient.identifier
    columns:
      status: {{at: lifecycleStatus, type: text}}
      streefdatum: {{at: target.dueDate, type: date}}
  patient:
    source: epd
    at: Patient
    subject: identifier
    columns:
      geboortedatum: {{at: birthDate, type: date}}
      overleden: {{at: Patient.deceased, type: boolean}}
"""


@pytest.fixture
def server() -> FhirServer:
    """Give a server over the published examples, and what is enough without them."""
    if not SHARED.is_dir():
        pytest.skip("the published examples are not here")
    patient = read_example(SHARED / "nl-core-Patient-01.xml", YUSUF)
    patient["identifier"] = [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": YUSUF}]
    resources = [patient]
    resources += [read_example(SHARED / f"nl-core-HelpFromOthers-0{n}.xml", YUSUF) for n in (1, 2)]
    resources += [
        read_example(SHARED / f"nl-core-TreatmentObjective-0{n}.xml", YUSUF) for n in (1, 2, 3)
    ]
    return FhirServer(resources)


@pytest.fixture
def web(server: FhirServer) -> Iterator[Listening]:
    """Give the server on an address of its own."""
    with listening(server) as opened:
        server.base = f"{opened.url}/r4"
        yield opened


@pytest.fixture
async def source(web: Listening, tmp_path: Path) -> AsyncIterator[MappedSources]:
    """Give the adapter over the server."""
    opened = mapped(MAPPING.format(url=web.url), tmp_path)
    opened.probe("epd")
    yield opened
    await opened.aclose()


async def rows(source: MappedSources, table: str, *columns: str, bsn: str = YUSUF) -> list[Row]:
    """Ask for columns of one person."""
    (found,) = await source.rows(parse_bsn(bsn), [Query(table, columns, ())])
    return list(found)


async def test_the_published_examples_are_read(source: MappedSources, server: FhirServer) -> None:
    """Plans, goals and the patient give what the examples hold, of the asked elements only."""
    plans = await rows(source, "plan", "bezig", "status")
    goals = await rows(source, "doel", "streefdatum")
    (patient,) = await rows(source, "patient", "geboortedatum", "overleden")

    assert plans[0] == {"bezig": True, "status": "active"}
    assert {"streefdatum": "2014-09-10"} in goals
    assert patient == {"geboortedatum": "1934-04-28", "overleden": False}
    assert [form["_elements"] for form in server.asked] == [
        "activity,status",
        "target",
        "birthDate,deceased",
    ]


async def test_the_number_stands_in_the_body_alone(source: MappedSources, web: Listening) -> None:
    """A search is a POST, and asks to be refused where it is not understood."""
    web.heard.clear()
    await rows(source, "plan", "status")

    (heard,) = web.heard
    assert (heard.method, heard.path) == ("POST", "/r4/CarePlan/_search")
    assert heard.headers["prefer"] == "handling=strict"
    assert YUSUF not in f"{heard.path}{heard.headers}"


async def test_whether_there_is_anything_brings_nothing_of_it(
    source: MappedSources, server: FhirServer
) -> None:
    """Without columns only the id is asked for."""
    assert await rows(source, "plan") == [{}, {}]
    assert await rows(source, "plan", bsn=NOBODY) == []
    assert {form["_elements"] for form in server.asked} == {"id"}


async def test_several_values_are_a_list_or_unknown(
    source: MappedSources, server: FhirServer
) -> None:
    """Where one text is meant and there are two, which one is not guessed."""
    details = [{"detail": {"description": text}} for text in ("een", "twee")]
    server.resources = [{"resourceType": "CarePlan", "_of": HENK, "activity": details}]

    found = await rows(source, "plan", "hoe", "wat", bsn=HENK)

    assert found == [{"hoe": None, "wat": ["een", "twee"]}]


@pytest.mark.parametrize("activity", ["geheim", [["geheim"]], {"detail": ["geheim"]}, 3, None])
async def test_a_resource_of_another_form_is_unknown(
    source: MappedSources, server: FhirServer, caplog: pytest.LogCaptureFixture, activity: object
) -> None:
    """Whatever stands where an element should be, there is an answer, and no value in the log."""
    server.resources = [{"resourceType": "CarePlan", "_of": HENK, "activity": activity}]

    (row,) = await rows(source, "plan", "hoe", bsn=HENK)

    assert row == {"hoe": None}
    assert "geheim" not in caplog.text


def many(count: int) -> list[Resource]:
    """Return so many plans of one person."""
    return [{"resourceType": "CarePlan", "_of": HENK, "status": str(n)} for n in range(count)]


async def test_pages_are_followed(source: MappedSources, server: FhirServer) -> None:
    """What does not fit on a page comes with the next."""
    server.resources, server.page = many(25), 10

    found = await rows(source, "plan", "status", bsn=HENK)

    assert [row["status"] for row in found] == [str(n) for n in range(25)]


async def test_there_is_an_end_to_pages(source: MappedSources, server: FhirServer) -> None:
    """A server that goes on and on is not followed, and is asked about others as before."""
    server.resources, server.page = [*many(25), {**PLAN, "_of": YUSUF}], 1

    for _ in range(FAILURES):
        with pytest.raises(SourceFailed, match="does not answer this question"):
            await rows(source, "plan", "status", bsn=HENK)

    assert await rows(source, "plan", "status") == [{"status": "active"}]


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("http://127.0.0.1:1/r4/CarePlan?page=2", "another place"),
        ("//elders.example/r4/CarePlan", "another place"),
        ("/r5/CarePlan?page=2", "another place"),
        ("/r4/../geheim", "another place"),
        ("/r4/CarePlan?page=2#x", "another place"),
        (f"/r4/CarePlan?patient.identifier={HENK}", "the person into an address"),
        (f"/r4/CarePlan?p=%39{HENK[1:]}", "the person into an address"),
        ("http://[::1", "no address"),
        ("/r4/CarePlan?page=\0 2", "no address"),
        (f"/r4/CarePlan?page={'2' * 70_000}", "no address"),
    ],
)
async def test_a_link_that_leads_astray_is_not_followed(
    source: MappedSources, server: FhirServer, web: Listening, link: str, fault: str
) -> None:
    """Only the same server, below the same place, and never with the person in the address."""
    server.resources, server.link = many(3), link
    web.heard.clear()

    with pytest.raises(SourceFailed, match=fault):
        await rows(source, "plan", "status", bsn=HENK)

    assert len(web.heard) == 1


def bundle(*entries: object, **changes: object) -> Reply:
    """Return what a server might say."""
    whole = {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": linked("CarePlan?patient.identifier=x"),
        "entry": list(entries),
        **changes,
    }
    return Reply(200, json.dumps(whole).encode())


def linked(url: object) -> list[object]:
    """Return the links of a bundle that says how it was searched for."""
    return ["geheim", {"relation": "self", "url": url}]


PLAN = {"resourceType": "CarePlan", "status": "active"}


@pytest.mark.parametrize(
    "reply",
    [
        bundle({"resource": {"resourceType": "Patient"}}),
        bundle({"resource": []}),
        bundle("geheim"),
        bundle(entry={}),
        bundle(type="batch"),
        Reply(200, b'{"resourceType": "OperationOutcome"}'),
        Reply(200, b"[]"),
        Reply(500, b"geheim"),
        Reply(400, b"geheim"),
        Reply(403, b"geheim"),
    ],
)
async def test_anything_else_is_no_answer(
    source: MappedSources, web: Listening, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    """Another kind of resource, another form, a refusal: none of it is an answer."""
    web.say = lambda _heard: reply

    with pytest.raises(SourceFailed) as caught:
        await rows(source, "plan", "status")

    assert "geheim" not in f"{caught.value}{caught.value.__cause__}{caplog.text}"


async def test_what_rides_along_is_left_out(source: MappedSources, web: Listening) -> None:
    """Included resources and outcomes are not what was searched for."""
    web.say = lambda _heard: bundle(
        {"resource": PLAN, "search": {"mode": "match"}},
        {"resource": {"resourceType": "Patient"}, "search": {"mode": "include"}},
        {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
    )

    assert await rows(source, "plan", "status") == [{"status": "active"}]


@pytest.mark.parametrize(
    "url",
    [
        "http://elders.example/r4/CarePlan?_count=100&patient.identifier=x",
        "CarePlan?patient%3APatient.identifier=x",
    ],
)
async def test_a_server_that_says_that_it_searched_by_the_person_is_believed(
    source: MappedSources, web: Listening, url: str
) -> None:
    """The link of a bundle to itself names the parameters that were used."""
    web.say = lambda _heard: bundle({"resource": PLAN}, link=linked(url))

    assert await rows(source, "plan", "status") == [{"status": "active"}]


@pytest.mark.parametrize(
    "link",
    [
        linked("CarePlan"),
        linked("CarePlan?_count=100"),
        linked("CarePlan?patient.identifier="),
        linked("CarePlan?patient.identifier:not=geheim"),
        linked("CarePlan?patient=geheim&identifier=geheim"),
        linked("CarePlan/patient.identifier=geheim"),
        linked("http://[geheim"),
        linked(3),
        [{"relation": "next", "url": "CarePlan?patient.identifier=geheim"}],
        [],
        "geheim",
        None,
    ],
)
async def test_a_server_that_searched_by_something_else_is_not_believed(
    source: MappedSources, web: Listening, caplog: pytest.LogCaptureFixture, link: object
) -> None:
    """What a server gives that overlooked the person is about somebody else, and never comes."""
    web.say = lambda _heard: bundle({"resource": PLAN}, link=link)

    with pytest.raises(SourceFailed) as caught:
        await rows(source, "plan", "status")

    assert "does not say that it searched by the person" in caplog.text
    assert "geheim" not in f"{caught.value}{caught.value.__cause__}{caplog.text}"


async def test_figures_are_not_asked_of_a_fhir_server(source: MappedSources) -> None:
    """There is no question about nobody."""
    with pytest.raises(SourceFailed):
        await source.rows(None, [Query("plan", ("status",), ())])


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0"}, "R4"),
        ({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}, "does not search"),
        (
            {
                "resourceType": "CapabilityStatement",
                "fhirVersion": "4.0.1",
                "rest": [
                    {"mode": "client", "resource": [PLAN]},
                    {"mode": "server", "resource": [{"type": "CarePlan", "interaction": []}, 3]},
                ],
            },
            "does not search CarePlan",
        ),
        ({"resourceType": "Patient"}, "what it can do"),
    ],
)
async def test_a_server_that_cannot_do_it_is_told(
    source: MappedSources, web: Listening, said: dict[str, object], fault: str
) -> None:
    """The probe reads what the server says of itself."""
    web.say = lambda _heard: Reply(200, json.dumps(said).encode())

    with pytest.raises(SourceInvalid, match=fault):
        source.probe("epd")


async def test_a_server_that_is_silent_fails(source: MappedSources, web: Listening) -> None:
    """No answer to the probe is a failure, not a lack."""
    web.say = lambda _heard: Reply(500)

    with pytest.raises(SourceFailed):
        source.probe("epd")


@pytest.mark.parametrize(
    ("expression", "element"),
    [
        ("status", "status"),
        ("CarePlan.status", "status"),
        ("target.where(dueDate.exists()).dueDate.first()", "target"),
    ],
)
def test_the_element_to_ask_for_is_the_first(expression: str, element: str) -> None:
    """An expression says by its first step what must come."""
    verify_expression(expression, "CarePlan")

    assert element_of(expression) == element


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "%resource.status",
        "(status)",
        "iif(true, status, intent).trace('x')",
        "name.trace('x')",
        "subject.resolve().name",
        "birthDate <= today() - 18 'years'",
        "status.nietBestaand()",
        "status.where(",
    ],
)
def test_an_expression_that_does_more_is_refused(expression: str) -> None:
    """What prints, follows links, reads a clock or is no FHIRPath stops the start."""
    with pytest.raises(SourceInvalid):
        verify_expression(expression, "CarePlan")


def test_an_expression_without_an_outcome_is_a_misfit(capsys: pytest.CaptureFixture[str]) -> None:
    """What the library cannot do with a value is not told by the value."""
    found = evaluate("status.toInteger() + 'x'", {"resourceType": "CarePlan", "status": "3"})

    assert found == [MISFIT]
    assert capsys.readouterr() == ("", "")
