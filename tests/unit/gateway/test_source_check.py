"""What an operator reads of a source over HTTP that is not as the mapping says: Dutch first."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.source_cli import app
from tests.builders import ROOT
from tests.counterparts.certificates import Authority
from tests.counterparts.fhir import FhirServer, Manner
from tests.counterparts.listening import Heard, Listening, Reply, listening
from tests.counterparts.oauth import CLIENT, Guarded

FOLDERS = ("--purposes", str(ROOT / "purposes"), "--policies", str(ROOT / "policies"))
SECRET = "een-verkeerd-geheim"  # noqa: S105 (a value that must not be seen)
PLAN = "at: CarePlan, subject: patient.identifier, columns: {status: {at: status, type: text}}"
PERSON = "at: personen, subject: burgerservicenummer, columns: {adres: {at: adres, type: text}}"
BRP_REFUSAL = b'{"code": "unauthorizedField", "invalidParams": [{"name": "fields[0]"}]}'


@pytest.fixture
def server() -> FhirServer:
    """Give a server that searches care plans, without any."""
    opened = FhirServer([])
    opened.kinds = {"CarePlan"}
    return opened


@pytest.fixture
def web(server: FhirServer) -> Iterator[Listening]:
    """Give the server on an address of its own."""
    with listening(server) as opened:
        server.base = f"{opened.url}/r4"
        yield opened


def told(folder: Path, source: str, table: str) -> str:
    """Check one source with one table; return what is said of it."""
    mapping = folder / "sources.yaml"
    mapping.write_text(
        f"sources:\n  bron: {{{source}}}\ntables:\n  t: {{source: bron, {table}}}\n", "utf-8"
    )
    ended = CliRunner().invoke(app, ["check", "--mapping", str(mapping), *FOLDERS])
    assert ended.exit_code == 1
    (said,) = [line for line in ended.output.splitlines() if line.startswith("bron: ")]
    return said.removeprefix("bron: ")


def fhir(web: Listening) -> str:
    """Return what a mapping says of the server."""
    return f"kind: fhir, address: '{web.url}/r4'"


@pytest.mark.parametrize("manner", [Manner.SPEC, Manner.HAPI])
def test_a_server_that_fits_is_in_order(
    web: Listening, server: FhirServer, tmp_path: Path, manner: Manner
) -> None:
    """Both manners of showing by what is searched are good."""
    server.manner = manner

    assert told(tmp_path, fhir(web), PLAN) == "in orde / in order"


@pytest.mark.parametrize(
    ("old", "new", "dutch"),
    [
        ("CarePlan", "Goal", "zoekt niet in Goal"),
        ("patient.identifier", "patient.identifer", "zoekt CarePlan niet op patient.identifer;"),
        ("type: text", "type: text, search: statuss", "zoekt CarePlan niet op statuss;"),
        ("at: status", "at: '%resource'", "alleen lezen: %resource"),
        ("at: status", "at: 'status.where('", "niet te lezen: status.where("),
    ],
)
def test_a_mistake_in_the_mapping_is_named(
    web: Listening, tmp_path: Path, old: str, new: str, dutch: str
) -> None:
    """The text says which word of the mapping is meant."""
    said = told(tmp_path, fhir(web), PLAN.replace(old, new))

    assert dutch in said.partition(" / ")[0]


def test_a_server_that_overlooks_parameters_is_told(
    web: Listening, server: FhirServer, tmp_path: Path
) -> None:
    """The text says what to ask of its administrator."""
    server.manner = Manner.IGNORING

    said = told(tmp_path, fhir(web), PLAN)

    assert said.startswith("de FHIR-server laat niet zien dat hij CarePlan op patient.identifier")
    assert "handling=strict" in said


@pytest.mark.parametrize(
    ("reply", "dutch"),
    [
        (Reply(401), "kent deze gateway niet; kijk naar oauth"),
        (Reply(404), "antwoordt met 404; kijk of hij aan staat en of het adres klopt"),
        (Reply(200, b"<html>geheim</html>"), "kijk of het adres klopt"),
        (Reply(200, b'{"resourceType": "Patient"}'), "hier staat geen FHIR-server"),
        (
            Reply(200, b'{"resourceType": "CapabilityStatement", "fhirVersion": "3.0.1"}'),
            "spreekt geen R4",
        ),
        (Reply(0), "niet te bereiken"),
    ],
)
def test_another_answer_than_that_of_the_source_is_told(
    web: Listening, tmp_path: Path, reply: Reply, dutch: str
) -> None:
    """The text says where to look, and nothing of what was answered."""
    web.say = lambda _heard: reply

    said = told(tmp_path, fhir(web), PLAN)

    assert dutch in said.partition(" / ")[0]
    assert "geheim" not in said


def test_a_search_that_is_refused_is_told(
    web: Listening, server: FhirServer, tmp_path: Path
) -> None:
    """A lack of rights is something else than a mistake in the mapping."""
    web.say = lambda heard: server(heard) if heard.method == "GET" else Reply(403)

    assert "welke rechten" in told(tmp_path, fhir(web), PLAN)


def test_a_source_that_is_silent_is_told(web: Listening, tmp_path: Path) -> None:
    """The text names the setting for how long it may take."""
    web.gate.clear()

    assert "deadline_ms" in told(tmp_path, f"{fhir(web)}, deadline_ms: 100", PLAN)


def _guarded(inner: Callable[[Heard], Reply], web: Listening, folder: Path) -> str:
    """Let the server want tokens, and return what a mapping with a wrong secret says of it."""
    web.say = Guarded(inner)
    (folder / "geheim").write_text(SECRET)
    oauth = f"token_url: '{web.url}/token', client_id: {CLIENT}, secret_file: geheim, scope: lezen"
    return f"{fhir(web)}, oauth: {{{oauth}}}"


def test_a_wrong_secret_is_told(web: Listening, server: FhirServer, tmp_path: Path) -> None:
    """The text names what may be wrong, and never the secret."""
    said = told(tmp_path, _guarded(server, web, tmp_path), PLAN)

    assert "client_id" in said.partition(" / ")[0]
    assert SECRET not in said


def test_a_secret_that_is_not_there_is_told(
    web: Listening, server: FhirServer, tmp_path: Path
) -> None:
    """The text names the file."""
    source = _guarded(server, web, tmp_path)
    (tmp_path / "geheim").unlink()

    assert "is niet te lezen: geheim" in told(tmp_path, source, PLAN)


def test_a_certificate_of_somebody_else_is_told(server: FhirServer, tmp_path: Path) -> None:
    """The text names the setting for whom to trust."""
    for name in ("eigen", "vreemd"):
        (tmp_path / name).mkdir()
    own, _ = Authority(tmp_path / "eigen"), Authority(tmp_path / "vreemd")
    with listening(server, own.server()) as web:
        said = told(tmp_path, f"{fhir(web)}, authority: vreemd/authority.pem", PLAN)

    assert "(authority)" in said.partition(" / ")[0]


@pytest.mark.parametrize(
    ("reply", "table", "dutch"),
    [
        (Reply(403, BRP_REFUSAL), PERSON, "geeft adres niet (unauthorizedField); kijk of"),
        (Reply(401), PERSON, "de BRP antwoordt met 401; hij kent deze gateway niet"),
        (Reply(200), PERSON.replace("personen", "huizen"), "staat bij personen of bij personen.<"),
    ],
)
def test_what_the_brp_does_not_give_is_told(
    web: Listening, tmp_path: Path, reply: Reply, table: str, dutch: str
) -> None:
    """A field, an authorisation, a place."""
    web.say = lambda _heard: reply

    said = told(tmp_path, f"kind: brp, address: '{web.url}'", table)

    assert dutch in said.partition(" / ")[0]
