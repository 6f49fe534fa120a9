"""An administrator rewrites a log that was really written: an auditor, or a receipt, tells."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from audit.bundle import write_bundle
from audit.checkpoint import Checkpoint, format_checkpoint
from audit.errors import AuditError, Defect, RollbackSeen, VerificationFailed
from audit.merkle import Frontier, RootHash, grow, leaf_hash
from audit.verifier.file import LedgerFile
from audit.verifier.folder import BundleFolder
from audit.verifier.signed import Demands
from audit.verifier.verify import Summary, verify_ledger
from tests.fakes_audit import ORIGIN, START_MS, VKEY, make_draft, make_signer
from tests.naive_ledger import Ledgers, contradicted

FLIPS = 150
HOUR_MS = 3_600_000


@pytest.fixture
def both() -> Iterator[Ledgers]:
    """Give a log of a genesis and ten entries in five batches."""
    ledgers = Ledgers()
    for _ in range(5):
        ledgers.append("gw-1", [make_draft(ledgers.next()) for _ in range(2)])
    yield ledgers
    ledgers.close()


@pytest.fixture
def copy(both: Ledgers, tmp_path: Path) -> Path:
    """Give the same log as one file that nobody has open."""
    both.copy_to(tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as file:
        file.execute("PRAGMA journal_mode=DELETE")
    return tmp_path / "copy.db"


def rewrite(path: Path, *statements: str) -> None:
    """Do what whoever has the file can do."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for statement in statements:
            file.execute(statement)


def sign_anew(path: Path, sign: Callable[[bytes], bytes]) -> None:
    """Recompute everything that follows from the leaves, and sign it all."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.create_function("leaf_hash", 1, leaf_hash)
        file.execute("UPDATE entry SET leaf_hash = leaf_hash(leaf)")
        hashes = [row[0] for row in file.execute('SELECT leaf_hash FROM entry ORDER BY "index"')]
        for (size,) in file.execute("SELECT size FROM checkpoint").fetchall():
            root = RootHash(grow(Frontier(), hashes[:size]).frontier.root)
            note = sign(format_checkpoint(Checkpoint(ORIGIN, size, root)))
            file.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (note, size))
            file.execute("UPDATE head SET root = ? WHERE size = ?", (root, size))


def edit(path: Path, index: int) -> None:
    """Change something in one leaf."""
    old = leaves_of(path)[index]
    new = old.replace(b'"trace":"0', b'"trace":"1')
    assert new != old
    rewrite(path, f"UPDATE entry SET leaf = x'{new.hex()}' WHERE \"index\" = {index}")  # noqa: S608


def verified(path: Path) -> Summary:
    """Verify as an auditor does."""
    with LedgerFile.open(path) as file:
        return verify_ledger(file, vkey=VKEY)


def defect_of(path: Path) -> Defect:
    """Give the class of the defect that an auditor finds."""
    with pytest.raises(VerificationFailed) as caught:
        verified(path)
    return caught.value.defect


def leaves_of(path: Path) -> list[bytes]:
    """Give the leaves as they stand."""
    with closing(sqlite3.connect(path)) as file:
        return [row[0] for row in file.execute('SELECT leaf FROM entry ORDER BY "index"')]


def told_of(path: Path) -> Summary | None:
    """Give what an auditor finds in a file; none if it is told that something is wrong."""
    try:
        return verified(path)
    except AuditError:
        return None


def test_bit_flips_anywhere(copy: Path) -> None:
    """Whatever bit of the file flips: it is told, or it is not in what the auditor relies upon."""
    sound, leaves = verified(copy), leaves_of(copy)
    data, chance = copy.read_bytes(), random.Random(11)  # noqa: S311  A choice, no secret.
    unnoticed = []
    for place in chance.sample(range(len(data) * 8), FLIPS):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        copy.write_bytes(flipped)
        told = told_of(copy)
        if told is not None:
            unnoticed.append((told, leaves_of(copy)))

    assert [each for each in unnoticed if each != (sound, leaves)] == []
    assert len(unnoticed) < FLIPS


def test_bit_flips_in_every_leaf(copy: Path) -> None:
    """No bit of any leaf can flip unnoticed."""
    sound, chance = copy.read_bytes(), random.Random(12)  # noqa: S311  A choice, no secret.
    found = []
    for index, leaf in enumerate(leaves_of(copy)):
        place = chance.randrange(len(leaf) * 8)
        flipped = bytearray(leaf)
        flipped[place // 8] ^= 1 << place % 8
        hexed = flipped.hex()
        rewrite(copy, f"UPDATE entry SET leaf = x'{hexed}' WHERE \"index\" = {index}")  # noqa: S608
        found.append(defect_of(copy))
        copy.write_bytes(sound)

    assert set(found) == {Defect.LEAF_HASH}


def test_a_row_edited_and_everything_recomputed(both: Ledgers, copy: Path) -> None:
    """Without the key of the log the recomputed tree is signed by nobody."""
    edit(copy, 5)
    thief = make_signer(b"t" * 32)
    sign_anew(copy, thief.sign)

    with pytest.raises(AuditError):
        verified(copy)
    assert contradicted(copy, both.naive.proofs) > 0


def test_a_row_edited_and_everything_recomputed_with_the_key(both: Ledgers, copy: Path) -> None:
    """With the stolen key it is sound by itself: receipts kept elsewhere contradict it."""
    edit(copy, 5)
    sign_anew(copy, make_signer().sign)

    assert verified(copy).size == 11
    # Those signed before the edited entry stood still hold; every later one does not.
    assert contradicted(copy, both.naive.proofs) == 6


def test_tail_truncation(copy: Path) -> None:
    """Entries taken from the end are missed by the head and the newest checkpoint."""
    rewrite(copy, 'DELETE FROM entry WHERE "index" >= 9')

    assert defect_of(copy) is Defect.MISSING


def test_tail_truncation_to_an_older_checkpoint(both: Ledgers, copy: Path) -> None:
    """A log cut off where it once stood is sound; the marks and every later receipt tell."""
    root = both.naive.roots[9]
    rewrite(
        copy,
        'DELETE FROM entry WHERE "index" >= 9',
        "DELETE FROM checkpoint WHERE size > 9",
        'DELETE FROM particulars WHERE "index" >= 9',
        "UPDATE writer SET counter = 9 WHERE gateway = 'gw-1'",
        f"UPDATE head SET size = 9, root = x'{root.hex()}'",  # noqa: S608  Our own.
    )

    assert verified(copy).size == 9
    assert contradicted(copy, both.naive.proofs) == 2
    both.put_back(copy)
    with pytest.raises(RollbackSeen):
        both.open("gw-1")


DROP = (
    'DELETE FROM entry WHERE "index" = 5',
    'UPDATE entry SET "index" = "index" - 1 WHERE "index" > 5',
)
INSERT = (
    "INSERT INTO entry SELECT 11, '0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', leaf, leaf_hash FROM entry"
    ' WHERE "index" = 5'
)
REORDER = (
    'UPDATE entry SET "index" = 99 WHERE "index" = 5',
    'UPDATE entry SET "index" = 5 WHERE "index" = 6',
    'UPDATE entry SET "index" = 6 WHERE "index" = 99',
)


@pytest.mark.parametrize(
    ("statements", "defect"),
    [(DROP, Defect.ROOT), ((INSERT,), Defect.HEAD), (REORDER, Defect.ROOT)],
    ids=["drop", "insert", "reorder"],
)
def test_drop_insert_reorder(copy: Path, statements: tuple[str, ...], defect: Defect) -> None:
    """Entries stand where they were signed, and there are no others."""
    rewrite(copy, *statements)

    assert defect_of(copy) is defect


def test_fork_shown_in_one_file(copy: Path) -> None:
    """Two roots that the log itself signed for one size are told as a fork."""
    note = make_signer().sign(format_checkpoint(Checkpoint(ORIGIN, 9, RootHash(b"0" * 32))))
    rewrite(copy, f"INSERT INTO cosigned VALUES (9, x'{note.hex()}')")  # noqa: S608  Our own.

    assert defect_of(copy) is Defect.FORK


def test_pruning_without_an_entry(copy: Path) -> None:
    """A leaf that is not there, and no retention entry that says so, is a defect."""
    rewrite(copy, 'UPDATE entry SET leaf = NULL WHERE "index" < 4')

    assert defect_of(copy) is Defect.RETENTION


def test_a_stale_bundle(both: Ledgers, tmp_path: Path) -> None:
    """A bundle of long ago is refused by whoever asks how old it is, and by nobody else."""
    write_bundle(both.reader, tmp_path / "bundle")
    bundle = BundleFolder(tmp_path / "bundle")
    recent = Demands(now_ms=START_MS + HOUR_MS, max_age_ms=HOUR_MS)
    late = Demands(now_ms=START_MS + HOUR_MS + 1, max_age_ms=HOUR_MS)

    assert verify_ledger(bundle, vkey=VKEY, demands=recent).size == 11
    with pytest.raises(VerificationFailed) as caught:
        verify_ledger(bundle, vkey=VKEY, demands=late)

    assert caught.value.defect is Defect.STALE


@pytest.mark.parametrize("steps", [(5_000, -90_000, 3_000, -1, 200_000), (10**12, -(10**12), 5)])
def test_clock_back_and_forth(both: Ledgers, steps: tuple[int, ...]) -> None:
    """Times in the log never go back; after a jump far ahead they stand still until it is over."""
    for step in steps:
        both.clock.ms += step
        both.append("gw-2", [make_draft(both.next())])

    summary = both.verified()

    assert summary.size == 11 + len(steps)
    assert summary.last_ms == START_MS + max(sum(steps[: n + 1]) for n in range(len(steps)))
