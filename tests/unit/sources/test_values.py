"""Reading values of sources: what fits comes through, and everything else is a misfit."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.values.days import day_of
from gateway.sources.mapping import FORMS, ColumnPlace, Form, ValueKind
from gateway.sources.source import Scalar
from gateway.sources.values import MISFIT, read_value

NAN = float("nan")


def column(
    kind: ValueKind,
    form: Form | None = None,
    words: dict[str, Scalar] | None = None,
    absent: Scalar | None = None,
) -> ColumnPlace:
    """Return a column of this kind."""
    return ColumnPlace("x", "x", kind, form=form, words=words or {}, absent=absent)


@pytest.mark.parametrize(
    ("kind", "raw", "read"),
    [
        ("text", "", ""),
        ("text", 3, MISFIT),
        ("text", b"x", MISFIT),
        ("text", "x" * 100_001, MISFIT),
        ("boolean", True, True),
        ("boolean", 1, MISFIT),
        ("boolean", "true", MISFIT),
        ("integer", -3, -3),
        ("integer", True, MISFIT),
        ("integer", 2**53, MISFIT),
        ("integer", 3.0, MISFIT),
        ("decimal", 3, 3),
        ("decimal", Decimal("12.50"), 12.5),
        ("decimal", NAN, MISFIT),
        ("decimal", Decimal("Infinity"), MISFIT),
        ("decimal", 1e300, MISFIT),
        ("decimal", False, MISFIT),
        ("decimal", "3", MISFIT),
        ("date", "2011-05-14", "2011-05-14"),
        ("date", dt.date(2011, 5, 14), "2011-05-14"),
        ("date", dt.datetime(2011, 5, 14, tzinfo=dt.UTC), MISFIT),
        ("date", "2011-05", "2011-05-00"),
        ("date", "2011", "2011-00-00"),
        ("date", "2011-00-14", MISFIT),
        ("date", "2011-13-01", MISFIT),
        ("date", "2011-02-29", MISFIT),
        ("date", "2011-05-14T00:00:00Z", MISFIT),
        ("date", "٢٠١١-05-14", MISFIT),
        ("list", ["a", "b"], ["a", "b"]),
        ("list", '["a"]', ["a"]),
        ("list", "[", MISFIT),
        ("list", ["a", 1], MISFIT),
        ("list", ["a"] * 1_001, MISFIT),
        ("object", {"a": 1}, '{"a":1}'),
        ("object", '{"a": 1}', '{"a":1}'),
        ("object", [], MISFIT),
        ("object", {"a": object()}, MISFIT),
    ],
)
def test_a_value_is_of_its_kind_or_a_misfit(kind: str, raw: object, read: object) -> None:
    """Nothing is made to fit."""
    found = read_value(column(ValueKind(kind)), raw)

    assert (type(found), found) == (type(read), read)


@pytest.mark.parametrize(
    ("form", "raw", "read"),
    [
        ("digits", "0012", 12),
        ("digits", "1 2", MISFIT),
        ("digits", 12, MISFIT),
        ("decimal_point", "12.50", 12.5),
        ("decimal_point", "1e9", MISFIT),
        ("decimal_comma", "12,50", 12.5),
        ("decimal_comma", "1.250,50", MISFIT),
        ("decimal_comma", 3, MISFIT),
        ("zero_one", "1", True),
        ("zero_one", 0, False),
        ("zero_one", "ja", MISFIT),
        ("zero_one", 1.0, MISFIT),
        ("yyyymmdd", "19851201", "1985-12-01"),
        ("yyyymmdd", "19851200", "1985-12-00"),
        ("yyyymmdd", "19850000", "1985-00-00"),
        ("yyyymmdd", "00000000", None),
        ("yyyymmdd", "1985", MISFIT),
        ("dd-mm-yyyy", "01-12-1985", "1985-12-01"),
        ("dd-mm-yyyy", "1985-12-01", MISFIT),
        ("brp_date", "19851201", MISFIT),
        ("brp_date", {"type": "Anders"}, MISFIT),
    ],
)
def test_a_form_is_read_as_what_it_stands_for(form: str, raw: object, read: object) -> None:
    """Each way of writing has one meaning."""
    found = read_value(column(FORMS[Form(form)], Form(form)), raw)

    assert (type(found), found) == (type(read), read)


@pytest.mark.parametrize(
    ("raw", "read"), [("J", True), ("N", False), ("j", MISFIT), (None, None), ([], MISFIT)]
)
def test_words_stand_for_values(raw: object, read: object) -> None:
    """A word that the mapping does not know is a misfit, not a no."""
    assert read_value(column(ValueKind.BOOLEAN, words={"J": True, "N": False}), raw) is read


@pytest.mark.parametrize(("absent", "read"), [(False, False), (None, None)])
def test_what_is_left_out_stands_for_what_the_mapping_says(
    *, absent: bool | None, read: bool | None
) -> None:
    """Without a word about it, what is absent is unknown."""
    assert read_value(column(ValueKind.BOOLEAN, absent=absent), None) is read


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KINDS = st.sampled_from([(kind, None) for kind in ValueKind] + [(k, f) for f, k in FORMS.items()])


@given(KINDS, ANYTHING)
def test_reading_is_total(how: tuple[ValueKind, Form | None], raw: object) -> None:
    """Whatever a source holds, there is a value of the kind, nothing, or a misfit."""
    kind, form = how

    found = read_value(column(kind, form), raw)

    assert found is None or found is MISFIT or read_value(column(kind), found) == found


@given(st.dates(min_value=dt.date(1000, 1, 1)))
def test_every_day_survives_its_forms(day: dt.date) -> None:
    """The ways of writing a day agree."""
    texts = {Form.YYYYMMDD: f"{day:%Y%m%d}", Form.DD_MM_YYYY: f"{day:%d-%m-%Y}"}

    found = {day_of(read_value(column(ValueKind.DATE, form), raw)) for form, raw in texts.items()}

    assert found == {day}
