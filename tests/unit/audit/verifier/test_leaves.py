"""The memory of sound leaves: what it says is what an examination says, for every leaf."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import Json, canonical
from audit.errors import Defect, VerificationFailed
from audit.verifier import leaves as module
from audit.verifier.leaves import Leaf, LeafReader
from tests.made_ledger import disclosure, genesis, retention

FIRST = canonical(disclosure(1))
SECOND = canonical(disclosure(2))
LETTERS = st.sampled_from([*sorted(set(FIRST)), 0x00, 0x22, 0x5C, 0xFF])


def outcome(reader: LeafReader, data: bytes) -> tuple[str, int, int, str] | Defect:
    """Give what a reader makes of this leaf."""
    try:
        leaf = reader.read(0, data)
    except VerificationFailed as error:
        return error.defect
    return leaf.request_id, leaf.time, leaf.counter, str(leaf.members["type"])


def fresh_and_warm(data: bytes) -> tuple[object, object]:
    """Give what a reader without and one with a memory make of this leaf."""
    warm = LeafReader()
    warm.read(0, FIRST)
    return outcome(LeafReader(), data), outcome(warm, data)


def test_a_leaf_like_another_has_its_own_fresh_values() -> None:
    """The rest is remembered, and id, time and counter are read from the leaf itself."""
    reader = LeafReader()
    first, second = reader.read(0, FIRST), reader.read(1, SECOND)

    assert len(reader._known) == 1
    assert (first.request_id, first.counter) == (f"{1:032x}", 1)
    assert (second.request_id, second.counter) == (f"{2:032x}", 2)
    assert second.time == first.time + 1


@given(st.integers(0, len(FIRST) - 1), LETTERS)
def test_a_changed_letter_is_judged_as_without_a_memory(at: int, letter: int) -> None:
    """Whatever was seen before, the verdict is the same."""
    data = FIRST[:at] + bytes([letter]) + FIRST[at + 1 :]
    fresh, warm = fresh_and_warm(data)

    assert fresh == warm


@given(st.integers(0, len(FIRST)), st.binary(max_size=12))
def test_inserted_bytes_are_judged_as_without_a_memory(at: int, extra: bytes) -> None:
    """Also where a second member or a second value appears."""
    fresh, warm = fresh_and_warm(FIRST[:at] + extra + FIRST[at:])

    assert fresh == warm


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"id":"', b'"id":"x'),
        (b'"id":"00', b'"id":"'),
        (b'"counter":1', b'"counter":01'),
        (b'"counter":1', b'"counter":-1'),
        (b'"counter":1', b'"counter":1e3'),
        (b'"counter":1', b'"counter":1.0'),
        (b'"counter":1', b'"counter":true'),
        (b'"counter":1', b'"counter":9007199254740992'),
        (b'"counter":1', b'"counter":1,"counter":1'),
        (b'"id":"', b'"id":"\\u0030'),
        (b'"span":"', b'"span":"\x00'),
        (b'"subject":"A', b'"subject":"='),
        (b'A="}', b'B="}'),
        (b'"time":1', b'"time": 1'),
        (b'{"activity"', b'{"time":1,"activity"'),
        (b'"role":"', b'"role":"\\"id\\":\\"'),
    ],
    ids=range(16),
)
def test_a_value_of_another_form_is_not_taken_for_a_fresh_one(old: bytes, new: bytes) -> None:
    """What does not have the form that the schema wants is examined, and refused."""
    data = FIRST.replace(old, new, 1)
    fresh, warm = fresh_and_warm(data)

    assert data != FIRST
    assert fresh == warm
    assert isinstance(fresh, Defect)


@pytest.mark.parametrize("counter", [0, 999_999_999_999_999, 2**53 - 1])
def test_a_counter_of_any_size_is_read(counter: int) -> None:
    """Sixteen digits are examined rather than remembered, and come out the same."""
    data = canonical({**disclosure(1), "counter": counter})
    fresh, warm = fresh_and_warm(data)

    assert fresh == warm == (f"{1:032x}", disclosure(1)["time"], counter, "disclosure")


@pytest.mark.parametrize("leaf", [genesis(), retention(5, 256)])
def test_other_entries_are_read_the_same_way(leaf: dict[str, Json]) -> None:
    """What is not fresh in them can be taken from the members."""
    read = LeafReader().read(0, canonical(leaf))

    assert read == Leaf(str(leaf["id"]), int(str(leaf["time"])), int(str(leaf["counter"])), leaf)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log in which no leaf is like another does not fill it."""
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    reader = LeafReader()
    for role in ("a", "b", "c"):
        reader.read(0, canonical(disclosure(1, role=role)))

    assert len(reader._known) == 1


def test_a_name_at_two_places_is_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the schema ever allow one inside another object, nothing is mixed up."""
    monkeypatch.setattr(module, "check_schema", lambda _leaf: None)
    leaf: dict[str, Json] = {**disclosure(3), "zinner": {"time": 5}}
    reader = LeafReader()

    assert [reader.read(0, canonical(leaf)).time for _ in range(2)] == [leaf["time"]] * 2
    assert reader._known == {}
