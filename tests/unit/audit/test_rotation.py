"""Rotation: every key under a new epoch key, in one transaction."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.entry import parse_leaf
from audit.errors import AppendFailed, KeyInvalid, KeysRotated, SealInvalid
from audit.keeping import Keeper, keys_of_epoch, next_keys, rewrap_all
from audit.proof import verify_receipt
from audit.seal import Seal, SealKeys
from audit.storage.contract import SubjectKey
from tests.fakes_audit import SUBJECT, VKEY, CountedRandom, make_draft, make_seal
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


@pytest.fixture
def log(tmp_path: Path) -> Iterator[KeptLog]:
    """Open a log with a keeper beside its gateway."""
    with kept_log(tmp_path) as opened:
        yield opened


def looked(log: KeptLog, number: int) -> dict[int, bytes | None]:
    """Give by position the subjects that a look into an entry shows."""
    look = log.keeper.look(f"{number:032x}", "functionaris", ORDER)
    return {position: particulars.subject for position, particulars in look.seen.items()}


def test_a_rotation_wraps_every_key_anew(tmp_path: Path) -> None:
    """The new epoch key alone opens what was sealed before; the entry tells the epoch."""
    with kept_log(tmp_path) as log:
        log.gateway.append(make_draft(1), nobody_draft(2), several_draft(3), replayed_draft(4))
        receipt = log.keeper.rotate(NEXT)

    told = parse_leaf(verify_receipt(receipt.proof, VKEY))
    assert (told["type"], told["epoch"], "commitments" in told) == ("keyset", 2, False)
    with kept_log(tmp_path, AFTER) as log:
        assert {row.epoch for row in log.reader.subject_keys()} == {2}
        assert looked(log, 1) == {0: SUBJECT}
        assert looked(log, 2) == {0: None}
        assert looked(log, 3) == {0: SUBJECT, 1: OTHERS[0], 2: OTHERS[1], 3: None}


def test_a_gateway_with_the_old_keys_stops_after_a_rotation(log: KeptLog) -> None:
    """It signs nothing more, and seals nothing under a key that is to be destroyed."""
    log.gateway.append(make_draft(1))
    log.keeper.rotate(NEXT)
    size = log.size

    with pytest.raises(KeysRotated):
        log.gateway.append(make_draft(2))

    assert log.size == size


def test_a_keeper_that_rotated_records_nothing_more(log: KeptLog) -> None:
    """It holds the old keys."""
    log.gateway.append(make_draft(1))
    log.keeper.rotate(NEXT)

    with pytest.raises(KeysRotated):
        log.keeper.erase(SUBJECT, ORDER)
    with pytest.raises(KeysRotated):
        log.keeper.rotate(NEXT)


@pytest.mark.parametrize(
    "keys",
    [
        KEYS,
        SealKeys({1: b"e" * 32, 3: b"n" * 32}, b"p" * 32),
        SealKeys({1: b"e" * 32, 2: b"n" * 32}, b"q" * 32),
    ],
    ids=["the same", "an epoch left out", "another period"],
)
def test_only_the_next_keys_of_this_log_are_rotated_to(log: KeptLog, keys: SealKeys) -> None:
    """Anything else would lose keys or persons."""
    with pytest.raises(KeyInvalid):
        log.keeper.rotate(keys)


def test_keys_that_cannot_be_unwrapped_stop_a_rotation(log: KeptLog) -> None:
    """Nothing is moved, and nothing lost."""
    log.gateway.append(make_draft(1))

    with pytest.raises(SealInvalid):
        log.keeper.rotate(SealKeys({2: b"n" * 32}, b"p" * 32))

    assert looked(log, 1) == {0: SUBJECT}


class Meddling:
    """Randomness that lets another writer make a key while keys are wrapped, so many times."""

    def __init__(self, log: KeptLog, times: int) -> None:
        self._log = log
        self._times = times
        self._random = CountedRandom(b"meddling")

    def __call__(self, size: int) -> bytes:
        """Give the next bytes, after another writer wrote about a new person."""
        if self._times:
            self._times -= 1
            subject = b"99991%04d" % self._times
            self._log.gateway.append(replace(make_draft(100 + self._times), subject=subject))
        return self._random(size)


def test_a_key_made_during_a_rotation_goes_along(log: KeptLog) -> None:
    """The rotation is tried again with the keys that came in the meantime."""
    log.gateway.append(make_draft(1))
    means = replace(log.keeping.means, random=Meddling(log, 2))
    keeper = Keeper(log.keeping.appender, means, log.keeping.store, log.reader, lambda: True)

    keeper.rotate(NEXT)

    assert [row.epoch for row in log.reader.subject_keys()] == [2, 2, 2]


def test_a_rotation_that_never_catches_up_moves_nothing(log: KeptLog) -> None:
    """It is refused in the end, and the log goes on in its epoch."""
    log.gateway.append(make_draft(1))
    means = replace(log.keeping.means, random=Meddling(log, 1000))
    keeper = Keeper(log.keeping.appender, means, log.keeping.store, log.reader, lambda: True)

    with pytest.raises(AppendFailed):
        keeper.rotate(NEXT)

    assert {row.epoch for row in log.reader.subject_keys()} == {1}


def test_the_next_keys_hold_the_ones_before() -> None:
    """Until the rotation is done both are needed."""
    assert next_keys(KEYS, b"n" * 32).epochs == {1: b"e" * 32, 2: b"n" * 32}


@pytest.mark.parametrize("key", [b"n" * 31, b"e" * 32, b"p" * 32], ids=["short", "old", "period"])
def test_the_next_key_is_a_new_one(key: bytes) -> None:
    """The old one again would rotate nothing."""
    with pytest.raises(KeyInvalid):
        next_keys(KEYS, key)


def test_after_a_rotation_one_epoch_is_kept() -> None:
    """The old epoch key is not among the keys any more."""
    assert keys_of_epoch(NEXT, 2) == SealKeys({2: b"n" * 32}, b"p" * 32)


def test_keys_of_an_epoch_that_is_not_held_are_refused() -> None:
    """Nobody is left with no key at all."""
    with pytest.raises(KeyInvalid):
        keys_of_epoch(NEXT, 3)


def test_a_key_is_wrapped_once() -> None:
    """What was wrapped in an earlier round is taken as it is."""
    row, _ = make_seal().new_key(b"l" * 32)
    wrapped: dict[bytes, SubjectKey] = {}
    seal = Seal(NEXT, CountedRandom())

    first = rewrap_all(iter([row]), seal, wrapped)

    assert rewrap_all(iter([row]), seal, wrapped) == first
