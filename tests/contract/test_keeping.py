"""What a keeper does to a log, over each store that a log can be kept in."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from audit.errors import KeysRotated, NothingToErase, NothingToPrune
from audit.keeping import Keeper, keys_of_epoch, next_keys
from audit.seal import SealKeys
from audit.storage.connect import make_ready
from audit.storage.migrate import migrate
from audit.storage.place import sqlite_url
from tests.fakes_audit import ORIGIN, SUBJECT, CountedRandom, make_draft
from tests.fakes_keeping import (
    KEYS,
    ORDER,
    OTHERS,
    KeptLog,
    nobody_draft,
    opened_log,
    replayed_draft,
    several_draft,
)
from tests.postgresql_server import fresh_origin

NEXT = next_keys(KEYS, b"n" * 32)
AFTER = keys_of_epoch(NEXT, 2)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log is kept."""

    url: str
    origin: str
    folder: Path


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each store in turn, with tables and without entries."""
    if request.param == "sqlite":
        url, origin = sqlite_url(tmp_path / "ledger.db"), ORIGIN
        make_ready(url, origin)
    else:
        url, origin = request.getfixturevalue("server").url(), fresh_origin()
        migrate(url, origin)
    return Place(url, origin, tmp_path)


def looked(place: Place, keys: SealKeys, number: int) -> dict[int, bytes | None]:
    """Give by position the subjects that a look into an entry shows."""
    with opened_log(place.url, place.origin, place.folder, keys) as log:
        look = log.keeper.look(f"{number:032x}", "functionaris", ORDER)
    return {position: particulars.subject for position, particulars in look.seen.items()}


def leaves(log: KeptLog) -> list[bool]:
    """Tell for each entry whether its content is there."""
    return [
        entry.leaf is not None for entry in log.reader.entries(0, log.gateway.store.head().size)
    ]


def test_an_erasure_takes_what_is_sealed_for_one_person(place: Place) -> None:
    """The key, the particulars and the answers of this person, and of nobody else."""
    with opened_log(place.url, place.origin, place.folder, KEYS) as log:
        log.gateway.append(make_draft(1), replayed_draft(2), several_draft(3))

        log.keeper.erase(SUBJECT, ORDER)

        assert [log.reader.particulars(1), log.reader.particulars(2)] == [[], []]
        assert log.reader.replay(f"{2:032x}") is None
        with pytest.raises(NothingToErase):
            log.keeper.erase(SUBJECT, ORDER)
    assert looked(place, KEYS, 3) == {1: OTHERS[0], 2: OTHERS[1], 3: None}


def test_a_gateway_beside_it_goes_on_after_an_erasure(place: Place) -> None:
    """It follows the head, and makes the person a fresh key."""
    with opened_log(place.url, place.origin, place.folder, KEYS) as log:
        log.gateway.append(make_draft(1))
        erased = log.keeper.erase(SUBJECT, ORDER).key_id

        [receipt] = log.gateway.append(make_draft(2))

        [row] = log.reader.particulars(receipt.index)
    assert row.key_id != erased


def test_a_rotation_leaves_no_key_behind(place: Place) -> None:
    """All keys are in the new epoch, open with its key alone, and the old gateway stops."""
    with opened_log(place.url, place.origin, place.folder, KEYS) as log:
        log.gateway.append(make_draft(1), nobody_draft(2), several_draft(3))
        log.keeper.rotate(NEXT)

        epochs = {row.epoch for row in log.reader.subject_keys()}

        assert (epochs, log.gateway.store.head().epoch) == ({2}, 2)
        with pytest.raises(KeysRotated):
            log.gateway.append(make_draft(4))
    assert looked(place, AFTER, 1) == {0: SUBJECT}
    assert looked(place, AFTER, 2) == {0: None}


def test_a_rotation_takes_a_key_along_that_came_in_between(place: Place) -> None:
    """The store refuses to leave one behind, and the keeper tries again."""
    with opened_log(place.url, place.origin, place.folder, KEYS) as log:
        log.gateway.append(make_draft(1))
        late = iter([replace(make_draft(2), subject=OTHERS[0])])
        random = CountedRandom(b"meddling")

        def meddle(size: int) -> bytes:
            log.gateway.append(*late)
            return random(size)

        means = replace(log.keeping.means, random=meddle)
        keeper = Keeper(log.keeping.appender, means, log.keeping.store, log.reader, lambda: True)

        keeper.rotate(NEXT)

        assert [row.epoch for row in log.reader.subject_keys()] == [2, 2]


def test_retention_keeps_hashes_and_takes_content(place: Place) -> None:
    """Whole tiles below the bound; a bound that was reached before is refused."""
    with opened_log(place.url, place.origin, place.folder, KEYS) as log:
        log.gateway.append(*map(make_draft, range(1, 300)))
        before = log.reader.hashes(0, 0, 300)

        log.keeper.retain(280, ORDER)

        assert leaves(log) == [False] * 256 + [True] * 45
        assert log.reader.hashes(0, 0, 300) == before
        assert (log.reader.particulars(255), len(log.reader.particulars(256))) == ([], 1)
        with pytest.raises(NothingToPrune):
            log.keeper.retain(256, ORDER)
