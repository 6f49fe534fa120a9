"""The canonical form of a leaf."""

import json

import pytest

from audit.entry import MAX_INT, MAX_LEAF_BYTES, Json, canonical, new_request_id, parse_leaf
from audit.errors import LeafInvalid
from tests.fakes_audit import START_MS, CountedRandom

LEAF: dict[str, Json] = {"b": [1, True, {"x": "é\n\u2028"}], "a_1": -MAX_INT, "c": {}}
BYTES = '{"a_1":-9007199254740991,"b":[1,true,{"x":"é\\n\u2028"}],"c":{}}'.encode()


def test_canonical_bytes_are_sorted_and_tight() -> None:
    """Keys are sorted, white space is absent, text stays UTF-8."""
    assert canonical(LEAF) == BYTES


def test_parse_leaf_reads_canonical_bytes() -> None:
    """What is canonical is read back as it was."""
    assert parse_leaf(BYTES) == LEAF


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1.0},
        {"a": None},
        {"A": 1},
        {"": 1},
        {"é": 1},
        {1: 1},
        {"a": MAX_INT + 1},
        {"a": -MAX_INT - 1},
        {"a": "\ud800"},
        {"a": b"bytes"},
        {"a": [[[[[[[[1]]]]]]]]},
        {"a": "x" * MAX_LEAF_BYTES},
        ["a"],
    ],
)
def test_canonical_refuses_what_is_outside_the_subset(value: dict[str, Json]) -> None:
    """Floats, nulls, foreign keys, large numbers, surrogates, depth and length are refused."""
    with pytest.raises(LeafInvalid):
        canonical(value)


def test_depth_up_to_the_limit_is_accepted() -> None:
    """Seven lists in an object are not too deep."""
    assert canonical({"a": [[[[[[[1]]]]]]]}) == b'{"a":[[[[[[[1]]]]]]]}'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"1",
        b"null",
        b'{"a":1}\n',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":null}',
        b'{"a":"\\u0061"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1',
        json.dumps({"a": 1}).encode("utf-16"),
        b"[" * 4000,
        b'{"a":' + b"9" * 4000 + b"}",
        b'{"a":"' + b"x" * MAX_LEAF_BYTES + b'"}',
    ],
)
def test_parse_leaf_refuses_every_other_spelling(data: bytes) -> None:
    """Only the one canonical spelling of an object is read."""
    with pytest.raises(LeafInvalid):
        parse_leaf(data)


def test_request_ids_are_in_the_order_of_time() -> None:
    """A later id sorts after an earlier one, and two of one moment differ."""
    random = CountedRandom()
    ids = [new_request_id(START_MS + ms, random) for ms in (0, 1, 256, 70_000)]

    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {32}
    assert new_request_id(START_MS, random) != ids[0]
    assert ids[0].startswith(f"{START_MS:012x}")
