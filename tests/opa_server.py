"""A real OPA server for tests: started on a free port, or the reason why there is none."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest


def opa_binary() -> str:
    """Return the OPA binary, or skip; where servers are required its absence is a failure."""
    binary = shutil.which("opa") or str(Path.home() / "go" / "bin" / "opa")
    if not Path(binary).is_file():
        required = os.environ.get("DOELPOORT_REQUIRE_SERVERS") == "1"
        (pytest.fail if required else pytest.skip)("there is no opa binary on PATH or in ~/go/bin")
    return binary


@contextmanager
def serving(folder: Path, *, decisions: Path | None = None) -> Iterator[int]:
    """Serve the bundle in this folder on a free port of this machine, until the end.

    With `decisions` the server writes its decision log, and all else that it says, to that file.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [opa_binary(), "run", "--server", "--addr", f"127.0.0.1:{port}"]
    with ExitStack() as files:
        told = None
        if decisions is not None:
            command += ["--set", "decision_logs.console=true"]
            told = files.enter_context(decisions.open("wb"))
        server = subprocess.Popen(
            [*command, "--log-level", "error", "--disable-telemetry", str(folder)],
            stdout=told,
            stderr=told and subprocess.STDOUT,
        )
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait()


def _wait_for(port: int) -> None:
    """Return once the server accepts connections."""
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
        else:
            return
