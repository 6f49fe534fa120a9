"""Thousands of requests to a gateway over canaries: none leaves but where the policy grants it."""

import shutil
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.builders import open_house
from tests.canary.asking import (
    elsewhere,
    misdeclared,
    one_by_one,
    over_asking,
    rightful,
    stuffed,
)
from tests.canary.places import files_in, ledger_places, memory_places, rows_in
from tests.canary.policy import purposes
from tests.canary.post import Post, astray_in, listening, posted
from tests.canary.watch import Watch
from tests.canary.world import World

pytestmark = pytest.mark.anyio

SEED: Final = 20_260_302
MANY: Final = {"looks_per_minute": 1_000_000}


@pytest.fixture
async def post(
    flowing: World, watch: Watch, register_template: Path, tmp_path: Path
) -> AsyncIterator[Post]:
    """Give a gateway over the world with permits."""
    cases = Path(shutil.copy(register_template, tmp_path / "zaken.db"))
    async with (
        open_house(tmp_path / "home", source=flowing.register, cases=cases, **MANY) as house,
        posted(house, flowing, watch) as opened,
    ):
        yield opened


async def test_what_leaves_is_what_the_policy_grants_this_requester(
    post: Post, tmp_path: Path
) -> None:
    """Every purpose, by everybody who may ask, about every client; and then all over the house."""
    random = Random(SEED)  # noqa: S311 (always the same requests)
    with listening() as ears:
        asked = [*rightful(post.world), *one_by_one(post.world, random)]

        astray = await post.astray(asked)

    inside = {
        **astray_in(post.watch, ledger_places(post.house)),
        **astray_in(post.watch, memory_places(post.house)),
        **astray_in(post.watch, [("log", ears.heard.getvalue().encode())]),
        **astray_in(post.watch, [("engine", b"\n".join(post.engine.heard))]),
        **astray_in(post.watch, rows_in(tmp_path / "zaken.db")),
    }
    assert (astray, inside) == ([], {})
    assert len(post.permitted) > len(purposes()) * 3 // 4
    assert len(post.released) > 60
    assert post.statuses.keys() == {200, 403}


async def test_nothing_leaves_to_who_asks_too_much_or_wrongly(post: Post) -> None:
    """Wrong hats, foreign fields, mixed-up declarations: no more leaves than would anyway."""
    random = Random(SEED)  # noqa: S311
    with listening() as ears:
        asked = [*over_asking(post.world, random), *misdeclared(post.world, random, 200)]

        astray = await post.astray(asked)

    inside = {
        **astray_in(post.watch, ledger_places(post.house)),
        **astray_in(post.watch, [("log", ears.heard.getvalue().encode())]),
        **astray_in(post.watch, [("engine", b"\n".join(post.engine.heard))]),
    }
    assert (astray, inside) == ([], {})
    assert post.statuses[403] > 500


async def test_what_is_stuffed_into_a_request_does_not_come_back(
    post: Post, tmp_path: Path
) -> None:
    """Values and numbers of persons in every place of a request are not echoed, logged or kept."""
    random = Random(SEED)  # noqa: S311
    with listening() as ears:
        astray = await post.astray(stuffed(post.world, random, 1_000))

    inside = {
        **astray_in(post.watch, ledger_places(post.house)),
        **astray_in(post.watch, memory_places(post.house)),
        **astray_in(post.watch, [("log", ears.heard.getvalue().encode())]),
        **astray_in(post.watch, [("engine", b"\n".join(post.engine.heard))]),
        **astray_in(post.watch, rows_in(tmp_path / "zaken.db")),
    }
    assert (astray, inside) == ([], {})
    assert {200, 400, 401, 403} <= post.statuses.keys()


async def test_the_other_routes_tell_nothing_either(post: Post, tmp_path: Path) -> None:
    """Cases, tables, reports, the log: whatever is sent to them in texts does not come back."""
    random = Random(SEED)  # noqa: S311
    with listening() as ears:
        asked = elsewhere(post.house.app.openapi(), post.world, random, 1_200)

        astray = await post.astray(asked)

    inside = {
        **astray_in(post.watch, ledger_places(post.house)),
        **astray_in(post.watch, [("log", ears.heard.getvalue().encode())]),
        **astray_in(post.watch, [("engine", b"\n".join(post.engine.heard))]),
        **astray_in(post.watch, rows_in(tmp_path / "zaken.db")),
    }
    assert (astray, inside) == ([], {})
    assert {200, 400, 403, 404} <= post.statuses.keys()
    assert post.statuses.keys() & {500, 502, 503} == set()


async def test_nothing_readable_stays_in_the_home(
    flowing: World, watch: Watch, register_template: Path, tmp_path: Path
) -> None:
    """Once a gateway is closed, its folder holds sealed bytes and counts: keys, ledger, tally."""
    random = Random(SEED)  # noqa: S311
    cases, home = Path(shutil.copy(register_template, tmp_path / "zaken.db")), tmp_path / "home"
    async with (
        open_house(home, source=flowing.register, cases=cases, **MANY) as house,
        posted(house, flowing, watch) as post,
    ):
        await post.astray(
            [*stuffed(flowing, random, 60), *islice(one_by_one(flowing, random), 150)]
        )

    assert post.released
    assert astray_in(watch, files_in(home)) == {}


async def test_where_every_text_is_a_canary_less_leaves(
    closed: World, watch: Watch, register_template: Path, tmp_path: Path
) -> None:
    """A status that is no status chooses no rows: no more comes out than with real ones."""
    random = Random(SEED)  # noqa: S311
    cases = Path(shutil.copy(register_template, tmp_path / "zaken.db"))
    async with (
        open_house(tmp_path / "home", source=closed.register, cases=cases, **MANY) as house,
        posted(house, closed, watch) as post,
    ):
        with listening() as ears:
            astray = await post.astray(islice(one_by_one(closed, random), 200))
        inside = astray_in(watch, ledger_places(house))

    inside |= astray_in(watch, [("log", ears.heard.getvalue().encode())])
    assert (astray, inside) == ([], {})
    assert 200 in post.statuses
