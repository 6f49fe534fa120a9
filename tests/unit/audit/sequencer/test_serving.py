"""The loop of the sequencer, seen from its socket."""

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from typing_extensions import override

from audit.errors import LedgerInUse, StorageBroken
from audit.merkle import Frontier
from audit.sequencer.appender import Appender, Means
from audit.sequencer.highwater import HighWater
from audit.sequencer.serving import Sequencer, serve
from audit.sequencer.wire import Inbox, Reply, pack_draft, unpack_reply
from audit.storage.contract import MAX_BATCH, Batch, Head
from tests.fakes_audit import (
    CountedRandom,
    FixedClock,
    MemoryStore,
    make_draft,
    make_seal,
    make_signer,
)

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Give the gateway's end of a connection and the sequencer's."""
    gateway, sequencer = socket.socketpair()
    with gateway, sequencer:
        yield gateway, sequencer


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """Say where the high-water mark stands."""
    (tmp_path / "marks").touch()
    return tmp_path / "marks"


def run(connection: socket.socket, store: MemoryStore, marks: Path) -> None:
    """Serve an empty log until the gateway has hung up, and hang up too."""
    means = Means(make_signer(), "gw-1", make_seal(), FixedClock(), CountedRandom(), 60_000)
    appender = Appender(store, means, Head(), Frontier(), 0)
    sequencer = Sequencer(appender, HighWater(marks), FixedClock())
    with connection:
        serve(connection, Inbox(), lambda: sequencer)


def send(connection: socket.socket, count: int) -> None:
    """Send this many drafts and then no more."""
    connection.sendall(b"".join(pack_draft(make_draft(number)) for number in range(count)))
    connection.shutdown(socket.SHUT_WR)


def replies(connection: socket.socket) -> list[Reply]:
    """Give all that was answered."""
    inbox, found = Inbox(), list[Reply]()
    while inbox.fill(connection):
        found += map(unpack_reply, inbox.take())
    return found


def test_what_waits_together_is_written_together(pair: Pair, marks: Path) -> None:
    """One commit for all that is there, and an answer for each in order."""
    store = MemoryStore()
    send(pair[0], 20)
    run(pair[1], store, marks)

    ready, reply = replies(pair[0])

    assert (ready.head[0], len(ready.outcomes)) == (0, 0)
    assert [outcome[0] for outcome in reply.outcomes] == list(range(20))
    assert list(store.notes) == [20]
    assert marks.read_text().startswith("20 ")


def test_a_batch_has_a_largest_size(pair: Pair, marks: Path) -> None:
    """More than 1,024 waiting drafts are written in parts, and none is forgotten."""
    for end in pair:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    sender = Thread(target=send, args=(pair[0], 2 * MAX_BATCH))
    server = Thread(target=run, args=(pair[1], MemoryStore(), marks))
    sender.start()
    server.start()
    sizes = [len(reply.outcomes) for reply in replies(pair[0])]
    sender.join()
    server.join()

    assert sum(sizes) == 2 * MAX_BATCH
    assert max(sizes) <= MAX_BATCH


class LeavingStore(MemoryStore):
    """A store during whose first commit the gateway dies."""

    def __init__(self, gateway: socket.socket) -> None:
        super().__init__()
        self.gateway = gateway

    @override
    def commit(self, batch: Batch) -> None:
        """Write the batch, which nobody will hear of."""
        super().commit(batch)
        self.gateway.close()


def test_a_gateway_that_dies_leaves_a_finished_batch(pair: Pair, marks: Path) -> None:
    """The entry stands, the mark is recorded, and the sequencer ends."""
    store = LeavingStore(pair[0])
    pair[0].sendall(pack_draft(make_draft(1)))

    run(pair[1], store, marks)

    assert len(store.rows) == 1
    assert marks.read_text().startswith("1 ")


class BrokenStore(LeavingStore):
    """A store that breaks during its first commit, while the gateway dies as well."""

    @override
    def commit(self, batch: Batch) -> None:
        """Break."""
        self.gateway.close()
        raise StorageBroken("io")


def test_a_failure_that_nobody_hears_ends_the_sequencer_too(pair: Pair, marks: Path) -> None:
    """There is nobody left to tell."""
    store = BrokenStore(pair[0])
    pair[0].sendall(pack_draft(make_draft(1)))

    run(pair[1], store, marks)

    assert store.rows == []
    assert marks.read_text() == ""


def test_a_log_that_does_not_open_is_told(pair: Pair) -> None:
    """The gateway hears which error it was."""

    def begin() -> Sequencer:
        raise LedgerInUse("in use")

    serve(pair[1], Inbox(), begin)
    pair[1].close()

    [reply] = replies(pair[0])

    assert reply.failure == ("LedgerInUse", "in use")
