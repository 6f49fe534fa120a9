"""What stands in the records of cases themselves leaves with no answer about somebody's data."""

import shutil
import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.builders import open_house
from tests.canary.asking import one_by_one, rightful
from tests.canary.places import ledger_places, memory_places
from tests.canary.post import astray_in, listening, posted
from tests.canary.watch import Watch
from tests.canary.world import MARK, World

pytestmark = pytest.mark.anyio

SEED: Final = 20_260_302
FREE: Final = [
    ("case_record", "label"),
    ("consent", "form"),
    ("consent", "recorded_by"),
    ("case_party", "mandate"),
]


def plant_records(cases: Path) -> int:
    """Put a canary into every cell where a record has room for words; return how many."""
    with closing(sqlite3.connect(cases)) as connection, connection:
        return sum(
            connection.execute(
                f"UPDATE {table} SET {column} = ?",  # noqa: S608 (names of our own)
                (f"{MARK}-{number:04}-{'dossier' * 2}"[:20],),
            ).rowcount
            for number, (table, column) in enumerate(FREE, start=8_000)
        )


async def test_the_words_of_a_record_stay_in_it(
    flowing: World, watch: Watch, register_template: Path, tmp_path: Path
) -> None:
    """Facts are decided on, and the engine, the ledger, logs and answers get none of the words."""
    random = Random(SEED)  # noqa: S311 (always the same requests)
    cases = Path(shutil.copy(register_template, tmp_path / "zaken.db"))
    planted = plant_records(cases)
    asked = [*random.sample(list(rightful(flowing)), 150), *islice(one_by_one(flowing, random), 50)]
    async with (
        open_house(tmp_path / "home", source=flowing.register, cases=cases) as house,
        posted(house, flowing, watch) as post,
    ):
        with listening() as ears:
            astray = await post.astray(asked)
        places = [*ledger_places(house), *memory_places(house)]

    places += [("log", ears.heard.getvalue().encode()), ("engine", b"\n".join(post.engine.heard))]
    assert planted > len(FREE)
    assert (astray, astray_in(watch, places)) == ([], {})
    assert post.released
