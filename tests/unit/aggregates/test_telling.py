"""From what a source counted to what is told: labels, suppression, and the figure itself."""

import pytest

from gateway.aggregates.telling import Counted, counted, keys_of, told
from gateway.catalogue.cells import Cells, Groups, Tell, Unit
from gateway.catalogue.model import Band, Derive, FieldGrant, Need, Precision
from gateway.sources.groups import Group

GROUPS = Groups(10, "jaar", 2, (("trede", ("1", "2")),))
PERSONS = Cells(Tell.PERSONS, ("trede",))


def grant(cells: Cells | None, precision: Precision, band: Band | None = None) -> FieldGrant:
    """Return a field that is told per cell."""
    return FieldGrant(
        name="duur_per_trede",
        table="ladder",
        column="begin",
        where=(),
        derive=Derive.ONE,
        precision=precision,
        band=band,
        need=Need.ALWAYS,
        because="Om te zien waar het vastloopt.",
        consent=False,
        special=None,
        cells=cells,
    )


COUNT = grant(PERSONS, Precision.COUNT)


def cell(label: object, persons: int, total: float = 0, largest: float = 0) -> Group:
    """Return what a source says of a cell."""
    return Group((label,), persons, total, largest, 3.0)


def test_a_table_has_every_cell_of_the_policy() -> None:
    """The years are those that are over, the other labels those of the policy."""
    two = grant(Cells(Tell.PERSONS, ("jaar", "trede")), Precision.COUNT)

    keys = keys_of(two, GROUPS, 2026)

    assert keys == (("2024", "1"), ("2024", "2"), ("2025", "1"), ("2025", "2"))


def test_labels_that_the_policy_does_not_name_are_left_out() -> None:
    """A cell that nobody is in is there all the same; one that is not on the list is not."""
    found = counted(COUNT, [cell(1, 12), cell("geheim", 40)], [("1",), ("2",)])

    assert found == {("1",): Counted(12), ("2",): Counted(0)}


def test_persons_are_told_with_their_total() -> None:
    """Where nothing is small all is told, and the total says that it is one."""
    table = told(COUNT, GROUPS, {("1",): Counted(12), ("2",): Counted(30)})

    assert table == [
        {"trede": "1", "persons": 12},
        {"trede": "2", "persons": 30},
        {"persons": 42, "total": True},
    ]


@pytest.mark.parametrize("few", [0, 1, 9])
def test_a_small_cell_takes_another_along(few: int) -> None:
    """A suppressed cell says so and no more; the total stays, and does not give it away."""
    table = told(COUNT, GROUPS, {("1",): Counted(few), ("2",): Counted(30)})

    assert table == [
        {"trede": "1", "suppressed": True},
        {"trede": "2", "suppressed": True},
        {"persons": 30 + few, "total": True},
    ]


def test_a_table_of_few_persons_is_suppressed_whole() -> None:
    """With a total that is small too, nothing is told at all."""
    table = told(COUNT, GROUPS, {("1",): Counted(2), ("2",): Counted(3)})

    assert all("persons" not in each for each in table)
    assert table[-1] == {"suppressed": True, "total": True}


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        (Cells(Tell.MEAN, ("trede",), "eind", Unit.MONTHS), {"mean": 2.0}),
        (Cells(Tell.MEAN, ("trede",), "eind", Unit.DAYS), {"mean": 60.9}),
        (Cells(Tell.MEDIAN, ("trede",), "eind", Unit.DAYS), {"median": 3.0}),
        (Cells(Tell.MEAN, ("trede",)), {"mean": 60.9}),
    ],
)
def test_a_measure_is_told_without_the_number_of_persons(
    cells: Cells, value: dict[str, float]
) -> None:
    """The mean or median stands alone, rounded, in its unit; there are no totals."""
    one = grant(cells, Precision.EXACT)
    source = [cell(1, 20, 20 * 60.875), cell(2, 20, 20 * 60.875)]

    table = told(one, GROUPS, counted(one, source, [("1",), ("2",)]))

    assert table == [{"trede": "1"} | value, {"trede": "2"} | value]


def test_a_measure_may_be_told_as_a_band() -> None:
    """Less precise than rounded: one of the labels of the policy."""
    band = Band((30, 90), ("kort", "middel", "lang"))
    one = grant(Cells(Tell.MEAN, ("trede",), "eind", Unit.DAYS), Precision.BAND, band)

    table = told(one, GROUPS, {("1",): Counted(20, 12.0), ("2",): Counted(20, 90.0)})

    assert [each["mean"] for each in table] == ["kort", "lang"]


@pytest.mark.parametrize(("largest", "shown"), [(60.0, False), (50.0, True)])
def test_a_cell_that_one_person_dominates_is_not_told(largest: float, *, shown: bool) -> None:
    """More than the share of the policy is too much; the share itself is not."""
    groups = Groups(10, "jaar", 2, (("trede", ("1", "2", "3")),), largest_share=50)
    one = grant(Cells(Tell.MEAN, ("trede",)), Precision.EXACT)
    cells = [cell(1, 20, 100, largest), cell(2, 20, 100, 5), cell(3, 20, 100, 5)]

    table = told(one, groups, counted(one, cells, [("1",), ("2",), ("3",)]))

    assert ("suppressed" not in table[0]) is shown


def test_a_cell_without_a_value_is_suppressed() -> None:
    """Chance may leave a mean without persons: there is nothing to tell then."""
    one = grant(Cells(Tell.MEAN, ("trede",)), Precision.EXACT)

    table = told(one, GROUPS, {("1",): Counted(20), ("2",): Counted(20, 4.0)})

    assert table[0] == {"trede": "1", "suppressed": True}


def test_a_total_of_nothing_is_dominated_by_nobody() -> None:
    """Where all values are zero there is no share to speak of."""
    one = grant(Cells(Tell.MEAN, ("trede",)), Precision.EXACT)

    found = counted(one, [cell(1, 20)], [("1",)])

    assert found == {("1",): Counted(20, 0.0, 0.0)}


def test_a_field_without_cells_has_one_cell_without_labels() -> None:
    """Nothing is made up for a field that tells of no groups."""
    plain = grant(None, Precision.COUNT)

    assert keys_of(plain, GROUPS, 2026) == ((),)
