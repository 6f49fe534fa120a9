"""A server that really listens on this host, says what it is told to, and keeps what it hears."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override


@dataclass(frozen=True)
class Heard:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What the server says to it; `cut` bytes of the body leave before the connection breaks.

    Status 0 says nothing at all.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


Say = Callable[[Heard], Reply]


class Listening:
    """A server with its address and everything it heard."""

    def __init__(self, url: str, say: Say) -> None:
        self.url = url
        self.say = say
        self.heard: list[Heard] = []
        self.gate = threading.Event()
        self.gate.set()


@contextmanager
def listening(say: Say, tls: ssl.SSLContext | None = None) -> Iterator[Listening]:
    """Listen until the end of the block; clear `gate` to make every answer wait."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.block_on_close = False
    scheme = "http" if tls is None else "https"
    host = "127.0.0.1" if tls is None else "localhost"
    state = Listening(f"{scheme}://{host}:{server.server_address[1]}", say)
    server.state = state  # type: ignore[attr-defined]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Nobody waits on a test for longer.
    timeout = 10
    # An answer leaves as one packet, as that of any real server does.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def _reply(self) -> None:
        state: Listening = self.server.state  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        heard = Heard(self.command, self.path, headers, body)
        state.heard.append(heard)
        reply = state.say(heard)
        state.gate.wait(5)
        if reply.status == 0:
            self.close_connection = True
            return
        try:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: reply.cut])
            self.close_connection |= reply.cut is not None
        except OSError:
            self.close_connection = True

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
