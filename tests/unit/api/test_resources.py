"""The resources beside the disclosure: receipts, purposes, health, checkpoint, documentation."""

import datetime as dt
import re

import pytest

from audit.checkpoint import open_checkpoint
from audit.note import parse_vkey
from gateway.identity.clients import Hat
from tests.builders import CONSULTANT, SCHOOL, WMO, House, feedback, flag

pytestmark = pytest.mark.anyio

HOUSE_HEADERS = {
    "api-version": "1.0.0",
    "cache-control": "no-store",
    "content-security-policy": None,
    "strict-transport-security": None,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


async def test_a_receipt_can_be_fetched_again(shared_house: House) -> None:
    """The receipt is byte for byte the one that came with the answer."""
    answer = (await shared_house.ask(flag())).json()

    response = await shared_house.get(f"/v1/disclosures/{answer['disclosure_id']}/receipt")

    assert response.status_code == 200
    assert response.json() == answer["receipt"]


async def test_another_organisation_does_not_find_a_receipt(shared_house: House) -> None:
    """What belongs to another organisation looks like what does not exist."""
    answer = (await shared_house.ask(flag())).json()
    missing = await shared_house.get(f"/v1/disclosures/{'0' * 32}/receipt", SCHOOL)

    response = await shared_house.get(f"/v1/disclosures/{answer['disclosure_id']}/receipt", SCHOOL)

    assert (response.status_code, missing.status_code) == (404, 404)
    assert response.content == missing.content


async def test_the_genesis_entry_is_nobodys_receipt(shared_house: House) -> None:
    """An entry that is no disclosure is not found by its id."""
    genesis = shared_house.leaves()[0]["id"]

    response = await shared_house.get(f"/v1/disclosures/{genesis}/receipt")

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("hat", "own"),
    [
        (CONSULTANT, "lichte-of-zware-hulp"),
        (SCHOOL, "weten-dat-leerling-geholpen-wordt"),
        (WMO, "hulpvraag-afbakenen"),
    ],
)
async def test_a_caller_sees_the_purposes_of_its_role(
    shared_house: House, hat: Hat, own: str
) -> None:
    """The list holds what this organisation may declare in this role, and nothing else."""
    response = await shared_house.get("/v1/purposes", hat)

    listed = [purpose["id"] for purpose in response.json()]
    named = {
        purpose.id
        for purpose in shared_house.services.gate.catalogue.purposes.values()
        if any((r.organisation, r.role) == (hat.organisation, hat.role) for r in purpose.requesters)
    }
    assert response.status_code == 200
    assert own in listed
    assert set(listed) <= named


async def test_a_purpose_tells_what_why_and_on_which_basis(shared_house: House) -> None:
    """A purpose names its fields with precision and reason, its conditions and its basis."""
    purpose = (await shared_house.get("/v1/purposes/lichte-of-zware-hulp")).json()

    assert (purpose["task"], purpose["activity"]) == (
        "jeugd-toeleiding",
        "criteria-toetsen-zwaarte",
    )
    assert [(field["name"], field["precision"]) for field in purpose["fields"]] == [
        ("specialisatie_ingezet", "flag"),
        ("verwachte_duur_band", "band"),
    ]
    assert all(field["because"] and field["meaning"] for field in purpose["fields"])
    assert "behandelplan_tekst" in purpose["never"]
    assert purpose["instead"]["behandelplan_tekst"] == ["specialisatie_ingezet"]
    assert len(purpose["conditions"]) == 2
    assert purpose["legal_basis"]
    assert purpose["obligations"]


@pytest.mark.parametrize("name", ["hulpvraag-afbakenen", "bestaat-niet"])
async def test_a_purpose_of_others_is_not_found(shared_house: House, name: str) -> None:
    """A purpose that the caller may not declare looks like one that does not exist."""
    response = await shared_house.get(f"/v1/purposes/{name}")

    assert response.status_code == 404


async def test_health_tells_policy_and_checkpoint(shared_house: House) -> None:
    """Anybody can see that the gateway runs, under which policy, how fresh its checkpoint is."""
    await shared_house.ask(flag())

    response = await shared_house.http.get("/v1/health")

    health = response.json()
    assert response.status_code == 200
    assert health["status"] == "ok"
    assert health["policy_revision"] == shared_house.services.gate.catalogue.revision
    assert health["ledger_size"] == shared_house.size
    assert health["checkpoint_age_s"] >= 0
    assert health["engine"] == "embedded"


async def test_health_tells_of_a_log_whose_year_is_over(house: House) -> None:
    """A gateway that ran through New Year's Eve can answer, and asks to be restarted."""
    before = (await house.http.get("/v1/health")).json()
    house.clock.at = dt.datetime(9998, 1, 1, tzinfo=dt.UTC)

    after = await house.http.get("/v1/health")

    assert before["log_problem"] is None
    assert (after.status_code, after.json()["status"]) == (200, "ok")
    assert after.json()["log_problem"] == "year passed, restart"


async def test_the_checkpoint_is_public_and_signed(shared_house: House) -> None:
    """Anybody gets the head of the log as a signed note that covers the newest entry."""
    answer = (await shared_house.ask(feedback(), SCHOOL)).json()

    response = await shared_house.http.get("/log/checkpoint")

    checkpoint = open_checkpoint(response.content, parse_vkey(shared_house.gateway.vkey))
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert checkpoint.size > answer["receipt"]["index"]


async def test_the_document_is_public_and_open_to_other_sites(shared_house: House) -> None:
    """The OpenAPI document has CORS, version, contact, licence and https server."""
    response = await shared_house.http.get("/v1/openapi.json")

    document = response.json()
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    assert document["info"]["version"] == response.headers["api-version"]
    assert all(document["info"]["contact"].values())
    assert [server["url"] for server in document["servers"]] == [str(shared_house.http.base_url)]


async def test_only_the_document_is_open_to_other_sites(shared_house: House) -> None:
    """No other answer may be read by a page of another site."""
    response = await shared_house.http.get("/v1/health")

    assert "access-control-allow-origin" not in response.headers


async def test_the_document_promises_no_422(shared_house: House) -> None:
    """Bad input is 400 here, so the document names no 422."""
    document = (await shared_house.http.get("/v1/openapi.json")).json()

    statuses = {
        status
        for path in document["paths"].values()
        for operation in path.values()
        for status in operation["responses"]
    }
    assert "422" not in statuses
    assert {"200", "400", "401", "403", "404", "409", "413", "503"} <= statuses


async def test_every_guarded_operation_says_how_to_authenticate(shared_house: House) -> None:
    """The document names the bearer token for what needs one."""
    document = (await shared_house.http.get("/v1/openapi.json")).json()

    guarded = [
        operation
        for path in document["paths"].values()
        for operation in path.values()
        if "401" in operation["responses"]
    ]
    assert guarded
    assert [operation["operationId"] for operation in guarded if "security" not in operation] == []


async def test_the_documentation_loads_from_this_host_only(shared_house: House) -> None:
    """The page names no other host, and its policy would not let it load from one."""
    response = await shared_house.http.get("/docs")

    assert response.status_code == 200
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", response.text) == []
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy


@pytest.mark.parametrize("asset", ["swagger-ui-bundle.js", "swagger-ui.css"])
async def test_the_documentation_has_its_parts_at_hand(shared_house: House, asset: str) -> None:
    """Script and style sheet come from the package."""
    response = await shared_house.http.get(f"/docs/{asset}")

    assert response.status_code == 200
    assert len(response.content) > 10_000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/health/", 404),
        ("GET", "/v1/purposes/", 404),
        ("POST", "/v1/disclosures/", 404),
        ("GET", "/docs/../settings", 404),
        ("GET", "/docs/onbekend.js", 404),
        ("GET", "/log/checkpoint/", 404),
        ("GET", "/v1/disclosures", 405),
        ("DELETE", "/v1/purposes", 405),
        ("PUT", "/log/checkpoint", 405),
        ("GET", "/oauth/token", 405),
    ],
)
async def test_unknown_paths_and_methods_are_problems(
    shared_house: House, method: str, path: str, status: int
) -> None:
    """No redirect and no page: a problem document with the right status."""
    response = await shared_house.http.request(method, path, headers=shared_house.headers())

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status


async def test_a_wrong_method_names_the_right_one(shared_house: House) -> None:
    """405 carries the Allow header."""
    response = await shared_house.http.get("/v1/disclosures")

    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/health"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/docs/swagger-ui.css"),
        ("GET", "/log/checkpoint"),
        ("GET", "/v1/purposes"),
        ("POST", "/v1/disclosures"),
        ("POST", "/oauth/token"),
        ("GET", "/nergens"),
        ("GET", "/v1/disclosures"),
    ],
)
async def test_every_answer_carries_the_house_headers(
    shared_house: House, method: str, path: str
) -> None:
    """Version and security headers stand on every answer, errors included, each once."""
    response = await shared_house.http.request(method, path)

    names = [name for name, _ in response.headers.multi_items()]
    wrong = {
        name
        for name, value in HOUSE_HEADERS.items()
        if names.count(name) != 1 or value not in {None, response.headers[name]}
    }
    assert wrong == set()
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
