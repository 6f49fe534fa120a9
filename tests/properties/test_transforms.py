"""Every transform: it tells no more than its level, never guesses, and bears whatever comes."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.catalogue.model import LEVELS, Derive, FieldGrant, Precision
from gateway.catalogue.occasion import Occasion
from gateway.catalogue.precision import minimise
from tests.grants import BAND, DAY, OCCASION, anything, column, grant

P, D = Precision, Derive
PAIRS = [(derive, level) for derive in Derive for level in sorted(LEVELS[derive])]
BY_NAME = {f"{derive}-{level.label}": grant(derive, level) for derive, level in PAIRS}
rows = st.lists(
    st.dictionaries(st.sampled_from(["kolom", "wie", "van", "tot", "brp.naam"]), anything),
    max_size=3,
)
SHAPES: Mapping[Precision, type | tuple[type, ...]] = MappingProxyType(
    {
        P.EXISTS: bool,
        P.FLAG: bool,
        P.COUNT: (int, dict),
        P.BAND: str,
        P.YEAR: int,
        P.QUARTER: str,
        P.POSTCODE4: str,
        P.PSEUDONYM: str,
        P.EXACT: (str, int, float, list, dict),
    }
)


@pytest.mark.parametrize("name", BY_NAME)
@given(found=rows)
def test_whatever_comes_is_borne(name: str, found: list[dict[str, object]]) -> None:
    """Nothing raises; what comes out has the shape of its level and can be sent, or is unknown."""
    made = BY_NAME[name]

    value = minimise(made, found, OCCASION)

    assert value is None or isinstance(value, SHAPES[made.precision])
    assert orjson.dumps(value)


# In each pair the second says less of the same rows than the first.
COARSER: Mapping[str, tuple[FieldGrant, FieldGrant]] = MappingProxyType(
    {
        "year of quarter": (grant(D.ONE, P.QUARTER), grant(D.ONE, P.YEAR)),
        "year of day": (grant(D.ONE, P.EXACT), grant(D.ONE, P.YEAR)),
        "quarter of day": (grant(D.ONE, P.EXACT), grant(D.ONE, P.QUARTER)),
        "flag": (grant(D.ONE, P.EXACT), grant(D.ONE, P.FLAG)),
        "band": (grant(D.ONE, P.EXACT), grant(D.ONE, P.BAND)),
        "postcode": (grant(D.ONE, P.EXACT), grant(D.ONE, P.POSTCODE4)),
        "pseudonym": (grant(D.ONE, P.EXACT), grant(D.ONE, P.PSEUDONYM)),
        "equals": (grant(D.ONE, P.EXACT), grant(D.EQUALS, P.FLAG)),
        "one of": (grant(D.ONE, P.EXACT), grant(D.ONE_OF, P.FLAG)),
        "at most": (grant(D.ONE, P.EXACT), grant(D.AT_MOST, P.FLAG)),
        "at least": (grant(D.ONE, P.EXACT), grant(D.AT_LEAST, P.FLAG)),
        "closed text": (grant(D.ONE, P.EXACT), grant(D.ONE, P.EXACT, labels=("licht",))),
        "age": (grant(D.ONE, P.EXACT), grant(D.AGE, P.YEAR)),
        "age range of age": (grant(D.AGE, P.YEAR), grant(D.AGE, P.BAND)),
        "age limit of age": (grant(D.AGE, P.YEAR), grant(D.AGE_FROM, P.FLAG)),
        "sum range of sum": (grant(D.SUM, P.EXACT), grant(D.SUM, P.BAND)),
        "year of earliest": (grant(D.EARLIEST, P.EXACT), grant(D.EARLIEST, P.YEAR)),
        "quarter of earliest": (grant(D.EARLIEST, P.EXACT), grant(D.EARLIEST, P.QUARTER)),
        "closed list": (grant(D.LIST, P.EXACT), grant(D.LIST, P.EXACT, labels=("licht",))),
        "there of count": (grant(D.ONE, P.COUNT, column=None), grant(D.ONE, P.EXISTS)),
    }
)
telling = st.sampled_from(
    [
        *("1999-05-12", "1999-05-13", "1999-06-00", "1999-00-00", "2008-03-02", "2008-12-00"),
        *(True, False, None, 0, 1, 18, 110, 110.0, 110.5, 499, 499.5, 600),
        *("licht", "zwaar", "1511AB", "1511 zz", "1512AB"),
    ]
)
few = st.lists(telling, max_size=2).map(lambda values: column(*values))


def sent(made: FieldGrant, found: list[dict[str, object]]) -> bytes:
    """Return what leaves of these rows, as it is written in the answer."""
    return orjson.dumps(minimise(made, found, OCCASION))


@pytest.mark.parametrize("name", COARSER)
@given(found=st.lists(few, min_size=10, max_size=30))
def test_who_gets_less_learns_nothing_that_who_gets_more_does_not_know(
    name: str, found: list[list[dict[str, object]]]
) -> None:
    """Whatever agrees at the finer level agrees at the coarser one."""
    fine, coarse = COARSER[name]

    answers = {(sent(fine, each), sent(coarse, each)) for each in found}
    known = {(finer, coarser) for finer, coarser in answers if finer != b"null"}

    assert len({finer for finer, _ in known}) == len(known)


days = st.dates(dt.date(1900, 1, 1), DAY)
# Two values between which the grant makes no difference: who gets it cannot tell which it was.
ALIKE: Mapping[str, tuple[FieldGrant, st.SearchStrategy[tuple[object, object]]]] = MappingProxyType(
    {
        "exists": (grant(D.ONE, P.EXISTS), st.tuples(anything, anything)),
        "count": (grant(D.ONE, P.COUNT, column=None), st.tuples(anything, anything)),
        "band": (
            grant(D.ONE, P.BAND),
            st.tuples(st.integers(100, 499), st.floats(100, 499.9)),
        ),
        "year": (
            grant(D.ONE, P.YEAR),
            st.tuples(*[st.dates(dt.date(1999, 1, 1), dt.date(1999, 12, 31)).map(str)] * 2),
        ),
        "quarter": (
            grant(D.ONE, P.QUARTER),
            st.tuples(*[st.dates(dt.date(1999, 4, 1), dt.date(1999, 6, 30)).map(str)] * 2),
        ),
        "postcode": (
            grant(D.ONE, P.POSTCODE4),
            st.tuples(*[st.from_regex(r"1511 ?[A-Za-z]{2}", fullmatch=True)] * 2),
        ),
        "age": (
            grant(D.AGE, P.YEAR),
            st.tuples(*[st.dates(dt.date(2007, 3, 3), dt.date(2008, 3, 2)).map(str)] * 2),
        ),
        "age limit": (
            grant(D.AGE_FROM, P.FLAG),
            st.tuples(*[st.dates(dt.date(1900, 1, 1), dt.date(2008, 3, 2)).map(str)] * 2),
        ),
        "at least": (
            grant(D.AT_LEAST, P.FLAG),
            st.tuples(st.integers(110, 10**9), st.floats(110, 1e9)),
        ),
        "at most": (
            grant(D.AT_MOST, P.FLAG),
            st.tuples(st.integers(-(10**9), 110), st.floats(-1e9, 110)),
        ),
        "one of": (
            grant(D.ONE_OF, P.FLAG),
            st.tuples(*[st.text().filter(lambda text: text not in {"licht", "zwaar"})] * 2),
        ),
        "match": (
            grant(D.MATCH, P.FLAG),
            st.tuples(*[st.text("abc", min_size=2, max_size=9)] * 2),
        ),
        "not listed": (
            grant(D.ONE, P.EXACT, labels=("licht",)),
            st.tuples(*[st.text().filter(lambda text: text != "licht")] * 2),
        ),
    }
)


@pytest.mark.parametrize("name", ALIKE)
@given(data=st.data())
def test_what_the_level_does_not_tell_apart_gives_the_same_answer(
    name: str, data: st.DataObject
) -> None:
    """The answer is a function of what the grant lets through, and of nothing else in the row."""
    made, alike = ALIKE[name]
    left, right = data.draw(alike)
    beside = {"brp.naam": "Xander Ypma"}

    answers = [minimise(made, [{"kolom": each} | beside], OCCASION) for each in (left, right)]

    assert answers[0] == answers[1]
    assert type(answers[0]) is type(answers[1])


OF_DATES = {
    "year": grant(D.ONE, P.YEAR),
    "quarter": grant(D.ONE, P.QUARTER),
    "day": grant(D.ONE, P.EXACT),
    "earliest": grant(D.EARLIEST, P.QUARTER),
    "age": grant(D.AGE, P.YEAR),
    "age range": grant(D.AGE, P.BAND),
    "age limit": grant(D.AGE_FROM, P.FLAG),
}


@pytest.mark.parametrize("name", OF_DATES)
@given(known=days, month=st.booleans(), today=days)
def test_a_date_known_in_part_is_never_guessed_at(
    name: str, known: dt.date, today: dt.date, *, month: bool
) -> None:
    """The answer on part of a date is that on the whole date, whichever it was, or unknown."""
    assume(known <= today)
    part = f"{known:%Y-%m}-00" if month else f"{known:%Y}-00-00"
    made, occasion = OF_DATES[name], Occasion(today)

    found = minimise(made, column(part), occasion)

    assert found is None or found == minimise(made, column(known.isoformat()), occasion)


@given(born=st.dates(dt.date(1900, 1, 1), dt.date(2020, 12, 31)), today=st.dates(DAY))
def test_an_age_is_unknown_only_where_the_birthday_decides(born: dt.date, today: dt.date) -> None:
    """With the year alone the age is given on the last day of a year, and on no other day."""
    assume(today.year < 2100)

    found = minimise(grant(D.AGE, P.YEAR), column(f"{born:%Y}-00-00"), Occasion(today))

    assert (found is not None) is ((today.month, today.day) == (12, 31))


@given(st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6))
def test_at_most_and_at_least_meet_on_the_limit(number: float) -> None:
    """A number is at most the limit, at least the limit, or both: never neither."""
    most = minimise(grant(D.AT_MOST, P.FLAG), column(number))
    least = minimise(grant(D.AT_LEAST, P.FLAG), column(number))

    assert {most, least} == ({True} if number == 110 else {True, False})


@given(st.text() | st.integers(0, 10**9))
def test_a_pseudonym_says_nothing_but_who_is_who(value: object) -> None:
    """It is what the maker makes of the value; without a maker nothing leaves."""
    made = grant(D.ONE, P.PSEUDONYM)
    named = str(value).strip()

    assert minimise(made, column(value), Occasion(DAY)) is None
    assert minimise(made, column(value), Occasion(DAY, lambda _: "x")) == ("x" if named else None)


def test_a_range_is_the_only_thing_a_range_tells() -> None:
    """The labels of the policy file are all that a band may say."""
    found = {minimise(grant(D.ONE, P.BAND), column(number)) for number in range(1_000)}

    assert found == set(BAND.labels)
