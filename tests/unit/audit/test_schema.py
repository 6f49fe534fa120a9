"""The table of what an entry may hold."""

import pytest

from audit.entry import MAX_LEAF_BYTES, Json, canonical
from audit.errors import LeafInvalid
from audit.schema import check_schema
from tests.fakes_audit import VKEY, make_leaf

HEADER: dict[str, Json] = {"v": 1, "id": "0c" * 16, "time": 1, "gateway": "gw-1", "counter": 0}
GENESIS: dict[str, Json] = {**HEADER, "type": "genesis", "origin": "a.example/x", "vkey": VKEY}
HASH = "A" * 43 + "="
SIGNATURE = "— a.example/x " + "A" * 91 + "=\n"
WITNESS = "— getuige.gemeente.example/w1 " + "A" * 103 + "=\n"
OLD = f"a.example/x\n5\n{HASH}\n\n{SIGNATURE}"
ORDERED: dict[str, Json] = {"commitments": {"professional": HASH, "justification": HASH}}
ASKED: dict[str, Json] = {
    "fields": "named",
    "over_asking": "withhold",
    "purposes": 1,
    "standing": "uitvoerder",
    "justified": ["proportionality"],
}


def make_act(kind: str, **members: Json) -> dict[str, Json]:
    """Give the leaf of an act on the log itself."""
    return {**HEADER, "type": kind, **members}


@pytest.mark.parametrize(
    "leaf",
    [
        make_leaf(),
        make_leaf(type="refusal", refused=[{"code": "FIELD_NEVER", "step": 3, "field": "bsn"}]),
        make_leaf(conditions=[{"name": "age", "outcome": "not_met", "code": "TOO_OLD"}]),
        make_leaf(commitments={}),
        GENESIS,
        {**GENESIS, "previous": OLD},
        {**GENESIS, "previous": OLD + WITNESS * 15},
        {**HEADER, "type": "policy", "policy": "ab" * 32},
        make_leaf(subjects=3, commitments={"persons": HASH, "request": HASH}),
        make_leaf(asked=ASKED, recipients=2),
        make_leaf(asked={}),
        make_leaf(asked={"emergency": True}),
        make_leaf(type="refusal", asked={"fields": "minimal"}),
        make_act("erasure", key="0c" * 16, ground="client_request"),
        make_act("erasure", key="0c" * 16, ground="client_request", **ORDERED),
        make_act("retention", below=256, ground="selectielijst_2020"),
        make_act("keyset", epoch=2),
        make_act("access", entry="0c" * 16, role="functionaris", ground="inzageverzoek", **ORDERED),
        make_act("correction", entry="0c" * 16, reason="undelivered"),
        make_act("freeze", reason="key_lost"),
        make_act("freeze", reason="restored", next="a.example/disclosures/2027"),
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
        {"subjects": True},
        {"organisation": ["00000099000000001000"]},
        {"role": {"consulent-jeugd": 1}},
        {"conditions": "met"},
        {"conditions": [["age", "met"]]},
        {"obligations": [1]},
        {"obligations": [["inform_subject"]]},
        {"commitments": "persons"},
        {"commitments": {"subject": 1}},
        {"commitments": {"persons": "A" * 43 + "=", "subject": "A" * 43 + "="}},
        {"commitments": {"persons": "A" * 43 + "=", "content": "A" * 43 + "="}},
        {"asked": {"fields": "all"}},
        {"asked": {"emergency": 1}},
        {"asked": {"over_asking": "permit"}},
        {"asked": {"purposes": 100}},
        {"asked": {"purposes": "1"}},
        {"asked": {"standing": "client 123456789"}},
        {"asked": {"justified": "proportionality"}},
        {"asked": {"subject": "x"}},
        {"asked": []},
        {"recipients": -1},
        {"recipients": "2"},
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


@pytest.mark.parametrize(
    "leaf",
    [
        make_act("erasure", key="0c" * 16),
        make_act("erasure", key="0c" * 15, ground="client_request"),
        make_act("erasure", key="0c" * 16, ground="Verzoek van een client"),
        make_act("erasure", key="0c" * 16, ground="client_123456789"),
        make_act("erasure", key="0c" * 16, ground="x", subject="x"),
        make_act("erasure", key="0c" * 16, ground="x", commitments={"subject": HASH}),
        make_act("erasure", key="0c" * 16, ground="x", commitments={"persons": HASH}),
        make_act("retention", below=0, ground="x"),
        make_act("retention", below=255, ground="x"),
        make_act("retention", below=-256, ground="x"),
        make_act("retention", below=True, ground="x"),
        make_act("retention", below=2**53, ground="x"),
        make_act("keyset", epoch=1),
        make_act("keyset", epoch=2**32),
        make_act("access", entry="0c" * 16, role="functionaris"),
        make_act("access", entry="1", role="functionaris", ground="x"),
        make_act("correction", entry="0c" * 16),
        make_act("correction", entry="0c" * 16, reason="Niet geleverd"),
        make_act("freeze", reason="restored", next="A.example/x"),
        make_act("case"),
        make_act("consent"),
        make_act("break_glass"),
        {**GENESIS, "previous": "a.example/x\n5\nAAAA\n\n" + SIGNATURE},
        {**GENESIS, "previous": f"a.example/x\n05\n{HASH}\n\n{SIGNATURE}"},
        {**GENESIS, "previous": f"a.example/x\n5\n{HASH}\n\n"},
        {**GENESIS, "previous": f"a.example/x\n5\n{HASH}\nmore\n\n{SIGNATURE}"},
        {**GENESIS, "previous": f"a.example/123456789\n5\n{HASH}\n\n{SIGNATURE}"},
        {**GENESIS, "previous": OLD + WITNESS * 32},
        {**GENESIS, "previous": OLD + "x"},
    ],
)
def test_an_act_of_another_form_is_refused(leaf: dict[str, Json]) -> None:
    """What is done to the log itself has its form too, and a reserved type is not written."""
    with pytest.raises(LeafInvalid):
        check_schema(leaf)


def test_a_final_checkpoint_with_its_witnesses_fits_a_leaf() -> None:
    """A log that begins where another ended names its last checkpoint with fifteen witnesses."""
    leaf = make_act("genesis", origin="a.example/x", vkey=VKEY, previous=OLD + WITNESS * 15)

    check_schema(leaf)

    assert len(canonical(leaf)) <= MAX_LEAF_BYTES


def test_what_was_found_sound_lets_nothing_else_pass() -> None:
    """A value that is equal to a remembered one, but of another type, is looked at afresh."""
    check_schema(make_leaf(refused=[{"code": "FIELD_NEVER", "step": 1}]))

    with pytest.raises(LeafInvalid):
        check_schema(make_leaf(refused=[{"code": "FIELD_NEVER", "step": True}]))


def test_a_value_that_no_format_knows_is_refused() -> None:
    """What cannot even be remembered does not fit."""
    with pytest.raises(LeafInvalid):
        check_schema(make_leaf(obligations=[object()]))  # type: ignore[list-item]


def test_only_so_much_is_remembered() -> None:
    """However many different lists pass, each is still judged by its form."""
    for number in range(5000):
        check_schema(make_leaf(obligations=[f"plicht-{number}"]))

    check_schema(make_leaf(obligations=["plicht-0", "x" * 120] * 40))
    with pytest.raises(LeafInvalid):
        check_schema(make_leaf(obligations=["plicht-0", ""]))
