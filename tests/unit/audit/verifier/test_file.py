"""Reading a ledger file from outside."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from audit.entry import Receipt
from audit.errors import LedgerUnreadable
from audit.verifier.file import LedgerFile
from tests.fakes_audit import open_store
from tests.made_ledger import make_ledger, story

Sound = tuple[Path, Sequence[Receipt]]
Alter = Callable[..., Path]


def test_a_sound_file_is_read(sound: Sound) -> None:
    """Entries, checkpoints, nodes and head are there."""
    with LedgerFile.open(sound[0]) as reader:
        head = reader.head()
        entries = list(reader.entries())
        checkpoints = list(reader.checkpoints())
        nodes = list(reader.nodes(8))

    assert head is not None
    assert head[0] == len(entries) == 601
    assert [size for size, _ in checkpoints] == [1, 4, 250, 256, 600, 601]
    assert [index for index, _ in nodes] == [0, 1]


def test_reading_leaves_no_trace(sound: Sound) -> None:
    """A file at rest gets no companions and stays as it is."""
    before = sorted(path.name for path in sound[0].parent.iterdir())
    content = sound[0].read_bytes()
    with LedgerFile.open(sound[0]) as reader:
        reader.head()

        assert sorted(path.name for path in sound[0].parent.iterdir()) == before
    assert sound[0].read_bytes() == content


def test_a_reader_cannot_write(sound: Sound) -> None:
    """The file is opened read-only."""
    with pytest.raises(LedgerUnreadable), LedgerFile.open(sound[0]) as reader:
        reader._connection.execute("DELETE FROM entry")


def test_a_ledger_in_use_is_read_as_one_picture(tmp_path: Path) -> None:
    """Beside a running gateway the reader sees what is committed: here, nothing yet."""
    store = open_store(tmp_path / "ledger.db")
    with LedgerFile.open(tmp_path / "ledger.db") as reader:
        found = (reader.head(), list(reader.entries()))
    store.close()

    assert found == (None, [])


@pytest.mark.parametrize("content", [b"", b"no database" * 100])
def test_a_file_that_is_no_ledger_is_unreadable(tmp_path: Path, content: bytes) -> None:
    """It is told as such."""
    path = tmp_path / "ledger.db"
    path.write_bytes(content)

    with pytest.raises(LedgerUnreadable), LedgerFile.open(path) as reader:
        reader.head()


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    """Opening does not make one."""
    with pytest.raises(LedgerUnreadable), LedgerFile.open(tmp_path / "none.db"):
        pass

    assert list(tmp_path.iterdir()) == []


def _first(path: Path) -> tuple[object, ...]:
    with LedgerFile.open(path) as reader:
        entry = next(reader.entries())
        return entry.request_id, entry.leaf, entry.leaf_hash


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET request_id = x'00', leaf = 'text', leaf_hash = 5 WHERE \"index\" = 0",
        "UPDATE entry SET request_id = 'a' || \"index\", leaf = zeroblob(5000), leaf_hash = x''",
    ],
)
def test_members_of_another_type_or_size_are_empty(altered: Alter, statement: str) -> None:
    """Nothing large or strange reaches the verifier."""
    assert _first(altered(statement)) == ("", b"", b"")


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM head", "UPDATE head SET size = x'00'", "UPDATE head SET root = 'text'"],
)
def test_an_unsound_head_is_absent(altered: Alter, statement: str) -> None:
    """There is one row with a size and a root, or none."""
    with LedgerFile.open(altered(statement)) as reader:
        assert reader.head() is None


def test_large_or_strange_notes_and_nodes_are_empty(altered: Alter) -> None:
    """A gigabyte in one cell is not read."""
    path = altered(
        "UPDATE checkpoint SET note = zeroblob(1000001) WHERE size = 601",
        "UPDATE checkpoint SET note = 'text' WHERE size = 600",
        "UPDATE node SET hash = 'text'",
    )
    with LedgerFile.open(path) as reader:
        notes, nodes = dict(reader.checkpoints()), dict(reader.nodes(8))
        newest = reader.newest_note()

    assert (notes[601], notes[600]) == (b"", b"")
    assert nodes == {0: b"", 1: b""}
    assert newest == b""


def test_a_single_leaf_is_read_or_not(altered: Alter, sound: Sound) -> None:
    """A leaf that is no bytes is empty, one that is not there is absent."""
    path = altered("UPDATE entry SET leaf = 'text' WHERE \"index\" = 5")
    with LedgerFile.open(path) as reader:
        found = [reader.entry(index) for index in (4, 5, 9999)]

    assert found == [sound[1][4].leaf, b"", None]


def test_a_broken_page_is_unreadable(sound: Sound, tmp_path: Path) -> None:
    """Damage below the tables is told as an unreadable file."""
    content = bytearray(sound[0].read_bytes())
    content[8192 : len(content)] = b"\xff" * (len(content) - 8192)
    path = tmp_path / "ledger.db"
    path.write_bytes(content)

    with pytest.raises(LedgerUnreadable), LedgerFile.open(path) as reader:
        list(reader.entries())


def test_the_sound_ledger_is_a_database(sound: Sound) -> None:
    """The file can be opened with any SQLite."""
    connection = sqlite3.connect(sound[0])
    [[count]] = connection.execute("SELECT count(*) FROM entry")
    connection.close()

    assert count == 601


def test_a_leaf_that_was_taken_away_is_absent(altered: Alter) -> None:
    """NULL is not the same as something unsound."""
    path = altered(
        "CREATE TABLE other AS SELECT * FROM entry",
        "DROP TABLE entry",
        "ALTER TABLE other RENAME TO entry",
        'UPDATE entry SET leaf = NULL WHERE "index" = 0',
    )

    assert _first(path)[1] is None


def test_numbers_of_another_type_are_none_of_the_log(tmp_path: Path) -> None:
    """An index that is a text has no place."""
    made = make_ledger(story(3))
    path = made.write(tmp_path / "ledger.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.executescript(
            "CREATE TABLE other AS SELECT * FROM checkpoint; DROP TABLE checkpoint;"
            "ALTER TABLE other RENAME TO checkpoint; UPDATE checkpoint SET size = 'x'"
        )
    with LedgerFile.open(path) as reader:
        assert [size for size, _ in reader.checkpoints()] == [-1]


def test_cosigned_checkpoints_and_stamps_are_read(tmp_path: Path) -> None:
    """What is kept beside the entries is read with them."""
    path = make_ledger(story(5), [3]).cosign(3).write(tmp_path / "ledger.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("INSERT INTO stamp VALUES (3, x'00'), (5, x'01')")
    with LedgerFile.open(path) as reader:
        sizes = [size for size, _ in reader.checkpoints()]
        stamps = [(size, response) for size, _, response in reader.stamps()]

    assert sizes == [3, 3, 5]
    assert stamps == [(5, b"\x01"), (3, b"\x00")]


def test_a_ledger_of_the_first_version_has_no_cosignatures_and_stamps(tmp_path: Path) -> None:
    """Its file has no tables for them."""
    path = make_ledger(story(5), [3]).write(tmp_path / "ledger.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.executescript("DROP TABLE cosigned; DROP TABLE stamp")
    with LedgerFile.open(path) as reader:
        assert [size for size, _ in reader.checkpoints()] == [3, 5]
        assert list(reader.stamps()) == []
        assert list(reader.openings()) == []
