"""A gateway in a process of its own, and who else hears of it: all that they hear is kept."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from typing_extensions import override

from gateway.settings import Settings
from tests.serving import await_health, command, environment_of


@dataclass
class Collector:
    """A collector of spans and log records on this host, which takes all that it is sent."""

    url: str = ""
    got: list[bytes] = field(default_factory=list)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Collect until the end of the block."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        """Takes one request."""

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            """Keep the request with its path and headers."""
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(f"{self.path}\n{self.headers}\n".encode() + body)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(b"{}")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served_aloud(settings: Settings, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Serve until the end of the block; all that is said, a dump at a crash too, is in `output`."""
    with output.open("wb") as told:
        process = subprocess.Popen(
            command("serve"),
            env={**environment_of(settings), "PYTHONFAULTHANDLER": "1"},
            stdout=told,
            stderr=subprocess.STDOUT,
            cwd=output.parent,
        )
        try:
            await_health(settings.public_url)
            yield process
        finally:
            process.kill()
            process.wait()


def children_of(process: int) -> list[int]:
    """Return the processes that this one started and that still run."""
    lists = Path(f"/proc/{process}/task").glob("*/children")
    return [int(each) for file in lists for each in file.read_text().split()]
