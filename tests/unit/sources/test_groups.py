"""The edges of counting: what is no count, and what is more than anybody asked for."""

from dataclasses import replace

import pytest

from gateway.errors import SourceFailed
from gateway.sources.group_rows import count_kept
from gateway.sources.groups import (
    CELL_LIMIT,
    Counted,
    Group,
    GroupQuery,
    Measured,
    bounded_cells,
    columns_of,
    count,
    counted_columns,
    group_of,
)
from gateway.sources.mapping import ColumnPlace, TablePlace, ValueKind
from gateway.sources.register import GroupLook
from gateway.sources.source import Query
from tests.fakes_decision import catalogue

CELL = Group(("1",), 1, 1.0, 1.0, 1.0)


@pytest.mark.parametrize("figure", ["geheim", None, b"x"])
def test_a_figure_that_is_no_number_is_no_answer(figure: object) -> None:
    """What a source says instead goes nowhere."""
    with pytest.raises(SourceFailed) as caught:
        group_of(("1",), [1, 2, 3, figure])

    assert "geheim" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_more_cells_than_any_table_has_are_no_answer() -> None:
    """As many as the limit are; one more is a question that was asked wrongly."""
    assert len(bounded_cells([CELL] * CELL_LIMIT)) == CELL_LIMIT

    with pytest.raises(SourceFailed):
        bounded_cells([CELL] * (CELL_LIMIT + 1))


def test_the_columns_of_a_purpose_are_those_of_its_tables() -> None:
    """What is counted over is looked for when the gateway starts; a plain field counts nothing."""
    purpose = catalogue().purposes["duur-en-maatwerk-per-trede"]

    assert counted_columns(purpose) == (
        Query("participatieladder", ("jaar", "trede"), ()),
        Query("participatieladder", ("begindatum", "einddatum", "jaar", "trede"), ()),
        Query("doorbraak", ("jaar", "thema"), ()),
    )
    assert columns_of(replace(purpose.fields["duur_per_trede"], cells=None)) == ()


def test_a_date_of_which_only_part_is_known_has_no_duration() -> None:
    """Who has no whole dates is not counted among those with a duration."""
    year = ColumnPlace("jaar", "jaar", ValueKind.INTEGER)
    days = [ColumnPlace(name, name, ValueKind.DATE) for name in ("begin", "eind")]
    table = TablePlace("ladder", "bron", "ladder.csv", "bsn", {})
    query = GroupQuery("ladder", ("jaar",), (), "jaar", (2024, 2024), Measured("begin", "eind"))
    look = GroupLook(query, table, (year,), (), year, *days, deadline_s=1)
    row = {"jaar": 2024, "begin": "2024-01-01", "eind": "2024-02-01"}

    found = count_kept(look, {"a": [row], "b": [row | {"eind": "2024-00-00"}]})

    assert found == [Group((2024,), 1, 31.0, 31.0, 31.0)]


def test_labels_of_two_kinds_have_an_order() -> None:
    """Of a person in too many cells the first count, whatever their labels are."""
    rows: list[Counted] = [(("b",), "p", 1.0), ((2,), "p", 1.0), (("a",), "p", 1.0)]

    assert [cell.labels for cell in count(rows, 2)] == [(2,), ("a",)]
