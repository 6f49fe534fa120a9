"""What passes between the gateway and its sequencer over one socket: tuples after their length.

The gateway sends the settings once and then drafts. The sequencer answers with replies: where the
log stands, what became of the oldest drafts that are unanswered, and why it stops if it does.
"""

import marshal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audit.entry import Draft
from audit.errors import AuditError, LeafInvalid
from audit.seal import SealKeys
from audit.sequencer.parcels import MARSHAL_VERSION, Parcel, parcel_of
from audit.sequencer.receipts import Placed
from audit.storage.contract import Head

DAY_MS: Final = 24 * 3600 * 1000
MAX_MESSAGE: Final = 1 << 26  # A reply to 1,024 drafts has some 10 MB; far beyond it is nonsense.
_ROOM: Final = 1 << 18
_LENGTH_BYTES: Final = 4
_LEAVES: Final = {error.__name__: error for error in AuditError.__subclasses__()}

Told = Placed | tuple[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class LogSettings:
    """All that a sequencer must be told to open one log; holds the secrets, so it has no repr.

    Shapes:  url: `sqlite:////a/path` or `postgresql://...`. seed: the 32 bytes of the signing key.
             previous: the note of the last checkpoint of the log that this one comes after; it is
             written when this one begins, and means nothing later.
    Units:   replay_ms is how long an answer is kept for replay; patience_s how long to wait for
             a predecessor to let go of the ledger.
    """

    url: str
    origin: str
    seed: bytes
    gateway_id: str
    keys: SealKeys
    high_water: Path
    replay_ms: int = DAY_MS
    patience_s: float = 5.0
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of the sequencer.

    Shapes:  note: the checkpoint that covers the entries told of. outcomes: for the oldest
             unanswered drafts, in order. failure: why it stops.
    """

    head: tuple[int, int]
    note: bytes
    outcomes: Sequence[Told]
    failure: tuple[str, str] | None


def pack(value: Any) -> bytes:  # noqa: ANN401  Whatever marshal takes.
    """Give a value as a message.

    Raises:  ValueError if it holds anything but plain texts, bytes, numbers, lists and dicts.
    """
    data = marshal.dumps(value, MARSHAL_VERSION)
    if len(data) > MAX_MESSAGE:
        raise ValueError("the message is too long")
    return len(data).to_bytes(_LENGTH_BYTES, "little") + data


def pack_settings(settings: LogSettings) -> bytes:
    """Give the settings as a message."""
    keys = settings.keys
    return pack(
        (
            settings.url,
            settings.origin,
            settings.seed,
            settings.gateway_id,
            (dict(keys.epochs), keys.period_key),
            str(settings.high_water),
            settings.replay_ms,
            settings.patience_s,
            settings.previous,
        )
    )


def unpack_settings(message: Any) -> LogSettings:  # noqa: ANN401  Any message is a plain value.
    """Give the settings in a message of `pack_settings`."""
    url, origin, seed, gateway_id, keys, high_water, *rest = message
    replay_ms, patience_s, previous = rest
    return LogSettings(
        url=url,
        origin=origin,
        seed=seed,
        gateway_id=gateway_id,
        keys=SealKeys(*keys),
        high_water=Path(high_water),
        replay_ms=replay_ms,
        patience_s=patience_s,
        previous=previous,
    )


def pack_draft(draft: Draft) -> bytes:
    """Give a draft as a message.

    Raises:  LeafInvalid if it holds a value that no leaf can hold.
    """
    try:
        return pack(tuple(parcel_of(draft)))
    except ValueError as error:
        raise LeafInvalid("a draft holds a value of another kind, or too much") from error


def unpack_parcel(message: Any) -> Parcel:  # noqa: ANN401  Any message is a plain value.
    """Give the draft in a message of `pack_draft`.

    Raises:  TypeError if it is none.
    """
    return Parcel(*message)


def pack_reply(
    head: Head,
    note: bytes = b"",
    outcomes: Sequence[Placed | AuditError] = (),
    failure: tuple[str, str] | None = None,
) -> bytes:
    """Give a reply as a message."""
    told: list[Told] = [
        (type(outcome).__name__, str(outcome)) if isinstance(outcome, AuditError) else outcome
        for outcome in outcomes
    ]
    return pack((head.size, head.last_time, note, told, failure))


def unpack_reply(message: Any) -> Reply:  # noqa: ANN401  Any message is a plain value.
    """Give the reply in a message of `pack_reply`.

    Raises:  ValueError, TypeError if it is none.
    """
    size, last_time, note, told, failure = message
    return Reply((size, last_time), note, told, failure)


def error_of(name: str, text: str) -> AuditError:
    """Give the error that was told by its name and text.

    Raises:  KeyError if there is none of this name.
    """
    return _LEAVES[name](text)


class Inbox:
    """The receiving half of a connection: takes what is there, gives messages that are whole."""

    def __init__(self) -> None:
        self._start = self._end = 0
        self._held = memoryview(bytearray(_ROOM))

    def fill(self, connection: socket.socket, flags: int = 0) -> bool:
        """Receive once; false when the other side has hung up.

        Raises:  OSError; BlockingIOError if nothing is there and the call may not wait.
        """
        if self._end == len(self._held):
            rest = self._held[self._start : self._end].tobytes()
            self._held = memoryview(bytearray(rest + bytes(max(len(rest), _ROOM))))
            self._start, self._end = 0, len(rest)
        count = connection.recv_into(self._held[self._end :], 0, flags)
        self._end += count
        return count > 0

    def take(self) -> list[Any]:
        """Give every message that is whole.

        Trust:   both ends are one program: marshal would be unsafe for anything from outside.
        Raises:  ValueError, TypeError, EOFError if what came is no message.
        """
        taken = []
        while self._end - self._start >= _LENGTH_BYTES:
            begin = self._start + _LENGTH_BYTES
            length = int.from_bytes(self._held[self._start : begin], "little")
            if length > MAX_MESSAGE:
                raise ValueError("a message is too long")
            if begin + length > self._end:
                break
            self._start = begin + length
            taken.append(marshal.loads(self._held[begin : self._start]))  # noqa: S302  See Trust.
        if self._start == self._end:
            self._start = self._end = 0
        return taken
