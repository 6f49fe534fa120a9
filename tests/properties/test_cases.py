"""No sequence of steps lets a party read after its part, consent, mandate or age for it ended."""

import random
from collections.abc import Callable

import pytest
from hypothesis import settings

from gateway.catalogue.model import Phase
from tests.case_sequences import (
    ACTORS,
    BEGINS,
    BIRTHS,
    GIVERS,
    LEAPS,
    TASKS,
    TERMS,
    VALID,
    Sequences,
)
from tests.fakes_cases import COORDINATOR

Sequences.TestCase.settings = settings(max_examples=500, stateful_step_count=40, deadline=None)
TestSequences = Sequences.TestCase

STEPS = 40


@pytest.mark.parametrize("first", range(0, 3_000, 500))
def test_thousands_of_sequences_agree_with_the_simple_mind(first: int) -> None:
    """Five hundred at a time, each from a seed of its own, the same steps are held to the same."""
    seeds = range(first, first + 500)

    read = [play(random.Random(seed)) for seed in seeds]  # noqa: S311 - it can be played again

    assert sum(young for _, young in read) > 500
    assert sum(any_age for any_age, _ in read) > 1_000


def play(dice: random.Random) -> tuple[int, int]:
    """Play one sequence with a look at everything after each step; return who could read."""
    read, young = 0, 0
    sequence = Sequences()
    sequence.begin(dice.choice(BIRTHS), dice.choice(BEGINS))
    for _ in range(STEPS):
        dice.choice(PLAYS)(sequence, dice)
        sequence.reads_are_those_of_the_simple_mind()
        sequence.so_are_reads_for_the_young()
        sequence.every_step_has_a_version_of_its_own()
        told, now = sequence.naive, (sequence.born, sequence.today)
        read += sum(told.may_read(each.organisation, *now) for each in ACTORS)
        young += sum(told.may_read_of_the_young(each.organisation, *now) for each in ACTORS)
    return read, young


def join_at_random(sequence: Sequences, dice: random.Random) -> None:
    """Let somebody try to let a party in, mostly who may."""
    actor, who = dice.choice((COORDINATOR, *ACTORS)), dice.choice(ACTORS)
    days, tasks = dice.choice(TERMS), dice.choice(TASKS)
    sequence.join(actor, who, days, tasks, for_help=dice.random() < 0.5)


def end_at_random(sequence: Sequences, dice: random.Random) -> None:
    """Let somebody try to end a part, a trajectory or, now and then, the whole case."""
    actor, who = dice.choice(ACTORS), dice.choice(ACTORS)
    end = dice.choice((sequence.leave, sequence.end_help))
    end(actor, who)
    if dice.random() < 0.02:
        sequence.close(actor)


def consent_at_random(sequence: Sequences, dice: random.Random) -> None:
    """Let somebody consent, or take a consent back."""
    if sequence.consents and dice.random() < 0.4:
        sequence.withdraw(dice.randrange(10))
    else:
        sequence.consent(dice.choice(GIVERS), dice.choice(VALID))


PLAYS: tuple[Callable[[Sequences, random.Random], None], ...] = (
    lambda sequence, dice: sequence.wait(dice.choice(LEAPS[:5])),
    lambda sequence, dice: sequence.wait(dice.choice(LEAPS)),
    lambda sequence, dice: sequence.advance(COORDINATOR, dice.choice(list(Phase))),
    lambda sequence, dice: sequence.advance(dice.choice(ACTORS), dice.choice(list(Phase))),
    lambda sequence, dice: sequence.mandate(dice.choice(ACTORS), holds=dice.random() < 0.7),
    join_at_random,
    join_at_random,
    end_at_random,
    consent_at_random,
    consent_at_random,
)
