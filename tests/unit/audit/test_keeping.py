"""Erasing, pruning, rotating and looking: what each does, and the entry that records it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from audit.entry import Json, parse_leaf
from audit.errors import (
    LeafInvalid,
    NothingToErase,
    NothingToOpen,
)
from audit.keeping import (
    Keeper,
    Order,
    open_commitments,
)
from audit.proof import verify_receipt
from audit.reading import LedgerReader
from audit.subjects import prove_person, verify_person
from audit.verifier.opening import check_opening, format_opening
from tests.fakes_audit import (
    ORIGIN,
    SUBJECT,
    VKEY,
    FixedClock,
    make_draft,
    make_seal,
)
from tests.fakes_keeping import (
    AFTER,
    NEXT,
    ORDER,
    OTHERS,
    KeptLog,
    kept_log,
    nobody_draft,
    replayed_draft,
    several_draft,
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[KeptLog]:
    """Open a log with a keeper beside its gateway."""
    with kept_log(tmp_path) as opened:
        yield opened


def told_by(proof: bytes) -> dict[str, Json]:
    """Give what a receipt proves, without what every entry has."""
    leaf = parse_leaf(verify_receipt(proof, VKEY))
    every = ("v", "id", "time", "gateway", "counter")
    return {key: value for key, value in leaf.items() if key not in every}


def replay_of(log: KeptLog, number: int) -> bytes | None:
    """Give the answer kept for a request, as the gateway would."""
    reader = LedgerReader(log.reader, origin=ORIGIN, seal=make_seal(), clock_ms=FixedClock())
    replay = reader.replay(f"{number:032x}")
    return None if replay is None else replay.answer


def looked(log: KeptLog, number: int, subject: bytes | None = None) -> dict[int, bytes | None]:
    """Give by position the subjects that a look into an entry shows."""
    look = log.keeper.look(f"{number:032x}", "functionaris", ORDER, subject)
    return {position: particulars.subject for position, particulars in look.seen.items()}


def test_an_erasure_takes_all_that_was_sealed_for_a_person(log: KeptLog) -> None:
    """Particulars, answers and the key are gone; the entry names the random key id alone."""
    log.gateway.append(make_draft(1), replayed_draft(2))
    [row] = log.reader.subject_keys()

    report = log.keeper.erase(SUBJECT, ORDER)

    told = told_by(report.receipt.proof)
    commitments = told.pop("commitments")
    assert told == {"type": "erasure", "key": row.key_id.hex(), "ground": "client_request"}
    assert isinstance(commitments, dict)
    assert commitments.keys() == {"professional", "justification"}
    assert (report.key_id, report.emptied) == (row.key_id, True)
    assert [log.reader.particulars(1), log.reader.particulars(2)] == [[], []]
    assert replay_of(log, 2) is None
    assert log.reader.subject_key(row.key_id) is None


def test_an_erasure_leaves_others_alone(log: KeptLog) -> None:
    """What is sealed for another person, and for nobody, still opens."""
    other = replace(replayed_draft(2), subject=OTHERS[0])
    log.gateway.append(make_draft(1), other, nobody_draft(3))

    log.keeper.erase(SUBJECT, ORDER)

    assert replay_of(log, 2) == b"the answer itself"
    assert looked(log, 2) == {0: OTHERS[0]}
    assert looked(log, 3) == {0: None}


def test_a_person_for_whom_nothing_is_sealed_leaves_no_entry(log: KeptLog) -> None:
    """Nothing tells that somebody asked for it."""
    log.gateway.append(make_draft(1))
    size = log.size

    with pytest.raises(NothingToErase):
        log.keeper.erase(OTHERS[0], ORDER)

    assert log.size == size


def test_a_second_erasure_has_nothing_to_erase(log: KeptLog) -> None:
    """The key is gone with the first."""
    log.gateway.append(make_draft(1))
    log.keeper.erase(SUBJECT, ORDER)

    with pytest.raises(NothingToErase):
        log.keeper.erase(SUBJECT, ORDER)


def test_an_erasure_that_was_cut_short_is_finished_by_asking_again(log: KeptLog) -> None:
    """The database is emptied also where the key is gone already."""
    left, means, store = iter([True]), log.keeping.means, log.keeping.store
    keeper = Keeper(log.keeping.appender, means, store, log.reader, lambda: next(left))

    with pytest.raises(NothingToErase):
        keeper.erase(SUBJECT, ORDER)

    assert list(left) == []


def test_a_gateway_goes_on_with_a_fresh_key_after_an_erasure(log: KeptLog) -> None:
    """What is recorded about the person later is sealed under a key that was never destroyed."""
    log.gateway.append(make_draft(1))
    erased = log.keeper.erase(SUBJECT, ORDER).key_id

    log.gateway.append(make_draft(2))

    [row] = log.reader.particulars(3)
    assert row.key_id != erased
    assert looked(log, 2) == {0: SUBJECT}


def test_the_key_of_nobody_cannot_be_erased(log: KeptLog) -> None:
    """No subject leads to it, not even the bytes of its own look-up."""
    log.gateway.append(nobody_draft(1))

    with pytest.raises(NothingToErase):
        log.keeper.erase(make_seal().nobody, ORDER)


def test_an_order_whose_ground_is_no_word_does_nothing(log: KeptLog) -> None:
    """The erasure is undone with its entry."""
    log.gateway.append(make_draft(1))

    with pytest.raises(LeafInvalid):
        log.keeper.erase(SUBJECT, replace(ORDER, ground="Verzoek van cliënt"))

    assert looked(log, 1) == {0: SUBJECT}


def test_an_order_without_a_justification_commits_to_the_professional_alone(log: KeptLog) -> None:
    """Nothing is committed to that was not given."""
    log.gateway.append(make_draft(1))

    report = log.keeper.erase(SUBJECT, Order("client_request", b"functionaris-3"))

    commitments = told_by(report.receipt.proof)["commitments"]
    assert isinstance(commitments, dict)
    assert commitments.keys() == {"professional"}


def test_a_report_says_that_a_reader_kept_the_write_ahead_log(tmp_path: Path) -> None:
    """The officer learns that the file is to be emptied again."""
    with kept_log(tmp_path) as log:
        log.gateway.append(make_draft(1))
        means, store = log.keeping.means, log.keeping.store
        keeper = Keeper(log.keeping.appender, means, store, log.reader, lambda: False)

        report = keeper.erase(SUBJECT, ORDER)

    assert not report.emptied


def test_erasing_one_person_leaves_the_proofs_of_the_others_whole(log: KeptLog) -> None:
    """Their part of the entry can be proven afresh, and what is common still opens."""
    draft = several_draft(1)
    [receipt] = log.gateway.append(draft)

    log.keeper.erase(OTHERS[0], ORDER)
    look = log.keeper.look(draft.request_id, "functionaris", ORDER)

    proofs = {place: prove_person(look.seen[place], place) for place in (0, 2)}
    leaves = [
        verify_person(
            proof,
            receipt.proof,
            VKEY,
            subject=draft.persons[place].subject,
            content=draft.persons[place].content,
        )
        for place, proof in proofs.items()
    ]
    assert look.seen.keys() == {0, 2, 3}
    assert leaves == [receipt.leaf] * 2


def test_a_look_can_be_for_one_person_alone(log: KeptLog) -> None:
    """Whoever proves the part of one person need not see the others."""
    log.gateway.append(several_draft(1))

    assert looked(log, 1, OTHERS[1]) == {2: OTHERS[1]}


def test_a_look_for_a_person_who_is_not_in_the_entry_shows_nothing(log: KeptLog) -> None:
    """Neither one who is known elsewhere nor one who is not known at all; nothing is recorded."""
    log.gateway.append(several_draft(1), replace(make_draft(2), subject=b"999990044"))
    size = log.size

    with pytest.raises(NothingToOpen):
        looked(log, 1, b"999990044")
    with pytest.raises(NothingToOpen):
        looked(log, 1, b"999990056")

    assert log.size == size


def test_a_look_is_recorded(log: KeptLog) -> None:
    """The entry names the entry, the role and the ground, and commits to who looked."""
    log.gateway.append(make_draft(1))

    look = log.keeper.look(f"{1:032x}", "functionaris", ORDER)

    told = told_by(look.receipt.proof)
    commitments = told.pop("commitments")
    assert told == {
        "type": "access",
        "entry": f"{1:032x}",
        "role": "functionaris",
        "ground": "client_request",
    }
    assert isinstance(commitments, dict)
    assert commitments.keys() == {"professional", "justification"}
    assert look.seen[0].values["professional"] == b"medewerker-17"


def test_no_receipt_no_look(log: KeptLog) -> None:
    """What cannot be recorded shows nothing."""
    log.gateway.append(make_draft(1))

    with pytest.raises(LeafInvalid):
        log.keeper.look(f"{1:032x}", "", ORDER)


@pytest.mark.parametrize("number", [0, 9])
def test_a_look_where_nothing_is_sealed_leaves_no_entry(log: KeptLog, number: int) -> None:
    """Neither for an entry that was erased nor for one that never was."""
    log.gateway.append(make_draft(0))
    log.keeper.erase(SUBJECT, ORDER)
    size = log.size

    with pytest.raises(NothingToOpen):
        looked(log, number)

    assert log.size == size


def test_what_was_sealed_under_an_epoch_key_itself_goes_with_that_key(tmp_path: Path) -> None:
    """Version 0.1.0 did so for nobody: after a rotation a look is recorded and shows nothing."""
    with kept_log(tmp_path) as log:
        log.gateway.append(nobody_draft(1))
        log.keeper.rotate(NEXT)
    with closing(sqlite3.connect(log.path)) as connection, connection:
        connection.execute("UPDATE particulars SET key_id = x''")

    with kept_log(tmp_path, AFTER) as log:
        assert looked(log, 1) == {}


def test_openings_have_the_values_that_are_kept_or_given(log: KeptLog) -> None:
    """The content is not kept: whoever has it gives it. Without its value nothing is opened."""
    draft = make_draft(1)
    log.gateway.append(draft)
    look = log.keeper.look(draft.request_id, "functionaris", ORDER)

    openings = open_commitments(look, {"content": draft.committed["content"]})

    told = {opening.label: opening.value for opening in openings}
    assert told == {label: v for label, v in draft.committed.items() if label != "request"}


@pytest.mark.parametrize("label", ["subject", "request", "content", "professional"])
def test_what_was_seen_opens_the_commitments(log: KeptLog, label: str) -> None:
    """Each opening is what the verifier asks for."""
    draft = make_draft(1)
    [receipt] = log.gateway.append(draft)
    look = log.keeper.look(draft.request_id, "functionaris", ORDER)

    opened = {opening.label: opening for opening in open_commitments(look, draft.committed)}

    check_opening(look.index, format_opening(opened[label]), receipt.leaf)


def test_what_several_persons_share_is_opened_without_naming_them(log: KeptLog) -> None:
    """The parts of the persons are left to their own proofs."""
    draft = several_draft(1)
    log.gateway.append(draft)

    openings = open_commitments(log.keeper.look(draft.request_id, "functionaris", ORDER), {})

    assert {opening.label for opening in openings} == {"professional", "justification"}
