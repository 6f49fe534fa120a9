"""Reading an audit bundle: a folder that a stranger filled, with the standard library alone.

Every file is bounded before it is read, and is a plain file: no link, no pipe, no device. A file
that is not there is an absence, which the verifier judges; one that is malformed is a defect.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from audit.checkpoint import parse_checkpoint, parse_number
from audit.entry import MAX_LEAF_BYTES
from audit.errors import Defect, LedgerUnreadable, NoteInvalid, TileInvalid, VerificationFailed
from audit.merkle import HASH_BYTES
from audit.note import MAX_NOTE_BYTES, split_note
from audit.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, parse_entries, parse_tile
from audit.verifier.reader import FoundEntry

_MAX_CHECKPOINTS: Final = 1_000_000
_MAX_STAMP_BYTES: Final = 65_536
_MAX_LEAF_LINE: Final = MAX_LEAF_BYTES + 22  # An index of 20 digits, a space and a newline.
_MAX_OPENING_LINE: Final = 4_000_000  # The largest body of a request, in base64, fits.
_MAX_ENTRIES_BYTES: Final = TILE_WIDTH * (MAX_LEAF_BYTES + 2)
_PLAIN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class BundleFolder:
    """An audit bundle in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        note = self._read("checkpoint", MAX_NOTE_BYTES)
        if note is None:
            raise LedgerUnreadable("there is no checkpoint in this folder")
        self._note = note
        self._head = _head_of(note)
        self._size = self._head[0]
        self._names: list[int] = self._numbers("checkpoints")
        self.partial = (folder / "selection").exists()

    def head(self) -> tuple[int, bytes]:
        """Give size and root as the checkpoint in the folder itself tells them."""
        return self._head

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Give size and note of each checkpoint by size, that of the folder itself once more."""
        named = [(size, f"checkpoints/{size}") for size in self._names]
        for size, path in sorted([*named, (self._size, "checkpoint")]):
            yield size, self._read(path, MAX_NOTE_BYTES) or b""

    def newest_note(self) -> bytes:
        """Give the checkpoint in the folder itself."""
        return self._note

    def stamps(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Give size, note and response of each time stamp over a checkpoint, the newest first."""
        for size in reversed(self._numbers("stamps")):
            note = self._read(f"stamps/{size}.note", MAX_NOTE_BYTES)
            response = self._read(f"stamps/{size}", _MAX_STAMP_BYTES)
            yield size, note or b"", response or b""

    def entries(self) -> Iterator[FoundEntry]:
        """Give all entries by index, as far as there are hashes for them."""
        lines = self._lines("selection", _MAX_LEAF_LINE, step=1)
        line = next(lines, None)
        for number in range(-(-self._size // TILE_WIDTH)):
            start = number * TILE_WIDTH
            leaves = self._leaves(number)
            for index, leaf_hash in enumerate(self._tile(0, number), start):
                if leaves is not None:
                    yield FoundEntry(index, None, leaves[index - start], leaf_hash)
                elif line is not None and line[0] == index:
                    yield FoundEntry(index, None, line[1], leaf_hash)
                    line = next(lines, None)
                else:
                    yield FoundEntry(index, None, None, leaf_hash)
        if line is not None:
            raise VerificationFailed(
                line[0], Defect.BUNDLE_FORM, "a selected entry has no place in the bundle"
            )

    def entry(self, index: int) -> bytes | None:
        """Give the leaf at one index."""
        leaves = self._leaves(index // TILE_WIDTH) if 0 <= index < self._size else None
        if leaves is not None:
            return leaves[index % TILE_WIDTH]
        lines = self._lines("selection", _MAX_LEAF_LINE, step=1)
        return next((leaf for at, leaf in lines if at == index), None)

    def nodes(self, level: int) -> Iterator[tuple[int, bytes]]:
        """Give index and hash of each stored node of one level."""
        number, index = 0, 0
        while hashes := self._tile(level // TILE_HEIGHT, number):
            yield from enumerate(hashes, index)
            number, index = number + 1, index + len(hashes)

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the stored hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        found: list[bytes] = []
        for number in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            first = number * TILE_WIDTH
            hashes = self._tile(level // TILE_HEIGHT, number)
            found += hashes[max(start - first, 0) : stop - first]
        return found

    def openings(self) -> Iterator[tuple[int, bytes]]:
        """Give index and content of each opening that came with it."""
        return self._lines("openings", _MAX_OPENING_LINE, step=0)

    def _tile(self, level: int, number: int) -> list[bytes]:
        # A tile that is not there or malformed gives no hashes, so the tree does not come about.
        hashes = self._size >> (level * TILE_HEIGHT)
        width = min(hashes - number * TILE_WIDTH, TILE_WIDTH)
        if width <= 0:
            return []
        data = self._read(Tile(level, number, width).path, TILE_WIDTH * HASH_BYTES)
        try:
            return parse_tile(data or b"", width)
        except TileInvalid:
            return []

    def _leaves(self, number: int) -> list[bytes] | None:
        width = min(self._size - number * TILE_WIDTH, TILE_WIDTH)
        data = self._read(Tile(None, number, width).path, _MAX_ENTRIES_BYTES)
        if data is None:
            return None
        try:
            return parse_entries(data, width)
        except TileInvalid as error:
            raise VerificationFailed(number * TILE_WIDTH, Defect.BUNDLE_FORM, str(error)) from error

    def _numbers(self, path: str) -> list[int]:
        try:
            with os.scandir(self._folder / path) as found:
                names = [
                    entry.name.encode()
                    for entry, _ in zip(found, range(_MAX_CHECKPOINTS + 1), strict=False)
                ]
        except OSError:
            return []
        if len(names) > _MAX_CHECKPOINTS:
            raise LedgerUnreadable("there are too many files in one folder")
        return sorted(_numbers_in(names))

    def _lines(self, path: str, limit: int, *, step: int) -> Iterator[tuple[int, bytes]]:
        file = self._open(path)
        if file is None:
            return
        with file:
            wanted = 0
            while line := file.readline(limit + 1):
                at, space, content = line.removesuffix(b"\n").partition(b" ")
                index = _number_of(at)
                if not (line.endswith(b"\n") and space and wanted <= index < self._size):
                    raise VerificationFailed(
                        min(wanted, self._size),
                        Defect.BUNDLE_FORM,
                        f"a line of a file is malformed: {path}",
                    )
                wanted = index + step
                yield index, content

    def _read(self, path: str, limit: int) -> bytes | None:
        file = self._open(path)
        if file is None:
            return None
        with file:
            return file.read(limit + 1)  # One byte too many, and whoever parses it refuses.

    def _open(self, path: str) -> IO[bytes] | None:
        try:
            number = os.open(self._folder / path, _PLAIN)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VerificationFailed(0, Defect.BUNDLE_FORM, "a file is no plain file") from error
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise VerificationFailed(0, Defect.BUNDLE_FORM, "a file is no plain file")
        return os.fdopen(number, "rb")


def _head_of(note: bytes) -> tuple[int, bytes]:
    # Nothing is believed yet: it tells how much there is to read, until the signature is checked.
    try:
        checkpoint = parse_checkpoint(split_note(note)[0])
    except NoteInvalid:
        return 0, b""
    return checkpoint.size, checkpoint.root


def _number_of(name: bytes) -> int:
    try:
        return parse_number(name)
    except ValueError:
        return -1


def _numbers_in(names: list[bytes]) -> Iterator[int]:
    return (number for number in map(_number_of, names) if number >= 0)
