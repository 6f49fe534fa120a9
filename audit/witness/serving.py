"""The witness over HTTP, with the standard library alone; TLS belongs to the proxy in front of it.

Bounded in every direction: the connections at a time, the life of a connection, the silence within
it, the length of a request. Logs nothing about a request but its method, path and status.
"""

import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Timer
from typing import TYPE_CHECKING, Final

from audit.checkpoint import parse_number
from audit.witness.witness import MAX_REQUEST_BYTES, Answer

if TYPE_CHECKING:
    from typing_extensions import override
else:  # A witness runs on the standard library and cryptography alone.

    def override(method: object) -> object:
        """Mark for the type checker only."""
        return method


MAX_CONNECTIONS: Final = 64  # A witness hears each log now and then; more at a time is abuse.
SILENCE_S: Final = 5.0
LIFE_S: Final = 30.0
_PATH: Final = "/add-checkpoint"

Handler = Callable[[bytes], Answer]
_Request = socket.socket | tuple[bytes, socket.socket]  # The second is that of datagrams.


class WitnessServer(ThreadingHTTPServer):
    """Serves `add-checkpoint` on one address until it is shut down.

    Trust:   anybody may connect.
    """

    daemon_threads = False  # Closing waits for the answers that are under way.
    request_queue_size = MAX_CONNECTIONS

    def __init__(
        self,
        address: tuple[str, int],
        handler: Handler,
        *,
        silence_s: float = SILENCE_S,
        life_s: float = LIFE_S,
    ) -> None:
        self.handler = handler
        self.silence_s = silence_s
        self.life_s = life_s
        self._places = BoundedSemaphore(MAX_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Connection)

    @override
    def process_request(self, request: _Request, client_address: object) -> None:
        """Take a connection, or close it at once when there is no place."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    @override
    def process_request_thread(self, request: _Request, client_address: object) -> None:
        """Serve one connection for as long as it may live."""
        timer = Timer(self.life_s, self._cut, [request])
        timer.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self._places.release()

    @staticmethod
    def _cut(request: socket.socket) -> None:
        # Shutting down wakes the thread that reads, and that thread closes it.
        with suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)

    @override
    def handle_error(self, request: _Request, client_address: object) -> None:
        """Tell that a connection broke, and nothing about who it was."""
        del request, client_address
        sys.stderr.write(f"connection ended: {type(sys.exception()).__name__}\n")


class _Connection(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"
    error_message_format = "%(code)d\n"
    error_content_type = "text/plain"

    @override
    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.silence_s)

    def do_POST(self) -> None:
        answer = self._answer()
        sys.stderr.write(f"add-checkpoint {answer.status}\n")
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def _answer(self) -> Answer:
        length = _length(self.headers.get_all("Content-Length", []))
        if self.path != _PATH or length is None or "Transfer-Encoding" in self.headers:
            return self._unread(404 if self.path != _PATH else 411)
        if length > MAX_REQUEST_BYTES:
            return self._unread(413)
        body = self.rfile.read(length)
        if len(body) < length:
            return self._unread(400)
        try:
            return self.server.handler(body)
        except sqlite3.Error:
            return Answer(503, b"503\n")

    def _unread(self, status: int) -> Answer:
        # What was not read would pass for the next request.
        self.close_connection = True
        return Answer(status, b"%d\n" % status)

    @override
    def version_string(self) -> str:
        return "witness"

    @override
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The library's name.
        # The library would log addresses and whatever a stranger wrote in the request line.
        del format, args


def _length(values: list[str]) -> int | None:
    try:
        (value,) = values
        return parse_number(value.encode())
    except ValueError:
        return None
