"""Whatever a stranger sends where a note, proof, tile, leaf or request should be: a typed error."""

import time
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.checkpoint import parse_checkpoint
from audit.cosignature import read_cosignature
from audit.entry import canonical, parse_leaf
from audit.errors import AuditError
from audit.note import Cosigner, open_note, parse_vkey, split_note
from audit.proof import parse_proof, verify_receipt
from audit.subjects import parse_person_proof
from audit.tiles import format_entries, parse_entries, parse_tile, parse_tile_path
from audit.verifier.opening import Opening, check_opening, format_opening
from audit.witness.policy import parse_policy
from audit.witness.witness import parse_request
from tests.fakes_audit import VKEY
from tests.fakes_witness import TREE, make_request
from tests.made_faults import receipt_of, sound
from tests.made_ledger import POLICY, disclosure

Parser = Callable[[bytes], object]

SECONDS = 0.5
WITNESS = Cosigner("witness.example/ap", b"w" * 32)
TEXT = b"gemeente.example/disclosures/2026\n1\n" + b"A" * 43 + b"=\n"

PARSERS: dict[str, Parser] = {
    "note": lambda data: open_note(data, [VKEY]),
    "note text": split_note,
    "checkpoint": parse_checkpoint,
    "cosignature": lambda data: read_cosignature(data, TEXT, WITNESS.key),
    "proof": parse_proof,
    "receipt": lambda data: verify_receipt(data, VKEY),
    "leaf": parse_leaf,
    "person": parse_person_proof,
    "tile": lambda data: parse_tile(data, 3),
    "tile path": lambda data: parse_tile_path(data.decode("latin-1")),
    "entries": lambda data: parse_entries(data, 2),
    "opening": lambda data: check_opening(1, data, canonical(disclosure(1))),
    "policy": parse_policy,
    "request": parse_request,
    "key": lambda data: parse_vkey(data.decode("latin-1")),
}


@cache
def seeds() -> tuple[bytes, ...]:
    """Give one sound piece of each kind, to be mutated; any of them goes to every parser."""
    made = sound()
    leaf = canonical(disclosure(1))
    return (
        made.notes[256],
        split_note(made.notes[256])[0],
        receipt_of(made, 5),
        leaf,
        b"t" * 96,
        format_entries([leaf, leaf]),
        format_opening(Opening(1, "subject", b"r" * 32, b"value")),
        WITNESS.cosign(TEXT, 1_772_442_000),
        POLICY,
        make_request(7, TREE.path(7, 20), TREE.note(20)),
        VKEY.encode(),
        b"tile/0/x001/234.p/5",
    )


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Give a sound piece with a few cuts, repetitions, swaps and foreign bytes in it."""
    data = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(1, 4))):
        at, stop = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        match draw(st.sampled_from(("cut", "repeat", "put", "flip"))):
            case "cut":
                del data[at:stop]
            case "repeat":
                data[at:at] = data[at:stop][:4096]
            case "put":
                data[at:at] = draw(st.binary(max_size=12) | st.sampled_from(ODD))
            case _:
                data[at : at + 1] = bytes(byte ^ 1 for byte in data[at : at + 1])
    return bytes(data)


ODD = (
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\xe2\x80\xa8",
    b"\x00",
    b"\xff",
    b" ",
    b"=",
    b"-1",
    b"1_000",
    b"[" * 99,
)


def met(parse: Parser, data: bytes) -> str:
    """Give the kind of error that this input meets, `passed` if none."""
    try:
        parse(data)
    except AuditError:
        return "typed"
    return "passed"


@pytest.mark.parametrize("name", PARSERS)
@given(data=mutated() | st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_malformed_input_meets_a_typed_error(name: str, data: bytes) -> None:
    """Nothing but an error of our own tree leaves a parser, in bounded time."""
    started = time.monotonic()

    assert met(PARSERS[name], data) in {"typed", "passed"}
    assert time.monotonic() - started < SECONDS


LONG = {
    "brackets": b"[" * 1_000_000,
    "braces": b'{"a":' * 200_000,
    "digits": b"9" * 1_000_000,
    "lines": b"\n" * 1_000_000,
    "dashes": "\u2014 a AAAA\n".encode() * 100_000,
    "nulls": bytes(2_000_000),
    "letters": b"A" * 2_000_000,
}


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("name", PARSERS)
def test_long_input_meets_a_typed_error_soon(name: str, kind: str) -> None:
    """Depth, digits and lines without an end are refused before they cost much."""
    started = time.monotonic()

    assert met(PARSERS[name], LONG[kind]) == "typed"
    assert time.monotonic() - started < SECONDS
