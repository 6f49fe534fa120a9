"""POST /v1/processing-activities: what a supervisor finds, and what is no question."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.api import ldv, reading
from tests.builders import SANNE as SANNE_BSN
from tests.builders import SUPERVISOR, House, about, flag, texts_in
from tests.builders import YUSUF as YUSUF_BSN
from tests.fakes_projections import (
    OIN,
    PURPOSE,
    SANNE,
    SPAN,
    START_MS,
    TRACE,
    URL,
    YUSUF,
    ListedLog,
    make_leaf,
    make_log,
    make_policy,
    make_refusal,
    supervised_client,
)

pytestmark = pytest.mark.anyio
PATH = "/v1/processing-activities"
ACTIVITY = f"{URL}/v1/purposes/{PURPOSE}"
OTHER_TRACE = "f" * 32


@pytest.fixture
def log() -> ListedLog:
    """Give a log of five entries, a second apart."""
    return make_log(
        (make_leaf(0), (YUSUF,)),
        (make_policy(1), ()),
        (make_leaf(2, trace=OTHER_TRACE, subjects=2), (YUSUF, SANNE)),
        (make_refusal(3, trace=OTHER_TRACE, purpose=...), (SANNE,)),
        (make_refusal(4, trace=OTHER_TRACE, subjects=0), (SANNE,)),
    )


@pytest.fixture
async def http(log: ListedLog) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of an application where a supervisor is signed in."""
    async with supervised_client(log) as client:
        yield client


async def seconds(http: httpx.AsyncClient, **members: object) -> list[int]:
    """Return of which second each line is that this question finds."""
    answer = await http.post(PATH, json={NAMES.get(name, name): v for name, v in members.items()})
    return [
        (line["startTime"] - START_MS) // 1000 for line in answer.json()["processingActivities"]
    ]


NAMES = {
    "activity": "dpl.core.processing_activity_id",
    "person": "dpl.core.data_subject_id",
    "person_type": "dpl.core.data_subject_id_type",
    "processor": "dpl.core.foreign_operation.processor",
}


async def test_a_trace_gives_its_lines(http: httpx.AsyncClient) -> None:
    """The lines of a trace come in order, in the names of the read interface."""
    answer = await http.post(PATH, json={"traceId": TRACE})
    (line,) = answer.json()["processingActivities"]

    assert answer.status_code == 200
    assert (line["traceId"], line["status"], line["startTime"]) == (TRACE, "Unset", START_MS)
    assert line["attributes"]["dpl.core.data_subject_id"] == YUSUF
    assert line["resource"]["attributes"]["service.name"] == "doelpoort"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"traceId": OTHER_TRACE}, [2, 2, 3, 4]),
        ({"traceId": OTHER_TRACE.upper()}, [2, 2, 3, 4]),
        ({"traceId": "ffffffff-ffff-ffff-ffff-ffffffffffff"}, [2, 2, 3, 4]),
        ({"traceId": "0" * 32}, []),
        ({"activity": ACTIVITY}, [0, 2, 2, 4]),
        ({"activity": f"{URL}/v1/purposes"}, [3]),
        ({"activity": "https://elsewhere.example/register/1"}, []),
        ({"person": YUSUF}, [0, 2]),
        ({"person": SANNE, "traceId": OTHER_TRACE}, [2, 3]),
        ({"person": SANNE, "activity": ACTIVITY}, [2]),
        ({"person": YUSUF, "person_type": "urn:doelpoort:data-subject-key"}, [0, 2]),
        ({"person": YUSUF, "person_type": "BSN"}, []),
        ({"activity": ACTIVITY, "processor": f"urn:oin:{OIN}"}, [0, 4]),
        ({"person": YUSUF, "startTime": START_MS + 1}, [2]),
        ({"person": YUSUF, "endTime": START_MS}, [0]),
        ({"person": YUSUF, "startTime": START_MS, "endTime": START_MS + 2000}, [0, 2]),
        ({"person": YUSUF, "startTime": START_MS + 2, "endTime": START_MS}, []),
    ],
)
async def test_a_question_finds_its_lines(
    http: httpx.AsyncClient, question: dict[str, Any], expected: list[int]
) -> None:
    """A question finds the lines that fit all of it, and no other."""
    assert await seconds(http, **question) == expected


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"startTime": START_MS},
        {"startTime": START_MS, "endTime": START_MS + 1},
        {"dpl.core.data_subject_id_type": "BSN"},
        {"dpl.core.data_subject_id": "999911235"},
        {"dpl.core.data_subject_id": YUSUF.upper()},
        {"dpl.core.data_subject_id": None},
        {"traceId": "28dbeec3"},
        {"traceId": 28},
        {"traceId": TRACE, "startTime": "0"},
        {"traceId": TRACE, "startTime": -1},
        {"traceId": TRACE, "startTime": True},
        {"traceId": TRACE, "endTime": 2**53},
        {"traceId": TRACE, "unknown": 1},
        [],
    ],
)
async def test_what_is_no_question_is_400(http: httpx.AsyncClient, question: object) -> None:
    """A question without trace, activity or person, or with an ill-formed member, is refused."""
    answer = await http.post(PATH, json=question)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "999911235" not in answer.text


async def test_a_wrong_media_type_is_400(http: httpx.AsyncClient) -> None:
    """The body is JSON and says so."""
    answer = await http.post(PATH, content=b'{"traceId":"x"}', headers={"content-type": "a/b"})

    assert answer.status_code == 400


async def test_a_period_that_is_too_long_is_400(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More entries than one question may look through are refused; a part of them is not."""
    monkeypatch.setattr(reading, "SCAN_LIMIT", 3)
    refused = await http.post(PATH, json={"traceId": OTHER_TRACE})

    assert refused.json()["errors"][0]["member"] == "startTime"
    assert await seconds(http, traceId=OTHER_TRACE, startTime=START_MS + 2000) == [2, 2, 3, 4]


async def test_too_many_lines_are_400(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More lines than one answer holds are refused, and never cut off in silence."""
    monkeypatch.setattr(ldv, "LINES_LIMIT", 3)
    refused = await http.post(PATH, json={"traceId": OTHER_TRACE})

    assert refused.status_code == 400
    assert await seconds(http, traceId=OTHER_TRACE, endTime=START_MS + 3000) == [2, 2, 3]


async def test_nobody_else_reads_it(log: ListedLog) -> None:
    """Without a token nothing is read, not even the question."""
    async with supervised_client(log, signed_in=False) as http:
        answer = await http.post(PATH, json={"traceId": TRACE})
        nonsense = await http.post(PATH, content=b"{")

    assert (answer.status_code, nonsense.status_code) == (401, 401)


async def test_a_real_disclosure_is_found(house: House) -> None:
    """What was disclosed and refused is found by its trace; the BSN is in neither answer."""
    parent = f"00-{TRACE}-{SPAN}-01"
    released = await house.ask(flag(), traceparent=parent)
    refused = await house.ask(flag(subject=about(SANNE_BSN)), traceparent=parent)
    house.http.headers.update(house.headers(SUPERVISOR))

    found = (await house.http.post(PATH, json={"traceId": TRACE})).json()["processingActivities"]
    people = {line["attributes"]["dpl.core.data_subject_id"] for line in found}
    again = [await seconds(house.http, person=person) for person in people]

    assert (released.status_code, refused.status_code) == (200, 403)
    assert [line["name"].split()[0] for line in found] == ["verstrekking", "weigering"]
    assert {line["parentSpanId"] for line in found} == {SPAN}
    assert (len(people), [len(each) for each in again]) == (2, [1, 1])
    assert not {YUSUF_BSN, SANNE_BSN} & set(texts_in(found))


async def test_a_partner_is_no_supervisor(house: House) -> None:
    """A partner with a good token, who may ask for data, may not read the entries of all."""
    answer = await house.http.post(PATH, json={"traceId": TRACE}, headers=house.headers())

    assert answer.status_code == 403
