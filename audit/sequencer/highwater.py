"""The high-water mark: on a path of its own, how far the log had come when answers were released.

A restored backup of the ledger lacks entries that these marks have seen, and is refused. Each
gateway keeps marks of its own; that others moved the log on since is no contradiction.
"""

import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from audit.errors import RollbackSeen
from audit.merkle import HashAt, RootHash, frontier_at
from audit.storage.contract import Head

MAX_MARKS: Final = 1000  # A quarter of an hour at one a second: checked in well under a second.
_LINE = re.compile(rb"(0|[1-9][0-9]{0,18}) ([0-9a-f]{64})")


class HighWater:
    """The file of `size root` lines, one a second at most; each line is synced when written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self._last: Head | None = None

    def check(self, head: Head, hash_at: HashAt, *, has_written: bool) -> None:
        """Promise that the log contains every mark, and begin the file of a new writer.

        Effects: creates the file when this gateway has written nothing yet and there is none.
        Raises:  RollbackSeen if a mark is not in the log, or the file is missing or malformed.
        """
        if not self._path.exists():
            if has_written:
                raise RollbackSeen("the high-water mark of a ledger with entries is missing")
            self._replace(b"")
        marks = self._read()
        for size, root in marks:
            if size > head.size or frontier_at(size, hash_at).root != root:
                raise RollbackSeen("the ledger lacks entries that were released earlier")
        self._replace(b"".join(_line(size, root) for size, root in marks[-1:]))

    def mark(self, head: Head) -> None:
        """Record how far the log has come; a mark that is there already is not repeated.

        Effects: one line, synced before return.
        Raises:  OSError.
        """
        if head == self._last:
            return
        line = _line(head.size, head.root)
        if self._count >= MAX_MARKS:
            self._replace(line)
        else:
            with self._path.open("ab") as file:
                _write_synced(file.fileno(), line)
        self._count += 1
        self._last = head

    def _read(self) -> Sequence[tuple[int, RootHash]]:
        # What follows the last newline is a line that a crash cut short: it was never relied upon.
        lines = self._path.read_bytes().split(b"\n")[:-1]
        matches = [_LINE.fullmatch(line) for line in lines]
        if None in matches:
            raise RollbackSeen("the high-water mark is malformed")
        return [(int(m[1]), RootHash(bytes.fromhex(m[2].decode()))) for m in matches if m]

    def _replace(self, content: bytes) -> None:
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("wb") as file:
            _write_synced(file.fileno(), content)
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._count = content.count(b"\n")


def _line(size: int, root: bytes) -> bytes:
    return b"%d %s\n" % (size, root.hex().encode())


def _write_synced(descriptor: int, content: bytes) -> None:
    # A disk that fills up takes a part: half a mark would spoil the next one.
    if os.write(descriptor, content) != len(content):
        raise OSError(errno.ENOSPC, "the high-water mark was written in part")
    os.fsync(descriptor)
