"""A program that appends and is killed, or met by an error, at every step in turn.

Each round is a process of its own, forked here: it opens the log, appends, and tells each receipt
through a pipe, as a gateway hands it out. What came through the pipe was handed out. The rounds end
when one reaches its end before its fault came, so that no step is left out.

Run as `python -m tests.dying_writer KIND FOLDER URL ORIGIN`; it prints a line for each round: its
number, and how it ended. System calls fail in `tests/faults/native/failing_calls.c`, loaded first.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from audit.entry import Receipt
from audit.errors import AuditError
from audit.seal import Seal, SealKeys
from audit.sequencer.appender import Means
from audit.sequencer.highwater import HighWater
from audit.sequencer.opening import open_log
from audit.storage.sqlite import SqlStore
from audit.storage.writer import OpenStore, open_writer
from tests.fakes_audit import START_MS, FixedClock, make_draft, make_signer
from tests.fakes_faults import Faulty

STEP_MS = 70_000  # Beyond a minute, so that every batch also sweeps what expired.
PATIENCE_S = 5.0
UNHARMED, BUG, REFUSED, SURVIVED = 0, 1, 2, 3
BATCHES = 2
MOST = 300  # More steps than a round has; a program that never ends would hide a fault.
_PERSONS = (b"999990019", b"999990020", b"999990032")

Arm = Callable[[OpenStore, int], None]


def before_statement(store: OpenStore, at: int) -> None:
    """Have the process die before its i-th statement."""
    _wrap(store, at, after=False)


def after_statement(store: OpenStore, at: int) -> None:
    """Have the process die after its i-th statement."""
    _wrap(store, at, after=True)


def at_call(error: int) -> Arm:
    """Have the i-th system call on a file fail with this error, or kill the process if it is 0."""

    def arm(_store: OpenStore, at: int) -> None:
        _calls().fail_at(ctypes.c_long(at), ctypes.c_int(error))

    return arm


KINDS: dict[str, Arm] = {
    "before-statement": before_statement,
    "after-statement": after_statement,
    "kill-at-call": at_call(0),
    "eio-at-call": at_call(5),
    "enospc-at-call": at_call(28),
}


def main() -> None:
    """Do all rounds, and print how each ended."""
    kind, folder, url, origin = sys.argv[1:]
    arm = KINDS[kind]
    with (Path(folder) / "receipts").open("ab") as kept:
        for at in range(1, MOST):
            status, told = _round(partial(_append, arm, at, Path(folder), (url, origin)))
            kept.write(told)
            sys.stdout.write(f"{at} {status}\n")
            if status == UNHARMED:
                return


def proofs_in(folder: Path) -> Iterator[bytes]:
    """Give the receipts that were handed out whole."""
    data, at = (folder / "receipts").read_bytes(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


def _round(run: Callable[[], Iterator[bytes]]) -> tuple[int, bytes]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = BUG
        try:
            for proof in run():
                os.write(writing, len(proof).to_bytes(4, "big") + proof)
            status = SURVIVED if _fired() else UNHARMED
        except (AuditError, OSError):
            status = REFUSED
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended), told


def _calls() -> Any:  # noqa: ANN401  The functions of a library have no types.
    return ctypes.CDLL(None)


def _fired() -> bool:
    # Only a system call fails without a word: whoever is killed at a statement does not come here.
    return hasattr(_calls(), "came") and bool(_calls().came())


def _append(arm: Arm, at: int, folder: Path, place: tuple[str, str]) -> Iterator[bytes]:
    url, origin = place
    clock = FixedClock(START_MS + at * 10 * STEP_MS)
    seal = Seal(SealKeys({1: b"e" * 32}, b"p" * 32), os.urandom)
    means = Means(make_signer(name=origin), "gw-1", seal, clock, os.urandom, 60_000)
    marks = HighWater(folder / "marks")
    store = open_writer(url, origin, "gw-1", PATIENCE_S)
    appender = open_log(store, means, marks)
    if isinstance(store, SqlStore):
        # Pages move to the file itself in every batch, so that these steps are met too; and every
        # round begins with an empty write-ahead log, so that all have the same steps.
        store.forget()
        store._writer.execute("PRAGMA wal_autocheckpoint=8")
    arm(store, at)
    for _ in range(BATCHES):
        clock.ms += STEP_MS
        drafts = [
            replace(
                make_draft(int.from_bytes(os.urandom(16), "big")),
                subject=subject,
                replay=b"the answer",
                replay_digest=b"d" * 32,
            )
            for subject in (*_PERSONS, os.urandom(9).hex().encode())
        ]
        outcomes = appender.append_batch(drafts)
        yield from (outcome.proof for outcome in outcomes if isinstance(outcome, Receipt))
        marks.mark(appender.head)
        _raise_refused(outcomes)


def _raise_refused(outcomes: list[Any]) -> None:
    # A batch that was refused met the fault: such a round did not reach its end unharmed.
    errors = [outcome for outcome in outcomes if isinstance(outcome, AuditError)]
    if errors:
        raise errors[0]


def _wrap(store: OpenStore, at: int, *, after: bool) -> None:
    name = "_writer" if isinstance(store, SqlStore) else "_connection"
    setattr(store, name, Faulty(getattr(store, name), at, _die, after=after))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
