"""How a figure that is told by theme compares with one that is not, and with other themes."""

import pytest

from gateway.catalogue.compare import Direction, compare
from gateway.catalogue.model import Catalogue
from tests.unit.catalogue_follow.world import policy, with_grant


def themed(*themes: str) -> Catalogue:
    """Return the catalogue with a figure that is told by these themes; without any, as one."""
    return with_grant("doorlooptijd-participatieladder", "doorbraken_per_thema", labels=themes)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ((), ("wonen",), Direction.DIFFERENT),
        (("wonen",), (), Direction.DIFFERENT),
        (("wonen",), ("wonen", "zorg"), Direction.WIDER),
        (("wonen", "zorg"), ("wonen",), Direction.NARROWER),
    ],
)
def test_the_themes_of_a_figure_are_compared(
    old: tuple[str, ...], new: tuple[str, ...], expected: Direction
) -> None:
    """More themes tell more; a list where there was none tells something else, and not less."""
    changes = compare(policy(themed(*old)), policy(themed(*new))).changes

    assert {(change.aspect, change.direction) for change in changes} == {("labels", expected)}
