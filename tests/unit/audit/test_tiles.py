"""Tiles and entry bundles: names, bytes, and which ones a tree has."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import TileInvalid
from audit.merkle import Frontier, grow
from audit.tiles import (
    MAX_INDEX,
    Tile,
    entries_path,
    entry_bundle,
    format_entries,
    parse_entries,
    parse_tile,
    parse_tile_path,
    tile,
    tile_path,
    tiles_of,
)
from tests.made_ledger import make_ledger, story

_SHARED = os.environ.get("DOELPOORT_SHARED") or Path(__file__).parents[4] / "shared"
VECTORS = Path(_SHARED) / "vectors" / "tlog" / "tile_paths.json"
PUBLISHED: dict[str, Any] = json.loads(VECTORS.read_text()) if VECTORS.exists() else {}
published = pytest.mark.skipif(not PUBLISHED, reason=f"no published vectors at {VECTORS}")


@published
@pytest.mark.parametrize(("level", "index", "width", "path"), PUBLISHED.get("tile_path", []))
def test_published_tile_paths(level: int, index: int, width: int, path: str) -> None:
    """Each name is the reference's, both ways."""
    assert tile_path(level, index, width) == path
    assert parse_tile_path(path) == Tile(level, index, width or 256)


@published
@pytest.mark.parametrize(("index", "width", "path"), PUBLISHED.get("entries_path", []))
def test_published_entry_paths(index: int, width: int, path: str) -> None:
    """Each name is the reference's, both ways."""
    assert entries_path(index, width) == path
    assert parse_tile_path(path) == Tile(None, index, width or 256)


@published
@pytest.mark.parametrize(
    ("index", "size", "path"), PUBLISHED.get("entries_path_for_index_and_size", [])
)
def test_published_paths_of_entries(index: int, size: int, path: str) -> None:
    """The bundle that holds an entry has the width that the tree gives it."""
    number = index // 256

    assert entries_path(number, min(size - number * 256, 256)) == path


@published
@pytest.mark.parametrize(("level", "path", "at", "index", "width"), PUBLISHED.get("parse_ok", []))
def test_published_good_paths(level: str, path: str, at: int, index: int, width: int) -> None:
    """What the reference reads is read the same."""
    assert parse_tile_path(f"tile/{level}/{path}") == Tile(at, index, width or 256)


@published
@pytest.mark.parametrize(("level", "path"), PUBLISHED.get("parse_bad", []))
def test_published_bad_paths(level: str, path: str) -> None:
    """What the reference refuses is refused."""
    with pytest.raises(TileInvalid):
        parse_tile_path(f"tile/{level}/{path}")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/000\n",
        "tile/0/x000/001",
        "tile/00/001",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/001.p/300",
        "tile/64/001",
        "tile/0/٠٠١",
        "tile/entries/1",
        "/tile/0/001",
        "tile/0/" + "x999/" * 6 + "999",
        "tile/0/" + "x999/" * 5000 + "999",
    ],
)
def test_a_path_has_one_spelling(path: str) -> None:
    """Anything that `tile_path` would not give is no path."""
    with pytest.raises(TileInvalid):
        parse_tile_path(path)


@pytest.mark.parametrize(
    "place", [(-1, 0, 0), (64, 0, 0), (0, -1, 0), (0, MAX_INDEX + 1, 0), (0, 0, -1), (0, 0, 257)]
)
def test_there_is_no_tile_out_of_range(place: tuple[int, int, int]) -> None:
    """Level, index and width are bounded."""
    with pytest.raises(ValueError, match="tile"):
        tile_path(*place)


@given(st.none() | st.integers(0, 63), st.integers(0, MAX_INDEX), st.integers(1, 256))
def test_paths_go_round(level: int | None, index: int, width: int) -> None:
    """Every tile has a path, and the path leads back to it."""
    each = Tile(level, index, width)

    assert parse_tile_path(each.path) == each


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000])
def test_the_tiles_of_a_tree_hold_all_of_it(size: int) -> None:
    """Each level holds a hash for every complete subtree of its height."""
    widths: dict[int | None, int] = {}
    for each in tiles_of(size):
        widths[each.level] = widths.get(each.level, 0) + each.width

    assert widths == {level: size >> 8 * level for level in range(8) if size >> 8 * level}


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
def test_entry_bundles_go_round(leaves: list[bytes]) -> None:
    """What was put in comes out, and nothing else is a bundle of it."""
    data = format_entries(leaves)

    assert parse_entries(data, len(leaves)) == leaves
    with pytest.raises(TileInvalid):
        parse_entries(data + b"x", len(leaves))
    with pytest.raises(TileInvalid):
        parse_entries(data[:-1], len(leaves))


@pytest.mark.parametrize("data", [b"", b"x" * 31, b"x" * 65])
def test_a_tile_has_the_size_of_its_width(data: bytes) -> None:
    """Every byte is accounted for."""
    with pytest.raises(TileInvalid):
        parse_tile(data, 2)


def test_a_store_gives_tiles() -> None:
    """Full and partial ones of each level, as far as the tree has grown."""
    made = make_ledger(story(520))
    store, hashes = made.store(), [entry.leaf_hash for entry in made.entries]
    upper = [node for _, _, node in grow(Frontier(), hashes).stored_nodes()]

    assert tile(store, 0, 1) == b"".join(hashes[256:512])
    assert tile(store, 0, 2, 8) == b"".join(hashes[512:])
    assert parse_tile(tile(store, 1, 0, 2) or b"", 2) == upper
    assert (tile(store, 0, 2), tile(store, 2, 0, 1), tile(store, 0, MAX_INDEX)) == (None,) * 3


def test_a_store_gives_entry_bundles() -> None:
    """As long as all of their leaves are there."""
    made = make_ledger(story(520)).prune(256)
    store = made.store()
    leaves = [entry.leaf or b"" for entry in made.entries]

    assert entry_bundle(store, 2, 8) == format_entries(leaves[512:])
    assert parse_entries(entry_bundle(store, 1) or b"", 256) == leaves[256:512]
    assert (entry_bundle(store, 0), entry_bundle(store, 2), entry_bundle(store, MAX_INDEX)) == (
        None,
    ) * 3
