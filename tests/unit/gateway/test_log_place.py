"""Where the log of a year is kept: everything that is about one log has its year in the name."""

import os
from pathlib import Path

import pytest

from gateway.identity.keys import ensure_keys
from gateway.log_place import LogPlace, log_place
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
