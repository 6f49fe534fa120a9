"""Runs a gateway over real HTTP in this process, on a port of this host, for as long as needed."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from gateway.errors import DemoInvalid
from gateway.server import server_config

_START_S = 20.0
_LOOK_S = 0.02


@contextmanager
def serving(app: FastAPI, host: str, port: int) -> Iterator[threading.Thread]:
    """Serve until the block ends; yields the thread that serves.

    Raises: DemoInvalid when the server does not come up.
    """
    server = uvicorn.Server(server_config(app, host, port))
    thread = threading.Thread(target=server.run, name="gateway", daemon=True)
    thread.start()
    try:
        _await_start(server, thread)
        yield thread
    finally:
        server.should_exit = True
        thread.join(_START_S)


def free_port(host: str, preferred: int) -> int:
    """Return the preferred port when nobody listens there, else a free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoInvalid("this host has no free port")


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    until = time.monotonic() + _START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise DemoInvalid("the gateway did not start")
        time.sleep(_LOOK_S)
