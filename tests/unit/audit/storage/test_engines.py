"""Engines over a database server."""

import pytest

from audit.errors import StorageBroken
from audit.storage.engines import schemas_in


def test_a_server_that_is_not_there_has_no_schemas_to_tell() -> None:
    """That nobody answers is not the same as that no log is kept."""
    with pytest.raises(StorageBroken):
        schemas_in("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")
