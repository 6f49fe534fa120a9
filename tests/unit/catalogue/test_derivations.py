"""What is made of source rows, word by word: the answer, or unknown for what does not fit."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.days import age_on, day_of, year_before
from gateway.catalogue.model import LEVELS, Band, Derive, FieldGrant, Need, Precision
from gateway.catalogue.precision import minimise

DAY = dt.date(2026, 3, 2)
BAND = Band((100, 500), ("klein", "midden", "groot"))
P, D = Precision, Derive
YES, NO = True, False


def grant(derive: Derive, precision: Precision, **more: Any) -> FieldGrant:  # noqa: ANN401
    """Return a grant of one column, with what this derivation needs beside it."""
    plain = FieldGrant(
        name="gegeven",
        table="tabel",
        column="kolom",
        where=(),
        derive=derive,
        precision=precision,
        band=BAND if precision is P.BAND else None,
        need=Need.ALWAYS,
        because="Nodig voor de toets.",
        consent=False,
        special=None,
        key="wie",
        against=110,
    )
    return replace(plain, **more)


def column(*values: object) -> list[dict[str, object]]:
    """Return rows with one column."""
    return [{"kolom": value} for value in values]


def parties(*rows: tuple[object, object, object]) -> list[dict[str, object]]:
    """Return memberships of a case."""
    return [{"kolom": who, "van": since, "tot": until} for who, since, until in rows]


@dataclass(frozen=True)
class Given:
    """A derivation at a level, over rows, and what must come of it."""

    derive: Derive
    precision: Precision
    rows: Sequence[dict[str, object]]
    expected: object


ANSWERS = [
    Given(D.ONE, P.YEAR, column("2024-09-15"), 2024),
    Given(D.ONE, P.YEAR, column("2024-13-15"), None),
    Given(D.ONE, P.YEAR, column("najaar 2024"), None),
    Given(D.ONE, P.QUARTER, column("2026-08-09"), "2026-K3"),
    Given(D.ONE, P.QUARTER, column("2026-12-31"), "2026-K4"),
    Given(D.ONE, P.QUARTER, column(20260809), None),
    Given(D.ONE, P.EXACT, column(2**60), None),
    Given(D.ONE, P.EXACT, column(math.nan), None),
    Given(D.ONE, P.EXACT, column(math.inf), None),
    Given(D.ANY, P.FLAG, column(NO, YES), YES),
    Given(D.ANY, P.FLAG, column(NO, NO), NO),
    Given(D.ANY, P.FLAG, column(NO, None), None),
    Given(D.ANY, P.FLAG, column(1), None),
    Given(D.ANY, P.FLAG, [], None),
    Given(D.LIST, P.EXACT, column("b", "a", "b"), ["a", "b"]),
    Given(D.ITEMS, P.EXACT, column(["b", "a"], ["c"]), ["b", "a", "c"]),
    Given(D.ITEMS, P.EXACT, column('["b", "a"]'), ["b", "a"]),
    Given(D.ITEMS, P.EXACT, column("b, a"), None),
    Given(D.ITEMS, P.EXACT, column('["b", 1]'), None),
    Given(D.ITEMS, P.EXACT, column('{"b": 1}'), None),
    Given(D.ITEMS, P.EXACT, column(None), None),
    Given(D.ITEMS, P.EXACT, column("[]"), None),
    Given(D.PAIRS, P.EXACT, [{"wie": "team", "kolom": "loopt"}], ["team: loopt"]),
    Given(D.PAIRS, P.EXACT, [{"wie": "team", "kolom": None}], None),
    Given(D.PAIRS, P.EXACT, [{"kolom": "loopt"}], None),
    Given(D.PAIRS, P.EXACT, [], None),
    Given(
        D.ACTIVE_PARTIES,
        P.EXACT,
        parties(
            ("z", "2026-01-01", None),
            ("a", "2026-03-02", "2026-03-02"),
            ("weg", "2026-01-01", "2026-03-01"),
            ("later", "2026-03-03", None),
        ),
        ["a", "z"],
    ),
    Given(D.ACTIVE_PARTIES, P.EXACT, parties(("a", "onbekend", None)), None),
    Given(D.ACTIVE_PARTIES, P.EXACT, parties(("a", "2026-01-01", "ooit")), None),
    Given(D.ACTIVE_PARTIES, P.EXACT, parties((7, "2026-01-01", None)), None),
    Given(D.SUM, P.EXACT, column(0.1, 0.2), 0.3),
    Given(D.SUM, P.EXACT, column(612.4, 100), 712.4),
    Given(D.SUM, P.EXACT, column(2, 3), 5),
    Given(D.SUM, P.EXACT, column(2**52, 2**52), None),
    Given(D.SUM, P.EXACT, column(2, None), None),
    Given(D.SUM, P.EXACT, column(YES, 2), None),
    Given(D.SUM, P.EXACT, [], None),
    Given(D.SUM, P.BAND, column(99, 1), "midden"),
    Given(D.SUM, P.BAND, column("99"), None),
    Given(D.EARLIEST, P.EXACT, column("2026-03-09", None, "2026-03-05"), "2026-03-05"),
    Given(D.EARLIEST, P.YEAR, column("2026-03-09"), 2026),
    Given(D.EARLIEST, P.EXACT, column("2026-03-09", "straks"), None),
    Given(D.EARLIEST, P.EXACT, column(None), None),
    Given(D.AGE, P.YEAR, column("2008-03-02"), 18),
    Given(D.AGE, P.YEAR, column("2008-03-03"), 17),
    Given(D.AGE, P.BAND, column("1900-01-01"), "midden"),
    Given(D.AGE, P.YEAR, column("2026-03-03"), None),
    Given(D.AGE, P.YEAR, column("onbekend"), None),
    Given(D.LAST_12_MONTHS, P.COUNT, column("2025-03-02", "2026-03-02"), 2),
    Given(D.LAST_12_MONTHS, P.COUNT, column("2025-03-01", "2026-03-03"), 0),
    Given(D.LAST_12_MONTHS, P.COUNT, [], 0),
    Given(D.LAST_12_MONTHS, P.COUNT, column("gisteren"), None),
    Given(D.CLASH, P.FLAG, column("di", "di"), YES),
    Given(D.CLASH, P.FLAG, column("di", "do"), NO),
    Given(D.CLASH, P.FLAG, column("di", None), None),
    Given(D.CLASH, P.FLAG, [], None),
    Given(D.EQUALS, P.FLAG, column(110), YES),
    Given(D.EQUALS, P.FLAG, column(111), NO),
    Given(D.EQUALS, P.FLAG, column("110"), None),
    Given(D.EQUALS, P.FLAG, [], None),
    Given(D.AT_MOST, P.FLAG, column(110), YES),
    Given(D.AT_MOST, P.FLAG, column(110.5), NO),
    Given(D.AT_MOST, P.FLAG, column("110"), None),
    Given(D.AT_MOST, P.FLAG, column(90, 120), None),
    Given(D.FIGURE, P.COUNT, column(80), 80),
    Given(D.FIGURE, P.COUNT, column(80.5), None),
    Given(D.FIGURE, P.EXACT, column(14.5), 14.5),
    Given(D.FIGURE, P.COUNT, column('{"wonen": 31}'), {"wonen": 31}),
    Given(D.FIGURE, P.COUNT, column('{"wonen": "veel"}'), None),
    Given(D.FIGURE, P.COUNT, column("{}"), None),
    Given(D.FIGURE, P.COUNT, column("veel"), None),
    Given(D.FIGURE, P.COUNT, column(YES), None),
]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{case.derive}-{case.precision.label}-{number}")
        for number, case in enumerate(ANSWERS)
    ],
)
def test_each_word_gives_its_answer_or_unknown(case: Given) -> None:
    """What fits the word gives the answer; what does not is unknown, and never a guess."""
    found = minimise(grant(case.derive, case.precision), case.rows, DAY)

    assert found == case.expected
    assert type(found) is type(case.expected)


@pytest.mark.parametrize("derive", [D.AGE, D.LAST_12_MONTHS, D.ACTIVE_PARTIES])
def test_what_depends_on_the_day_is_unknown_without_it(derive: Derive) -> None:
    """Nothing reads a clock: without the day of the decision there is no answer."""
    rows = parties(("2020-01-01", "2020-01-01", None))
    level = min(LEVELS[derive])

    assert minimise(grant(derive, level), rows) is None
    assert minimise(grant(derive, level), rows, DAY) is not None


def test_rows_are_counted_without_reading_a_column() -> None:
    """A count needs no column; without one, only counting and being there are possible."""
    rows: list[dict[str, object]] = [{}, {}]

    assert minimise(grant(D.ONE, P.COUNT, column=None), rows) == 2
    assert minimise(grant(D.ONE, P.EXISTS, column=None), rows) is True
    assert minimise(grant(D.ONE, P.EXISTS, column=None), []) is False
    assert minimise(grant(D.ONE, P.EXACT, column=None), rows) is None


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.dates(),
    st.dates().map(dt.date.isoformat),
    st.decimals(),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.integers()),
)
rows = st.lists(
    st.dictionaries(st.sampled_from(["kolom", "wie", "van", "tot"]), anything), max_size=4
)
combinations = st.sampled_from(
    [(derive, level) for derive in Derive for level in Precision if level in LEVELS[derive]]
)
SHAPES = {
    P.EXISTS: bool,
    P.FLAG: bool,
    P.COUNT: int | dict,
    P.BAND: str,
    P.YEAR: int,
    P.QUARTER: str,
    P.EXACT: str | int | float | list | dict,
}


@given(combinations, rows, st.dates())
def test_nothing_finer_than_the_level_ever_comes_out(
    combination: tuple[Derive, Precision], found: list[dict[str, object]], day: dt.date
) -> None:
    """Whatever the rows hold, the answer has the shape of its level, or is unknown."""
    derive, level = combination

    value = minimise(grant(derive, level), found, day)

    assert value is None or isinstance(value, SHAPES[level])
    assert level is not P.BAND or value in (*BAND.labels, None)
    assert level is not P.FLAG or value in (True, False, None)


@given(st.sampled_from(list(Derive)), st.sampled_from(list(Precision)), rows)
def test_a_level_that_does_not_fit_the_word_gives_nothing(
    derive: Derive, level: Precision, found: list[dict[str, object]]
) -> None:
    """A combination that the policy files may not hold releases nothing, should it ever occur."""
    value = minimise(grant(derive, level), found, DAY)

    assert level in LEVELS[derive] or value is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026-03-02", DAY), ("2026-3-2", None), ("2026-02-30", None), (DAY, None), (None, None)],
)
def test_a_day_is_a_text_of_ten_characters(text: object, expected: dt.date | None) -> None:
    """Nothing else is taken for a day."""
    assert day_of(text) == expected


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        ("2008-02-29", "2026-02-28", 17),
        ("2008-02-29", "2026-03-01", 18),
        ("2008-03-02", "2026-03-02", 18),
    ],
)
def test_a_birthday_counts_from_its_own_day(born: str, day: str, age: int) -> None:
    """Who is born on 29 February turns a year older on 1 March in common years."""
    assert age_on(dt.date.fromisoformat(born), dt.date.fromisoformat(day)) == age


@pytest.mark.parametrize(
    ("day", "before"),
    [
        ("2026-03-02", "2025-03-02"),
        ("2024-02-29", "2023-02-28"),
        ("0001-05-05", "0001-01-01"),
    ],
)
def test_a_year_before_is_the_same_day(day: str, before: str) -> None:
    """A leap day goes back to the end of February; time has a beginning."""
    assert year_before(dt.date.fromisoformat(day)).isoformat() == before
