"""Behind a veil: what a requester hears who has no part in the person."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson
import pytest

from gateway.cases.model import Case
from gateway.catalogue.model import (
    Condition,
    ConditionKind,
    Purpose,
)
from gateway.decision.model import Code
from gateway.veil import as_inside, find_outside
from tests.fakes_decision import catalogue
from tests.veiled_world import (
    FIELD,
    HELPED,
    NAME,
    OURS,
    OUTSIDE,
    PLAIN,
    TRIED,
    World,
    bare,
    case,
    claiming,
    reasons_of,
    seen,
    value_of,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("code", OUTSIDE)
async def test_who_has_no_part_gets_what_is_given_where_it_is_not_so(code: str) -> None:
    """Answer and entry are those of a "no"; only the sealed codes tell which of all it was."""
    no, outside = World(), World(known=OUTSIDE[code])

    expected, found = await no.ask(), await outside.ask()

    assert seen(outside, found) == seen(no, expected)
    assert found.status == 200
    assert outside.sealed["reasons"] == [{"code": code}]
    assert no.sealed["reasons"] == []


@pytest.mark.parametrize("code", OUTSIDE)
async def test_without_a_veil_it_is_a_refusal(code: str) -> None:
    """The refusing twin: the same requests without a veil are refused at step 2."""
    answer = await World(known=OUTSIDE[code], policy=bare()).ask()

    assert (answer.status, answer.members["step"]) == (403, 2)


async def test_who_has_a_part_gets_a_yes_as_long_as_a_no() -> None:
    """A real "yes" is given, and takes as many bytes as a "no"."""
    yes, no = await World(rows=HELPED).ask(), await World().ask()

    assert value_of(yes) is True
    assert value_of(no) is False
    assert len(orjson.dumps(yes.members)) == len(orjson.dumps(no.members))


async def test_nothing_is_read_or_counted_about_who_is_not_theirs() -> None:
    """Only the cases of the person are looked at, no source, and the tally hears nothing."""
    world = World(known=OUTSIDE["NOT_PARTY"], rows=HELPED)

    answer = await world.ask()

    assert value_of(answer) is False
    assert (world.cases.asked, world.source.asked, world.noted) == (["cases"], [], [])


async def test_a_source_that_is_silent_says_no_and_the_seal_says_unknown() -> None:
    """A refusal would tell that the person is known; the sealed codes tell that nothing was."""
    silent, no = World(broken=True), World()

    found, expected = await silent.ask(), await no.ask()

    assert found == expected
    assert (silent.sealed["unknown"], no.sealed["unknown"]) == ([FIELD], [])


async def test_without_a_veil_a_silent_source_refuses() -> None:
    """The refusing twin: silence on all sides refuses where there is no veil."""
    answer = await World(broken=True, policy=bare()).ask()

    assert answer.status == 403


@pytest.mark.parametrize("known", [OUTSIDE["NOT_PARTY"], (case(OURS),)])
async def test_asking_too_much_is_refused_to_everybody_alike(known: Sequence[Case]) -> None:
    """What does not depend on the person stays a refusal, the same for who has no part."""
    world, other = World(known=known), World()

    found = await world.ask(fields=("schuldenlast_totaal",))
    expected = await other.ask(fields=("schuldenlast_totaal",))

    assert found.status == 403
    assert seen(world, found) == seen(other, expected)


@pytest.mark.parametrize(("claims", "status"), [({"tried": True}, 200), ({}, 403)])
async def test_a_claim_counts_as_much_for_who_has_no_part(
    claims: Mapping[str, bool], status: int
) -> None:
    """A claim is the requester's own, so its lack is told to everybody, and its presence too."""
    world, other = World(known=OUTSIDE["NOT_PARTY"], policy=claiming()), World(policy=claiming())

    found, expected = await world.ask(claims=claims), await other.ask(claims=claims)

    assert found.status == status
    assert seen(world, found) == seen(other, expected)


@pytest.mark.parametrize("code", ["SUBJECT_UNKNOWN", "NOT_PARTY"])
@pytest.mark.parametrize(
    ("purposes", "why"),
    [
        ((NAME, PLAIN), "PURPOSE_MULTIPLE"),
        ((), "PURPOSE_MISSING"),
        (("iets-anders",), "PURPOSE_TOO_VAGUE"),
    ],
)
async def test_a_purpose_less_or_more_lifts_no_veil(
    purposes: tuple[str, ...], why: str, code: str
) -> None:
    """Beside a veil, who does not name one purpose hears that, and nothing of the person."""
    inside, outside = World(), World(known=OUTSIDE[code])

    expected, found = await inside.ask(purposes=purposes), await outside.ask(purposes=purposes)

    assert reasons_of(expected) == [why]
    assert seen(outside, found) == seen(inside, expected)
    assert outside.cases.asked == inside.cases.asked == []


async def test_the_plain_purpose_beside_it_has_no_veil() -> None:
    """The refusing twin: of a purpose without a veil it is told that there is no case."""
    answer = await World(known=OUTSIDE["NOT_PARTY"]).ask(purposes=(PLAIN,))

    assert reasons_of(answer) == ["NO_CASE"]


async def test_cases_that_cannot_be_read_refuse_everybody() -> None:
    """That the case store is down says nothing of the person, so it is said."""
    world = World()
    world.cases.broken = True

    answer = await world.ask()

    assert answer.status == 403


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, None),
        ({"case": "met"}, None),
        ({"case": "unknown"}, None),
        ({"case": "NOT_PARTY"}, Code.NOT_PARTY),
    ],
)
def test_outside_is_who_is_known_to_have_no_part(facts: dict[str, str], code: Code | None) -> None:
    """What was not asked or is not known puts nobody outside."""
    found = find_outside(catalogue().purposes[NAME], facts)

    assert found == code


@pytest.mark.parametrize("purpose", [None, bare().purposes[NAME]])
def test_without_a_veil_nobody_is_outside(purpose: Purpose | None) -> None:
    """Without a purpose, or without a veil, what is refused is refused."""
    assert find_outside(purpose, {"case": "NOT_PARTY"}) is None


def test_inside_are_the_case_and_what_is_claimed() -> None:
    """A mandate stays what it is; the case is met and a claim is what was said."""
    purpose = replace(
        catalogue().purposes[NAME],
        conditions=(TRIED, Condition("besluit", ConditionKind.MANDATE)),
    )

    inside = as_inside(purpose, {"besluit": "met", "case": "NOT_PARTY"}, {})

    assert inside == {"besluit": "met", "case": "met", "tried": "CONDITION_NOT_MET"}
