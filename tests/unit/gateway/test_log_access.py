"""The keys of a log rotated by a keeper: finished whatever happened before, and for every year."""

import os

import pytest
from pydantic import SecretStr

from audit.errors import LedgerInUse, NothingToErase
from audit.keeping import Order, next_keys
from audit.seal import SealKeys
from audit.storage.connect import make_ready
from gateway.errors import SettingsInvalid
from gateway.identity.keys import add_epoch, ensure_keys
from gateway.log import access
from gateway.log.access import (
    Rotation,
    log_vkey,
    open_keeper,
    open_log_reader,
    rotate_keys,
    this_year,
)
from gateway.log.place import log_place
from gateway.settings import Settings
from tests.builders import House, flag

pytestmark = pytest.mark.anyio

ORDER = Order("client_request", b"fg-1")
NEW_KEY = bytes(range(32))


@pytest.fixture
async def settings(house: House) -> Settings:
    """Give the settings of a gateway whose ledger holds something sealed about a person."""
    await house.ask(flag())
    return house.settings


def held(settings: Settings) -> SealKeys:
    """Return the sealing keys that are in the home."""
    keys = ensure_keys(settings.home / "keys", random=os.urandom)
    return SealKeys(keys.seal_epochs, keys.seal_period)


def seen(settings: Settings, request_id: str) -> bytes | None:
    """Return whom an entry is about, as a keeper sees it."""
    with open_keeper(settings, this_year()) as keeper:
        return keeper.look(request_id, "functionaris", ORDER).seen[0].subject


def last_id(settings: Settings) -> str:
    """Return the request id of the first entry after the genesis."""
    with open_log_reader(settings, this_year()) as opened:
        return next(opened.store.entries(1, 2)).request_id


async def test_a_rotation_destroys_the_old_key_and_loses_nothing(settings: Settings) -> None:
    """The particulars open under the new key, and the old key is gone from the disk."""
    before = seen(settings, last_id(settings))

    assert rotate_keys(settings, ()) == Rotation(2, (1,))
    assert rotate_keys(settings, ()) == Rotation(3, (2,))
    assert set(held(settings).epochs) == {3}
    assert seen(settings, last_id(settings)) == before


async def test_a_rotation_that_ended_before_the_log_moved_is_finished(settings: Settings) -> None:
    """The new key was durable already: it is used, and no third one is made."""
    keys = next_keys(held(settings), NEW_KEY)
    add_epoch(settings.home / "keys", 2, keys.epochs[2])

    assert rotate_keys(settings, ()) == Rotation(2, (1,))
    assert held(settings).epochs == {2: NEW_KEY}


async def test_a_rotation_that_ended_before_the_old_key_went_is_finished(
    settings: Settings,
) -> None:
    """The log had moved: nothing is left but to destroy the old key."""
    keys = next_keys(held(settings), NEW_KEY)
    with open_keeper(settings, this_year()) as keeper:
        add_epoch(settings.home / "keys", 2, keys.epochs[2])
        keeper.rotate(keys)

    assert rotate_keys(settings, ()) == Rotation(2, (1,))
    assert seen(settings, last_id(settings)) is not None


async def test_the_log_of_every_year_moves_before_the_old_key_goes(settings: Settings) -> None:
    """A log that stayed behind could never be opened again."""
    last_year = this_year() - 1
    keys = ensure_keys(settings.home / "keys", random=os.urandom)
    place = log_place(settings, keys, last_year)
    make_ready(place.url, place.origin)
    with open_keeper(settings, last_year):
        pass

    rotate_keys(settings, ())

    for year in (last_year, this_year()):
        with open_keeper(settings, year) as keeper, pytest.raises(NothingToErase):
            keeper.erase(b"999990020", ORDER)


async def test_years_in_a_database_are_named_by_hand(settings: Settings) -> None:
    """Nobody guesses which logs a database server holds."""
    remote = settings.model_copy(update={"ledger_url": SecretStr("postgresql://nowhere")})

    with pytest.raises(SettingsInvalid, match="name every year"):
        rotate_keys(remote, ())

    assert set(held(settings).epochs) == {1}


async def test_a_home_without_a_log_has_nothing_to_rotate(settings: Settings) -> None:
    """Keys are not replaced when nothing shows what they wrap."""
    (settings.home / f"ledger-{this_year()}.db").rename(settings.home / "elsewhere.db")

    with pytest.raises(SettingsInvalid, match="no log"):
        rotate_keys(settings, ())

    assert set(held(settings).epochs) == {1}


async def test_two_keepers_do_not_work_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits for a while, and is told."""
    monkeypatch.setattr(access, "_PATIENCE_S", 0.0)

    with (
        open_keeper(settings, this_year()),
        pytest.raises(LedgerInUse),
        open_keeper(settings, this_year()),
    ):
        pass


async def test_the_key_of_a_log_is_that_of_its_gateway(house: House) -> None:
    """Receipts verify with what the commands tell."""
    assert log_vkey(house.settings, this_year()) == house.gateway.vkey
