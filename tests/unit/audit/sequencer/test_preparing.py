"""From a draft to commitments and sealed particulars."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from audit.entry import Draft, EntryType, Person
from audit.errors import LeafInvalid, SealInvalid
from audit.seal import PARTICULARS, REPLAY, Particulars, Seal, commit, parse_particulars
from audit.sequencer.parcels import parcel_of
from audit.sequencer.preparing import Prepared, Preparer, check_draft
from audit.storage.contract import SubjectKey
from audit.subjects import MAX_PERSONS
from tests.fakes_audit import SUBJECT, CountedRandom, make_draft, make_seal
from tests.fakes_keeping import OTHERS, nobody_draft, replayed_draft, several_draft

POLICY = Draft(EntryType.POLICY, "0d" * 16, {"policy": "ab" * 32})


class Keys:
    """The wrapped keys of a store, counting how often they are asked for."""

    def __init__(self) -> None:
        self.rows: dict[bytes, SubjectKey] = {}
        self.asked = 0

    def key_of(self, lookup: bytes) -> SubjectKey | None:
        """Give the wrapped key of this lookup."""
        self.asked += 1
        return self.rows.get(lookup)

    def store(self, preparer: Preparer) -> None:
        """Commit the batch of this preparer."""
        self.rows.update({row.lookup: row for row in preparer.fresh_keys()})
        preparer.stored()


def make_preparer(keys: Keys, seal: Seal | None = None) -> Preparer:
    """Give a preparer over these keys."""
    return Preparer(seal or make_seal(), CountedRandom(b"r"), keys.key_of)


def opened(
    keys: Keys, preparer: Preparer, draft: Draft, prepared: Prepared, position: int = 0
) -> Particulars:
    """Unseal the particulars at one position, with a key of this batch or of a stored one."""
    rows = {row.key_id: row for row in (*keys.rows.values(), *preparer.fresh_keys())}
    key_id, sealed = prepared.particulars[position]
    key = make_seal().unwrap(rows[key_id])
    return parse_particulars(make_seal().unseal(key, PARTICULARS, draft.request_id, sealed))


def test_each_commitment_opens_with_what_is_sealed_beside_it() -> None:
    """Openings, subject, professional and justification stand in the particulars; no content."""
    keys, draft = Keys(), make_draft()
    preparer = make_preparer(keys)

    prepared = preparer.prepare(parcel_of(draft))
    found = opened(keys, preparer, draft, prepared)

    again = {
        label: commit(r, label, draft.request_id, 0, draft.committed[label])
        for label, r in found.openings.items()
    }
    assert again == prepared.commitments
    assert found.openings.keys() == draft.committed.keys()
    assert found.subject == SUBJECT
    assert found.values.keys() == {"professional", "justification"}


def test_no_two_openings_are_alike() -> None:
    """Each commitment of each entry has fresh randomness of its own."""
    keys = Keys()
    preparer = make_preparer(keys)
    drafts = [make_draft(number) for number in range(3)]
    prepared = [(draft, preparer.prepare(parcel_of(draft))) for draft in drafts]

    openings = [r for pair in prepared for r in opened(keys, preparer, *pair).openings.values()]

    assert len(set(openings)) == 15


def test_a_draft_that_commits_to_nothing_has_no_commitments_and_no_particulars() -> None:
    """Its leaf has no such member, and no key is made."""
    preparer = make_preparer(Keys())

    prepared = preparer.prepare(parcel_of(POLICY))

    assert (prepared.commitments, list(prepared.particulars), prepared.replay) == (None, [], None)
    assert preparer.fresh_keys() == []


def test_a_decision_that_commits_to_nothing_says_so() -> None:
    """The leaf of a decision always has the member."""
    prepared = make_preparer(Keys()).prepare(
        parcel_of(replace(make_draft(), committed={}, subject=None))
    )

    assert (prepared.commitments, list(prepared.particulars)) == ({}, [])


def test_what_is_about_nobody_is_sealed_under_the_key_of_nobody() -> None:
    """Nothing is sealed under an epoch key itself, so a rotation reaches everything."""
    keys = Keys()
    preparer = make_preparer(keys)

    first, second = (
        preparer.prepare(parcel_of(nobody_draft(1))),
        preparer.prepare(parcel_of(nobody_draft(2))),
    )
    [row] = preparer.fresh_keys()

    assert row.lookup == make_seal().nobody
    assert first.particulars[0][0] == second.particulars[0][0] == row.key_id
    assert opened(keys, preparer, nobody_draft(1), first).subject is None


def test_an_answer_for_replay_is_sealed_under_the_key_of_its_subject() -> None:
    """Erasing the person erases the answer."""
    keys = Keys()
    preparer = make_preparer(keys)

    prepared = preparer.prepare(parcel_of(replayed_draft(1)))

    assert prepared.replay is not None
    [row] = preparer.fresh_keys()
    key_id, sealed = prepared.replay
    key = make_seal().unwrap(row)
    answer = make_seal().unseal(key, REPLAY, replayed_draft(1).request_id, sealed)
    assert (key_id, answer) == (row.key_id, b"the answer itself")


def test_each_of_several_persons_has_particulars_under_a_key_of_their_own() -> None:
    """By position the persons, and behind them what is common, under the key of nobody."""
    keys, draft = Keys(), several_draft()
    preparer = make_preparer(keys)

    prepared = preparer.prepare(parcel_of(draft))
    found = [opened(keys, preparer, draft, prepared, position) for position in range(4)]

    seal = make_seal()
    lookups = {row.key_id: row.lookup for row in preparer.fresh_keys()}
    assert [lookups[key_id] for key_id, _ in prepared.particulars] == [
        *(seal.lookup(person.subject) for person in draft.persons),
        seal.nobody,
    ]
    assert [p.subject for p in found] == [SUBJECT, *OTHERS, None]
    assert [p.part is None for p in found] == [False, False, False, True]
    assert found[3].values.keys() == {"professional", "justification"}


def test_what_is_common_names_none_of_the_persons() -> None:
    """Neither the leaf nor what all persons share tells who they are."""
    keys, draft = Keys(), several_draft()
    preparer = make_preparer(keys)

    prepared = preparer.prepare(parcel_of(draft))
    common = opened(keys, preparer, draft, prepared, 3)

    assert set(prepared.commitments or {}) == {
        "request",
        "professional",
        "justification",
        "persons",
    }
    assert common.openings.keys() == {"request", "professional", "justification"}


def test_an_entry_may_be_about_several_persons_and_commit_to_nothing_else() -> None:
    """Then there is nothing common to seal."""
    prepared = make_preparer(Keys()).prepare(parcel_of(replace(several_draft(), committed={})))

    assert set(prepared.commitments or {}) == {"persons"}
    assert len(prepared.particulars) == 3


def test_a_key_is_made_once_and_asked_for_once() -> None:
    """Within a batch and after it the same person has the same key."""
    keys = Keys()
    preparer = make_preparer(keys)
    ids = {preparer.prepare(parcel_of(make_draft(number))).particulars[0][0] for number in range(2)}
    keys.store(preparer)

    ids |= {preparer.prepare(parcel_of(make_draft(2))).particulars[0][0]}

    assert len(ids) == 1
    assert (keys.asked, preparer.fresh_keys()) == (1, [])


def test_a_stored_key_is_used_again() -> None:
    """Another writer, or the same one later, finds the key that is there."""
    keys = Keys()
    first = make_preparer(keys)
    before = first.prepare(parcel_of(make_draft(1))).particulars[0][0]
    keys.store(first)
    second = make_preparer(keys)

    after = second.prepare(parcel_of(make_draft(2))).particulars[0][0]

    assert (after, second.fresh_keys()) == (before, [])


def test_a_batch_that_was_not_committed_leaves_no_key_behind() -> None:
    """The next batch makes the key again, and with another id."""
    keys = Keys()
    preparer = make_preparer(keys)
    before = preparer.prepare(parcel_of(make_draft(1))).particulars[0][0]

    preparer.dropped()
    after = preparer.prepare(parcel_of(make_draft(1))).particulars[0][0]

    assert after != before
    assert [row.key_id for row in preparer.fresh_keys()] == [after]


def test_what_another_writer_may_have_erased_is_asked_for_again() -> None:
    """After the head moved elsewhere no remembered key is used."""
    keys = Keys()
    preparer = make_preparer(keys)
    before = preparer.prepare(parcel_of(make_draft(1))).particulars[0][0]
    keys.store(preparer)
    keys.rows.clear()

    preparer.forget()

    assert preparer.prepare(parcel_of(make_draft(2))).particulars[0][0] != before


def test_a_draft_that_becomes_no_entry_leaves_no_key() -> None:
    """Its fresh keys go, and those of the drafts before it stay."""
    preparer = make_preparer(Keys())
    preparer.prepare(parcel_of(make_draft(1)))
    kept = preparer.fresh_keys()

    preparer.prepare(parcel_of(several_draft(2)))
    preparer.withdraw()

    assert preparer.fresh_keys() == kept


def test_a_key_wrapped_under_other_keys_refuses_the_draft_and_leaves_no_key() -> None:
    """One person whose key cannot be opened stops the whole draft."""
    keys = Keys()
    foreign, _ = make_seal(epoch_key=b"f" * 32).new_key(make_seal().lookup(OTHERS[0]))
    keys.rows[foreign.lookup] = foreign
    preparer = make_preparer(keys)

    with pytest.raises(SealInvalid):
        preparer.prepare(parcel_of(several_draft()))

    assert preparer.fresh_keys() == []


@pytest.mark.parametrize(
    "draft",
    [
        make_draft(),
        replayed_draft(1),
        nobody_draft(1),
        several_draft(),
        several_draft(subjects=[b"%05d" % number for number in range(MAX_PERSONS)]),
        POLICY,
    ],
    ids=["one", "replay", "nobody", "several", "a thousand", "policy"],
)
def test_sound_drafts_pass(draft: Draft) -> None:
    """A draft of every kind that is written."""
    check_draft(draft)


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (make_draft, {"request_id": "0C" * 16}),
        (make_draft, {"request_id": "0c" * 15}),
        (make_draft, {"members": {"time": 1}}),
        (make_draft, {"committed": {"other": b"x"}}),
        (make_draft, {"committed": {"persons": b"x"}}),
        (make_draft, {"committed": {"subject": "x"}}),
        (make_draft, {"replay": b"x"}),
        (make_draft, {"replay": b"x", "replay_digest": b"x"}),
        (several_draft, {"persons": (Person(SUBJECT, b""),)}),
        (several_draft, {"subject": SUBJECT}),
        (several_draft, {"replay": b"x", "replay_digest": b"d" * 32}),
        (several_draft, {"committed": {"subject": b"x"}}),
        (several_draft, {"committed": {"content": b"x"}}),
        (several_draft, {"members": {"subjects": 2}}),
        (several_draft, {"members": {}}),
        (several_draft, {"persons": (Person(SUBJECT, b""),) * 3}),
        (several_draft, {"persons": (*several_draft().persons[:2], Person("x", b""))}),  # type: ignore[arg-type]
        (several_draft, {"persons": (*several_draft().persons[:2], Person(b"x", ""))}),  # type: ignore[arg-type]
    ],
)
def test_a_draft_of_another_shape_is_refused(
    make: Callable[[], Draft], change: dict[str, Any]
) -> None:
    """Before it is queued, and by whoever made it."""
    with pytest.raises(LeafInvalid):
        check_draft(replace(make(), **change))


def test_more_persons_than_a_batch_can_bear_are_refused() -> None:
    """The bound is a thousand."""
    with pytest.raises(LeafInvalid):
        check_draft(several_draft(subjects=[b"%05d" % n for n in range(MAX_PERSONS + 1)]))
