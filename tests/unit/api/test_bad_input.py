"""Whatever is no request is a 400 that names the member and never what it held."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.builders import YUSUF, Body, House, about, flag

pytestmark = pytest.mark.anyio

CANARY = "xkcdgeheim"
STEPS = f"/v1/cases/{'0' * 32}/steps"


def members(answer: Body) -> set[str]:
    """Return the members that a problem names."""
    return {error["member"] for error in answer["errors"]}


@pytest.mark.parametrize(
    ("body", "member"),
    [
        pytest.param(flag(task=...), "task", id="no task"),
        pytest.param(flag(task=""), "task", id="empty task"),
        pytest.param(flag(task=None), "task", id="task null"),
        pytest.param(flag(task=7), "task", id="task a number"),
        pytest.param(flag(task="Geheim Xkcdgeheim"), "task", id="task with a space"),
        pytest.param(flag(task="x" * 65), "task", id="task too long"),
        pytest.param(flag(task="taak-" + YUSUF), "task", id="task with a BSN"),
        pytest.param(flag(task="xkcdgeheim\n"), "task", id="task with a line end"),
        pytest.param(flag(activity=""), "activity", id="empty activity"),
        pytest.param(flag(activity=...), "activity", id="no activity"),
        pytest.param(flag(purpose=...), "purpose", id="no purpose"),
        pytest.param(flag(purpose=""), "purpose", id="empty purpose"),
        pytest.param(flag(purpose="   "), "purpose", id="blank purpose"),
        pytest.param(flag(purpose=[]), "purpose", id="no purpose in a list"),
        pytest.param(flag(purpose=[CANARY] * 11), "purpose", id="eleven purposes"),
        pytest.param(flag(purpose={CANARY: 1}), "purpose", id="purpose an object"),
        pytest.param(flag(purpose="x" * 201), "purpose", id="purpose too long"),
        pytest.param(flag(subject=YUSUF), "subject", id="subject a text"),
        pytest.param(flag(subject=about(int(YUSUF))), "subject.value", id="BSN a number"),
        pytest.param(flag(subject=about("9" * 65)), "subject.value", id="BSN too long"),
        pytest.param(
            flag(subject={"type": CANARY, "value": YUSUF}),
            "subject.type",
            id="unknown subject type",
        ),
        pytest.param(flag(subject={"value": YUSUF}), "subject.type", id="no subject type"),
        pytest.param(flag(fields="specialisatie_ingezet"), "fields", id="fields a text"),
        pytest.param(flag(fields=[""]), "fields.0", id="an empty field"),
        pytest.param(flag(fields=["x", 7]), "fields.1", id="a field a number"),
        pytest.param(flag(fields=["1985-03-04"]), "fields.0", id="a field that is a date"),
        pytest.param(flag(fields=["op_1985-03-04"]), "fields.0", id="a field with a date in it"),
        pytest.param(flag(fields=["7"]), "fields.0", id="a field that is a digit"),
        pytest.param(flag(fields=[f"x{YUSUF[:4]}-{YUSUF[4:]}"]), "fields.0", id="half BSN, twice"),
        pytest.param(flag(fields=["_xkcdgeheim"]), "fields.0", id="a field without a letter first"),
        pytest.param(
            flag(fields=[f"veld_{i}" for i in range(10_000)]), "fields", id="10,000 fields"
        ),
        pytest.param(flag(fields=["hulpvorm"] * 10_000), "fields", id="one field 10,000 times"),
        pytest.param(flag(justifications=[CANARY]), "justifications", id="justifications a list"),
        pytest.param(
            flag(justifications={"veld": "x" * 2_001}), "justifications", id="a long motivation"
        ),
        pytest.param(
            flag(justifications={"Xkcdgeheim!": "x"}), "justifications", id="a motivated non-name"
        ),
        pytest.param(flag(case=""), "case", id="empty case"),
        pytest.param(flag(case="../../xkcdgeheim"), "case", id="case a path"),
        pytest.param(flag(over_asking="grijp"), "over_asking", id="unknown over-asking"),
        pytest.param(flag(over_asking=None), "over_asking", id="over-asking null"),
        pytest.param(flag(xkcdgeheim=1), "body", id="an unknown member"),
        pytest.param([flag()], "body", id="a list of requests"),
        pytest.param(CANARY, "body", id="a text"),
    ],
)
async def test_a_member_out_of_form_is_named_and_not_shown(
    shared_house: House, body: object, member: str
) -> None:
    """The problem is a 400 in our words; nothing is decided, recorded or repeated."""
    before = shared_house.size

    response = await shared_house.ask(body)

    answer = response.json()
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert answer["type"] == "urn:doelpoort:problem:invalid-request"
    assert member in members(answer)
    assert all(error["message"] for error in answer["errors"])
    assert CANARY not in response.text.lower()
    assert YUSUF not in response.text
    assert "1985" not in response.text
    assert shared_house.size == before


@pytest.mark.parametrize(
    ("path", "body", "member"),
    [
        ("/v1/emergency-disclosures", flag(reason="violence_now"), "words"),
        ("/v1/emergency-disclosures", flag(words=CANARY * 9), "reason"),
        (f"/v1/reviews/{'0' * 32}", {"words": CANARY * 9}, "verdict"),
        (STEPS, {"step": "progress", "agreement": 1, "status": CANARY}, "status"),
        (STEPS, {"step": "progress", "agreement": 1, "next_on": CANARY}, "next_on"),
        (STEPS, {"step": "agree", "action": f"{CANARY}\0"}, "action"),
        (STEPS, {"step": "agree", "action": f"{CANARY}\n"}, "action"),
        ("/v1/citizen-reports", {"subject": about(YUSUF), "below": CANARY}, "below"),
        ("/v1/citizen-reports", {"subject": about(YUSUF), "limit": 0}, "limit"),
        ("/v1/citizen-reports", {"subject": about(YUSUF), "year": 1}, "year"),
    ],
)
async def test_other_routes_name_the_member_too(
    shared_house: House, path: str, body: Body, member: str
) -> None:
    """A member that is missing or out of form has a name there as well."""
    headers = shared_house.headers()

    response = await shared_house.http.post(path, json=body, headers=headers)

    assert response.status_code == 400
    assert member in members(response.json())
    assert CANARY not in response.text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b'{"task": xkcdgeheim}', id="no JSON"),
        pytest.param(json.dumps(flag()).encode() + b"{}", id="garbage behind it"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(json.dumps(flag()).encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"task": "\xff"}', id="no UTF-8"),
        pytest.param(b'{"task": "a", "task": "b"}', id="a member twice"),
        pytest.param(b'{"subject": {"type": "bsn", "type": "bsn"}}', id="a member twice, deep"),
        pytest.param(b'{"task": NaN}', id="not a number"),
        pytest.param(b'{"task": -Infinity}', id="minus infinity"),
        pytest.param(b'{"task": ' + b"9" * 5_000 + b"}", id="a number of 5,000 digits"),
        pytest.param(b'{"task": 1e999}', id="a number beyond floats"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
        pytest.param(b'{"a":' * 40_000, id="objects nested too deeply"),
        pytest.param(b'{"task": "\\ud800"}', id="half a surrogate pair"),
        pytest.param(b'{"\\ud800": 1}', id="half a surrogate pair as a name"),
        pytest.param(
            json.dumps(flag(justifications={"veld": "?"})).encode().replace(b"?", b"\\udfff"),
            id="half a surrogate pair in a motivation",
        ),
        pytest.param(
            json.dumps(flag(purpose="?")).encode().replace(b"?", b"\\udfff"),
            id="half a surrogate pair in a purpose",
        ),
    ],
)
async def test_a_body_that_is_no_json_is_400(shared_house: House, content: bytes) -> None:
    """Whatever the bytes are, the answer is a 400 that names a member and repeats nothing."""
    headers = shared_house.headers(content_type="application/json")

    response = await shared_house.http.post("/v1/disclosures", content=content, headers=headers)

    assert response.status_code == 400
    assert members(response.json())
    assert CANARY not in response.text


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"]
)
async def test_another_content_type_is_400(shared_house: House, media_type: str) -> None:
    """A body that does not say that it is JSON is not read."""
    headers = shared_house.headers(content_type=media_type)

    response = await shared_house.http.post(
        "/v1/disclosures", content=json.dumps(flag()), headers=headers
    )

    assert response.status_code == 400
    assert members(response.json()) == {"content-type"}


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
async def test_json_by_any_spelling_is_read(shared_house: House, media_type: str) -> None:
    """Media types are not case sensitive and may have parameters."""
    headers = shared_house.headers(content_type=media_type)

    response = await shared_house.http.post(
        "/v1/disclosures", content=json.dumps(flag()), headers=headers
    )

    assert response.status_code == 200


async def test_a_body_over_the_limit_is_413(shared_house: House) -> None:
    """A body that announces more than 256 KiB is not read."""
    headers = shared_house.headers(content_type="application/json")

    response = await shared_house.http.post(
        "/v1/disclosures", content=b" " * (256 * 1024 + 1), headers=headers
    )

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["api-version"]


async def test_a_body_of_just_the_limit_is_read(shared_house: House) -> None:
    """256 KiB is allowed."""
    content = json.dumps(flag()).encode().ljust(256 * 1024)
    headers = shared_house.headers(content_type="application/json")

    response = await shared_house.http.post("/v1/disclosures", content=content, headers=headers)

    assert response.status_code == 200


async def endless() -> AsyncIterator[bytes]:
    """Give a body that announces no length."""
    for _ in range(300):
        yield b" " * 1024


@pytest.mark.parametrize("path", ["/v1/disclosures", "/oauth/token"])
async def test_a_body_without_a_length_stops_at_the_limit(shared_house: House, path: str) -> None:
    """A body that comes in pieces is 413 as soon as it is too much."""
    form = "application/x-www-form-urlencoded" if path == "/oauth/token" else "application/json"
    headers = shared_house.headers(content_type=form)

    response = await shared_house.http.post(path, content=endless(), headers=headers)

    assert response.status_code == 413


async def test_a_length_of_thousands_of_digits_is_too_much(shared_house: House) -> None:
    """An absurd announcement is answered as what it is."""
    headers = shared_house.headers(content_type="application/json", content_length="9" * 5_000)

    response = await shared_house.http.post("/v1/disclosures", content=endless(), headers=headers)

    assert response.status_code in {400, 413}


async def test_faults_are_few_even_when_there_are_many(shared_house: House) -> None:
    """A request with a hundred faults gets a short list."""
    response = await shared_house.ask(flag(fields=["GEHEIM"] * 100))

    assert response.status_code == 400
    assert len(response.json()["errors"]) <= 20


async def test_a_query_member_out_of_form_is_named(shared_house: House) -> None:
    """What stands behind the question mark has a name too."""
    response = await shared_house.get("/v1/due-cases?start=-1&limit=0")

    assert response.status_code == 400
    assert members(response.json()) == {"start", "limit"}


@pytest.mark.parametrize("key", ["", "x" * 129, "met spatie"])
async def test_an_idempotency_key_out_of_form_is_400(shared_house: House, key: str) -> None:
    """The header is named, its value is not."""
    response = await shared_house.ask(flag(), idempotency_key=key)

    assert response.status_code == 400
    assert members(response.json()) == {"Idempotency-Key"}


@pytest.mark.parametrize("path", ["/v1/disclosures/geen-id/receipt", "/v1/purposes/" + "x" * 65])
async def test_a_path_member_out_of_form_is_named(shared_house: House, path: str) -> None:
    """A malformed id in the path is 404 or a 400 that names it, and never 422."""
    response = await shared_house.get(path)

    assert response.status_code in {400, 404}
    assert {"id"} >= {error["member"] for error in response.json().get("errors", ())}


@pytest.mark.parametrize("body", [flag(subject=...), flag(subject=None)])
async def test_a_question_about_nobody_is_refused_and_recorded(
    shared_house: House, body: Body
) -> None:
    """A request may leave the person out, for figures; a purpose about a person then refuses."""
    before = shared_house.size

    response = await shared_house.ask(body)

    assert response.status_code == 403
    assert [reason["code"] for reason in response.json()["reasons"]] == ["SUBJECT_MISSING"]
    assert shared_house.leaves(before)[0]["subjects"] == 0
