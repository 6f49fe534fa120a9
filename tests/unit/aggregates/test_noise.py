"""Chance in figures: what it costs by the library's own account, and where its limits are."""

from fractions import Fraction
from itertools import product

import pytest

from gateway.aggregates.hiding import Key
from gateway.aggregates.noise import laplace, loss_of, noisy
from gateway.aggregates.telling import Counted
from gateway.catalogue.cells import Cells, Noise, Tell, Unit
from gateway.errors import NoiseUnavailable
from gateway.sources.groups import Measured

KEYS: tuple[Key, ...] = tuple(product(("2024", "2025"), ("1", "2", "3")))
PERSONS = Cells(Tell.PERSONS, ("jaar", "trede"))
MEAN = Cells(Tell.MEAN, ("jaar", "trede"), "eind", Unit.DAYS, 0, 100)
LIMITS = Measured("begin", "eind", 0, 100)
LITTLE = Noise("9", 1)
MUCH = Noise("0.01", 6)


@pytest.mark.parametrize("epsilon", ["0.01", "0.1", "0.5", "1", "3.3", "9"])
@pytest.mark.parametrize("reach", [1, 6, 101 * 6])
def test_the_loss_is_what_the_policy_allows(epsilon: str, reach: int) -> None:
    """The library's own map of what one person can do to the answer stays within epsilon."""
    measurement = laplace(reach, Fraction(epsilon))

    assert Fraction(loss_of(measurement, reach)) <= Fraction(epsilon)
    assert loss_of(measurement, reach) > 0.99 * float(epsilon)


def test_twice_the_reach_costs_twice_as_much() -> None:
    """Who counts in more cells than the policy says would lose more: the source sees to that."""
    measurement = laplace(3, Fraction(1))

    assert loss_of(measurement, 6) == pytest.approx(2 * loss_of(measurement, 3), rel=1e-6)


def test_a_loss_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mechanism that costs more than the policy allows is not used."""
    monkeypatch.setattr("gateway.aggregates.noise._SAFE", Fraction(1, 2))

    with pytest.raises(NoiseUnavailable):
        laplace(1, Fraction(1))


def test_counts_stay_counts() -> None:
    """With much noise over few persons no count is less than zero, and some differ."""
    cells = dict.fromkeys(KEYS, Counted(20))

    found = noisy(cells, PERSONS, None, MUCH, 1)

    assert all(cell.persons >= 0 for cell in found.values())
    assert {cell.persons for cell in found.values()} != {20}


def test_little_noise_leaves_the_figure() -> None:
    """With a large epsilon a large count and its mean are nearly what they were."""
    cells = dict.fromkeys(KEYS, Counted(10_000, 40.0))

    persons = noisy(cells, PERSONS, None, LITTLE, 1)
    means = noisy(cells, MEAN, LIMITS, LITTLE, 2)

    assert all(abs(cell.persons - 10_000) < 100 for cell in persons.values())
    assert all(abs((cell.value or 0) - 40.0) < 1 for cell in means.values())


def test_a_mean_stays_within_its_limits() -> None:
    """Whatever chance does, a mean is none that no person could have."""
    cells = dict.fromkeys(KEYS, Counted(1, 50.0))

    found = [each for _ in range(20) for each in noisy(cells, MEAN, LIMITS, MUCH, 2).values()]

    assert all(0 <= each.value <= 100 for each in found if each.value is not None)
    assert any(each.value is None for each in found)
    assert all(each.persons >= 1 for each in found if each.value is not None)
