"""What the contracts share: one database server, and an empty case store of each kind in turn."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from tests.postgresql_server import Server, running
from tests.stores import KINDS, migrated_in_file, migrated_on


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Give a real PostgreSQL server."""
    with running() as started:
        yield started


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty case store, of each kind in turn."""
    if request.param == "sqlite":
        return migrated_in_file(tmp_path)
    return migrated_on(request.getfixturevalue("server"))


@pytest.fixture
def pair(url: str) -> Iterator[tuple[SqlCases, SqlCases]]:
    """Give an empty case store as two gateways have it open."""
    with closing(open_cases(url)) as one, closing(open_cases(url)) as other:
        yield one, other
