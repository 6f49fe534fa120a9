"""What the tests of the stores share."""

from collections.abc import Iterator

import pytest

from tests.postgresql_server import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Give a PostgreSQL server."""
    with running() as started:
        yield started
