"""Precision: never finer than granted, strictest wins, and total over whatever a source says."""

import datetime as dt
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.model import Band, Derive, FieldGrant, Need, Precision
from gateway.catalogue.precision import Value, minimise, strictest

precisions = st.sampled_from(list(Precision))
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.dates(),
    st.decimals(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.integers()),
)
rows = st.lists(st.dictionaries(st.sampled_from(["kolom", "anders"]), anything), max_size=4)
BAND = Band((6, 12), ("kort", "midden", "lang"))


def _grant(
    precision: Precision, derive: Derive = Derive.ONE, band: Band | None = None
) -> FieldGrant:
    return FieldGrant(
        name="gegeven",
        table="tabel",
        column="kolom",
        where=(),
        derive=derive,
        precision=precision,
        band=band,
        need=Need.ALWAYS,
        because="Nodig voor de toets.",
        consent=False,
        special=None,
    )


def _rows(*values: object) -> list[dict[str, object]]:
    return [{"kolom": value} for value in values]


@given(precisions, precisions, precisions)
def test_strictest_wins_and_order_does_not_matter(a: Precision, b: Precision, c: Precision) -> None:
    """Adding a restriction never widens, in whatever order restrictions meet."""
    assert strictest(a, b) <= a
    assert strictest(a, b) == strictest(b, a)
    assert strictest(a, strictest(b, c)) == strictest(strictest(a, b), c)


@given(rows)
def test_exists_says_only_whether_there_is_something(found: list[dict[str, object]]) -> None:
    """Whatever the rows hold, the answer is yes or no."""
    assert minimise(_grant(Precision.EXISTS), found) is bool(found)


@given(rows)
def test_a_flag_is_yes_no_or_unknown(found: list[dict[str, object]]) -> None:
    """Never anything but true, false or unknown comes out of a flag."""
    assert minimise(_grant(Precision.FLAG), found) in (True, False, None)
    assert not isinstance(minimise(_grant(Precision.FLAG), found), int | float) or isinstance(
        minimise(_grant(Precision.FLAG), found), bool
    )


@given(rows)
def test_a_band_is_one_of_its_labels_or_unknown(found: list[dict[str, object]]) -> None:
    """No number gets out of a band."""
    assert minimise(_grant(Precision.BAND, band=BAND), found) in (*BAND.labels, None)


@given(st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9))
def test_a_limit_is_the_lower_bound_of_the_next_band(number: float) -> None:
    """Exactly on a limit the next range begins."""
    expected = "kort" if number < 6 else "midden" if number < 12 else "lang"

    assert minimise(_grant(Precision.BAND, band=BAND), _rows(number)) == expected


@given(rows)
def test_a_list_holds_labels_only(found: list[dict[str, object]]) -> None:
    """A list is sorted text without repetition, or unknown."""
    labels = minimise(_grant(Precision.EXACT, Derive.LIST), found)

    assert labels is None or (isinstance(labels, list) and labels == sorted(set(labels)))


@given(rows, st.sampled_from([Precision.ABSENT, Precision.COUNT, Precision.YEAR]))
def test_a_precision_nobody_can_compute_gives_nothing(
    found: list[dict[str, object]], precision: Precision
) -> None:
    """What is not defined for a value releases nothing at all."""
    assert minimise(_grant(precision), found) is None


@pytest.mark.parametrize("precision", [Precision.FLAG, Precision.BAND, Precision.EXACT])
def test_no_row_is_unknown_and_not_no(precision: Precision) -> None:
    """A source without a record has not said "no"."""
    assert minimise(_grant(precision, band=BAND), []) is None


@pytest.mark.parametrize(("value", "expected"), [(True, True), (False, False), (1, None)])
def test_a_flag_takes_booleans_only(value: object, *, expected: bool | None) -> None:
    """A one is not a yes."""
    assert minimise(_grant(Precision.FLAG), _rows(value)) is expected


@pytest.mark.parametrize("values", [(True, False), (1, True), (1, 1.0)])
def test_rows_that_disagree_are_unknown(values: tuple[object, ...]) -> None:
    """Two records that say different things say nothing that can be relied on."""
    assert minimise(_grant(Precision.FLAG), _rows(*values)) is None
    assert minimise(_grant(Precision.EXACT), _rows(*values)) is None


@pytest.mark.parametrize("value", ["tekst", 3, 2.5])
def test_an_exact_value_is_itself(value: object) -> None:
    """Text and numbers leave as they are where exact is granted."""
    assert minimise(_grant(Precision.EXACT), _rows(value, value)) == value


@pytest.mark.parametrize(
    "value", [None, b"x", ["x"], {"a": 1}, dt.date(2026, 3, 2), Decimal("sNaN")]
)
def test_what_is_no_plain_value_is_unknown(value: object) -> None:
    """Bytes, lists and objects never leave as a value."""
    assert minimise(_grant(Precision.EXACT), _rows(value)) is None


@pytest.mark.parametrize("value", [math.nan, True, "7", None, Decimal(7)])
def test_a_band_of_no_number_is_unknown(value: object) -> None:
    """Not-a-number, a boolean and text lie in no range."""
    assert minimise(_grant(Precision.BAND, band=BAND), _rows(value)) is None


def test_a_broken_or_absent_band_is_unknown() -> None:
    """A band with too few labels, or none at all, gives nothing."""
    short = Band((6, 12), ("kort", "midden"))

    assert minimise(_grant(Precision.BAND, band=short), _rows(99)) is None
    assert minimise(_grant(Precision.BAND), _rows(99)) is None


def test_labels_are_given_sorted_and_once_or_not_at_all() -> None:
    """One label that is no text makes the whole list unknown; a coarser grant gives no list."""
    grant = _grant(Precision.EXACT, Derive.LIST)

    assert minimise(grant, _rows("b", "a", "b")) == ["a", "b"]
    assert minimise(grant, _rows("a", 1)) is None
    assert minimise(grant, []) is None
    assert minimise(_grant(Precision.FLAG, Derive.LIST), _rows("a")) is None


def test_a_value_knows_its_precision() -> None:
    """A value travels with its precision, and the precision with its word."""
    assert Value(True, Precision.FLAG).precision.label == "flag"  # noqa: FBT003 - the value itself
