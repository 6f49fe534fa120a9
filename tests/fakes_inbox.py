"""A question that is open, for tests that end it, and how it is asked and answered over HTTP."""

import datetime as dt

import httpx

from gateway.catalogue.model import Requester
from gateway.inbox.model import Asker, Question
from gateway.subject import parse_bsn
from tests.builders import CARE_WORKER, Body, House, flag

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
QUESTION = Question(
    id="a" * 32,
    release_id="b" * 32,
    subject=parse_bsn("999911235"),
    purpose="lichte-of-zware-hulp",
    asker=Asker("team", "gem-toegang-jeugd", "consulent-jeugd", "medewerker-7"),
    holder=Requester("jeugdhulpverlener", "jeugdhulp-de-brug"),
    request="{}",
    asked_at=NOW,
    until=dt.date(2026, 3, 9),
)


async def waiting(house: House, **changes: object) -> str:
    """Ask what has to wait and return the id under which it does."""
    response = await house.ask(flag(**changes))
    assert response.status_code == 202, response.text
    return str(response.json()["disclosure_id"])


async def answers(
    house: House, question: str, body: Body, professional: str = "behandelaar-1"
) -> httpx.Response:
    """Answer a question as the care worker."""
    token = house.token(CARE_WORKER, professional)
    return await house.http.post(
        f"/v1/inbox/{question}/answers",
        json=body,
        headers={"authorization": f"Bearer {token}"},
    )
