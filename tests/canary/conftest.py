"""The worlds of canaries that the tests here share."""

from pathlib import Path

import pytest

from tests.builders import REFERENCE
from tests.canary.watch import Watch
from tests.canary.world import World, plant


@pytest.fixture(scope="module")
def flowing(register_template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world in which there are permits."""
    return plant(register_template, tmp_path_factory.mktemp("wereld") / "bron.db", REFERENCE)


@pytest.fixture(scope="module")
def closed(register_template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world in which every text is a canary, also where purposes choose rows by it."""
    path = tmp_path_factory.mktemp("dicht") / "bron.db"
    return plant(register_template, path, REFERENCE, flows=False)


@pytest.fixture(scope="module")
def watch(flowing: World, closed: World) -> Watch:
    """Give a watch over both."""
    return Watch.over(flowing, closed)
