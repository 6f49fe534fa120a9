"""The own words of callers: a number of a person within them is refused, by name and unseen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from gateway.api.words import without_bsn
from tests.builders import CONSULTANT, YUSUF, Body, House, flag
from tests.fakes_informing import JUDGED, WORDS, danger, send

pytestmark = pytest.mark.anyio

OTHER = "999912410"
SAID = "Zie ook {}, die er toen bij was en het heeft gezien."
NONE = "0" * 32
MESSAGE = (
    "bevat het nummer van een persoon; laat dat weg / holds the number of a person; leave it out"
)


@pytest.mark.parametrize(
    "number",
    [
        "999912410",
        "999.912.410",
        "9999 12 410",
        "999-912-410",
        "(999912410)",
        "999\u00a0912\u00a0410",
        "\uff19\uff19\uff19\uff19\uff11\uff12\uff14\uff11\uff10",
        "\u0669\u0669\u0669\u0669\u0661\u0662\u0664\u0661\u0660",
        "9999  12 \n 410",
        "9999\u201312\u2013410",
        "9999\u200b12\u00ad410",
        "9999\u202c12\u180e4\ufe0f1\U000e00410",
        "999_912_410",
    ],
    ids=[
        "together",
        "dots",
        "spaces",
        "hyphens",
        "brackets",
        "hard spaces",
        "wide digits",
        "Arabic digits",
        "lines",
        "dashes",
        "unseen signs",
        "other unseen signs",
        "underscores",
    ],
)
def test_a_number_of_a_person_is_seen(number: str) -> None:
    """Together or in groups, whatever stands around it; the fault holds nothing of the words."""
    with pytest.raises(PydanticCustomError) as caught:
        without_bsn(SAID.format(number))

    assert caught.value.type == "person_number"
    assert number not in str(caught.value)


@pytest.mark.parametrize(
    "words",
    ["", "op 2 maart om 9.30 uur", "bel 0612345678", "dossier 999912411", "9999124101", "99991241"],
)
def test_other_words_and_numbers_stay(words: str) -> None:
    """Days, telephones and numbers that are no BSN are nobody's number."""
    assert without_bsn(words) == words


@given(words=st.text(alphabet=st.characters(exclude_categories=["Nd", "No", "Nl", "Cs"])))
def test_words_without_digits_stay_as_they_are(words: str) -> None:
    """Nothing but a number is looked for, and nothing is changed."""
    assert without_bsn(words) == words


def words_of(said: str) -> list[tuple[str, Body, str]]:
    """Return a request with these words for every member that takes words, and the member."""
    joining = {"step": "join", "organisation": "gem-regie", "role": "casuscoordinator"}
    seat = {
        "organisation": "wijkteam-noord",
        "role": "regisseur-wijkteam",
        "professional": "m-1",
        "task": "integrale-afstemming",
        "activity": "werkplan-afstemmen",
        "purpose": "voortgang-afspraken",
        "justifications": {"adres": said},
    }
    person = {"type": "bsn", "value": YUSUF}
    table = {"case": NONE, "subject": person, "recipients": [seat]}
    agreed = {"step": "agree", "organisation": "gem-regie", "action": said}
    consent = {"subject": person, "purpose": "delen", "given_by": ["betrokkene"], "form": said}
    return [
        ("/v1/disclosures", flag(justifications={"hulpvorm": said}), "justifications"),
        ("/v1/disclosures", flag(purpose=said), "purpose"),
        ("/v1/disclosures", flag(purpose=["x", said]), "purpose.1"),
        ("/v1/emergency-disclosures", danger(words=f"{WORDS} {said}"), "words"),
        ("/v1/tables", table, "recipients.0.justifications"),
        (f"/v1/inbox/{NONE}/answers", {"answer": "decline", "reason": said}, "reason"),
        (f"/v1/reviews/{NONE}", {"verdict": "justified", "words": f"{JUDGED} {said}"}, "words"),
        (f"/v1/cases/{NONE}/steps", {**joining, "mandate": said}, "mandate"),
        (f"/v1/cases/{NONE}/steps", agreed, "action"),
        ("/v1/consents", consent, "form"),
    ]


@pytest.mark.parametrize(("path", "body", "member"), words_of(SAID.format("999.912.410")), ids=str)
async def test_no_route_takes_the_number_of_a_person_in_words(
    shared_house: House, path: str, body: Body, member: str
) -> None:
    """A 400 names the member and says what to do; nothing is recorded, and nothing repeated."""
    before = shared_house.size

    response = await send(shared_house, path, body, CONSULTANT)

    assert response.status_code == 400
    assert {"member": member, "message": MESSAGE} in response.json()["errors"]
    assert "912" not in response.text
    assert shared_house.size == before


@pytest.mark.parametrize(("path", "body", "member"), words_of(SAID.format("de buurman")))
async def test_the_same_words_without_a_number_are_in_form(
    shared_house: House, path: str, body: Body, member: str
) -> None:
    """The twin: whatever is said of the request then, it is not about the form of the words."""
    response = await send(shared_house, path, body, CONSULTANT)

    errors = response.json().get("errors", [])
    assert member not in {each["member"] for each in errors}
