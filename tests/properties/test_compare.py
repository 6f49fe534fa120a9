"""Properties of comparing: nothing against itself, opposites, and restrictions never widen."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.catalogue.compare import Direction, Policy, compare
from gateway.catalogue.model import (
    Catalogue,
    Condition,
    ConditionKind,
    FieldGrant,
    Need,
    Precision,
    Purpose,
)
from tests.fakes_decision import catalogue
from tests.unit.catalogue_follow.world import policy

MIRROR = {
    Direction.NEW: Direction.GONE,
    Direction.GONE: Direction.NEW,
    Direction.WIDER: Direction.NARROWER,
    Direction.NARROWER: Direction.WIDER,
    Direction.DIFFERENT: Direction.DIFFERENT,
    Direction.NOTE: Direction.NOTE,
}
Restrict = Callable[[Purpose], Purpose]
slowly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def each_grant(make: Callable[[FieldGrant], FieldGrant]) -> Restrict:
    """Return a restriction that makes every grant of a purpose otherwise."""

    def restrict(purpose: Purpose) -> Purpose:
        fields = {name: make(grant) for name, grant in purpose.fields.items()}
        return replace(purpose, fields=MappingProxyType(fields))

    return restrict


def one_year_stricter(condition: Condition) -> Condition:
    """Return an age condition that one age more fails; others as they are."""
    if condition.kind is not ConditionKind.AGE:
        return condition
    return replace(condition, minimum=(condition.minimum or 0) + 1)


RESTRICTIONS: dict[str, Restrict] = {
    "less precise": each_grant(
        lambda grant: replace(grant, precision=min(grant.precision, Precision.EXISTS))
    ),
    "with a motivation": each_grant(lambda grant: replace(grant, need=Need.JUDGEMENT)),
    "with consent": each_grant(lambda grant: replace(grant, consent=True)),
    "fewer rows": each_grant(lambda grant: replace(grant, where=(*grant.where, ("extra", True)))),
    "one field less": lambda purpose: replace(
        purpose, fields=MappingProxyType(dict(list(purpose.fields.items())[1:]))
    ),
    "one requester less": lambda purpose: replace(purpose, requesters=purpose.requesters[1:]),
    "one condition more": lambda purpose: replace(
        purpose,
        conditions=(*purpose.conditions, Condition("extra", ConditionKind.SOURCE_CONFIRMATION)),
    ),
    "stricter ages": lambda purpose: replace(
        purpose, conditions=tuple(map(one_year_stricter, purpose.conditions))
    ),
    "one promise more": lambda purpose: replace(purpose, never=(*purpose.never, "adres")),
    "ends": lambda purpose: replace(purpose, valid_until=purpose.review_by),
}

purposes = st.sampled_from(sorted(catalogue().purposes))
restrictions = st.lists(st.sampled_from(sorted(RESTRICTIONS)), max_size=4, unique=True)


def restricted(names: list[tuple[str, list[str]]]) -> Catalogue:
    """Return the catalogue with restrictions on these purposes."""
    made = dict(catalogue().purposes)
    for name, chosen in names:
        for restriction in chosen:
            made[name] = RESTRICTIONS[restriction](made[name])
    return replace(catalogue(), purposes=MappingProxyType(made))


cuts = st.lists(st.tuples(purposes, restrictions), max_size=3, unique_by=lambda cut: cut[0])


@slowly
@given(cuts)
def test_a_restriction_is_never_reported_as_a_widening(
    names: list[tuple[str, list[str]]],
) -> None:
    """Whatever is restricted together, nothing of it counts as more."""
    found = compare(policy(), policy(restricted(names)))

    assert not found.widens


@slowly
@given(cuts)
def test_a_policy_does_not_differ_from_itself(names: list[tuple[str, list[str]]]) -> None:
    """Comparing is reflexive."""
    made: Policy = policy(restricted(names))

    assert compare(made, made).changes == ()


@slowly
@given(cuts, cuts)
def test_turned_round_everything_is_the_opposite(
    left: list[tuple[str, list[str]]], right: list[tuple[str, list[str]]]
) -> None:
    """What is wider one way is narrower the other way, for every requester, purpose and field."""
    one, other = policy(restricted(left)), policy(restricted(right))

    there = {
        (MIRROR[c.direction], c.purpose, c.requester, c.field, c.aspect, c.new, c.old)
        for c in compare(one, other).changes
    }
    back = {
        (c.direction, c.purpose, c.requester, c.field, c.aspect, c.old, c.new)
        for c in compare(other, one).changes
    }

    assert there == back
