"""The table of what an entry may hold."""

import pytest

from audit.entry import Json
from audit.errors import LeafInvalid
from audit.schema import check_schema
from tests.fakes_audit import VKEY, make_leaf

HEADER: dict[str, Json] = {"v": 1, "id": "0c" * 16, "time": 1, "gateway": "gw-1", "counter": 0}
GENESIS: dict[str, Json] = {**HEADER, "type": "genesis", "origin": "a.example/x", "vkey": VKEY}
OLD = "a.example/x\n5\nAAAA\n\n— a.example/x AAAA\n"


@pytest.mark.parametrize(
    "leaf",
    [
        make_leaf(),
        make_leaf(type="refusal", refused=[{"code": "FIELD_NEVER", "step": 3, "field": "bsn"}]),
        make_leaf(conditions=[{"name": "age", "outcome": "not_met", "code": "TOO_OLD"}]),
        make_leaf(commitments={}),
        GENESIS,
        {**GENESIS, "previous": OLD},
        {**HEADER, "type": "policy", "policy": "ab" * 32},
    ],
)
def test_sound_leaves_fit(leaf: dict[str, Json]) -> None:
    """A leaf of each written type is accepted."""
    check_schema(leaf)


@pytest.mark.parametrize(
    "member",
    [
        {"v": 2},
        {"v": True},
        {"type": "case"},
        {"type": "other"},
        {"type": 1},
        {"id": "0C" * 16},
        {"id": "0c" * 15},
        {"time": -1},
        {"time": 1.5},
        {"gateway": "GW"},
        {"gateway": "gw-123456789"},
        {"counter": "0"},
        {"organisation": "123"},
        {"role": "consulent\n"},
        {"role": "9999900192"},
        {"task": "client 123456789"},
        {"purpose": "Jeugdwet naïef"},
        {"purpose": ""},
        {"legal_basis": "Jeugdwet"},
        {"legal_basis": ["Jeugdwet 123456789"]},
        {"policy": "ab"},
        {"commitments": {"subject": "A" * 43}},
        {"commitments": {"subject": "A" * 42 + "B="}},
        {"commitments": {"other": "A" * 43 + "="}},
        {"conditions": [{"name": "age"}]},
        {"conditions": [{"name": "age", "outcome": "yes"}]},
        {"conditions": [{"name": "age", "outcome": "met", "value": 12}]},
        {"released": [{"field": "123456789", "precision": "flag"}]},
        {"released": ["field"]},
        {"refused": [{"code": "X", "step": 100}]},
        {"trace": "0a" * 8},
        {"span": "0b" * 16},
        {"subject": "x"},
    ],
)
def test_a_member_of_another_form_is_refused(member: dict[str, Json]) -> None:
    """Every member has one form, and none can hold nine digits in a row."""
    with pytest.raises(LeafInvalid):
        check_schema(make_leaf(**member))


@pytest.mark.parametrize("missing", ["type", "id", "time", "role", "commitments", "trace"])
def test_a_missing_member_is_refused(missing: str) -> None:
    """What the type requires must be there."""
    leaf = {key: value for key, value in make_leaf().items() if key != missing}

    with pytest.raises(LeafInvalid):
        check_schema(leaf)


def test_the_refusal_names_the_member_and_never_its_value() -> None:
    """The text of the error can be logged."""
    with pytest.raises(LeafInvalid) as caught:
        check_schema(make_leaf(role="999990019"))

    assert "role" in str(caught.value)
    assert "999990019" not in str(caught.value)
