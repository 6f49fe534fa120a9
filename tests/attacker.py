"""Somebody with all that is told of a table and the time to compute: exact linear programming.

Written apart from what hides the cells, in other mathematics: equations over fractions and the
simplex method, no networks.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

Key = tuple[str | None, ...]
Line = list[Fraction]


def known_range(
    told: Mapping[Key, int], cells: Sequence[Key], wanted: Key
) -> tuple[Fraction, Fraction | None]:
    """Return the least and the most that a cell or total can be; no most is without bound."""
    names = [*cells, *{total for cell in cells for total in totals_of(cell)}]
    lines = [_sum_of(total, cells, names) for total in names if None in total]
    lines += [_is(name, names, told[name]) for name in names if name in told]
    low = _greatest(lines, [Fraction(-(name == wanted)) for name in names])
    high = _greatest(lines, [Fraction(name == wanted) for name in names])
    return -(low or Fraction(0)), high


def totals_of(cell: Key) -> set[Key]:
    """Return every total that a cell counts in."""
    if len(cell) == 1:
        return {(None,)}
    row, column = cell
    return {(row, None), (None, column), (None, None)}


def _sum_of(total: Key, cells: Sequence[Key], names: Sequence[Key]) -> Line:
    parts = {cell for cell in cells if total in totals_of(cell)}
    return [Fraction((name in parts) - (name == total)) for name in names] + [Fraction(0)]


def _is(name: Key, names: Sequence[Key], value: int) -> Line:
    return [Fraction(each == name) for each in names] + [Fraction(value)]


def _greatest(lines: Sequence[Line], goal: Sequence[Fraction]) -> Fraction | None:
    """Return the most that the goal can be where every unknown is zero or more."""
    count = len(goal)
    rows = [
        [*line[:-1], *(Fraction(at == other) for other in range(len(lines))), line[-1]]
        for at, line in enumerate(lines)
    ]
    basis = [count + at for at in range(len(lines))]
    helpers = [Fraction(0)] * count + [Fraction(-1)] * len(lines)
    _climb(rows, basis, helpers, len(helpers))
    _drive_out(rows, basis, count)
    return _climb(rows, basis, [*goal, *([Fraction(0)] * len(lines))], count)


def _climb(
    rows: list[Line], basis: list[int], goal: Sequence[Fraction], width: int
) -> Fraction | None:
    """Go up from corner to corner (Bland's rule, so it ends); None is without bound."""
    while True:
        enter = next((at for at in range(width) if _gain(rows, basis, goal, at) > 0), None)
        if enter is None:
            return sum((goal[b] * row[-1] for b, row in zip(basis, rows, strict=True)), Fraction(0))
        limits = [
            (row[-1] / row[enter], basis[at], at) for at, row in enumerate(rows) if row[enter] > 0
        ]
        if not limits:
            return None
        _pivot(rows, basis, min(limits)[2], enter)


def _gain(
    rows: Sequence[Line], basis: Sequence[int], goal: Sequence[Fraction], at: int
) -> Fraction:
    lost = sum((goal[b] * row[at] for b, row in zip(basis, rows, strict=True)), Fraction(0))
    return goal[at] - lost


def _drive_out(rows: list[Line], basis: list[int], count: int) -> None:
    """Let no helper stay in the basis; a line that says nothing new goes."""
    for at in reversed(range(len(rows))):
        if basis[at] < count:
            continue
        column = next((c for c in range(count) if rows[at][c] != 0), None)
        if column is None:
            del rows[at], basis[at]
        else:
            _pivot(rows, basis, at, column)


def _pivot(rows: list[Line], basis: list[int], at: int, column: int) -> None:
    rows[at] = [value / rows[at][column] for value in rows[at]]
    for other in range(len(rows)):
        if other != at and rows[other][column] != 0:
            factor = rows[other][column]
            rows[other] = [a - factor * b for a, b in zip(rows[other], rows[at], strict=True)]
    basis[at] = column
