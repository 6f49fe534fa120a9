"""The rules of the guard: how often, how soon, not together, and from which day on again."""

import datetime as dt
from dataclasses import replace
from types import MappingProxyType

import pytest

from gateway.catalogue.guard import Combination, Mosaic, Repeat
from gateway.catalogue.model import Catalogue
from gateway.decision.reasons import REASONS, Code
from gateway.mosaic.rules import (
    Answered,
    Budget,
    Held,
    Place,
    Rules,
    find_rules,
    judge,
    longest_reach,
)
from tests.fakes_decision import catalogue
from tests.fakes_mosaic import BECAUSE, FIELDS, NOW, ONCE, PAIR, TWICE, bid

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
FLAG, SCHOOL = "lichte-of-zware-hulp", "weten-dat-leerling-geholpen-wordt"
FIGURES = "doorlooptijd-participatieladder"


def answered(ago: dt.timedelta, purpose: str = "een", *fields: str) -> Answered:
    """Return an answer that was given this long ago."""
    return Answered(purpose, frozenset(fields or ("x",)), NOW - ago)


def plain(mosaic: Mosaic, **repeats: Repeat | None) -> Catalogue:
    """Return the catalogue with this file beside it, and only these limits on its purposes."""
    purposes = {
        name: replace(each, repeat=repeats.get(name.replace("-", "_")))
        for name, each in catalogue().purposes.items()
    }
    return replace(catalogue(), purposes=MappingProxyType(purposes), mosaic=mosaic)


def test_the_first_answer_has_a_place() -> None:
    """What was never answered may be answered."""
    assert judge(Rules(TWICE, (PAIR,)), bid(), ()) == Place(bid().id)


@pytest.mark.parametrize(
    ("before", "code", "again"),
    [
        ([20 * DAY, 3 * DAY], Code.ASKED_TOO_OFTEN, "2026-03-13"),
        ([29 * DAY, 28 * DAY, 3 * DAY], Code.ASKED_TOO_OFTEN, "2026-03-05"),
        ([23 * HOUR], Code.COOLING_DOWN, "2026-03-03"),
        ([20 * DAY, 23 * HOUR], Code.ASKED_TOO_OFTEN, "2026-03-13"),
        ([30 * DAY - HOUR, 23 * HOUR], Code.COOLING_DOWN, "2026-03-03"),
        ([-HOUR], Code.COOLING_DOWN, "2026-03-04"),
    ],
    ids=["twice", "in an emergency too", "an hour too soon", "both", "the longest", "skewed clock"],
)
def test_what_was_answered_enough_is_held(
    before: list[dt.timedelta], code: Code, again: str
) -> None:
    """Past the limit or within the pause there is no place, until the last reason has gone."""
    found = judge(Rules(TWICE, ()), bid(), [answered(each) for each in before])

    assert found == Held(code, dt.date.fromisoformat(again))


@pytest.mark.parametrize(
    "before",
    [
        [answered(30 * DAY), answered(24 * HOUR)],
        [answered(20 * DAY), answered(3 * DAY, "twee"), answered(HOUR, "twee")],
    ],
    ids=["on the edges", "another purpose"],
)
def test_what_is_outside_the_limit_has_a_place(before: list[Answered]) -> None:
    """An answer of a whole period ago, a whole pause ago, or to something else is no hindrance."""
    assert judge(Rules(TWICE, ()), bid(), before) == Place(bid().id)


def test_the_day_is_one_on_which_it_can_be_asked_from_midnight_on() -> None:
    """When the last reason goes at midnight, that very day is told; else the day after."""
    midnight = dt.datetime(2026, 3, 1, 23, 0, tzinfo=dt.UTC)
    before = Answered("een", frozenset({"x"}), midnight)

    found = judge(Rules(TWICE, ()), bid(), [before])

    assert found == Held(Code.COOLING_DOWN, dt.date(2026, 3, 3))


def test_an_answer_about_a_group_takes_of_a_budget() -> None:
    """What is taken is told with the answer, this one included; of a person it is not."""
    rules, before = Rules(TWICE, ()), [answered(3 * DAY)]

    assert judge(rules, bid(subject=None), before) == Place(bid().id, Budget(2, 2, 30))
    assert judge(rules, bid(), before) == Place(bid().id)


def test_a_spent_budget_is_spent() -> None:
    """After the last answer about a group there is none until the first has left the period."""
    before = [answered(10 * DAY), answered(3 * DAY)]

    found = judge(Rules(TWICE, ()), bid(subject=None), before)

    assert found == Held(Code.BUDGET_SPENT, dt.date(2026, 3, 23))


@pytest.mark.parametrize(
    ("combination", "before"),
    [
        (PAIR, [answered(10 * DAY, "twee"), answered(3 * DAY, "twee"), answered(4 * DAY, "twee")]),
        (FIELDS, [answered(3 * DAY, "drie", "y", "z")]),
        (
            replace(PAIR, purposes=frozenset({"een", "twee", "drie"})),
            [answered(3 * DAY, "twee"), answered(2 * DAY, "drie")],
        ),
    ],
    ids=["purposes", "fields", "three"],
)
def test_what_does_not_go_together_is_held(
    combination: Combination, before: list[Answered]
) -> None:
    """The answer that would complete a combination waits until a part of it has gone."""
    found = judge(Rules(None, (combination,)), bid(), before)

    assert found == Held(Code.NOT_TOGETHER, dt.date(2026, 3, 30))


@pytest.mark.parametrize(
    ("combination", "before"),
    [
        (PAIR, [answered(30 * DAY, "twee")]),
        (PAIR, [answered(DAY, "een")]),
        (FIELDS, [answered(DAY, "twee", "z")]),
        (replace(PAIR, purposes=frozenset({"een", "twee", "drie"})), [answered(DAY, "twee")]),
        (replace(PAIR, purposes=frozenset({"twee", "drie"})), [answered(DAY, "twee")]),
        (replace(FIELDS, fields=frozenset({"x"})), [answered(DAY)]),
    ],
    ids=["long ago", "the same", "other fields", "one is missing", "no part of it", "nothing else"],
)
def test_what_completes_nothing_has_a_place(
    combination: Combination, before: list[Answered]
) -> None:
    """A combination holds only the answer that would complete it."""
    assert judge(Rules(None, (combination,)), bid(), before) == Place(bid().id)


def test_an_emergency_is_never_held() -> None:
    """In danger the answer is given past every limit."""
    before = [answered(HOUR), answered(HOUR, "twee", "y")]

    found = judge(Rules(ONCE, (PAIR, FIELDS)), bid(is_emergency=True), before)

    assert isinstance(found, Place)


def test_a_refusal_does_not_tell_that_something_else_was_asked() -> None:
    """To the outside a combination and a repeat are the same, word for word."""
    assert REASONS[Code.NOT_TOGETHER] == REASONS[Code.ASKED_TOO_OFTEN]


def test_nothing_is_counted_where_the_policy_has_no_limit() -> None:
    """A purpose without a limit and outside all combinations leaves no trace in the store."""
    mosaic = Mosaic(never_together=(replace(PAIR, purposes=frozenset({FLAG, SCHOOL})),))
    policy = plain(mosaic)

    assert find_rules(policy, policy.purposes["hulpvraag-afbakenen"]) is None
    assert find_rules(policy, policy.purposes[FLAG]) == Rules(None, mosaic.never_together)


def test_the_limit_of_all_holds_where_a_purpose_names_none() -> None:
    """Its own limit goes before that of the file."""
    policy = plain(Mosaic(ONCE), lichte_of_zware_hulp=TWICE)

    assert find_rules(policy, policy.purposes[FLAG]) == Rules(TWICE, ())
    assert find_rules(policy, policy.purposes[SCHOOL]) == Rules(ONCE, ())


def test_fields_touch_the_purposes_about_a_person_that_give_one() -> None:
    """A combination of fields is held against every purpose about a person that gives a part."""
    policy = plain(
        Mosaic(
            never_together=(
                Combination(
                    frozenset(),
                    frozenset({"specialisatie_ingezet", "status_aanmelding", "aantal_deelnemers"}),
                    30,
                    BECAUSE,
                ),
            )
        )
    )

    assert find_rules(policy, policy.purposes[FLAG]) == Rules(None, policy.mosaic.never_together)
    assert find_rules(policy, policy.purposes[FIGURES]) is None


@pytest.mark.parametrize(
    ("mosaic", "days"),
    [(Mosaic(), 0), (Mosaic(ONCE), 30), (Mosaic(None, (replace(PAIR, days=90),)), 90)],
)
def test_answers_are_remembered_as_long_as_a_rule_needs_them(mosaic: Mosaic, days: int) -> None:
    """Without any rule nothing need be remembered at all."""
    assert longest_reach(plain(mosaic)) == days * DAY


def test_a_rule_reaches_as_far_back_as_its_longest_period() -> None:
    """The limit and the combinations each have a period of their own."""
    assert Rules(TWICE, (replace(PAIR, days=90),)).reach == 90 * DAY
    assert Rules(None, (PAIR,)).reach == 30 * DAY
