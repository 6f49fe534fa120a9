"""What a grant can make nothing of is counted by column, and never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.model import LEVELS, Derive, FieldGrant, Precision
from gateway.catalogue.occasion import Occasion
from gateway.catalogue.precision import minimise
from gateway.catalogue.values.misfits import misfits
from tests.grants import DAY, OCCASION, anything, column, grant

P, D = Precision, Derive


@pytest.mark.parametrize(
    ("made", "fitting", "unfit"),
    [
        (grant(D.ONE, P.FLAG), True, 1),
        (grant(D.ONE, P.BAND), 7, "7"),
        (grant(D.ONE, P.YEAR), "1999-00-00", "1999"),
        (grant(D.ONE, P.QUARTER), "1999-05-00", "mei"),
        (grant(D.ONE, P.POSTCODE4), "1511 ab", "1511"),
        (grant(D.ONE, P.PSEUDONYM), 17, 1.5),
        (grant(D.ONE, P.EXACT), "huur", {"huur": 1}),
        (grant(D.ONE, P.EXACT, labels=("huur", "koop")), "huur", "kraak"),
        (grant(D.ANY, P.FLAG), False, "nee"),
        (grant(D.LIST, P.EXACT), "huur", 3),
        (grant(D.LIST, P.EXACT, labels=("huur",)), "huur", "koop"),
        (grant(D.ITEMS, P.EXACT), '["huur"]', "huur"),
        (grant(D.ITEMS, P.EXACT, labels=("huur",)), ["huur"], ["koop"]),
        (grant(D.SUM, P.EXACT), 3, "3"),
        (grant(D.EARLIEST, P.EXACT), "2026-03-02", "straks"),
        (grant(D.AGE, P.YEAR), "1999-05-00", 19990500),
        (grant(D.AGE_FROM, P.FLAG), "1999-05-12", "1999-13-12"),
        (grant(D.LAST_12_MONTHS, P.COUNT), "2026-01-01", "gisteren"),
        (grant(D.CLASH, P.FLAG), "di", 2),
        (grant(D.EQUALS, P.FLAG), 110, "110"),
        (grant(D.ONE_OF, P.FLAG), "zwaar", 4),
        (grant(D.AT_MOST, P.FLAG), 110.5, "110"),
        (grant(D.AT_LEAST, P.FLAG), 110, True),
        (grant(D.FIGURE, P.COUNT), 80, 80.5),
        (grant(D.FIGURE, P.COUNT, labels=("huur",)), '{"huur": 80}', '{"huur": 9}'),
        (grant(D.FIGURE, P.EXACT), 80.5, "veel"),
    ],
)
def test_a_value_that_does_not_fit_is_counted_with_its_column(
    made: FieldGrant, fitting: object, unfit: object
) -> None:
    """What fits, and an empty place, are none; each that does not fit is one."""
    assert misfits(made, column(fitting, None)) == {}
    assert misfits(made, column(fitting, unfit, unfit)) == {"tabel.kolom": 2}


def test_every_column_that_is_read_is_looked_at() -> None:
    """The key of a pair, the days of a membership and the other name are counted by themselves."""
    pair = misfits(grant(D.PAIRS, P.EXACT), [{"wie": 3, "kolom": "loopt"}])
    member = misfits(grant(D.ACTIVE_PARTIES, P.EXACT), [{"kolom": 1, "van": "toen", "tot": "ooit"}])
    name = misfits(grant(D.MATCH, P.FLAG), [{"kolom": "Anna Jansen", "brp.naam": "A."}])

    assert pair == {"tabel.wie": 1}
    assert member == {"tabel.kolom": 1, "tabel.van": 1, "tabel.tot": 1}
    assert name == {"brp.naam": 1}


@pytest.mark.parametrize("level", [P.EXISTS, P.COUNT])
def test_rows_that_are_only_counted_always_fit(level: Precision) -> None:
    """Where no column is read, there is nothing that could not fit."""
    assert misfits(grant(D.ONE, level, column=None), [{"kolom": object()}]) == {}


single = st.sampled_from(
    [
        (derive, level)
        for derive in Derive
        for level in sorted(LEVELS[derive])
        if derive not in {D.PAIRS, D.ACTIVE_PARTIES, D.MATCH} and level > P.EXISTS
    ]
)


@given(single, anything)
def test_what_does_not_fit_gives_no_answer(
    combination: tuple[Derive, Precision], value: object
) -> None:
    """A value that is counted as a misfit is never the ground of an answer."""
    made = grant(*combination)

    unfit = misfits(made, column(value))

    assert not unfit or minimise(made, column(value), OCCASION) is None


def test_a_date_that_is_known_in_part_is_no_misfit() -> None:
    """It gives no day, and it is not wrong either."""
    made = grant(D.ONE, P.QUARTER)

    assert minimise(made, column("1999-00-00"), Occasion(DAY)) is None
    assert misfits(made, column("1999-00-00")) == {}
