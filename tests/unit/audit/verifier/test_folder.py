"""Reading an audit bundle that a stranger filled."""

import os
import resource
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.bundle import Enclosed, Scope, write_bundle
from audit.errors import Defect, LedgerUnreadable, VerificationFailed
from audit.merkle import leaf_hash
from audit.note import MAX_NOTE_BYTES
from audit.seal import commit
from audit.verifier import folder as folder_module
from audit.verifier.folder import BundleFolder
from audit.verifier.opening import Opening
from audit.verifier.verify import verify_kept_receipt, verify_ledger
from tests.fakes_audit import START_MS, VKEY
from tests.made_faults import foreign_receipt, receipt_of, sound
from tests.made_ledger import disclosure, genesis, make_ledger

GIGABYTE = 1 << 30


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Give a sound bundle of 520 entries, to be spoiled."""
    write_bundle(sound().store(), tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """Give a bundle of the entries of a period: 100 to 399."""
    scope = Scope(START_MS + 100, START_MS + 400)
    write_bundle(sound().store(), tmp_path / "part", scope=scope)
    return tmp_path / "part"


def found(place: Path) -> tuple[int, Defect]:
    """Give the first bad index and the class of the defect."""
    with pytest.raises(VerificationFailed) as caught:
        verify_ledger(BundleFolder(place), vkey=VKEY)
    return caught.value.index, caught.value.defect


def test_a_sound_bundle_is_read(bundle: Path) -> None:
    """Head, checkpoints, entries, nodes and hashes are there."""
    reader = BundleFolder(bundle)
    entries = list(reader.entries())

    assert reader.head() == sound().head
    assert [size for size, _ in reader.checkpoints()] == [256, 512, 520, 520]
    assert [entry.leaf_hash for entry in entries] == [leaf_hash(e.leaf or b"") for e in entries]
    assert [index for index, _ in reader.nodes(8)] == [0, 1]
    assert list(reader.nodes(16)) == []
    assert reader.hashes(0, 250, 260) == [entry.leaf_hash for entry in entries[250:260]]
    assert reader.entry(519) == entries[519].leaf
    assert (reader.entry(520), reader.entry(-1)) == (None, None)
    assert not reader.partial


def test_a_part_is_read_by_bundle_and_by_line(part: Path) -> None:
    """What was not asked is absent."""
    reader = BundleFolder(part)
    read = [entry.index for entry in reader.entries() if entry.leaf is not None]

    assert reader.partial
    assert read == [0, *range(100, 400)]
    assert reader.entry(399) == sound().entries[399].leaf
    assert reader.entry(400) is None


def test_a_part_of_a_log_is_sound_in_part(part: Path) -> None:
    """It says how many entries are there by hash only."""
    summary = verify_ledger(BundleFolder(part), vkey=VKEY)

    assert (summary.partial, summary.absent, summary.size) == (True, 219, 520)


def test_a_folder_without_a_checkpoint_is_no_bundle(tmp_path: Path) -> None:
    """It is told as unreadable, not as a defect."""
    with pytest.raises(LedgerUnreadable):
        BundleFolder(tmp_path)


def test_a_kept_receipt_is_found_in_a_bundle(bundle: Path) -> None:
    """Also in a bundle a receipt proves its place."""
    proof = receipt_of(sound(), 300)

    assert verify_kept_receipt(BundleFolder(bundle), proof, vkey=VKEY) == 300


def test_a_receipt_of_another_tree_unmasks_a_bundle(bundle: Path) -> None:
    """Whoever was shown another log finds out."""
    with pytest.raises(VerificationFailed) as caught:
        verify_kept_receipt(BundleFolder(bundle), foreign_receipt(), vkey=VKEY)

    assert caught.value.defect == Defect.RECEIPT


def linked(path: Path) -> None:
    """Put a link to an endless device in the place of a file."""
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def a_folder(path: Path) -> None:
    """Put a folder in the place of a file."""
    path.unlink(missing_ok=True)
    path.mkdir()


def a_pipe(path: Path) -> None:
    """Put a pipe in the place of a file, which nobody writes to."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def huge(path: Path) -> None:
    """Make a file of a gigabyte, of which the disk holds nothing."""
    with path.open("ab") as file:
        file.truncate(GIGABYTE)


FORMS = [linked, a_folder, a_pipe, huge]
FILES = ["tile/0/000", "tile/1/000.p/2", "tile/entries/000", "checkpoints/256", "selection"]


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("spoil", FORMS, ids=lambda spoil: spoil.__name__)
def test_what_is_no_plain_file_is_a_defect(
    bundle: Path, spoil: Callable[[Path], None], path: str
) -> None:
    """A link, a folder, a pipe or a gigabyte is neither followed, awaited nor read whole."""
    spoil(bundle / path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    _, defect = found(bundle)

    assert defect in {Defect.BUNDLE_FORM, Defect.MISSING, Defect.NODE, Defect.CHECKPOINT_FORM}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize("spoil", [linked, a_folder, a_pipe], ids=lambda spoil: spoil.__name__)
def test_a_checkpoint_that_is_no_plain_file_is_a_defect(
    bundle: Path, spoil: Callable[[Path], None]
) -> None:
    """It is the first thing that is read."""
    spoil(bundle / "checkpoint")

    with pytest.raises(VerificationFailed) as caught:
        BundleFolder(bundle)

    assert caught.value.defect == Defect.BUNDLE_FORM


def test_a_million_signatures_are_not_verified(bundle: Path) -> None:
    """A note is bounded before its signatures are looked at."""
    note = (bundle / "checkpoint").read_bytes()
    line = note.partition(b"\n\n")[2]
    (bundle / "checkpoint").write_bytes(note + line * 1_000_000)

    assert found(bundle) == (0, Defect.CHECKPOINT_FORM)


def test_the_signatures_of_a_note_are_bounded(bundle: Path) -> None:
    """Also when they are few enough bytes."""
    note = (bundle / "checkpoint").read_bytes()
    line = note.partition(b"\n\n")[2]
    (bundle / "checkpoint").write_bytes(note + line * 100)

    assert len(note + line * 100) < MAX_NOTE_BYTES
    assert found(bundle) == (0, Defect.CHECKPOINT_FORM)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"399\n",
        b"x {}\n",
        b"0400 {}\n",
        b"398 {}\n",
        b"520 {}\n",
        b"-1 {}\n",
        b"400 {}",
        b"400 " + b" " * 5000 + b"\n",
        b"\xff\n",
    ],
)
def test_a_line_of_a_selection_has_one_form(part: Path, line: bytes) -> None:
    """An index in order, a space, a leaf and a newline."""
    with (part / "selection").open("ab") as file:
        file.write(line)

    assert found(part) == (400, Defect.BUNDLE_FORM)


def test_a_selected_leaf_that_was_changed_is_a_defect(part: Path) -> None:
    """It is as good as in a bundle of 256."""
    data = (part / "selection").read_bytes()
    (part / "selection").write_bytes(data.replace(b"consulent", b"consultnt", 1))

    assert found(part) == (100, Defect.LEAF_HASH)


def test_strange_names_are_no_checkpoints(bundle: Path) -> None:
    """What a file manager leaves behind is not looked at."""
    (bundle / "checkpoints" / ".DS_Store").write_bytes(b"x")
    (bundle / "checkpoints" / "0256").write_bytes(b"x")

    assert verify_ledger(BundleFolder(bundle), vkey=VKEY).checkpoints == 3


def test_a_bundle_with_a_malformed_checkpoint_is_a_defect(bundle: Path) -> None:
    """Nothing is believed of it."""
    (bundle / "checkpoint").write_bytes(b"nothing")

    assert found(bundle) == (0, Defect.CHECKPOINT_FORM)


def test_too_many_checkpoints_are_not_read(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with more files than there could be is refused as a whole."""
    monkeypatch.setattr(folder_module, "_MAX_CHECKPOINTS", 2)

    with pytest.raises(LedgerUnreadable):
        BundleFolder(bundle)


def opened(tmp_path: Path, *openings: Opening) -> Path:
    """Write a bundle of one entry with a commitment, and with openings."""
    subject = commit(b"r" * 32, "subject", f"{1:032x}", 0, b"value")
    commitments = {"subject": b64encode(subject).decode()}
    made = make_ledger([genesis(), disclosure(1, commitments=commitments)])
    target = tmp_path / "bundle"
    write_bundle(made.store(), target, enclosed=Enclosed(openings=openings))
    return target


def test_an_opening_that_opens_its_commitment_is_counted(tmp_path: Path) -> None:
    """The value that was shown is the one that was committed to."""
    place = opened(tmp_path, Opening(1, "subject", b"r" * 32, b"value"))

    assert verify_ledger(BundleFolder(place), vkey=VKEY).openings == 1


@pytest.mark.parametrize(
    "opening",
    [
        Opening(1, "subject", b"r" * 32, b"other"),
        Opening(1, "subject", b"s" * 32, b"value"),
        Opening(1, "subject", b"r" * 31, b"value"),
        Opening(1, "request", b"r" * 32, b"value"),
        Opening(1, "x" * 300, b"r" * 32, b"value"),
        Opening(0, "subject", b"r" * 32, b"value"),
    ],
    ids=range(6),
)
def test_an_opening_of_something_else_is_a_defect(tmp_path: Path, opening: Opening) -> None:
    """Another value, key, label or entry is not what was committed to."""
    assert found(opened(tmp_path, opening)) == (opening.index, Defect.OPENING)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"x", b"\xff", b"[" * 3000, b'{"label":1}'])
def test_an_opening_that_is_none_is_a_defect(tmp_path: Path, content: bytes) -> None:
    """Whatever stands there, it opens nothing."""
    place = opened(tmp_path)
    (place / "openings").write_bytes(b"1 " + content + b"\n")

    assert found(place) == (1, Defect.OPENING)
