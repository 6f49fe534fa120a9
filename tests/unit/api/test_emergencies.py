"""POST /v1/emergency-disclosures and /v1/reviews as partners and reviewers meet them."""

import datetime as dt
from typing import Any

import pytest

from audit.proof import verify_receipt
from gateway.identity.clients import Hat
from tests.builders import (
    CARE_WORKER,
    CONSULTANT,
    HENK,
    NOBODY,
    SCHOOL,
    House,
    about,
    flag,
    texts_in,
)
from tests.fakes_informing import (
    JUDGED,
    OFFICER,
    PORTAL,
    WORDS,
    break_glass,
    danger,
    enrol,
    follower,
    send,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def opened(house: House) -> House:
    """Give a gateway that knows a reviewer and a portal."""
    enrol(house)
    return house


async def used(house: House) -> str:
    """Use an emergency, let the log be followed, and return the id of the entry."""
    answer = (await break_glass(house)).json()
    await follower(house).follow()
    return str(answer["disclosure_id"])


def codes(answer: dict[str, Any]) -> list[str]:
    """Return the outward codes of a refusal."""
    return [reason["code"] for reason in answer["reasons"]]


async def test_in_danger_the_minimal_fields_leave_without_a_case(opened: House) -> None:
    """A care worker who is no party gets the minimal set, told until when it may be used."""
    response = await break_glass(opened)

    answer = response.json()
    assert response.status_code == 200
    assert set(answer["data"]) == {"naam_zoals_in_brp", "adres", "minderjarige_kinderen_aantal"}
    assert answer["emergency"]["reason"] == "violence_now"
    assert answer["emergency"]["valid_until"] == "2026-03-02T13:30:00Z"
    assert answer["emergency"]["review_by"] == "2026-03-04T22:59:59Z"


async def test_the_same_question_without_danger_is_refused(opened: House) -> None:
    """What danger stands in for is still missing for whoever can wait."""
    body = danger(reason=..., words=...)

    response = await opened.ask(body, CARE_WORKER)

    assert response.status_code == 403
    assert codes(response.json()) == ["NO_CASE"]


async def test_the_entry_is_flagged_and_honest(opened: House) -> None:
    """The entry is of its own type, names the reason word, and does not call a step taken."""
    response = await break_glass(opened)

    (leaf,) = opened.leaves(opened.size - 1)
    assert leaf["type"] == "break_glass"
    assert leaf["reason"] == "violence_now"
    assert leaf["asked"]["emergency"] is True
    assert [c["outcome"] for c in leaf["conditions"]] == ["not_met"]
    assert WORDS not in set(texts_in(leaf))
    proof = response.json()["receipt"]["proof"].encode()
    verify_receipt(proof, opened.gateway.vkey)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fields": ["adres", "diagnose_code"]}, "FIELD_NEVER"),
        ({"fields": ["hulpverlening_loopt"]}, "MOTIVATION_MISSING"),
        ({"purpose": ["veiligheid-laten-beoordelen", "lichte-of-zware-hulp"]}, "NO_CASE"),
        ({"subject": ...}, "SUBJECT_MISSING"),
        ({"subject": about("999900007")}, "SUBJECT_INVALID_BSN"),
    ],
)
async def test_danger_widens_nothing_else(
    opened: House, changes: dict[str, object], code: str
) -> None:
    """Fields, purpose and person are judged as strictly as ever; the refusal is recorded."""
    response = await break_glass(opened, **changes)

    assert response.status_code == 403
    assert codes(response.json()) == [code]
    assert opened.leaves(opened.size - 1)[0]["type"] == "refusal"


async def test_danger_gives_nobody_another_task(opened: House) -> None:
    """A school does not become a reporter to Veilig Thuis by saying that there is danger."""
    response = await send(opened, "/v1/emergency-disclosures", danger(), SCHOOL)

    assert response.status_code == 403
    assert codes(response.json()) == ["TASK_NOT_HELD"]


async def test_a_purpose_without_emergencies_refuses_them(opened: House) -> None:
    """Whoever wants to know about help asks for it the usual way."""
    body = {**flag(), "reason": "violence_now", "words": WORDS}

    response = await send(opened, "/v1/emergency-disclosures", body, CONSULTANT)

    assert response.status_code == 403
    assert codes(response.json()) == ["EMERGENCY_NOT_ALLOWED"]


@pytest.mark.parametrize(
    "changes",
    [
        {"words": "gevaar"},
        {"words": "au " * 40},
        {"words": ...},
        {"words": "a " * 2_001},
        {"reason": "haast"},
        {"reason": ...},
        {"emergency": True},
    ],
)
async def test_without_a_real_reason_nothing_is_asked(
    opened: House, changes: dict[str, object]
) -> None:
    """A reason that is none is a 400, without an entry and without an echo."""
    before = opened.size

    response = await break_glass(opened, **changes)

    assert response.status_code == 400
    assert opened.size == before
    assert "haast" not in response.text


async def test_who_says_too_little_is_told_how_much_to_say(opened: House) -> None:
    """Somebody in a hurry hears what is missing, and not that a form is wrong."""
    response = await break_glass(opened, words="Er wordt nu geslagen.")

    [fault] = response.json()["errors"]
    assert fault["member"] == "words"
    assert "ten minste 40 tekens en 6 verschillende woorden" in fault["message"]


async def test_a_person_whom_nobody_knows_gives_no_error(opened: House) -> None:
    """In danger it may be about somebody without any record; what is unknown says so."""
    response = await break_glass(opened, subject=about(NOBODY))

    assert response.status_code == 200
    assert {each["value"] for each in response.json()["data"].values()} <= {None, 0}


async def test_a_use_waits_for_a_review_by_somebody_else(opened: House) -> None:
    """The officer finds it in the queue, with the term, and without anything about the person."""
    entry = await used(opened)

    response = await opened.get("/v1/reviews", OFFICER)

    (found,) = response.json()
    assert found["id"] == entry
    assert (found["reason"], found["role"]) == ("violence_now", "jeugdhulpverlener")
    assert found["verdict"] is None
    assert HENK not in response.text
    assert "medewerker-7" not in response.text


@pytest.mark.parametrize("path", ["/v1/reviews", f"/v1/reviews/{'0' * 32}"])
@pytest.mark.parametrize("hat", [CARE_WORKER, PORTAL])
async def test_only_who_the_policy_names_reads_reviews(opened: House, path: str, hat: Hat) -> None:
    """The mandate stands in the policy; nobody else sees the queue."""
    response = await opened.get(path, hat)

    assert response.status_code == 403
    assert response.json()["type"] == "urn:doelpoort:problem:not-mandated"


async def test_the_reason_is_read_after_the_look_is_recorded(opened: House) -> None:
    """Whoever opens the words of a colleague leaves an entry that names the disclosure."""
    entry = await used(opened)

    headers = {"authorization": f"Bearer {opened.token(OFFICER, 'fg-1')}"}
    response = await opened.http.get(f"/v1/reviews/{entry}", headers=headers)

    (leaf,) = opened.leaves(opened.size - 1)
    assert response.status_code == 200
    assert response.json()["words"] == WORDS
    assert (leaf["type"], leaf["entry"], leaf["ground"]) == ("access", entry, "emergency_review")


async def test_a_verdict_stands_in_the_ledger_and_closes_the_review(opened: House) -> None:
    """A verdict is an entry about the use; the queue is empty after it."""
    entry = await used(opened)
    verdict = {"verdict": "justified", "words": JUDGED}

    response = await send(opened, f"/v1/reviews/{entry}", verdict, OFFICER, "fg-1")

    (leaf,) = opened.leaves(opened.size - 1)
    assert response.status_code == 201
    assert (leaf["type"], leaf["entry"], leaf["reason"]) == (
        "correction",
        entry,
        "review_justified",
    )
    assert (await opened.get("/v1/reviews", OFFICER)).json() == []


async def test_a_verdict_is_given_once(opened: House) -> None:
    """A second verdict changes nothing and leaves no entry."""
    entry = await used(opened)
    verdict = {"verdict": "not_justified", "words": JUDGED}
    await send(opened, f"/v1/reviews/{entry}", verdict, OFFICER, "fg-1")
    before = opened.size

    response = await send(opened, f"/v1/reviews/{entry}", verdict, OFFICER, "fg-2")

    assert response.status_code == 409
    assert opened.size == before


async def test_who_used_it_does_not_judge_it(opened: House) -> None:
    """The same person under another hat is still the same person."""
    entry = await used(opened)
    verdict = {"verdict": "justified", "words": JUDGED}
    before = opened.size

    response = await send(opened, f"/v1/reviews/{entry}", verdict, OFFICER, "medewerker-7")

    assert response.status_code == 403
    assert response.json()["type"] == "urn:doelpoort:problem:own-review"
    assert opened.size == before


async def test_who_used_it_does_not_read_the_review_either(opened: House) -> None:
    """The words are opened for somebody else alone."""
    entry = await used(opened)

    response = await opened.get(f"/v1/reviews/{entry}", OFFICER)

    assert response.status_code == 403


@pytest.mark.parametrize("identity", ["0" * 32, "x"])
async def test_a_review_that_is_not_there_cannot_be_judged(opened: House, identity: str) -> None:
    """What was never used has no review."""
    verdict = {"verdict": "justified", "words": JUDGED}

    response = await send(opened, f"/v1/reviews/{identity}", verdict, OFFICER)

    assert response.status_code == 404


async def test_a_review_that_is_not_there_cannot_be_read(opened: House) -> None:
    """The same, for reading; and no look is recorded."""
    before = opened.size

    response = await opened.get(f"/v1/reviews/{'0' * 32}", OFFICER)

    assert response.status_code == 404
    assert opened.size == before


@pytest.mark.parametrize(
    "body", [{"verdict": "mooi", "words": JUDGED}, {"verdict": "justified", "words": "ok"}]
)
async def test_a_verdict_has_a_word_and_a_reason(opened: House, body: dict[str, str]) -> None:
    """A verdict without a reason in own words is none."""
    response = await send(opened, f"/v1/reviews/{'0' * 32}", body, OFFICER)

    assert response.status_code == 400


async def test_what_nobody_judged_in_time_shows_in_health(opened: House) -> None:
    """The term is counted against the clock; before it ends there is nothing to show."""
    await used(opened)
    before = (await opened.http.get("/v1/health")).json()["reviews_overdue"]
    opened.clock.at = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)

    after = (await opened.http.get("/v1/health")).json()

    assert (before, after["reviews_overdue"]) == (0, 1)
