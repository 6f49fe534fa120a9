"""What the faults share: a database server, and a library that makes system calls fail."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql_server import Server, running

_SOURCE = Path(__file__).parent / "native" / "failing_calls.c"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Give a PostgreSQL server."""
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def failing_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the library that a program loads first to have system calls fail."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        required = os.environ.get("DOELPOORT_REQUIRE_SERVERS") == "1"
        (pytest.fail if required else pytest.skip)("there is no C compiler here")
    library = tmp_path_factory.mktemp("native") / "failing_calls.so"
    command = [str(compiler), "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return library
