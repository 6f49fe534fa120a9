"""GET /v1/verwerkte-objecten: one person by pseudonym, in a number of days."""

from collections.abc import AsyncIterator

import httpx
import pytest

from audit.projections.record import activity_id
from gateway.api import reading, vng
from tests.fakes_projections import (
    OIN,
    PURPOSE,
    SANNE,
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
PATH = "/v1/verwerkte-objecten"
HOUR_S = 3600
# The log begins at ten in the morning, Amsterdam time.
DAY = "2026-03-02"
NEXT_DAY = "2026-03-03"


@pytest.fixture
def log() -> ListedLog:
    """Give a log of two days; midnight in Amsterdam is fourteen hours after its begin."""
    return make_log(
        (make_leaf(0), (YUSUF,)),
        (make_policy(1), ()),
        (make_refusal(2, purpose=...), (YUSUF,)),
        (make_leaf(14 * HOUR_S - 1, subjects=2), (SANNE, YUSUF)),
        (make_leaf(14 * HOUR_S), (YUSUF,)),
    )


@pytest.fixture
async def http(log: ListedLog) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of an application where a supervisor is signed in."""
    async with supervised_client(log) as client:
        yield client


def question(**changes: str) -> dict[str, str]:
    """Return the question about Yusuf on the first day."""
    return {
        "objecttype": "persoon",
        "soortObjectId": "urn:doelpoort:data-subject-key",
        "objectId": YUSUF,
        "beginDatum": DAY,
        "eindDatum": NEXT_DAY,
    } | changes


async def moments(http: httpx.AsyncClient, **changes: str) -> list[str]:
    """Return the moments of the objects that this question finds."""
    answer = await http.get(PATH, params=question(**changes))
    return [each["verwerkingsactie"]["tijdstip"][:19] for each in answer.json()["results"]]


async def test_a_person_has_objects(http: httpx.AsyncClient) -> None:
    """All that was processed about one person on a day is listed, and the other person is not."""
    answer = await http.get(PATH, params=question())
    page = answer.json()

    assert answer.status_code == 200
    assert (page["count"], page["next"], page["previous"]) == (3, None, None)
    assert {each["objectId"] for each in page["results"]} == {YUSUF}
    assert SANNE not in answer.text
    assert not {"systeem", "gebruiker", "gegevensbron"} & set(page["results"][0])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"objectId": SANNE}, ["2026-03-02T22:59:59"]),
        ({"objectId": "c" * 32}, []),
        ({"beginDatum": NEXT_DAY, "eindDatum": "2026-03-04"}, ["2026-03-02T23:00:00"]),
        ({"beginDatum": NEXT_DAY, "eindDatum": DAY}, []),
        (
            {"verwerkingsactiviteitId": activity_id(OIN, PURPOSE)},
            ["2026-03-02T09:00:00", "2026-03-02T22:59:59"],
        ),
        ({"verwerkingsactiviteitId": activity_id(OIN, "other")}, []),
    ],
)
async def test_a_question_finds_its_objects(
    http: httpx.AsyncClient, changes: dict[str, str], expected: list[str]
) -> None:
    """A question finds what fits all of it; days are days in Amsterdam, the last excluded."""
    assert await moments(http, **changes) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"soortObjectId": "BSN", "objectId": "999911235"},
        {"soortObjectId": "BSN"},
        {"objectId": "999911235"},
        {"objectId": YUSUF.upper()},
        {"objecttype": "zaak"},
        {"beginDatum": "2-3-2026"},
        {"beginDatum": "0001-01-01"},
        {"eindDatum": "9999-12-31"},
        {"verwerkingsactiviteitId": "7"},
        {"pagina": "0"},
        {"onbekend": "1"},
    ],
)
async def test_what_is_no_question_is_400(http: httpx.AsyncClient, changes: dict[str, str]) -> None:
    """A BSN in the address, and any ill-formed member, is refused and never repeated."""
    answer = await http.get(PATH, params=question(**changes))

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "999911235" not in answer.text


@pytest.mark.parametrize("missing", sorted(question()))
async def test_a_question_is_whole(http: httpx.AsyncClient, missing: str) -> None:
    """Each of the five members is needed."""
    asked = question()
    del asked[missing]

    assert (await http.get(PATH, params=asked)).status_code == 400


async def test_pages_follow_each_other(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long list comes in pages, whose links lead from the first to the last and back."""
    monkeypatch.setattr(vng, "PAGE", 2)
    first = (await http.get(PATH, params=question())).json()
    second = (await http.get(first["next"])).json()
    back = (await http.get(second["previous"])).json()

    assert first["next"].startswith(f"{URL}{PATH}?")
    assert (first["count"], second["count"], second["next"]) == (3, 3, None)
    assert [len(each["results"]) for each in (first, second)] == [2, 1]
    assert back == first


async def test_a_period_that_is_too_long_is_400(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More entries than one question may look through are refused."""
    monkeypatch.setattr(reading, "SCAN_LIMIT", 3)
    answer = await http.get(PATH, params=question())

    assert answer.json()["errors"][0]["member"] == "eindDatum"


async def test_an_object_is_read_at_its_address(http: httpx.AsyncClient) -> None:
    """The address of a listed object gives that object."""
    listed = (await http.get(PATH, params=question())).json()["results"][-1]

    assert (await http.get(listed["url"])).json() == listed


@pytest.mark.parametrize(
    ("name", "status"), [("00000000-0000-0000-0000-000000000000", 404), ("7", 400)]
)
async def test_what_is_no_object_is_not_found(
    http: httpx.AsyncClient, name: str, status: int
) -> None:
    """An id of nothing is not found, and what is no id is no question."""
    assert (await http.get(f"{PATH}/{name}")).status_code == status


@pytest.mark.parametrize("path", [PATH, f"{PATH}/00000000-0000-0000-0000-000000000000"])
async def test_nobody_else_reads_it(log: ListedLog, path: str) -> None:
    """Without a token nothing is read."""
    async with supervised_client(log, signed_in=False) as http:
        assert (await http.get(path, params=question())).status_code == 401
