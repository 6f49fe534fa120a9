"""The verifier: what is sound passes, and each defect is named with its first index."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from audit.bundle import Enclosed, write_bundle
from audit.checkpoint import Checkpoint, format_checkpoint
from audit.entry import Receipt
from audit.errors import Defect, KeyMismatch, StampInvalid, VerificationFailed
from audit.merkle import EMPTY_ROOT, Frontier, RootHash, grow, leaf_hash
from audit.verifier.command import open_ledger
from audit.verifier.file import LedgerFile
from audit.verifier.signed import Demands, Stamped
from audit.verifier.verify import Summary, verify_kept_receipt, verify_ledger
from audit.witness.policy import parse_policy
from tests.fakes_audit import ORIGIN, START_MS, VKEY, make_signer
from tests.made_ledger import POLICY, Made, disclosure, genesis, make_ledger, retention, story

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
        ("UPDATE entry SET leaf_hash = 'x' WHERE \"index\" = 7", 7, Defect.LEAF_HASH),
        ('UPDATE entry SET leaf_hash = zeroblob(32) WHERE "index" = 7', 7, Defect.LEAF_HASH),
        ("UPDATE entry SET leaf = 'x' WHERE \"index\" = 7", 7, Defect.LEAF_HASH),
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
        ("DELETE FROM checkpoint", 0, Defect.HEAD),
    ],
)
def test_a_defect_is_named_with_its_first_index(
    altered: Alter, statement: str, index: int, defect: Defect
) -> None:
    """One statement against the file is one defect."""
    assert found(altered(statement)) == (index, defect)


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

    assert found(path) == (4, Defect.ROOT)


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
    """The key holder cannot lie either, once the entries are shown."""
    path = altered(
        "UPDATE checkpoint SET note = ? WHERE size = 256", values=(note(256, b"0" * 32),)
    )

    assert found(path) == (250, Defect.ROOT)


def verified(made: Made, folder: Path) -> Summary:
    """Verify a ledger that was made."""
    with open_ledger(made.write(folder / "made.db")) as reader:
        return verify_ledger(reader, vkey=VKEY)


def test_two_gateways_count_for_themselves(tmp_path: Path) -> None:
    """Each has counters of its own, without a gap."""
    other = disclosure(0, id="02" * 16, gateway="gw-2", time=START_MS + 1)

    assert verified(make_ledger([genesis(), disclosure(1), other]), tmp_path).size == 3


def test_an_empty_ledger_is_sound(tmp_path: Path) -> None:
    """There is nothing to be found in it, nor to be dated."""
    made = Made(head=(0, EMPTY_ROOT))

    summary = verified(made, tmp_path)

    assert (summary.size, summary.checkpoints, summary.dated.newest_ms) == (0, 0, None)


def test_a_ledger_in_which_nothing_is_canonical_has_one_first_defect(tmp_path: Path) -> None:
    """Of several entries that are wrong in themselves, the first is told."""
    with pytest.raises(VerificationFailed) as caught:
        verified(make_ledger([b"[]", b"\xff", b"[" * 4000, b'{"a":1.5}']), tmp_path)

    assert (caught.value.index, caught.value.defect) == (0, Defect.LEAF_FORM)


@pytest.mark.parametrize("leaf", [b"[]", b"\xff", b"[" * 4000, b'{"a":1.5}', b"", b"{}"])
def test_a_leaf_that_is_no_leaf_is_a_defect(tmp_path: Path, leaf: bytes) -> None:
    """Whatever stands there, it is told and not tripped over."""
    with pytest.raises(VerificationFailed) as caught:
        verified(make_ledger([genesis(), leaf]), tmp_path)

    assert caught.value.defect in {Defect.LEAF_FORM, Defect.SCHEMA}
    assert caught.value.index == 1


def test_an_edit_that_breaks_the_tree_comes_before_one_that_was_signed(tmp_path: Path) -> None:
    """The tree is checked before the story: what was changed afterwards is told first."""
    made = make_ledger([*story(300)[:7], disclosure(7, time=0), *story(300)[8:]], [256])
    other = make_ledger(story(301)[1:], [256])
    made.entries[270:] = other.entries[270:300]

    with pytest.raises(VerificationFailed) as caught:
        verified(made, tmp_path)

    assert (caught.value.index, caught.value.defect) == (256, Defect.ROOT)


def test_pruned_entries_are_sound_when_an_entry_says_so(tmp_path: Path) -> None:
    """The genesis may be among them, and counters go on from what is known."""
    made = make_ledger([*story(600), retention(600, 512)], [256]).prune(512)

    summary = verified(made, tmp_path)

    assert (summary.absent, summary.pruned_below, summary.counts["disclosure"]) == (512, 512, 88)
    assert (summary.first_ms, summary.last_ms) == (START_MS + 512, START_MS + 600)


def after_pruning(first: int, second: int) -> Made:
    """Give a ledger of 256 absent entries, after which two gateways go on with these counters."""
    last = {**retention(first + 1, 256), "time": START_MS + 400, "id": "0c" * 16}
    after = [
        disclosure(first, id="0a" * 16, time=START_MS + 300),
        disclosure(second, id="0b" * 16, time=START_MS + 300, gateway="gw-2"),
    ]
    return make_ledger([*story(256), *after, last]).prune(256)


@pytest.mark.parametrize(("first", "second"), [(256, 0), (200, 56), (0, 0)])
def test_absent_entries_explain_the_gaps_in_counters(
    tmp_path: Path, first: int, second: int
) -> None:
    """Each absent entry had one counter of one gateway."""
    assert verified(after_pruning(first, second), tmp_path).absent == 256


@pytest.mark.parametrize(("first", "second", "index"), [(257, 0, 256), (200, 57, 257)])
def test_absent_entries_explain_no_more_gaps_than_they_are(
    tmp_path: Path, first: int, second: int, index: int
) -> None:
    """More missing counters than absent entries is an entry that was never written."""
    with pytest.raises(VerificationFailed) as caught:
        verified(after_pruning(first, second), tmp_path)

    assert (caught.value.index, caught.value.defect) == (index, Defect.COUNTER)


def test_a_counter_may_not_jump_where_nothing_is_absent(tmp_path: Path) -> None:
    """What is absent elsewhere explains no gap here."""
    leaves = [*story(300), disclosure(301), {**retention(302, 256)}]

    with pytest.raises(VerificationFailed) as caught:
        verified(make_ledger(leaves).prune(256), tmp_path)

    assert (caught.value.index, caught.value.defect) == (300, Defect.COUNTER)


def quorum_of(made: Made, policy: bytes, folder: Path) -> int | None:
    """Give the size of the checkpoint that makes the quorum, if there is one."""
    with open_ledger(made.write(folder / "made.db")) as reader:
        summary = verify_ledger(reader, vkey=VKEY, demands=Demands(parse_policy(policy)))
    quorum = summary.dated.quorum
    return None if quorum is None else quorum.size


def test_the_newest_cosigned_checkpoint_makes_the_quorum(tmp_path: Path) -> None:
    """There may be newer ones that no witness has seen yet."""
    made = make_ledger(story(300), [4, 256]).cosign(4).cosign(256)

    assert quorum_of(made, POLICY, tmp_path) == 256


def test_a_policy_without_witnesses_asks_for_none(tmp_path: Path) -> None:
    """Then it does not matter that nobody cosigned."""
    assert quorum_of(make_ledger(story(3)), b"quorum none\n", tmp_path) is None


@pytest.mark.parametrize(("age_ms", "stale"), [(1000, False), (999, True)])
def test_an_age_is_that_of_the_newest_entry(tmp_path: Path, age_ms: int, *, stale: bool) -> None:
    """It is told by its own time, against the clock of the auditor."""
    made = make_ledger(story(3))
    demands = Demands(now_ms=START_MS + 2 + 1000, max_age_ms=age_ms)
    refused = pytest.raises(VerificationFailed) if stale else nullcontext()
    with open_ledger(made.write(tmp_path / "made.db")) as reader, refused:
        assert verify_ledger(reader, vkey=VKEY, demands=demands).dated.newest_ms == START_MS + 2


def test_the_clocks_of_witnesses_come_before_that_of_the_log(tmp_path: Path) -> None:
    """A log that dates itself in the future is still as old as its last cosignature."""
    made = make_ledger([genesis(), disclosure(1, time=START_MS + 10**9)], [1]).cosign(1)
    demands = Demands(parse_policy(POLICY), START_MS + 10**9, 1000)

    with (
        open_ledger(made.write(tmp_path / "made.db")) as reader,
        pytest.raises(VerificationFailed) as caught,
    ):
        verify_ledger(reader, vkey=VKEY, demands=demands)

    assert caught.value.defect == Defect.STALE


def test_a_stamp_counts_for_a_checkpoint_of_this_very_log(tmp_path: Path) -> None:
    """The newest stamp that is sound is told."""
    path = make_ledger(story(5), [3]).write(tmp_path / "made.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("INSERT INTO stamp VALUES (3, x'03'), (5, x'05')")

    def check(_note: bytes, response: bytes) -> int:
        if response != b"\x03":
            raise StampInvalid("not this one")
        return 7

    with open_ledger(path) as reader:
        summary = verify_ledger(reader, vkey=VKEY, demands=Demands(check_stamp=check))

    assert summary.dated.stamped == Stamped(3, 7)


def test_a_stamp_over_another_tree_does_not_count(tmp_path: Path) -> None:
    """The log may have signed it, but it is none of these checkpoints."""
    made = make_ledger(story(5), [3])
    write_bundle(made.store(), tmp_path / "bundle", enclosed=Enclosed(stamps={3: b"x"}))
    (tmp_path / "bundle" / "stamps" / "3.note").write_bytes(note(3, b"0" * 32))

    with (
        open_ledger(tmp_path / "bundle") as reader,
        pytest.raises(VerificationFailed) as caught,
    ):
        verify_ledger(reader, vkey=VKEY, demands=Demands(check_stamp=lambda _n, _r: 7))

    assert caught.value.defect == Defect.STAMP


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


def test_a_log_tells_what_it_comes_after(tmp_path: Path) -> None:
    """The checkpoint in the first entry is read; the log before must have that root."""
    before = note(88, b"r" * 32, "waterveen.example/disclosures/2025")
    path = make_ledger([{**genesis(), "previous": before.decode()}]).write(tmp_path / "ledger.db")

    with LedgerFile.open(path) as reader:
        summary = verify_ledger(reader, vkey=VKEY)

    expected = Checkpoint("waterveen.example/disclosures/2025", 88, RootHash(b"r" * 32))
    assert summary.continues == expected
