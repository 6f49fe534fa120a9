"""What every store promises: SQLite, PostgreSQL and the fake in memory answer alike."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from audit.errors import AppendFailed, HeadMoved, IdTaken
from audit.merkle import RootHash
from audit.storage.connect import open_reader
from audit.storage.contract import (
    Batch,
    Entry,
    Head,
    Sealed,
    SealedReplay,
    Store,
    StoreReader,
    SubjectKey,
    Upkeep,
)
from audit.storage.migrate import migrate
from audit.storage.place import sqlite_url
from audit.storage.writer import open_writer
from tests.fakes_audit import ORIGIN, MemoryStore, make_file
from tests.postgresql_server import fresh_origin

KEY = SubjectKey(b"i" * 16, b"l" * 32, b"w" * 61, 1)


Halves = tuple[Store, StoreReader]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def halves(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Halves]:
    """Each store in turn: the writing half, and the reading half of the same."""
    if request.param == "memory":
        memory = MemoryStore()
        yield memory, memory
        return
    if request.param == "sqlite":
        url, origin = sqlite_url(tmp_path / "ledger.db"), ORIGIN
        make_file(tmp_path / "ledger.db")
    else:
        url, origin = request.getfixturevalue("server").url(), fresh_origin()
        migrate(url, origin)
    with (
        closing(open_writer(url, origin, "gw-1")) as written,
        closing(open_reader(url, origin)) as read,
    ):
        yield written, read


@pytest.fixture
def store(halves: Halves) -> Store:
    """Give the writing half."""
    return halves[0]


@pytest.fixture
def reader(halves: Halves) -> StoreReader:
    """Give the reading half."""
    return halves[1]


def _commit(store: Store, batch: Batch) -> None:
    with store.turn():
        store.commit(batch)


def _entry(index: int) -> Entry:
    return Entry(index, f"{index:032x}", b'{"counter":%d}' % index, bytes([index % 256]) * 32)


def _batch(old: Head, count: int) -> Batch:
    new = Head(
        old.size + count, RootHash((old.size + count).to_bytes(32, "big")), old.last_time + 10
    )
    return Batch(
        old=old,
        new=new,
        gateway="gw-1",
        counter=new.size,
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
    assert store.counter("gw-1") == 0
    assert reader.entry("00" * 16) is None
    assert reader.replay("00" * 16) is None
    assert reader.particulars(0) == []
    assert list(reader.pseudonyms(0, 10)) == []
    assert list(reader.subject_keys()) == []
    assert store.newest_checkpoint() is None
    assert store.key_of(b"l" * 32) is None
    assert reader.subject_key(b"i" * 16) is None
    assert list(reader.entries(0, 10)) == []
    assert store.hashes(0, 0, 10) == store.hashes(8, 0, 1) == []
    assert reader.hashes(0, 0, 10) == reader.hashes(8, 0, 1) == []


def test_a_committed_batch_is_read_back(store: Store, reader: StoreReader) -> None:
    """Everything in a batch is there after commit."""
    sealed = Sealed(1, 0, KEY.key_id, b"sealed")
    answer = SealedReplay(2, 99, b"d" * 32, b"", b"answer")
    first = replace(
        _batch(Head(), 3),
        nodes=[(8, 0, b"n" * 32)],
        subject_keys=[KEY],
        particulars=[sealed],
        replays=[answer],
    )

    _commit(store, first)

    assert store.head() == first.new
    assert list(reader.entries(1, 9)) == [_entry(1), _entry(2)]
    assert reader.entry(f"{2:032x}") == _entry(2)
    assert store.hashes(0, 1, 3) == reader.hashes(0, 1, 3) == [b"\x01" * 32, b"\x02" * 32]
    assert store.hashes(8, 0, 1) == reader.hashes(8, 0, 1) == [b"n" * 32]
    assert store.key_of(KEY.lookup) == KEY == reader.subject_key(KEY.key_id)
    assert reader.particulars(1) == [sealed]
    assert reader.replay(f"{2:032x}") == answer
    assert store.known_ids([f"{n:032x}" for n in (0, 2, 7)]) == {f"{0:032x}", f"{2:032x}"}


def test_the_checkpoint_that_covers_an_index_is_the_oldest(
    store: Store, reader: StoreReader
) -> None:
    """A receipt can be made again against the checkpoint of its own batch."""
    _commit(store, _batch(Head(), 2))
    _commit(store, _batch(store.head(), 2))

    found = [reader.checkpoint(covering=index) for index in range(5)]

    assert found == [b"note 2", b"note 2", b"note 4", b"note 4", None]
    assert reader.checkpoint() == store.newest_checkpoint() == b"note 4"


def test_each_gateway_has_its_own_counter(store: Store) -> None:
    """Each gateway finds its own count again."""
    _commit(store, _batch(Head(), 3))
    _commit(store, replace(_batch(store.head(), 1), gateway="gw-2", counter=1))
    _commit(store, _batch(store.head(), 1))

    assert (store.counter("gw-1"), store.counter("gw-2"), store.counter("gw-3")) == (5, 1, 0)


def test_a_turn_gives_the_head_and_what_is_not_committed_is_undone(store: Store) -> None:
    """A writer that finds nothing to write leaves nothing."""
    _commit(store, _batch(Head(), 1))

    with store.turn() as head:
        found = head

    assert found == store.head() == _batch(Head(), 1).new


def test_after_a_refused_batch_the_next_turn_comes(store: Store) -> None:
    """A turn ends with its block, however it ends."""
    _commit(store, _batch(Head(), 1))
    with pytest.raises(HeadMoved):
        _commit(store, _batch(Head(7, RootHash(b"o" * 32)), 1))

    _commit(store, _batch(store.head(), 1))

    assert store.head().size == 2


OTHER = SubjectKey(b"j" * 16, b"m" * 32, b"v" * 61, 1)


def _with_two_subjects(store: Store) -> Head:
    particulars = [
        Sealed(1, 0, KEY.key_id, b"of the first"),
        Sealed(1, 1, OTHER.key_id, b"of the second"),
        Sealed(2, 0, KEY.key_id, b"alone"),
    ]
    answers = [SealedReplay(2, 99, b"d" * 32, KEY.key_id, b"answer")]
    first = _batch(Head(), 3)
    _commit(
        store,
        replace(first, subject_keys=[KEY, OTHER], particulars=particulars, replays=answers),
    )
    return store.head()


def test_several_persons_stand_in_one_entry(store: Store, reader: StoreReader) -> None:
    """Their particulars come by position, and their pseudonyms by index."""
    _with_two_subjects(store)

    assert [row.position for row in reader.particulars(1)] == [0, 1]
    assert list(reader.pseudonyms(1, 3)) == [
        (1, KEY.key_id),
        (1, OTHER.key_id),
        (2, KEY.key_id),
    ]
    assert list(reader.pseudonyms(2, 3)) == [(2, KEY.key_id)]


def test_an_erased_key_takes_all_that_it_seals(store: Store, reader: StoreReader) -> None:
    """Particulars, answers and the key go in the transaction that tells it; the others stay."""
    head = _with_two_subjects(store)

    _commit(store, replace(_batch(head, 1), upkeep=Upkeep(erased=[KEY.key_id])))

    assert [row.key_id for row in reader.particulars(1)] == [OTHER.key_id]
    assert reader.particulars(2) == []
    assert reader.replay(f"{2:032x}") is None
    assert list(reader.subject_keys()) == [OTHER]
    assert store.key_of(KEY.lookup) is None
    assert store.head().size == 4


def test_a_rotation_wraps_every_key_anew_and_moves_the_epoch(
    store: Store, reader: StoreReader
) -> None:
    """The head tells under which epoch the keys are."""
    head = _with_two_subjects(store)
    anew = [replace(key, wrapped=b"n" * 61, epoch=2) for key in (KEY, OTHER)]
    batch = _batch(head, 1)

    _commit(store, replace(batch, new=replace(batch.new, epoch=2), upkeep=Upkeep((), anew)))

    assert list(reader.subject_keys()) == anew
    assert store.head().epoch == 2


def test_a_rotation_that_forgets_a_key_is_refused(store: Store, reader: StoreReader) -> None:
    """Otherwise the particulars under that key would be lost."""
    head = _with_two_subjects(store)
    batch = _batch(head, 1)
    upkeep = Upkeep(rewrapped=[replace(KEY, epoch=2)])

    with pytest.raises(AppendFailed):
        _commit(store, replace(batch, new=replace(batch.new, epoch=2), upkeep=upkeep))

    assert list(reader.subject_keys()) == [KEY, OTHER]
    assert store.head() == head


def test_retention_takes_leaves_and_particulars_and_keeps_hashes(
    store: Store, reader: StoreReader
) -> None:
    """Below the border there are hashes only; from there on all is as it was."""
    head = _with_two_subjects(store)

    _commit(store, replace(_batch(head, 1), upkeep=Upkeep(pruned_below=2)))

    entries = list(reader.entries(0, 9))
    assert [entry.leaf is None for entry in entries] == [True, True, False, False]
    assert [entry.leaf_hash for entry in entries] == [_entry(n).leaf_hash for n in range(4)]
    assert reader.entry(f"{0:032x}") == replace(_entry(0), leaf=None)
    assert [index for index, _ in reader.pseudonyms(0, 9)] == [2]
    assert reader.replay(f"{2:032x}") is not None


def test_a_moved_head_refuses_the_batch_and_keeps_the_store(
    store: Store, reader: StoreReader
) -> None:
    """Two writers cannot both continue from one head."""
    _commit(store, _batch(Head(), 1))
    before = store.head()

    with pytest.raises(HeadMoved):
        _commit(store, _batch(Head(), 2))

    assert store.head() == before
    assert len(list(reader.entries(0, 9))) == 1


def test_a_taken_id_refuses_the_whole_batch(store: Store, reader: StoreReader) -> None:
    """No request id stands twice, and nothing of the batch remains."""
    _commit(store, _batch(Head(), 1))
    before = store.head()
    batch = _batch(before, 2)
    twice = replace(batch, entries=[batch.entries[0], replace(_entry(2), request_id="0" * 32)])

    with pytest.raises(IdTaken):
        _commit(store, twice)

    assert store.head() == before
    assert reader.entry(f"{1:032x}") is None


def test_another_clash_refuses_the_batch_too(store: Store) -> None:
    """A subject has one key."""
    _commit(store, replace(_batch(Head(), 1), subject_keys=[KEY]))

    with pytest.raises(AppendFailed):
        _commit(
            store, replace(_batch(store.head(), 1), subject_keys=[replace(KEY, key_id=b"j" * 16)])
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
    _commit(store, replace(_batch(Head(), 3), replays=answers))

    _commit(store, replace(_batch(store.head(), 1), expire_before=now))

    assert [i for i in range(3) if reader.replay(f"{i:032x}")] == left


def test_many_keys_and_pseudonyms_come_out_in_order(store: Store, reader: StoreReader) -> None:
    """More than one page takes, each once."""
    count = 1001
    keys = [
        SubjectKey(n.to_bytes(16, "big"), n.to_bytes(32, "big"), b"w" * 61, 1) for n in range(count)
    ]
    sealed = [Sealed(n, 0, key.key_id, b"s") for n, key in enumerate(keys)]
    _commit(store, replace(_batch(Head(), count), subject_keys=keys, particulars=sealed))

    assert list(reader.subject_keys()) == keys
    assert list(reader.pseudonyms(1, count)) == [(n, keys[n].key_id) for n in range(1, count)]


def test_many_entries_go_in_and_come_out(store: Store, reader: StoreReader) -> None:
    """More entries than one statement or one page takes are all kept, in order."""
    _commit(store, _batch(Head(), 1023))
    _commit(store, _batch(store.head(), 200))

    found = [entry.index for entry in reader.entries(5, 5000)]

    assert found == list(range(5, 1223))
