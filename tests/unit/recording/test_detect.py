"""Looking in free text: kinds and counts, found and not found, whatever the text is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.recording import Kind
from gateway.recording.detect import ALWAYS, BIRTH_DATE, BSN, found_in
from tests.fakes_decision import catalogue

KINDS = (*ALWAYS, *catalogue().recording.kinds.values())


def _kinds(text: str) -> dict[str, int]:
    return {found.kind.id: found.count for found in found_in(text, KINDS)}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Het nummer is 999911235.", 1),
        ("Nummers 9999.11.235 en 999 912 410 en 9999-14-121", 3),
        ("BSN999911235", 1),
        ("Het nummer is 999911236.", 0),
        ("Bel 0999911235 of 9999112350.", 0),
        ("99991123", 0),
        ("9999 11 235 0", 0),
        ("000000000", 0),
    ],
)
def test_a_bsn_is_nine_digits_that_pass_the_elfproef(text: str, count: int) -> None:
    """A number that passes is counted in every way of writing; another number is not."""
    assert _kinds(text).get("bsn", 0) == count


@pytest.mark.parametrize(
    "text",
    [
        "geboren op 14-05-2011",
        "geb. 14/5/2011",
        "Geboortedatum: 2011-05-14",
        "Yusuf (geboren te Waterveen, 14 mei 2011)",
        "op 14 mei 2011 in Waterveen geboren",
        "born on 14 mrt 2011",
    ],
)
def test_a_date_beside_a_word_for_birth_is_a_date_of_birth(text: str) -> None:
    """Dates of birth are found as people write them."""
    assert _kinds(text) == {"geboortedatum": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Wij spreken elkaar op 14-05-2026 om tien uur.",
        "Zij is geboren in Waterveen en komt volgende week maandag terug op 14-05-2026.",
        "geboortezorg 14-05-2026",
    ],
)
def test_another_date_is_left_alone(text: str) -> None:
    """An appointment is no date of birth."""
    assert _kinds(text) == {}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("De DIAGNOSE is gesteld; diagnoses volgen.", {"diagnose": 2}),
        ("Zij is zwanger en gebruikt cocaïne.", {"zwangerschap": 1, "verslaving": 1}),
        ("Psychiatrische hulp en suïcidaliteit", {"geestelijke-gezondheid": 2}),
        ("verstandelijke beperking", {"beperking": 1}),
        ("Iqbal woont naast de kerkstraat en is schuldig aan niets.", {}),
        ("Hij loopt honderd meter en wil naar de winkel.", {}),
    ],
)
def test_words_are_found_whole(text: str, kinds: dict[str, int]) -> None:
    """Words count in any case and with or without accents, and never inside another word."""
    assert _kinds(text) == kinds


def test_only_the_kinds_that_are_looked_for_are_found() -> None:
    """Who needs debts is not told of debts."""
    assert found_in("schulden, geboren 14-05-2011, 999911235", ()) == ()


@given(st.text(max_size=300))
def test_nothing_of_the_text_comes_back(text: str) -> None:
    """Whatever the text is, what is found holds kinds of the policy and counts, no more."""
    found = found_in(text, KINDS)

    assert all(each.kind in KINDS and each.count > 0 for each in found)


@given(st.text(alphabet="abc xyz.,-", max_size=200))
def test_a_text_without_digits_holds_no_number(text: str) -> None:
    """No number is seen where there is none."""
    assert found_in(text, (BSN, BIRTH_DATE)) == ()


def test_a_word_of_the_policy_is_no_pattern() -> None:
    """A dot in a word means a dot."""
    kind = Kind("x", "x", "x", (), ("burn-out",))

    assert [each.count for each in found_in("burn-out burnXout", [kind])] == [1]
