"""Commitments and sealed particulars."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace

import pytest

from audit.errors import KeyInvalid, SealInvalid
from audit.seal import (
    CACHED_KEYS,
    PARTICULARS,
    REPLAY,
    KeyCache,
    Part,
    Particulars,
    Seal,
    SealKeys,
    commit,
    format_particulars,
    parse_particulars,
)
from audit.storage.contract import SubjectKey
from tests.fakes_audit import SUBJECT, CountedRandom, make_seal

R = b"r" * 32
ID = "0c" * 16
TWO_EPOCHS = SealKeys({1: b"e" * 32, 2: b"f" * 32}, b"p" * 32)


def seal_of(keys: SealKeys) -> Seal:
    """Give a seal with these keys."""
    return Seal(keys, CountedRandom(b"other"))


def no_row(_key_id: bytes) -> SubjectKey | None:
    """Find no wrapped key at all."""
    return None


def test_a_commitment_is_what_the_format_says_to_the_byte() -> None:
    """An auditor can compute it from the openings with nothing but HMAC."""
    message = (
        b"doelpoort/commit/v1\x00\x07subject" + b"\x0c" * 16 + b"\x00\x00\x00\x02\x00\x00\x00\x01x"
    )

    assert commit(R, "subject", ID, 2, b"x") == hmac.new(R, message, hashlib.sha256).digest()


@pytest.mark.parametrize(
    "other",
    [
        commit(b"s" * 32, "subject", ID, 0, b"x"),
        commit(R, "request", ID, 0, b"x"),
        commit(R, "subject", "0d" * 16, 0, b"x"),
        commit(R, "subject", ID, 1, b"x"),
        commit(R, "subject", ID, 0, b"y"),
    ],
)
def test_a_commitment_binds_each_part(other: bytes) -> None:
    """Another key, label, request, subject number or value gives another commitment."""
    assert other != commit(R, "subject", ID, 0, b"x")


def test_a_subject_key_seals_and_unseals() -> None:
    """What was sealed comes back under the stored key, also in another process."""
    row, key = make_seal().new_key(make_seal().lookup(SUBJECT))
    sealed = make_seal().seal(key, PARTICULARS, ID, b"secret")

    again = make_seal().unwrap(row)

    assert make_seal().unseal(again, PARTICULARS, ID, sealed) == b"secret"
    assert b"secret" not in sealed


@pytest.mark.parametrize(
    ("kind", "request_id", "change"),
    [
        (REPLAY, ID, lambda s: s),
        (PARTICULARS, "0d" * 16, lambda s: s),
        (PARTICULARS, ID, lambda s: s[:-1]),
        (PARTICULARS, ID, lambda s: b"\x02" + s[1:]),
        (PARTICULARS, ID, lambda s: s[:5]),
        (PARTICULARS, ID, lambda _s: b""),
    ],
    ids=["kind", "request", "cut", "version", "short", "empty"],
)
def test_sealed_bytes_open_only_as_what_they_are(
    kind: bytes, request_id: str, change: Callable[[bytes], bytes]
) -> None:
    """Kind, request and every byte are bound."""
    seal = make_seal()
    _, key = seal.new_key(b"l" * 32)
    sealed = seal.seal(key, PARTICULARS, ID, b"secret")

    with pytest.raises(SealInvalid):
        seal.unseal(key, kind, request_id, change(sealed))


def test_a_wrapped_key_opens_only_under_its_epoch() -> None:
    """Another epoch key or number cannot unwrap a data key."""
    row, _ = make_seal().new_key(b"l" * 32)

    with pytest.raises(SealInvalid):
        make_seal(epoch_key=b"f" * 32).unwrap(row)
    with pytest.raises(SealInvalid):
        make_seal().unwrap(replace(row, epoch=2))


def test_the_lookup_of_a_subject_needs_the_period_key() -> None:
    """Equal subjects meet under one key and differ under another."""
    other = seal_of(SealKeys({1: b"e" * 32}, b"q" * 32))

    assert make_seal().lookup(SUBJECT) == make_seal().lookup(SUBJECT)
    assert make_seal().lookup(SUBJECT) != other.lookup(SUBJECT)


@pytest.mark.parametrize("subject", [b"", SUBJECT, b"\x00", b"doelpoort/nobody/v1\x00"])
def test_nobody_is_no_subject(subject: bytes) -> None:
    """What is about nobody has a look-up that no subject has."""
    assert make_seal().lookup(subject) != make_seal().nobody


def test_the_newest_epoch_wraps_and_older_ones_unwrap() -> None:
    """A key of the first epoch opens under both, and a new one is wrapped under the second."""
    row, key = make_seal().new_key(b"l" * 32)
    both = seal_of(TWO_EPOCHS)
    fresh, _ = both.new_key(b"m" * 32)

    sealed = make_seal().seal(key, PARTICULARS, ID, b"secret")

    assert both.unseal(both.unwrap(row), PARTICULARS, ID, sealed) == b"secret"
    assert (row.epoch, fresh.epoch, both.epoch) == (1, 2, 2)


def test_a_key_wrapped_anew_is_the_same_key_without_the_old_epoch() -> None:
    """After a rotation the new epoch key alone opens what was sealed before it."""
    row, key = make_seal().new_key(b"l" * 32)
    sealed = make_seal().seal(key, PARTICULARS, ID, b"secret")

    anew = seal_of(TWO_EPOCHS).rewrap(row)
    after = seal_of(SealKeys({2: b"f" * 32}, b"p" * 32))

    assert (anew.key_id, anew.lookup, anew.epoch) == (row.key_id, row.lookup, 2)
    assert after.unseal(after.unwrap(anew), PARTICULARS, ID, sealed) == b"secret"


def test_a_key_of_an_epoch_that_is_not_held_stays_shut() -> None:
    """The new epoch key alone opens nothing that was wrapped before the rotation."""
    row, _ = make_seal().new_key(b"l" * 32)
    after = seal_of(SealKeys({2: b"f" * 32}, b"p" * 32))

    with pytest.raises(SealInvalid):
        after.unwrap(row)
    with pytest.raises(SealInvalid):
        after.rewrap(row)


def test_a_key_is_found_by_its_id() -> None:
    """A key that is kept is unwrapped; one that was erased is none."""
    row, _ = make_seal().new_key(b"l" * 32)
    rows = {row.key_id: row}

    found = make_seal().find_key(row.key_id, rows.get)

    assert found is not None
    assert found.key_id == row.key_id
    assert make_seal().find_key(row.key_id, no_row) is None


def test_what_version_0_1_0_sealed_under_its_epoch_key_opens_while_that_key_is_held() -> None:
    """An empty key id means the first epoch key itself, until a rotation ends with that key."""
    held = make_seal().find_key(b"", no_row)

    assert held is not None
    sealed = make_seal().seal(held, PARTICULARS, ID, b"old")
    again = seal_of(TWO_EPOCHS).find_key(b"", no_row)
    assert again is not None
    assert make_seal().unseal(again, PARTICULARS, ID, sealed) == b"old"
    assert seal_of(SealKeys({2: b"f" * 32}, b"p" * 32)).find_key(b"", no_row) is None


@pytest.mark.parametrize(
    ("epochs", "period_key"),
    [
        ({1: b"e" * 31}, b"p" * 32),
        ({1: b"e" * 32}, b""),
        ({1: b"e" * 32}, b"e" * 32),
        ({1: b"e" * 32, 2: b"e" * 32}, b"p" * 32),
        ({}, b"p" * 32),
        ({0: b"e" * 32}, b"p" * 32),
        ({2**32: b"e" * 32}, b"p" * 32),
    ],
)
def test_sealing_keys_are_different_keys_of_32_bytes_with_sound_epochs(
    epochs: dict[int, bytes], period_key: bytes
) -> None:
    """Anything else is refused before it is used."""
    with pytest.raises(KeyInvalid):
        SealKeys(epochs, period_key)


def test_keys_do_not_show_themselves() -> None:
    """The printed form of the keys holds none of them."""
    assert "eeee" not in repr(SealKeys({1: b"e" * 32}, b"p" * 32))


@pytest.mark.parametrize(
    "particulars",
    [
        Particulars(SUBJECT, {"subject": R}, {"professional": b"medewerker-17"}),
        Particulars(None, {}, {}),
        Particulars(SUBJECT, {"subject": R, "content": R}, {}, Part(b"c" * 32, [b"h" * 32] * 3)),
        Particulars(SUBJECT, {}, {}, Part(b"c" * 32, [])),
    ],
    ids=["one person", "nobody", "one of several", "a path of nothing"],
)
def test_particulars_are_read_back(particulars: Particulars) -> None:
    """Every part comes back as it was."""
    assert parse_particulars(format_particulars(particulars)) == particulars


def test_particulars_do_not_show_themselves() -> None:
    """The printed form of particulars names nobody."""
    assert "999990019" not in repr(Particulars(SUBJECT, {}, {}))


def test_the_cache_forgets_the_key_used_longest_ago() -> None:
    """The cache is bounded, and use keeps a key in it."""
    cache, (_, key) = KeyCache(), make_seal().new_key(b"l" * 32)
    for number in range(CACHED_KEYS):
        cache.add(number.to_bytes(4, "big"), key)
    cache.find((0).to_bytes(4, "big"))

    cache.add(b"new", key)

    assert cache.find((0).to_bytes(4, "big")) is key
    assert cache.find((1).to_bytes(4, "big")) is None


def test_a_cleared_cache_holds_nothing() -> None:
    """What may have been erased elsewhere is asked for again."""
    cache, (_, key) = KeyCache(), make_seal().new_key(b"l" * 32)
    cache.add(b"one", key)

    cache.clear()

    assert cache.find(b"one") is None
