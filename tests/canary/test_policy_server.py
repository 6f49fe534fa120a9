"""What a policy server hears, and writes into its decision log: no value, and no person."""

import shutil
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import pytest

from gateway.decision.bundle import write_bundle
from tests.builders import open_house
from tests.canary.asking import misdeclared, one_by_one, over_asking, stuffed
from tests.canary.places import files_in, ledger_places
from tests.canary.post import Post, astray_in, posted
from tests.canary.watch import Watch
from tests.canary.world import World
from tests.fakes_decision import POLICIES, catalogue
from tests.opa_server import serving

pytestmark = pytest.mark.anyio

SEED: Final = 20_260_302
EACH: Final = 80


@pytest.fixture
def decisions(tmp_path: Path) -> Path:
    """Give the folder of the decision log."""
    folder = tmp_path / "decisions"
    folder.mkdir()
    return folder


@pytest.fixture
async def post(
    flowing: World, watch: Watch, register_template: Path, tmp_path: Path, decisions: Path
) -> AsyncIterator[Post]:
    """Give a gateway for which a policy server decides that logs each decision."""
    cases = Path(shutil.copy(register_template, tmp_path / "zaken.db"))
    write_bundle(catalogue(), POLICIES, tmp_path / "bundle")
    with serving(tmp_path / "bundle", decisions=decisions / "decisions.log") as port:
        asked = {"engine": "opa", "opa_url": f"http://127.0.0.1:{port}"}
        async with (
            open_house(tmp_path / "home", source=flowing.register, cases=cases, **asked) as house,
            posted(house, flowing, watch) as opened,
        ):
            yield opened


async def test_the_decision_log_of_a_policy_server_holds_nothing(
    post: Post, decisions: Path
) -> None:
    """Hundreds of questions, good and bad, stand in it whole; no canary and no number does."""
    random = Random(SEED)  # noqa: S311 (always the same requests)
    ways = (
        one_by_one(post.world, random),
        over_asking(post.world, random),
        misdeclared(post.world, random, EACH),
        stuffed(post.world, random, EACH),
    )

    astray = await post.astray(asking for way in ways for asking in islice(way, EACH))

    log = dict(files_in(decisions))
    inside = astray_in(post.watch, [*log.items(), *ledger_places(post.house)])
    assert (astray, inside) == ([], {})
    assert log["decisions.log"].count(b'"decision_id"') > EACH
    assert post.released
