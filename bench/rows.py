"""What a measurement is, and how the table and the file of them look."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number; `ratio` is value divided by the value of the row named `baseline`."""

    name: str
    value: float
    unit: str
    baseline: str | None = None
    ratio: float | None = None


def with_ratios(rows: Sequence[Row]) -> list[Row]:
    """Fill in the ratio of every row that names its baseline."""
    values = {row.name: row.value for row in rows}
    return [
        row
        if row.baseline is None
        else Row(row.name, row.value, row.unit, row.baseline, row.value / values[row.baseline])
        for row in rows
    ]


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the sorted values lies."""
    return sorted_values[min(int(len(sorted_values) * share), len(sorted_values) - 1)]


def interval_of_median(values: Sequence[float]) -> tuple[float, float]:
    """Return between which two of the values the median lies, with a confidence of 95 percent.

    It takes no shape of the distribution: how many values lie below the median is a fair coin.
    """
    in_order, middle = sorted(values), len(values) / 2
    reach = 1.96 * math.sqrt(len(values)) / 2
    last = len(values) - 1
    return in_order[max(int(middle - reach), 0)], in_order[min(math.ceil(middle + reach), last)]


def write(rows: Iterable[Row], path: Path) -> None:
    """Write the rows as JSON."""
    document = {"rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def show(rows: Iterable[Row]) -> None:
    """Print the rows as a table."""
    table = Table("name", "value", "unit", "baseline", "ratio")
    for column in (1, 4):
        table.columns[column].justify = "right"
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.name, f"{row.value:,.2f}", row.unit, row.baseline or "", ratio)
    Console(width=110).print(table)
