"""Decisions taken again: what was right comes out the same, and whatever was not is named."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from audit.entry import Draft, EntryType, Json
from gateway.catalogue.model import Precision
from gateway.replay.replay import MAX_DIFFERENCES, Undecided, replay
from gateway.replay.revisions import Revisions
from tests.fakes_decision import catalogue
from tests.unit.catalogue_follow.world import FLAG, with_grant, with_purpose
from tests.unit.replay.world import (
    HOME,
    Leaves,
    ask,
    decider,
    decider_of,
    kept,
    named_after,
    replayed,
)

pytestmark = pytest.mark.anyio

MINIMAL: dict[str, Json] = {
    "fields": "minimal",
    "over_asking": "refuse",
    "purposes": 1,
    "standing": "holds",
}
UNMET: Json = [
    {"name": "age", "outcome": "not_met", "code": "AGE_OUT_OF_RANGE", "rests_on": "fact"},
    {"name": "bron_bevestigd", "outcome": "met", "rests_on": "source_confirmation"},
]
DAY = dt.date(2026, 3, 2)
MIDNIGHT_MS = int(dt.datetime(2026, 3, 3, tzinfo=HOME).timestamp() * 1000)


def prune(leaves: Leaves, index: int) -> None:
    """Take the content of an entry away, as a retention run does."""
    leaves.entries[index] = replace(leaves.entries[index], leaf=None)


# What was not right


def wider(leaves: Leaves) -> None:
    """Let an entry have released a field that the policy gives only when it is motivated."""
    both = [
        {"field": "specialisatie_ingezet", "precision": "flag"},
        {"field": "verwachte_duur_band", "precision": "band"},
    ]
    leaves.rig(0, released=both, asked={**MINIMAL, "fields": "named"})


EVERYTHING = (
    "type",
    "outcome",
    "released",
    "refused",
    "conditions",
    "obligations",
    "legal_basis",
)
RIGGED: dict[str, tuple[Callable[[Leaves], None], tuple[str, ...]]] = {
    "a wider release": (wider, EVERYTHING),
    "a field of elsewhere": (
        lambda leaves: leaves.rig(0, released=[{"field": "adres", "precision": "exact"}]),
        ("released",),
    ),
    "a finer precision": (
        lambda leaves: leaves.rig(
            0, released=[{"field": "specialisatie_ingezet", "precision": "exact"}]
        ),
        ("released",),
    ),
    "a condition not met": (
        lambda leaves: leaves.rig(0, conditions=UNMET),
        ("type", "outcome", "released", "refused", "obligations", "legal_basis"),
    ),
    "a condition left out": (
        lambda leaves: leaves.rig(0, conditions=[]),
        EVERYTHING,
    ),
    "another role": (
        lambda leaves: leaves.rig(0, role="consulent-wmo"),
        EVERYTHING,
    ),
    "another legal basis": (
        lambda leaves: leaves.rig(0, legal_basis=["AVG 6 (6.1.f)"]),
        ("legal_basis",),
    ),
    "no duties": (lambda leaves: leaves.rig(0, obligations=[]), ("obligations",)),
    "a refusal that is none": (lambda leaves: leaves.rig(0, type="refusal"), ("type",)),
    "an emergency that was none": (
        lambda leaves: leaves.rig(0, type="break_glass", reason="immediate_danger"),
        ("type",),
    ),
    "an emergency that the purpose does not know": (
        lambda leaves: leaves.rig(0, asked={**MINIMAL, "emergency": True}),
        EVERYTHING,
    ),
    "a day before the law": (
        lambda leaves: leaves.rig(0, time=1_000),
        EVERYTHING,
    ),
    "a release that says it failed": (
        lambda leaves: leaves.rig(0, refused=[{"code": "SOURCE_FAILED", "step": 0}]),
        ("refused",),
    ),
    "nobody that the policy knows": (
        lambda leaves: leaves.rig(0, organisation="0" * 20),
        ("organisation",),
    ),
}


@pytest.mark.parametrize("name", RIGGED)
async def test_an_entry_that_says_more_than_its_policy_gives_is_named(name: str) -> None:
    """Whoever writes past the gate is found by the first replay, with the members that differ."""
    rig, members = RIGGED[name]
    leaves = Leaves()
    await ask(leaves)
    rig(leaves)

    report = await replayed(leaves)

    [difference] = report.differences
    assert (difference.index, set(difference.members)) == (0, set(members))
    assert report.same == 0


async def test_a_policy_that_gives_less_shows_every_wider_release() -> None:
    """An entry decided under another policy than the one it names does not come out the same."""
    narrower = with_grant(FLAG, "specialisatie_ingezet", precision=Precision.EXISTS)
    leaves = Leaves()
    await ask(leaves)

    report = await replayed(leaves, decider_of(narrower))

    [difference] = report.differences
    assert difference.members == ("released",)
    assert difference.recorded == {
        "released": [{"field": "specialisatie_ingezet", "precision": "flag"}]
    }
    assert difference.again == {
        "released": [{"field": "specialisatie_ingezet", "precision": "exists"}]
    }


async def test_a_forged_revision_is_a_difference() -> None:
    """A kept policy that is not what its digest names proves nothing, and says that loudly."""
    leaves = Leaves()
    await ask(leaves)

    report = await replay(leaves.entries, Revisions(lambda _: b"forged"), lambda: None)

    assert [each.members for each in report.differences] == [("policy",)]


async def test_differences_beyond_a_thousand_are_counted() -> None:
    """A ledger that is wrong throughout fills no memory."""
    leaves = Leaves()
    await ask(leaves)
    leaves.rig(0, obligations=[])
    entries = leaves.entries * (MAX_DIFFERENCES + 1)

    report = await replay(entries, kept(decider()), lambda: None)

    assert (report.different, len(report.differences)) == (MAX_DIFFERENCES + 1, MAX_DIFFERENCES)


# What cannot be known


UNDECIDED: dict[str, tuple[Callable[[Leaves], None], Undecided]] = {
    "pruned": (lambda leaves: prune(leaves, 0), Undecided.PRUNED),
    "revision not kept": (
        lambda leaves: leaves.rig(0, policy="0" * 64),
        Undecided.REVISION_MISSING,
    ),
    "how it was asked is not there": (
        lambda leaves: leaves.rig(0, asked=...),
        Undecided.NOT_RECORDED,
    ),
    "half of how it was asked": (
        lambda leaves: leaves.rig(0, asked={"fields": "minimal"}),
        Undecided.NOT_RECORDED,
    ),
    "an unknown word in how it was asked": (
        lambda leaves: leaves.rig(0, asked={**MINIMAL, "standing": "sure"}),
        Undecided.NOT_RECORDED,
    ),
    "the source failed": (
        lambda leaves: leaves.rig(
            0,
            type="refusal",
            outcome="refuse",
            released=...,
            refused=[{"code": "SOURCE_FAILED", "step": 0}],
        ),
        Undecided.FAILED_THEN,
    ),
}


@pytest.mark.parametrize("name", UNDECIDED)
async def test_what_cannot_be_decided_again_is_told_with_its_reason(name: str) -> None:
    """What is not known is never counted as right."""
    change, reason = UNDECIDED[name]
    leaves = Leaves()
    await ask(leaves)
    change(leaves)

    report = await replayed(leaves)

    assert report.undecided == {reason: 1}
    assert (report.same, report.different) == (0, 0)


async def test_an_oin_of_two_organisations_with_the_role_tells_nobody() -> None:
    """Where the policy lets two parties have one number, nobody guesses which one it was."""
    twins = dict(catalogue().organisations)
    first = twins["gem-toegang-jeugd"]
    twins["gem-toegang-jeugd-2"] = replace(first, id="gem-toegang-jeugd-2")
    policy = replace(catalogue(), organisations=MappingProxyType(twins))
    leaves = Leaves()
    await ask(leaves)

    report = await replayed(leaves, decider_of(policy))

    assert report.undecided == {Undecided.ORGANISATION_AMBIGUOUS: 1}


async def test_the_role_tells_which_of_two_organisations_with_one_oin_it_was() -> None:
    """One number may stand for several parts of a municipality, each with its own roles."""
    parts = dict(catalogue().organisations)
    oin = parts["gem-toegang-jeugd"].oin
    parts["gem-toegang-wmo"] = replace(parts["gem-toegang-wmo"], oin=oin)
    policy = replace(catalogue(), organisations=MappingProxyType(parts))
    leaves = Leaves()
    await ask(leaves)

    report = await replayed(leaves, decider_of(policy))

    assert report.same == 1


# Days, and what is no decision


async def test_a_decision_of_just_before_midnight_may_stand_on_the_next_day() -> None:
    """The day that counts is that of the decision, and its entry comes a moment later."""
    policy = named_after(with_purpose(FLAG, lambda purpose: replace(purpose, valid_until=DAY)), "x")
    leaves = Leaves(at=dt.datetime.combine(DAY, dt.time(23, 59, 59), HOME))
    await ask(leaves)
    leaves.rig(0, time=MIDNIGHT_MS + 2_000, policy=policy.revision)

    report = await replayed(leaves, decider_of(policy))

    assert report.same == 1


async def test_a_decision_of_the_next_morning_is_judged_by_its_own_day() -> None:
    """Five minutes after midnight nothing of the day before counts any more."""
    policy = named_after(with_purpose(FLAG, lambda purpose: replace(purpose, valid_until=DAY)), "x")
    leaves = Leaves(at=dt.datetime.combine(DAY, dt.time(23, 59, 59), HOME))
    await ask(leaves)
    leaves.rig(0, time=MIDNIGHT_MS + 5 * 60_000, policy=policy.revision)

    report = await replayed(leaves, decider_of(policy))

    assert report.different == 1


async def test_other_entries_than_decisions_are_passed_over() -> None:
    """A genesis or a new policy decides nothing; each entry is told once to who waits."""
    leaves, done = Leaves(), []
    await leaves.append(Draft(EntryType.POLICY, "f" * 32, {"policy": "0" * 64}))
    await ask(leaves)

    report = await replay(leaves.entries, kept(decider()), lambda: done.append(1))

    assert (report.same, len(done)) == (1, 2)
