"""The tree as files: names and bytes of tiles and entry bundles, as C2SP tlog-tiles defines them.

A tile holds up to 256 hashes of one level, an entry bundle up to 256 leaves. What is not full yet
carries its width in its name, so that no name ever stands for two different contents.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from audit.errors import TileInvalid
from audit.merkle import HASH_BYTES
from audit.storage.contract import Entry

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 256
MAX_LEVEL: Final = 63
MAX_INDEX: Final = 2**64 - 1
_LENGTH_BYTES: Final = 2
_GROUP: Final = 1000
_LAST_STORED: Final = 2**55 - 1  # Stores count entries within 2^63.
_PATH: Final = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?",
    re.ASCII,
)


class TreeReader(Protocol):
    """What tiles are made of; a store offers it, and whatever reads one for others."""

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Give the hashes of level 0, 8, 16 ... with start <= index < stop, in order."""
        ...

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Give the entries with start <= index < stop, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile, or one entry bundle if level is None.

    Units:   level counts tiles, so hashes of height 8 * level; width in hashes or entries, 1-256.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The name of its file."""
        if self.level is None:
            return entries_path(self.index, self.width)
        return tile_path(self.level, self.index, self.width)


def tile_path(level: int, index: int, width: int = 0) -> str:
    """Give the path of one tile, relative to the log.

    Units:   level 0-63; index in tiles; width in hashes, 1-255 for a partial tile, and 0 or 256
             for a full one.
    Raises:  ValueError if there is no such tile.
    Source:  C2SP tlog-tiles, "Merkle Tree".
    """
    if not 0 <= level <= MAX_LEVEL:
        raise ValueError("the level of a tile is from 0 to 63")
    return f"tile/{level}/{_place(index, width)}"


def entries_path(index: int, width: int = 0) -> str:
    """Give the path of one entry bundle, relative to the log; index and width as in `tile_path`.

    Raises:  ValueError if there is no such bundle.
    Source:  C2SP tlog-tiles, "Log Entries".
    """
    return f"tile/entries/{_place(index, width)}"


def parse_tile_path(path: str) -> Tile:
    """Read a path that `tile_path` or `entries_path` could have given.

    Trust:   path may come from a stranger.
    Raises:  TileInvalid if it has another form or a second spelling.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise TileInvalid("this is not the path of a tile")
    level = None if match[1] == "entries" else int(match[1])
    index = int(match[2].replace("/", "").replace("x", ""))
    try:
        tile = Tile(level, index, int(match[3] or TILE_WIDTH))
        if tile.path == path:
            return tile
    except ValueError as error:
        raise TileInvalid("a tree has no such tile") from error
    raise TileInvalid("a path has one spelling only")


def tiles_of(size: int) -> Iterator[Tile]:
    """Give every tile of a tree of this size, the lowest level first, without entry bundles."""
    level, hashes = 0, size
    while hashes:
        full, rest = divmod(hashes, TILE_WIDTH)
        yield from (Tile(level, index) for index in range(full))
        if rest:
            yield Tile(level, full, rest)
        level, hashes = level + 1, full


def parse_tile(data: bytes, width: int) -> list[bytes]:
    """Read the hashes of a tile of this width.

    Raises:  TileInvalid unless every byte is accounted for.
    """
    if len(data) != width * HASH_BYTES:
        raise TileInvalid("a tile has another size than its name says")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def format_entries(leaves: Sequence[bytes]) -> bytes:
    """Give the bytes of an entry bundle: each leaf behind its length, two bytes big-endian."""
    return b"".join(len(leaf).to_bytes(_LENGTH_BYTES, "big") + leaf for leaf in leaves)


def parse_entries(data: bytes, width: int) -> list[bytes]:
    """Read the leaves of an entry bundle of this width.

    Raises:  TileInvalid unless every byte is accounted for.
    """
    leaves, at = [], 0
    for _ in range(width):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        leaves.append(data[start:at])
    if at != len(data):
        raise TileInvalid("an entry bundle has another number of entries than its name says")
    return leaves


def tile(reader: TreeReader, level: int, index: int, width: int = TILE_WIDTH) -> bytes | None:
    """Give the bytes of one tile; none if the tree has not grown to it.

    Units:   as `Tile`.
    Raises:  StorageBroken.
    """
    if index > _LAST_STORED:
        return None
    height, start = level * TILE_HEIGHT, index * TILE_WIDTH
    hashes = reader.hashes(height, start, start + width)
    return b"".join(hashes) if len(hashes) == width else None


def entry_bundle(reader: TreeReader, index: int, width: int = TILE_WIDTH) -> bytes | None:
    """Give the bytes of one entry bundle; none if not all of its leaves are there.

    Trust:   leaves are for auditors only; they name organisations, never persons.
    Raises:  StorageBroken.
    """
    if index > _LAST_STORED:
        return None
    start = index * TILE_WIDTH
    found = (entry.leaf for entry in reader.entries(start, start + width))
    leaves = [leaf for leaf in found if leaf is not None]
    return format_entries(leaves) if len(leaves) == width else None


def _place(index: int, width: int) -> str:
    if not 0 <= index <= MAX_INDEX or not 0 <= width <= TILE_WIDTH:
        raise ValueError("the index or the width of a tile is out of range")
    rest, last = divmod(index, _GROUP)
    place = f"{last:03}"
    while rest:
        rest, group = divmod(rest, _GROUP)
        place = f"x{group:03}/{place}"
    return f"{place}.p/{width}" if width % TILE_WIDTH else place
