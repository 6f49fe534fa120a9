"""What every store promises: SQLite and the fake in memory answer alike."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.errors import AppendFailed, HeadMoved, IdTaken
from audit.merkle import RootHash
from audit.storage.contract import (
    Batch,
    Entry,
    Head,
    Sealed,
    SealedReplay,
    Store,
    StoreReader,
    SubjectKey,
)
from audit.storage.tables import SqlReader
from tests.fakes_audit import MemoryStore, open_store

KEY = SubjectKey(b"i" * 16, b"l" * 32, b"w" * 61, 1)


Halves = tuple[Store, StoreReader]


@pytest.fixture(params=["memory", "sqlite"])
def halves(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Halves]:
    """Each store in turn: the writing half, and the reading half of the same."""
    if request.param == "memory":
        memory = MemoryStore()
        yield memory, memory
    else:
        written = open_store(tmp_path / "ledger.db")
        read = SqlReader.open(tmp_path / "ledger.db")
        yield written, read
        read.close()
        written.close()


@pytest.fixture
def store(halves: Halves) -> Store:
    """Give the writing half."""
    return halves[0]


@pytest.fixture
def reader(halves: Halves) -> StoreReader:
    """Give the reading half."""
    return halves[1]


def _entry(index: int) -> Entry:
    gateway = "gw-2" if index == 1 else "gw-1"
    leaf = f'{{"counter":{index},"gateway":"{gateway}"}}'.encode()
    return Entry(index, f"{index:032x}", leaf, bytes([index % 256]) * 32)


def _batch(old: Head, count: int) -> Batch:
    new = Head(
        old.size + count, RootHash((old.size + count).to_bytes(32, "big")), old.last_time + 10
    )
    return Batch(
        old=old,
        new=new,
        checkpoint=b"note %d" % new.size,
        entries=[_entry(index) for index in range(old.size, new.size)],
        nodes=[],
        subject_keys=[],
        particulars=[],
        replays=[],
        expire_before=0,
    )


def test_an_empty_store_has_nothing(store: Store, reader: StoreReader) -> None:
    """A new store starts at the empty tree."""
    store.check_durable()

    assert store.head() == Head()
    assert reader.checkpoint() is None
    assert reader.checkpoint(covering=0) is None
    assert store.last_leaf("gw-1") is None
    assert reader.entry("00" * 16) is None
    assert reader.replay("00" * 16) is None
    assert reader.particulars(0) is None
    assert store.newest_checkpoint() is None
    assert store.key_of(b"l" * 32) is None
    assert reader.subject_key(b"i" * 16) is None
    assert list(reader.entries(0, 10)) == []
    assert store.hashes(0, 0, 10) == store.hashes(8, 0, 1) == []
    assert reader.hashes(0, 0, 10) == reader.hashes(8, 0, 1) == []


def test_a_committed_batch_is_read_back(store: Store, reader: StoreReader) -> None:
    """Everything in a batch is there after commit."""
    sealed = Sealed(1, KEY.key_id, b"sealed")
    answer = SealedReplay(2, 99, b"d" * 32, b"", b"answer")
    first = replace(
        _batch(Head(), 3),
        nodes=[(8, 0, b"n" * 32)],
        subject_keys=[KEY],
        particulars=[sealed],
        replays=[answer],
    )

    store.commit(first)

    assert store.head() == first.new
    assert list(reader.entries(1, 9)) == [_entry(1), _entry(2)]
    assert reader.entry(f"{2:032x}") == _entry(2)
    assert store.hashes(0, 1, 3) == reader.hashes(0, 1, 3) == [b"\x01" * 32, b"\x02" * 32]
    assert store.hashes(8, 0, 1) == reader.hashes(8, 0, 1) == [b"n" * 32]
    assert store.key_of(KEY.lookup) == KEY == reader.subject_key(KEY.key_id)
    assert reader.particulars(1) == sealed
    assert reader.replay(f"{2:032x}") == answer
    assert store.known_ids([f"{n:032x}" for n in (0, 2, 7)]) == {f"{0:032x}", f"{2:032x}"}


def test_the_checkpoint_that_covers_an_index_is_the_oldest(
    store: Store, reader: StoreReader
) -> None:
    """A receipt can be made again against the checkpoint of its own batch."""
    store.commit(_batch(Head(), 2))
    store.commit(_batch(store.head(), 2))

    found = [reader.checkpoint(covering=index) for index in range(5)]

    assert found == [b"note 2", b"note 2", b"note 4", b"note 4", None]
    assert reader.checkpoint() == store.newest_checkpoint() == b"note 4"


def test_the_last_leaf_is_of_the_gateway_that_is_asked(store: Store) -> None:
    """Each gateway finds its own counter again."""
    store.commit(_batch(Head(), 3))

    assert store.last_leaf("gw-1") == _entry(2).leaf
    assert store.last_leaf("gw-2") == _entry(1).leaf


def test_a_moved_head_refuses_the_batch_and_keeps_the_store(
    store: Store, reader: StoreReader
) -> None:
    """Two writers cannot both continue from one head."""
    store.commit(_batch(Head(), 1))
    before = store.head()

    with pytest.raises(HeadMoved):
        store.commit(_batch(Head(), 2))

    assert store.head() == before
    assert len(list(reader.entries(0, 9))) == 1


def test_a_taken_id_refuses_the_whole_batch(store: Store, reader: StoreReader) -> None:
    """No request id stands twice, and nothing of the batch remains."""
    store.commit(_batch(Head(), 1))
    before = store.head()
    batch = _batch(before, 2)
    twice = replace(batch, entries=[batch.entries[0], replace(_entry(2), request_id="0" * 32)])

    with pytest.raises(IdTaken):
        store.commit(twice)

    assert store.head() == before
    assert reader.entry(f"{1:032x}") is None


def test_another_clash_refuses_the_batch_too(store: Store) -> None:
    """A subject has one key."""
    store.commit(replace(_batch(Head(), 1), subject_keys=[KEY]))

    with pytest.raises(AppendFailed):
        store.commit(
            replace(_batch(store.head(), 1), subject_keys=[replace(KEY, key_id=b"j" * 16)])
        )

    assert store.head().size == 1


@pytest.mark.parametrize(
    ("now", "left"), [(0, [0, 1, 2]), (15, [1, 2]), (16, [1, 2]), (25, [2]), (35, [])]
)
def test_expired_answers_go_with_a_batch(
    store: Store, reader: StoreReader, now: int, left: list[int]
) -> None:
    """Answers that expired before the given time go, the others stay."""
    answers = [SealedReplay(i, 10 * i + 10, b"d" * 32, b"", b"a") for i in range(3)]
    store.commit(replace(_batch(Head(), 3), replays=answers))

    store.commit(replace(_batch(store.head(), 1), expire_before=now))

    assert [i for i in range(3) if reader.replay(f"{i:032x}")] == left


def test_many_entries_go_in_and_come_out(store: Store, reader: StoreReader) -> None:
    """More entries than one statement or one page takes are all kept, in order."""
    store.commit(_batch(Head(), 1023))
    store.commit(_batch(store.head(), 200))

    found = [entry.index for entry in reader.entries(5, 5000)]

    assert found == list(range(5, 1223))
