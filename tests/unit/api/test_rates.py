"""Too many looks: 429 with when to come back, without an entry; other requests go on."""

from dataclasses import replace

import pytest

from gateway.identity.clients import Hat
from gateway.rates import Rates
from tests.builders import CONSULTANT, SUPERVISOR, YUSUF, House, about, flag
from tests.fakes_informing import OFFICER, PORTAL, enrol

pytestmark = pytest.mark.anyio

NONE = "0" * 32
VNG = (
    "/v1/verwerkte-objecten?objecttype=persoon&soortObjectId=urn:doelpoort:data-subject-key"
    f"&objectId={NONE}&beginDatum=2026-03-02&eindDatum=2026-03-03"
)


@pytest.fixture
def slow(house: House) -> House:
    """Give a gateway where one look a minute is allowed, and the clock of it stands still."""
    enrol(house)
    house.rewire(replace(house.services, rates=Rates(1, lambda: 0.0)))
    return house


@pytest.mark.parametrize(
    ("path", "body", "hat"),
    [
        (f"/v1/cases/{NONE}", None, CONSULTANT),
        ("/v1/case-searches", {"subject": about(YUSUF)}, CONSULTANT),
        (f"/v1/disclosures/{NONE}", None, CONSULTANT),
        ("/v1/inbox", None, CONSULTANT),
        (f"/v1/inbox/{NONE}", None, CONSULTANT),
        (f"/v1/reviews/{NONE}", None, OFFICER),
        ("/v1/citizen-reports", {"subject": about(YUSUF)}, PORTAL),
        (VNG, None, SUPERVISOR),
        (f"/v1/verwerkte-objecten/{NONE}", None, SUPERVISOR),
        ("/v1/processing-activities", {"traceId": NONE}, SUPERVISOR),
    ],
)
async def test_the_second_look_is_too_many(slow: House, path: str, body: object, hat: Hat) -> None:
    """The first is answered; the second is told how many seconds to wait, and leaves no entry."""
    method = "GET" if body is None else "POST"
    headers = slow.headers(hat)
    first = await slow.http.request(method, path, json=body, headers=headers)
    size = slow.size

    second = await slow.http.request(method, path, json=body, headers=headers)

    assert first.status_code in {200, 404}
    assert (second.status_code, second.headers["retry-after"]) == (429, "60")
    assert second.headers["content-type"] == "application/problem+json"
    assert second.json()["type"] == "urn:doelpoort:problem:too-many-looks"
    assert slow.size == size


async def test_asking_for_data_is_not_looking(slow: House) -> None:
    """Who asked too many looks still gets the data of its tasks."""
    for _ in range(2):
        await slow.get(f"/v1/cases/{NONE}", CONSULTANT)

    assert (await slow.ask(flag())).status_code == 200
