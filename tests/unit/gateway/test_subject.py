"""The number that names a person: checked by the elfproef, and hidden wherever it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SubjectInvalid
from gateway.subject import parse_bsn, passes_for_bsn
from tests.builders import HENK, NOBODY, SANNE, YUSUF


@pytest.mark.parametrize("bsn", [YUSUF, SANNE, HENK, NOBODY])
def test_a_number_that_passes_is_a_subject(bsn: str) -> None:
    """Nine digits whose weighted sum divides by eleven name a person."""
    assert parse_bsn(bsn).as_bytes() == f"bsn:{bsn}".encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "999911234",
        "99991123",
        "9999112350",
        "000000000",
        " 999911235",
        "999911235\n",
        "99991123x",
        "-99911235",
        "٩٩٩٩١١٢٣٥",
        "999.911.235",
        "९९९९११२३५",
    ],
)
def test_anything_else_is_refused_and_not_shown(text: str) -> None:
    """Another length, other signs or a failing elfproef is no BSN; the text stays out."""
    with pytest.raises(SubjectInvalid) as caught:
        parse_bsn(text)

    assert text.strip() not in str(caught.value) or not text.strip()


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("999911235", True),
        ("9999.11.235", True),
        ("9999 11-235_", True),
        ("999911234", False),
        ("9999112350", False),
        ("m-999911235", False),
        ("", False),
    ],
)
def test_an_id_that_is_a_number_of_a_person_is_told(text: str, passes: bool) -> None:  # noqa: FBT001
    """Together or in groups; a longer id, one with letters and one that fails are ids."""
    assert passes_for_bsn(text) is passes


@given(position=st.integers(0, 8), step=st.integers(1, 9))
def test_one_wrong_digit_is_always_found(position: int, step: int) -> None:
    """The elfproef finds every single mistyped digit."""
    digits = [int(digit) for digit in YUSUF]
    digits[position] = (digits[position] + step) % 10
    mistyped = "".join(map(str, digits))

    with pytest.raises(SubjectInvalid):
        parse_bsn(mistyped)


def test_a_subject_shows_two_digits_only() -> None:
    """In a log or a traceback a subject is masked."""
    shown = f"{parse_bsn(YUSUF)!r} {parse_bsn(YUSUF)}"

    assert YUSUF not in shown
    assert "*******35" in shown
