"""Mixing chance into figures (differential privacy), by OpenDP; nothing else knows that library.

OpenDP draws its own randomness from the operating system, so it does not come in as an argument
here. What a mechanism costs is what OpenDP's own map says, and it is held against the policy.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil

import opendp.prelude as dp

from gateway.aggregates.hiding import Key
from gateway.aggregates.telling import Counted
from gateway.catalogue.cells import Cells, Noise, Tell
from gateway.errors import NoiseUnavailable
from gateway.sources.groups import Measured

dp.enable_features("contrib")

_SAFE = Fraction(1_000_001, 1_000_000)
"""A little more chance than is asked: the map counts in floats that round up."""


def noisy(
    cells: Mapping[Key, Counted], shape: Cells, measured: Measured | None, noise: Noise, share: int
) -> dict[Key, Counted]:
    """Return the cells with chance mixed in, for one of `share` tables that divide the epsilon.

    A person is in `most_cells` cells at most and within the limits of the measure in each, which is
    how far one person can move the figures; the source sees to both.

    Raises: NoiseUnavailable when the loss of privacy would be more than the policy allows.
    """
    epsilon = Fraction(noise.epsilon) / share
    if shape.tell is Tell.PERSONS or measured is None:
        persons = _with_noise({k: c.persons for k, c in cells.items()}, noise.most_cells, epsilon)
        return {key: Counted(max(0, count)) for key, count in persons.items()}
    half = epsilon / 2
    # The rounding of a total may differ by one between a table with and without a person.
    reach = ceil(max(abs(measured.low or 0), abs(measured.high or 0))) + 1
    persons = _with_noise({k: c.persons for k, c in cells.items()}, noise.most_cells, half)
    sums = {key: round((cell.value or 0) * cell.persons) for key, cell in cells.items()}
    totals = _with_noise(sums, noise.most_cells * reach, half)
    return {key: _mean(persons[key], totals[key], measured) for key in cells}


def _mean(persons: int, total: int, measured: Measured) -> Counted:
    """Return a mean of two numbers with chance in them, within the limits that all values have."""
    if persons < 1:
        return Counted(0)
    mean = max(total / persons, measured.low or 0)
    return Counted(persons, mean if measured.high is None else min(mean, measured.high))


def _with_noise(counts: Mapping[Key, int], reach: int, epsilon: Fraction) -> dict[Key, int]:
    """Return whole numbers with discrete Laplace noise for a reach of one person over all cells."""
    measurement = laplace(reach, epsilon)
    values = list(counts.values())
    return dict(zip(counts, measurement(values), strict=True))


def laplace(reach: int, epsilon: Fraction) -> dp.Measurement:
    """Return the mechanism for a list of whole numbers, after asking what it costs.

    Raises: NoiseUnavailable when the loss of privacy would be more than epsilon.
    """
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    measurement = dp.m.make_laplace(*space, scale=float(reach / epsilon * _SAFE))
    if Fraction(loss_of(measurement, reach)) > epsilon:
        raise NoiseUnavailable("the noise would cost more privacy than the policy allows")
    return measurement


def loss_of(measurement: dp.Measurement, reach: int) -> float:
    """Return the loss of privacy when one person moves the figures this far, by OpenDP."""
    loss: float = measurement.map(reach)  # type: ignore[no-untyped-call]
    return loss
