"""POST /v1/disclosures as a partner meets it: one flag, its receipt, and each refusal."""

import base64

import pytest

from audit.entry import parse_leaf
from audit.proof import verify_receipt
from gateway.identity.clients import Hat
from tests.builders import (
    BRAM,
    CARE_WORKER,
    CONSULTANT,
    HENK,
    LISA,
    MOTIVATION,
    NOBODY,
    OTHER_SCHOOL,
    SANNE,
    SCHOOL,
    WMO,
    Body,
    House,
    about,
    feedback,
    flag,
    scooter,
)

pytestmark = pytest.mark.anyio


def codes(answer: Body) -> list[str]:
    """Return the outward codes of a refusal."""
    return [reason["code"] for reason in answer["reasons"]]


async def test_one_flag_leaves_with_its_receipt(shared_house: House) -> None:
    """The consultant gets the one flag that the decision needs, and nothing else about Yusuf."""
    response = await shared_house.ask(flag())

    answer = response.json()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert answer["outcome"] == "permit"
    assert answer["data"] == {
        "specialisatie_ingezet": {
            "value": True,
            "precision": "flag",
            "as_of": "2026-03-02T09:30:00Z",
        }
    }
    assert answer["withheld"] == []
    assert [basis["law"] for basis in answer["legal_basis"]] == ["Jeugdwet", "Jeugdwet"]
    assert {"inform_subject", "keep_until", "no_onward_sharing"} == {
        duty["code"] for duty in answer["obligations"]
    }
    assert answer["policy_revision"] == shared_house.services.gate.catalogue.revision
    assert set(answer["receipt"]) == {"log", "index", "proof"}


async def test_the_receipt_verifies_offline(shared_house: House) -> None:
    """The receipt proves that the very disclosure stands in the log, under the log's own key."""
    answer = (await shared_house.ask(flag())).json()

    leaf = verify_receipt(answer["receipt"]["proof"].encode(), shared_house.gateway.vkey)

    told = parse_leaf(leaf)
    assert (told["id"], told["type"]) == (answer["disclosure_id"], "disclosure")


async def test_the_receipt_of_a_refusal_verifies_offline(shared_house: House) -> None:
    """A refusal stands in the log just as well."""
    answer = (await shared_house.ask(flag(fields=["behandelplan_tekst"]))).json()

    leaf = verify_receipt(answer["receipt"]["proof"].encode(), shared_house.gateway.vkey)

    told = parse_leaf(leaf)
    assert (told["id"], told["type"]) == (answer["disclosure_id"], "refusal")


async def test_the_whole_plan_is_refused_with_the_question_to_ask(shared_house: House) -> None:
    """Step 3 refuses the treatment plan, and names the flag as what should have been asked."""
    response = await shared_house.ask(flag(fields=["behandelplan_tekst"]))

    answer = response.json()
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert (answer["status"], answer["step"]) == (403, 3)
    assert answer["type"] == "urn:doelpoort:problem:refused:field-never"
    (reason,) = answer["reasons"]
    assert reason["field"] == "behandelplan_tekst"
    assert reason["instead"] == ["specialisatie_ingezet"]
    assert reason["message"]
    assert reason["message_en"]
    assert all(answer[name] for name in ("title", "title_en", "detail", "detail_en"))
    assert "data" not in answer


async def test_every_field_too_many_is_named(shared_house: House) -> None:
    """One field too many refuses the whole, and all failing fields are named together."""
    fields = ["specialisatie_ingezet", "diagnose_code", "bsn_ouder", "aantal_huisdieren"]

    answer = (await shared_house.ask(flag(fields=fields))).json()

    assert answer["step"] == 3
    assert {(reason["field"], reason["code"]) for reason in answer["reasons"]} == {
        ("diagnose_code", "FIELD_NEVER"),
        ("bsn_ouder", "FIELD_NEVER"),
        ("aantal_huisdieren", "FIELD_UNKNOWN"),
    }


async def test_withholding_is_an_explicit_choice(shared_house: House) -> None:
    """With over_asking "withhold" the permitted part leaves and the rest is listed."""
    fields = ["specialisatie_ingezet", "diagnose_code"]

    response = await shared_house.ask(flag(fields=fields, over_asking="withhold"))

    answer = response.json()
    assert response.status_code == 200
    assert answer["outcome"] == "partial"
    assert list(answer["data"]) == ["specialisatie_ingezet"]
    assert [reason["field"] for reason in answer["withheld"]] == ["diagnose_code"]


async def test_a_motivated_field_comes_as_a_band(shared_house: House) -> None:
    """With a motivation the expected length leaves as one of three bands, never in months."""
    body = flag(fields=["verwachte_duur_band"], justifications={"verwachte_duur_band": MOTIVATION})

    answer = (await shared_house.ask(body)).json()

    assert answer["data"]["verwachte_duur_band"]["value"] == "6 tot 12 maanden"
    assert answer["data"]["verwachte_duur_band"]["precision"] == "band"


@pytest.mark.parametrize("text", ["", "omdat het moet", " " * 40], ids=["none", "short", "blank"])
async def test_a_motivation_that_says_nothing_does_not_count(
    shared_house: House, text: str
) -> None:
    """Without a real motivation a field of professional judgement is refused at step 3."""
    body = flag(fields=["verwachte_duur_band"], justifications={"verwachte_duur_band": text})

    response = await shared_house.ask(body)

    assert response.status_code == 403
    assert codes(response.json()) == ["MOTIVATION_MISSING"]


async def test_the_school_hears_that_the_pupil_is_seen(shared_house: House) -> None:
    """The school gets the state of its report and whom to call, and nothing of the home."""
    answer = (await shared_house.ask(feedback(), SCHOOL)).json()

    assert {name: each["value"] for name, each in answer["data"].items()} == {
        "status_aanmelding": "opgepakt",
        "contactpersoon_toegang": "M. Jonker, toegang jeugd",
    }


async def test_the_scooter_question_gets_its_minimal_set(shared_house: House) -> None:
    """Without a field list exactly the minimal set of the purpose leaves."""
    answer = (await shared_house.ask(scooter(), WMO)).json()

    assert answer["data"].keys() == {
        "hulpvraag_categorie",
        "huishouden_aantal_personen",
        "lopende_wmo_voorziening",
    }
    assert answer["data"]["lopende_wmo_voorziening"]["precision"] == "exists"


@pytest.mark.parametrize(
    ("body", "hat", "step", "code"),
    [
        pytest.param(flag(task="onbekende-taak"), CONSULTANT, 1, "TASK_UNKNOWN", id="unknown task"),
        pytest.param(flag(), CARE_WORKER, 1, "WRONG_HAT", id="wrong hat"),
        pytest.param(flag(), SCHOOL, 1, "TASK_NOT_HELD", id="task of others"),
        pytest.param(
            flag(activity="vraagverheldering"),
            CONSULTANT,
            2,
            "ACTIVITY_NOT_OF_TASK",
            id="activity of another task",
        ),
        pytest.param(
            flag(activity="iets-anders"), CONSULTANT, 2, "ACTIVITY_NOT_OF_TASK", id="no activity"
        ),
        pytest.param(flag(subject=about(NOBODY)), CONSULTANT, 2, "NO_CASE", id="unknown client"),
        pytest.param(flag(subject=about(LISA)), CONSULTANT, 2, "NO_CASE", id="no such case"),
        pytest.param(feedback(), OTHER_SCHOOL, 2, "NO_CASE", id="not a party"),
        pytest.param(flag(subject=about(BRAM)), CONSULTANT, 2, "CASE_CLOSED", id="case closed"),
        pytest.param(flag(case="C-999"), CONSULTANT, 2, "NO_CASE", id="another case"),
        pytest.param(
            flag(purpose="alles weten"), CONSULTANT, 3, "PURPOSE_TOO_VAGUE", id="unknown purpose"
        ),
        pytest.param(
            flag(purpose="hulpvraag-afbakenen"),
            CONSULTANT,
            3,
            "PURPOSE_NOT_OF_ACTIVITY",
            id="purpose of another activity",
        ),
        pytest.param(flag(fields=[]), CONSULTANT, 3, "NO_FIELDS", id="no fields"),
        pytest.param(
            flag(subject=about(SANNE)), CONSULTANT, 4, "AGE_OUT_OF_RANGE", id="eighteen today"
        ),
        pytest.param(
            feedback(subject=about(SANNE)), SCHOOL, 4, "NO_VALID_CONSENT", id="parent's consent"
        ),
        pytest.param(
            flag(subject=about("999911234")), CONSULTANT, 0, "SUBJECT_INVALID_BSN", id="elfproef"
        ),
        pytest.param(flag(subject=about("")), CONSULTANT, 0, "SUBJECT_INVALID_BSN", id="no BSN"),
        pytest.param(
            scooter(
                fields=["lopende_schuldhulp"], justifications={"lopende_schuldhulp": MOTIVATION}
            ),
            WMO,
            4,
            "NO_VALID_CONSENT",
            id="consent for one field",
        ),
    ],
)
async def test_a_refusal_names_the_step_and_the_reason_and_is_recorded(
    shared_house: House, body: Body, hat: Hat, step: int, code: str
) -> None:
    """Each refusal is a 403 with step, code and receipt, and one entry in the ledger."""
    before = shared_house.size

    response = await shared_house.ask(body, hat)

    answer = response.json()
    (leaf,) = shared_house.leaves(before)
    assert response.status_code == 403
    assert (answer["step"], codes(answer)) == (step, [code])
    assert answer["receipt"]["index"] == before
    assert (leaf["type"], leaf["outcome"]) == ("refusal", "refuse")
    assert "released" not in leaf


async def test_two_purposes_at_once_are_refused(shared_house: House) -> None:
    """A list of two purposes is refused at step 3: a separate question for each."""
    body = flag(purpose=["lichte-of-zware-hulp", "hulpvraag-afbakenen"])

    response = await shared_house.ask(body)

    assert response.status_code == 403
    assert codes(response.json()) == ["PURPOSE_MULTIPLE"]


async def test_two_unknown_purposes_are_two(shared_house: House) -> None:
    """Two purposes that nobody knows are told as two, not as one that is vague."""
    response = await shared_house.ask(flag(purpose=["alles weten", "meer weten"]))

    assert codes(response.json()) == ["PURPOSE_MULTIPLE"]


async def test_one_purpose_in_a_list_is_one_purpose(shared_house: House) -> None:
    """A list of one purpose is that purpose."""
    response = await shared_house.ask(flag(purpose=["lichte-of-zware-hulp"]))

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "hat"),
    [
        (flag(purpose=["lichte-of-zware-hulp"] * 2), CONSULTANT),
        (scooter(purpose=["hulpvraag-afbakenen"] * 2), WMO),
    ],
    ids=["with conditions", "without"],
)
async def test_the_same_purpose_twice_is_that_purpose(
    shared_house: House, body: Body, hat: Hat
) -> None:
    """The same purpose twice collapses to one, as a field does."""
    response = await shared_house.ask(body, hat)

    assert response.status_code == 200


async def test_a_field_asked_twice_comes_once(shared_house: House) -> None:
    """Duplicates in the field list collapse."""
    answer = (await shared_house.ask(flag(fields=["specialisatie_ingezet"] * 3))).json()

    assert list(answer["data"]) == ["specialisatie_ingezet"]


async def test_unknown_fields_are_counted_in_the_ledger_and_never_named(
    shared_house: House,
) -> None:
    """A made-up field is echoed to who made it up, and stands in the ledger as a number."""
    before = shared_house.size

    answer = (await shared_house.ask(flag(fields=["naam-van-de-buurman", "hond"]))).json()

    (leaf,) = shared_house.leaves(before)
    assert {reason["field"] for reason in answer["reasons"]} == {"naam-van-de-buurman", "hond"}
    assert leaf["refused"] == [{"code": "FIELD_UNKNOWN", "step": 3, "count": 2}]


async def test_a_purpose_that_is_free_text_goes_nowhere(shared_house: House) -> None:
    """The words of a vague purpose stand neither in the answer nor in the ledger."""
    before = shared_house.size

    response = await shared_house.ask(flag(purpose="Yusuf zit bij mij in de straat"))

    (leaf,) = shared_house.leaves(before)
    assert "straat" not in response.text
    assert "straat" not in str(leaf)
    assert "purpose" not in leaf


@pytest.mark.parametrize("bsn", [LISA, HENK, NOBODY], ids=["no such case", "other case", "unknown"])
async def test_unknown_and_not_yours_cannot_be_told_apart(shared_house: House, bsn: str) -> None:
    """Whether a person is known here does not follow from any word that the requester gets."""
    answer = (await shared_house.ask(flag(subject=about(bsn)))).json()

    told = {name: value for name, value in answer.items() if name != "receipt"}
    told["disclosure_id"] = ""
    leaf = base64.b64decode(answer["receipt"]["proof"].split("extra ")[1].split("\n")[0]).decode()
    assert codes(told) == ["NO_CASE"]
    assert "SUBJECT_UNKNOWN" not in leaf
    assert "CASE_MISSING" not in leaf


async def test_the_receipt_does_not_tell_why_consent_fails(shared_house: House) -> None:
    """Which way consent fails is for the ledger's keeper, not for who reads the receipt."""
    answer = (await shared_house.ask(feedback(subject=about(SANNE)), SCHOOL)).json()

    leaf = base64.b64decode(answer["receipt"]["proof"].split("extra ")[1].split("\n")[0]).decode()

    assert codes(answer) == ["NO_VALID_CONSENT"]
    assert "CONSENT_WRONG_PERSON" not in leaf
