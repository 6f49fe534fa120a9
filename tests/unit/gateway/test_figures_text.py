"""A table of figures as a person reads it."""

from typing import Any

import pytest

from gateway.cli.figures_text import is_table, table_lines

TABLE: list[dict[str, Any]] = [
    {"jaar": "2024", "trede": "1", "persons": 12},
    {"jaar": "2024", "trede": "2", "suppressed": True},
    {"trede": "1", "persons": 40, "total": True},
    {"trede": "3", "mean": 5.5},
    {"trede": "4", "median": "kort"},
]


def test_each_cell_has_a_line() -> None:
    """Labels first, then what is told; a suppressed cell is never a number."""
    assert list(table_lines(TABLE)) == [
        "jaar 2024, trede 1: 12 mensen (people)",
        "jaar 2024, trede 2: onderdrukt (suppressed)",
        "trede 1, bij elkaar opgeteld (total): 40 mensen (people)",
        "trede 3: gemiddeld (mean) 5.5",
        "trede 4: middelste (median) kort",
    ]


@pytest.mark.parametrize(
    ("value", "table"),
    [(TABLE, True), ([], False), (["a"], False), ([{"partij": "x"}], False), (None, False)],
)
def test_other_values_are_no_table(value: object, *, table: bool) -> None:
    """A list of labels, or of pairs, is shown as it always was."""
    assert is_table(value) is table
