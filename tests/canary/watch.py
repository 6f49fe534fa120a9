"""Looks for canaries and for numbers of persons in bytes, however they were written down.

Each layer of some bytes is searched: as they are, reversed, and what stands in them as base64, as
hexadecimal digits or percent-encoded, twice over. A number of a person is also found by its hash.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import md5, sha1, sha256, sha512
from urllib.parse import unquote_to_bytes

from tests.canary.policy import Told
from tests.canary.world import MARK, Cell, World

_MARKS = re.compile(rf"{MARK}-\d{{4}}-[a-z2-7]{{10}}".encode(), re.IGNORECASE)
# Where a number or a day can stand: the rules below look at these, and one byte on either side.
_DIGITS = re.compile(rb"\d[\d/-]{7,}")
_NUMBERS = re.compile(rb"(?=(\d{12}))")
_PERSONS = re.compile(rb"(?=(\d{9}))")
_DAYS = re.compile(rb"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)")
_DAYS_BACKWARDS = re.compile(rb"(?<!\d)(\d\d)[-/](\d\d)[-/](\d{4})(?!\d)")
_DAYS_PLAIN = re.compile(rb"(?<![0-9A-Za-z])(\d{4})(\d\d)(\d\d)(?![0-9A-Za-z])")
_IN_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_IN_HEX = re.compile(rb"[0-9a-fA-F]{18,}")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
# In a longer run nothing is glued to the front of what was encoded.
_GLUED = 200
_DEPTH = 2
_HASHES = (sha256, sha512, sha1, md5)


def _layers(data: bytes, depth: int = _DEPTH) -> Iterator[bytes]:
    yield data
    if depth == 0:
        return
    yield data[::-1]
    if b"%" in data:
        yield from _layers(unquote_to_bytes(data), 0)
    inner = b"\n".join((*_from_base64(data), *_from_hex(data)))
    if inner:
        yield from _layers(inner, depth - 1)


def _from_base64(data: bytes) -> Iterator[bytes]:
    for found in _IN_BASE64.findall(data):
        run = found.translate(_URL_SAFE)
        for begin in range(4 if len(run) < _GLUED else 1):
            whole = (len(run) - begin) // 4 * 4
            rest = run[begin + whole :]
            yield base64.b64decode(run[begin : begin + whole])
            if len(rest) > 1:
                yield base64.b64decode(run[begin:] + b"=" * (4 - len(rest)))


def _from_hex(data: bytes) -> Iterator[bytes]:
    for run in _IN_HEX.findall(data):
        for begin in range(2):
            whole = (len(run) - begin) // 2 * 2
            yield binascii.unhexlify(run[begin : begin + whole])


@dataclass(frozen=True)
class Watch:
    """Knows what may not be seen: every canary of a world, and every number of a person."""

    canaries: Mapping[str, Cell]
    bsns: frozenset[str]
    _hashes: Mapping[bytes, str] = field(default_factory=dict)

    @classmethod
    def over(cls, *worlds: World, beside: Iterable[str] = ()) -> "Watch":
        """Watch for what is in these worlds, and for these numbers."""
        canaries = {mark: cell for world in worlds for mark, cell in world.canaries.items()}
        bsns = frozenset(beside).union(*(world.bsns for world in worlds))
        named = frozenset(beside).union(*(world.clients for world in worlds))
        hashes = {make(bsn.encode()).digest(): bsn for bsn in named for make in _HASHES}
        return cls(canaries, bsns, hashes)

    def found(self, data: bytes | str) -> frozenset[str]:
        """Return every canary and every number of a person that can be read in this."""
        raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        return frozenset(each for layer in _layers(raw) for each in self._in_layer(layer))

    def _in_layer(self, layer: bytes) -> Iterator[str]:
        if MARK.lower().encode() in layer.lower():
            yield from (mark.decode() for mark in _MARKS.findall(layer))
        runs = (found.span() for found in _DIGITS.finditer(layer))
        digits = b"\n".join(layer[max(begin - 1, 0) : end + 1] for begin, end in runs)
        numbers = {number.decode() for number in _NUMBERS.findall(digits)}
        yield from (numbers | set(_days(digits))) & self.canaries.keys()
        yield from {number.decode() for number in _PERSONS.findall(digits)} & self.bsns
        yield from (f"hash of {bsn}" for digest, bsn in self._hashes.items() if digest in layer)


def _days(layer: bytes) -> Iterator[str]:
    for parts in (*_DAYS.findall(layer), *_DAYS_PLAIN.findall(layer)):
        yield b"-".join(parts).decode()
    for parts in _DAYS_BACKWARDS.findall(layer):
        yield b"-".join(reversed(parts)).decode()


def allowed(world: World, purpose: Told, field_name: str, bsn: str) -> frozenset[str]:
    """Return the canaries that one field of this purpose may hold for this person."""
    grant = purpose.exact.get(field_name)
    if grant is None:
        return frozenset()
    return frozenset(
        mark
        for mark, cell in world.canaries.items()
        if (cell.bsn, cell.table) == (bsn, grant.table)
        and cell.column in grant.columns
        and all(cell.row[name] == value for name, value in grant.where)
    )
