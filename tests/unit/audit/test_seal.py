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
    Seal,
    SealKeys,
    commit,
    parse_particulars,
    particulars_of,
)
from tests.fakes_audit import SUBJECT, CountedRandom, make_draft, make_seal

R = b"r" * 32
ID = "0c" * 16


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
    other = Seal(SealKeys(1, b"e" * 32, b"q" * 32), CountedRandom())

    assert make_seal().lookup(SUBJECT) == make_seal().lookup(SUBJECT)
    assert make_seal().lookup(SUBJECT) != other.lookup(SUBJECT)


@pytest.mark.parametrize(
    ("epoch_key", "period_key"),
    [(b"e" * 31, b"p" * 32), (b"e" * 32, b""), (b"e" * 32, b"e" * 32)],
)
def test_sealing_keys_are_two_different_keys_of_32_bytes(
    epoch_key: bytes, period_key: bytes
) -> None:
    """Anything else is refused before it is used."""
    with pytest.raises(KeyInvalid):
        SealKeys(1, epoch_key, period_key)


def test_keys_do_not_show_themselves() -> None:
    """The printed form of the keys holds none of them."""
    assert "eeee" not in repr(SealKeys(1, b"e" * 32, b"p" * 32))


def test_particulars_are_read_back() -> None:
    """Subject, openings, professional and justification come back; the content does not."""
    draft = make_draft()

    found = parse_particulars(particulars_of(draft, {"subject": R}))

    assert (found.subject, found.openings) == (SUBJECT, {"subject": R})
    assert set(found.values) == {"professional", "justification"}
    assert found.values["professional"] == draft.committed["professional"]


def test_particulars_without_a_subject_are_read_back() -> None:
    """A request about nobody known has no subject."""
    draft = replace(make_draft(), subject=None, committed={})

    assert parse_particulars(particulars_of(draft, {})).subject is None


def test_the_cache_forgets_the_key_used_longest_ago() -> None:
    """The cache is bounded, and use keeps a key in it."""
    cache, (_, key) = KeyCache(), make_seal().new_key(b"l" * 32)
    for number in range(CACHED_KEYS):
        cache.add(number.to_bytes(4, "big"), key)
    cache.find((0).to_bytes(4, "big"))

    cache.add(b"new", key)

    assert cache.find((0).to_bytes(4, "big")) is key
    assert cache.find((1).to_bytes(4, "big")) is None
