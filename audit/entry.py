"""What an entry is, and its canonical bytes: a strict subset of JCS (RFC 8785).

Keys are `[a-z0-9_]+`, there are no floats and no nulls, integers stay within 2^53-1. Within this
subset the order by code point and the order by UTF-16 unit of RFC 8785 coincide.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NewType, TypeAlias, Union

from audit.errors import LeafInvalid

MAX_LEAF_BYTES = 4096  # Four entries of the largest size still fit a common network buffer.
MAX_DEPTH = 8  # The schema needs 3; a parser should never be the one to find the limit.
_TIME_MASK = 2**48 - 1
_RANDOM_BYTES = 10
MAX_INT = 2**53 - 1  # RFC 8785 serialises numbers as IEEE doubles: larger ones lose digits.

CanonicalBytes = NewType("CanonicalBytes", bytes)
# The quoted union is evaluated late: a recursive alias cannot name itself in an expression.
Json: TypeAlias = Union[str, int, bool, Sequence["Json"], Mapping[str, "Json"]]  # noqa: UP007

_is_key = lru_cache(maxsize=1024)(re.compile("[a-z0-9_]+").fullmatch)  # The same few come back.
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
).encode


class EntryType(StrEnum):
    """The kinds of entry that the format knows."""

    GENESIS = "genesis"
    DISCLOSURE = "disclosure"
    REFUSAL = "refusal"
    CORRECTION = "correction"
    CASE = "case"
    CONSENT = "consent"
    POLICY = "policy"
    KEYSET = "keyset"
    ERASURE = "erasure"
    RETENTION = "retention"
    BREAK_GLASS = "break_glass"
    ACCESS = "access"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class Person:
    """One of several persons in one entry, with what was released about this person alone."""

    subject: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """What a caller wants recorded; the ledger adds version, time, gateway, counter and index.

    Shapes:  request_id: 32 lowercase hex digits. replay_digest: 32 bytes, present if and only if
             replay is. persons: two or more, and then neither subject nor replay.
    Trust:   members become public and must hold no personal data; committed, subject, persons and
             replay are personal data and leave the process only as commitments or sealed.
    """

    type: EntryType
    request_id: str
    members: Mapping[str, Json]
    committed: Mapping[str, bytes] = field(default_factory=dict)
    subject: bytes | None = None
    persons: Sequence[Person] = ()
    replay: bytes | None = None
    replay_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof that one entry stands in the ledger.

    Shapes:  leaf: the canonical entry. proof: a tlog-proof@v1 that carries the leaf and the
             signed checkpoint of its own batch.
    Units:   index zero-based.
    """

    log: str
    index: int
    request_id: str
    leaf: bytes
    proof: bytes


def new_request_id(now_ms: int, random: Callable[[int], bytes]) -> str:
    """Give a fresh request id that begins with the time, so that new ones are stored side by side.

    Shapes:  32 hex digits: 48 bits of time and 80 random bits. The entry tells its time anyway.
    Units:   now_ms in ms since 1970.
    """
    return f"{now_ms & _TIME_MASK:012x}{random(_RANDOM_BYTES).hex()}"


def canonical(value: Mapping[str, Json]) -> CanonicalBytes:
    """Give the one byte string that stands for this object.

    Raises:  LeafInvalid if the value is outside the strict subset or longer than 4096 bytes.
    Source:  RFC 8785 section 3.2.
    """
    if type(value) is not dict:
        raise LeafInvalid("a leaf is an object")
    _check_value(value, MAX_DEPTH)
    try:
        data = _encode(value).encode()
    except UnicodeEncodeError as error:
        raise LeafInvalid("a text holds a lone surrogate") from error
    if len(data) > MAX_LEAF_BYTES:
        raise LeafInvalid("the leaf is too long")
    return CanonicalBytes(data)


def parse_leaf(data: bytes) -> dict[str, Json]:
    """Read a leaf that is canonical to the last byte.

    Trust:   data may come from an attacker.
    Raises:  LeafInvalid unless `canonical(parse_leaf(data)) == data`; a duplicate key, white space
             or a second spelling of a number does not survive that comparison.
    """
    if len(data) > MAX_LEAF_BYTES:
        raise LeafInvalid("the leaf is too long")
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise LeafInvalid("the leaf is not JSON in UTF-8") from error
    if canonical(value) != data:
        raise LeafInvalid("the leaf is not in canonical form")
    return dict(value)


def _check_value(value: object, depth: int) -> None:
    if isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if not -MAX_INT <= value <= MAX_INT:
            raise LeafInvalid("an integer is outside 2^53-1")
    elif depth == 0:
        raise LeafInvalid("the leaf is nested too deeply")
    elif isinstance(value, dict | list | tuple):
        for member in _checked_values(value) if isinstance(value, dict) else value:
            if type(member) is not str:  # Most are; a call for each would double the time.
                _check_value(member, depth - 1)
    else:
        raise LeafInvalid("only texts, integers, booleans, lists and objects are allowed")


def _checked_values(value: dict[object, object]) -> Iterable[object]:
    if not all(type(key) is str and _is_key(key) for key in value):
        raise LeafInvalid("a key is outside [a-z0-9_]+")
    return value.values()
