"""Names: the same name in other spellings is the same, and another name is another."""

import unicodedata
from typing import Literal, TypeAlias, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.values.names import is_name, same_name

YES, NO = True, False


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("Samira El Amrani", "samira el amrani", YES),
        ("José Núñez", "Jose Nunez", YES),
        ("Groß", "GROSS", YES),
        ("Søren Ærø", "Soren Aero", YES),
        ("Łukasz Đorđević", "Lukasz Dordevic", YES),
        ("ĳsbrand", "IJsbrand", YES),
        ("de Vries, Anna", "Anna de Vries", YES),
        ("Anna van der Berg", "Anna Berg", YES),
        ("Jan van 't Hoff", "Jan Hoff", YES),
        ("Jan ’t Hart", "Jan 't Hart", YES),
        ("Luca d'Angelo", "Luca Angelo", YES),
        ("Sean O'Brien", "Sean OBrien", YES),
        ("Anna Jansen-Bakker", "Anna Jansen Bakker", YES),
        ("A. Jansen", "Anna Jansen", YES),
        ("A.B. Jansen", "Anna Berta Jansen", YES),
        ("A. Berta Jansen", "Anna B. Jansen", YES),
        ("A. Jansen", "B. Jansen", NO),
        ("A. Jansen", "Jansen", NO),
        ("A.B. Jansen", "Anna Jansen", NO),
        ("A. Anna Jansen", "A. Anton Jansen", NO),
        ("Anna Jansen", "Anton Jansen", NO),
        ("Anna Jansen", "Anna Janssen", NO),
        ("Anna J.", "A. Jansen", NO),
        ("Anna Anna", "Anna", NO),
        ("", "Anna Jansen", None),
        ("van de", "Anna Jansen", None),
        ("A. B.", "A. B.", None),
        ("1234", "1234", None),
        (None, "Anna Jansen", None),
        ("Anna Jansen", 7, None),
    ],
)
def test_two_names_are_the_same_or_not_or_nobody_knows(
    left: object, right: object, *, same: bool | None
) -> None:
    """Spelling, order, prefixes and initials do not matter; a missing name is unknown."""
    assert same_name(left, right) is same
    assert same_name(right, left) is same


@pytest.mark.parametrize(
    ("value", "expected"), [("Anna Jansen", YES), ("A. van de", NO), ("", NO), (7, NO)]
)
def test_a_name_holds_a_whole_word(value: object, *, expected: bool) -> None:
    """Initials and prefixes alone name nobody."""
    assert is_name(value) is expected


names = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["Anna de Vries", "A. Vries", "Vries", "J. van 't Hoff", "Łukasz Groß", "d'Angelo Luca"]
)


@given(names)
def test_every_name_is_itself(name: str) -> None:
    """A name is the same as itself, unless there is nothing in it to compare."""
    assert same_name(name, name) is (YES if is_name(name) else None)


@given(names, names)
def test_which_one_comes_first_does_not_matter(left: str, right: str) -> None:
    """Matching is symmetric, and unknown just where one of the two is no name."""
    found = same_name(left, right)

    assert found is same_name(right, left)
    assert (found is None) is not (is_name(left) and is_name(right))


Form: TypeAlias = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: tuple[Form, ...] = get_args(Form)


@given(names, names, st.sampled_from(FORMS))
def test_the_stated_reading_changes_nothing(left: str, right: str, form: Form) -> None:
    """Another Unicode form, other spaces and other separators give the same answer."""
    written = unicodedata.normalize(form, left)

    assert same_name(f"  {written}  ", right) is same_name(left, right)
    assert same_name(left.replace(" ", " - "), right) is same_name(left, right)


words = st.lists(
    st.sampled_from(["anna", "berta", "jansen", "é", "groß", "ŁUKA", "x"]), min_size=1, max_size=5
)


@given(words, st.data())
def test_order_capitals_and_prefixes_do_not_matter(parts: list[str], data: st.DataObject) -> None:
    """The same words in another order, in capitals, with a prefix added, are the same name."""
    name, shuffled = " ".join(parts), data.draw(st.permutations(parts))

    other = f"VAN DER {' '.join(shuffled).upper()}"

    assert same_name(name, other) is (YES if is_name(name) else None)
