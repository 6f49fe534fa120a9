"""A table of figures about groups, in lines for a person: Dutch first with English beside it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

_WORDS: Mapping[str, str] = {
    "persons": "{} mensen (people)",
    "mean": "gemiddeld (mean) {}",
    "median": "middelste (median) {}",
}
_SUPPRESSED = "onderdrukt (suppressed)"
_TOTAL = "bij elkaar opgeteld (total)"
_MARKS = frozenset({*_WORDS, "suppressed", "total"})


def is_table(value: object) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    """Tell whether a released value is a table of cells."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(cell, Mapping) and not _MARKS.isdisjoint(cell) for cell in value)
    )


def table_lines(table: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Give a line for each cell: its labels, and what is told of it."""
    for cell in table:
        labels = [f"{name} {label}" for name, label in cell.items() if name not in _MARKS]
        if cell.get("total"):
            labels.append(_TOTAL)
        yield f"{', '.join(labels)}: {_told(cell)}"


def _told(cell: Mapping[str, Any]) -> str:
    if cell.get("suppressed"):
        return _SUPPRESSED
    return ", ".join(word.format(cell[name]) for name, word in _WORDS.items() if name in cell)
