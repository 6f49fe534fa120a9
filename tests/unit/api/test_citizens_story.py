"""The whole story of a person: every year that is kept, and what came of each answer."""

import datetime as dt
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest

from audit.entry import Draft, EntryType, new_request_id
from audit.errors import KeyMismatch, ProofInvalid, SignatureInvalid
from audit.ledger import Ledger
from audit.proof import verify_receipt
from audit.seal import commit
from gateway.cases.entries import correction_draft
from gateway.identity.keys import ensure_keys
from gateway.log.access import log_vkey, this_year
from gateway.log.place import ledger_path, log_place, open_writing
from gateway.subject import parse_bsn
from tests.builders import HENK, YUSUF, House, about, flag
from tests.fakes_informing import (
    JUDGED,
    OFFICER,
    PORTAL,
    break_glass,
    enrol,
    follower,
    last_at,
    send,
)
from tests.hanging_up import hung_up

pytestmark = pytest.mark.anyio

FOUR_WEEKS = dt.timedelta(days=28)
SET_BY_LEDGER = {"v", "type", "id", "time", "gateway", "counter", "commitments"}


@pytest.fixture
def opened(house: House) -> House:
    """Give a gateway that knows a reviewer and a portal."""
    enrol(house)
    return house


async def report(house: House, bsn: str = YUSUF, **more: object) -> dict[str, Any]:
    """Return the report about a person."""
    response = await send(house, "/v1/citizen-reports", {"subject": about(bsn), **more}, PORTAL)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


@asynccontextmanager
async def earlier(house: House, years: int = 1) -> AsyncIterator[Ledger]:
    """Give the log of an earlier year, to write in it what happened then."""
    settings = house.settings
    keys = ensure_keys(settings.home / "keys", random=house.services.random)
    with ExitStack() as stack:
        yield open_writing(log_place(settings, keys, this_year() - years), stack)


async def record(house: House, ledger: Ledger, bsn: str = YUSUF) -> Draft:
    """Record once more, in this log, what this gateway recorded last."""
    (last,) = house.leaves(house.size - 1)
    members = {name: value for name, value in last.items() if name not in SET_BY_LEDGER}
    person = parse_bsn(bsn).as_bytes()
    committed = {"subject": person, "content": b"x"}
    identity = new_request_id(1, house.services.random)
    draft = Draft(EntryType(last["type"]), identity, members, committed, person)
    await ledger.append(draft)
    return draft


async def test_the_years_before_are_told_too(opened: House) -> None:
    """The newest first, over the turn of the year; each line names its own log."""
    await opened.ask(flag())
    async with earlier(opened, 2) as log:
        await record(opened, log)
    async with earlier(opened, 1) as log:
        await record(opened, log)

    found = await report(opened)

    years = [line["proof"]["log"].rpartition("/")[2] for line in found["lines"]]
    assert years == [str(this_year() - back) for back in range(3)]
    assert (found["next_below"], found["next_year"]) == (None, None)


async def test_a_line_of_last_year_is_checked_with_the_key_of_last_year(opened: House) -> None:
    """Offline, with the name of its own log; under that of this year it proves nothing."""
    await opened.ask(flag())
    async with earlier(opened) as log:
        await record(opened, log)
    (_, line) = (await report(opened))["lines"]
    receipt = line["proof"]["receipt"].encode()

    leaf = json.loads(verify_receipt(receipt, log_vkey(opened.settings, this_year() - 1)))

    own = commit(
        b64decode(line["proof"]["opening"]), "subject", leaf["id"], 0, parse_bsn(YUSUF).as_bytes()
    )
    assert b64decode(leaf["commitments"]["subject"]) == own
    with pytest.raises((KeyMismatch, ProofInvalid, SignatureInvalid)):
        verify_receipt(receipt, opened.gateway.vkey)


async def test_pages_go_on_in_the_year_before(opened: House) -> None:
    """Every line comes once, also where a page ends in another year than it began."""
    for number in range(3):
        await opened.ask(flag(case=f"C-{number}"))
    async with earlier(opened) as log:
        for _ in range(3):
            await record(opened, log)

    first = await report(opened, limit=2)
    second = await report(opened, limit=2, below=first["next_below"], year=first["next_year"])
    third = await report(opened, limit=2, below=second["next_below"], year=second["next_year"])

    receipts = [
        line["proof"]["receipt"] for page in (first, second, third) for line in page["lines"]
    ]
    assert len(set(receipts)) == 6
    assert [page["next_year"] for page in (first, second, third)] == [
        this_year(),
        this_year() - 1,
        None,
    ]


async def test_a_year_that_cannot_be_read_leaves_no_hole(opened: House) -> None:
    """Rather no report than one that seems to be whole."""
    await opened.ask(flag())
    ledger_path(opened.settings, this_year() - 1).write_bytes(b"no database")

    response = await send(opened, "/v1/citizen-reports", {"subject": about(YUSUF)}, PORTAL)

    assert response.status_code == 503


async def test_an_answer_that_never_arrived_is_told_as_such(opened: House) -> None:
    """The person reads that it was sent and got lost, and gets the receipt that says so."""
    await hung_up(opened, flag())

    (line,) = (await report(opened))["lines"]

    (receipt,) = line["proof"]["corrections"]
    correction = json.loads(verify_receipt(receipt.encode(), opened.gateway.vkey))
    leaf = json.loads(verify_receipt(line["proof"]["receipt"].encode(), opened.gateway.vkey))
    assert line["outcome"] == "undelivered"
    assert "niet aangekomen" in line["text"]["nl"]
    assert "not arrive" in line["text"]["en"]
    assert (correction["entry"], correction["reason"]) == (leaf["id"], "undelivered")


async def test_an_answer_that_arrived_has_no_correction(opened: House) -> None:
    """The twin: nothing came of it afterwards."""
    await opened.ask(flag())

    (line,) = (await report(opened))["lines"]

    assert (line["outcome"], line["proof"]["corrections"], line["review"]) == ("given", [], None)


async def test_what_did_not_go_through_gave_nobody_anything(opened: House) -> None:
    """An entry that was made for nothing is told with the entry that says so."""
    await opened.ask(flag())
    ledger = opened.services.gate.ledger
    draft = await record(opened, ledger)
    await ledger.append(correction_draft(draft, new_request_id(2, opened.services.random)))

    newest, oldest = (await report(opened))["lines"]

    assert (newest["outcome"], oldest["outcome"]) == ("undone", "given")
    assert "niet doorgegaan" in newest["text"]["nl"]


async def test_a_correction_of_a_later_year_is_found(opened: House) -> None:
    """What came of an answer may stand in the log after it, and on no page of its own."""
    await opened.ask(flag())
    async with earlier(opened) as log:
        draft = await record(opened, log)
    identity = new_request_id(2, opened.services.random)
    await opened.services.gate.ledger.append(correction_draft(draft, identity))

    first = await report(opened, limit=1)
    second = await report(opened, limit=1, below=first["next_below"], year=first["next_year"])

    assert [page["lines"][0]["outcome"] for page in (first, second)] == ["given", "undone"]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("justified", "het was nodig"),
        ("partly_justified", "niet allemaal nodig"),
        ("not_justified", "het was niet nodig"),
    ],
)
async def test_how_an_emergency_was_judged_is_told(opened: House, verdict: str, words: str) -> None:
    """Once its embargo is over the person reads that somebody judged it, and how."""
    entry = (await break_glass(opened)).json()["disclosure_id"]
    await follower(opened).follow()
    judged = {"verdict": verdict, "words": JUDGED}
    await send(opened, f"/v1/reviews/{entry}", judged, OFFICER, "fg-1")
    opened.clock.at = last_at(opened) + FOUR_WEEKS

    (line,) = (await report(opened, HENK))["lines"]

    assert (line["is_emergency"], line["review"]) == (True, verdict)
    assert words in line["text"]["nl"]
    assert JUDGED not in json.dumps(line)


async def test_an_emergency_that_nobody_judged_says_that_somebody_will(opened: House) -> None:
    """The twin: no verdict is told before there is one."""
    await break_glass(opened)
    opened.clock.at = last_at(opened) + FOUR_WEEKS

    (line,) = (await report(opened, HENK))["lines"]

    assert line["review"] is None
    assert "beoordeelt of het nodig was" in line["text"]["nl"]
