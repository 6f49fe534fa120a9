"""The witness over HTTP: bounded in every direction."""

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import pytest

from audit.witness import serving
from audit.witness.serving import WitnessServer
from audit.witness.witness import MAX_REQUEST_BYTES, Answer

BODY = b"old 0\n\nnote\n"


def _echo(body: bytes) -> Answer:
    return Answer(200, body)


@contextmanager
def _served(
    handler: Callable[[bytes], Answer] = _echo, host: str = "127.0.0.1", **bounds: float
) -> Iterator[WitnessServer]:
    with WitnessServer((host, 0), handler, **bounds) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def _connect(server: WitnessServer) -> socket.socket:
    return socket.create_connection(server.server_address[:2], timeout=10)  # type: ignore[arg-type]


def _request(
    body: bytes = BODY, path: str = "/add-checkpoint", headers: str | None = None
) -> bytes:
    told = f"Content-Length: {len(body)}\r\n" if headers is None else headers
    return f"POST {path} HTTP/1.1\r\nHost: w\r\n{told}\r\n".encode() + body


def _exchange(server: WitnessServer, sent: bytes) -> bytes:
    """Send, say that nothing follows, and read until the other end closes."""
    with closing(_connect(server)) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_a_request_gets_the_answer_of_the_witness(capfd: pytest.CaptureFixture[str]) -> None:
    """Status, type and body, and one line in the log that tells nothing else."""
    with _served() as server:
        received = _exchange(server, _request())

    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"\r\n\r\n" + BODY)
    assert capfd.readouterr().err == "add-checkpoint 200\n"


def test_a_connection_is_kept_for_the_next_request() -> None:
    """A log comes back often."""
    with _served() as server:
        received = _exchange(server, _request() + _request(b"second\n"))

    assert received.count(b"HTTP/1.1 200 ") == 2
    assert received.endswith(b"second\n")


def test_the_address_may_be_of_the_sixth_version() -> None:
    """Where the machine has it."""
    with _served(host="::1") as server:
        assert _exchange(server, _request()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (_request(path="/other"), 404),
        (_request(path="/add-checkpoint?x"), 404),
        (_request(headers=""), 411),
        (_request(headers="Content-Length: +5\r\n"), 411),
        (_request(headers="Content-Length: é\r\n"), 411),
        (_request(headers="Content-Length: 5\r\nContent-Length: 5\r\n"), 411),
        (_request(headers="Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 411),
        (_request(headers=f"Content-Length: {MAX_REQUEST_BYTES + 1}\r\n"), 413),
        (_request(headers=f"Content-Length: {10**18}\r\n"), 413),
        (_request(headers="Content-Length: 999\r\n"), 400),
        (b"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 501),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
    ids=[
        "another path",
        "a query",
        "no length",
        "a signed length",
        "a foreign length",
        "two lengths",
        "chunks",
        "a byte too long",
        "far too long",
        "cut off",
        "another method",
        "no HTTP",
        "a long line",
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_ends(sent: bytes, status: int) -> None:
    """What follows on the connection is never taken for a request."""
    with _served() as server:
        received = _exchange(server, sent + _request())

    assert f"{status}\n".encode() in received
    assert b" 200 " not in received


def test_as_long_as_allowed_is_read() -> None:
    """The twin of 413."""
    with _served(lambda body: Answer(200, b"%d" % len(body))) as server:
        received = _exchange(server, _request(b"x" * MAX_REQUEST_BYTES))

    assert received.endswith(b"%d" % MAX_REQUEST_BYTES)


def test_a_state_that_fails_is_told_as_such() -> None:
    """503: nothing was cosigned, and the log may come back."""

    def fail(_: bytes) -> Answer:
        raise sqlite3.OperationalError("disk full")

    with _served(fail) as server:
        received = _exchange(server, _request())

    assert received.startswith(b"HTTP/1.1 503 ")
    assert b"disk" not in received


def test_a_bug_ends_the_connection_and_not_the_witness(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The log names the kind of error and nobody's address."""

    def fail(body: bytes) -> Answer:
        if body == BODY:
            raise ZeroDivisionError("with particulars")
        return Answer(200, body)

    with _served(fail) as server:
        first, second = _exchange(server, _request()), _exchange(server, _request(b"x"))

    assert first == b""
    assert second.endswith(b"x")
    assert "connection ended: ZeroDivisionError\n" in capfd.readouterr().err


def test_a_silent_connection_is_closed() -> None:
    """Nobody waits for who says nothing."""
    with _served(silence_s=0.05) as server, closing(_connect(server)) as connection:
        connection.sendall(b"POST /add-")

        assert connection.recv(100) == b""


def test_a_connection_has_a_life() -> None:
    """One that says a little now and then is closed as well."""
    with _served(silence_s=10.0, life_s=0.2) as server, closing(_connect(server)) as connection:
        connection.sendall(b"POST /add-")

        assert connection.recv(100) == b""


def test_the_connections_at_a_time_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than there is place for is closed at once; afterwards there is place again."""
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", 1)
    entered, leave = Event(), Event()

    def hold(body: bytes) -> Answer:
        entered.set()
        leave.wait(10)
        return Answer(200, body)

    with _served(hold) as server:
        with closing(_connect(server)) as first:
            first.sendall(_request())
            assert entered.wait(10)
            refused = _exchange_quietly(server)
            leave.set()
            first.shutdown(socket.SHUT_WR)
            answered = b"".join(iter(lambda: first.recv(4096), b""))
        admitted = _until_admitted(server)

    assert refused == b""
    assert answered.endswith(BODY)
    assert admitted.endswith(BODY)


def _exchange_quietly(server: WitnessServer) -> bytes:
    try:
        return _exchange(server, _request())
    except OSError:
        return b""


def _until_admitted(server: WitnessServer) -> bytes:
    return next(filter(None, (_exchange_quietly(server) for _ in range(1000))))


def test_a_connection_that_is_gone_already_need_not_be_cut() -> None:
    """The end of its life may come when it has closed itself."""
    with closing(socket.socket()) as never_connected:
        WitnessServer._cut(never_connected)

        assert never_connected.fileno() >= 0
