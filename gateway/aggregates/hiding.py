"""Which cells of a table of counts are not told, so that nothing small can be computed back. Pure.

A table of one or two columns with its totals is a network: a cell is a pipe from its row to its
column, a total one from what it adds up to the end. What flows in flows out: that is all that
anybody can compute with. A cell is safe when its flow can be led along other pipes that are hidden
too, until it is no longer small. That other flow is a table that fits everything that is told, so
nobody can say of a hidden cell how many it holds, nor even that these are few.

Source:  Cox, Network models for complementary cell suppression (JASA 90, 1995), for the network;
         here the cheapest detour is taken for each small cell, which hides few cells, not fewest.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[str | None, ...]
"""The labels of a cell; None stands for the total over that column."""

_Pipe: TypeAlias = tuple[str, str]
_Step: TypeAlias = tuple[Key, int]

# A total is told before a cell is: it is given up last, whatever the cells hold.
_DEAR = 10**12


def hidden_cells(counts: Mapping[Key, int], smallest: int) -> frozenset[Key]:
    """Return the cells and totals that may not be told, so that the small ones stay unknown.

    Whoever knows all others, and that no count is less than zero, finds for each hidden one a table
    that fits in which it is another number, and one in which it is not small.

    Shapes:  counts: every combination of the labels of one or two columns, without totals.
    Units:   persons; smallest: the least that may be told.
    """
    network = _Network(with_totals(counts))
    small = [key for key, count in network.flow.items() if count < smallest]
    network.hidden.update(small)
    for key in small:
        network.lead_around(key, smallest - network.flow[key])
    return frozenset(network.hidden)


def with_totals(counts: Mapping[Key, int]) -> dict[Key, int]:
    """Return the counts with the total over each column, and over all."""
    totals: dict[Key, int] = {}
    for key, count in counts.items():
        for place in _places_of(key):
            totals[place] = totals.get(place, 0) + count
    return totals


def _places_of(key: Key) -> Iterator[Key]:
    """Give a cell and every total that it counts in."""
    for number in range(2 ** len(key)):
        yield tuple(None if number >> place & 1 else label for place, label in enumerate(key))


def _ends_of(key: Key) -> _Pipe:
    """Return from where to where the pipe of a cell or total goes.

    A cell goes from its row to its column; a total over a row brings to the row what its cells
    carry away, and so on: at every joint as much comes in as goes out.
    """
    if len(key) == 1:
        return ("end", "begin") if key[0] is None else ("begin", "end")
    row, column = key
    ends = (_joint("row", row), _joint("column", column))
    return ends if (row is None) == (column is None) else (ends[1], ends[0])


def _joint(side: str, label: str | None) -> str:
    return f"{side}:" if label is None else f"{side}={label}"


@dataclass(slots=True)
class _Network:
    """A flow with its pipes; what is hidden may flow otherwise."""

    flow: Mapping[Key, int]
    hidden: set[Key] = field(default_factory=set)
    ends: dict[Key, _Pipe] = field(init=False)
    at: dict[str, list[_Step]] = field(init=False)

    def __post_init__(self) -> None:
        self.ends = {key: _ends_of(key) for key in self.flow}
        self.at = {}
        for key, (tail, head) in self.ends.items():
            self.at.setdefault(tail, []).append((key, 1))
            self.at.setdefault(head, []).append((key, -1))

    def lead_around(self, key: Key, missing: int) -> None:
        """Hide what is needed to lead this much more through one pipe.

        Only totals can give without end, so there is always a way.
        """
        other = dict(self.flow)
        while missing > 0:
            path = self._cheapest(key, other)
            room = min((other[pipe] for pipe, way in path if way < 0), default=missing)
            amount = min(room, missing)
            for pipe, way in path:
                other[pipe] += way * amount
            self.hidden.update(pipe for pipe, _ in path)
            missing -= amount

    def _cheapest(self, around: Key, flow: Mapping[Key, int]) -> Sequence[_Step]:
        """Return the way back from the end of a pipe to its beginning that hides the least."""
        goal, start = self.ends[around]
        best: dict[str, tuple[int, list[_Step]]] = {start: (0, [])}
        queue: list[tuple[int, str]] = []
        cost, joint = 0, start
        while joint != goal:
            for pipe, way in self.at[joint]:
                if pipe == around or (way < 0 and flow[pipe] == 0):
                    continue
                there = self.ends[pipe][way > 0]
                price = cost + self._price(pipe)
                if there not in best or price < best[there][0]:
                    best[there] = (price, [*best[joint][1], (pipe, way)])
                    heapq.heappush(queue, (price, there))
            cost, joint = heapq.heappop(queue)
        return best[goal][1]

    def _price(self, pipe: Key) -> int:
        """Return what is lost when this one is hidden: its persons, and far more for a total."""
        if pipe in self.hidden:
            return 0
        return self.flow[pipe] + 1 + (_DEAR if None in pipe else 0)
