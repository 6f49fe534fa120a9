"""Whether another answer may follow those that were given before: pure rules, no store, no clock.

An answer counts for the organisation that got it, whoever of its people asked. In an emergency it
is counted and never refused.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.catalogue.guard import Combination, Mosaic, Repeat
from gateway.catalogue.model import Catalogue, Purpose
from gateway.decision.reasons import Code
from gateway.moments import HOME
from gateway.subject import Subject

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is counted of one purpose: its limit, and the combinations that it is part of."""

    repeat: Repeat | None
    together: tuple[Combination, ...]

    @property
    def reach(self) -> dt.timedelta:
        """How far back an earlier answer still matters."""
        periods = [each.period for each in self.together]
        return max(periods + ([] if self.repeat is None else [self.repeat.period]))


@dataclass(frozen=True, slots=True)
class Bid:
    """An answer that is about to be given: to whom, for what, about whom, under which entry.

    Shapes:  id: that of the entry in the ledger; subject: None for an answer about a group.
    """

    id: str
    organisation: str
    purpose: str
    fields: tuple[str, ...]
    subject: Subject | None
    at: dt.datetime
    is_emergency: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that was given to the same organisation, about the same person or group."""

    purpose: str
    fields: frozenset[str]
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """How many of the answers of a period are taken, this one included.

    Places that are taken and not used yet count as well, so it is never less than was released.
    """

    used: int
    of: int
    days: int


@dataclass(frozen=True, slots=True)
class Place:
    """The place that an answer takes; `budget` where it is about a group.

    Of answers about a person the number is not told: it would link the entries about that person.
    """

    id: str
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Why no answer may follow now, and from which whole day on it may."""

    code: Code
    again: dt.date


def find_rules(catalogue: Catalogue, purpose: Purpose) -> Rules | None:
    """Return what is counted of a purpose; None when nothing is."""
    repeat = catalogue.repeat_of(purpose)
    together = tuple(
        each
        for each in catalogue.mosaic.never_together
        if purpose.id in each.purposes
        or (not purpose.aggregated and each.fields & purpose.fields.keys())
    )
    return None if repeat is None and not together else Rules(repeat, together)


def longest_reach(catalogue: Catalogue) -> dt.timedelta:
    """Return how long an answer is remembered under this policy: as long as any rule needs it."""
    mosaic: Mosaic = catalogue.mosaic
    limits = [catalogue.repeat_of(purpose) for purpose in catalogue.purposes.values()]
    periods = [each.period for each in (*limits, *mosaic.never_together) if each is not None]
    return max(periods, default=dt.timedelta())


def judge(rules: Rules, bid: Bid, before: Sequence[Answered]) -> Place | Held:
    """Return the place of an answer, or why and until when it is held.

    Of several reasons the one that lasts longest is told.

    Trust:   `before` holds everything that was answered within the reach of the rules.
    """
    held = (
        [] if bid.is_emergency else [*_repeated(rules, bid, before), *_joined(rules, bid, before)]
    )
    if held:
        until, code = max(held)
        return Held(code, _whole_day_from(until))
    return Place(bid.id, _budget(rules, bid, before))


def _budget(rules: Rules, bid: Bid, before: Sequence[Answered]) -> Budget | None:
    """Return what of the budget of a group is taken, with this answer."""
    repeat = rules.repeat
    if repeat is None or bid.subject is not None:
        return None
    return Budget(len(_within(repeat, bid, before)) + 1, repeat.answers, repeat.days)


def _within(repeat: Repeat, bid: Bid, before: Sequence[Answered]) -> list[dt.datetime]:
    """Return when the same was answered in the period, the oldest first."""
    since = bid.at - repeat.period
    return sorted(each.at for each in before if each.purpose == bid.purpose and each.at > since)


def _repeated(
    rules: Rules, bid: Bid, before: Sequence[Answered]
) -> Iterator[tuple[dt.datetime, Code]]:
    """Give why the same was asked too often or too soon, and until when that holds."""
    repeat = rules.repeat
    if repeat is None:
        return
    found = _within(repeat, bid, before)
    if len(found) >= repeat.answers:
        code = Code.BUDGET_SPENT if bid.subject is None else Code.ASKED_TOO_OFTEN
        yield found[-repeat.answers] + repeat.period, code
    if found and found[-1] + repeat.cool_down > bid.at:
        yield found[-1] + repeat.cool_down, Code.COOLING_DOWN


def _joined(
    rules: Rules, bid: Bid, before: Sequence[Answered]
) -> Iterator[tuple[dt.datetime, Code]]:
    """Give which combinations this answer would complete, and until when that holds."""
    for combination in rules.together:
        since = bid.at - combination.period
        last: dict[str, dt.datetime] = {}
        for each in before:
            if each.at > since:
                for name in _parts(combination, each.purpose, each.fields):
                    last[name] = max(each.at, last.get(name, each.at))
        own = _parts(combination, bid.purpose, frozenset(bid.fields))
        others = (combination.purposes | combination.fields) - own
        if own and others and others <= last.keys():
            yield min(last[name] for name in others) + combination.period, Code.NOT_TOGETHER


def _parts(combination: Combination, purpose: str, fields: frozenset[str]) -> frozenset[str]:
    """Return what of a combination an answer gives."""
    return (combination.purposes & {purpose}) | (combination.fields & fields)


def _whole_day_from(until: dt.datetime) -> dt.date:
    """Return the first day of which the whole lies at or after this moment."""
    local = until.astimezone(HOME)
    return local.date() if local.time() == dt.time() else local.date() + _DAY
