"""POST /v1/citizen-reports as the portal of the municipality meets it."""

import base64
import datetime as dt
import json
from typing import Any

import pytest

from audit.entry import MAX_INT, Draft, EntryType, Person, new_request_id
from audit.keeping import Order
from audit.proof import verify_receipt
from audit.seal import commit
from audit.subjects import verify_person
from gateway.identity.clients import Hat
from gateway.log.access import open_keeper, this_year
from gateway.subject import parse_bsn
from tests.builders import CONSULTANT, HENK, NOBODY, SANNE, YUSUF, House, about, flag
from tests.fakes_informing import (
    OFFICER,
    PORTAL,
    WORDS,
    break_glass,
    enrol,
    last_at,
    send,
)

pytestmark = pytest.mark.anyio

FOUR_WEEKS = dt.timedelta(days=28)


@pytest.fixture
def opened(house: House) -> House:
    """Give a gateway that knows a reviewer and a portal."""
    enrol(house)
    return house


async def report(house: House, bsn: str = YUSUF, **more: object) -> dict[str, Any]:
    """Return the report about a person."""
    body = {"subject": about(bsn), **more}
    response = await send(house, "/v1/citizen-reports", body, PORTAL)
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


async def test_a_release_is_told_in_plain_words(opened: House) -> None:
    """Who, why, on which basis and what - and never the value."""
    await opened.ask(flag())

    (line,) = (await report(opened))["lines"]

    assert line["organisation"] == "Gemeente Waterveen, toegang jeugd"
    assert (line["role"], line["outcome"]) == ("consulent jeugd", "given")
    assert [each["field"] for each in line["got"]] == ["specialisatie_ingezet"]
    assert "alleen ja, nee of onbekend" in line["got"][0]["words"]["nl"]
    assert "AVG artikel 6 lid 1 letter" in line["legal_basis"][0]["nl"]
    assert "value" not in json.dumps(line)
    assert "medewerker-7" not in json.dumps(line)


async def test_a_refusal_is_told_as_well(opened: House) -> None:
    """That somebody asked and got nothing is part of who asked what."""
    await opened.ask(flag(fields=["diagnose_code"]))

    (line,) = (await report(opened))["lines"]

    assert (line["outcome"], line["got"]) == ("refused", [])
    assert "De vraag is geweigerd." in line["text"]["nl"]
    assert "diagnose" not in line["text"]["nl"]


async def test_a_line_can_be_checked_offline(opened: House) -> None:
    """Receipt and opening show with public formats alone that the entry is about this person."""
    await opened.ask(flag())
    (line,) = (await report(opened))["lines"]

    leaf = json.loads(verify_receipt(line["proof"]["receipt"].encode(), opened.gateway.vkey))

    r = base64.b64decode(line["proof"]["opening"])
    own = commit(r, "subject", leaf["id"], 0, parse_bsn(YUSUF).as_bytes())
    other = commit(r, "subject", leaf["id"], 0, parse_bsn(SANNE).as_bytes())
    assert base64.b64encode(own).decode() == leaf["commitments"]["subject"]
    assert base64.b64encode(other).decode() != leaf["commitments"]["subject"]


async def test_of_others_in_the_same_entry_only_that_they_were_there(opened: House) -> None:
    """One of several persons gets a proof of their own, and nothing about the others."""
    await opened.ask(flag())
    (single,) = opened.leaves(opened.size - 1)
    set_by_ledger = {"v", "type", "id", "time", "gateway", "counter", "commitments"}
    members = {n: v for n, v in single.items() if n not in set_by_ledger} | {"subjects": 2}
    persons = [Person(parse_bsn(bsn).as_bytes(), b"{}") for bsn in (HENK, SANNE)]
    identity = new_request_id(1, opened.services.random)
    draft = Draft(EntryType.DISCLOSURE, identity, members, persons=persons)
    await opened.services.gate.ledger.append(draft)

    (line,) = (await report(opened, HENK))["lines"]

    proof = line["proof"]
    assert line["with_others"]
    assert "ging ook over anderen" in line["text"]["nl"]
    assert SANNE not in json.dumps(line)
    assert proof["opening"] is None
    verify_person(
        proof["person"].encode(),
        proof["receipt"].encode(),
        opened.gateway.vkey,
        subject=parse_bsn(HENK).as_bytes(),
    )


async def test_under_embargo_a_report_is_as_if_nothing_was_asked(opened: House) -> None:
    """The answer with a hidden entry has the same members, sizes and page as one without it."""
    await opened.ask(flag(subject=about(HENK)))
    before = await report(opened, HENK, limit=1)
    await break_glass(opened)
    await opened.ask(
        flag(task="vt-meldrecht", activity="melding-doen", purpose="vaag", subject=about(HENK))
    )

    after = await report(opened, HENK, limit=1)

    assert (after["lines"], after["next_below"]) == (before["lines"], before["next_below"])
    assert len(after["lines"]) == 1


async def test_when_the_embargo_ends_the_entry_is_told(opened: House) -> None:
    """After four weeks the person reads what was asked, and that it was in danger."""
    await break_glass(opened)
    opened.clock.at = last_at(opened) + FOUR_WEEKS

    (line,) = (await report(opened, HENK))["lines"]

    assert line["is_emergency"]
    assert "direct gevaar" in line["text"]["nl"]
    assert WORDS not in json.dumps(line)


async def test_a_moment_earlier_it_is_not(opened: House) -> None:
    """The refusing twin: a second before the end nothing is told."""
    await break_glass(opened)
    opened.clock.at = last_at(opened) + FOUR_WEEKS - dt.timedelta(seconds=1)

    found = await report(opened, HENK)

    assert found["lines"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "onbekend", "purpose": "onbekend"},
        {"task": "vt-meldrecht"},
        {"task": "vt-meldrecht", "activity": "melding-doen"},
        {"purpose": "veiligheid-laten-beoordelen"},
    ],
)
async def test_a_refusal_that_may_have_been_about_safety_waits_too(
    opened: House, changes: dict[str, str]
) -> None:
    """What nobody knows may have been anything, so it counts as the most dangerous there is."""
    await opened.ask(flag(**changes, subject=about(HENK)))

    found = await report(opened, HENK)

    assert found["lines"] == []


async def test_who_is_unknown_and_who_was_erased_get_the_same_answer(opened: House) -> None:
    """Neither answer tells that there was ever anything."""
    await opened.ask(flag())
    with open_keeper(opened.settings, this_year()) as keeper:
        keeper.erase(parse_bsn(YUSUF).as_bytes(), Order("request", b"fg-1"))

    erased, unknown = await report(opened), await report(opened, NOBODY)

    assert erased["lines"] == unknown["lines"] == []
    assert erased.keys() == unknown.keys()


async def test_a_look_makes_nobody_known(opened: House) -> None:
    """Asking about somebody without any entry leaves nothing that is sealed for this person."""
    await report(opened, NOBODY)

    assert not opened.services.personal.knows(parse_bsn(NOBODY).as_bytes())


async def test_the_look_is_an_entry_of_one_form(opened: House) -> None:
    """The entry says which role looked and on which ground; it is alike for every person."""
    await opened.ask(flag())
    await report(opened)
    await report(opened, NOBODY)

    known, unknown = opened.leaves(opened.size - 2)
    assert (known["type"], known["ground"]) == ("access", "own_request")
    assert known["role"] == "inwonersportaal"
    assert known.keys() == unknown.keys()


async def test_a_look_is_no_line_of_the_next_report(opened: House) -> None:
    """Told is who asked; that the person looked is in the log and not in the list."""
    await opened.ask(flag())
    await report(opened)

    found = await report(opened)

    assert len(found["lines"]) == 1


async def test_pages_follow_each_other_without_gap(opened: House) -> None:
    """Every line comes once, the newest first, and the last page says that it is the last."""
    for number in range(5):
        await opened.ask(flag(case=f"C-{number}"))

    pages: list[dict[str, Any]] = []
    below = MAX_INT
    for _ in range(3):
        page = await report(opened, limit=2, below=below)
        pages.append(page)
        below = page["next_below"]

    ids = [line["proof"]["receipt"] for page in pages for line in page["lines"]]
    assert [len(page["lines"]) for page in pages] == [2, 2, 1]
    assert len(set(ids)) == 5
    assert pages[-1]["next_below"] is None


@pytest.mark.parametrize("hat", [CONSULTANT, OFFICER])
async def test_only_the_portal_that_the_policy_names_asks(opened: House, hat: Hat) -> None:
    """Everybody else is refused before anything is looked up or recorded."""
    before = opened.size

    response = await send(opened, "/v1/citizen-reports", {"subject": about(YUSUF)}, hat)

    assert response.status_code == 403
    assert opened.size == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"subject": about("999911236")},
        {"subject": about(YUSUF), "limit": 51},
        {"subject": about(YUSUF), "limit": 0},
        {"subject": about(YUSUF), "below": -1},
        {"subject": about(YUSUF), "more": 1},
    ],
)
async def test_what_is_no_question_is_refused_without_an_echo(
    opened: House, body: dict[str, object]
) -> None:
    """A 400, no entry, and no number in the answer."""
    before = opened.size

    response = await send(opened, "/v1/citizen-reports", body, PORTAL)

    assert response.status_code == 400
    assert opened.size == before
    assert "99991123" not in response.text
