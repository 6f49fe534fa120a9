"""Writing an audit bundle: what is in it, and what is not."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from audit.bundle import Enclosed, Scope, write_bundle
from audit.entry import Json
from audit.errors import BundleNotWritten, LedgerCorrupt
from audit.tiles import format_entries
from audit.verifier.folder import BundleFolder
from audit.verifier.opening import Opening
from audit.verifier.verify import verify_ledger
from tests.fakes_audit import START_MS, VKEY, MemoryStore
from tests.made_ledger import Made, disclosure, genesis, make_ledger, retention, story


@pytest.fixture
def made() -> Made:
    """Give a ledger of 520 entries with a checkpoint every 100."""
    return make_ledger(story(520), range(100, 520, 100))


def names(folder: Path) -> list[str]:
    """Give the files of a bundle."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def selected(folder: Path) -> list[int]:
    """Give the indexes in the selection of a bundle."""
    lines = (folder / "selection").read_bytes().split(b"\n")[:-1]
    return [int(line.split()[0]) for line in lines]


def test_a_whole_bundle_is_the_log_as_files(made: Made, tmp_path: Path) -> None:
    """Tiles, entries, the checkpoint and the ones that first cover a full tile."""
    count = write_bundle(made.store(), tmp_path / "bundle")

    assert count == 520
    assert names(tmp_path / "bundle") == [
        "checkpoint",
        "checkpoints/300",
        "checkpoints/520",
        "manifest.json",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/8",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/8",
    ]
    assert (tmp_path / "bundle" / "checkpoint").read_bytes() == made.notes[520]


def test_only_its_owner_can_read_a_bundle(made: Made, tmp_path: Path) -> None:
    """It names organisations and tasks."""
    write_bundle(made.store(), tmp_path / "bundle")

    assert (tmp_path / "bundle").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten(made: Made, tmp_path: Path) -> None:
    """Something in its place is left as it is, and nothing is left beside it."""
    (tmp_path / "bundle").mkdir()

    with pytest.raises(BundleNotWritten):
        write_bundle(made.store(), tmp_path / "bundle")

    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert list((tmp_path / "bundle").iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(made: Made, tmp_path: Path) -> None:
    """There is no such folder."""
    with pytest.raises(BundleNotWritten):
        write_bundle(made.store(), tmp_path / "none" / "bundle")


def test_a_store_without_a_hash_leaves_nothing_behind(made: Made, tmp_path: Path) -> None:
    """There as a whole or not at all."""
    made.nodes.clear()

    with pytest.raises(LedgerCorrupt):
        write_bundle(made.store(), tmp_path / "bundle")

    assert list(tmp_path.iterdir()) == []


def test_a_log_without_checkpoints_gives_no_bundle(tmp_path: Path) -> None:
    """Nothing in it could be proven."""
    with pytest.raises(LedgerCorrupt):
        write_bundle(MemoryStore(), tmp_path / "bundle")


class Forgetful(MemoryStore):
    """A store that lost the checkpoints of old entries."""

    @override
    def checkpoint(self, covering: int | None = None) -> bytes | None:
        """Give the newest only."""
        return super().checkpoint() if covering is None else None


def test_an_entry_without_a_checkpoint_gives_no_bundle(made: Made, tmp_path: Path) -> None:
    """Each entry has one that covers it."""
    with pytest.raises(LedgerCorrupt):
        write_bundle(Forgetful(**vars(made.store())), tmp_path / "bundle")


@pytest.mark.parametrize(
    ("start", "stop", "lines", "bundles"),
    [
        (0, 10, range(10), []),
        (256, 512, [0], ["001"]),
        (100, 520, [0, *range(100, 256)], ["001", "002.p"]),
        (300, 300, [0], []),
        (519, None, [0, 519], []),
    ],
)
def test_a_period_is_given_to_the_entry(
    made: Made,
    tmp_path: Path,
    start: int,
    stop: int | None,
    *,
    lines: list[int],
    bundles: list[str],
) -> None:
    """Whole groups go as bundles of 256, the rest by line, and not one entry more."""
    target = tmp_path / "bundle"
    scope = Scope(START_MS + start, None if stop is None else START_MS + stop)
    write_bundle(made.store(), target, scope=scope)

    assert selected(target) == list(lines)
    assert sorted(path.name for path in (target / "tile" / "entries").glob("*")) == bundles
    assert verify_ledger(BundleFolder(target), vkey=VKEY).partial


def test_a_period_around_the_whole_log_is_the_whole_log(made: Made, tmp_path: Path) -> None:
    """Then nothing is left out, and there is no selection."""
    scope = Scope(START_MS - 5, START_MS + 99_999)
    write_bundle(made.store(), tmp_path / "bundle", scope=scope)

    assert not BundleFolder(tmp_path / "bundle").partial


def test_a_choice_of_entries_is_given_by_line(tmp_path: Path) -> None:
    """The others are there by hash only; what a verifier cannot do without comes along."""
    leaves = [*story(256), disclosure(256, role="consulent-wmo"), retention(257, 256)]

    def wanted(members: Mapping[str, Json]) -> bool:
        return members.get("role") == "consulent-wmo"

    scope = Scope(wanted=wanted, words={"role": "consulent-wmo"})
    count = write_bundle(make_ledger(leaves).store(), tmp_path / "bundle", scope=scope)

    assert count == 3
    assert selected(tmp_path / "bundle") == [0, 256, 257]
    assert not (tmp_path / "bundle" / "tile" / "entries").exists()
    told = json.loads((tmp_path / "bundle" / "manifest.json").read_bytes())
    assert (told["asked"], told["readable"], told["size"]) == ({"role": "consulent-wmo"}, 3, 258)


def test_what_retention_took_is_not_in_a_bundle(tmp_path: Path) -> None:
    """The rest is, and the whole is sound."""
    made = make_ledger([*story(600), retention(600, 512)]).prune(512)

    count = write_bundle(made.store(), tmp_path / "bundle")

    assert count == 89
    assert "tile/entries/001" not in names(tmp_path / "bundle")
    assert verify_ledger(BundleFolder(tmp_path / "bundle"), vkey=VKEY).absent == 512


def test_a_period_after_retention_begins_where_entries_can_be_read(tmp_path: Path) -> None:
    """Entries whose time is gone with their leaf lie before every moment."""
    made = make_ledger([*story(600), retention(600, 256)]).prune(256)
    scope = Scope(start_ms=START_MS + 300)

    assert write_bundle(made.store(), tmp_path / "bundle", scope=scope) == 301


def test_cosigned_checkpoints_are_all_kept(made: Made, tmp_path: Path) -> None:
    """They replace the plain ones of their size; those of a later log are left out."""
    made.cosign(200).cosign(520)
    later = make_ledger(story(600)).cosign(600).cosigned[600]
    enclosed = Enclosed(cosigned=[*made.cosigned.values(), later])
    write_bundle(made.store(), tmp_path / "bundle", enclosed=enclosed)

    folder = tmp_path / "bundle" / "checkpoints"
    assert sorted(path.name for path in folder.iterdir()) == ["200", "300", "520"]
    assert (folder / "200").read_bytes() == made.cosigned[200]
    assert (tmp_path / "bundle" / "checkpoint").read_bytes() == made.cosigned[520]


def test_what_is_enclosed_comes_along(made: Made, tmp_path: Path) -> None:
    """Policies by digest, stamps with what they stamp, openings in the order of entries."""
    enclosed = Enclosed(
        policies={"ab" * 32: b"policy"},
        stamps={100: b"stamp"},
        openings=[Opening(7, "subject", b"r" * 32, b"x"), Opening(3, "content", b"r" * 32, b"y")],
    )
    write_bundle(made.store(), tmp_path / "bundle", enclosed=enclosed)

    reader = BundleFolder(tmp_path / "bundle")
    assert (tmp_path / "bundle" / "policies" / ("ab" * 32)).read_bytes() == b"policy"
    assert list(reader.stamps()) == [(100, made.notes[100], b"stamp")]
    assert [index for index, _ in reader.openings()] == [3, 7]


def test_nothing_sealed_is_in_a_bundle(made: Made, tmp_path: Path) -> None:
    """Unless openings are asked, there is not even a file for them."""
    write_bundle(made.store(), tmp_path / "bundle")

    assert "openings" not in names(tmp_path / "bundle")


def test_progress_is_told_to_the_end(made: Made, tmp_path: Path) -> None:
    """Two steps for each entry: its hash and its leaf."""
    told: list[tuple[int, int]] = []
    write_bundle(made.store(), tmp_path / "bundle", progress=lambda *at: told.append(at))

    assert told == sorted(told)
    assert told[-1] == (1040, 1040)


def test_entries_stand_as_they_were_hashed(made: Made, tmp_path: Path) -> None:
    """They are copied, not written anew."""
    write_bundle(made.store(), tmp_path / "bundle")

    leaves = [entry.leaf or b"" for entry in made.entries[512:]]
    assert (tmp_path / "bundle/tile/entries/002.p/8").read_bytes() == format_entries(leaves)


def test_a_leaf_that_was_lost_is_missed_by_the_verifier(made: Made, tmp_path: Path) -> None:
    """Its group is not written; that says where to look."""
    made.entries[300] = replace(made.entries[300], leaf=None)

    assert write_bundle(made.store(), tmp_path / "bundle") == 264


def test_a_small_log_fits_in_one_partial_tile(tmp_path: Path) -> None:
    """The first entry alone is a log."""
    write_bundle(make_ledger([genesis()]).store(), tmp_path / "bundle")

    assert "tile/0/000.p/1" in names(tmp_path / "bundle")
