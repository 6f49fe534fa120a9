"""Whether samples can be told apart: a permutation test on ranks, as strict as its shuffles."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from random import Random

SHUFFLES = 9_999
"""With none of so many shuffles as far apart as the samples, chance is one in ten thousand."""


def told_apart(samples: Mapping[str, Sequence[float]], random: Random) -> bool:
    """Tell whether the samples differ more than every shuffle of who belongs where.

    The statistic is the largest Kolmogorov-Smirnov distance of any two of them. If they are alike,
    each order of the labels is as likely as any other, whatever the times look like; so this is
    wrong about samples that are alike once in `SHUFFLES` + 1 times, on a busy machine as well.
    """
    pooled = [(value, random.random(), name) for name, kind in samples.items() for value in kind]
    labels = [name for _, _, name in sorted(pooled)]
    found = _distance(labels)
    for _ in range(SHUFFLES):
        random.shuffle(labels)
        if _distance(labels) >= found:
            return False
    return True


def _distance(labels: Sequence[str]) -> float:
    """Return the largest distance between two distributions, from whose value comes at each rank.

    Shapes:  every label occurs equally often.
    """
    seen = dict.fromkeys(sorted(set(labels)), 0)
    pairs = list(combinations(seen, 2))
    most = 0
    for label in labels:
        seen[label] += 1
        for one, other in pairs:
            most = max(most, abs(seen[one] - seen[other]))
    return most
