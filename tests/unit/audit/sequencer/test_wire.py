"""What passes between the gateway and its sequencer."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from audit.entry import Draft, Json, Person
from audit.errors import AuditError, DuplicateRequest, LeafInvalid
from audit.sequencer.parcels import parcel_of
from audit.sequencer.receipts import Placed
from audit.sequencer.wire import (
    MAX_MESSAGE,
    Inbox,
    error_of,
    pack,
    pack_draft,
    pack_reply,
    pack_settings,
    unpack_parcel,
    unpack_reply,
    unpack_settings,
)
from audit.storage.contract import Head
from tests.fakes_audit import make_draft, make_settings

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Give two ends of one connection."""
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def through(pair: Pair, message: bytes) -> object:
    """Send one message and receive it."""
    left, right = pair
    left.sendall(message)
    inbox = Inbox()
    inbox.fill(right)
    [received] = inbox.take()
    return received


@pytest.mark.parametrize(
    "draft",
    [
        make_draft(),
        replace(make_draft(), subject=None, replay=b"x", replay_digest=b"d" * 32),
        replace(make_draft(), subject=None, persons=(Person(b"a", b"1"), Person(b"b", b"2"))),
    ],
    ids=["plain", "replay", "persons"],
)
def test_a_draft_comes_over_as_it_was(pair: Pair, draft: Draft) -> None:
    """Nothing of a draft is lost or changed."""
    assert unpack_parcel(through(pair, pack_draft(draft))) == parcel_of(draft)


@pytest.mark.parametrize("member", ["role", "trace"])
@pytest.mark.parametrize("value", [object(), {1, object()}, b"x" * MAX_MESSAGE], ids=range(3))
def test_a_draft_that_cannot_be_sent_is_refused(value: object, member: str) -> None:
    """Its own caller hears it; nobody else is touched."""
    with pytest.raises(LeafInvalid):
        pack_draft(make_draft(1, **{member: cast("Json", value)}))


def test_settings_come_over_as_they_were(pair: Pair, tmp_path: Path) -> None:
    """The sequencer works with what the gateway was told, and nothing shows the secrets."""
    settings = make_settings(tmp_path)
    received = unpack_settings(through(pair, pack_settings(settings)))

    assert received == settings
    assert "ssss" not in repr(settings)


def test_a_reply_comes_over_as_it_was(pair: Pair) -> None:
    """Where the log stands, the outcomes in order, and why it stops."""
    outcomes: list[Placed | AuditError] = [(7, b"leaf", b"path"), DuplicateRequest("twice")]
    failure = ("StorageBroken", "io")

    reply = unpack_reply(
        through(pair, pack_reply(Head(8, last_time=9), b"note", outcomes, failure))
    )

    assert reply.head == (8, 9)
    assert reply.note == b"note"
    assert reply.outcomes == [(7, b"leaf", b"path"), ("DuplicateRequest", "twice")]
    assert reply.failure == failure


def test_an_error_comes_back_as_itself() -> None:
    """By its name, if it is one of ours."""
    error = error_of("DuplicateRequest", "twice")

    assert (type(error), str(error)) == (DuplicateRequest, "twice")
    with pytest.raises(KeyError):
        error_of("SystemExit", "0")


def test_messages_are_whole_however_they_come(pair: Pair) -> None:
    """Split anywhere, several at once, or far larger than the room there is at first."""
    left, right = pair
    inbox, values = Inbox(), [b"a", ["b", 2], b"c" * 600_000, {"d": True}]
    data, received = b"".join(map(pack, values)), list[object]()
    for start in range(0, len(data), 50_001):
        left.sendall(data[start : start + 50_001])
        inbox.fill(right)
        received += inbox.take()

    assert received == values


def test_a_message_beyond_all_measure_is_nonsense(pair: Pair) -> None:
    """A length that no message has is not waited for."""
    with pytest.raises(ValueError, match="too long"):
        through(pair, b"\xff" * 8)


def test_the_end_is_seen(pair: Pair) -> None:
    """When the other side hangs up there is nothing more to fill."""
    left, right = pair
    left.close()

    assert not Inbox().fill(right)
