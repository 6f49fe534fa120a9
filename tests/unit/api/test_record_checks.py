"""POST /v1/record-checks: guarded, strict, and without a trace of what was sent."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from gateway.identity.clients import Hat
from tests.builders import CONSULTANT, WMO, House

pytestmark = pytest.mark.anyio

CONFIDENCE = "Mevrouw Jansen vertelt over haar depressie. BSN 999914121."
Body = dict[str, Any]
Check = Callable[..., Coroutine[Any, Any, httpx.Response]]


@pytest.fixture
def check(shared_house: House) -> Check:
    """Give what posts a note to the gateway, as the Wmo consultant unless another hat is named."""

    async def post(body: object, hat: Hat | None = WMO) -> httpx.Response:
        headers = {} if hat is None else shared_house.headers(hat)
        return await shared_house.http.post("/v1/record-checks", json=body, headers=headers)

    return post


def scooter(**changes: object) -> Body:
    """Return a note about the report of somebody who asks for a mobility scooter."""
    body: Body = {
        "task": "wmo-onderzoek",
        "activity": "vraagverheldering",
        "purpose": "hulpvraag-afbakenen",
    }
    return body | changes


async def test_a_form_is_told_what_is_necessary_and_what_is_not(check: Check) -> None:
    """Each field has its verdict, with the reason or with what to record instead."""
    fields = ["hulpvraag_categorie", "lopende_schuldhulp", "zrm_totaalscore"]
    response = await check(scooter(fields=fields))

    answer = response.json()
    assert response.status_code == 200
    assert answer["outcome"] == "take_out"
    assert [(each["name"], each["verdict"]) for each in answer["fields"]] == [
        ("hulpvraag_categorie", "necessary"),
        ("lopende_schuldhulp", "motivation"),
        ("zrm_totaalscore", "not_necessary"),
    ]
    assert answer["fields"][0]["because"]
    assert answer["fields"][2]["instead"] == ["relevante_leefgebieden"]


async def test_fields_may_be_ticked(check: Check) -> None:
    """A form may send its fields as names with true."""
    listed = await check(scooter(fields=["hulpvraag_categorie"]))
    ticked = await check(scooter(fields={"hulpvraag_categorie": True}))

    assert ticked.status_code == 200
    assert ticked.json() == listed.json()


async def test_a_clean_note_may_stay(check: Check) -> None:
    """A note with what is necessary and nothing else is let be."""
    sections = [{"label": "hulpvraag", "text": "Meneer wil weer zelf naar de winkel."}]
    response = await check(scooter(fields=["hulpvraag_categorie"], sections=sections, domains=[]))

    assert response.json()["outcome"] == "may_stay"


async def test_the_matrix_is_told_for_the_help_question(check: Check) -> None:
    """Walking may be asked for a scooter, and mental health not."""
    domains = ["lichamelijke-gezondheid", "geestelijke-gezondheid"]
    response = await check(scooter(domains=domains, help_question="vervoer"))

    assert [(d["domain"], d["may_ask"], d["may_score"]) for d in response.json()["domains"]] == [
        ("lichamelijke-gezondheid", True, False),
        ("geestelijke-gezondheid", False, False),
    ]


async def test_nothing_of_a_note_is_answered_logged_or_recorded(
    check: Check, shared_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer names label, kind and count; log and ledger stay as they were."""
    caplog.set_level(logging.DEBUG)
    before = shared_house.size
    response = await check(scooter(sections=[{"label": "gezondheid", "text": CONFIDENCE}]))

    found = {each["kind"]: each["count"] for each in response.json()["sections"][0]["found"]}
    assert found == {"bsn": 1, "geestelijke-gezondheid": 1}
    assert shared_house.size == before
    assert "Jansen" not in response.text + caplog.text
    assert "999914121" not in response.text + caplog.text


async def test_the_step_of_another_is_refused_without_knowledge(
    check: Check, shared_house: House
) -> None:
    """Who may not declare the step hears that, and nothing about the fields or the matrix."""
    before = shared_house.size
    sections = [{"label": "gezondheid", "text": CONFIDENCE}]
    response = await check(scooter(fields=["hulpvraag_categorie"], sections=sections), CONSULTANT)

    problem = response.json()
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert (problem["step"], problem["type"]) == (1, "urn:doelpoort:problem:refused:wrong-hat")
    assert not {"fields", "sections", "domains", "disclosure_id", "receipt"} & set(problem)
    assert "hulpvraag_categorie" not in response.text
    assert shared_house.size == before


async def test_a_vague_purpose_is_refused_with_its_code(check: Check) -> None:
    """A purpose that is none gets the answer that a disclosure gets."""
    response = await check(scooter(purpose="mevrouw zo goed mogelijk helpen"))

    assert response.status_code == 403
    assert [each["code"] for each in response.json()["reasons"]] == ["PURPOSE_TOO_VAGUE"]


async def test_nobody_checks_without_a_token(check: Check) -> None:
    """The caller comes before the body."""
    assert (await check("no note at all", None)).status_code == 401


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"task": ...}, "task"),
        ({"subject": {"type": "bsn", "value": "999914121"}}, "subject"),
        ({"fields": {"hulpvraag_categorie": False}}, "fields"),
        ({"fields": {"hulpvraag_categorie": CONFIDENCE}}, "fields"),
        ({"fields": [CONFIDENCE]}, "fields.0"),
        ({"fields": ["a"] * 101}, "fields"),
        ({"sections": [{"label": CONFIDENCE, "text": ""}]}, "sections.0.label"),
        ({"sections": [{"label": "wonen"}]}, "sections.0.text"),
        ({"sections": [{"label": "wonen", "text": 1}]}, "sections.0.text"),
        ({"sections": [{"label": "wonen", "text": "x" * 20_001}] * 2}, "sections"),
        ({"sections": [{"label": "wonen", "text": ""}] * 51}, "sections"),
        ({"domains": ["a"] * 51}, "domains"),
        ({"help_question": CONFIDENCE}, "help_question"),
    ],
)
async def test_what_is_no_note_is_named_and_never_echoed(
    check: Check, changes: Body, member: str
) -> None:
    """A wrong member is told by its place; what was sent stays out of the answer."""
    body = {name: value for name, value in scooter(**changes).items() if value is not ...}
    response = await check(body)

    assert response.status_code == 400
    assert member in {error["member"] for error in response.json()["errors"]}
    assert "Jansen" not in response.text
    assert "999914121" not in response.text
