"""A case store that is empty, and what keeps messages in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cases.opening import open_cases
from gateway.citizen.store import SqlMessages


@pytest.fixture
def messages(tmp_path: Path) -> Iterator[SqlMessages]:
    """Give the messages of an empty store."""
    store = open_cases(f"sqlite:///{tmp_path / 'zaken.db'}")
    yield SqlMessages(store)
    store.close()
