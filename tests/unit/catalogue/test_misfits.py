"""What a grant can make nothing of is counted by column, and never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.model import LEVELS, Derive, FieldGrant, FieldType, Precision
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
        (grant(D.ONE, P.EXACT, kind=FieldType.DATE), "2024-02-00", "2024-02-31"),
        (grant(D.ONE, P.EXACT, kind=FieldType.INTEGER), 3, "drie"),
        (grant(D.ONE, P.EXACT, kind=FieldType.DECIMAL), 3.5, "n.v.t."),
        (grant(D.ONE, P.EXACT, kind=FieldType.BOOLEAN), True, "waar"),
        (grant(D.ONE, P.EXACT, kind=FieldType.STRING), "n.v.t.", {"n.v.t.": 1}),
        (grant(D.LIST, P.EXACT, kind=FieldType.DATE), "2024-02-29", "2023-02-29"),
        (grant(D.ITEMS, P.EXACT, kind=FieldType.DATE), ["2024-02-29"], ["n.v.t."]),
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


@pytest.mark.parametrize(
    ("kind", "value", "left"),
    [
        (FieldType.DATE, "2024-02-29", "2024-02-29"),
        (FieldType.DATE, "2024-02-31", None),
        (FieldType.DATE, "2024-02-00", None),
        (FieldType.DATE, "n.v.t.", None),
        (FieldType.DATE, 20240229, None),
        (FieldType.INTEGER, 4, 4),
        (FieldType.INTEGER, 4.5, None),
        (FieldType.INTEGER, True, None),
        (FieldType.DECIMAL, 4.5, 4.5),
        (FieldType.DECIMAL, "4,50", None),
        (FieldType.BOOLEAN, False, False),
        (FieldType.BOOLEAN, 0, None),
        (FieldType.STRING, "n.v.t.", "n.v.t."),
        (None, "n.v.t.", "n.v.t."),
    ],
)
def test_what_leaves_exactly_is_of_the_kind_of_its_field(
    kind: FieldType | None, value: object, left: object
) -> None:
    """A date, a number and a yes or no are that, or unknown; a text may be any text."""
    made = minimise(grant(D.ONE, P.EXACT, kind=kind), column(value))

    assert (type(made), made) == (type(left), left)


def test_below_exact_the_level_decides_what_fits() -> None:
    """A field that holds a date is told by year, which is no date."""
    assert minimise(grant(D.ONE, P.YEAR, kind=FieldType.DATE), column("2024-02-29")) == 2024


def test_a_date_that_is_known_in_part_is_no_misfit() -> None:
    """It gives no day, and it is not wrong either."""
    made = grant(D.ONE, P.QUARTER)

    assert minimise(made, column("1999-00-00"), Occasion(DAY)) is None
    assert misfits(made, column("1999-00-00")) == {}
