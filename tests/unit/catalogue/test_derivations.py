"""What is made of source rows, word by word: the answer, or unknown for what does not fit."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.model import LEVELS, Derive, Precision
from gateway.catalogue.occasion import Occasion
from gateway.catalogue.precision import minimise
from gateway.catalogue.values.days import Span, age_on, ages_on, day_of, span_of, year_before
from tests.grants import BAND, DAY, OCCASION, anything, column, grant

TODAY = Occasion(DAY)
P, D = Precision, Derive
YES, NO = True, False


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
    Given(D.ONE, P.EXACT, column("1999-05-00"), None),
    Given(D.ONE, P.EXACT, column("1999-00-00"), None),
    Given(D.ONE, P.EXACT, column("1999-05-12"), "1999-05-12"),
    Given(D.ONE, P.EXACT, column("\ud800"), None),
    Given(D.ONE, P.YEAR, column("1999-00-00"), 1999),
    Given(D.ONE, P.YEAR, column("1999-00-12"), None),
    Given(D.ONE, P.YEAR, column("0000-00-00"), None),
    Given(D.ONE, P.QUARTER, column("1999-05-00"), "1999-K2"),
    Given(D.ONE, P.QUARTER, column("1999-00-00"), None),
    Given(D.ONE, P.POSTCODE4, column("1511AB"), "1511"),
    Given(D.ONE, P.POSTCODE4, column("1511 ab "), "1511"),
    Given(D.ONE, P.POSTCODE4, column("1511"), None),
    Given(D.ONE, P.POSTCODE4, column("0511AB"), None),
    Given(D.ONE, P.POSTCODE4, column("1511  AB"), None),
    Given(D.ONE, P.POSTCODE4, column(1511), None),
    Given(D.ONE, P.PSEUDONYM, column("17"), None),
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
    Given(D.AGE, P.YEAR, column("1999-02-00"), 27),
    Given(D.AGE, P.YEAR, column("1999-03-00"), None),
    Given(D.AGE, P.YEAR, column("1999-00-00"), None),
    Given(D.AGE, P.YEAR, column("2026-00-00"), 0),
    Given(D.AGE, P.BAND, column("1999-00-00"), "klein"),
    Given(D.AGE, P.BAND, column("1926-00-00"), None),
    Given(D.AGE_FROM, P.FLAG, column("2008-03-02"), YES),
    Given(D.AGE_FROM, P.FLAG, column("2008-03-03"), NO),
    Given(D.AGE_FROM, P.FLAG, column("2008-02-00"), YES),
    Given(D.AGE_FROM, P.FLAG, column("2008-03-00"), None),
    Given(D.AGE_FROM, P.FLAG, column("2008-00-00"), None),
    Given(D.AGE_FROM, P.FLAG, column("2009-00-00"), NO),
    Given(D.AGE_FROM, P.FLAG, column("2027-00-00"), None),
    Given(D.AGE_FROM, P.FLAG, column("2008-03-02", "2008-03-03"), None),
    Given(D.EARLIEST, P.YEAR, column("2026-00-00", "2026-03-09"), 2026),
    Given(D.EARLIEST, P.QUARTER, column("2026-00-00", "2026-03-09"), "2026-K1"),
    Given(D.EARLIEST, P.EXACT, column("2026-03-00", "2026-03-01"), "2026-03-01"),
    Given(D.EARLIEST, P.EXACT, column("2026-03-00", "2026-03-09"), None),
    Given(D.ONE_OF, P.FLAG, column("zwaar"), YES),
    Given(D.ONE_OF, P.FLAG, column("middel"), NO),
    Given(D.ONE_OF, P.FLAG, column("zwaar", "licht"), None),
    Given(D.ONE_OF, P.FLAG, column(3), None),
    Given(D.AT_LEAST, P.FLAG, column(110), YES),
    Given(D.AT_LEAST, P.FLAG, column(109.5), NO),
    Given(D.AT_LEAST, P.FLAG, column("110"), None),
    Given(D.MATCH, P.FLAG, [{"kolom": "A. de Vries", "brp.naam": "Anna Vries"}], YES),
    Given(D.MATCH, P.FLAG, [{"kolom": "A. de Vries", "brp.naam": "Bea Vries"}], NO),
    Given(D.MATCH, P.FLAG, [{"kolom": "A. de Vries", "brp.naam": None}], None),
    Given(D.MATCH, P.FLAG, [{"kolom": "A. de Vries"}], None),
    Given(D.MATCH, P.FLAG, [], None),
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
    Given(D.FIGURE, P.COUNT, column(10), 10),
    Given(D.FIGURE, P.COUNT, column(9), None),
    Given(D.FIGURE, P.COUNT, column('{"wonen": 31}'), None),
    Given(D.FIGURE, P.EXACT, column('{"wonen": 31}'), None),
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
    found = minimise(grant(case.derive, case.precision), case.rows, TODAY)

    assert found == case.expected
    assert type(found) is type(case.expected)


@pytest.mark.parametrize("derive", [D.AGE, D.AGE_FROM, D.LAST_12_MONTHS, D.ACTIVE_PARTIES])
def test_what_depends_on_the_day_is_unknown_without_it(derive: Derive) -> None:
    """Nothing reads a clock: without the day of the decision there is no answer."""
    rows = parties(("2020-01-01", "2020-01-01", None))
    level = min(LEVELS[derive])

    assert minimise(grant(derive, level), rows) is None
    assert minimise(grant(derive, level), rows, TODAY) is not None


def test_rows_are_counted_without_reading_a_column() -> None:
    """A count needs no column; without one, only counting and being there are possible."""
    rows: list[dict[str, object]] = [{}, {}]

    assert minimise(grant(D.ONE, P.COUNT, column=None), rows) == 2
    assert minimise(grant(D.ONE, P.EXISTS, column=None), rows) is True
    assert minimise(grant(D.ONE, P.EXISTS, column=None), []) is False
    assert minimise(grant(D.ONE, P.EXACT, column=None), rows) is None


rows = st.lists(
    st.dictionaries(st.sampled_from(["kolom", "wie", "van", "tot", "brp.naam"]), anything),
    max_size=4,
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
    P.POSTCODE4: str,
    P.PSEUDONYM: str,
    P.EXACT: str | int | float | list | dict,
}


@given(combinations, rows, st.dates())
def test_nothing_finer_than_the_level_ever_comes_out(
    combination: tuple[Derive, Precision], found: list[dict[str, object]], day: dt.date
) -> None:
    """Whatever the rows hold, the answer has the shape of its level, or is unknown."""
    derive, level = combination

    value = minimise(grant(derive, level), found, Occasion(day, OCCASION.pseudonym))

    assert value is None or isinstance(value, SHAPES[level])
    assert level is not P.BAND or value in (*BAND.labels, None)
    assert level is not P.FLAG or value in (True, False, None)


@given(st.sampled_from(list(Derive)), st.sampled_from(list(Precision)), rows)
def test_a_level_that_does_not_fit_the_word_gives_nothing(
    derive: Derive, level: Precision, found: list[dict[str, object]]
) -> None:
    """A combination that the policy files may not hold releases nothing, should it ever occur."""
    value = minimise(grant(derive, level), found, TODAY)

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


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-02-00", "2024-02-01", "2024-02-29"),
        ("2023-02-00", "2023-02-01", "2023-02-28"),
        ("2023-12-00", "2023-12-01", "2023-12-31"),
        ("2023-00-00", "2023-01-01", "2023-12-31"),
        ("2023-05-12", "2023-05-12", "2023-05-12"),
    ],
)
def test_a_date_known_in_part_lies_between_two_days(text: str, first: str, last: str) -> None:
    """Zeros stand for every month or every day that it may be."""
    assert span_of(text) == Span(dt.date.fromisoformat(first), dt.date.fromisoformat(last))


@pytest.mark.parametrize(
    ("born", "day", "ages"),
    [
        ("2008-02-00", "2026-02-28", (17, 18)),
        ("2008-02-00", "2026-03-01", (18,)),
        ("2008-00-00", "2026-12-31", (18,)),
        ("2008-00-00", "2026-12-30", (17, 18)),
        ("2026-00-00", "2026-03-02", (0,)),
        ("2026-03-03", "2026-03-02", ()),
        ("onbekend", "2026-03-02", ()),
    ],
)
def test_an_age_is_as_certain_as_the_birth_date(born: str, day: str, ages: tuple[int, ...]) -> None:
    """Where the day or the month is unknown, every age that it may be is given."""
    assert ages_on(span_of(born), dt.date.fromisoformat(day)) == ages


@pytest.mark.parametrize("against", ["18", None, True])
def test_a_limit_that_is_no_number_is_never_reached(against: object) -> None:
    """Such a grant cannot be read from a file; should it ever occur, it says nothing."""
    assert minimise(grant(D.AGE_FROM, P.FLAG, against=against), column("1999-05-12"), TODAY) is None


def test_a_pseudonym_is_made_by_whoever_serves_the_receiver() -> None:
    """A text or a whole number is named, without the spaces around it; nothing else is."""
    made = grant(D.ONE, P.PSEUDONYM)

    assert minimise(made, column(" 17 "), OCCASION) == "codenaam van 17"
    assert minimise(made, column(17), OCCASION) == "codenaam van 17"
    assert minimise(made, column(" "), OCCASION) is None
    assert minimise(made, column(YES), OCCASION) is None
    assert minimise(made, column(2**60), OCCASION) is None
    assert minimise(made, column(1.5), OCCASION) is None


@pytest.mark.parametrize(
    ("themes", "expected"),
    [
        ('{"huur": 31, "schuld": 10}', {"huur": 31, "schuld": 10}),
        ('{"huur": 31}', {"huur": 31}),
        ('{"huur": 31, "schuld": 9}', None),
        ('{"huur": 31, "schuld": 10.5}', None),
        ('{"huur": 31, "Anna Jansen": 10}', None),
        (31, None),
    ],
)
def test_themes_are_told_where_none_is_small_or_free(themes: object, expected: object) -> None:
    """A theme with few persons, or one that nobody listed, hides every other one with it."""
    made = grant(D.FIGURE, P.COUNT, labels=("huur", "schuld"))

    assert minimise(made, column(themes)) == expected


@pytest.mark.parametrize(
    ("derive", "rows", "expected"),
    [
        (D.ONE, column("huur"), "huur"),
        (D.ONE, column("koop"), None),
        (D.ONE, column(7), None),
        (D.LIST, column("huur", "schuld"), ["huur", "schuld"]),
        (D.LIST, column("huur", "koop"), None),
        (D.ITEMS, column(["huur"]), ["huur"]),
        (D.ITEMS, column(["huur", "koop"]), None),
    ],
)
def test_only_what_the_closed_list_names_leaves(
    derive: Derive, rows: Sequence[dict[str, object]], expected: object
) -> None:
    """One text that is not on the list makes all of it unknown: half a list would mislead."""
    assert minimise(grant(derive, P.EXACT, labels=("huur", "schuld")), rows) == expected
