"""Where the log of a year is kept: everything that is about one log has its year in the name."""

import datetime as dt
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from audit.entry import parse_leaf
from audit.errors import StorageBroken
from gateway.identity.keys import ensure_keys
from gateway.log.place import (
    LogPlace,
    Machine,
    last_note,
    log_place,
    open_reading,
    open_writing,
    year_is_over,
)
from tests.builders import settings_of


def place(tmp_path: Path, year: int, **changes: object) -> LogPlace:
    """Return the place of the log of a year."""
    home = tmp_path / "home"
    settings = settings_of(home, source=tmp_path / "a.db", cases=tmp_path / "b.db", **changes)
    return log_place(settings, ensure_keys(home / "keys", random=os.urandom), year)


@pytest.mark.parametrize("named", [None, "elsewhere/marks"])
def test_two_years_share_nothing_but_their_keys(tmp_path: Path, named: str | None) -> None:
    """Address, name and high-water mark of a new year are not those of the year before."""
    mark = None if named is None else tmp_path / named
    old, new = (place(tmp_path, year, high_water=mark) for year in (2026, 2027))

    assert old.url != new.url
    assert (old.origin, new.origin) == tuple(
        f"poort.waterveen.example/disclosures/{year}" for year in (2026, 2027)
    )
    assert old.high_water != new.high_water
    assert old.high_water.parent == (mark or tmp_path / "home" / "high-water").parent


def test_a_ledger_in_a_database_is_where_it_is_told_to_be(tmp_path: Path) -> None:
    """The address of a database is taken as it stands; the year is its schema."""
    url = "postgresql://gateway@db/doelpoort"

    assert place(tmp_path, 2026, ledger_url=url).url == url


def _begin(tmp_path: Path, year: int) -> str | None:
    """Open the log of a year as a gateway does, and return what its first entry says of before."""
    settings = settings_of(tmp_path / "home", source=tmp_path / "a.db", cases=tmp_path / "b.db")
    keys = ensure_keys(settings.home / "keys", random=os.urandom)
    opening = log_place(settings, keys, year)
    with ExitStack() as opened:
        open_writing(opening, opened, lambda: last_note(settings, keys, year))
        store = open_reading(opening, Machine(lambda: 0, os.urandom), opened).store
        [first] = store.entries(0, 1)
    assert first.leaf is not None
    named = parse_leaf(first.leaf).get("previous")
    return None if named is None else str(named)


def test_the_log_of_a_new_year_names_the_last_one(tmp_path: Path) -> None:
    """The newest that is kept, by its last checkpoint; opened again, nothing is added."""
    assert _begin(tmp_path, 2024) is None
    assert _begin(tmp_path, 2025) is not None

    named = _begin(tmp_path, 2027)

    assert named is not None
    assert named.startswith("poort.waterveen.example/disclosures/2025\n1\n")
    assert _begin(tmp_path, 2027) == named


def test_a_last_log_that_cannot_be_read_stops_the_new_one(tmp_path: Path) -> None:
    """A chain with a link left out would look like one that begins there."""
    _begin(tmp_path, 2025)
    (tmp_path / "home" / "ledger-2025.db").write_bytes(b"no database at all, but long enough")

    with pytest.raises(StorageBroken):
        _begin(tmp_path, 2026)


@pytest.mark.parametrize(
    ("now", "is_over"),
    [
        (dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC), False),
        (dt.datetime(2027, 1, 1, 0, 30, tzinfo=dt.timezone(dt.timedelta(hours=1))), False),
        (dt.datetime(2027, 1, 1, tzinfo=dt.UTC), True),
    ],
)
def test_the_year_of_a_log_ends_when_it_does_in_utc(now: dt.datetime, *, is_over: bool) -> None:
    """A log is of the year that it began in, by the clock that it was named by."""
    assert year_is_over("gateway.example/disclosures/2026", now) is is_over
