"""Erasure, then a search: what of a person is left in the files, in a backup and in the proofs.

What holds when. After the erasure the files of the ledger hold nothing of the person any more. A
backup made before holds everything, sealed, and opens with the epoch key of its time: that is shown
here too. After the rotation, and once the old epoch key is destroyed, no backup opens either.
"""

import shutil
import sqlite3
from base64 import b64decode
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.entry import parse_leaf
from audit.keeping import Keeper
from audit.proof import verify_receipt
from audit.seal import PARTICULARS, REPLAY, Seal, SealKeys, commit, parse_particulars
from audit.storage.connect import open_reader
from audit.storage.contract import SubjectKey
from audit.storage.place import sqlite_url
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_kept_receipt, verify_ledger
from tests.fakes_audit import ORIGIN, SUBJECT, VKEY, CountedRandom, make_draft
from tests.fakes_keeping import (
    AFTER,
    KEYS,
    NEXT,
    ORDER,
    OTHERS,
    KeptLog,
    kept_log,
    nobody_draft,
    replayed_draft,
    several_draft,
)

FILES = ("ledger.db", "ledger.db-wal", "ledger.db-shm")
ENTRIES = 3  # The person stands in the entries 1, 2 and 3.


@dataclass(frozen=True, slots=True)
class Story:
    """One log before and after: the files, and what an adversary would be glad to find in them.

    Shapes:  secrets: by name what must not be found. sealed: what only the person's key opens.
    """

    folder: Path
    backup: Path
    receipts: tuple[bytes, ...]
    secrets: dict[str, bytes]
    sealed: tuple[bytes, ...]
    row: SubjectKey


def copied(folder: Path, target: Path) -> Path:
    """Copy the files of a ledger as they lie there, as a backup of the disk does."""
    target.mkdir()
    for name in FILES:
        if (folder / name).exists():
            shutil.copy(folder / name, target / name)
    return target


def bytes_of(folder: Path) -> bytes:
    """Give all that the files of a ledger hold."""
    return b"".join((folder / name).read_bytes() for name in FILES if (folder / name).exists())


def blobs_of(folder: Path) -> list[tuple[str, bytes, bytes, bytes]]:
    """Give request id, kind, key id and sealed bytes of everything sealed in a ledger."""
    found = []
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        for table, kind in (("particulars", PARTICULARS), ("replay", REPLAY)):
            query = f'SELECT request_id, key_id, sealed FROM {table} JOIN entry USING ("index")'  # noqa: S608  Our own names.
            found += [(i, kind, key_id, sealed) for i, key_id, sealed in connection.execute(query)]
    return found


def opened_with(folder: Path, keys: SealKeys) -> dict[bytes, bytes]:
    """Open each sealed blob of a ledger with each key that these keys unwrap; give what opened.

    An adversary does not mind which row belongs to which: every key is tried on every blob.
    """
    epochs = [AESGCM(key) for key in (*keys.epochs.values(), keys.period_key)]
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        rows = connection.execute("SELECT key_id, wrapped, epoch FROM subject_key").fetchall()
    secrets = {
        key_id: secret
        for key_id, wrapped, epoch in rows
        for cipher in epochs
        if (secret := tried(cipher, wrapped, b"doelpoort/wrap/v1\x00" + epoch.to_bytes(4) + key_id))
    }
    ciphers = [*epochs, *map(AESGCM, secrets.values())]
    return {
        sealed: data
        for request_id, kind, key_id, sealed in blobs_of(folder)
        for cipher in ciphers
        if (
            data := tried(
                cipher, sealed, b"doelpoort/seal/v1\x00" + kind + request_id.encode() + key_id
            )
        )
    }


def tried(cipher: AESGCM, sealed: bytes, context: bytes) -> bytes | None:
    """Give what a blob holds if this key opens it."""
    try:
        return cipher.decrypt(sealed[1:13], sealed[13:], context)
    except InvalidTag:
        return None


def held_for(log: KeptLog) -> tuple[SubjectKey, tuple[bytes, ...], dict[str, bytes]]:
    """Give the wrapped key of the person, what it seals, and what must not be found later."""
    seal = Seal(KEYS, CountedRandom())
    row = log.gateway.store.key_of(seal.lookup(SUBJECT))
    assert row is not None
    wrapping = b"doelpoort/wrap/v1\x00\x00\x00\x00\x01" + row.key_id
    secret = tried(AESGCM(KEYS.epochs[1]), row.wrapped, wrapping)
    assert secret is not None
    parts = [p for index in range(1, ENTRIES + 1) for p in log.reader.particulars(index)]
    sealed = tuple(part.sealed for part in parts if part.key_id == row.key_id)
    openings = {
        f"opening {label} of {number}": r
        for number, blob in enumerate(sealed, 1)
        for label, r in parse_particulars(
            seal.unseal(seal.unwrap(row), PARTICULARS, f"{number:032x}", blob)
        ).openings.items()
    }
    clear = {
        "subject": SUBJECT,
        "content": b'{"specialisatie_ingezet": "yes"}',
        "answer": b"the answer itself",
        "data key": secret,
    }
    return row, sealed, {**openings, **clear, "wrapped key": row.wrapped, "look-up": row.lookup}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Write about a person, make a backup, erase the person and rotate the keys."""
    folder = tmp_path_factory.mktemp("log")
    with kept_log(folder) as log:
        family, others = several_draft(3), several_draft(5, OTHERS)
        receipts = log.gateway.append(
            make_draft(1), replayed_draft(2), family, nobody_draft(4), others
        )
        row, sealed, secrets = held_for(log)
        backup = copied(folder, tmp_path_factory.mktemp("backup") / "before")
        log.keeper.erase(SUBJECT, ORDER)
        copied(folder, folder / "erased")
        log.keeper.rotate(NEXT)
    proofs = tuple(receipt.proof for receipt in receipts)
    return Story(folder, backup, proofs, secrets, sealed, row)


def test_before_the_erasure_the_person_can_be_found(story: Story) -> None:
    """The search finds what is there: sealed, under the key of the person, in the backup."""
    held = bytes_of(story.backup)

    assert [blob in held for blob in story.sealed] == [True] * ENTRIES
    assert story.row.wrapped in held
    assert story.row.lookup in held


def test_no_file_ever_held_anything_of_the_person_in_the_clear(story: Story) -> None:
    """Not even before the erasure: subject, content, openings and data key are sealed or absent."""
    clear = {name: s for name, s in story.secrets.items() if name not in ("wrapped key", "look-up")}

    held = bytes_of(story.backup) + bytes_of(story.folder) + bytes_of(story.folder / "erased")

    assert [name for name, secret in clear.items() if secret in held] == []


@pytest.mark.parametrize("files", [".", "erased"], ids=["rotated", "erased"])
def test_after_the_erasure_no_file_holds_a_byte_of_it(story: Story, files: str) -> None:
    """Neither the database, nor its write-ahead log, nor its index holds sealed bytes or key."""
    held = bytes_of(story.folder / files)

    assert [name for name, secret in story.secrets.items() if secret in held] == []
    assert [blob in held for blob in story.sealed] == [False] * ENTRIES


def test_between_erasure_and_rotation_a_backup_opens_with_its_epoch_key(story: Story) -> None:
    """This is why the rotation has to follow: until then the backup gives everything back."""
    opened = opened_with(story.backup, NEXT)

    assert [parse_particulars(opened[blob]).subject == SUBJECT for blob in story.sealed] == (
        [True] * ENTRIES
    )


def test_after_the_rotation_nothing_in_the_backup_opens(story: Story) -> None:
    """Every key that is left is tried on everything that was ever sealed."""
    assert len(blobs_of(story.backup)) == len(opened_with(story.backup, NEXT))
    assert opened_with(story.backup, AFTER) == {}


def test_the_keys_of_today_do_not_help_with_the_backup(story: Story, tmp_path: Path) -> None:
    """The data keys that live on open what they sealed, in the backup too; not the person's."""
    mixed = copied(story.backup, tmp_path / "mixed")
    with closing(sqlite3.connect(story.folder / "ledger.db")) as connection:
        rows = connection.execute("SELECT * FROM subject_key").fetchall()
    with closing(sqlite3.connect(mixed / "ledger.db")) as connection, connection:
        connection.executemany("INSERT OR REPLACE INTO subject_key VALUES (?, ?, ?, ?)", rows)

    opened = opened_with(mixed, AFTER)

    assert (
        len(opened) == len(blobs_of(mixed)) - len(story.sealed) - 1
    )  # The answer kept for replay.
    assert [blob for blob in story.sealed if blob in opened] == []


def test_the_whole_log_verifies_after_it(story: Story) -> None:
    """The tree is whole; the erasure stands in it and is counted."""
    with LedgerFile.open(story.folder / "ledger.db") as reader:
        summary = verify_ledger(reader, vkey=VKEY)

    assert summary.size == 8
    assert summary.counts["erasure"] == 1


def test_the_receipts_of_before_still_prove_their_entries(story: Story) -> None:
    """Erasing took nothing that a receipt needs."""
    with LedgerFile.open(story.folder / "ledger.db") as reader:
        indexes = [verify_kept_receipt(reader, proof, vkey=VKEY) for proof in story.receipts]

    assert indexes == [1, 2, 3, 4, 5]


def test_the_commitments_say_nothing_without_their_openings(story: Story) -> None:
    """Who guesses the subject cannot check the guess: no key that is left gives the commitment."""
    leaf = parse_leaf(verify_receipt(story.receipts[0], VKEY))
    commitments = leaf["commitments"]
    assert isinstance(commitments, dict)
    committed = b64decode(str(commitments["subject"]))
    left = (*NEXT.epochs.values(), NEXT.period_key, story.row.lookup, b"\x00" * 32)

    guesses = [commit(r, "subject", str(leaf["id"]), 0, SUBJECT) for r in left]

    assert committed not in guesses
    assert committed == commit(
        story.secrets["opening subject of 1"], "subject", str(leaf["id"]), 0, SUBJECT
    )


def test_what_is_not_about_the_person_still_opens(story: Story) -> None:
    """Erasure and rotation cost nobody else anything."""
    reader = open_reader(sqlite_url(story.folder / "ledger.db"), ORIGIN)
    with closing(reader):
        seal = Seal(AFTER, CountedRandom())
        found = {
            (index, row.position): parse_particulars(
                seal.unseal(key, PARTICULARS, f"{index:032x}", row.sealed)
            ).subject
            for index in range(1, 6)
            for row in reader.particulars(index)
            if (key := seal.find_key(row.key_id, reader.subject_key)) is not None
        }

    assert found == {
        (3, 1): OTHERS[0],
        (3, 2): OTHERS[1],
        (3, 3): None,
        (4, 0): None,
        (5, 0): OTHERS[0],
        (5, 1): OTHERS[1],
        (5, 2): None,
    }


def test_without_emptying_the_write_ahead_log_still_holds_it(tmp_path: Path) -> None:
    """What was deleted stands there until it is emptied, which is why an erasure empties it."""
    with kept_log(tmp_path) as log:
        log.gateway.append(make_draft(1))
        row, [sealed], _ = held_for(log)
        means, store = log.keeping.means, log.keeping.store
        keeper = Keeper(log.keeping.appender, means, store, log.reader, lambda: False)

        keeper.erase(SUBJECT, ORDER)

        left = bytes_of(tmp_path)
        assert (sealed in left, row.lookup in left) == (True, True)
        assert log.keeping.store.forget()
        assert sealed not in bytes_of(tmp_path)
