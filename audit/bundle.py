"""Writing an audit bundle: the log as a folder of files that outlives this software.

checkpoint              the newest checkpoint; with checkpoints/ and tile/ this is a tlog-tiles log
checkpoints/<size>      older ones, thinned out
stamps/<size>           RFC 3161 time stamps; beside each, <size>.note is what it stamps
tile/<L>/...            every hash of the log, so that each entry can be proven and none left out
tile/entries/...        entries, in bundles of 256 that lie wholly within what was asked
selection               other entries that were asked, by line; only if the bundle is partial
policies/<digest>       the policy revisions in force, under the digest that entries name
openings                what shows some of the values that entries commit to, if it was asked
manifest.json           who asked for what, for the reader; the verifier does not look at it

Checkpoints are thinned to the newest, the cosigned ones, and the first that covers each full tile.
Each of them signs all entries before it, so an older one adds only how exactly a change can be
placed: within 256 entries rather than within one batch. A cosigned one is another's word as well.
"""

import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO, Final

from audit.checkpoint import parse_checkpoint
from audit.entry import EntryType, Json, canonical, parse_leaf
from audit.errors import BundleNotWritten, LedgerCorrupt
from audit.note import split_note
from audit.storage.contract import Entry, StoreReader
from audit.tiles import TILE_WIDTH, entries_path, format_entries, tile, tiles_of
from audit.verifier.opening import Opening, format_opening

_FORMAT: Final = 1
# Whatever was asked: without these nobody can tell which log this is, or why leaves are absent.
_ALWAYS: Final = (EntryType.GENESIS, EntryType.RETENTION)

Progress = Callable[[int, int], None]
Wanted = Callable[[Mapping[str, Json]], bool]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which entries were asked; all of them by default.

    Shapes:  wanted: tells by its members whether an entry was asked. words: says the same for the
             manifest, and no personal data.
    Units:   start_ms <= time < stop_ms, in ms since 1970.
    """

    start_ms: int | None = None
    stop_ms: int | None = None
    wanted: Wanted | None = None
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What goes with the entries.

    Shapes:  policies: content by the digest that entries name. cosigned: notes. stamps: responses
             by size of the checkpoint. openings: by index of the entry.
    Trust:   openings hold personal data. There are none unless somebody asks for them.
    """

    policies: Mapping[str, bytes] = field(default_factory=dict)
    cosigned: Iterable[bytes] = ()
    stamps: Mapping[int, bytes] = field(default_factory=dict)
    openings: Iterable[Opening] = ()


_ALL: Final = Scope()
_NOTHING_MORE: Final = Enclosed()


def write_bundle(
    reader: StoreReader,
    target: Path,
    *,
    scope: Scope = _ALL,
    enclosed: Enclosed = _NOTHING_MORE,
    progress: Progress | None = None,
) -> int:
    """Write a bundle of this log as it stands now, and give how many entries can be read in it.

    Units:   progress is called with (steps done, steps in all) now and then, two for each entry.
    Effects: a new folder, there as a whole or not at all; only its owner can read it. Nothing
             sealed is ever in it.
    Raises:  BundleNotWritten, also if there is something in its place; LedgerCorrupt,
             StorageBroken, LeafInvalid.
    """
    if target.exists():
        raise BundleNotWritten("there is something in the place of the bundle already")
    try:
        with tempfile.TemporaryDirectory(
            prefix=f".{target.name}.", dir=target.parent, ignore_cleanup_errors=True
        ) as temporary:
            folder = Path(temporary) / target.name
            folder.mkdir(mode=0o700)
            count = _Writer(reader, folder, scope, progress).write(enclosed)
            folder.rename(target)
    except OSError as error:
        raise BundleNotWritten("the folder of the bundle cannot be written") from error
    return count


class _Writer:
    def __init__(
        self, reader: StoreReader, folder: Path, scope: Scope, progress: Progress | None
    ) -> None:
        self._reader = reader
        self._folder = folder
        self._scope = scope
        self._progress = progress
        self._note, self._size = _newest(reader)
        times = range(self._size)
        self._first = self._index_at(times, scope.start_ms, 0)
        self._stop = self._index_at(times, scope.stop_ms, self._size)
        self._whole = (self._first, self._stop, scope.wanted) == (0, self._size, None)

    def write(self, enclosed: Enclosed) -> int:
        self._write_checkpoints(enclosed)
        self._write_tiles()
        count = self._write_entries()
        for digest, content in enclosed.policies.items():
            self._put(f"policies/{digest}", content)
        openings = sorted(enclosed.openings, key=lambda opening: opening.index)
        if openings:
            lines = (b"%d %s\n" % (each.index, format_opening(each)) for each in openings)
            self._put("openings", b"".join(lines))
        self._put("manifest.json", self._manifest(count))
        return count

    def _index_at(self, times: range, at_ms: int | None, default: int) -> int:
        # Time never goes back in a log, so a moment is a place in it.
        return default if at_ms is None else bisect_left(times, at_ms, key=self._time_at)

    def _time_at(self, index: int) -> int:
        leaf = next(entry.leaf for entry in self._reader.entries(index, index + 1))
        if leaf is None:
            return -1  # Retention takes the oldest leaves, so all that are absent come first.
        time = parse_leaf(leaf)["time"]
        return time if isinstance(time, int) else -1

    def _write_checkpoints(self, enclosed: Enclosed) -> None:
        for full in range(TILE_WIDTH, self._size, TILE_WIDTH):
            self._put_checkpoint(self._covering(full))
        self._put_checkpoint(self._note)
        for note in enclosed.cosigned:  # It says all that the plain one of its size says.
            self._put_checkpoint(note)
        newest = self._folder / "checkpoints" / str(self._size)
        self._put("checkpoint", newest.read_bytes())
        for size, response in enclosed.stamps.items():
            self._put(f"stamps/{size}", response)
            self._put(f"stamps/{size}.note", self._covering(size))

    def _put_checkpoint(self, note: bytes) -> None:
        size = parse_checkpoint(split_note(note)[0]).size
        if size <= self._size:
            self._put(f"checkpoints/{size}", note)

    def _covering(self, size: int) -> bytes:
        note = self._reader.checkpoint(covering=size - 1)
        if note is None:
            raise LedgerCorrupt("an entry has no checkpoint")
        return note

    def _write_tiles(self) -> None:
        for each in tiles_of(self._size):
            data = tile(self._reader, each.level or 0, each.index, each.width)
            if data is None:
                raise LedgerCorrupt("a hash that the tree needs is missing")
            self._put(each.path, data)
            if not each.level:
                self._tell(each.index * TILE_WIDTH + each.width)

    def _write_entries(self) -> int:
        if self._whole:
            return sum(self._write_group(group, None) for group in self._groups())
        with (self._folder / "selection").open("wb") as lines:
            count = 0
            if self._first:
                count += self._write_lines(self._reader.entries(0, 1), lines, _everything)
            return count + sum(self._write_group(group, lines) for group in self._groups())

    def _groups(self) -> Iterator[list[Entry]]:
        entries = self._reader.entries(self._first, self._stop)
        for number, group in groupby(entries, key=lambda entry: entry.index // TILE_WIDTH):
            yield list(group)
            self._tell(self._size + min((number + 1) * TILE_WIDTH, self._size))

    def _write_group(self, group: list[Entry], lines: IO[bytes] | None) -> int:
        number, wanted = group[0].index // TILE_WIDTH, self._scope.wanted
        width = min(TILE_WIDTH, self._size - number * TILE_WIDTH)
        leaves = [entry.leaf for entry in group if entry.leaf is not None]
        if wanted is None and len(leaves) == width:
            self._put(entries_path(number, width), format_entries(leaves))
            return width
        # Of a whole bundle nothing may be absent but what retention took, and that takes whole
        # groups: the verifier tells what else is not there.
        return 0 if lines is None else self._write_lines(group, lines, wanted or _everything)

    def _write_lines(self, entries: Iterable[Entry], lines: IO[bytes], wanted: Wanted) -> int:
        count = 0
        for entry in entries:
            if entry.leaf is not None and _asked(entry.leaf, wanted):
                lines.write(b"%d %s\n" % (entry.index, entry.leaf))
                count += 1
        return count

    def _manifest(self, count: int) -> bytes:
        scope = self._scope
        times = {"start_ms": scope.start_ms, "stop_ms": scope.stop_ms}
        told: dict[str, Json] = {name: at for name, at in times.items() if at is not None}
        told |= {"format": _FORMAT, "size": self._size, "readable": count}
        told |= {"first": self._first, "stop": self._stop, "asked": dict(scope.words)}
        return canonical(told) + b"\n"

    def _put(self, path: str, data: bytes) -> None:
        place = self._folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            self._progress(done, 2 * self._size)


def _newest(reader: StoreReader) -> tuple[bytes, int]:
    note = reader.checkpoint()
    if note is None:
        raise LedgerCorrupt("the ledger has no checkpoint")
    return note, parse_checkpoint(split_note(note)[0]).size


def _asked(leaf: bytes, wanted: Wanted) -> bool:
    members = parse_leaf(leaf)
    return members["type"] in _ALWAYS or wanted(members)


def _everything(_members: Mapping[str, Json]) -> bool:
    return True
