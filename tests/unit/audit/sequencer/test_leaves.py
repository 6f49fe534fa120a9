"""A leaf from a form is, to the byte, the leaf that is checked and written whole."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import MAX_INT, MAX_LEAF_BYTES, Draft, EntryType, Json, canonical
from audit.errors import LeafInvalid
from audit.schema import check_schema
from audit.sequencer.leaves import LeafWriter
from audit.sequencer.parcels import parcel_of
from tests.fakes_audit import START_MS, make_draft

LABELS = ("subject", "request", "content", "professional")
HASH = b"\xfb" * 32
HASH_TEXT = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s="
WORDS = st.from_regex("[a-z][a-z_.]{0,20}", fullmatch=True)
NUMBERS = st.integers(0, MAX_INT)
MEMBERS: st.SearchStrategy[dict[str, Json]] = st.fixed_dictionaries(
    {
        "organisation": st.just("0" * 20),
        "role": WORDS,
        "policy": st.just("ab" * 32),
        "subjects": NUMBERS,
        "conditions": st.lists(
            st.fixed_dictionaries({"outcome": st.just("met"), "name": WORDS}), max_size=2
        ),
        "trace": st.from_regex("[0-9a-f]{32}", fullmatch=True),
        "span": st.from_regex("[0-9a-f]{16}", fullmatch=True),
    },
    optional={"purpose": WORDS, "obligations": st.lists(WORDS, max_size=2).map(tuple)},
)


def draft_of(number: int, members: dict[str, Json]) -> Draft:
    """Give a draft of these members."""
    return Draft(EntryType.DISCLOSURE, f"{number:032x}", members)


def whole(draft: Draft, commitments: dict[str, str] | None, time: int, counter: int) -> bytes:
    """Give the leaf of this draft by the strict encoder."""
    header: dict[str, Json] = {
        "v": 1,
        "type": draft.type.value,
        "id": draft.request_id,
        "time": time,
        "gateway": "gw-1",
        "counter": counter,
    }
    told: dict[str, Json] = {} if commitments is None else {"commitments": commitments}
    leaf = {**draft.members, **header, **told}
    check_schema(leaf)
    return canonical(leaf)


@given(st.lists(st.tuples(MEMBERS, NUMBERS, NUMBERS, st.sets(st.sampled_from(LABELS))), max_size=4))
def test_a_form_gives_the_bytes_of_the_strict_encoder(
    entries: list[tuple[dict[str, Json], int, int, set[str]]],
) -> None:
    """Whatever the members, their order, the numbers and the labels; at first and once known."""
    writer = LeafWriter("gw-1")
    twice = list(enumerate(entries * 2))

    made = [
        writer.write(
            parcel_of(draft_of(number, members)),
            dict.fromkeys(labels, HASH),
            time=time,
            counter=counter,
        )
        for number, (members, time, counter, labels) in twice
    ]

    assert made == [
        whole(draft_of(number, members), dict.fromkeys(labels, HASH_TEXT), time, counter)
        for number, (members, time, counter, labels) in twice
    ]


def test_an_entry_may_commit_to_nothing() -> None:
    """Then its leaf has no such member, nor span and trace."""
    draft = Draft(EntryType.POLICY, "0d" * 16, {"policy": "ab" * 32})

    made = LeafWriter("gw-1").write(parcel_of(draft), None, time=START_MS, counter=7)

    assert made == whole(draft, None, START_MS, 7)


def test_a_sign_of_a_place_in_a_word_stays_a_sign() -> None:
    """A checkpoint in a leaf may hold one: signature lines name their key in nearly any signs."""
    note = f"example.org/log\n7\n{HASH_TEXT}\n\n— a%b%%d AAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
    members: dict[str, Json] = {
        "origin": "example.org/log",
        "vkey": f"example.org/log+0a0b0c0d+{'A' * 44}",
        "previous": note,
    }
    draft = Draft(EntryType.GENESIS, "0d" * 16, members)

    made = LeafWriter("gw-1").write(parcel_of(draft), None, time=1, counter=0)

    assert made == whole(draft, None, 1, 0)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"trace": "0C" * 16}, "trace"),
        ({"trace": "999990019"}, "trace"),
        ({"span": 1}, "span"),
        ({"span": ["0b"]}, "span"),
        ({"role": "999990019"}, "role"),
        ({"other": "word"}, "not in the schema"),
    ],
)
def test_a_member_of_another_form_is_refused_before_and_after_a_form_is_known(
    change: dict[str, Json], named: str
) -> None:
    """What passes is checked every time; what recurs is checked when it is new."""
    draft = make_draft()
    refused = parcel_of(replace(draft, members={**draft.members, **change}))
    writer = LeafWriter("gw-1")

    with pytest.raises(LeafInvalid, match=named):
        writer.write(refused, {}, time=1, counter=1)
    writer.write(parcel_of(draft), {}, time=1, counter=1)
    with pytest.raises(LeafInvalid, match=named):
        writer.write(refused, {}, time=1, counter=1)


@pytest.mark.parametrize(("time", "counter"), [(-1, 0), (MAX_INT + 1, 0), (0, -1)])
def test_a_number_outside_the_schema_is_refused(time: int, counter: int) -> None:
    """Also of the numbers that the ledger counts itself."""
    with pytest.raises(LeafInvalid):
        LeafWriter("gw-1").write(parcel_of(make_draft()), {}, time=time, counter=counter)


def test_a_request_id_of_another_form_is_refused() -> None:
    """It is checked here once more, by the process that signs."""
    draft = replace(make_draft(), request_id="0C" * 16)

    with pytest.raises(LeafInvalid, match="id"):
        LeafWriter("gw-1").write(parcel_of(draft), {}, time=1, counter=1)


@pytest.mark.parametrize("labels", [("other",), ("persons", "subject")])
def test_labels_outside_the_schema_are_refused(labels: tuple[str, ...]) -> None:
    """A label that no leaf has, and two that do not go together."""
    with pytest.raises(LeafInvalid, match="commitments"):
        LeafWriter("gw-1").write(
            parcel_of(make_draft()), dict.fromkeys(labels, HASH), time=1, counter=1
        )


def test_equal_values_of_another_kind_are_another_form() -> None:
    """True equals 1 and fits where no number does: it is not taken for one that was checked."""
    writer, draft = LeafWriter("gw-1"), make_draft(subjects=1)
    writer.write(parcel_of(draft), {}, time=1, counter=1)

    with pytest.raises(LeafInvalid, match="subjects"):
        writer.write(parcel_of(make_draft(subjects=True)), {}, time=1, counter=1)


def leaf_of(*duties: str) -> bytes:
    """Write a leaf with these words in it."""
    parcel = parcel_of(make_draft(obligations=list(duties)))
    return LeafWriter("gw-1").write(parcel, dict.fromkeys(LABELS, HASH), time=1, counter=1)


@pytest.mark.parametrize("more", [["x"], ["x" * 100] * 4], ids=["leaf", "form"])
def test_a_leaf_has_a_largest_size(more: list[str]) -> None:
    """Whether the form is too long already, or what fills it makes it so."""
    words, rest = divmod(MAX_LEAF_BYTES - len(leaf_of("x")), 103)
    duties = ["x" * (1 + rest), *["x" * 100] * words]

    assert len(leaf_of(*duties)) == MAX_LEAF_BYTES
    with pytest.raises(LeafInvalid, match="too long"):
        leaf_of(*duties, *more)
