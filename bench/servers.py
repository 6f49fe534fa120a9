"""Starts the servers that are measured, each in a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

_START_S = 60.0
_BARE = """
import sys, uvicorn
from gateway.server import server_config
from bench.bare import app
uvicorn.Server(server_config(app, "127.0.0.1", int(sys.argv[1]))).run()
"""
_SERVE = "import sys; sys.argv = ['doelpoort', 'serve']; from gateway.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class Server:
    """A started server.

    Units:   start_s: from spawning the process to its first answer.
    """

    port: int
    pid: int
    start_s: float

    def memory_mib(self) -> float:
        """Return the resident memory of the process."""
        command = ["ps", "-o", "rss=", "-p", str(self.pid)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return int(shown) / 1024


@contextmanager
def bare_server(port: int, answer_size: int) -> Iterator[Server]:
    """Serve the bare route."""
    environment = {"BARE_SIZE": str(answer_size)}
    command = [sys.executable, "-c", _BARE, str(port)]
    with _started(command, environment, f"http://127.0.0.1:{port}/openapi.json", port) as server:
        yield server


@contextmanager
def gateway_server(port: int, environment: Mapping[str, str]) -> Iterator[Server]:
    """Serve the gateway as an operator does."""
    command = [sys.executable, "-c", _SERVE]
    with _started(command, environment, f"http://127.0.0.1:{port}/v1/health", port) as server:
        yield server


@contextmanager
def opa_server(opa: Path, port: int, bundle: Path, log: Path) -> Iterator[Server]:
    """Serve the same policy from an OPA server that writes its decision log to a file."""
    command = [
        *(str(opa), "run", "--server", "--disable-telemetry", "--addr", f"127.0.0.1:{port}"),
        *("--log-level", "error", "--set", "decision_logs.console=true", str(bundle)),
    ]
    with (
        log.open("wb") as out,
        _started(command, {}, f"http://127.0.0.1:{port}/health", port, out.fileno()) as server,
    ):
        yield server


@contextmanager
def _started(
    command: list[str], environment: Mapping[str, str], url: str, port: int, out: int | None = None
) -> Iterator[Server]:
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL if out is None else out,
        stderr=None if out is None else out,
    )
    try:
        _await(url, process)
        yield Server(port, process.pid, time.perf_counter() - begun)
    finally:
        process.terminate()
        process.wait(_START_S)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.perf_counter() + _START_S
    while process.poll() is None and time.perf_counter() < until:
        with suppress(httpx.HTTPError):
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        time.sleep(0.01)
    raise RuntimeError(f"no answer from {url}")
