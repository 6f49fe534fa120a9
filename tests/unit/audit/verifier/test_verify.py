"""The verifier: what is sound passes, and each defect is named with its first index."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.entry import Json, Receipt, canonical
from audit.errors import Defect, KeyMismatch, VerificationFailed
from audit.merkle import Frontier, RootHash, grow, leaf_hash
from audit.verifier.file import FoundEntry, LedgerFile
from audit.verifier.verify import verify_kept_receipt, verify_ledger
from tests.fakes_audit import ORIGIN, START_MS, VKEY, make_leaf, make_signer

Sound = tuple[Path, Sequence[Receipt]]
Alter = Callable[..., Path]
OTHER = make_signer(b"o" * 32)


def found(path: Path) -> tuple[int, Defect]:
    """Give the first bad index and the class of the defect in a ledger that is not sound."""
    with pytest.raises(VerificationFailed) as caught, LedgerFile.open(path) as reader:
        verify_ledger(reader, vkey=VKEY)
    return caught.value.index, caught.value.defect


def note(size: int, root: bytes, origin: str = ORIGIN) -> bytes:
    """Sign a checkpoint as the gateway would."""
    return make_signer().sign(format_checkpoint(Checkpoint(origin, size, RootHash(root))))


def test_a_sound_ledger_passes(sound: Sound) -> None:
    """The summary tells what it holds, and progress was told on the way."""
    told: list[tuple[int, int]] = []
    with LedgerFile.open(sound[0]) as reader:
        summary = verify_ledger(reader, vkey=VKEY, progress=lambda *at: told.append(at))

    assert (summary.size, summary.checkpoints, summary.origin) == (601, 6, ORIGIN)
    assert summary.counts == {"genesis": 1, "disclosure": 600}
    assert (summary.first_ms, summary.last_ms) == (START_MS, START_MS)
    assert told[-1] == (601, 601)


def test_another_key_is_told_apart(sound: Sound) -> None:
    """The auditor's wrong key is no defect of the ledger."""
    with pytest.raises(KeyMismatch), LedgerFile.open(sound[0]) as reader:
        verify_ledger(reader, vkey=OTHER.verifier.vkey)


@pytest.mark.parametrize(
    ("statement", "index", "defect"),
    [
        ('DELETE FROM entry WHERE "index" = 7', 7, Defect.MISSING),
        ('DELETE FROM entry WHERE "index" >= 599', 599, Defect.MISSING),
        ('UPDATE entry SET "index" = -1 WHERE "index" = 7', 0, Defect.ENTRY_ORDER),
        ('UPDATE entry SET leaf_hash = zeroblob(32) WHERE "index" = 7', 7, Defect.LEAF_HASH),
        ("UPDATE entry SET leaf = 'x' WHERE \"index\" = 7", 7, Defect.LEAF_FORM),
        ("UPDATE entry SET request_id = 'x' WHERE \"index\" = 7", 7, Defect.ID),
        ("UPDATE checkpoint SET note = x'' WHERE size = 256", 255, Defect.CHECKPOINT_FORM),
        ("UPDATE checkpoint SET size = 255 WHERE size = 256", 254, Defect.CHECKPOINT_FORM),
        ("UPDATE checkpoint SET size = -5 WHERE size = 256", 0, Defect.CHECKPOINT_FORM),
        ('UPDATE node SET hash = zeroblob(32) WHERE "index" = 1', 256, Defect.NODE),
        ('DELETE FROM node WHERE "index" = 0', 0, Defect.NODE),
        ("INSERT INTO node VALUES (8, 2, zeroblob(32))", 601, Defect.HEAD),
        ("INSERT INTO node VALUES (16, 0, zeroblob(32))", 601, Defect.HEAD),
        ("INSERT INTO entry VALUES (601, 'x', x'', x'')", 601, Defect.HEAD),
        ("UPDATE head SET size = 600", 601, Defect.HEAD),
        ("UPDATE head SET root = zeroblob(32)", 601, Defect.HEAD),
        ("DELETE FROM head", 601, Defect.HEAD),
        ("DELETE FROM checkpoint WHERE size = 601", 600, Defect.HEAD),
    ],
)
def test_a_defect_is_named_with_its_first_index(
    altered: Alter, statement: str, index: int, defect: Defect
) -> None:
    """One statement against the file is one defect."""
    assert found(altered(statement)) == (index, defect)


def test_a_ledger_without_checkpoints_is_another_keys(altered: Alter) -> None:
    """Where nothing is signed at all, there is no defect to be found but this one."""
    assert found(altered("DELETE FROM checkpoint")) == (0, Defect.MISSING)


@pytest.mark.parametrize(
    ("index", "first"),
    [(0, 0), (2, 1), (100, 4), (252, 250), (300, 256), (510, 256), (550, 512), (600, 600)],
)
def test_an_entry_edited_with_its_hash_is_located(
    altered: Alter, sound: Sound, index: int, first: int
) -> None:
    """Between the signed checkpoints, and within the stored node, that the entry lies under."""
    leaf = sound[1][index].leaf.replace(b'"trace":"0a', b'"trace":"0b')
    leaf = leaf if index else leaf.replace(b'"time":17724', b'"time":17723')
    statement = 'UPDATE entry SET leaf = ?, leaf_hash = ? WHERE "index" = ?'

    path = altered(statement, values=(leaf, leaf_hash(leaf), index))

    assert found(path) == (first, Defect.ROOT)


def test_two_entries_swapped_are_noticed(altered: Alter) -> None:
    """Order is part of what is signed."""
    path = altered(
        'UPDATE entry SET "index" = 9999 WHERE "index" = 5',
        'UPDATE entry SET "index" = 5 WHERE "index" = 6',
        'UPDATE entry SET "index" = 6 WHERE "index" = 9999',
    )

    assert found(path) == (5, Defect.COUNTER)


@pytest.mark.parametrize("key", [OTHER, make_signer(b"o" * 32, "other.example")])
def test_an_older_checkpoint_by_another_key_is_a_defect(altered: Alter, key: object) -> None:
    """The newest note is by the right key, so the older one was forged."""
    forged = OTHER.sign(format_checkpoint(Checkpoint(ORIGIN, 256, RootHash(b"0" * 32))))
    path = altered("UPDATE checkpoint SET note = ? WHERE size = 256", values=(forged,))

    assert key is not None
    assert found(path) == (255, Defect.SIGNATURE)


def test_a_signature_that_is_wrong_is_a_defect(altered: Alter, sound: Sound) -> None:
    """A root that was changed in the note is not what was signed."""
    with LedgerFile.open(sound[0]) as reader:
        old = dict(reader.checkpoints())[256]
    text, blank, line = old.partition(b"\n\n")
    other = text[:-6] + b"AAAAA=" + blank + line

    path = altered("UPDATE checkpoint SET note = ? WHERE size = 256", values=(other,))

    assert found(path)[0] == 255
    assert found(path)[1] in {Defect.SIGNATURE, Defect.CHECKPOINT_FORM}


def test_a_fork_signed_by_the_log_itself_is_a_defect(altered: Alter) -> None:
    """Two roots for one size: the key holder cannot lie either, once the entries are shown."""
    path = altered(
        "UPDATE checkpoint SET note = ? WHERE size = 256", values=(note(256, b"0" * 32),)
    )

    assert found(path) == (250, Defect.ROOT)


class MemoryReader:
    """A ledger of given leaves, every checkpoint of which is truly signed."""

    def __init__(self, leaves: Sequence[bytes], ids: Sequence[str]) -> None:
        self._entries = [
            FoundEntry(index, request_id, leaf, leaf_hash(leaf))
            for index, (leaf, request_id) in enumerate(zip(leaves, ids, strict=True))
        ]
        self._growth = grow(Frontier(), [leaf_hash(leaf) for leaf in leaves])
        self._head = (len(leaves), self._growth.frontier.root)

    def head(self) -> tuple[int, bytes]:
        """Give the head."""
        return self._head

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Give the one checkpoint."""
        return iter([(self._head[0], self.newest_note())])

    def newest_note(self) -> bytes:
        """Give its note."""
        return note(*self._head)

    def entries(self) -> Iterator[FoundEntry]:
        """Give the entries."""
        return iter(self._entries)

    def entry(self, index: int) -> bytes | None:
        """Give one leaf."""
        return self._entries[index].leaf

    def nodes(self, level: int) -> Iterator[tuple[int, bytes]]:
        """Give the nodes."""
        return iter([(i, h) for at, i, h in self._growth.stored_nodes() if at == level])

    def first_repeated(self) -> int | None:
        """Give the first entry whose id an earlier one has."""
        ids = [entry.request_id for entry in self._entries]
        return next((i for i, name in enumerate(ids) if name in ids[:i]), None)


GENESIS: dict[str, Json] = {
    "v": 1,
    "type": "genesis",
    "id": "ff" * 16,
    "time": START_MS,
    "gateway": "gw-1",
    "counter": 0,
    "origin": ORIGIN,
    "vkey": VKEY,
}
FIRST = make_leaf(id="01" * 16, counter=1)


def reader_of(*leaves: dict[str, Json]) -> MemoryReader:
    """Give a ledger that was truly signed over these leaves."""
    return MemoryReader([canonical(leaf) for leaf in leaves], [str(leaf["id"]) for leaf in leaves])


def test_a_signed_sound_story_passes() -> None:
    """The twin of the refusals below; two gateways count for themselves."""
    other = make_leaf(id="02" * 16, counter=0, gateway="gw-2", time=START_MS + 1)

    assert verify_ledger(reader_of(GENESIS, FIRST, other), vkey=VKEY).size == 3


@pytest.mark.parametrize(
    ("leaves", "index", "defect"),
    [
        ([FIRST], 0, Defect.GENESIS),
        ([{**GENESIS, "vkey": OTHER.verifier.vkey}], 0, Defect.GENESIS),
        ([{**GENESIS, "origin": "other.example"}], 0, Defect.GENESIS),
        ([GENESIS, {**GENESIS, "id": "01" * 16, "counter": 1}], 1, Defect.GENESIS),
        ([GENESIS, {**FIRST, "time": START_MS - 1}], 1, Defect.TIME),
        ([GENESIS, {**FIRST, "counter": 0}], 1, Defect.COUNTER),
        ([GENESIS, {**FIRST, "counter": 2}], 1, Defect.COUNTER),
        ([GENESIS, FIRST, {**FIRST, "counter": 2}], 2, Defect.ID),
        ([GENESIS, {**FIRST, "role": "999990019"}], 1, Defect.SCHEMA),
        ([GENESIS, {**FIRST, "type": "case"}], 1, Defect.SCHEMA),
    ],
    ids=range(10),
)
def test_a_false_story_is_a_defect_although_it_is_signed(
    leaves: list[dict[str, Json]], index: int, defect: Defect
) -> None:
    """The holder of the key is not trusted with the content."""
    with pytest.raises(VerificationFailed) as caught:
        verify_ledger(reader_of(*leaves), vkey=VKEY)

    assert (caught.value.index, caught.value.defect) == (index, defect)


def test_a_signed_leaf_that_is_not_canonical_is_a_defect() -> None:
    """A second spelling could be shown to somebody else."""
    spaced = canonical(FIRST).replace(b'"v":1', b'"v": 1')
    reader = MemoryReader([canonical(GENESIS), spaced], ["ff" * 16, "01" * 16])

    with pytest.raises(VerificationFailed) as caught:
        verify_ledger(reader, vkey=VKEY)

    assert (caught.value.index, caught.value.defect) == (1, Defect.LEAF_FORM)


def test_an_id_that_stands_twice_is_found_in_the_file(altered: Alter, sound: Sound) -> None:
    """Also when the index that forbids it was taken away."""
    path = altered(
        "CREATE TABLE other AS SELECT * FROM entry",
        "DROP TABLE entry",
        "ALTER TABLE other RENAME TO entry",
        'UPDATE entry SET request_id = (SELECT request_id FROM entry WHERE "index" = 3)'
        ' WHERE "index" = 9',
    )
    with LedgerFile.open(path) as reader:
        repeated = reader.first_repeated()
    with LedgerFile.open(sound[0]) as reader:
        none = reader.first_repeated()

    assert (repeated, none) == (9, None)


def test_a_kept_receipt_is_found_again(sound: Sound) -> None:
    """Each receipt that was handed out is in the ledger."""
    with LedgerFile.open(sound[0]) as reader:
        indexes = [verify_kept_receipt(reader, r.proof, vkey=VKEY) for r in sound[1]]

    assert indexes == list(range(601))


def test_a_truncated_ledger_is_unmasked_by_a_receipt(altered: Alter, sound: Sound) -> None:
    """Cut off at an older checkpoint all is sound by itself; the receipt shows what is missing."""
    path = altered(
        'DELETE FROM entry WHERE "index" >= 600',
        "DELETE FROM checkpoint WHERE size > 600",
        "UPDATE head SET size = 600, root = ?",
        values=(grow(Frontier(), [leaf_hash(r.leaf) for r in sound[1][:600]]).frontier.root,),
    )
    with LedgerFile.open(path) as reader:
        size = verify_ledger(reader, vkey=VKEY).size

        with pytest.raises(VerificationFailed) as caught:
            verify_kept_receipt(reader, sound[1][600].proof, vkey=VKEY)

    assert size == 600
    assert (caught.value.index, caught.value.defect) == (600, Defect.RECEIPT)


@pytest.mark.parametrize("part", [b"index 5", b"extra e", "— ".encode()])
def test_a_receipt_that_is_not_sound_is_a_defect(sound: Sound, part: bytes) -> None:
    """A forged receipt proves nothing against the ledger."""
    forged = sound[1][5].proof.replace(part, part[:-1] + b"6")

    with pytest.raises(VerificationFailed) as caught, LedgerFile.open(sound[0]) as reader:
        verify_kept_receipt(reader, forged, vkey=VKEY)

    assert caught.value.defect == Defect.RECEIPT
