"""A draft in plain values."""

import marshal
from typing import cast

import pytest

from audit.entry import Draft, EntryType, Json, Person
from audit.errors import LeafInvalid
from audit.sequencer.parcels import parcel_of
from tests.fakes_audit import make_draft


def test_what_recurs_and_what_passes_are_all_members() -> None:
    """Span and trace go beside the rest, and nothing is lost or changed."""
    draft = make_draft()

    parcel = parcel_of(draft)

    assert parcel.passing.keys() == {"span", "trace"}
    recurring = marshal.loads(parcel.recurring)  # noqa: S302  It was just made here.
    assert {**recurring, **parcel.passing} == draft.members


def test_entries_that_say_the_same_recur_as_the_same_bytes() -> None:
    """Whoever else holds their values."""
    first, second = make_draft(1, trace="0e" * 16, role="rol"), make_draft(2, role="ROL".lower())

    assert parcel_of(first).recurring == parcel_of(second).recurring


def test_equal_values_of_another_kind_are_other_bytes() -> None:
    """True is not taken for 1."""
    assert parcel_of(make_draft(subjects=True)).recurring != parcel_of(make_draft()).recurring


def test_a_draft_without_span_and_trace_has_nothing_that_passes() -> None:
    """A policy entry, for one."""
    parcel = parcel_of(Draft(EntryType.POLICY, "0d" * 16, {"policy": "ab" * 32}))

    assert (parcel.type, dict(parcel.passing)) == ("policy", {})


def test_persons_are_plain_pairs() -> None:
    """Subject and content of each, in order."""
    persons = (Person(b"a", b"1"), Person(b"b", b"2"))

    parcel = parcel_of(Draft(EntryType.DISCLOSURE, "0d" * 16, {}, persons=persons))

    assert list(parcel.persons) == [(b"a", b"1"), (b"b", b"2")]


def test_a_value_that_is_not_plain_is_refused() -> None:
    """Its own caller hears it."""
    with pytest.raises(LeafInvalid):
        parcel_of(make_draft(role=cast("Json", object())))
