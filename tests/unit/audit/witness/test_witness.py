"""The witness: every answer that the specification names."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, format_checkpoint
from audit.cosignature import read_cosignature
from audit.errors import NoteInvalid, ProofInvalid, WitnessUnsafe
from audit.merkle import EMPTY_ROOT, RootHash
from audit.note import Signer
from audit.witness.state import Seen, Turn, WitnessState
from audit.witness.witness import Answer, Witness, parse_request
from tests.fakes_witness import FORK, LOG, NOW_S, ORIGIN, OTHER_LOG, TREE, WITNESSES, make_request

COSIGNER = WITNESSES[0]
STRANGER = Signer("stranger.example/log", b"q" * 32)
NEW_KEY = Signer(ORIGIN, b"n" * 32)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[WitnessState]:
    """Give the state of a new witness."""
    opened = WitnessState.open(tmp_path / "state.db", create=True)
    yield opened
    opened.close()


@pytest.fixture
def witness(state: WitnessState) -> Witness:
    """Give a witness of two logs, one of which changes its key."""
    logs = {
        ORIGIN: [LOG.verifier, NEW_KEY.verifier],
        OTHER_LOG.name: [OTHER_LOG.verifier],
    }
    return Witness(COSIGNER, logs, state, lambda: NOW_S)


def _seen(state: WitnessState, origin: str = ORIGIN) -> Seen:
    with state.turn(origin) as turn:
        return turn.seen


def test_the_first_checkpoint_is_cosigned(witness: Witness, state: WitnessState) -> None:
    """The answer is one line that verifies, and the state knows the tree."""
    answer = witness.add_checkpoint(TREE.request(0, 5))

    assert answer.status == 200
    assert read_cosignature(answer.body, TREE.text(5), COSIGNER.key).at_s == NOW_S
    assert _seen(state) == Seen(5, TREE.frontier(5).root)


def test_a_consistent_checkpoint_is_cosigned(witness: Witness, state: WitnessState) -> None:
    """From each size to a larger one, with its proof."""
    witness.add_checkpoint(TREE.request(0, 5))

    assert witness.add_checkpoint(TREE.request(5, 13)).status == 200
    assert _seen(state).size == 13


def test_the_same_checkpoint_is_cosigned_again(witness: Witness) -> None:
    """A log without new entries shows that it is still watched."""
    witness.add_checkpoint(TREE.request(0, 5))

    assert witness.add_checkpoint(make_request(5, [], TREE.note(5))).status == 200


def test_logs_are_apart(witness: Witness, state: WitnessState) -> None:
    """What one log did says nothing about another."""
    witness.add_checkpoint(TREE.request(0, 5))

    assert witness.add_checkpoint(TREE.request(0, 3, OTHER_LOG)).status == 200
    assert _seen(state).size == 5
    assert _seen(state, OTHER_LOG.name).size == 3


def test_either_key_of_a_log_will_do(witness: Witness) -> None:
    """A log that changes its key is the same log; an unknown signature beside it is ignored."""
    witness.add_checkpoint(TREE.request(0, 5))
    note = TREE.note(9, NEW_KEY) + STRANGER.sign(TREE.text(9)).partition(b"\n\n")[2]

    assert witness.add_checkpoint(make_request(5, TREE.path(5, 9), note)).status == 200


def test_extension_lines_of_a_log_are_cosigned_with_it(witness: Witness) -> None:
    """They belong to the signed text."""
    text = TREE.text(5) + b"an extension\n"

    answer = witness.add_checkpoint(make_request(0, [], LOG.sign(text)))

    assert answer.status == 200
    read_cosignature(answer.body, text, COSIGNER.key)


def test_an_unknown_log_is_not_found(witness: Witness) -> None:
    """404, whatever its signature."""
    assert witness.add_checkpoint(TREE.request(0, 5, STRANGER)).status == 404


def _forged() -> bytes:
    note = TREE.note(5)
    return note.replace(b"\n5\n", b"\n6\n")


@pytest.mark.parametrize("note", [STRANGER.sign(TREE.text(5)), _forged()])
def test_a_checkpoint_that_the_log_did_not_sign_is_forbidden(
    witness: Witness, state: WitnessState, note: bytes
) -> None:
    """403: no signature by a known key, or a wrong one; nothing is recorded."""
    assert witness.add_checkpoint(make_request(0, [], note)).status == 403
    assert _seen(state).size == 0


def test_an_old_size_above_the_new_one_is_a_bad_request(witness: Witness) -> None:
    """400."""
    witness.add_checkpoint(TREE.request(0, 5))

    assert witness.add_checkpoint(make_request(6, [], TREE.note(5))).status == 400


@pytest.mark.parametrize(("old", "new"), [(0, 13), (4, 13), (5, 5), (12, 13), (0, 0)])
def test_another_old_size_is_told_the_true_one(witness: Witness, old: int, new: int) -> None:
    """409 with the size in a type of its own."""
    witness.add_checkpoint(TREE.request(0, 9))

    assert witness.add_checkpoint(TREE.request(old, new)) == Answer(409, b"9\n", "text/x.tlog.size")


def test_a_log_that_was_never_seen_is_told_zero(witness: Witness) -> None:
    """The size of nothing."""
    assert witness.add_checkpoint(TREE.request(3, 5)).body == b"0\n"


@pytest.mark.parametrize(
    "body",
    [
        make_request(9, [], TREE.note(13)),
        make_request(9, TREE.path(9, 13)[:-1], TREE.note(13)),
        make_request(9, [*TREE.path(9, 13), b"x" * 32], TREE.note(13)),
        make_request(9, TREE.path(9, 13), FORK.note(13)),
        make_request(9, FORK.path(9, 13), FORK.note(13)),
        make_request(9, [b"x" * 32], TREE.note(9)),
    ],
)
def test_an_inconsistent_checkpoint_is_unprocessable(
    witness: Witness, state: WitnessState, body: bytes
) -> None:
    """422: the new tree does not begin with the old one; the state stays."""
    witness.add_checkpoint(TREE.request(0, 9))

    assert witness.add_checkpoint(body).status == 422
    assert _seen(state) == Seen(9, TREE.frontier(9).root)


def test_a_proof_from_nothing_is_unprocessable(witness: Witness) -> None:
    """With old size 0 the proof must be empty."""
    assert witness.add_checkpoint(make_request(0, [b"x" * 32], TREE.note(5))).status == 422


def test_another_root_at_the_same_size_is_a_conflict(witness: Witness, state: WitnessState) -> None:
    """409: this is a fork."""
    witness.add_checkpoint(TREE.request(0, 9))

    answer = witness.add_checkpoint(make_request(9, [], FORK.note(9)))

    assert answer.status == 409
    assert answer.kind != "text/x.tlog.size"
    assert _seen(state) == Seen(9, TREE.frontier(9).root)


@pytest.mark.parametrize(("root", "status"), [(EMPTY_ROOT, 200), (RootHash(b"x" * 32), 422)])
def test_the_empty_tree_has_one_root(witness: Witness, root: RootHash, status: int) -> None:
    """A checkpoint of size 0 is cosigned with the root of nothing only."""
    note = LOG.sign(format_checkpoint(Checkpoint(ORIGIN, 0, root)))

    assert witness.add_checkpoint(make_request(0, [], note)).status == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0",
        b"old 0\n",
        b"old 0\n\n",
        b"old  0\n\n" + TREE.note(5),
        b"old 00\n\n" + TREE.note(5),
        b"old +1\n\n" + TREE.note(5),
        b"OLD 0\n\n" + TREE.note(5),
        b"old 0\r\n\n" + TREE.note(5),
        b"old 0\nnot base64\n\n" + TREE.note(5),
        b"old 0\n" + TREE.note(5),
        b"\nold 0\n\n" + TREE.note(5),
        make_request(0, [b"x" * 31], TREE.note(5)),
        make_request(0, [b"x" * 32] * 64, TREE.note(5)),
        make_request(0, [], TREE.text(5)),
        make_request(0, [], TREE.note(5)[:-1]),
        make_request(0, [], LOG.sign(b"no checkpoint\n")),
        make_request(0, [], LOG.sign(TREE.text(5) + b"\n")),
        make_request(0, [], LOG.sign(TREE.text(5) + b"one\n\ntwo\n")),
        make_request(0, [], LOG.sign(b"%s\n%d\n%s\n" % (ORIGIN.encode(), 2**63, b"A" * 43 + b"="))),
    ],
)
def test_a_malformed_request_is_a_bad_one(witness: Witness, body: bytes) -> None:
    """400, before anything is looked up."""
    assert witness.add_checkpoint(body).status == 400


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_refused(body: bytes) -> None:
    """The parser knows two errors and no others."""
    with pytest.raises((NoteInvalid, ProofInvalid)):
        parse_request(b"old " + body)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 700), value=st.integers(0, 255))
def test_no_changed_byte_is_cosigned(witness: Witness, place: int, value: int) -> None:
    """A request with one byte changed is refused, or cosigns the very same checkpoint."""
    body = bytearray(TREE.request(0, 5))
    body[place % len(body)] = value

    answer = witness.add_checkpoint(bytes(body))

    assert answer.status != 200 or _is_cosigned(answer.body)


def _is_cosigned(lines: bytes) -> bool:
    return read_cosignature(lines, TREE.text(5), COSIGNER.key).at_s == NOW_S


def test_a_step_that_fails_changes_nothing(state: WitnessState) -> None:
    """An exception inside the turn passes through and is rolled back."""

    def fail(turn: Turn) -> None:
        turn.recorded = Seen(5, TREE.frontier(5).root)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), state.turn(ORIGIN) as turn:
        fail(turn)

    assert _seen(state) == Seen()


def test_a_state_that_cannot_be_reached_is_an_error(state: WitnessState) -> None:
    """Then nothing is cosigned."""
    state.close()

    with pytest.raises(sqlite3.Error), state.turn(ORIGIN):
        pass


def test_a_transaction_that_the_database_ended_is_not_rolled_back_twice(
    state: WitnessState,
) -> None:
    """The error that comes out is the one that happened."""
    with pytest.raises(sqlite3.Error), state.turn(ORIGIN):
        state._connection.execute("ROLLBACK")


def test_a_state_remembers(tmp_path: Path) -> None:
    """What was recorded is there when it is opened again."""
    first = WitnessState.open(tmp_path / "state.db", create=True)
    with first.turn(ORIGIN) as turn:
        turn.recorded = Seen(5, TREE.frontier(5).root)
    first.close()

    again = WitnessState.open(tmp_path / "state.db", create=False)

    assert _seen(again).size == 5
    again.close()


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()


def test_a_missing_state_is_refused(tmp_path: Path) -> None:
    """A witness never begins anew unless it is told to."""
    with pytest.raises(WitnessUnsafe):
        WitnessState.open(tmp_path / "state.db", create=False)


def test_a_state_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Nor can it begin where there is no place."""
    with pytest.raises(WitnessUnsafe):
        WitnessState.open(tmp_path / "no" / "state.db", create=True)


def test_another_database_is_no_state(tmp_path: Path) -> None:
    """A file with tables of somebody else is left alone."""
    _foreign(tmp_path / "state.db")

    with pytest.raises(WitnessUnsafe):
        WitnessState.open(tmp_path / "state.db", create=True)


def test_a_file_that_is_no_database_is_no_state(tmp_path: Path) -> None:
    """Nor is any other file."""
    (tmp_path / "state.db").write_bytes(b"x" * 5000)

    with pytest.raises(WitnessUnsafe):
        WitnessState.open(tmp_path / "state.db", create=True)
