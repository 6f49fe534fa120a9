"""The worlds of canaries that the tests here share."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builders import REFERENCE, open_house
from tests.canary.post import Post, posted
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


@pytest.fixture
async def post(
    flowing: World, watch: Watch, register_template: Path, tmp_path: Path
) -> AsyncIterator[Post]:
    """Give the door of a gateway of its own, of which a test changes the pieces."""
    cases = Path(shutil.copy(register_template, tmp_path / "zaken.db"))
    async with (
        open_house(tmp_path / "home", source=flowing.register, cases=cases) as house,
        posted(house, flowing, watch) as opened,
    ):
        yield opened
