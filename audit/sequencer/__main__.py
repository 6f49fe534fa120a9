"""`python -m audit.sequencer`: the process that alone writes a log and holds its signing key.

It is started by the gateway with one end of a socket as its standard input. The settings are the
first message there, so that no secret stands in an argument or in the environment; it parses
nothing that a stranger sent. It ends when the gateway hangs up, in whatever way that comes about.
"""

import gc
import os
import signal
import socket
import time
from contextlib import ExitStack

from audit.note import Signer
from audit.seal import Seal
from audit.sequencer.appender import Means
from audit.sequencer.highwater import HighWater
from audit.sequencer.opening import check_gateway_id, open_log
from audit.sequencer.serving import Sequencer, serve
from audit.sequencer.wire import Inbox, LogSettings, unpack_settings
from audit.storage.writer import open_writer

_YOUNG = 50_000  # A batch of the largest size leaves some ten thousand objects, and no cycles.


def main() -> None:
    """Serve the socket that is the standard input.

    Effects: signals that a terminal or a service manager sends to a whole group do nothing here:
             the gateway finishes its requests first, and its end is the end of this process.
    """
    for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    inbox = Inbox()
    with socket.socket(fileno=0) as connection, ExitStack() as opened:
        settings = _settings(connection, inbox)
        if settings is not None:
            serve(connection, inbox, lambda: _begin(settings, opened))


def _settings(connection: socket.socket, inbox: Inbox) -> LogSettings | None:
    while not (messages := inbox.take()):
        if not inbox.fill(connection):
            return None
    return unpack_settings(messages[0])


def _begin(settings: LogSettings, opened: ExitStack) -> Sequencer:
    check_gateway_id(settings.gateway_id)
    store = open_writer(settings.url, settings.origin, settings.gateway_id, settings.patience_s)
    opened.callback(store.close)
    means = Means(
        signer=Signer(settings.origin, settings.seed),
        gateway_id=settings.gateway_id,
        seal=Seal(settings.keys, os.urandom),
        clock_ms=_clock_ms,
        random=os.urandom,
        replay_ms=settings.replay_ms,
        previous=settings.previous,
    )
    marks = HighWater(settings.high_water)
    sequencer = Sequencer(open_log(store, means, marks), marks, _clock_ms)
    # What is here now stays to the end: the collector need not walk it after every few batches,
    # and one large batch alone would set it off a dozen times.
    gc.freeze()
    gc.set_threshold(_YOUNG)
    return sequencer


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
