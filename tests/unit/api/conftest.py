"""A gateway in which requests have to wait for the professional who holds the answer."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import House, open_house


@pytest.fixture
async def waiting_house(register: Path, cases_file: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Give a gateway in which nobody has confirmed anything yet."""
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("DELETE FROM confirmation")
    async with open_house(tmp_path / "home", source=register, cases=cases_file) as opened:
        yield opened
