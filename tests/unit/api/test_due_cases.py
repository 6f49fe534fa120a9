"""The worklist over HTTP: what waits for a decision, by term, without persons and recorded."""

from dataclasses import replace

import httpx
import pytest

from audit.errors import LedgerBusy
from gateway.identity.clients import Hat
from gateway.rates import Rates
from tests.builders import HENK, House, about
from tests.case_house import COORDINATOR, bearer, post, recording
from tests.fakes_cases import MemoryLedger

pytestmark = pytest.mark.anyio

TASKFORCE = Hat("gem-taskforce1627", "taskforce-lid")
URGENT = {"kind": "taskforce-16-27", "beginning": "own_request", "subject": about(HENK)}


@pytest.fixture
def ledger(house: House) -> MemoryLedger:
    """Give the ledger that looks in this house are recorded in."""
    return recording(house)


async def due_cases(house: House, hat: Hat = TASKFORCE, **asked: int) -> httpx.Response:
    """Ask for the cases that wait for a decision of this hat."""
    return await house.http.get("/v1/due-cases", params=asked, headers=bearer(hat))


async def test_what_waits_for_a_decision_is_listed(house: House, ledger: MemoryLedger) -> None:
    """The most urgent first, without a person; one entry stands for the look, with its receipt."""
    begun = await post(house, "/v1/cases", URGENT, TASKFORCE)
    ledger.drafts.clear()

    response = await due_cases(house)

    earlier, mine = response.json()["cases"]
    assert mine == {
        "id": begun.json()["id"],
        "kind": "taskforce-16-27",
        "phase": "lopend",
        "opened": "2026-03-02",
        "decide_by": "2026-03-02",
        "is_overdue": False,
        "version": 1,
    }
    assert (earlier["is_overdue"], response.json()["next_start"]) == (True, None)
    assert response.json()["receipt"]["proof"] == "proof"
    assert HENK not in response.text
    [look] = ledger.drafts
    assert (look.members["ground"], look.members["role"]) == ("worklist", "taskforce-lid")
    assert (look.subject, look.committed) == (None, {"professional": b"medewerker-7"})


@pytest.mark.usefixtures("ledger")
async def test_what_waits_comes_in_pages(house: House) -> None:
    """A page says where the next one begins, and the last that it is the last."""
    begun = await post(house, "/v1/cases", URGENT, TASKFORCE)
    first = (await due_cases(house, limit=1)).json()

    last = (await due_cases(house, limit=1, start=first["next_start"])).json()

    assert (first["next_start"], last["next_start"]) == (1, None)
    assert [each["id"] for each in last["cases"]] == [begun.json()["id"]]


async def test_who_decides_nothing_has_no_worklist(house: House, ledger: MemoryLedger) -> None:
    """A role that decides in no case with a term is refused, and nothing is looked at."""
    response = await due_cases(house, COORDINATOR)

    assert (response.status_code, ledger.drafts) == (403, [])


async def test_no_entry_no_worklist(house: House, ledger: MemoryLedger) -> None:
    """A look that cannot be recorded shows nothing."""
    ledger.failures = [LedgerBusy("scripted")]

    response = await due_cases(house)

    assert response.status_code == 503
    assert "cases" not in response.json()


async def test_the_worklist_counts_as_a_look(house: House, ledger: MemoryLedger) -> None:
    """The second look within the minute is too many, and leaves no entry."""
    house.rewire(replace(house.services, rates=Rates(1, lambda: 0.0)))
    first = await due_cases(house)

    second = await due_cases(house)

    assert (first.status_code, second.status_code) == (200, 429)
    assert len(ledger.drafts) == 1


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 201}, {"start": -1}, {"start": 10_001}])
async def test_a_page_that_is_none_is_refused(
    house: House, ledger: MemoryLedger, asked: dict[str, int]
) -> None:
    """A worklist is read in pages of a bounded size, up to a bounded place."""
    response = await due_cases(house, TASKFORCE, **asked)

    assert (response.status_code, ledger.drafts) == (400, [])
