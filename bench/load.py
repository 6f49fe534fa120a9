"""A closed loop of connections that send one request over and over, and time each answer."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

import uvloop
from typing_extensions import override

from bench.rows import percentile

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_LIMIT_S = 120.0


@dataclass(slots=True)
class Run:
    """What one run saw.

    Units:   seconds: the whole run; latencies in seconds, one per answer.
    """

    wanted: int
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    answer_size: int = 0

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def at(self, share: float) -> float:
        """Return this percentile of the latency, in milliseconds."""
        return percentile(sorted(self.latencies), share) * 1000


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes, run: Run, left: list[int], done: asyncio.Event) -> None:
        self._request, self._run, self._left, self._done = request, run, left, done
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    @override
    def data_received(self, data: bytes) -> None:
        """Take in an answer, note its time, and send the next request."""
        self._buffer += data
        head = self._buffer.find(_HEAD_END)
        if head < 0:
            return
        told = self._buffer[: head + 2].lower()
        start = told.find(_LENGTH) + len(_LENGTH)
        length = int(told[start : told.find(b"\r\n", start)])
        if len(self._buffer) < head + len(_HEAD_END) + length:
            return
        self._run.latencies.append(time.perf_counter() - self._sent_at)
        self._run.statuses[int(self._buffer[9:12])] += 1
        self._run.answer_size = length
        self._buffer = b""
        if len(self._run.latencies) == self._run.wanted:
            self._done.set()
        self._send()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """End the run when the server hangs up."""
        self._done.set()

    def _send(self) -> None:
        if self._left[0] == 0 or self._transport is None:
            return
        self._left[0] -= 1
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


def post(path: str, body: bytes, token: str | None = None) -> bytes:
    """Return the bytes of a POST request."""
    head = [
        f"POST {path} HTTP/1.1",
        "host: bench",
        "content-type: application/json",
        f"content-length: {len(body)}",
    ]
    if token is not None:
        head.append(f"authorization: Bearer {token}")
    return "\r\n".join(head).encode() + _HEAD_END + body


def fire(port: int, request: bytes, *, count: int, connections: int) -> Run:
    """Send a request `count` times over this many connections to a server on this host."""
    return uvloop.run(_fire(port, request, count, connections))


async def _fire(port: int, request: bytes, count: int, connections: int) -> Run:
    run, left, done = Run(count), [count], asyncio.Event()
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    transports = [
        (
            await loop.create_connection(
                lambda: _Connection(request, run, left, done), "127.0.0.1", port
            )
        )[0]
        for _ in range(connections)
    ]
    await asyncio.wait_for(done.wait(), _LIMIT_S)
    run.seconds = time.perf_counter() - started
    for transport in transports:
        transport.abort()
    return run
